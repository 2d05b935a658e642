"""Pooling: numbers by hand, and PyTorch over random settings.

Gradients, precision and extremes are in test_ops.py.
"""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from labkit.autograd import Tensor
from labkit.gradcheck import relative_error
from labkit.ops import avg_pool2d, max_pool2d

SIXTEEN = np.arange(16.0).reshape(1, 1, 4, 4)


# --- by hand ----------------------------------------------------------------------------------


def test_both_by_hand():
    """F000-2: the numbers 0 to 15 in four rows, windows of two by two."""
    np.testing.assert_array_equal(max_pool2d(SIXTEEN, kernel_size=2), [[[[5, 7], [13, 15]]]])
    np.testing.assert_array_equal(
        avg_pool2d(SIXTEEN, kernel_size=2), [[[[2.5, 4.5], [10.5, 12.5]]]]
    )


def test_one_number_is_its_own_maximum_and_mean():
    """F004-5: the maximum of a single number changes nothing."""
    np.testing.assert_array_equal(max_pool2d(SIXTEEN, kernel_size=1), SIXTEEN)
    np.testing.assert_array_equal(avg_pool2d(SIXTEEN, kernel_size=1), SIXTEEN)


def test_the_first_of_equal_maxima_takes_the_gradient():
    x = Tensor(np.array([[[[0.0, 2.0], [2.0, 2.0]]]]), requires_grad=True)
    max_pool2d(x, kernel_size=2).backward(np.array([[[[5.0]]]]))
    np.testing.assert_array_equal(x.grad, [[[[0.0, 5.0], [0.0, 0.0]]]])


def test_a_maximum_of_two_windows_takes_both_gradients():
    x = Tensor(np.array([[[[0.0, 2.0, 1.0]]]]), requires_grad=True)
    max_pool2d(x, kernel_size=(1, 2), stride=1).backward(np.array([[[[5.0, 7.0]]]]))
    np.testing.assert_array_equal(x.grad, [[[[0.0, 12.0, 0.0]]]])


def test_padding_never_wins_a_maximum():
    out = max_pool2d(np.full((1, 1, 2, 2), -3.0), kernel_size=2, padding=1)
    np.testing.assert_array_equal(out, np.full((1, 1, 2, 2), -3.0))


def test_padding_in_a_mean():
    """One number 8 in the corner of a window of four: 2 if padding counts, else 8."""
    x = np.full((1, 1, 2, 2), 8.0)
    np.testing.assert_array_equal(
        avg_pool2d(x, kernel_size=2, padding=1), np.full((1, 1, 2, 2), 2.0)
    )
    np.testing.assert_array_equal(
        avg_pool2d(x, kernel_size=2, padding=1, count_include_pad=False), np.full((1, 1, 2, 2), 8.0)
    )


def test_a_last_window_over_the_end():
    x = np.arange(5.0).reshape(1, 1, 1, 5)
    config = {"kernel_size": (1, 2), "ceil_mode": True}
    np.testing.assert_array_equal(max_pool2d(x, **config), [[[[1, 3, 4]]]])
    np.testing.assert_array_equal(avg_pool2d(x, **config), [[[[0.5, 2.5, 4]]]])


def test_whole_numbers():
    x = np.array([[[[3, -7], [-1, -2]]]])
    np.testing.assert_array_equal(max_pool2d(x, kernel_size=2), [[[[3]]]])
    assert max_pool2d(x, kernel_size=2).dtype == x.dtype
    np.testing.assert_array_equal(max_pool2d(-np.abs(x), kernel_size=2, padding=1), -np.abs(x))
    np.testing.assert_array_equal(avg_pool2d(x, kernel_size=2), [[[[-1.75]]]])


# --- elsewhere --------------------------------------------------------------------------------


@st.composite
def poolings(draw, dilated):
    """Images with many equal numbers, and settings that fit."""
    kernel_size, stride = (draw(st.tuples(st.integers(1, 4), st.integers(1, 4))) for _ in range(2))
    dilation = draw(st.tuples(st.integers(1, 3), st.integers(1, 3))) if dilated else (1, 1)
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel_size)
    size = [
        max(1, d * (k - 1) + 1 - 2 * p) + draw(st.integers(0, 5))
        for k, d, p in zip(kernel_size, dilation, padding, strict=True)
    ]
    config = {"kernel_size": kernel_size, "stride": stride, "padding": padding}
    config["ceil_mode"] = draw(st.booleans())
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    x = rng.integers(4, size=(draw(st.integers(1, 3)), 2, *size)).astype(np.float64)
    return x, config | ({"dilation": dilation} if dilated else {})


def assert_equals_torch(ours, theirs, x, config):
    a, b = Tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    out, expected = ours(a, **config), theirs(b, **config)
    assume(torch.isfinite(expected).all())  # with dilation a window can see padding alone
    assert out.shape == tuple(expected.shape)
    g = np.random.default_rng(1).normal(size=out.shape)
    out.backward(g)
    expected.backward(torch.tensor(g))
    assert relative_error(out.data, expected.detach().numpy()) < 1e-12
    assert relative_error(a.grad, b.grad.numpy()) < 1e-12


SETTINGS = settings(max_examples=80)


@SETTINGS
@given(poolings(dilated=True))
def test_max_pool2d_equals_pytorch(drawn):
    assert_equals_torch(max_pool2d, F.max_pool2d, *drawn)


@SETTINGS
@given(poolings(dilated=False), st.booleans())
def test_avg_pool2d_equals_pytorch(drawn, count_include_pad):
    x, config = drawn
    assert_equals_torch(
        avg_pool2d, F.avg_pool2d, x, {**config, "count_include_pad": count_include_pad}
    )


@pytest.mark.parametrize("function", [max_pool2d, avg_pool2d])
def test_stride_is_the_kernel_size_if_not_said(function, rng):
    x = rng.normal(size=(1, 1, 6, 9))
    np.testing.assert_array_equal(
        function(x, kernel_size=(2, 3)), function(x, kernel_size=(2, 3), stride=(2, 3))
    )


# --- what is refused --------------------------------------------------------------------------


@pytest.mark.parametrize("function", [max_pool2d, avg_pool2d])
@pytest.mark.parametrize(
    ("x", "config", "words"),
    [
        (SIXTEEN[0], {}, r"x must have the shape \(n, channels, height, width\); got \(1, 4, 4\)"),
        (SIXTEEN, {"kernel_size": 5}, "a window of 5 must fit into size 4 with padding 0"),
        (SIXTEEN, {"kernel_size": 0}, "kernel_size must be a whole number, at least 1; got 0"),
        (SIXTEEN, {"padding": 2}, "padding must be at most half of kernel_size 2; got 2"),
        (SIXTEEN, {"stride": 0}, "stride must be a whole number, at least 1; got 0"),
        (SIXTEEN, {"stride": (1, 2, 3)}, "stride must be a whole number or a pair of them"),
        (SIXTEEN, {"padding": -1}, "padding must be a whole number, at least 0; got -1"),
    ],
)
def test_pooling_names_what_is_wrong(function, x, config, words):
    with pytest.raises(ValueError, match=words):
        function(x, **{"kernel_size": 2, **config})
