"""How wrong a prediction is: one number, the mean over the examples, in nats where it is entropy.

The prediction comes first and the target second. Where probabilities are involved, the prediction
is logits: the loss takes the softmax or the sigmoid itself, because only so can it stay exact
when a probability is too small for a floating-point number.
"""

import numpy as np

from labkit.autograd import absolute, maximum, primitive, reduce_mean
from labkit.ops.activations import log_softmax, sigmoid, softmax
from labkit.ops.linear import check_ids, one_hot


@primitive
def mean_squared_error(prediction, target):
    r"""Return the mean of (prediction - target)^2, :eq:`eq-mean-squared-error`.

    prediction and target have one shape; the mean is over all elements. There is no factor 1/2.

    Raises ValueError if the shapes differ (a column minus a row would be a matrix) or are empty.

    >>> mean_squared_error(np.array([0.0, 1.0, 1.0]), np.array([1.0, 0.0, -1.0]))
    np.float64(2.0)

    [Goodfellow et al. 2016, equation 5.4]
    """
    _check_pair(prediction, target)
    return np.mean((prediction - target) ** 2)


@mean_squared_error.defvjp
def mean_squared_error_vjp(g, out, prediction, target):
    """Twice the error over the number of elements, :eq:`eq-mean-squared-error-gradient`."""
    gradient = g * 2 * (prediction - target) / prediction.size
    return gradient, -gradient


@primitive
def mean_absolute_error(prediction, target):
    r"""Return the mean of abs(prediction - target), :eq:`eq-mean-absolute-error`.

    prediction and target have one shape; the mean is over all elements.

    Raises ValueError if the shapes differ or are empty.

    >>> mean_absolute_error(np.array([0.0, 1.0, 1.0]), np.array([1.0, 0.0, -1.0])).round(4)
    np.float64(1.3333)
    """
    _check_pair(prediction, target)
    return np.mean(np.abs(prediction - target))


@mean_absolute_error.defvjp
def mean_absolute_error_vjp(g, out, prediction, target):
    """The error's sign over the number of elements, :eq:`eq-mean-absolute-error-gradient`."""
    gradient = g * np.sign(prediction - target) / prediction.size
    return gradient, -gradient


def huber(prediction, target, *, delta=1.0):
    r"""Return the mean of e^2 / 2 for small errors, linear beyond delta, :eq:`eq-huber`.

    prediction and target have one shape; the mean is over all elements. With e = abs(prediction -
    target) and c = min(e, delta), each element costs c (e - c / 2). Its slope is the error, cut off
    at delta on both sides, :eq:`eq-huber-gradient`.

    Raises ValueError if delta is not positive, or if the shapes differ or are empty.

    >>> huber(np.array([0.5, 3.0]), np.array([0.0, 0.0]))
    np.float64(1.3125)

    [Huber 1964, section 4]
    """
    if not delta > 0:
        raise ValueError(f"delta must be positive; got {delta}")
    _check_pair(prediction, target)
    e = absolute(prediction - target)
    c = -maximum(-e, -delta)
    return reduce_mean(c * (e - c / 2))


@primitive
def cross_entropy(logits, target, *, label_smoothing=0.0, ignore_index=None, weight=None):
    r"""Return the mean negative log-probability of the target classes, :eq:`eq-cross-entropy`.

    logits (..., k) real numbers, target (...) whole numbers in [0, k). Returns one number, in nats.
    Computed as log(sum e^z) - z_target after subtracting the largest logit, exact at 1000 too.

    As in PyTorch, examples whose target is ignore_index do not count; label_smoothing takes that
    share of each target and spreads it evenly over all k classes, :eq:`eq-label-smoothing`; weight
    (k,) says how much each class counts, and the mean is over the weights of the targets.

    Raises ValueError if the shapes do not match or are empty, a target is out of range, or
    nothing counts.

    >>> cross_entropy(np.array([[0.0, np.log(3)]]), np.array([1])).round(4)
    np.float64(0.2877)

    [Goodfellow et al. 2016, section 6.2.2.3; smoothing: Szegedy et al. 2016, section 7]
    """
    if label_smoothing or ignore_index is not None or weight is not None:
        q = _soft_target(logits, target, label_smoothing, ignore_index, weight)
        return -np.sum(q * log_softmax(logits))
    _check_target(logits, target)
    z = logits - logits.max(axis=-1, keepdims=True)
    z_target = np.take_along_axis(z, target[..., np.newaxis], axis=-1)[..., 0]
    return np.mean(np.log(np.exp(z).sum(axis=-1)) - z_target)


@cross_entropy.defvjp
def cross_entropy_vjp(
    g, out, logits, target, *, label_smoothing=0.0, ignore_index=None, weight=None
):
    """The softmax, less one at the target, over n, :eq:`eq-cross-entropy-gradient`."""
    p = softmax(logits)
    if label_smoothing or ignore_index is not None or weight is not None:
        q = _soft_target(logits, target, label_smoothing, ignore_index, weight)
        return g * (p * q.sum(axis=-1, keepdims=True) - q), None
    at_target = target[..., np.newaxis]
    np.put_along_axis(p, at_target, np.take_along_axis(p, at_target, axis=-1) - 1, axis=-1)
    p *= g / target.size
    return p, None


@primitive
def binary_cross_entropy(logits, target):
    r"""Return the mean negative log-probability of yes or no, :eq:`eq-binary-cross-entropy`.

    logits and target have one shape; a target is 1, 0 or a probability between. Returns one number,
    in nats: the mean of log(1 + e^z) - y z, which is -[y log p + (1 - y) log(1 - p)] with the
    probability p = sigmoid(z), written so that no exponent is positive and nothing cancels.

    Raises ValueError if the shapes differ or are empty, or a target is outside [0, 1].

    >>> binary_cross_entropy(np.array([0.0, -1000.0]), np.array([1.0, 0.0])).round(4)
    np.float64(0.3466)

    [Goodfellow et al. 2016, section 6.2.2.2]
    """
    _check_pair(logits, target)
    _check_probabilities(target)
    y = target.astype(logits.dtype)
    return np.mean(np.maximum(logits, 0) - y * logits + np.log1p(np.exp(-np.abs(logits))))


@binary_cross_entropy.defvjp
def binary_cross_entropy_vjp(g, out, logits, target):
    """The sigmoid less the target, over n, :eq:`eq-binary-cross-entropy-gradient`."""
    return g * (sigmoid(logits) - target.astype(logits.dtype)) / logits.size, None


@primitive
def kl_divergence(logits, target):
    r"""Return how far softmax(logits) is from the target distribution, :eq:`eq-kl-divergence`.

    logits (..., k) real numbers, target (..., k) probabilities that sum to one in each row.
    Returns the mean over the rows of sum p log(p / q), with p the target and q the softmax, in
    nats; 0 log 0 is 0. Keras's loss of this name takes q itself instead of logits.

    Raises ValueError if the shapes differ or are empty, or a row of target is no distribution.

    >>> kl_divergence(np.array([[0.0, 0.0]]), np.array([[1.0, 0.0]])).round(4)
    np.float64(0.6931)

    [Goodfellow et al. 2016, equation 3.50]
    """
    _check_pair(logits, target)
    _check_probabilities(target)
    sums = target.sum(axis=-1)
    worst = sums.flat[np.argmax(np.abs(sums - 1))]
    if abs(worst - 1) > 1e-4:
        raise ValueError(f"every row of target must sum to 1; got a row that sums to {worst:.6g}")
    log_p = np.log(np.where(target > 0, target, 1))  # 0 log 0 is 0
    return np.mean(np.sum(target * (log_p - log_softmax(logits)), axis=-1))


@kl_divergence.defvjp
def kl_divergence_vjp(g, out, logits, target):
    """The softmax less the target, over n, :eq:`eq-kl-divergence-gradient`."""
    n = logits.size // logits.shape[-1]
    return g * (softmax(logits) - target) / n, None


def _check_pair(prediction, target):
    if prediction.shape != target.shape:
        raise ValueError(
            f"prediction and target must have one shape; got {prediction.shape}, {target.shape}"
        )
    if not target.size:
        raise ValueError(f"a mean needs at least one element; got shape {target.shape}")


def _soft_target(logits, target, label_smoothing, ignore_index, weight):
    """Return what each log-probability counts, (..., k): the mean is then a sum."""
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"label_smoothing must lie in [0, 1]; got {label_smoothing}")
    k = logits.shape[-1]
    weight = np.ones(k) if weight is None else np.asarray(weight)
    if weight.shape != (k,) or (weight < 0).any():
        raise ValueError(f"weight must be {k} numbers from 0 up; got {weight.tolist()}")
    counts = np.full(target.shape, True) if ignore_index is None else target != ignore_index
    target = np.where(counts, target, 0)
    _check_target(logits, target)
    total = weight[target][counts].sum()
    if not total > 0:
        raise ValueError("a mean needs at least one example that counts; got none")
    q = (1 - label_smoothing) * one_hot(target, k=k) + label_smoothing / k
    return (q * weight * counts[..., np.newaxis] / total).astype(logits.dtype)


def _check_target(logits, target):
    if logits.shape[:-1] != target.shape:
        raise ValueError(
            f"target must have the shape of logits without the last axis, {logits.shape[:-1]}; "
            f"got {target.shape}"
        )
    if not logits.size:
        raise ValueError(f"a mean needs at least one example; got logits of {logits.shape}")
    check_ids("target", target, k=logits.shape[-1])


def _check_probabilities(target):
    outside = target[(target < 0) | (target > 1)]
    if outside.size:
        raise ValueError(f"target must lie in [0, 1]; got {outside.flat[0]}")
