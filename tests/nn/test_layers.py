"""Layers against PyTorch's of the same name, value and gradient; dropout by its definition."""

import numpy as np
import pytest
from layers import LAYERS, rng

from labkit import nn
from labkit.autograd import Tensor


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_is_pytorchs_layer(name):
    torch = pytest.importorskip("torch")
    build, (their_name, arguments, config), shape = LAYERS[name]
    layer = build()
    theirs = getattr(torch.nn, their_name)(*arguments, **config).double()
    with torch.no_grad():
        for parameter, their in zip(layer.parameters(), theirs.parameters(), strict=True):
            value = rng(1).normal(size=parameter.shape)
            parameter.data = value
            their.copy_(torch.tensor(value.T if their_name == "Linear" else value))

    x = Tensor(rng(2).normal(size=shape), requires_grad=True)
    their_x = torch.tensor(x.data, requires_grad=True)
    out, their_out = layer(x), theirs(their_x)
    np.testing.assert_allclose(out.data, their_out.detach().numpy(), rtol=1e-10, atol=1e-10)

    g = rng(4).normal(size=out.shape)
    out.backward(g)
    their_out.backward(torch.tensor(g))
    np.testing.assert_allclose(x.grad, their_x.grad.numpy(), rtol=1e-10, atol=1e-10)
    for parameter, their in zip(layer.parameters(), theirs.parameters(), strict=True):
        gradient = their.grad.numpy()
        gradient = gradient.T if their_name == "Linear" and gradient.ndim == 2 else gradient
        np.testing.assert_allclose(parameter.grad, gradient, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("name", LAYERS)
def test_float32_stays_float32(name):
    build, _, shape = LAYERS[name]
    layer = build()
    for parameter in layer.parameters():
        parameter.data = parameter.data.astype(np.float32)
    out = layer(rng().normal(size=shape).astype(np.float32))
    assert out.dtype == np.float32
    if layer.parameters():
        out.sum().backward()
        assert {p.grad.dtype for p in layer.parameters()} == {np.dtype(np.float32)}


@pytest.mark.parametrize("name", [n for n in LAYERS if not LAYERS[n][0]().parameters()])
def test_a_layer_without_parameters_gives_an_array_for_an_array(name):
    build, _, shape = LAYERS[name]
    x = rng().normal(size=shape)
    out = build()(x)
    assert isinstance(out, np.ndarray)
    np.testing.assert_array_equal(out, build()(Tensor(x)).data)


def test_layers_start_as_glorot_says_and_biases_at_zero():
    linear = nn.Linear(60, 30, rng=rng())
    conv = nn.Conv2d(6, 4, 3, rng=rng())
    assert np.abs(linear.weight.data).max() == pytest.approx((6 / 90) ** 0.5, rel=0.01)
    assert np.abs(conv.weight.data).max() == pytest.approx((6 / (54 + 36)) ** 0.5, rel=0.02)
    for layer in (linear, conv, nn.ConvTranspose2d(6, 4, 3, rng=rng())):
        assert layer.weight.dtype == layer.bias.dtype == np.float32
        assert not layer.bias.data.any()


def test_another_initializer_may_be_given():
    layer = nn.Linear(200, 100, rng=rng(), init=nn.he_normal)
    assert layer.weight.data.std() == pytest.approx(0.1, rel=0.03)
    assert not nn.Conv2d(2, 3, 3, rng=rng(), init=nn.zeros).weight.data.any()


def test_flatten_takes_an_empty_batch_and_what_is_flat_already():
    assert nn.Flatten()(np.zeros((0, 2, 3))).shape == (0, 6)
    assert nn.Flatten()(np.zeros((4, 6))).shape == (4, 6)
    assert nn.Flatten()(np.zeros(4)).shape == (4, 1)


# --- dropout -----------------------------------------------------------------------------------


def test_dropout_zeroes_a_share_and_scales_the_rest():
    layer = nn.Dropout(0.3, rng=rng())
    out = layer(np.ones(100_000))
    kept = out[out != 0]
    assert kept == pytest.approx(1 / 0.7)
    assert len(kept) / len(out) == pytest.approx(0.7, abs=0.005)  # 3.4 standard deviations
    assert out.mean() == pytest.approx(1, abs=0.008)


def test_dropout_hands_the_gradient_to_what_was_kept():
    x = Tensor(np.full((40, 5), 2.0), requires_grad=True)
    out = nn.Dropout(0.5, rng=rng())(x)
    out.backward(np.full(x.shape, 3.0))
    np.testing.assert_array_equal(x.grad, np.where(out.data != 0, 6.0, 0.0))
    assert 0 < (out.data == 0).sum() < x.size


def test_dropout_draws_anew_each_time_and_repeats_for_the_same_seed():
    x = np.ones(50)
    first, same = nn.Dropout(0.5, rng=rng(7)), nn.Dropout(0.5, rng=rng(7))
    one, two = first(x), first(x)
    assert (one != two).any()
    np.testing.assert_array_equal(one, same(x))
    np.testing.assert_array_equal(two, same(x))


def test_dropout_does_nothing_in_evaluation_or_with_p_zero():
    x = np.ones(50)
    assert nn.Dropout(0.5, rng=rng()).eval()(x) is x
    assert nn.Dropout(0, rng=rng())(x) is x


def test_dropout_keeps_float32():
    assert nn.Dropout(0.5, rng=rng())(np.ones(9, np.float32)).dtype == np.float32
    assert nn.Dropout(0.5, rng=rng())(Tensor(np.ones(9, np.float32))).dtype == np.float32


# --- bad arguments -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: nn.Linear(0, 3, rng=rng()), "d_in must be a whole number, at least 1; got 0"),
        (lambda: nn.Linear(3, 2.0, rng=rng()), "d_out must be a whole number, at least 1; got 2.0"),
        (
            lambda: nn.Conv2d(1, -2, 3, rng=rng()),
            "c_out must be a whole number, at least 1; got -2",
        ),
        (
            lambda: nn.Conv2d(4, 6, 3, groups=0, rng=rng()),
            "groups must be a whole number, at least 1",
        ),
        (lambda: nn.Conv2d(3, 6, 3, groups=2, rng=rng()), "groups must divide c_in, here 3; got 2"),
        (
            lambda: nn.ConvTranspose2d(4, 7, 3, groups=2, rng=rng()),
            "groups must divide c_out, here 7; got 2",
        ),
        (lambda: nn.Conv2d(1, 2, 0, rng=rng()), "kernel_size must be a whole number, at least 1"),
        (
            lambda: nn.Conv2d(1, 2, (3, 3, 3), rng=rng()),
            "kernel_size must be a whole number or a pair",
        ),
        (lambda: nn.Embedding(0, 3, rng=rng()), "k must be a whole number, at least 1; got 0"),
        (lambda: nn.Embedding(4, 0, rng=rng()), "d must be a whole number, at least 1; got 0"),
        (lambda: nn.BatchNorm1d(0), "c must be a whole number, at least 1; got 0"),
        (lambda: nn.BatchNorm2d(3, momentum=1.5), r"momentum must be in \[0, 1\]; got 1.5"),
        (lambda: nn.LayerNorm(0), "d must be a whole number, at least 1; got 0"),
        (lambda: nn.RMSNorm(1.5), "d must be a whole number, at least 1; got 1.5"),
        (lambda: nn.GroupNorm(2, 3), "groups must divide c, here 3; got 2"),
        (lambda: nn.GroupNorm(0, 3), "groups must be a whole number, at least 1; got 0"),
        (lambda: nn.Dropout(1.0, rng=rng()), r"p must be in \[0, 1\); got 1.0"),
        (lambda: nn.Dropout(-0.1, rng=rng()), r"p must be in \[0, 1\); got -0.1"),
    ],
)
def test_bad_arguments_are_named(build, message):
    with pytest.raises(ValueError, match=message):
        build()
