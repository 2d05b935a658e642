"""Sizes: PyTorch's own outputs over every combination, and numbers done by hand."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from labkit.ops import (
    conv_output_size,
    conv_transpose_output_size,
    pool_output_size,
    receptive_field,
    same_padding,
)
from labkit.ops.sizes import check_groups, check_sizes

SIZES, KERNELS, STRIDES, PADDINGS, DILATIONS = (
    (5, 7, 28, 32, 224),
    (1, 2, 3, 5, 7, 11),
    (1, 2, 3, 4),
    (0, 1, 2, 3),
    (1, 2),
)


def size_or_none(function, *args, **config):
    """What came, or None where it was refused: ValueError is ours, RuntimeError PyTorch's."""
    try:
        out = function(*args, **config)
    except (ValueError, RuntimeError):
        return None
    return out if isinstance(out, int) else out.shape[-1]


# --- convolution ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "k", "s", "p", "d", "out"),
    [
        (28, 3, 1, 0, 1, 26),
        (28, 3, 2, 0, 1, 13),
        (224, 7, 2, 3, 1, 112),  # the first layer of ResNet
        (32, 3, 1, 1, 1, 32),
        (28, 3, 1, 0, 2, 24),
        (224, 11, 4, 2, 1, 55),  # the first layer of AlexNet
        (227, 11, 4, 0, 1, 55),
    ],
)
def test_conv_output_size_by_hand(n, k, s, p, d, out):
    assert conv_output_size(n, k, stride=s, padding=p, dilation=d) == out


def test_conv_output_size_of_every_combination_is_pytorchs():
    """F000-1: the general formula is right in 864 of 864, the source's (n - k) / s + 1 in 120."""
    right, source_right, refused = 0, 0, 0
    for n, k, s, p, d in product(SIZES, KERNELS, STRIDES, PADDINGS, DILATIONS):
        ours = size_or_none(conv_output_size, n, k, stride=s, padding=p, dilation=d)
        x, w = torch.zeros(1, 1, n), torch.zeros(1, 1, k)
        theirs = size_or_none(F.conv1d, x, w, stride=s, padding=p, dilation=d)
        assert ours == theirs, (n, k, s, p, d)
        if theirs is None:
            refused += 1
            continue
        right += 1
        source_right += Fraction(n - k, s) + 1 == theirs
    assert (right, source_right, refused) == (864, 120, 96)


def test_conv_output_size_with_unequal_padding():
    assert conv_output_size(5, 4, padding=(1, 2)) == 5
    assert conv_output_size(5, 4, padding=(0, 3)) == 5


def test_conv_output_size_says_why_a_kernel_does_not_fit():
    with pytest.raises(
        ValueError,
        match="kernel_size 3 with dilation 4 spans 9 elements; "
        "it must fit into size 5 with padding 1, which has 7",
    ):
        conv_output_size(5, 3, padding=1, dilation=4)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"size": 0}, "size must be a whole number, at least 1; got 0"),
        ({"kernel_size": 0}, "kernel_size must be a whole number, at least 1; got 0"),
        ({"kernel_size": (3, 3)}, r"kernel_size must be a whole number, at least 1; got \(3, 3\)"),
        ({"stride": 0}, "stride must be a whole number, at least 1; got 0"),
        ({"stride": 1.0}, r"stride must be a whole number, at least 1; got 1\.0"),
        ({"stride": True}, "stride must be a whole number, at least 1; got True"),
        ({"stride": "2"}, "stride must be a whole number, at least 1; got '2'"),
        ({"padding": -1}, "padding must be a whole number, at least 0; got -1"),
        (
            {"padding": (1, 2, 3)},
            r"padding must be a whole number or a pair of them; got \(1, 2, 3\)",
        ),
        ({"dilation": 0}, "dilation must be a whole number, at least 1; got 0"),
    ],
)
def test_conv_output_size_names_what_is_wrong(config, words):
    with pytest.raises(ValueError, match=words):
        conv_output_size(**{"size": 28, "kernel_size": 3, **config})


def test_whole_numbers_of_numpy_are_whole_numbers():
    out = conv_output_size(np.int64(28), np.int32(3))
    assert out == 26
    assert type(out) is int


# --- transposed convolution -------------------------------------------------------------------


def test_conv_transpose_output_size_of_every_combination_is_pytorchs():
    agreed, refused = 0, 0
    for n, k, s, p, q, d in product(
        (1, 4, 7), (1, 2, 3, 5), (1, 2, 3), range(4), range(4), (1, 2, 3)
    ):
        config = {"stride": s, "padding": p, "output_padding": q, "dilation": d}
        ours = size_or_none(conv_transpose_output_size, n, k, **config)
        x, w = torch.zeros(1, 1, n), torch.zeros(1, 1, k)
        assert ours == size_or_none(F.conv_transpose1d, x, w, **config), (n, k, config)
        agreed, refused = agreed + (ours is not None), refused + (ours is None)
    assert agreed > 500
    assert refused > 500


def test_convolution_takes_the_transposed_size_back():
    for n, k, s, p, d in product((4, 7), (2, 3, 5), (1, 2, 3), (0, 1), (1, 2)):
        for q in range(s):
            config = {"stride": s, "padding": p, "dilation": d}
            large = conv_transpose_output_size(n, k, output_padding=q, **config)
            assert conv_output_size(large, k, **config) == n


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (
            {"output_padding": 2, "stride": 2},
            r"output_padding must be below the stride \(2\) or the",
        ),
        ({"padding": 2, "size": 1}, "padding must leave something; padding 2 leaves size -1"),
        ({"padding": 1, "size": 1, "kernel_size": 2}, "padding 1 leaves size 0"),
        ({"output_padding": -1}, "output_padding must be a whole number, at least 0"),
        ({"padding": -1}, "padding must be a whole number, at least 0"),
        ({"size": 0}, "size must be a whole number, at least 1"),
        ({"stride": 0}, "stride must be a whole number, at least 1"),
    ],
)
def test_conv_transpose_output_size_names_what_is_wrong(config, words):
    with pytest.raises(ValueError, match=words):
        conv_transpose_output_size(**{"size": 4, "kernel_size": 3, **config})


def test_without_settings_a_transposed_convolution_adds_the_kernel_less_one():
    assert conv_transpose_output_size(4, 3) == 6


def test_the_smallest_thing_left_is_one_element():
    assert conv_transpose_output_size(1, 3, padding=1) == 1


# --- pooling ----------------------------------------------------------------------------------


@pytest.mark.parametrize("ceil_mode", [False, True])
def test_pool_output_size_of_every_combination_is_pytorchs(ceil_mode):
    agreed = 0
    for n, k, s, p, d in product(range(1, 10), (1, 2, 3, 4), (1, 2, 3, 5), range(3), (1, 2, 3)):
        config = {"stride": s, "padding": p, "dilation": d, "ceil_mode": ceil_mode}
        ours = size_or_none(pool_output_size, n, k, **config)
        x = torch.zeros(1, 1, 1, n)
        theirs = size_or_none(F.max_pool2d, x, (1, k), (1, s), (0, p), (1, d), ceil_mode=ceil_mode)
        assert ours == theirs, (n, k, config)
        agreed += ours is not None
    assert agreed > 500


def test_pool_output_size_by_hand():
    """Five elements, windows of two: the fifth is left over, or has a window of its own."""
    assert pool_output_size(5, 2) == 2
    assert pool_output_size(5, 2, ceil_mode=True) == 3
    assert pool_output_size(5, 2, stride=1) == 4
    # Windows of 2 at 0, 3 and, behind the four elements, 6 - which would see nothing.
    assert pool_output_size(4, 2, stride=3, ceil_mode=True) == 2


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"padding": 2}, "padding must be at most half of kernel_size 3; got 2"),
        ({"size": 2}, "a window of 3 must fit into size 2 with padding 0"),
        ({"dilation": 4}, "a window of 9 must fit into size 8 with padding 0"),
        ({"stride": 0}, "stride must be a whole number, at least 1; got 0"),
        ({"padding": -1}, "padding must be a whole number, at least 0; got -1"),
        ({"kernel_size": 0}, "kernel_size must be a whole number, at least 1; got 0"),
        ({"size": 0}, "size must be a whole number, at least 1; got 0"),
    ],
)
def test_pool_output_size_names_what_is_wrong(config, words):
    with pytest.raises(ValueError, match=words):
        pool_output_size(**{"size": 8, "kernel_size": 3, **config})


# --- same padding -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("k", "d", "pair"),
    [(1, 1, (0, 0)), (3, 1, (1, 1)), (4, 1, (1, 2)), (2, 1, (0, 1)), (3, 3, (3, 3))],
)
def test_same_padding_by_hand(k, d, pair):
    assert same_padding(k, dilation=d) == pair


def test_same_padding_keeps_every_size():
    for n, k, d in product((1, 5, 28), range(1, 8), (1, 2, 3)):
        assert conv_output_size(n, k, padding=same_padding(k, dilation=d), dilation=d) == n


# --- receptive field --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layers", "field"),
    [
        ([], 1),
        ([1], 1),
        ([3], 3),
        ([3, 3], 5),
        ([(3, 2), 3], 7),
        ([(3, 1, 2), (3, 1, 4)], 13),
        ([[3, 1], [2, 2], [3, 1], [2, 2], [3, 1]], 18),  # the sources' digit network
    ],
)
def test_receptive_field_by_hand(layers, field):
    assert receptive_field(layers) == field


def test_receptive_field_is_where_gradients_arrive():
    """An output in the middle has a gradient for as many inputs as its field has elements."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        layers = [tuple(int(v) for v in rng.integers(1, 4, size=3)) for _ in range(3)]
        x = torch.ones(1, 1, 400, requires_grad=True)
        out = x
        for k, s, d in layers:
            out = F.conv1d(out, torch.ones(1, 1, k), stride=s, dilation=d)
        out[0, 0, out.shape[-1] // 2].backward()
        seen = torch.nonzero(x.grad[0, 0]).flatten()
        assert receptive_field(layers) == seen[-1] - seen[0] + 1, layers


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        ((), r"a layer is \(kernel_size, stride, dilation\) or less; got \(\)"),
        ((3, 1, 1, 1), "a layer is"),
        (0, "kernel_size must be a whole number, at least 1; got 0"),
        ((3, 0), "stride must be a whole number, at least 1; got 0"),
        ((3, 1, 0), "dilation must be a whole number, at least 1; got 0"),
    ],
)
def test_receptive_field_names_what_is_wrong(layer, words):
    with pytest.raises(ValueError, match=words):
        receptive_field([3, layer])


# --- what layers check ------------------------------------------------------------------------


def test_sizes_are_whole_numbers_from_one():
    check_sizes(d_in=1, d_out=7)
    for wrong in (0, -1, 1.0, True):
        with pytest.raises(ValueError, match=f"d_out must be a whole number, .* got {wrong}"):
            check_sizes(d_in=3, d_out=wrong)


def test_groups_divide_all_channels():
    check_groups(1, c_in=1, c_out=3)
    check_groups(3, c_in=6, c_out=9)
    with pytest.raises(ValueError, match="groups must divide c_out, here 8; got 3"):
        check_groups(3, c_in=6, c_out=8)
    for wrong in (0, 1.0):
        with pytest.raises(ValueError, match="groups must be a whole number, at least 1; got"):
            check_groups(wrong, c_in=6)


# --- counted one place at a time ----------------------------------------------------------------

settings = {
    "n": st.integers(1, 60),
    "k": st.integers(1, 7),
    "s": st.integers(1, 5),
    "p": st.integers(0, 6),
    "d": st.integers(1, 4),
}


@given(**settings, after=st.integers(0, 6))
def test_a_kernel_is_moved_until_it_no_longer_fits(n, k, s, p, d, after):
    last_element = d * (k - 1)
    places = [i for i in range(0, n + p + after, s) if i + last_element < n + p + after]
    ours = size_or_none(conv_output_size, n, k, stride=s, padding=(p, after), dilation=d)
    assert ours == (len(places) or None)


@given(**settings, ceil_mode=st.booleans())
def test_a_window_is_moved_until_it_no_longer_may(n, k, s, p, d, ceil_mode):
    """With ceil_mode one more that does not fit, if something is left for it and it does not start
    in the padding at the end.
    """
    p = min(p, k // 2)
    fits = [i for i in range(0, n + 2 * p, s) if i + d * (k - 1) < n + 2 * p]
    following = len(fits) * s
    left_over = (following - s) + d * (k - 1) + 1 < n + 2 * p
    more = ceil_mode and left_over and following < n + p
    config = {"stride": s, "padding": p, "dilation": d, "ceil_mode": ceil_mode}
    assert size_or_none(pool_output_size, n, k, **config) == (len(fits) + more or None)
