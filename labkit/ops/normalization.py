"""Normalization: numbers are moved to mean 0 and scaled to variance 1, then let go again.

The functions differ only in which numbers are counted together: those of one channel over the
batch, of one example, of a group of its channels. All but one stand on `normalize`, whose
gradient is derived once.
"""

import math

import numpy as np

from labkit.autograd import primitive, reduce_mean, sqrt


@primitive
def normalize(x, *, axis, eps=1e-5):
    r"""Give the numbers along some axes mean 0 and variance 1, :eq:`eq-normalize`::

        x' = (x - mean) / sqrt(variance + eps)

    x of any shape; mean and variance (over m numbers, divided by m) are taken over axis, a number
    or several. Returns x' in the same shape.

    >>> normalize(np.array([[1.0, 3.0], [-4.0, 4.0]]), axis=1, eps=0.0)
    array([[-1.,  1.],
           [-1.,  1.]])

    [Ioffe and Szegedy 2015, algorithm 1]
    """
    centred = x - x.mean(axis=axis, keepdims=True)
    variance = np.mean(centred**2, axis=axis, keepdims=True)
    return centred / np.sqrt(variance + eps)


@normalize.defvjp
def normalize_vjp(g, out, x, *, axis, eps=1e-5):
    """What a shift or stretch of x would change is taken out, :eq:`eq-normalize-gradient`::

    (g - mean(g) - x' mean(g x')) / sqrt(variance + eps)
    """
    deviation = np.sqrt(x.var(axis=axis, keepdims=True) + eps)
    along = (g * out).mean(axis=axis, keepdims=True)
    return ((g - g.mean(axis=axis, keepdims=True) - out * along) / deviation,)


def batch_norm(x, w=None, b=None, *, mean=None, var=None, eps=1e-5):
    r"""Normalize each channel over the batch, then scale by w and shift by b, :eq:`eq-batch-norm`.

    x (n, c, ...), w and b (c,) or None. Returns x's shape. The mean and the (biased) variance are
    those of this batch, as in training; or, given mean and var (c,), those, as in use, where an
    example must not depend on its neighbours. `labkit.nn.BatchNorm2d` keeps the running ones.

    Raises ValueError if x has fewer than two axes, another argument is not (c,), only one of mean
    and var is given, or a channel of the batch has a single number, whose variance says nothing.

    >>> batch_norm(np.array([[1.0, 10.0], [3.0, 30.0]]), eps=0.0)
    array([[-1., -1.],
           [ 1.,  1.]])

    [Ioffe and Szegedy 2015, algorithms 1 and 2]
    """
    if x.ndim < 2:
        raise ValueError(f"x must have the shape (n, c, ...); got {x.shape}")
    if (mean is None) != (var is None):
        raise ValueError("mean and var must be given together; got one of them")
    if mean is not None:
        mean, var = np.asarray(mean, x.dtype), np.asarray(var, x.dtype)
    for name, array in (("w", w), ("b", b), ("mean", mean), ("var", var)):
        _check_shape(name, array, x.shape[1:2])
    column = (x.shape[1],) + (1,) * (x.ndim - 2)  # (c, 1, 1) stands beside (n, c, h, w)
    if mean is None:
        if x.size <= x.shape[1]:
            raise ValueError(f"a batch needs more than one number per channel; got {x.shape}")
        out = normalize(x, axis=(0, *range(2, x.ndim)), eps=eps)
    else:
        out = (x - mean.reshape(column)) / np.sqrt(var + eps).reshape(column)
    return _scaled(out, w, b, column)


def layer_norm(x, w=None, b=None, *, eps=1e-5):
    r"""Normalize the last axis of each example, scale by w, shift by b, :eq:`eq-layer-norm`.

    x (..., d), w and b (d,) or None. Returns x's shape. What the transformer has: it does not look
    at the batch, and so is the same in training and in use.

    Raises ValueError if w or b is not (d,).

    >>> layer_norm(np.array([[1.0, 3.0], [-4.0, 4.0]]), np.array([1.0, 10.0]), eps=0.0)
    array([[-1., 10.],
           [-1., 10.]])

    [Ba et al. 2016, section 3]
    """
    _check_shape("w", w, x.shape[-1:])
    _check_shape("b", b, x.shape[-1:])
    return _scaled(normalize(x, axis=-1, eps=eps), w, b, x.shape[-1:])


def group_norm(x, w=None, b=None, *, groups, eps=1e-5):
    r"""Normalize groups of channels of each example, then scale by w and shift by b.

    x (n, c, ...), w and b (c,) or None. Returns x's shape. One group is all channels together;
    c groups are each channel by itself, called instance normalization.

    Raises ValueError if c is no multiple of groups, or w or b is not (c,).

    >>> group_norm(np.array([[1.0, 3.0, -4.0, 4.0]]), groups=2, eps=0.0)
    array([[-1.,  1., -1.,  1.]])

    [Wu and He 2018, equations 1 and 7]
    """
    if x.ndim < 2:
        raise ValueError(f"x must have the shape (n, c, ...); got {x.shape}")
    n, c = x.shape[:2]
    if groups < 1 or c % groups:
        raise ValueError(f"groups must divide the {c} channels; got {groups}")
    _check_shape("w", w, (c,))
    _check_shape("b", b, (c,))
    size = c // groups * math.prod(x.shape[2:])
    out = normalize(x.reshape((n, groups, size)), axis=-1, eps=eps).reshape(x.shape)
    return _scaled(out, w, b, (c,) + (1,) * (x.ndim - 2))


def rms_norm(x, w=None, *, eps=1e-6):
    r"""Divide the last axis of each example by its root mean square, then scale by w::

        x w / sqrt(mean(x^2) + eps)

    x (..., d), w (d,) or None. Returns x's shape. `layer_norm` without the mean and the shift,
    which large models found that they can do without.

    Raises ValueError if w is not (d,).

    >>> rms_norm(np.array([[1.0, 7.0]]), eps=0.0)
    array([[0.2, 1.4]])

    [Zhang and Sennrich 2019, equation 4]
    """
    _check_shape("w", w, x.shape[-1:])
    out = x / sqrt(reduce_mean(x * x, axis=-1, keepdims=True) + eps)
    return _scaled(out, w, None, x.shape[-1:])


def _scaled(out, w, b, shape):
    if w is not None:
        out = out * w.reshape(shape)
    return out if b is None else out + b.reshape(shape)


def _check_shape(name, array, shape):
    if array is not None and array.shape != shape:
        raise ValueError(f"{name} must have the shape {shape}; got {array.shape}")
