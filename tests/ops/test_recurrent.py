"""Recurrent networks: numbers by hand, PyTorch's whole layers, what padding must not do.

Gradients, precision and PyTorch's single cells are in test_ops.py.
"""

import numpy as np
import pytest

from labkit.autograd import Tensor
from labkit.ops import gru, gru_cell, linear, lstm, lstm_cell, rnn, rnn_cell

GATES = {rnn: 1, lstm: 4, gru: 3}


def arguments(function, rng, n=3, t=5, d=4):
    """z, the states, U and, for a GRU, b: no two sizes alike."""
    gates = GATES[function]
    states = 2 if function is lstm else 1
    extra = [rng.normal(size=d)] if function is gru else []
    shapes = [(n, t, gates * d), *[(n, d)] * states, (d, gates * d)]
    return [*(rng.normal(size=shape) for shape in shapes), *extra]


def hidden(function, out):
    return out[0] if function is lstm else out


def test_two_steps_by_hand():
    # h1 = tanh(0.5 + 0) = 0.46212, h2 = tanh(0.5 + 2 * 0.46212) = tanh(1.42423) = 0.89048
    out = rnn(np.array([[[0.5], [0.5]]]), np.zeros((1, 1)), np.array([[2.0]]))
    np.testing.assert_allclose(out.ravel(), [0.46212, 0.89048], atol=5e-6)


def test_a_memory_is_kept_for_a_thousand_steps_and_a_plain_state_is_not():
    """With the forget gate open and the input gate shut the memory is c itself at every step."""
    z = np.tile([-1000.0, 1000.0, 0.0, 1000.0], (1, 1000, 1))
    out = lstm(z, np.zeros((1, 1)), np.array([[0.7]]), np.zeros((1, 4)))
    np.testing.assert_array_equal(out[1], 0.7)
    plain = rnn(np.zeros((1, 1000, 1)), np.array([[0.7]]), np.array([[0.9]]))
    assert abs(plain[0, -1, 0]) < 1e-40


def test_the_four_gates_by_hand():
    """1/2 of the new 1/2 and 3/4 of the old 1 make 1; shown is 1/4 of tanh 1. h U adds nothing."""
    z = np.array([[0.0, np.log(3), np.log(3) / 2, -np.log(3)]])
    h, c = lstm_cell(z, np.array([[7.0]]), np.array([[1.0]]), np.zeros((1, 4)))
    np.testing.assert_allclose(c, [[1.0]], rtol=1e-15)
    np.testing.assert_allclose(h, [[np.tanh(1) / 4]], rtol=1e-15)


def test_the_reset_gate_comes_after_the_matrix_product():
    """With r = 1/2, u_n = 2, b = 1 and h = 3: n = tanh((3 * 2 + 1) / 2), and half is taken."""
    u = np.array([[0.0, 0.0, 2.0]])
    h = gru_cell(np.zeros((1, 3)), np.array([[3.0]]), u, np.array([1.0]))
    np.testing.assert_allclose(h, [[0.5 * np.tanh(3.5) + 1.5]], rtol=1e-15)


@pytest.mark.parametrize("function", GATES, ids=lambda f: f.__name__)
def test_a_sequence_is_its_steps(function, rng):
    z, *states, u = arguments(function, rng)[: 4 if function is lstm else 3]
    extra = [rng.normal(size=4)] if function is gru else []
    out = function(z, *states, u, *extra)
    cell = {rnn: rnn_cell, lstm: lstm_cell, gru: gru_cell}[function]
    for t in range(z.shape[1]):
        new = cell(z[:, t], *states, u, *extra)
        states = new if function is lstm else (new,)
        np.testing.assert_array_equal(hidden(function, out)[:, t], states[0])


@pytest.mark.parametrize(
    ("function", "name"), [(rnn, "RNN"), (lstm, "LSTM"), (gru, "GRU")], ids=lambda v: str(v)[:10]
)
def test_equals_pytorchs_layer_value_and_gradient(function, name, rng):
    """A whole layer with both of PyTorch's biases; ours are their sum, but for a GRU's proposal."""
    torch = pytest.importorskip("torch")
    d_in, d, gates = 6, 4, GATES[function]
    layer = getattr(torch.nn, name)(d_in, d, batch_first=True).double()
    x = torch.tensor(rng.normal(size=(3, 5, d_in)), requires_grad=True)
    states = [torch.tensor(rng.normal(size=(1, 3, d)), requires_grad=True) for _ in range(2)]
    states = states if function is lstm else states[:1]
    theirs, _ = layer(x, tuple(states) if function is lstm else states[0])
    g = rng.normal(size=theirs.shape)
    theirs.backward(torch.tensor(g))

    w, u, b_w, b_u = (p.detach().numpy() for p in layer.parameters())
    b, extra = b_w + b_u, []
    if function is gru:
        b, extra = b_w + np.concatenate([b_u[: 2 * d], np.zeros(d)]), [b_u[2 * d :]]
    ours = [Tensor(a, requires_grad=True) for a in (x.detach().numpy(), w.T, b)]
    rest = [Tensor(a, requires_grad=True) for a in (*(s[0].detach().numpy() for s in states), u.T)]
    extra = [Tensor(a, requires_grad=True) for a in extra]
    out = hidden(function, function(linear(*ours), *rest, *extra))
    out.backward(g)
    close = {"rtol": 1e-10, "atol": 1e-12}
    np.testing.assert_allclose(out.data, theirs.detach().numpy(), **close)
    np.testing.assert_allclose(ours[0].grad, x.grad.numpy(), **close)
    np.testing.assert_allclose(ours[1].grad, layer.weight_ih_l0.grad.numpy().T, **close)
    np.testing.assert_allclose(ours[2].grad, layer.bias_ih_l0.grad.numpy(), **close)
    np.testing.assert_allclose(rest[-1].grad, layer.weight_hh_l0.grad.numpy().T, **close)
    for a, s in zip(rest[:-1], states, strict=True):
        np.testing.assert_allclose(a.grad, s.grad.numpy()[0], **close)
    if function is gru:
        np.testing.assert_allclose(extra[0].grad, layer.bias_hh_l0.grad.numpy()[2 * d :], **close)
    assert gates * d == w.shape[0]


@pytest.mark.parametrize("function", GATES, ids=lambda f: f.__name__)
def test_what_lies_behind_the_end_changes_nothing(function, rng):
    z, *rest = arguments(function, rng)
    lengths = (5, 2, 0)
    other = z.copy()
    other[1, 2:], other[2] = 77.0, -77.0
    out = function(z, *rest, lengths=lengths)
    np.testing.assert_array_equal(out, function(other, *rest, lengths=lengths))
    states = hidden(function, out)
    np.testing.assert_array_equal(states[1, 2:], np.tile(states[1, 1], (3, 1)))
    np.testing.assert_array_equal(states[2], np.tile(rest[0][2], (5, 1)))
    short = function(z[1:2, :2], *(a[1:2] if len(a) == 3 else a for a in rest))
    np.testing.assert_allclose(hidden(function, short)[0], states[1, :2], rtol=1e-12)

    z = Tensor(z, requires_grad=True)
    function(z, *rest, lengths=lengths).sum().backward()
    assert not z.grad[1, 2:].any()
    assert not z.grad[2].any()
    assert z.grad[1, :2].all()


@pytest.mark.parametrize("function", GATES, ids=lambda f: f.__name__)
def test_no_steps_and_no_sequences(function, rng):
    z, *rest = arguments(function, rng, t=0)
    tensors = [Tensor(a, requires_grad=True) for a in (z, *rest)]
    out = function(*tensors)
    assert hidden(function, out).shape == (3, 0, 4)
    out.sum().backward()
    assert [a.grad.shape for a in tensors] == [a.shape for a in tensors]
    assert not any(a.grad.any() for a in tensors)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({0: (3, 5, 17)}, r"z must have the shape \(n, t, 16\); got \(3, 5, 17\)"),
        ({0: (3, 16)}, r"z must have the shape \(n, t, 16\); got \(3, 16\)"),
        ({1: (4, 3)}, r"h must have the shape \(n, d\), here \(3, 4\); got \(4, 3\)"),
        ({2: (1, 4)}, r"c must have the shape \(n, d\), here \(3, 4\); got \(1, 4\)"),
        ({3: (4, 12)}, r"u must have the shape \(d, 4 d\); got \(4, 12\)"),
    ],
)
def test_shapes_that_do_not_match_are_named(change, message, rng):
    args = arguments(lstm, rng)
    for i, shape in change.items():
        args[i] = np.zeros(shape)
    with pytest.raises(ValueError, match=message):
        lstm(*args)


@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        ([5, 5], "lengths must be 3 whole numbers"),
        ([1.0, 2.0, 3.0], "lengths must be 3 whole numbers"),
        ([1, 2, 6], r"lengths must lie in \[0, 5\]"),
        ([1, 2, -1], r"lengths must lie in \[0, 5\]"),
    ],
)
def test_lengths_that_cannot_be_are_refused(lengths, message, rng):
    with pytest.raises(ValueError, match=message):
        rnn(*arguments(rnn, rng), lengths=lengths)


def test_a_gru_checks_its_bias(rng):
    with pytest.raises(ValueError, match=r"b must have the shape \(d,\), here \(4,\); got \(12,\)"):
        gru(*arguments(gru, rng)[:3], np.zeros(12))
