"""Pooling: each window of an image becomes one number, its largest or its mean."""

import numpy as np

from labkit.autograd import primitive
from labkit.ops.sizes import kernel_span, pair, pool_output_size
from labkit.ops.windows import Windows, pad, taps, unpad


@primitive
def max_pool2d(x, *, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
    r"""Keep the largest number of each window, :eq:`eq-max-pool2d`.

    x (n, c, height, width). Returns (n, c, oh, ow) with the sizes of `pool_output_size`. Each
    setting is a whole number or a pair (rows, columns); stride None means kernel_size. Padding
    never wins: it counts as minus infinity.

    Raises ValueError if x is no batch of images, a number is out of range or no window fits.

    >>> max_pool2d(np.arange(16.0).reshape(1, 1, 4, 4), kernel_size=2)
    array([[[[ 5.,  7.],
             [13., 15.]]]])

    [Goodfellow et al. 2016, section 9.3]
    """
    windows = _pool_windows(x, kernel_size, stride, padding, dilation, ceil_mode)
    padded = pad(x, windows, value=_lowest(x.dtype))
    out = np.full((*x.shape[:2], *windows.out_size), _lowest(x.dtype), dtype=x.dtype)
    for _, _, slices in taps(windows):
        np.maximum(out, padded[slices], out=out)
    return out


@max_pool2d.defvjp
def max_pool2d_vjp(g, out, x, *, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
    """The first of a window to equal its maximum receives all, :eq:`eq-max-pool2d-gradient`."""
    windows = _pool_windows(x, kernel_size, stride, padding, dilation, ceil_mode)
    padded = pad(x, windows, value=_lowest(x.dtype))
    gradient = np.zeros(padded.shape, dtype=g.dtype)
    waiting = np.ones(out.shape, dtype=bool)  # windows whose maximum was not met yet
    for _, _, slices in taps(windows):
        hit = (padded[slices] == out) & waiting
        gradient[slices] += g * hit
        waiting ^= hit
    return (unpad(gradient, windows),)


@primitive
def avg_pool2d(x, *, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True):
    r"""Take the mean of each window, :eq:`eq-avg-pool2d`.

    x (n, c, height, width). Returns (n, c, oh, ow) with the sizes of `pool_output_size`. Each
    setting is a whole number or a pair (rows, columns); stride None means kernel_size. Padding
    counts as zeros, or with count_include_pad=False does not count. What ceil_mode lets a window
    reach beyond the padding never counts.

    Raises ValueError if x is no batch of images, a number is out of range or no window fits.

    >>> avg_pool2d(np.arange(16.0).reshape(1, 1, 4, 4), kernel_size=2)
    array([[[[ 2.5,  4.5],
             [10.5, 12.5]]]])

    [LeCun et al. 1998, section II.B]
    """
    windows = _pool_windows(x, kernel_size, stride, padding, 1, ceil_mode)
    padded = pad(x, windows)
    total = np.zeros((*x.shape[:2], *windows.out_size), dtype=np.result_type(x, np.float32))
    for _, _, slices in taps(windows):
        total += padded[slices]
    return total / _counts(x, windows, padding, count_include_pad)


@avg_pool2d.defvjp
def avg_pool2d_vjp(
    g, out, x, *, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True
):
    """Every element receives its share of its windows' gradients, :eq:`eq-avg-pool2d-gradient`."""
    windows = _pool_windows(x, kernel_size, stride, padding, 1, ceil_mode)
    share = g / _counts(x, windows, padding, count_include_pad)
    padded_shape = pad(x, windows).shape
    gradient = np.zeros(padded_shape, dtype=g.dtype)
    for _, _, slices in taps(windows):
        gradient[slices] += share
    return (unpad(gradient, windows),)


def _counts(x, windows, padding, count_include_pad):
    """Return how many elements each window's mean is over, as an array (oh, ow)."""
    along = []
    for size, k, stride, p, out in zip(
        x.shape[2:],
        windows.kernel_size,
        windows.stride,
        pair("padding", padding, at_least=0),
        windows.out_size,
        strict=True,
    ):
        first, end = (-p, size + p) if count_include_pad else (0, size)
        starts = np.arange(out) * stride - p
        along.append(np.minimum(starts + k, end) - np.maximum(starts, first))
    return np.outer(*along).astype(np.result_type(x, np.float32))


def _pool_windows(x, kernel_size, stride, padding, dilation, ceil_mode):
    """Check the arguments of a pooling, and return its windows."""
    if x.ndim != 4:
        raise ValueError(f"x must have the shape (n, channels, height, width); got {x.shape}")
    kernel_size = pair("kernel_size", kernel_size, at_least=1)
    stride = kernel_size if stride is None else pair("stride", stride, at_least=1)
    dilation = pair("dilation", dilation, at_least=1)
    out_size, both_ends = [], []
    for n, k, s, p, d in zip(
        x.shape[2:],
        kernel_size,
        stride,
        pair("padding", padding, at_least=0),
        dilation,
        strict=True,
    ):
        out = pool_output_size(n, k, stride=s, padding=p, dilation=d, ceil_mode=ceil_mode)
        reach = (out - 1) * s + kernel_span(k, d)  # the last window may reach beyond the padding
        out_size.append(out)
        both_ends.append((p, max(p, reach - n - p)))
    return Windows(kernel_size, tuple(out_size), stride, tuple(both_ends), dilation)


def _lowest(dtype):
    """Return what no number of this type is below."""
    return -np.inf if np.issubdtype(dtype, np.floating) else np.iinfo(dtype).min
