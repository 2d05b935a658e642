"""Networks that read a sequence step by step, as layers; see `labkit.ops.recurrent`.

Each takes x (n, t, d_in) and gives the states after every step (n, t, d), and what the next call
needs to go on. ``lengths`` (n,) says how many steps of each sequence are real: a sequence that has
ended keeps its state, so the last step holds every sequence's final one. PyTorch has the settings
``bidirectional`` and ``num_layers``; here, as in Keras, `Bidirectional` and `Stacked` are layers
around others.
"""

import numpy as np

from labkit import ops
from labkit.autograd import concatenate
from labkit.nn.initializers import glorot_uniform, zeros
from labkit.nn.module import Module, Parameter
from labkit.ops.sizes import check_sizes


class RNN(Module):
    """A plain recurrent network, see `labkit.ops.recurrent.rnn`.

    weight (d_in, d), recurrent (d, d), bias (d,), where PyTorch has two biases that add up.
    ``state`` is h (n, d), zeros if left out.

    >>> layer = RNN(3, 4, rng=np.random.default_rng(0))
    >>> states, h = layer(np.ones((2, 5, 3), np.float32))
    >>> states.shape, h.shape
    ((2, 5, 4), (2, 4))

    [Elman 1990]
    """

    gates = 1

    def __init__(self, d_in, d, *, rng, init=glorot_uniform, dtype=np.float32):
        check_sizes(d_in=d_in, d=d)
        shapes = (d_in, self.gates * d), (d, self.gates * d)
        self.weight, self.recurrent = (Parameter(init(s, rng=rng, dtype=dtype)) for s in shapes)
        self.bias = Parameter(zeros((self.gates * d,), dtype=dtype))

    def forward(self, x, state=None, *, lengths=None):
        """Return the states after every step, and the last one."""
        h = self.start(len(x)) if state is None else state
        states = ops.rnn(self.inputs(x), h, self.recurrent, lengths=lengths)
        return states, states[:, -1]

    def inputs(self, x):
        """Return x W + b for all steps at once."""
        return ops.linear(x, self.weight, self.bias)

    def start(self, n):
        """Return the state before the first step."""
        return np.zeros((n, len(self.recurrent)), self.weight.dtype)

    def __repr__(self):
        return f"{type(self).__name__}({len(self.weight)}, {len(self.recurrent)})"


class LSTM(RNN):
    """A long short-term memory network, see `labkit.ops.recurrent.lstm`.

    weight (d_in, 4 d), recurrent (d, 4 d), bias (4 d,). ``state`` is the pair h, c. The bias of the
    forget gate starts at one, so that at first the memory is kept.

    >>> layer = LSTM(3, 4, rng=np.random.default_rng(0))
    >>> states, (h, c) = layer(np.ones((2, 5, 3), np.float32))
    >>> states.shape, c.shape
    ((2, 5, 4), (2, 4))

    [Hochreiter and Schmidhuber 1997; the bias: Gers et al. 2000, Jozefowicz et al. 2015]
    """

    gates = 4

    def __init__(self, d_in, d, *, rng, init=glorot_uniform, dtype=np.float32):
        super().__init__(d_in, d, rng=rng, init=init, dtype=dtype)
        self.bias.data[d : 2 * d] = 1

    def forward(self, x, state=None, *, lengths=None):
        """Return the states after every step, and the last state and memory."""
        h, c = (self.start(len(x)),) * 2 if state is None else state
        both = ops.lstm(self.inputs(x), h, c, self.recurrent, lengths=lengths)
        return both[0], (both[0, :, -1], both[1, :, -1])


class GRU(RNN):
    """A network of gated recurrent units, see `labkit.ops.recurrent.gru`.

    weight (d_in, 3 d), recurrent (d, 3 d), bias (3 d,), and bias_new (d,), the proposal's second
    one, which the reset gate scales. ``state`` is h.

    >>> layer = GRU(3, 4, rng=np.random.default_rng(0))
    >>> layer(np.ones((2, 5, 3), np.float32))[0].shape
    (2, 5, 4)

    [Cho et al. 2014]
    """

    gates = 3

    def __init__(self, d_in, d, *, rng, init=glorot_uniform, dtype=np.float32):
        super().__init__(d_in, d, rng=rng, init=init, dtype=dtype)
        self.bias_new = Parameter(zeros((d,), dtype=dtype))

    def forward(self, x, state=None, *, lengths=None):
        """Return the states after every step, and the last one."""
        h = self.start(len(x)) if state is None else state
        z = self.inputs(x)
        states = ops.gru(z, h, self.recurrent, self.bias_new, lengths=lengths)
        return states, states[:, -1]


class Bidirectional(Module):
    """Two recurrent layers, one of which reads each sequence from its end; states side by side.

    x (n, t, d_in). Returns the states (n, t, d + d), and both layers' last ones. With lengths (n,),
    a sequence ends where it ends, and the states beyond are zero. ``state`` is a pair, one for each
    layer, zeros if left out.

    >>> make = {"rng": np.random.default_rng(0)}
    >>> layer = Bidirectional(GRU(3, 4, **make), GRU(3, 4, **make))
    >>> states, (there, back) = layer(np.ones((2, 5, 3), np.float32), lengths=[5, 2])
    >>> states.shape, there.shape, back.shape
    ((2, 5, 8), (2, 4), (2, 4))

    [Schuster and Paliwal 1997]
    """

    def __init__(self, forwards, backwards):
        self.forwards, self.backwards = forwards, backwards

    def forward(self, x, state=None, *, lengths=None):
        """Return both directions' states, and the last one of each."""
        n, t = x.shape[:2]
        lengths = np.full(n, t) if lengths is None else np.asarray(lengths)
        real, turned = np.arange(t) < lengths[:, np.newaxis], _turned(lengths, t)  # (n, t)
        row = np.arange(n)[:, np.newaxis]
        first, second = (None, None) if state is None else state
        there, last = self.forwards(x, first, lengths=lengths)
        back, first_again = self.backwards(x[row, turned], second, lengths=lengths)
        both = concatenate(there, back[row, turned], axis=2)  # (n, t, d + d)
        return both * real[:, :, np.newaxis].astype(x.dtype), (last, first_again)


class Stacked(Module):
    """Recurrent layers one upon the other: each reads the states of the one below.

    x (n, t, d_in). Returns the top layer's states, and each layer's last one, from below.
    ``state`` is a list of these, zeros if left out.

    >>> make = {"rng": np.random.default_rng(0)}
    >>> layer = Stacked(LSTM(3, 4, **make), LSTM(4, 5, **make))
    >>> states, (below, above) = layer(np.ones((2, 6, 3), np.float32))
    >>> states.shape, below[0].shape, above[0].shape
    ((2, 6, 5), (2, 4), (2, 5))

    [Graves et al. 2013, section 2, equation 11]
    """

    def __init__(self, *layers):
        self.layers = list(layers)

    def forward(self, x, state=None, *, lengths=None):
        """Return the top layer's states, and every layer's last one."""
        before, last = [None] * len(self.layers) if state is None else state, []
        for layer, own in zip(self.layers, before, strict=True):
            x, new = layer(x, own, lengths=lengths)
            last.append(new)
        return x, last


def _turned(lengths, t):
    """Where each step of a sequence stands when it is read from its end; (n, t)."""
    steps, lengths = np.arange(t), lengths[:, np.newaxis]
    return np.where(steps < lengths, lengths - 1 - steps, steps)
