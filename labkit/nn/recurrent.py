"""Networks that read a sequence step by step, as layers; see `labkit.ops.recurrent`.

Each takes x (n, t, d_in) and gives the states after every step (n, t, d), and what the next call
needs to go on. ``lengths`` (n,) says how many steps of each sequence are real: a sequence that has
ended keeps its state, so the last step holds every sequence's final one.
"""

import numpy as np

from labkit import ops
from labkit.nn.initializers import glorot_uniform, zeros
from labkit.nn.layers import _check_sizes
from labkit.nn.module import Module, Parameter


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
        _check_sizes(d_in=d_in, d=d)
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
