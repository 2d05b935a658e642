"""Initializers against PyTorch's, Keras's and SciPy's distributions: is it the same one?

Kolmogorov and Smirnov's test of 20,000 draws against the distribution, and of two times 20,000,
ours and theirs. Seeds are fixed; a scale that is off by 3 % fails.
"""

import os

import numpy as np
import pytest

from labkit import nn

torch = pytest.importorskip("torch")
stats = pytest.importorskip("scipy.stats")
os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras")

IN, OUT = 200, 100
T, KI = torch.nn.init, keras.initializers
GLOROT, HE, CUT = (2 / (IN + OUT)) ** 0.5, (2 / IN) ** 0.5, 0.5


def uniform(std):
    """Of this standard deviation: sqrt(3) times as wide to both sides."""
    return stats.uniform(-std * 3**0.5, 2 * std * 3**0.5)


# Our settings, the distribution, PyTorch's way to fill a tensor, Keras's initializer.
ROWS = {
    "normal": (
        {"std": 0.3},
        stats.norm(scale=0.3),
        lambda w: T.normal_(w, std=0.3),
        KI.RandomNormal(stddev=0.3, seed=1),
    ),
    "glorot_uniform": ({}, uniform(GLOROT), T.xavier_uniform_, KI.GlorotUniform(seed=1)),
    "glorot_normal": ({}, stats.norm(scale=GLOROT), T.xavier_normal_, KI.GlorotNormal(seed=1)),
    "he_uniform": (
        {},
        uniform(HE),
        lambda w: T.kaiming_uniform_(w, nonlinearity="relu"),
        KI.HeUniform(seed=1),
    ),
    "he_normal": (
        {},
        stats.norm(scale=HE),
        lambda w: T.kaiming_normal_(w, nonlinearity="relu"),
        KI.HeNormal(seed=1),
    ),
    "truncated_normal": (
        {"std": CUT},
        stats.truncnorm(-2, 2, scale=CUT),
        lambda w: T.trunc_normal_(w, std=CUT, a=-2 * CUT, b=2 * CUT),
        KI.TruncatedNormal(stddev=CUT, seed=1),
    ),
}
CUT_IN_KERAS = {"glorot_normal", "he_normal"}  # at two deviations, as the docstrings say


@pytest.mark.parametrize("name", ROWS)
def test_draws_come_from_the_same_distribution(name):
    config, distribution, fill, theirs = ROWS[name]
    ours = getattr(nn, name)((IN, OUT), rng=np.random.default_rng(0), dtype=np.float64, **config)
    torch.manual_seed(1)
    in_torch = fill(torch.empty(OUT, IN, dtype=torch.float64)).numpy()  # the transpose
    in_keras = theirs((IN, OUT)).numpy()
    assert stats.kstest(ours.ravel(), distribution.cdf).pvalue > 0.01
    assert stats.ks_2samp(ours.ravel(), in_torch.ravel()).pvalue > 0.01
    if name not in CUT_IN_KERAS:
        assert stats.ks_2samp(ours.ravel(), in_keras.ravel()).pvalue > 0.01
    else:  # of one variance, and without tails
        assert in_keras.std() == pytest.approx(ours.std(), rel=0.02)
        assert np.abs(in_keras).max() < 2.3 * ours.std() < np.abs(ours).max()


def test_the_tests_would_notice_three_percent():
    ours = nn.normal((IN, OUT), rng=np.random.default_rng(0), std=0.3 * 1.03, dtype=np.float64)
    assert stats.kstest(ours.ravel(), stats.norm(scale=0.3).cdf).pvalue < 0.01


def test_orthogonal_matrices_point_everywhere_in_all_three():
    """A row of a random orthogonal matrix is a random direction: its numbers, squared, are beta."""
    rng, ours, in_torch, in_keras = np.random.default_rng(0), [], [], []
    torch.manual_seed(1)
    for seed in range(400):
        ours.append(nn.orthogonal((3, 5), rng=rng, dtype=np.float64))
        in_torch.append(T.orthogonal_(torch.empty(3, 5)).numpy())
        in_keras.append(KI.Orthogonal(seed=seed)((3, 5)).numpy())
    for draws in (ours, in_torch, in_keras):
        np.testing.assert_allclose(draws @ np.swapaxes(draws, 1, 2), [np.eye(3)] * 400, atol=1e-5)
        squares = np.array(draws)[:, 0, 1] ** 2
        assert stats.kstest(squares, stats.beta(1 / 2, (5 - 1) / 2).cdf).pvalue > 0.01


def test_zeros_are_zeros_everywhere():
    ours = nn.zeros((3, 5))
    np.testing.assert_array_equal(ours, T.zeros_(torch.ones(3, 5)).numpy())
    np.testing.assert_array_equal(ours, KI.Zeros()((3, 5)).numpy())


@pytest.mark.parametrize("shape", [(7, 5), (6, 4, 3, 2)])
def test_fans_are_kerass(shape):
    """Seen in the bound of its draws: sqrt(3 / fan). Keras has a kernel's channels last."""
    theirs = shape if len(shape) == 2 else (shape[2], shape[3], shape[1], shape[0])
    for fan, mode in zip(nn.fans(shape), ("fan_in", "fan_out"), strict=True):
        draws = [
            KI.VarianceScaling(1.0, mode, "uniform", seed=s)(theirs).numpy() for s in range(40)
        ]
        assert np.abs(draws).max() == pytest.approx((3 / fan) ** 0.5, rel=0.01)
