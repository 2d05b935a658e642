"""The windows of an image: what convolution and pooling look at, and how gradients go back.

A kernel that slides over an image sees one window at each place. Here is where these windows lie
(`Windows`), the windows as columns of numbers (`im2col`), and columns of gradients added up where
the numbers came from (`col2im`). `taps` goes the other way round: not all elements of one window,
but one element of all windows at once, which is a slice of the image.
"""

from typing import NamedTuple

import numpy as np


class Windows(NamedTuple):
    """Where the windows of an image lie; each field is (for the rows, for the columns).

    >>> windows = Windows((2, 2), (3, 3), (1, 1), ((1, 0), (1, 0)), (1, 1))
    >>> windows.padding[0]
    (1, 0)
    """

    kernel_size: tuple[int, int]
    out_size: tuple[int, int]  # how many windows
    stride: tuple[int, int]
    padding: tuple[tuple[int, int], tuple[int, int]]  # (before, after) for each
    dilation: tuple[int, int]


def pad(x, windows, *, value=0.0):
    """Return the images x (n, c, height, width) with their padding, filled with value.

    >>> windows = Windows((1, 2), (1, 2), (1, 1), ((0, 0), (1, 0)), (1, 1))
    >>> pad(np.array([[[[7, 8]]]]), windows, value=-1)
    array([[[[-1,  7,  8]]]])
    """
    if windows.padding == ((0, 0), (0, 0)):
        return x
    return np.pad(x, ((0, 0), (0, 0), *windows.padding), constant_values=value)


def unpad(padded, windows):
    """Return the images inside the padding; the reverse of `pad`.

    >>> windows = Windows((1, 2), (1, 2), (1, 1), ((0, 0), (1, 0)), (1, 1))
    >>> unpad(np.array([[[[-1, 7, 8]]]]), windows)
    array([[[[7, 8]]]])
    """
    (top, bottom), (left, right) = windows.padding
    height, width = padded.shape[2:]
    return padded[:, :, top : height - bottom, left : width - right]


def taps(windows):
    """Yield (i, j, slices) for each kernel element: what it meets in all windows of an image.

    >>> windows = Windows((1, 2), (2, 2), (1, 2), ((0, 0), (0, 0)), (1, 1))
    >>> image = np.arange(8).reshape(1, 1, 2, 4)
    >>> for i, j, slices in taps(windows):
    ...     print((i, j), image[slices].tolist())
    (0, 0) [[[[0, 2], [4, 6]]]]
    (0, 1) [[[[1, 3], [5, 7]]]]
    """
    for i, j in np.ndindex(windows.kernel_size):
        rows, columns = (
            slice(tap * dilation, tap * dilation + (out - 1) * stride + 1, stride)
            for tap, out, stride, dilation in zip(
                (i, j), windows.out_size, windows.stride, windows.dilation, strict=True
            )
        )
        yield i, j, (slice(None), slice(None), rows, columns)


def im2col(x, windows):
    """Return the windows of x (n, c, height, width) as a view (n, c, kh, kw, oh, ow).

    >>> windows = Windows((2, 2), (1, 2), (1, 1), ((0, 0), (0, 0)), (1, 1))
    >>> image = np.arange(6).reshape(1, 1, 2, 3)
    >>> im2col(image, windows).reshape(4, 2)
    array([[0, 1],
           [1, 2],
           [3, 4],
           [4, 5]])
    """
    (dh, dw), (sh, sw), (oh, ow) = windows.dilation, windows.stride, windows.out_size
    span = tuple(
        d * (k - 1) + 1 for d, k in zip(windows.dilation, windows.kernel_size, strict=True)
    )
    everywhere = np.lib.stride_tricks.sliding_window_view(pad(x, windows), span, axis=(2, 3))
    at_stride = everywhere[:, :, ::sh, ::sw, ::dh, ::dw][:, :, :oh, :ow]  # (n, c, oh, ow, kh, kw)
    return at_stride.transpose(0, 1, 4, 5, 2, 3)  # (n, c, kh, kw, oh, ow)


def col2im(cols, size, windows):
    """Add the columns (n, c, kh, kw, oh, ow) up into images (n, c, height, width) of this size.

    An element that lies in several windows receives the sum from all of them.

    >>> windows = Windows((2, 2), (1, 2), (1, 1), ((0, 0), (0, 0)), (1, 1))
    >>> col2im(np.ones((1, 1, 2, 2, 1, 2)), (2, 3), windows)
    array([[[[1., 2., 1.],
             [1., 2., 1.]]]])
    """
    padded_size = (
        n + before + after for n, (before, after) in zip(size, windows.padding, strict=True)
    )
    images = np.zeros((*cols.shape[:2], *padded_size), dtype=cols.dtype)
    for i, j, slices in taps(windows):
        images[slices] += cols[:, :, i, j]
    return unpad(images, windows)
