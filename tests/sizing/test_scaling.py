"""Scaling laws: SciPy's regression and minimizer, and laws that are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.sizing import compute_optimal, fit_power_law, scaling_loss


@given(
    scale=st.floats(1e-3, 1e6),
    exponent=st.floats(-2, 2),
    floor=st.sampled_from([0.0, 1.69]),
    n=st.integers(2, 9),
)
@settings(max_examples=40)
def test_a_law_without_noise_is_found(scale, exponent, floor, n):
    x = np.geomspace(1.0, 100.0, n)
    law = fit_power_law(x, scale * x**exponent + floor, floor=floor)
    np.testing.assert_allclose([law.scale, law.exponent], [scale, exponent], rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(law(x), scale * x**exponent + floor, rtol=1e-6)


def test_with_noise_as_scipys_regression(rng):
    stats = pytest.importorskip("scipy.stats")
    x = rng.uniform(1, 1e6, 20)
    y = 3 * x**-0.076 * np.exp(rng.normal(0, 0.1, 20))
    law, theirs = fit_power_law(x, y), stats.linregress(np.log(x), np.log(y))
    assert law.exponent == pytest.approx(theirs.slope)
    assert law.scale == pytest.approx(np.exp(theirs.intercept))


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ([1.0], [1.0], "two different x or more"),
        ([2.0, 2.0], [1.0, 3.0], "two different x or more"),
        ([1.0, 2.0], [1.0], "two different x or more"),
        ([[1.0, 2.0]], [[1.0, 2.0]], "two different x or more"),
        ([0.0, 2.0], [1.0, 3.0], "x must be > 0"),
        ([1.0, 2.0], [0.5, 3.0], "y > floor = 0.5"),
    ],
)
def test_points_without_a_law_are_refused(x, y, message):
    with pytest.raises(ValueError, match=message):
        fit_power_law(np.array(x), np.array(y), floor=0.5)


def test_the_loss_by_hand():
    """10^0.34 = 2.18776 and 10^0.28 = 1.90546."""
    assert scaling_loss(10, 10) == pytest.approx(1.69 + 406.4 / 2.18776 + 410.7 / 1.90546, rel=1e-5)
    assert scaling_loss(1e99, 1e99) == pytest.approx(1.69)


@pytest.mark.parametrize("flops", [1e15, 5.76e23])
def test_the_best_split_is_the_minimizers(flops):
    optimize = pytest.importorskip("scipy.optimize")
    n, d = compute_optimal(flops)
    assert 6 * n * d == pytest.approx(flops)
    best = optimize.minimize_scalar(
        lambda u: scaling_loss(np.exp(u), flops / 6 / np.exp(u)), bracket=(10, 25), tol=1e-12
    )
    assert np.log(n) == pytest.approx(best.x, abs=1e-5)


def test_no_operations_train_nothing():
    with pytest.raises(ValueError, match="flops must be positive; got 0"):
        compute_optimal(0)
