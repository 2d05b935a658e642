"""Convolution: numbers by hand, the plain loops, SciPy, and PyTorch over random settings.

Gradients, precision and extremes are in test_ops.py.
"""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import convolve2d, correlate2d

from labkit.autograd import Tensor
from labkit.gradcheck import relative_error
from labkit.ops import conv2d, conv2d_loop, conv_transpose2d

IMAGE = np.array([[[[1.0, 2.0, 0.0], [0.0, 1.0, 3.0], [4.0, 0.0, 1.0]]]])
KERNEL = np.array([[[[1.0, -1.0], [2.0, 0.5]]]])


# --- by hand ----------------------------------------------------------------------------------


@pytest.mark.parametrize("function", [conv2d, conv2d_loop])
def test_conv2d_by_hand(function):
    # top left: 1*1 - 1*2 + 2*0 + 0.5*1 = -0.5, and so on
    np.testing.assert_array_equal(function(IMAGE, KERNEL), [[[[-0.5, 5.5], [7.0, -1.5]]]])


@pytest.mark.parametrize("function", [conv2d, conv2d_loop])
def test_conv2d_by_hand_with_a_bias_padding_and_stride(function):
    out = function(IMAGE, KERNEL, np.array([10.0]), stride=2, padding=1)
    # windows two apart, without their zeros: 0.5*1; 2*2; -1*0 + 0.5*4; 1*1 - 1*3 + 0.5*1
    np.testing.assert_array_equal(out, [[[[10.5, 14.0], [12.0, 8.5]]]])


def test_conv2d_gradient_by_hand():
    x, w, b = (Tensor(a, requires_grad=True) for a in (IMAGE, KERNEL, np.zeros(1)))
    conv2d(x, w, b).backward(np.array([[[[1.0, 0.0], [0.0, 10.0]]]]))
    # the kernel meets the windows at the top left and, ten times, at the bottom right
    np.testing.assert_array_equal(w.grad, [[[[11.0, 32.0], [0.0, 11.0]]]])
    np.testing.assert_array_equal(
        x.grad, [[[[1.0, -1.0, 0.0], [2.0, 10.5, -10.0], [0.0, 20.0, 5.0]]]]
    )
    np.testing.assert_array_equal(b.grad, [11.0])


def test_conv_transpose2d_by_hand():
    out = conv_transpose2d(np.array([[[[1.0, 2.0]]]]), KERNEL, np.array([100.0]), stride=(1, 2))
    np.testing.assert_array_equal(
        out, [[[[101.0, 99.0, 102.0, 98.0], [102.0, 100.5, 104.0, 101.0]]]]
    )


def test_output_padding_adds_rows_that_only_the_bias_reaches():
    x, w, b = np.ones((1, 1, 2, 2)), np.ones((1, 1, 2, 2)), np.array([7.0])
    out = conv_transpose2d(x, w, b, stride=3, output_padding=(1, 2))
    assert out.shape == (1, 1, 6, 7)
    np.testing.assert_array_equal(out[0, 0, -1], np.full(7, 7.0))
    np.testing.assert_array_equal(out[0, 0, :, -2:], np.full((6, 2), 7.0))


def test_an_edge_answers_an_edge():
    image = np.zeros((1, 1, 4, 6))
    image[..., 3:] = 1.0
    edges = conv2d(image, np.array([[[[-1.0, 1.0]]]]))
    np.testing.assert_array_equal(edges[0, 0], np.tile([0.0, 0.0, 1.0, 0.0, 0.0], (4, 1)))


# --- elsewhere --------------------------------------------------------------------------------


def test_it_is_correlation_not_convolution(rng):
    x, w = rng.normal(size=(7, 9)), rng.normal(size=(3, 4))
    ours = conv2d(x[None, None], w[None, None])[0, 0]
    np.testing.assert_allclose(ours, correlate2d(x, w, mode="valid"), rtol=1e-12)
    assert relative_error(ours, convolve2d(x, w, mode="valid")) > 0.1
    np.testing.assert_allclose(
        conv_transpose2d(x[None, None], w[None, None])[0, 0], convolve2d(x, w), rtol=1e-12
    )


pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))
SETTINGS = settings(max_examples=60)


@st.composite
def convolutions(draw, transposed=False):
    """Images, kernels, bias and settings that fit, each size drawn by itself."""
    groups = draw(st.integers(1, 3))
    c_in, c_out = groups * draw(st.integers(1, 2)), groups * draw(st.integers(1, 2))
    kernel_size, stride, dilation = draw(pairs), draw(pairs), draw(pairs)
    padding = draw(st.tuples(st.integers(0, 2), st.integers(0, 2)))
    least = [
        max(1, d * (k - 1) + 1 - 2 * p)
        for k, d, p in zip(kernel_size, dilation, padding, strict=True)
    ]
    if transposed:
        least = [1 + (2 * p) // s for p, s in zip(padding, stride, strict=True)]
    size = [n + draw(st.integers(0, 4)) for n in least]
    n = draw(st.integers(0, 3))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    w_channels = (c_in, c_out // groups) if transposed else (c_out, c_in // groups)
    arrays = (
        rng.normal(size=(n, c_in, *size)),
        rng.normal(size=(*w_channels, *kernel_size)),
        rng.normal(size=c_out),
    )
    config = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    if transposed:
        config["output_padding"] = tuple(
            draw(st.integers(0, max(s, d) - 1)) for s, d in zip(stride, dilation, strict=True)
        )
    return arrays, config


def assert_equals_torch(ours, theirs, arrays, config):
    a = [Tensor(array, requires_grad=True) for array in arrays]
    b = [torch.tensor(array, requires_grad=True) for array in arrays]
    out, expected = ours(*a, **config), theirs(*b, **config)
    assert out.shape == tuple(expected.shape)
    g = np.random.default_rng(1).normal(size=out.shape)
    out.backward(g)
    expected.backward(torch.tensor(g))
    assert relative_error(out.data, expected.detach().numpy()) < 1e-12
    for x, y in zip(a, b, strict=True):
        assert relative_error(x.grad, y.grad.numpy()) < 1e-12


@SETTINGS
@given(convolutions())
def test_conv2d_equals_pytorch(drawn):
    assert_equals_torch(conv2d, F.conv2d, *drawn)


@SETTINGS
@given(convolutions(transposed=True))
def test_conv_transpose2d_equals_pytorch(drawn):
    assert_equals_torch(conv_transpose2d, F.conv_transpose2d, *drawn)


@SETTINGS
@given(convolutions())
def test_the_loops_equal_pytorch(drawn):
    arrays, config = drawn
    expected = F.conv2d(*(torch.tensor(a) for a in arrays), **config).numpy()
    assert relative_error(conv2d_loop(*arrays, **config), expected) < 1e-12


@SETTINGS
@given(convolutions())
def test_transposed_means_transposed(drawn):
    """<conv(x), y> = <x, conv_transpose(y)> for every x and y; what was cut comes back."""
    (x, w, _), config = drawn
    out = conv2d(x, w, **config)
    y = np.random.default_rng(2).normal(size=out.shape)
    span = [d * (k - 1) + 1 for d, k in zip(config["dilation"], w.shape[2:], strict=True)]
    unseen = tuple(
        (n + 2 * p - m) % s
        for n, p, m, s in zip(x.shape[2:], config["padding"], span, config["stride"], strict=True)
    )
    back = conv_transpose2d(y, w, **config, output_padding=unseen)
    assert back.shape == x.shape
    np.testing.assert_allclose((out * y).sum(), (x * back).sum(), rtol=1e-9, atol=1e-9)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning")
@pytest.mark.parametrize("kernel_size", [(3, 3), (4, 2), (1, 5)])
@pytest.mark.parametrize("dilation", [1, (2, 3)])
@pytest.mark.parametrize("padding", ["same", "valid"])
def test_padding_in_words_equals_pytorch(rng, kernel_size, dilation, padding):
    x, w = rng.normal(size=(2, 2, 13, 14)), rng.normal(size=(3, 2, *kernel_size))
    expected = F.conv2d(
        torch.tensor(x), torch.tensor(w), padding=padding, dilation=dilation
    ).numpy()
    for function in (conv2d, conv2d_loop):
        out = function(x, w, padding=padding, dilation=dilation)
        assert relative_error(out, expected) < 1e-12
    assert (out.shape[2:] == x.shape[2:]) == (padding == "same" or kernel_size == (1, 1))


def test_an_int_means_a_pair_of_it(rng):
    x, w = rng.normal(size=(1, 2, 9, 9)), rng.normal(size=(2, 2, 3, 3))
    settings = {"stride": 2, "padding": 1, "dilation": 2}
    pairs = {key: (value, value) for key, value in settings.items()}
    np.testing.assert_array_equal(conv2d(x, w, **settings), conv2d(x, w, **pairs))


# --- what is refused --------------------------------------------------------------------------

X, W, B = np.zeros((2, 4, 5, 5)), np.zeros((6, 4, 3, 3)), np.zeros(6)


@pytest.mark.parametrize("function", [conv2d, conv2d_loop])
@pytest.mark.parametrize(
    ("arrays", "config", "words"),
    [
        ((X[0], W), {}, r"x must have the shape \(n, channels, height, width\); got \(4, 5, 5\)"),
        ((X, W[0]), {}, r"w must have the shape \(out, in, kh, kw\); got \(4, 3, 3\)"),
        (
            (X, W[:, :3]),
            {},
            r"w must have c_in/groups channels, here 4/1; got shape \(6, 3, 3, 3\)",
        ),
        ((X, W[:, :2]), {"groups": 4}, "w must have c_in/groups channels, here 4/4"),
        ((X, W[:5, :2]), {"groups": 2}, "groups must divide the 5 output channels of w; got 2"),
        ((X, W), {"groups": 0}, "groups must be a whole number, at least 1; got 0"),
        ((X, W, B[:5]), {}, r"b must have one number per output channel, 6; got \(5,\)"),
        ((X, W, B[:, None]), {}, r"b must have one number per output channel, 6; got \(6, 1\)"),
        ((X, W), {"stride": (1, 0)}, "stride must be a whole number, at least 1; got 0"),
        ((X, W), {"stride": (1, 1, 1)}, r"stride must be a whole number or a pair of them"),
        ((X, W), {"padding": -1}, "padding must be a whole number, at least 0; got -1"),
        (
            (X, W),
            {"padding": "full"},
            'padding must be "same", "valid", a number or a pair; got \'full\'',
        ),
        ((X, W), {"padding": "same", "stride": 2}, r'padding="same" needs stride 1; got \(2, 2\)'),
        ((X, W), {"dilation": 3}, "kernel_size 3 with dilation 3 spans 7 elements"),
        ((X, W), {"dilation": 0}, "dilation must be a whole number, at least 1; got 0"),
    ],
)
def test_conv2d_names_what_is_wrong(function, arrays, config, words):
    with pytest.raises(ValueError, match=words):
        function(*arrays, **config)


@pytest.mark.parametrize(
    ("arrays", "config", "words"),
    [
        ((X[0], W), {}, r"x must have the shape \(n, channels, height, width\)"),
        ((X, W), {}, r"w must start with c_in, here 4; got shape \(6, 4, 3, 3\)"),
        ((X, W[:4]), {"groups": 3}, "groups must divide the 4 input channels of x; got 3"),
        ((X, W[:4], B), {}, r"b must have one number per output channel, 4; got \(6,\)"),
        ((X, W[:4], B), {"groups": 2}, r"b must have one number per output channel, 8; got \(6,\)"),
        ((X, W[:4]), {"output_padding": 1}, r"output_padding must be below the stride \(1\)"),
        ((X, W[:4]), {"padding": 4}, "padding must leave something; padding 4 leaves size -1"),
        ((X, W[:4]), {"padding": "same"}, "padding must be a whole number, at least 0; got 'same'"),
    ],
)
def test_conv_transpose2d_names_what_is_wrong(arrays, config, words):
    with pytest.raises(ValueError, match=words):
        conv_transpose2d(*arrays, **config)
