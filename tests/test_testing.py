"""The checks must catch what is wrong, and say it well."""

import warnings

import numpy as np
import pytest

from labkit import ops
from labkit.autograd import PRIMITIVES
from labkit.testing import Mismatch, check_forward, check_vjp


def mismatch(check, name, fn):
    with pytest.raises(Mismatch) as caught:
        check(name, fn)
    return str(caught.value)


def softmax_without_shift(x, *, axis=-1):
    return np.exp(x) / np.exp(x).sum(axis=axis, keepdims=True)


def sigmoid_that_overflows(x):
    return 1 / (1 + np.exp(-x))


def cross_entropy_summed(logits, target):
    return ops.cross_entropy(logits, target) * target.size


def cross_entropy_of_a_clipped_probability(logits, target):
    p = np.take_along_axis(ops.softmax(logits), target[..., np.newaxis], -1)
    return -np.log(p + 1e-12).mean()


def relu_in_place(x):
    x *= x > 0
    return x


def relu_in_float64(x):
    return np.maximum(x, np.zeros(1))


@pytest.mark.parametrize(
    ("name", "fn", "words"),
    [
        ("relu", lambda x: x, "The value at index"),
        ("relu", lambda x: x[:1], "should have shape (3, 4); it has (1, 4)"),
        ("relu", lambda x: None, "The value should be an array; it is None"),
        ("relu", relu_in_place, "changed one of its arguments"),
        ("relu", relu_in_float64, "should be float32, as the arguments are; it is float64"),
        ("relu", lambda x, y: x, "stopped with TypeError"),
        ("softmax", softmax_without_shift, "stopped with RuntimeWarning: overflow"),
        ("sigmoid", sigmoid_that_overflows, "stopped with RuntimeWarning: overflow"),
        ("cross_entropy", cross_entropy_summed, "The value should be"),
        ("cross_entropy", cross_entropy_of_a_clipped_probability, "The value should be"),
        ("sigmoid", lambda x: np.full_like(x, np.nan), "it is nan"),
    ],
)
def test_a_wrong_function_is_caught(name, fn, words):
    assert words in mismatch(check_forward, name, fn)


@pytest.mark.parametrize(
    ("name", "rule", "words"),
    [
        ("tanh", lambda g, out, x: g * (1 - out**2), "should return a tuple"),
        ("tanh", lambda g, out, x: (None,), "The gradient of x should be an array; it is None"),
        ("tanh", lambda g, out, x: ((g * (1 - out**2))[:, :2],), "does not fit"),
        ("tanh", lambda g, out, x: (np.float64(1) * g * (1 - out**2) * np.ones(1),), "be float32"),
        (
            "linear",
            lambda g, out, x, w, b=None: (g @ w.T, x.T @ g, g.mean(axis=0)),
            "The gradient of b at index",
        ),
        (
            "softmax",
            lambda g, out, x, *, axis=-1: (g * out * (1 - out),),
            "The gradient of x at index",
        ),
        (
            "cross_entropy",
            lambda g, out, z, y: (g * (ops.softmax(z) - ops.one_hot(y, k=z.shape[-1])), None),
            "The gradient of logits at index",
        ),
        (
            "max_pool2d",
            lambda g, out, x, **config: (
                PRIMITIVES["max_pool2d"].vjp(g, out, x[..., ::-1], **config)[0][..., ::-1],
            ),
            "The gradient of x",
        ),
    ],
)
def test_a_wrong_rule_is_caught(name, rule, words):
    assert words in mismatch(check_vjp, name, rule)


def test_a_message_names_the_case_the_arguments_and_both_numbers():
    message = mismatch(check_forward, "leaky_relu", lambda x, *, negative_slope=0.01: ops.relu(x))
    first, second = message.splitlines()
    assert first.startswith('leaky_relu, case "a matrix": tried with x = [[ 0.126, -0.132,  0.64 ')
    assert second == "The value at index (2, 1) should be -0.01265; it is 0.0."


def test_a_message_names_the_setting():
    message = mismatch(check_forward, "softmax", lambda x, *, axis=-1: ops.softmax(x, axis=-1))
    assert 'softmax, case "first axis"' in message
    assert "axis = 0" in message


def test_the_right_function_passes():
    check_forward("sigmoid", lambda x: 0.5 * (1 + np.tanh(x / 2)))
    check_vjp("sigmoid", lambda g, out, x: (g * (out - out**2),))


def test_warnings_outside_stay_as_they_were():
    before = list(warnings.filters)
    check_forward("relu", ops.relu)
    assert list(warnings.filters) == before
