"""Activations: numbers by hand, and what must hold at the extremes.

Gradients, precision, PyTorch and Keras are in test_ops.py.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from labkit.autograd import Tensor
from labkit.ops import leaky_relu, log_softmax, relu, sigmoid, softmax, tanh

# F001-2: the pre-activation of the source's worked example, corrected
PRE_ACTIVATION = np.array([1.0, 1.0, -2.0, 1.0])


def gradient(function, x, **config):
    x = Tensor(np.array(x), requires_grad=True)
    function(x, **config).sum().backward()
    return x.grad


def test_the_worked_example():
    np.testing.assert_array_equal(relu(PRE_ACTIVATION), [1, 1, 0, 1])
    np.testing.assert_allclose(
        sigmoid(PRE_ACTIVATION), [0.731059, 0.731059, 0.119203, 0.731059], atol=5e-7
    )
    np.testing.assert_allclose(
        tanh(PRE_ACTIVATION), [0.761594, 0.761594, -0.964028, 0.761594], atol=5e-7
    )


def test_the_worked_gradient():
    """F001-4: the first unit passes 1 through ReLU, and 0.196612 through the sigmoid."""
    np.testing.assert_array_equal(gradient(relu, PRE_ACTIVATION), [1, 1, 0, 1])
    assert gradient(sigmoid, PRE_ACTIVATION)[0] == pytest.approx(0.196612, abs=5e-7)


def test_leaky_relu_by_hand():
    np.testing.assert_allclose(leaky_relu(np.array([-2.0, 3.0])), [-0.02, 3.0], rtol=1e-15)
    np.testing.assert_allclose(gradient(leaky_relu, [-2.0, 3.0], negative_slope=0.3), [0.3, 1.0])


@pytest.mark.parametrize("function", [relu, leaky_relu])
def test_the_slope_at_zero(function):
    assert gradient(function, [0.0]) == (0 if function is relu else 0.01)


def test_sigmoid_keeps_its_smallest_values():
    """1 / (1 + e^700) is e^-700 to the last digit, and no warning came on the way."""
    np.testing.assert_allclose(sigmoid(np.array([-700.0])), np.exp([-700.0]), rtol=1e-14)
    np.testing.assert_array_equal(sigmoid(np.array([-1000.0, 1000.0])), [0, 1])


def test_sigmoid_is_symmetric(rng):
    x = rng.normal(size=100) * 5
    np.testing.assert_allclose(sigmoid(x) + sigmoid(-x), 1, rtol=1e-15)


def test_softmax_by_hand():
    np.testing.assert_allclose(
        softmax(np.log([[1.0, 3.0], [2.0, 2.0]])), [[0.25, 0.75], [0.5, 0.5]]
    )
    np.testing.assert_allclose(
        softmax(np.log([[1.0, 3.0], [2.0, 2.0]]), axis=0), [[1 / 3, 0.6], [2 / 3, 0.4]]
    )


def test_softmax_does_not_feel_a_constant(rng):
    z = rng.normal(size=(3, 4))
    np.testing.assert_allclose(softmax(z + 1000), softmax(z), rtol=1e-12)


def test_softmax_of_whole_numbers():
    np.testing.assert_allclose(softmax(np.array([0, 0])), [0.5, 0.5])


def test_a_masked_logit_has_no_probability():
    np.testing.assert_array_equal(softmax(np.array([0.0, -np.inf, 0.0])), [0.5, 0, 0.5])


def test_confident_and_wrong_softmax_has_exactly_no_gradient():
    """With e^-1000 = 0 the probability is a corner; log_softmax still knows the way back."""
    z = Tensor(np.array([0.0, -1000.0]), requires_grad=True)
    softmax(z)[1].backward()
    np.testing.assert_array_equal(z.grad, [0, 0])
    z = Tensor(np.array([0.0, -1000.0]), requires_grad=True)
    log_softmax(z)[1].backward()
    np.testing.assert_array_equal(z.grad, [-1, 1])


def test_log_softmax_is_exact_where_softmax_is_zero():
    np.testing.assert_array_equal(log_softmax(np.array([[1000.0, -1000.0]])), [[0, -2000]])


# --- what holds of any numbers ------------------------------------------------------------------

numbers = st.floats(-50, 50)
tables = arrays(np.float64, st.tuples(st.integers(1, 4), st.integers(1, 5)), elements=numbers)


@given(tables, st.integers(-2, 1), st.floats(-1000, 1000))
def test_softmax_is_a_distribution_that_feels_differences_alone(z, axis, shift):
    p = softmax(z, axis=axis)
    assert (p >= 0).all()
    np.testing.assert_allclose(p.sum(axis=axis), 1, rtol=1e-14)
    np.testing.assert_allclose(softmax(z + shift, axis=axis), p, rtol=1e-11)
    np.testing.assert_allclose(np.exp(log_softmax(z, axis=axis)), p, rtol=1e-13)
    of_largest = np.exp(z - z.max(axis=axis, keepdims=True))
    np.testing.assert_allclose(p, of_largest * p.max(axis=axis, keepdims=True), rtol=1e-13)


@given(tables, st.randoms(use_true_random=False))
def test_softmax_follows_any_order(z, random):
    order = random.sample(range(z.shape[1]), z.shape[1])
    for function in (softmax, log_softmax):
        out = function(z)[:, order]
        np.testing.assert_allclose(function(z[:, order]), out, rtol=1e-13, atol=1e-13)


@given(numbers, numbers)
def test_a_softmax_of_two_is_the_sigmoid_of_their_difference(a, b):
    first, second = softmax(np.array([a, b]))
    assert first == pytest.approx(sigmoid(np.array(a - b)), rel=1e-12)
    assert second == pytest.approx(sigmoid(np.array(b - a)), rel=1e-12)


@given(numbers)
def test_the_hyperbolic_tangent_is_a_stretched_sigmoid(x):
    x = np.array(x)
    assert tanh(x) == pytest.approx(2 * sigmoid(2 * x) - 1, abs=1e-15)


@given(numbers, st.floats(0.01, 0.99))
def test_rectifiers_split_a_number_into_its_two_sides(x, slope):
    x = np.array(x)
    assert relu(x) - relu(-x) == x
    assert leaky_relu(x, negative_slope=slope) == pytest.approx(relu(x) - slope * relu(-x))
