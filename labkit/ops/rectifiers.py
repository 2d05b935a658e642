"""Smooth relatives of `relu`: they bend where it breaks, and let a little of the negative through.

Each is x times a gate between 0 and 1, or the positive part with a soft corner.
"""

import math

import numpy as np

from labkit.autograd import primitive
from labkit.ops.activations import sigmoid

_SQRT_2_OVER_PI = math.sqrt(2 / math.pi)


@primitive
def elu(x, *, alpha=1.0):
    r"""Keep the positive part; the negative one falls to -alpha, :eq:`eq-elu`::

        elu(x) = x                   if x > 0
                 alpha (e^x - 1)     else

    x of any shape. Returns an array of the same shape. e^x - 1 is `numpy.expm1`, exact near 0, and
    no positive number is ever its exponent.

    >>> elu(np.array([-1000.0, -np.log(2), 3.0]))
    array([-1. , -0.5,  3. ])

    [Clevert et al. 2016, section 3]
    """
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


@elu.defvjp
def elu_vjp(g, out, x, *, alpha=1.0):
    """The slope is 1 where x > 0, else alpha e^x, :eq:`eq-elu-gradient`."""
    return (np.where(x > 0, g, g * alpha * np.exp(np.minimum(x, 0))),)


@primitive
def softplus(x):
    r"""Return log(1 + e^x), the positive part with a soft corner, :eq:`eq-softplus`.

    x of any shape. Returns an array of the same shape, computed as
    max(x, 0) + log(1 + e^-abs(x)), in which nothing overflows. Its slope is `sigmoid`.

    >>> softplus(np.array([-1000.0, 0.0, np.log(3), 30.0])).round(4)
    array([ 0.    ,  0.6931,  1.3863, 30.    ])

    [Dugas et al. 2001]
    """
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


@softplus.defvjp
def softplus_vjp(g, out, x):
    """The slope is the sigmoid, :eq:`eq-softplus-gradient`."""
    return (g * sigmoid(x),)


@primitive
def silu(x):
    r"""Return x sigmoid(x), x times a gate that x itself opens, also called swish, :eq:`eq-silu`.

    x of any shape. Returns an array of the same shape.

    >>> silu(np.array([-1000.0, 0.0, np.log(3)])).round(4)
    array([-0.   ,  0.   ,  0.824])

    [Elfwing et al. 2018; Ramachandran et al. 2018]
    """
    return x * sigmoid(x)


@silu.defvjp
def silu_vjp(g, out, x):
    """With s = sigmoid(x), the slope is s + x s (1 - s), :eq:`eq-silu-gradient`."""
    s = sigmoid(x)
    return (g * (s + x * s * (1 - s)),)


@primitive
def gelu(x, *, approximate="none"):
    r"""Return x times the chance that a standard normal number is below x, :eq:`eq-gelu`::

        gelu(x) = x Phi(x)                                                  approximate="none"
        gelu(x) = x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2         approximate="tanh"

    x of any shape. Returns an array of the same shape. GPT-2 and BERT's first code take the tanh,
    which is within 5e-4; NumPy has no Phi, so the exact one asks `math.erfc` number by number.

    Raises ValueError if approximate is neither "none" nor "tanh".

    >>> gelu(np.array([-1000.0, 1.0, 2.0])).round(4)
    array([-0.    ,  0.8413,  1.9545])
    >>> gelu(np.array([1.0, 2.0]), approximate="tanh").round(4)
    array([0.8412, 1.9546])

    [Hendrycks and Gimpel 2016, section 2]
    """
    _check_approximate(approximate)
    return x * (_phi(x) if approximate == "none" else (1 + np.tanh(_inner(x))) / 2)


@gelu.defvjp
def gelu_vjp(g, out, x, *, approximate="none"):
    """The slope is gate + x gate', where Phi' is the normal density, :eq:`eq-gelu-gradient`."""
    if approximate == "none":
        density = np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)
        return (g * (_phi(x) + x * density),)
    t = np.tanh(_inner(x))
    inner_slope = _SQRT_2_OVER_PI * (1 + 3 * 0.044715 * x**2)
    return (g * ((1 + t) / 2 + x * (1 - t**2) / 2 * inner_slope),)


def _phi(x):
    """The normal distribution function; erfc keeps the digits that 1 + erf loses far below 0."""
    values = [math.erfc(-value / math.sqrt(2)) / 2 for value in np.ravel(x).tolist()]
    return np.array(values, dtype=np.result_type(x, np.float32)).reshape(np.shape(x))


def _inner(x):
    # Not x^3: NumPy multiplies for a square, but for a third power takes a hundred times as long.
    return _SQRT_2_OVER_PI * (x * (1 + 0.044715 * x**2))


def _check_approximate(approximate):
    if approximate not in ("none", "tanh"):
        raise ValueError(f'approximate must be "none" or "tanh"; got {approximate!r}')
