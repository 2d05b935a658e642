"""Smooth rectifiers: numbers by hand, limits, and how far the two gelus are apart.

Gradients, precision, PyTorch and Keras are in test_ops.py.
"""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.autograd import Tensor
from labkit.ops import elu, gelu, relu, sigmoid, silu, softplus


def slope(function, x, **config):
    x = Tensor([x], requires_grad=True)
    function(x, **config).backward()
    return x.grad.item()


def test_by_hand():
    """e^-ln 2 - 1 = -1/2; ln(1 + 3) = 2 ln 2; 3/4 ln 3; Phi(1) = 0.841345 from a table."""
    x = np.array([-math.log(2), math.log(3)])
    np.testing.assert_allclose(elu(x, alpha=3.0), [-1.5, math.log(3)])
    np.testing.assert_allclose(softplus(x), [math.log(1.5), 2 * math.log(2)])
    np.testing.assert_allclose(silu(x), [-math.log(2) / 3, 0.75 * math.log(3)])
    assert gelu(np.array([1.0]))[0] == pytest.approx(0.841345, abs=5e-7)


def test_slopes_by_hand():
    assert slope(elu, -math.log(2), alpha=3.0) == pytest.approx(1.5)
    assert slope(elu, 0.0, alpha=3.0) == 3.0
    assert slope(softplus, math.log(3)) == pytest.approx(0.75)
    assert slope(silu, 0.0) == slope(gelu, 0.0) == slope(gelu, 0.0, approximate="tanh") == 0.5
    # Phi(1) + phi(1) = 0.841345 + 0.241971
    assert slope(gelu, 1.0) == pytest.approx(1.083316, abs=1e-6)


@pytest.mark.parametrize("function", [elu, gelu, silu, softplus])
def test_far_out_they_are_relu(function):
    x = np.array([-1000.0, 1000.0])
    np.testing.assert_allclose(function(x), relu(x) - [function is elu, 0], rtol=0, atol=0)


def test_the_two_gelus_differ_by_less_than_one_in_two_thousand():
    x = np.linspace(-6, 6, 2001)
    apart = np.abs(gelu(x) - gelu(x, approximate="tanh"))
    assert 4e-4 < apart.max() < 5e-4


def test_gelu_keeps_its_smallest_values():
    """Phi(-10) = 7.6198530241605e-24 (Abramowitz and Stegun's tables); 1 + erf would be 0."""
    assert gelu(np.array([-10.0]))[0] == pytest.approx(-7.6198530241605e-23, rel=1e-12)


def test_softplus_keeps_its_smallest_values():
    assert softplus(np.array([-50.0]))[0] == pytest.approx(math.exp(-50), rel=1e-14)


@given(st.floats(-700, 700))
def test_what_a_gate_lets_through_and_what_it_holds_back_add_up(x):
    """softplus(x) - softplus(-x) = x and silu(x) - silu(-x) = x: s(x) + s(-x) = 1."""
    x = np.array([x])
    for function in (softplus, silu, gelu):
        np.testing.assert_allclose(function(x) - function(-x), x, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(silu(x), x * sigmoid(x))


def test_whole_numbers_are_taken():
    assert gelu(np.array([1, 0])).dtype == np.float64


@pytest.mark.parametrize("what", [lambda: gelu(np.ones(1), approximate="erf")])
def test_an_unknown_gelu_is_refused(what):
    with pytest.raises(ValueError, match='approximate must be "none" or "tanh"; got \'erf\''):
        what()
