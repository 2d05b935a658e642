"""Losses of comparison: what is right must score more than what is wrong, by a margin or at all."""

import numpy as np

from labkit.autograd import matmul, maximum, primitive, reduce_mean, reduce_sum, sqrt, transpose
from labkit.ops.losses import cross_entropy


@primitive
def hinge(scores, target, *, margin=1.0):
    r"""Return the mean of max(0, margin - y s): nothing once the right side is reached by a margin.

    scores s of any shape, positive for yes; target y of that shape, 1 for yes and -1 for no.
    Returns one number. The loss of the support vector machine.

    Raises ValueError if the shapes differ or are empty, or a target is neither 1 nor -1.

    >>> hinge(np.array([3.0, 0.5, 2.0]), np.array([1.0, 1.0, -1.0])).round(4)
    np.float64(1.1667)

    [Cortes and Vapnik 1995, where it is the slack of an example]
    """
    if scores.shape != target.shape or not scores.size:
        raise ValueError(
            "scores and target must have one shape with at least one element; "
            f"got {scores.shape}, {target.shape}"
        )
    if not (np.abs(target) == 1).all():
        raise ValueError(f"target must be 1 or -1; got {target[np.abs(target) != 1][0]}")
    return np.mean(np.maximum(margin - scores * target, 0))


@hinge.defvjp
def hinge_vjp(g, out, scores, target, *, margin=1.0):
    """Minus the target over n where the margin is not reached; the target is no variable."""
    short = margin - scores * target > 0
    return g * np.where(short, -target, 0) / scores.size, None


def triplet_loss(anchor, positive, negative, *, margin=1.0, eps=1e-6):
    r"""Return the mean of max(0, d(a, p) - d(a, n) + margin), with d the Euclidean distance.

    anchor a, its like p and its unlike n, each (n, d). Returns one number. As in PyTorch, eps is
    added to every difference, so that the distance of equal points has a slope.

    Raises ValueError if the shapes differ, are not (n, d) or are empty.

    >>> a, p, n = np.array([[0.0, 0.0]]), np.array([[3.0, 4.0]]), np.array([[0.0, 5.5]])
    >>> triplet_loss(a, p, n).round(4)
    np.float64(0.5)

    [Schroff et al. 2015, section 3.1, where the distances are squared]
    """
    shapes = anchor.shape, positive.shape, negative.shape
    if len(set(shapes)) > 1 or anchor.ndim != 2 or not anchor.size:
        raise ValueError(f"anchor, positive and negative must have one shape (n, d); got {shapes}")

    def distance(a, b):
        return sqrt(reduce_sum((a - b + eps) ** 2, axis=1))  # (n,)

    gap = distance(anchor, positive) - distance(anchor, negative)
    return reduce_mean(maximum(gap + margin, 0.0))


def info_nce(queries, keys, *, temperature=0.1):
    r"""Return how hard it is to find each query's own key among the keys of all, in nats.

    queries and keys (n, d): key i belongs to query i, the others are its negatives. Returns the
    cross-entropy of the logits q k^T / temperature with the targets 0, 1, ..., n - 1. The score is
    the inner product; for the cosine give rows of length one.

    Raises ValueError if the shapes differ, are not (n, d) or are empty, or temperature is not
    positive.

    >>> info_nce(np.eye(2), np.eye(2), temperature=1.0).round(4)
    np.float64(0.3133)

    [van den Oord et al. 2018, equation 4; Chen et al. 2020, equation 1]
    """
    if queries.shape != keys.shape or queries.ndim != 2 or not queries.size:
        raise ValueError(
            f"queries and keys must have one shape (n, d); got {queries.shape}, {keys.shape}"
        )
    if not temperature > 0:
        raise ValueError(f"temperature must be positive; got {temperature}")
    logits = matmul(queries, transpose(keys)) / temperature  # (n, n)
    return cross_entropy(logits, np.arange(len(queries)))
