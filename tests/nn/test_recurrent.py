"""Recurrent layers against PyTorch's and Keras's: padded batches, states, what goes on."""

import os
import warnings

import numpy as np
import pytest
from agreement import assert_gradients_are_numerical

from labkit import nn
from labkit.autograd import Tensor

KINDS = {"RNN": nn.RNN, "LSTM": nn.LSTM, "GRU": nn.GRU}
LENGTHS = (5, 2, 4)


def make(name, dtype=np.float64, d_in=6, d=4):
    """A layer whose every number differs, biases too."""
    layer = KINDS[name](d_in, d, rng=np.random.default_rng(3), dtype=dtype)
    for i, parameter in enumerate(layer.parameters()):
        values = np.random.default_rng(i).normal(0, 0.5, size=parameter.shape)
        parameter.data = values.astype(dtype)
    return layer


def inputs(dtype=np.float64):
    return np.random.default_rng(1).normal(size=(3, 5, 6)).astype(dtype)


@pytest.mark.parametrize("name", KINDS)
def test_a_padded_batch_is_pytorchs_packed_one(name):
    torch = pytest.importorskip("torch")
    from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

    layer, x = make(name), inputs()
    w, u, b, *b_new = (p.data for p in layer.parameters())
    theirs = getattr(torch.nn, name)(6, 4, batch_first=True).double()
    second = np.zeros_like(b)
    if b_new:
        second[8:] = b_new[0]
    with torch.no_grad():
        for parameter, value in zip(theirs.parameters(), (w.T, u.T, b, second), strict=True):
            parameter.copy_(torch.tensor(value))
    packed = pack_padded_sequence(torch.tensor(x), LENGTHS, True, enforce_sorted=False)
    out, last = theirs(packed)
    padded = pad_packed_sequence(out, batch_first=True)[0].detach().numpy()

    states, state = layer(x, lengths=LENGTHS)
    for i, length in enumerate(LENGTHS):
        np.testing.assert_allclose(states.data[i, :length], padded[i, :length], atol=1e-12)
    ours = state if name == "LSTM" else (state,)
    for a, their in zip(ours, last if name == "LSTM" else (last,), strict=True):
        np.testing.assert_allclose(a.data, their.detach().numpy()[0], atol=1e-12)


@pytest.mark.parametrize("name", KINDS)
def test_a_masked_batch_is_kerass(name):
    """Keras too keeps the state behind the end. It has a GRU's update gate first, then reset."""
    os.environ.setdefault("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras")
    torch = pytest.importorskip("torch")
    layer, x = make(name, np.float32), inputs(np.float32)
    w, u, b, *b_new = (p.data for p in layer.parameters())
    if name == "GRU":
        order = np.r_[4:8, 0:4, 8:12]
        second = np.concatenate([np.zeros(8, np.float32), b_new[0]])
        w, u, b = w[:, order], u[:, order], np.stack([b[order], second])
    kind = {"RNN": "SimpleRNN"}.get(name, name)
    theirs = getattr(keras.layers, kind)(4, return_sequences=True)
    theirs.build(x.shape)
    theirs.set_weights([w, u, b])
    mask = np.arange(5) < np.array(LENGTHS)[:, None]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch's about lists, inside Keras
        out = theirs(torch.tensor(x), mask=torch.tensor(mask))
    states, _ = layer(x, lengths=LENGTHS)
    np.testing.assert_allclose(states.data, out.detach().numpy(), atol=1e-6)


@pytest.mark.parametrize("name", KINDS)
def test_reading_on_is_reading_at_once(name):
    layer, x = make(name), inputs()
    whole, _ = layer(x)
    first, state = layer(x[:, :2])
    second, _ = layer(x[:, 2:], state)
    np.testing.assert_allclose(first.data, whole.data[:, :2], rtol=1e-12)
    np.testing.assert_allclose(second.data, whole.data[:, 2:], rtol=1e-12)


@pytest.mark.parametrize("name", KINDS)
def test_float32_stays_and_every_parameter_learns(name):
    layer = make(name, np.float32)
    x = Tensor(inputs(np.float32), requires_grad=True)
    states, state = layer(x, lengths=LENGTHS)
    last = state[0] if name == "LSTM" else state
    assert states.dtype == last.dtype == np.float32
    (states.sum() + last.sum()).backward()
    assert {p.grad.dtype for p in [x, *layer.parameters()]} == {np.dtype(np.float32)}
    assert all(p.grad.any() for p in layer.parameters())


@pytest.mark.parametrize("name", KINDS)
def test_the_gradients_are_differences(name):
    layer, g = make(name), np.random.default_rng(5).normal(size=(3, 5, 4))
    assert_gradients_are_numerical(layer, lambda: (layer(inputs(), lengths=LENGTHS)[0] * g).sum())


def test_how_they_start():
    lstm = nn.LSTM(6, 4, rng=np.random.default_rng(0))
    assert lstm.bias.data.tolist() == [0] * 4 + [1] * 4 + [0] * 8
    assert np.abs(lstm.weight.data).max() < (6 / (6 + 16)) ** 0.5
    assert not nn.GRU(6, 4, rng=np.random.default_rng(0)).bias.data.any()
    counts = {name: sum(p.size for p in make(name).parameters()) for name in KINDS}
    assert counts == {"RNN": 44, "LSTM": 176, "GRU": 136}  # d (d_in + d + 1) gates, GRU + d
    assert repr(lstm) == "LSTM(6, 4)"


@pytest.mark.parametrize("name", KINDS)
def test_sizes_must_be_positive(name):
    with pytest.raises(ValueError, match="d must be a whole number, at least 1; got 0"):
        KINDS[name](6, 0, rng=np.random.default_rng(0))
