"""How good an order is: of recommendations, or of points around their own kind."""

import numpy as np


def hit_rate(scores: np.ndarray, target: np.ndarray, *, k: int = 10) -> float:
    """Return the share of rows whose one right item is among the k best scores.

    scores (n, m) for m items, target (n,) the right item's number. An item that scores the same as
    the right one stands before it: who cannot tell items apart gets no credit.

    Raises ValueError if the shapes do not fit, a target is no item, or k is below 1.

    >>> hit_rate(np.array([[0.1, 0.7, 0.2], [0.5, 0.3, 0.2]]), np.array([2, 2]), k=2)
    0.5
    """
    scores, target = np.asarray(scores), np.asarray(target)
    if scores.ndim != 2 or target.shape != scores.shape[:1] or not scores.size:
        raise ValueError(
            f"scores must have the shape (n, m) and target (n,); got {scores.shape}, {target.shape}"
        )
    if target.dtype.kind not in "iu" or target.min() < 0 or target.max() >= scores.shape[1]:
        raise ValueError(f"target must be whole numbers in [0, {scores.shape[1]}); got {target}")
    _check_k(k)
    own = np.take_along_axis(scores, target[:, np.newaxis], axis=1)
    return float(np.mean((scores >= own).sum(axis=1) <= k))


def ndcg(scores: np.ndarray, relevance: np.ndarray, *, k: int | None = None) -> float:
    """Return the normalized discounted cumulative gain, in [0, 1], the mean over the rows::

        DCG = sum over ranks i = 1, 2, ..., k of relevance_i / log2(i + 1)
        nDCG = DCG / (DCG of the best order)

    scores and relevance (n, m), relevance from 0 up. Equal scores keep their order, where
    scikit-learn takes the mean of all orders. A row of no relevance counts 0.

    Raises ValueError if the shapes differ, are not (n, m) or are empty, a relevance is below 0, or
    k is below 1.

    >>> round(ndcg(np.array([[0.9, 0.5, 0.1]]), np.array([[0, 1, 3]])), 4)
    0.5869

    [Järvelin and Kekäläinen 2002, section 2.2, with every rank discounted]
    """
    scores, relevance = np.asarray(scores), np.asarray(relevance, dtype=np.float64)
    if scores.ndim != 2 or scores.shape != relevance.shape or not scores.size:
        raise ValueError(
            "scores and relevance must have one shape (n, m); "
            f"got {scores.shape}, {relevance.shape}"
        )
    if not (relevance >= 0).all():
        raise ValueError("relevance must be numbers from 0 up")
    k = scores.shape[1] if k is None else k
    _check_k(k)
    gained = _discounted(relevance, np.argsort(-scores, axis=1, kind="stable"), k)
    best = _discounted(relevance, np.argsort(-relevance, axis=1), k)
    return float(np.mean(gained / np.where(best > 0, best, 1)))


def silhouette(x: np.ndarray, labels: np.ndarray) -> float:
    """Return how much nearer points are to their own kind than to the next, in [-1, 1]::

        mean of (b - a) / max(a, b)

    x (n, d), labels (n,). a is a point's mean distance to the others of its label, b that to the
    label that is nearest to it. A point alone counts 0.

    Raises ValueError if the shapes do not fit, or there are not 2 to n - 1 labels.

    >>> round(silhouette(np.array([[0.0], [1.0], [10.0], [11.0]]), np.array([0, 0, 1, 1])), 4)
    0.8997

    [Rousseeuw 1987, section 2]
    """
    x, labels = np.asarray(x, dtype=np.float64), np.asarray(labels)
    if x.ndim != 2 or labels.shape != x.shape[:1]:
        raise ValueError(f"x must be (n, d) and labels (n,); got {x.shape}, {labels.shape}")
    kinds, own = np.unique(labels, return_inverse=True)
    if not 2 <= len(kinds) < len(x):
        raise ValueError(f"labels must be 2 to n - 1 different ones; got {len(kinds)} of {len(x)}")
    members = np.eye(len(kinds))[own]  # (n, kinds)
    sizes = members.sum(axis=0)
    values = np.zeros(len(x))
    for i in np.flatnonzero(sizes[own] > 1):
        totals = np.linalg.norm(x - x[i], axis=1) @ members  # (kinds,)
        a = totals[own[i]] / (sizes[own[i]] - 1)  # its distance to itself is 0
        b = np.delete(totals / sizes, own[i]).min()
        values[i] = (b - a) / max(a, b) if max(a, b) > 0 else 0.0
    return float(values.mean())


def _discounted(relevance: np.ndarray, order: np.ndarray, k: int) -> np.ndarray:
    ranked = np.take_along_axis(relevance, order, axis=1)[:, :k]
    return ranked @ (1 / np.log2(np.arange(ranked.shape[1]) + 2))


def _check_k(k: int) -> None:
    if k < 1:
        raise ValueError(f"k must be at least 1; got {k}")
