"""Derivatives by the definition: move one number a little and see what the result does."""

import numpy as np


def numerical_gradient(f, x, *, eps=1e-6):
    """Return df/dx by central differences, :eq:`eq-numerical-gradient`.

    f maps an array like x to a number; x (any shape) is a float64 array, left as it was found.
    Returns an array of x's shape. The error is of order eps squared, plus rounding over eps.

    Raises ValueError if x is not float64: at lower precision the difference drowns in rounding.

    >>> numerical_gradient(lambda x: (x**2).sum(), np.array([1.0, -3.0])).round(6)
    array([ 2., -6.])
    """
    x = np.asarray(x)
    if x.dtype != np.float64:
        raise ValueError(f"x must be float64; got {x.dtype}")
    x = x.copy()
    gradient = np.empty_like(x)
    for i in np.ndindex(x.shape):
        before = x[i]
        x[i] = before + eps
        above = f(x)
        x[i] = before - eps
        below = f(x)
        x[i] = before
        gradient[i] = (above - below) / (2 * eps)
    return gradient


def relative_error(a, b):
    """Return the largest difference between a and b, relative to their largest element.

    a and b have the same shape. Two arrays of zeros have error zero. The error is not a number,
    and thus below no tolerance, where an element of a or b is not finite.

    Raises ValueError if the shapes differ: broadcasting would compare the wrong numbers.

    >>> relative_error(np.array([1.0, 2.0]), np.array([1.0, 2.002])).round(6)
    np.float64(0.000999)
    """
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if a.shape != b.shape:
        raise ValueError(f"a and b must have the same shape; got {a.shape} and {b.shape}")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return np.float64("nan")
    scale = max(np.abs(a).max(initial=0), np.abs(b).max(initial=0))
    return np.abs(a - b).max() / scale if scale > 0 else np.float64(0)
