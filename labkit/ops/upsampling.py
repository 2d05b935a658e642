"""Upsampling: an image becomes larger, and nothing is learned."""

import numpy as np

from labkit.autograd import primitive
from labkit.ops.sizes import pair


@primitive
def upsample(x, *, scale_factor=2, mode="nearest"):
    r"""Make images larger by a whole number, by copying or by mixing what is nearest.

    x (n, c, height, width); scale_factor s is a whole number or a pair (rows, columns). Returns
    (n, c, s height, s width). Each new row mixes old ones with weights that sum to 1, so the
    output is R x C^T for two matrices: ones for "nearest", and for "bilinear" the weights of a
    straight line between the centres of the pixels, the edge's value beyond the last centre.
    PyTorch calls that align_corners=False.

    Raises ValueError if x is no batch of images, scale_factor is no whole number, or mode unknown.

    >>> upsample(np.array([[[[0.0, 4.0]]]]), scale_factor=(1, 2))
    array([[[[0., 0., 4., 4.]]]])
    >>> upsample(np.array([[[[0.0, 4.0]]]]), scale_factor=(1, 2), mode="bilinear")
    array([[[[0., 1., 3., 4.]]]])
    """
    rows, columns = _mixtures(x, scale_factor, mode)
    return rows @ x @ columns.T


@upsample.defvjp
def upsample_vjp(g, out, x, *, scale_factor=2, mode="nearest"):
    """Each pixel receives what it gave: R^T g C."""
    rows, columns = _mixtures(x, scale_factor, mode)
    return (rows.T @ g @ columns,)


def _mixtures(x, scale_factor, mode):
    """Return how the new rows are mixed of the old ones, (s height, height), and the columns."""
    if x.ndim != 4:
        raise ValueError(f"x must have the shape (n, channels, height, width); got {x.shape}")
    if mode not in _WEIGHTS:
        raise ValueError(f'mode must be "nearest" or "bilinear"; got {mode!r}')
    factors = pair("scale_factor", scale_factor, at_least=1)
    return [
        _WEIGHTS[mode](size, s).astype(x.dtype)
        for size, s in zip(x.shape[2:], factors, strict=True)
    ]


def _nearest(size, s):
    return np.repeat(np.eye(size), s, axis=0)


def _bilinear(size, s):
    """New pixel i has its centre at (i + 1/2) / s - 1/2 in the old image."""
    centre = np.clip((np.arange(size * s) + 0.5) / s - 0.5, 0, size - 1)  # (s size,)
    distance = np.abs(centre[:, np.newaxis] - np.arange(size))  # (s size, size)
    return np.maximum(1 - distance, 0)


_WEIGHTS = {"nearest": _nearest, "bilinear": _bilinear}
