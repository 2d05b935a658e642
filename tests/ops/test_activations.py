"""Activations: numbers by hand, and what must hold at the extremes.

Gradients, precision, PyTorch and Keras are in test_ops.py.
"""

import numpy as np
import pytest

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
