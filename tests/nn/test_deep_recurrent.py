"""Layers upon layers, both directions: PyTorch's num_layers and bidirectional, Keras's layers."""

import numpy as np
import pytest
from agreement import assert_gradients_are_numerical
from catalog import full_precision, keras, torch

from labkit import nn
from labkit.autograd import Tensor
from labkit.frameworks import keras_models, torch_models

KINDS = {"RNN": nn.RNN, "LSTM": nn.LSTM, "GRU": nn.GRU}
N, T, D_IN, D = 3, 5, 6, 4
LENGTHS = (5, 2, 4)
SHAPES = [(1, True), (2, False), (3, True)]
CLOSE = {"rtol": 0, "atol": 1e-11}
each_kind = pytest.mark.parametrize("name", KINDS)
each_shape = pytest.mark.parametrize(
    ("depth", "both"), SHAPES, ids=["both ways", "two deep", "three deep, both ways"]
)


def rng(seed=0):
    return np.random.default_rng(seed)


def make(name, depth, both):
    """Numbers of its own everywhere; one layer that reads one way is no stack."""

    def layer(d_in):
        read = [KINDS[name](d_in, D, rng=rng(), dtype=np.float64) for _ in range(2)]
        return nn.Bidirectional(*read) if both else read[0]

    layers = [layer(D_IN if not i else D * (1 + both)) for i in range(depth)]
    model = nn.Stacked(*layers) if depth > 1 else layers[0]
    for i, parameter in enumerate(model.parameters()):
        parameter.data = rng(i).normal(0, 0.5, size=parameter.shape)
    return model


def inputs():
    return rng(1).normal(size=(N, T, D_IN))


def last_states(state, depth, both):
    """One array for each layer and direction, as PyTorch has them; of an LSTM, two of these."""
    layers = state if depth > 1 else [state]
    each = [one for layer in layers for one in (layer if both else [layer])]
    pairs = [one if isinstance(one, tuple) else (one,) for one in each]
    return [np.stack([a.data for a in arrays]) for arrays in zip(*pairs, strict=True)]


@each_shape
@each_kind
def test_it_is_pytorchs_on_packed_sequences(name, depth, both):
    from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

    ours, x = make(name, depth, both), Tensor(inputs(), requires_grad=True)
    theirs = getattr(torch.nn, name)(
        D_IN, D, num_layers=depth, bidirectional=both, batch_first=True
    ).double()
    torch_models.load_state(theirs, ours.state_dict())
    their_x = torch.tensor(x.data, requires_grad=True)
    packed, last = theirs(pack_padded_sequence(their_x, LENGTHS, True, enforce_sorted=False))
    their_states = pad_packed_sequence(packed, batch_first=True)[0]

    states, state = ours(x, lengths=LENGTHS)
    real = (np.arange(T) < np.array(LENGTHS)[:, np.newaxis])[..., np.newaxis]
    np.testing.assert_allclose(states.data * real, their_states.detach().numpy(), **CLOSE)
    last = last if name == "LSTM" else (last,)
    for a, their in zip(last_states(state, depth, both), last, strict=True):
        np.testing.assert_allclose(a, their.detach().numpy(), **CLOSE)

    g = rng(9).normal(size=states.shape) * real
    (states * g).sum().backward()
    (their_states * torch.tensor(g)).sum().backward()
    np.testing.assert_allclose(x.grad, their_x.grad.numpy(), **CLOSE)
    moved = getattr(torch.nn, name)(
        D_IN, D, num_layers=depth, bidirectional=both, batch_first=True
    ).double()
    torch_models.load_state(moved, {n: p.grad for n, p in ours.named_parameters()})
    for (key, gradient), parameter in zip(
        moved.named_parameters(), theirs.parameters(), strict=True
    ):
        if "bias_hh" not in key:  # the second bias, which is not ours
            np.testing.assert_allclose(
                gradient.detach().numpy(), parameter.grad.numpy(), err_msg=key, **CLOSE
            )


@each_shape
@each_kind
def test_it_is_made_of_kerass_layers(name, depth, both):
    """With a mask; behind an end Keras's states are zero where it reads both ways, as ours are."""
    ours, x = make(name, depth, both), Tensor(inputs(), requires_grad=True)
    kind = getattr(keras.layers, {"RNN": "SimpleRNN"}.get(name, name))
    mask = torch.tensor(np.arange(T) < np.array(LENGTHS)[:, np.newaxis])
    their_x = torch.tensor(x.data, requires_grad=True)
    with full_precision():
        layers = [kind(D, return_sequences=True, dtype="float64") for _ in range(depth)]
        if both:
            layers = [keras.layers.Bidirectional(layer, dtype="float64") for layer in layers]
        theirs = keras.Sequential([keras.Input((T, D_IN), dtype="float64"), *layers])
        keras_models.load_state(theirs, ours.state_dict())
        their_states = their_x
        for layer in layers:
            their_states = layer(their_states, mask=mask)
    states, _ = ours(x, lengths=LENGTHS)
    np.testing.assert_allclose(states.data, their_states.detach().numpy(), **CLOSE)
    g = rng(9).normal(size=states.shape)
    (states * g).sum().backward()
    (their_states * torch.tensor(g)).sum().backward()
    np.testing.assert_allclose(x.grad, their_x.grad.numpy(), **CLOSE)


@each_kind
def test_gradients_are_differences(name):
    model, g = make(name, 3, True), rng(9).normal(size=(N, T, 2 * D))
    assert_gradients_are_numerical(model, lambda: (model(inputs(), lengths=LENGTHS)[0] * g).sum())


@each_kind
def test_a_stack_reads_on_where_it_stopped(name):
    model, x = make(name, 2, False), inputs()
    whole, end = model(x)
    _, state = model(x[:, :2])
    rest, again = model(x[:, 2:], state)
    np.testing.assert_allclose(rest.data, whole.data[:, 2:], rtol=1e-12)
    for a, b in zip(last_states(again, 2, False), last_states(end, 2, False), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


def test_both_directions_take_a_start_of_their_own():
    """What the second layer is told before the end reaches the first state, and only its half."""
    model, x = make("GRU", 1, True), inputs()
    zero, one = np.zeros((N, D)), np.ones((N, D))
    plain, _ = model(x)
    same, _ = model(x, (zero, zero))
    other, _ = model(x, (zero, one))
    np.testing.assert_array_equal(plain.data, same.data)
    np.testing.assert_array_equal(plain.data[..., :D], other.data[..., :D])
    assert (plain.data[..., D:] != other.data[..., D:]).all()


def test_both_directions_see_the_whole_sequence():
    """The first state depends on the last frame, only by way of the layer that reads backwards."""
    layer = nn.GRU(D_IN, D, rng=rng(2), dtype=np.float64)
    both, x = nn.Bidirectional(layer, layer), inputs()
    out, mirrored = both(x)[0].data, both(x[:, ::-1].copy())[0].data
    np.testing.assert_array_equal(out[:, :, :D], mirrored[:, ::-1, D:])
    np.testing.assert_array_equal(out[:, :, :D], layer(x)[0].data)
    x[:, -1] += 1
    changed = both(x)[0].data != out
    assert not changed[:, 0, :D].any()
    assert changed[:, 0, D:].all()


def test_a_stack_stays_in_float32():
    make_one = {"rng": rng(), "dtype": np.float32}
    model = nn.Stacked(
        nn.Bidirectional(nn.LSTM(D_IN, D, **make_one), nn.LSTM(D_IN, D, **make_one)),
        nn.LSTM(2 * D, 3, **make_one),
    )
    states, (_, (h, c)) = model(inputs().astype(np.float32), lengths=LENGTHS)
    assert states.shape == (N, T, 3)
    assert states.dtype == h.dtype == c.dtype == np.float32
