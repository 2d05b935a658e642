"""What turns a weighted sum into a signal: activations, and logits into probabilities."""

import numpy as np

from labkit.autograd import primitive


@primitive
def relu(x):
    r"""Keep the positive part, max(0, x), :eq:`eq-relu`.

    x of any shape. Returns an array of the same shape.

    >>> relu(np.array([-2.0, 0.0, 3.0]))
    array([0., 0., 3.])

    [Goodfellow et al. 2016, section 6.3.1]
    """
    return np.maximum(x, 0)


@relu.defvjp
def relu_vjp(g, out, x):
    """Pass the gradient where x > 0, :eq:`eq-relu-gradient`; at 0 we take 0, as PyTorch does."""
    return (g * (x > 0),)


@primitive
def leaky_relu(x, *, negative_slope=0.01):
    r"""Keep the positive part, and a little of the negative, :eq:`eq-leaky-relu`.

    x of any shape. Returns an array of the same shape: x where x > 0, else negative_slope x.

    >>> leaky_relu(np.array([-2.0, 0.0, 3.0]), negative_slope=0.5)
    array([-1.,  0.,  3.])

    [Maas et al. 2013, equation 3]
    """
    return np.where(x > 0, x, negative_slope * x)


@leaky_relu.defvjp
def leaky_relu_vjp(g, out, x, *, negative_slope=0.01):
    """Pass the gradient where x > 0, else the slope's part, :eq:`eq-leaky-relu-gradient`."""
    return (np.where(x > 0, g, negative_slope * g),)


@primitive
def sigmoid(x):
    r"""Squeeze a number into (0, 1), :eq:`eq-sigmoid`.

    x of any shape. Returns 1 / (1 + e^-x) in the same shape. The exponent is never positive, so
    nothing overflows at x = -1000.

    >>> sigmoid(np.array([-1000.0, 0.0, np.log(3)]))
    array([0.  , 0.5 , 0.75])

    [Goodfellow et al. 2016, equation 3.30]
    """
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e))


@sigmoid.defvjp
def sigmoid_vjp(g, out, x):
    """The slope is s (1 - s), :eq:`eq-sigmoid-gradient`."""
    return (g * out * (1 - out),)


@primitive
def tanh(x):
    r"""Squeeze a number into (-1, 1), :eq:`eq-tanh`.

    x of any shape. Returns (e^x - e^-x) / (e^x + e^-x) in the same shape, which is
    2 sigmoid(2 x) - 1.

    >>> tanh(np.array([-1000.0, 0.0, np.log(2)])).round(4)
    array([-1. ,  0. ,  0.6])

    [Goodfellow et al. 2016, section 6.3.2]
    """
    return np.tanh(x)


@tanh.defvjp
def tanh_vjp(g, out, x):
    """The slope is 1 - tanh(x)^2, :eq:`eq-tanh-gradient`."""
    return (g * (1 - out**2),)


@primitive
def softmax(x, *, axis=-1):
    r"""Turn logits into probabilities that sum to one along an axis, :eq:`eq-softmax`.

    x of any shape. Returns e^x over its sum along the axis. The largest logit is subtracted first,
    which changes nothing but keeps the exponents from overflowing.

    >>> softmax(np.array([[0.0, np.log(3)], [1000.0, 1000.0]]))
    array([[0.25, 0.75],
           [0.5 , 0.5 ]])

    [Goodfellow et al. 2016, equation 6.29]
    """
    p = np.exp(x - x.max(axis=axis, keepdims=True))
    p /= p.sum(axis=axis, keepdims=True)
    return p


@softmax.defvjp
def softmax_vjp(g, out, x, *, axis=-1):
    """The gradient less its mean under p, times p, :eq:`eq-softmax-gradient`."""
    return (out * (g - np.vecdot(g, out, axis=axis, keepdims=True)),)


@primitive
def log_softmax(x, *, axis=-1):
    r"""Return the logarithm of `softmax`, :eq:`eq-log-softmax`, without ever forming a tiny number.

    x of any shape. Returns x - log(sum e^x) in the same shape; the largest logit is subtracted
    first. Where softmax underflows to 0, its logarithm is still exact.

    >>> log_softmax(np.array([0.0, -1000.0]))
    array([    0., -1000.])

    [Goodfellow et al. 2016, equation 6.30]
    """
    shifted = x - x.max(axis=axis, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))


@log_softmax.defvjp
def log_softmax_vjp(g, out, x, *, axis=-1):
    """The gradient less its sum times p, :eq:`eq-log-softmax-gradient`."""
    return (g - np.exp(out) * g.sum(axis=axis, keepdims=True),)
