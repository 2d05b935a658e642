"""Convolution and transposed convolution of images, and convolution by plain loops.

What the field calls convolution is cross-correlation: the kernel is not turned over. Each of the
two is the other's gradient with respect to the image, and they share the gradient with respect to
the kernel, so three products of matrices are all there is: `_correlate`, `_spread`, `_overlap`.
"""

import math

import numpy as np

from labkit.autograd import primitive
from labkit.ops.sizes import (
    conv_output_size,
    conv_transpose_output_size,
    pair,
    same_padding,
    whole,
)
from labkit.ops.windows import Windows, col2im, im2col, pad


@primitive
def conv2d(x, w, b=None, *, stride=1, padding=0, dilation=1, groups=1):
    r"""Slide kernels over images and sum the products, :eq:`eq-conv2d`.

    x (n, c_in, height, width), w (c_out, c_in/groups, kh, kw), b (c_out,) or None. Returns
    (n, c_out, oh, ow) with the sizes of `conv_output_size`. stride, padding and dilation are each
    a whole number or a pair (rows, columns); padding may be "valid" (none) or "same" (the size
    stays, stride 1 only). With groups, each group of outputs sees its own group of inputs.

    Raises ValueError if shapes do not match, a number is out of range or the kernel does not fit.

    >>> image = np.arange(9.0).reshape(1, 1, 3, 3)
    >>> conv2d(image, np.array([[[[-1.0, 1.0]]]]))
    array([[[[1., 1.],
             [1., 1.],
             [1., 1.]]]])

    [Goodfellow et al. 2016, equation 9.6]
    """
    windows = _conv_windows(x, w, b, stride, padding, dilation, groups)
    return _plus_bias(_correlate(x, w, windows, groups), b)


@conv2d.defvjp
def conv2d_vjp(g, out, x, w, b=None, *, stride=1, padding=0, dilation=1, groups=1):
    """Spread g through the kernels, and overlap it with the image, :eq:`eq-conv2d-gradient`."""
    windows = _conv_windows(x, w, b, stride, padding, dilation, groups)
    return (
        _spread(g, w, x.shape[2:], windows, groups),
        _overlap(g, x, w.shape, windows, groups),
        None if b is None else g.sum(axis=(0, 2, 3)),
    )


@primitive
def conv_transpose2d(x, w, b=None, *, stride=1, padding=0, output_padding=0, dilation=1, groups=1):
    r"""Spread every pixel through a kernel and add up, :eq:`eq-conv-transpose2d`.

    x (n, c_in, height, width), w (c_in, c_out/groups, kh, kw), b (c_out,) or None. Returns
    (n, c_out, oh, ow) with the sizes of `conv_transpose_output_size`. Every setting is a whole
    number or a pair (rows, columns). It is `conv2d`'s gradient with respect to its image, with the
    same w, and thus goes from the small image to the large.

    Raises ValueError if shapes do not match or a number is out of range.

    >>> image = np.array([[[[1.0, 10.0]]]])
    >>> conv_transpose2d(image, np.array([[[[1.0, 2.0, 3.0]]]]))
    array([[[[ 1., 12., 23., 30.]]]])

    [Dumoulin and Visin 2016, section 4]
    """
    windows, size = _transpose_windows(x, w, b, stride, padding, output_padding, dilation, groups)
    return _plus_bias(_spread(x, w, size, windows, groups), b)


@conv_transpose2d.defvjp
def conv_transpose2d_vjp(
    g, out, x, w, b=None, *, stride=1, padding=0, output_padding=0, dilation=1, groups=1
):
    """Convolve g, and overlap the image with it, :eq:`eq-conv-transpose2d-gradient`."""
    windows, _ = _transpose_windows(x, w, b, stride, padding, output_padding, dilation, groups)
    return (
        _correlate(g, w, windows, groups),
        _overlap(x, g, w.shape, windows, groups),
        None if b is None else g.sum(axis=(0, 2, 3)),
    )


def conv2d_loop(x, w, b=None, *, stride=1, padding=0, dilation=1, groups=1):
    """Compute `conv2d` the slow way: one output number at a time, :eq:`eq-conv2d`.

    Takes arrays and returns an array; hundreds of times slower than `conv2d`, and plainly right.

    >>> image = np.arange(9.0).reshape(1, 1, 3, 3)
    >>> conv2d_loop(image, np.ones((1, 1, 2, 2)), stride=2, padding=1)
    array([[[[ 0.,  3.],
             [ 9., 24.]]]])
    """
    windows = _conv_windows(x, w, b, stride, padding, dilation, groups)
    (kh, kw), (sh, sw), (dh, dw) = windows.kernel_size, windows.stride, windows.dilation
    c_out, c_group = w.shape[:2]
    padded = pad(x, windows)
    out = np.zeros((len(x), c_out, *windows.out_size), dtype=np.result_type(x, w))
    for example, o, i, j in np.ndindex(out.shape):
        first = o // (c_out // groups) * c_group  # the first input channel of this group
        total = 0.0 if b is None else b[o]
        for c, u, v in np.ndindex(c_group, kh, kw):
            total += w[o, c, u, v] * padded[example, first + c, i * sh + u * dh, j * sw + v * dw]
        out[example, o, i, j] = total
    return out


def _correlate(x, w, windows, groups):
    """Return w times the windows of x."""
    n, c_out = len(x), len(w)
    kernels = w.reshape(groups, c_out // groups, -1)  # (groups, c_out/groups, c_in/groups kh kw)
    out = kernels @ _columns(x, windows, groups)  # (n, groups, c_out/groups, oh ow)
    return out.reshape(n, c_out, *windows.out_size)


def _spread(g, w, size, windows, groups):
    """Return w transposed times g, added up in images of this size."""
    n, c_out = g.shape[:2]
    kernels = w.reshape(groups, c_out // groups, -1)
    cols = kernels.swapaxes(-1, -2) @ g.reshape(n, *kernels.shape[:2], math.prod(g.shape[2:]))
    cols = cols.reshape(n, groups * w.shape[1], *windows.kernel_size, *windows.out_size)
    return col2im(cols, size, windows)


def _overlap(g, x, shape, windows, groups):
    """Return g times the windows of x transposed, summed over the examples: a kernel's gradient."""
    n, c_out = g.shape[:2]
    cols = _columns(x, windows, groups)
    g = g.reshape(n, groups, c_out // groups, cols.shape[-1])
    return (g @ cols.swapaxes(-1, -2)).sum(axis=0).reshape(shape)


def _columns(x, windows, groups):
    """Return the windows of x as the columns of one matrix per example and group."""
    n, c_in = x.shape[:2]
    (kh, kw), (oh, ow) = windows.kernel_size, windows.out_size
    return im2col(x, windows).reshape(n, groups, c_in // groups * kh * kw, oh * ow)


def _plus_bias(out, b):
    return out if b is None else out + b[:, np.newaxis, np.newaxis]


def _conv_windows(x, w, b, stride, padding, dilation, groups):
    """Check the arguments of a convolution, and return the windows that its kernels see."""
    _check_images(x, w, groups)
    if w.shape[1] * groups != x.shape[1]:
        raise ValueError(
            f"w must have c_in/groups channels, here {x.shape[1]}/{groups}; got shape {w.shape}"
        )
    if len(w) % groups:
        raise ValueError(f"groups must divide the {len(w)} output channels of w; got {groups}")
    _check_bias(b, len(w))
    kernel_size = w.shape[2:]
    stride, dilation = pair("stride", stride, at_least=1), pair("dilation", dilation, at_least=1)
    padding = _both_ends(padding, kernel_size, stride, dilation)
    out_size = tuple(
        conv_output_size(size, k, stride=s, padding=p, dilation=d)
        for size, k, s, p, d in zip(
            x.shape[2:], kernel_size, stride, padding, dilation, strict=True
        )
    )
    return Windows(kernel_size, out_size, stride, padding, dilation)


def _both_ends(padding, kernel_size, stride, dilation):
    """Return padding, which may be a word, as (before, after) for rows and for columns."""
    if padding == "same":
        if stride != (1, 1):
            raise ValueError(f'padding="same" needs stride 1; got {stride}')
        sides = zip(kernel_size, dilation, strict=True)
        return tuple(same_padding(k, dilation=d) for k, d in sides)
    if isinstance(padding, str) and padding != "valid":
        raise ValueError(f'padding must be "same", "valid", a number or a pair; got {padding!r}')
    rows, columns = pair("padding", 0 if padding == "valid" else padding, at_least=0)
    return (rows, rows), (columns, columns)


def _transpose_windows(x, w, b, stride, padding, output_padding, dilation, groups):
    """Check the arguments of a transposed convolution; return the windows and the image's size.

    The windows lie in the output, one for each pixel of x.
    """
    _check_images(x, w, groups)
    if len(w) != x.shape[1]:
        raise ValueError(f"w must start with c_in, here {x.shape[1]}; got shape {w.shape}")
    if len(w) % groups:
        raise ValueError(f"groups must divide the {len(w)} input channels of x; got {groups}")
    _check_bias(b, w.shape[1] * groups)
    kernel_size = w.shape[2:]
    stride, dilation = pair("stride", stride, at_least=1), pair("dilation", dilation, at_least=1)
    padding = pair("padding", padding, at_least=0)
    output_padding = pair("output_padding", output_padding, at_least=0)
    settings = zip(x.shape[2:], kernel_size, stride, padding, output_padding, dilation, strict=True)
    size = tuple(
        conv_transpose_output_size(n, k, stride=s, padding=p, output_padding=q, dilation=d)
        for n, k, s, p, q, d in settings
    )
    both_ends = tuple((p, p) for p in padding)
    return Windows(kernel_size, x.shape[2:], stride, both_ends, dilation), size


def _check_images(x, w, groups):
    if x.ndim != 4:
        raise ValueError(f"x must have the shape (n, channels, height, width); got {x.shape}")
    if w.ndim != 4:
        raise ValueError(f"w must have the shape (out, in, kh, kw); got {w.shape}")
    whole("groups", groups, at_least=1)


def _check_bias(b, c_out):
    if b is not None and b.shape != (c_out,):
        raise ValueError(f"b must have one number per output channel, {c_out}; got {b.shape}")
