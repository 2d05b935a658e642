"""The ruler must be right before it measures."""

import numpy as np
import pytest

from labkit.gradcheck import numerical_gradient, relative_error


def test_gradient_of_a_cubic_by_hand():
    x = np.array([[1.0, -2.0, 0.5]])  # d(x^3)/dx = 3 x^2
    np.testing.assert_allclose(
        numerical_gradient(lambda x: (x**3).sum(), x), [[3.0, 12.0, 0.75]], rtol=1e-9
    )


def test_gradient_is_central():
    """A one-sided difference of x^2 at 0 is eps, the central one exactly 0."""
    assert numerical_gradient(lambda x: (x**2).sum(), np.array([0.0])) == 0


@pytest.mark.parametrize("eps", [1e-2, 1e-3])
def test_error_falls_with_eps_squared(eps):
    """The central difference of x^3 is 3 x^2 + eps^2, exactly."""
    gradient = numerical_gradient(lambda x: (x**3).sum(), np.array([2.0]), eps=eps)
    assert gradient == pytest.approx(12 + eps**2, rel=1e-10)


def test_x_is_left_as_it_was():
    x = np.array([1.0, 2.0])
    numerical_gradient(lambda x: x.prod(), x)
    np.testing.assert_array_equal(x, [1.0, 2.0])


def test_a_number_and_nothing():
    assert numerical_gradient(lambda x: 5 * x, np.array(3.0)) == pytest.approx(5)
    assert numerical_gradient(lambda x: x.sum(), np.zeros((0, 3))).shape == (0, 3)


def test_low_precision_is_refused():
    with pytest.raises(ValueError, match="x must be float64; got float32"):
        numerical_gradient(np.sum, np.ones(2, dtype=np.float32))


def test_relative_error_by_hand():
    assert relative_error(np.array([3.0, -4.0]), np.array([3.0, -5.0])) == pytest.approx(0.2)


def test_relative_error_of_zeros_and_of_nothing_is_zero():
    assert relative_error(np.zeros(3), np.zeros(3)) == 0
    assert relative_error(np.zeros((0, 2)), np.zeros((0, 2))) == 0


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("other", [0.0, 1.0, np.nan, np.inf])
def test_what_is_not_finite_is_below_no_tolerance(bad, other):
    assert not relative_error(np.array([1.0, bad]), np.array([1.0, other])) <= 1e300
    assert not relative_error(np.array([1.0, other]), np.array([1.0, bad])) <= 1e300


def test_whole_numbers_do_not_wrap_around():
    assert relative_error(np.uint8([1]), np.uint8([2])) == 0.5


def test_shapes_must_agree():
    with pytest.raises(ValueError, match=r"same shape; got \(3,\) and \(3, 1\)"):
        relative_error(np.zeros(3), np.zeros((3, 1)))
