"""Networks that read a sequence step by step and keep a state: plain, LSTM, GRU.

Every function takes z = x W + b, the input's part, which `labkit.ops.linear.linear` computes for
all steps by one matrix product before the loop; only the state's part must wait for its turn. A
cell is one step. `rnn`, `lstm` and `gru` are all steps, with back-propagation through time as their
gradient rule: it finds every step's gates again by one matrix product, because the states that went
into them are its output.
"""

import numpy as np

from labkit.autograd import primitive
from labkit.ops.activations import tanh


def rnn_cell(z, h, u):
    r"""Return the next state of a plain recurrent network, :eq:`eq-rnn`::

        h' = tanh(z + h U)

    z = x W + b (n, d), h (n, d), u (d, d). Returns (n, d).

    >>> rnn_cell(np.array([[0.5]]), np.array([[1.0]]), np.array([[0.5]])).round(4)
    array([[0.7616]])

    [Elman 1990; Goodfellow et al. 2016, equations 10.8 and 10.9]
    """
    return tanh(z + h @ u)


def lstm_cell(z, h, c, u):
    r"""Return the next state and memory of a long short-term memory network, :eq:`eq-lstm`::

        i, f, g, o = the four quarters of z + h U
        c' = sigmoid(f) c + sigmoid(i) tanh(g)
        h' = sigmoid(o) tanh(c')

    z = x W + b (n, 4 d), h and c (n, d), u (d, 4 d). Returns h' and c', each (n, d). The memory is
    only scaled and added to, so that its gradient does not have to pass a matrix at every step. The
    order of the gates is that of PyTorch and of Keras.

    >>> z = np.array([[0.0, 1000.0, 0.0, 1000.0]])  # keep everything, add nothing new, show it
    >>> h, c = lstm_cell(z, np.array([[0.0]]), np.array([[0.5]]), np.zeros((1, 4)))
    >>> h.round(4), c
    (array([[0.4621]]), array([[0.5]]))

    [Hochreiter and Schmidhuber 1997; with the forget gate of Gers et al. 2000]
    """
    i, f, g, o = _parts(z + h @ u, 4)
    c = _gate(f) * c + _gate(i) * tanh(g)
    return _gate(o) * tanh(c), c


def gru_cell(z, h, u, b):
    r"""Return the next state of a gated recurrent unit, :eq:`eq-gru`::

        z_r, z_q, z_n = the thirds of z        a_r, a_q, a_n = the thirds of h U
        r = sigmoid(z_r + a_r)                 how much of the old state the proposal sees
        q = sigmoid(z_q + a_q)                 how much of the old state stays
        h' = (1 - q) tanh(z_n + r (a_n + b)) + q h

    z (n, 3 d), h (n, d), u (d, 3 d), b (d,). Returns (n, d). The reset gate r comes after the
    matrix product, as in PyTorch and in Keras (``reset_after``), not before it as in the paper: so
    one product serves all three. Only a_n has a bias of its own, b; others would just add to z's.

    >>> z = np.array([[0.0, -1000.0, np.log(3)]])  # forget the old state
    >>> gru_cell(z, np.array([[5.0]]), np.zeros((1, 3)), np.zeros(1)).round(4)
    array([[0.8]])

    [Cho et al. 2014, equations 5 to 8; reset after: Chung et al. 2014's code, cuDNN]
    """
    a_r, a_q, a_n = _parts(h @ u, 3)
    z_r, z_q, z_n = _parts(z, 3)
    r, q = _gate(z_r + a_r), _gate(z_q + a_q)
    return (1 - q) * tanh(z_n + r * (a_n + b)) + q * h


@primitive
def rnn(z, h, u, *, lengths=None):
    r"""Return the state of a plain recurrent network after every step, :eq:`eq-rnn`.

    z = x W + b (n, t, d), h (n, d) the state before the first step, u (d, d). Returns (n, t, d).
    lengths (n,) says how many steps of each sequence are real: behind its end a sequence keeps its
    state, so that the last step always holds the final one, and takes no gradient into z.

    Raises ValueError if the shapes do not match, or a length is no whole number in [0, t].

    >>> rnn(np.array([[[0.5], [0.5]]]), np.zeros((1, 1)), np.ones((1, 1)), lengths=[1]).round(4)
    array([[[0.4621],
            [0.4621]]])

    [Elman 1990; Goodfellow et al. 2016, section 10.2]
    """
    alive = _check(z, u, 1, lengths, h=h)
    out = np.empty(z.shape, z.dtype)
    for t in range(z.shape[1]):
        h = out[:, t] = _keep(alive, t, rnn_cell(z[:, t], h, u), h)
    return out


@rnn.defvjp
def rnn_vjp(g, out, z, h, u, *, lengths=None):
    """Go backwards; each step hands on what came from later ones, :eq:`eq-rnn-gradient`."""
    alive = _check(z, u, 1, lengths, h=h)
    before = _before(h, out)
    g_a = np.zeros_like(z)
    g_h = np.zeros_like(h)
    for t in reversed(range(z.shape[1])):
        g_new, g_kept = _split(alive, t, g[:, t] + g_h)
        g_a[:, t] = g_new * (1 - out[:, t] ** 2)
        g_h = g_a[:, t] @ u.T + g_kept
    return g_a, g_h, _outer(before, g_a)


@primitive
def lstm(z, h, c, u, *, lengths=None):
    r"""Return state and memory of a long short-term memory network after every step.

    :eq:`eq-lstm`. z = x W + b (n, t, 4 d), h and c (n, d) before the first step, u (d, 4 d).
    Returns (2, n, t, d): the states, then the memories. lengths (n,): behind its end a sequence
    keeps both.

    Raises ValueError if the shapes do not match, or a length is no whole number in [0, t].

    >>> z = np.array([[[0.0, 1000.0, 0.0, 1000.0]] * 2])
    >>> states, memories = lstm(z, np.zeros((1, 1)), np.full((1, 1), 0.5), np.zeros((1, 4)))
    >>> memories[0, :, 0]
    array([0.5, 0.5])

    [Hochreiter and Schmidhuber 1997; with the forget gate of Gers et al. 2000]
    """
    alive = _check(z, u, 4, lengths, h=h, c=c)
    out = np.empty((2, *z.shape[:2], len(u)), z.dtype)
    for t in range(z.shape[1]):
        h_new, c_new = lstm_cell(z[:, t], h, c, u)
        h = out[0, :, t] = _keep(alive, t, h_new, h)
        c = out[1, :, t] = _keep(alive, t, c_new, c)
    return out


@lstm.defvjp
def lstm_vjp(g, out, z, h, c, u, *, lengths=None):
    """Go backwards; the memory's gradient passes by f alone, :eq:`eq-lstm-gradient`."""
    alive = _check(z, u, 4, lengths, h=h, c=c)
    h_before, c_before = _before(h, out[0]), _before(c, out[1])
    i, f, g_gate, o = _parts(z + h_before @ u, 4)
    i, f, g_gate, o = _gate(i), _gate(f), np.tanh(g_gate), _gate(o)
    shown = np.tanh(out[1])
    slopes = np.concatenate(  # of c' and, in the last part, of h', with respect to z + h U
        [g_gate * i * (1 - i), c_before * f * (1 - f), i * (1 - g_gate**2), shown * o * (1 - o)], -1
    )
    to_memory = o * (1 - shown**2)
    g_a, d = np.empty_like(z), len(u)
    g_h, g_c = np.zeros_like(h), np.zeros_like(c)
    for t in reversed(range(z.shape[1])):
        g_h, h_kept = _split(alive, t, g[0, :, t] + g_h)
        g_c, c_kept = _split(alive, t, g[1, :, t] + g_c)
        g_c = g_c + g_h * to_memory[:, t]
        g_a[:, t, : 3 * d] = np.tile(g_c, 3) * slopes[:, t, : 3 * d]
        g_a[:, t, 3 * d :] = g_h * slopes[:, t, 3 * d :]
        g_h = g_a[:, t] @ u.T + h_kept
        g_c = g_c * f[:, t] + c_kept
    return g_a, g_h, g_c, _outer(h_before, g_a)


@primitive
def gru(z, h, u, b, *, lengths=None):
    r"""Return the state of a network of gated recurrent units after every step, :eq:`eq-gru`.

    z = x W + b_z (n, t, 3 d), h (n, d) the state before the first step, u (d, 3 d), b (d,). Returns
    (n, t, d). lengths (n,): behind its end a sequence keeps its state.

    Raises ValueError if the shapes do not match, or a length is no whole number in [0, t].

    >>> z = np.array([[[0.0, 0.0, 1000.0]] * 2])  # half the old state, half a one
    >>> gru(z, np.zeros((1, 1)), np.zeros((1, 3)), np.zeros(1))[0, :, 0]
    array([0.5 , 0.75])

    [Cho et al. 2014, equations 5 to 8]
    """
    alive = _check(z, u, 3, lengths, h=h)
    if b.shape != h.shape[-1:]:
        raise ValueError(f"b must have the shape (d,), here {h.shape[-1:]}; got {b.shape}")
    out = np.empty((*z.shape[:2], len(u)), z.dtype)
    for t in range(z.shape[1]):
        h = out[:, t] = _keep(alive, t, gru_cell(z[:, t], h, u, b), h)
    return out


@gru.defvjp
def gru_vjp(g, out, z, h, u, b, *, lengths=None):
    """Go backwards; the state's gradient passes by q and the gates, :eq:`eq-gru-gradient`."""
    alive = _check(z, u, 3, lengths, h=h)
    before = _before(h, out)
    z_r, z_q, z_n = _parts(z, 3)
    a_r, a_q, a_n = _parts(before @ u, 3)
    r, q, a_n = _gate(z_r + a_r), _gate(z_q + a_q), a_n + b
    new = np.tanh(z_n + r * a_n)
    n_slope = (1 - q) * (1 - new**2)
    slopes = np.concatenate(  # of h' with respect to a_r, a_q and a_n
        [n_slope * a_n * r * (1 - r), (before - new) * q * (1 - q), n_slope * r], -1
    )
    g_a = np.empty_like(z)
    g_z_n = np.empty_like(out)
    g_h = np.zeros_like(h)
    for t in reversed(range(z.shape[1])):
        g_h, kept = _split(alive, t, g[:, t] + g_h)
        g_a[:, t] = np.tile(g_h, 3) * slopes[:, t]
        g_z_n[:, t] = g_h * n_slope[:, t]
        g_h = g_h * q[:, t] + g_a[:, t] @ u.T + kept
    d = len(u)
    g_z = np.concatenate([g_a[..., : 2 * d], g_z_n], -1)
    return g_z, g_h, _outer(before, g_a), g_a[..., 2 * d :].sum(axis=(0, 1))


def _gate(a):
    """Return sigmoid(a) by one tanh: a third of the time, and a gate needs no digits near 0."""
    return 0.5 * tanh(0.5 * a) + 0.5


def _parts(a, count):
    """Cut the last axis into equal parts: slices, which cost nothing."""
    d = a.shape[-1] // count
    return [a[..., i * d : (i + 1) * d] for i in range(count)]


def _before(first, states):
    """The state before every step: the first one, then all others but the last."""
    return np.concatenate([first[:, np.newaxis], states[:, :-1]], axis=1)[:, : states.shape[1]]


def _outer(before, g_a):
    """The gradient of U: one matrix product over all steps of all sequences."""
    steps, d = before.shape[0] * before.shape[1], before.shape[2]
    return before.reshape(steps, d).T @ g_a.reshape(steps, g_a.shape[2])


def _keep(alive, t, new, old):
    """The new state of a sequence that still runs, the old one of a sequence that has ended."""
    return new if alive is None else np.where(alive[:, t], new, old)


def _split(alive, t, g):
    """The gradient of the new state, and of the old one where it was kept."""
    if alive is None:
        return g, 0
    zero = np.zeros_like(g)
    return np.where(alive[:, t], g, zero), np.where(alive[:, t], zero, g)


def _check(z, u, gates, lengths, **states):
    """Refuse shapes that do not match; return which steps are real, (n, t, 1), None for all."""
    d = u.shape[0]
    if u.shape != (d, gates * d):
        raise ValueError(f"u must have the shape (d, {gates} d); got {u.shape}")
    if z.ndim != 3 or z.shape[-1] != gates * d:
        raise ValueError(f"z must have the shape (n, t, {gates * d}); got {z.shape}")
    n, t = z.shape[:2]
    for name, state in states.items():
        if state.shape != (n, d):
            raise ValueError(f"{name} must have the shape (n, d), here {n, d}; got {state.shape}")
    if lengths is None:
        return None
    lengths = np.asarray(lengths)
    if lengths.shape != (n,) or not np.issubdtype(lengths.dtype, np.integer):
        raise ValueError(f"lengths must be {n} whole numbers; got {lengths}")
    if np.any((lengths < 0) | (lengths > t)):
        raise ValueError(f"lengths must lie in [0, {t}]; got {lengths}")
    return (np.arange(t) < lengths[:, np.newaxis])[..., np.newaxis]
