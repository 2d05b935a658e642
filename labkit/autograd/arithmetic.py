"""The arithmetic that every model is made of, each function with its derivative beside it.

In every rule ``g`` is the gradient of the loss with respect to ``out``. Where an argument was
repeated by broadcasting, the engine sums the gradient back to the argument's shape.
"""

import numpy as np

from labkit.autograd.engine import primitive


@primitive
def add(a, b):
    """Return a + b.

    >>> add(np.array([1.0, 2.0]), 10.0)
    array([11., 12.])
    """
    return a + b


@add.defvjp
def add_vjp(g, out, a, b):
    """Both terms receive the gradient as it is."""
    return g, g


@primitive
def subtract(a, b):
    """Return a - b.

    >>> subtract(np.array([1.0, 2.0]), 10.0)
    array([-9., -8.])
    """
    return a - b


@subtract.defvjp
def subtract_vjp(g, out, a, b):
    """The first term receives the gradient, the second its negative."""
    return g, -g


@primitive
def multiply(a, b):
    """Return a b, element by element.

    >>> multiply(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    array([3., 8.])
    """
    return a * b


@multiply.defvjp
def multiply_vjp(g, out, a, b):
    """Each factor receives the gradient times the other factor."""
    return g * b, g * a


@primitive
def divide(a, b):
    """Return a / b, element by element.

    >>> divide(np.array([1.0, 9.0]), np.array([2.0, 3.0]))
    array([0.5, 3. ])
    """
    return a / b


@divide.defvjp
def divide_vjp(g, out, a, b):
    """d(a/b)/da = 1/b and d(a/b)/db = -(a/b)/b."""
    return g / b, -g * out / b


@primitive
def negative(a):
    """Return -a.

    >>> negative(np.array([1.0, -2.0]))
    array([-1.,  2.])
    """
    return -a


@negative.defvjp
def negative_vjp(g, out, a):
    """The sign goes along."""
    return (-g,)


@primitive
def power(a, *, exponent):
    """Return a to a constant power.

    >>> power(np.array([2.0, 3.0]), exponent=2)
    array([4., 9.])
    """
    return a**exponent


@power.defvjp
def power_vjp(g, out, a, *, exponent):
    """d(a^p)/da = p a^(p-1)."""
    if exponent == 0:
        return (np.zeros_like(g),)
    return (g * exponent * a ** (exponent - 1),)


@primitive
def exp(a):
    """Return e to the power a.

    >>> exp(np.array([0.0, 1.0])).round(4)
    array([1.    , 2.7183])
    """
    return np.exp(a)


@exp.defvjp
def exp_vjp(g, out, a):
    """The exponential is its own derivative."""
    return (g * out,)


@primitive
def log(a):
    """Return the natural logarithm of a.

    >>> log(np.array([1.0, 10.0])).round(4)
    array([0.    , 2.3026])
    """
    return np.log(a)


@log.defvjp
def log_vjp(g, out, a):
    """d(log a)/da = 1/a."""
    return (g / a,)


@primitive
def sqrt(a):
    """Return the square root of a.

    >>> sqrt(np.array([4.0, 9.0]))
    array([2., 3.])
    """
    return np.sqrt(a)


@sqrt.defvjp
def sqrt_vjp(g, out, a):
    """d(sqrt a)/da = 1 / (2 sqrt a)."""
    return (g / (2 * out),)


@primitive
def absolute(a):
    """Return the absolute value of a.

    >>> absolute(np.array([-3.0, 0.0, 2.0]))
    array([3., 0., 2.])
    """
    return np.abs(a)


@absolute.defvjp
def absolute_vjp(g, out, a):
    """The slope is the sign; at zero we take 0, as PyTorch does."""
    return (g * np.sign(a),)


@primitive
def maximum(a, b):
    """Return the larger of a and b, element by element.

    >>> maximum(np.array([-1.0, 2.0]), 0.0)
    array([0., 2.])
    """
    return np.maximum(a, b)


@maximum.defvjp
def maximum_vjp(g, out, a, b):
    """The larger one receives the gradient; two equal ones share it, as in PyTorch."""
    to_a = np.where(a == b, 0.5, a > b).astype(g.dtype)
    return g * to_a, g * (1 - to_a)


@primitive
def where(condition, a, b):
    """Return a where the condition holds, else b. The condition is an array of booleans.

    >>> where(np.array([True, False]), np.array([1.0, 2.0]), 0.0)
    array([1., 0.])
    """
    return np.where(condition, a, b)


@where.defvjp
def where_vjp(g, out, condition, a, b):
    """Each element's gradient goes to the side that was chosen."""
    zero = np.zeros_like(g)
    return None, np.where(condition, g, zero), np.where(condition, zero, g)


@primitive
def matmul(a, b):
    """Return the matrix product a b, over the last two axes; leading axes are batch axes.

    a (..., n, d), b (..., d, k). Returns (..., n, k). A vector (d,) counts as one row in front and
    as one column behind, and the axis that it lacks is missing in the result.

    >>> matmul(np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]]))
    array([[11.]])
    """
    return a @ b


@matmul.defvjp
def matmul_vjp(g, out, a, b):
    """dL/da = g b^T and dL/db = a^T g."""
    row, column = np.atleast_2d(a), b[:, np.newaxis] if b.ndim == 1 else b
    g = g if b.ndim > 1 else np.expand_dims(g, -1)
    g = g if a.ndim > 1 else np.expand_dims(g, -2)
    to_b = np.swapaxes(row, -1, -2) @ g
    return g @ np.swapaxes(column, -1, -2), to_b if b.ndim > 1 else to_b[..., 0]


@primitive
def reduce_sum(a, *, axis=None, keepdims=False):
    """Return the sum over the axes, over all of them if axis is None.

    >>> reduce_sum(np.array([[1.0, 2.0], [3.0, 4.0]]), axis=0)
    array([4., 6.])
    """
    return np.sum(a, axis=axis, keepdims=keepdims)


@reduce_sum.defvjp
def reduce_sum_vjp(g, out, a, *, axis=None, keepdims=False):
    """Every term receives the gradient of its sum."""
    return (np.broadcast_to(_with_axes(g, a.ndim, axis, keepdims), a.shape),)


@primitive
def reduce_mean(a, *, axis=None, keepdims=False):
    """Return the mean over the axes, over all of them if axis is None.

    >>> reduce_mean(np.array([[1.0, 2.0], [3.0, 4.0]]), axis=1)
    array([1.5, 3.5])
    """
    return np.mean(a, axis=axis, keepdims=keepdims)


@reduce_mean.defvjp
def reduce_mean_vjp(g, out, a, *, axis=None, keepdims=False):
    """Every one of m terms receives 1/m of the gradient of its mean."""
    m = a.size // max(out.size, 1)
    return (np.broadcast_to(_with_axes(g, a.ndim, axis, keepdims) / m, a.shape),)


@primitive
def reduce_max(a, *, axis=None, keepdims=False):
    """Return the maximum over the axes, over all of them if axis is None.

    >>> reduce_max(np.array([[1.0, 5.0], [3.0, 4.0]]), axis=1)
    array([5., 4.])
    """
    return np.max(a, axis=axis, keepdims=keepdims)


@reduce_max.defvjp
def reduce_max_vjp(g, out, a, *, axis=None, keepdims=False):
    """The maximum receives the gradient; equal maxima share it, as in PyTorch's amax."""
    hit = (a == _with_axes(out, a.ndim, axis, keepdims)).astype(a.dtype)
    share = hit / hit.sum(axis=axis, keepdims=True)
    return (_with_axes(g, a.ndim, axis, keepdims) * share,)


def _with_axes(reduced, ndim, axis, keepdims):
    """Put back the axes that a reduction removed, with length one."""
    if keepdims:
        return reduced
    axes = range(ndim) if axis is None else np.atleast_1d(axis)
    return np.expand_dims(reduced, tuple(int(i) % ndim for i in axes))


@primitive
def reshape(a, *, shape):
    """Return the same elements in another shape; one size may be -1.

    >>> reshape(np.arange(4.0), shape=(2, -1))
    array([[0., 1.],
           [2., 3.]])
    """
    return np.reshape(a, shape)


@reshape.defvjp
def reshape_vjp(g, out, a, *, shape):
    """The gradient goes back to the old shape."""
    return (np.reshape(g, a.shape),)


@primitive
def transpose(a, *, axes=None):
    """Return the array with its axes in the given order, in reverse order if axes is None.

    >>> transpose(np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([[1., 3.],
           [2., 4.]])
    """
    return np.transpose(a, axes)


@transpose.defvjp
def transpose_vjp(g, out, a, *, axes=None):
    """The gradient's axes go back to where they came from."""
    return (np.transpose(g, None if axes is None else np.argsort(np.array(axes) % a.ndim)),)


@primitive
def getitem(a, *, index):
    """Return a[index]; the index may be anything that NumPy takes.

    >>> getitem(np.array([10.0, 20.0, 30.0]), index=np.array([2, 2, 0]))
    array([30., 30., 10.])
    """
    return a[index]


@getitem.defvjp
def getitem_vjp(g, out, a, *, index):
    """Each picked element receives its gradient; one picked twice receives both."""
    gradient = np.zeros(a.shape, dtype=g.dtype)
    parts = index if isinstance(index, tuple) else (index,)
    if any(isinstance(part, (list, np.ndarray)) for part in parts):
        np.add.at(gradient, index, g)  # slow, and the only way that counts repeated picks
    else:
        gradient[index] += g
    return (gradient,)


@primitive
def concatenate(*arrays, axis=0):
    """Join arrays along an axis that they already have.

    >>> concatenate(np.array([1.0]), np.array([2.0, 3.0]))
    array([1., 2., 3.])
    """
    return np.concatenate(arrays, axis=axis)


@concatenate.defvjp
def concatenate_vjp(g, out, *arrays, axis=0):
    """Each piece receives the part of the gradient that it filled."""
    ends = np.cumsum([a.shape[axis] for a in arrays])
    return tuple(np.split(g, ends[:-1], axis=axis))
