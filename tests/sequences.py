"""What the functions of sequences are called in PyTorch and in Keras, for `catalog`.

Of each function: PyTorch's name, Keras's, and for which settings Keras has nothing.
"""

import keras
import torch

F, K = torch.nn.functional, keras.ops


def torch_cell(cell):
    """PyTorch's cell with the identity as the input's weight, since z is x W + b already."""

    def step(z, state, u, b=None):
        eye, zero = torch.eye(z.shape[-1], dtype=z.dtype), torch.zeros(z.shape[-1], dtype=z.dtype)
        b_state = zero if b is None else torch.cat([zero[: 2 * len(b)], b])
        return cell(z, state, eye, u.T, zero, b_state)

    return step


def steps(step):
    """A cell in a loop; a sequence that has ended keeps its state."""

    def states(z, h, u, *b, lengths=None):
        out = [h]
        for t in range(z.shape[1]):
            new = step(z[:, t], out[-1], u, *b)
            out.append(new if lengths is None else torch.where(alive(lengths, t), new, out[-1]))
        return torch.stack(out, 1)[:, 1:]

    return states


def lstm_steps(step):
    """The same for a cell whose state is a pair."""

    def states(z, h, c, u, *, lengths=None):
        out = [torch.stack([h, c])]
        for t in range(z.shape[1]):
            new = torch.stack(step(z[:, t], tuple(out[-1]), u))
            out.append(new if lengths is None else torch.where(alive(lengths, t), new, out[-1]))
        return torch.stack(out, 2)[:, :, 1:]

    return states


def alive(lengths, t):
    return (t < torch.tensor(lengths))[:, None]


def keras_cell(kind):
    """Keras's cell in the same way; a GRU's has its update gate before its reset gate."""

    def step(z, state, u, b=None):
        d = len(u)
        order = list(range(z.shape[1]))
        if b is not None:
            order = [*range(d, 2 * d), *range(d), *range(2 * d, 3 * d)]
        bias = torch.zeros(z.shape[1], dtype=z.dtype)
        if b is not None:
            bias = torch.stack([bias, torch.cat([bias[: 2 * d], b])])
        cell = kind(d, dtype=z.dtype)
        cell.build(z.shape)
        weights = torch.eye(z.shape[1], dtype=z.dtype), u[:, order], bias
        seeds = [v.value for v in cell.non_trainable_variables]  # of its dropout
        states = list(state) if isinstance(state, tuple) else [state]
        (_, new), _ = cell.stateless_call(weights, seeds, z[:, order], states)
        return tuple(new) if isinstance(state, tuple) else new[0]

    return step


def torch_attention(q, k, v, mask=None, bias=None):
    """PyTorch takes one or the other; -inf in the bias is False in the mask."""
    if bias is not None:
        mask = torch.where(mask, bias, -torch.inf)
    return F.scaled_dot_product_attention(q, k, v, mask, enable_gqa=q.shape[1] != k.shape[1])


def keras_attention(q, k, v, mask=None, bias=None):
    """Keras has the heads behind the tokens, and takes two masks that it does not multiply."""
    q, k, v = (K.transpose(a, (0, 2, 1, 3)) for a in (q, k, v))
    if bias is not None:
        bias = K.broadcast_to(K.where(mask, bias, -1e30), (len(q), *bias.shape))
    elif mask is not None:
        mask = K.broadcast_to(mask, (len(q), q.shape[2], q.shape[1], k.shape[1]))
    out = K.dot_product_attention(q, k, v, bias, None if bias is not None else mask)
    return K.transpose(out, (0, 2, 1, 3))


def keras_grouped_attention(q, k, v, mask=None, bias=None):
    """Keras's layer repeats the heads too, and owns its weights."""
    k, v = (K.repeat(a, q.shape[1] // k.shape[1], axis=1) for a in (k, v))
    return keras_attention(q, k, v, mask, bias)


def torch_rotary(x, *, start=0, base=10000.0):
    """A pair as a complex number, multiplied by e^(i angle)."""
    t, d = x.shape[-2:]
    rates = base ** -(torch.arange(0, d, 2, dtype=torch.float64) / d)
    angles = torch.outer(torch.arange(start, start + t), rates)
    kind = torch.complex64 if x.dtype == torch.float32 else torch.complex128
    turns = torch.polar(torch.ones_like(angles), angles).to(kind)
    pairs = torch.view_as_complex(x.reshape(*x.shape[:-1], d // 2, 2))
    return torch.view_as_real(pairs * turns).reshape(x.shape)


def keras_rotary(x, *, start=0, base=10000.0):
    """Each pair times a matrix of two rows: Keras's complex numbers have single precision."""
    t, d = x.shape[-2:]
    rates = base ** -(K.arange(0, d, 2, dtype="float64") / d)
    angles = K.outer(K.arange(start, start + t, dtype="float64"), rates)
    cos, sin = K.cast(K.cos(angles), x.dtype), K.cast(K.sin(angles), x.dtype)
    turns = K.stack([K.stack([cos, -sin], -1), K.stack([sin, cos], -1)], -2)  # (t, d / 2, 2, 2)
    pairs = K.reshape(x, (*x.shape[:-1], d // 2, 2))
    return K.reshape(K.einsum("tpij,...tpj->...tpi", turns, pairs), x.shape)


KL = keras.layers
RNN = torch_cell(torch.rnn_tanh_cell), keras_cell(KL.SimpleRNNCell)
GRU = torch_cell(torch.gru_cell), keras_cell(KL.GRUCell)
LSTM = torch_cell(torch.lstm_cell), keras_cell(KL.LSTMCell)
NOWHERE = {"a query that may look nowhere": "Keras looks everywhere, evenly"}
SEQUENCES = {
    "rnn_cell": RNN,
    "gru_cell": GRU,
    "rnn": tuple(map(steps, RNN)),
    "lstm": tuple(map(lstm_steps, LSTM)),
    "gru": tuple(map(steps, GRU)),
    "scaled_dot_product_attention": (torch_attention, keras_attention, NOWHERE),
    "grouped_query_attention": (torch_attention, keras_grouped_attention),
    "rotary": (torch_rotary, keras_rotary),
}
