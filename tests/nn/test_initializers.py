"""Initializers: the bounds and variances of the papers, PyTorch's fans, and what they are for."""

import functools

import numpy as np
import pytest

from labkit import nn


def rng(seed=0):
    return np.random.default_rng(seed)


SHAPES = [(300, 100), (40, 24, 5, 3)]
FANS = {(300, 100): (300, 100), (40, 24, 5, 3): (24 * 15, 40 * 15)}


@pytest.mark.parametrize("shape", SHAPES)
def test_fans_by_hand_and_as_pytorch_counts_them(shape):
    torch = pytest.importorskip("torch")
    assert nn.fans(shape) == FANS[shape]
    layout = shape[::-1] if len(shape) == 2 else shape  # nn.Linear keeps the transpose
    their = torch.nn.init._calculate_fan_in_and_fan_out(torch.empty(layout))
    assert nn.fans(shape) == their


@pytest.mark.parametrize("shape", [(), (3,), (3, 4, 5), (1, 2, 3, 4, 5)])
def test_fans_of_other_shapes_are_not_known(shape):
    with pytest.raises(ValueError, match="shape must be"):
        nn.fans(shape)


@pytest.mark.parametrize("shape", SHAPES)
def test_bounds_and_variances(shape):
    fan_in, fan_out = FANS[shape]
    size = np.prod(shape)
    spread = 5 * (2 / size) ** 0.5  # five standard errors of a variance, relative
    for initializer, variance in (
        (nn.glorot_uniform, 2 / (fan_in + fan_out)),
        (nn.glorot_normal, 2 / (fan_in + fan_out)),
        (nn.he_uniform, 2 / fan_in),
        (nn.he_normal, 2 / fan_in),
    ):
        w = initializer(shape, rng=rng(), dtype=np.float64)
        assert w.shape == shape
        assert w.var() == pytest.approx(variance, rel=spread)
        assert w.mean() == pytest.approx(0, abs=5 * (variance / size) ** 0.5)
        largest = np.abs(w).max()
        if initializer in (nn.glorot_uniform, nn.he_uniform):
            assert largest == pytest.approx((3 * variance) ** 0.5, rel=1e-3)
        else:
            assert largest > 3 * variance**0.5  # tails, not cut off


def test_the_bound_and_variance_of_300_to_100():
    w = nn.glorot_uniform((300, 100), rng=rng())
    assert np.abs(w).max() == pytest.approx(0.12247, abs=1e-4)
    assert w.var() == pytest.approx(0.005, abs=1e-4)


def test_normal_and_zeros():
    w = nn.normal((500, 100), rng=rng(), std=0.3)
    assert w.std() == pytest.approx(0.3, rel=0.02)
    assert nn.normal((5,), rng=rng(), std=0.0).tolist() == [0] * 5
    assert nn.zeros((2, 3)).tolist() == [[0] * 3] * 2
    with pytest.raises(ValueError, match="std must be at least 0; got -1"):
        nn.normal((5,), rng=rng(), std=-1)
    with pytest.raises(ValueError, match="std must be at least 0; got nan"):
        nn.normal((5,), rng=rng(), std=float("nan"))


ALL = [
    nn.zeros,
    nn.normal,
    nn.glorot_uniform,
    nn.glorot_normal,
    nn.he_uniform,
    nn.he_normal,
    nn.truncated_normal,
    nn.orthogonal,
]


@pytest.mark.parametrize("initializer", ALL)
def test_dtype_and_seed(initializer):
    assert initializer((4, 3), rng=rng()).dtype == np.float32
    assert initializer((4, 3), rng=rng(), dtype=np.float64).dtype == np.float64
    np.testing.assert_array_equal(initializer((4, 3), rng=rng(5)), initializer((4, 3), rng=rng(5)))
    if initializer is not nn.zeros:
        assert (initializer((4, 3), rng=rng(5)) != initializer((4, 3), rng=rng(6))).any()


@pytest.mark.parametrize("shape", [(3, 7), (7, 3), (4, 4), (6, 2, 3, 2)])
def test_orthogonal_rows_or_columns(shape):
    w = nn.orthogonal(shape, rng=rng(), gain=2.0, dtype=np.float64)
    assert w.shape == shape
    w = w.reshape(shape[0], -1)
    w = w if w.shape[0] <= w.shape[1] else w.T
    np.testing.assert_allclose(w @ w.T, 4 * np.eye(len(w)), atol=1e-12)
    with pytest.raises(ValueError, match="shape must be"):
        nn.orthogonal((3,), rng=rng())


def test_orthogonal_prefers_no_direction():
    """QR alone would give every first row and column one sign; the mean of many draws is zero."""
    draws = [nn.orthogonal((2, 2), rng=rng(i), dtype=np.float64) for i in range(2000)]
    np.testing.assert_allclose(np.mean(draws, axis=0), 0, atol=0.07)  # 4 standard errors
    np.testing.assert_allclose(np.var(draws, axis=0), 0.5, atol=0.05)


def test_orthogonal_keeps_lengths_a_hundred_layers_deep():
    x, weights = rng(1).normal(size=(10, 20)), rng()
    out = x
    for _ in range(100):
        out = out @ nn.orthogonal((20, 20), rng=weights, dtype=np.float64)
    np.testing.assert_allclose(np.linalg.norm(out, axis=1), np.linalg.norm(x, axis=1))


def test_truncated_normal_as_scipy_says():
    stats = pytest.importorskip("scipy.stats")
    w = nn.truncated_normal((500, 200), rng=rng(), std=0.3, dtype=np.float64)
    assert 0.59 < np.abs(w).max() <= 0.6
    theirs = stats.truncnorm(-2, 2, scale=0.3)
    assert w.std() == pytest.approx(theirs.std(), rel=0.01)
    assert stats.kstest(w.ravel(), theirs.cdf).pvalue > 0.01
    assert not nn.truncated_normal((5,), rng=rng(), std=0.0).any()


def after_ten_layers(initializer, activation):
    """The outputs of the last of ten layers of 256, fed with N(0, 1)."""
    weights, out = rng(0), rng(1).normal(size=(1000, 256))
    for _ in range(10):
        out = activation(out @ initializer((256, 256), rng=weights, dtype=np.float64))
    return out


def test_why_the_start_matters_ten_tanh_layers_deep():
    """Too small and the signal dies, too large and every unit saturates."""
    small = functools.partial(nn.normal, std=0.01)
    large = functools.partial(nn.normal, std=1.0)
    assert after_ten_layers(small, np.tanh).std() == pytest.approx(1.0e-8, rel=0.15)
    assert after_ten_layers(large, np.tanh).std() == pytest.approx(0.974, rel=0.02)
    assert after_ten_layers(nn.glorot_uniform, np.tanh).std() == pytest.approx(0.224, rel=0.1)


@pytest.mark.parametrize(
    ("initializer", "factor"),
    [(nn.glorot_uniform, 0.5), (nn.glorot_normal, 0.5), (nn.he_uniform, 1), (nn.he_normal, 1)],
)
def test_relu_halves_the_power_and_he_doubles_it_back(initializer, factor):
    """Each layer multiplies the mean square by 256 var(w) / 2: by a half, or by one."""
    out = after_ten_layers(initializer, lambda x: np.maximum(x, 0))
    per_layer = np.mean(out**2) ** 0.1
    assert per_layer == pytest.approx(factor, rel=0.1)


def test_a_constant_start_keeps_the_units_alike():
    from labkit import models, ops

    model = models.mlp((5, 4, 3), rng=rng(), dtype=np.float64)
    for parameter in model.parameters():
        parameter.data = np.full(parameter.shape, 0.5)
    x, y = rng().normal(size=(6, 5)), np.array([0, 1, 2, 0, 1, 2])
    ops.cross_entropy(model(x), y).backward()
    gradient = model[0].weight.grad  # (5, 4): a column for each hidden unit
    np.testing.assert_array_equal(gradient, gradient[:, :1].repeat(4, axis=1))
