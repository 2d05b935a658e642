"""Smaller models: fewer bits, fewer weights, or a small model taught by a large one."""

from dataclasses import dataclass

import numpy as np

from labkit.ops import kl_divergence, softmax


@dataclass(frozen=True)
class Quantized:
    """Whole numbers and the scales that turn them back: `dequantize` gives the array again.

    q int8, one number a byte whatever bits says; scale broadcasts against q, which for groups has
    one axis more than the array of the given shape.
    """

    q: np.ndarray
    scale: np.ndarray
    bits: int
    shape: tuple[int, ...]

    def dequantize(self) -> np.ndarray:
        """Return q times scale, in the array's shape and the scale's dtype."""
        return (self.q * self.scale).reshape(self.shape)

    @property
    def packed_bytes(self) -> int:
        """The bytes that file and memory need when 8 / bits numbers share a byte."""
        return -(-self.q.size * self.bits // 8) + self.scale.nbytes


def quantize(
    w: np.ndarray, *, bits: int = 8, axis: int | None = None, group: int | None = None
) -> Quantized:
    r"""Round every number to the nearest multiple of a scale::

        scale = max |w| / (2^(bits - 1) - 1),    q = round(w / scale)

    w float of any shape; the scale is one for the whole array, one for each index along axis, or
    one for each group of so many neighbours in the last axis. The largest number lands on the
    largest q exactly, so nothing is cut off, and rounding moves a number by at most scale / 2.
    Where all are 0, or so near that a scale would lose its digits, the scale is 1. Computed in 32
    bits or more.

    Raises ValueError if bits is not 2 to 8, w is empty or not finite or no float, axis is not one
    of w's, both axis and group are given, or group does not divide the last axis.

    >>> small = quantize(np.array([0.5, -1.27, 0.014]))
    >>> small.q, small.dequantize()
    (array([  50, -127,    1], dtype=int8), array([ 0.5 , -1.27,  0.01]))

    [Jacob et al. 2018, section 2.1, with zero-point 0; groups: Dettmers et al. 2022, section 2.1]
    """
    w = np.asarray(w)
    _check_quantizable(w, bits, axis, group)
    shape, w = w.shape, w.astype(np.promote_types(w.dtype, np.float32))
    if group is None:
        blocks = w
        over = None if axis is None else tuple(i for i in range(w.ndim) if i != axis % w.ndim)
    else:
        blocks = w.reshape(*shape[:-1], shape[-1] // group, group)  # (..., groups, group)
        over = (-1,)
    largest = 2 ** (bits - 1) - 1
    scale = np.abs(blocks).max(axis=over, keepdims=True) / largest
    scale = np.where(scale >= np.finfo(w.dtype).tiny, scale, np.ones_like(scale))
    q = np.rint(blocks / scale).astype(np.int8)
    return Quantized(q, scale, bits, shape)


def magnitude_mask(w: np.ndarray, *, fraction: float) -> np.ndarray:
    """Return which weights to keep: False for the fraction of smallest absolute value.

    w of any shape. Returns booleans of its shape; ``w * mask`` is the pruned array. Of w.size
    fraction weights, rounded, exactly so many go; among equals the first go first.

    Raises ValueError if fraction is not in [0, 1].

    >>> magnitude_mask(np.array([0.1, -3.0, 0.2, 2.0]), fraction=0.5)
    array([False,  True, False,  True])

    [Han et al. 2015, section 3]
    """
    return _keep_largest(np.abs(w).ravel(), fraction).reshape(np.shape(w))


def structured_mask(w: np.ndarray, *, fraction: float, axis: int) -> np.ndarray:
    """Return which weights to keep when whole rows, columns or filters go, the smallest first.

    w of any shape. Of the slices along axis, the fraction with the smallest Euclidean norm is
    False in the returned booleans of w's shape. Unlike single zeros, a slice can be left out of
    the computation: ``w[keep]`` is a smaller array, and every processor is faster with it.

    Raises ValueError if fraction is not in [0, 1], or axis is not one of w's.

    >>> structured_mask(np.array([[3.0, 0.0, 4.0], [3.0, 1.0, 0.0]]), fraction=0.3, axis=1)
    array([[ True, False,  True],
           [ True, False,  True]])

    [Li et al. 2017, section 3.1, with the Euclidean norm]
    """
    w = np.asarray(w)
    axis = _checked_axis(axis, w)
    others = tuple(i for i in range(w.ndim) if i != axis)
    keep = _keep_largest(np.sqrt((w**2).sum(axis=others)), fraction)
    return np.broadcast_to(np.expand_dims(keep, others), w.shape).copy()


def distillation_loss(logits, teacher_logits, *, temperature: float = 2.0):
    r"""Return how far a student is from its teacher, both softened by a temperature::

        T^2 KL(softmax(teacher_logits / T) || softmax(logits / T))

    logits and teacher_logits (..., k). Returns the mean over the rows, in nats. T^2 keeps the
    gradient's size when T changes, since each logit's shrinks as 1 / T^2. Only the student learns.
    Often the cross-entropy with the true classes is added.

    Raises ValueError if the shapes differ or temperature is not positive.

    >>> float(distillation_loss(np.array([[0.0, 0.0]]), np.array([[np.log(9), 0.0]])).round(4))
    0.5232

    [Hinton et al. 2015, section 2]
    """
    if not temperature > 0:
        raise ValueError(f"temperature must be positive; got {temperature}")
    soft = softmax(teacher_logits / temperature)
    return temperature**2 * kl_divergence(logits / temperature, soft)


def _keep_largest(sizes, fraction):
    if not 0 <= fraction <= 1:
        raise ValueError(f"fraction must be in [0, 1]; got {fraction}")
    keep = np.ones(sizes.size, dtype=bool)
    keep[np.argsort(sizes, kind="stable")[: round(fraction * sizes.size)]] = False
    return keep


def _checked_axis(axis, w):
    if not -w.ndim <= axis < w.ndim:
        raise ValueError(f"axis must be one of the {w.ndim} of w; got {axis}")
    return axis % w.ndim


def _check_quantizable(w, bits, axis, group):
    if bits not in range(2, 9):
        raise ValueError(f"bits must be 2 to 8; got {bits}")
    if w.dtype.kind != "f" or not w.size or not np.isfinite(w).all():
        raise ValueError(f"w must be finite floats, at least one; got {w.dtype} {w.shape}")
    if axis is not None and group is not None:
        raise ValueError(f"give axis or group, not both; got {axis} and {group}")
    if axis is not None:
        _checked_axis(axis, w)
    if group is not None and (w.ndim == 0 or group < 1 or w.shape[-1] % group):
        raise ValueError(f"group must divide the last axis of {w.shape}; got {group}")
