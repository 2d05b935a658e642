"""How good predicted classes are, and how sure we may be of that."""

from statistics import NormalDist

import numpy as np


def accuracy(predicted: np.ndarray, target: np.ndarray) -> float:
    """Return the share of examples whose predicted class is the true one.

    predicted (n,) and target (n,) are integer classes; of logits take ``argmax(axis=1)`` first.

    Raises ValueError if they are not integers of one shape (n,), or if n is 0.

    >>> accuracy(np.array([1, 0, 2, 2]), np.array([1, 0, 2, 1]))
    0.75
    """
    predicted, target = _classes(predicted, target)
    return float((predicted == target).mean())


def wilson_interval(correct: int, total: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Return the bounds of the true success rate, :eq:`eq-wilson-interval`.

    correct successes in total independent trials. Unlike p ± 1.96 sqrt(p (1 - p) / n) it stays
    inside [0, 1] and does not shrink to nothing at 0 or n successes.

    Raises ValueError if correct is not in [0, total], total is 0, or confidence not in (0, 1).

    >>> low, high = wilson_interval(9850, 10000)
    >>> round(low, 4), round(high, 4)
    (0.9824, 0.9872)

    [Wilson 1927; Brown, Cai and DasGupta 2001, §3.1.1]
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be in (0, 1); got {confidence}")
    if total < 1 or not 0 <= correct <= total:
        raise ValueError(f"need 0 <= correct <= total, total > 0; got {correct} of {total}")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    p, n = correct / total, total
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * (p * (1 - p) / n + z**2 / (4 * n**2)) ** 0.5
    low = centre - half if correct > 0 else 0.0  # exact at the ends, where rounding is not
    high = centre + half if correct < total else 1.0
    return low, high


def confusion_matrix(
    predicted: np.ndarray, target: np.ndarray, *, k: int | None = None
) -> np.ndarray:
    """Return the (k, k) counts: row i, column j is how often true class i was called class j.

    predicted (n,) and target (n,) are classes in [0, k); k is one more than the largest if left
    out.

    Raises ValueError if they are not integers of one shape (n,), or a class is out of range.

    >>> confusion_matrix(np.array([0, 1, 1, 1]), np.array([0, 0, 1, 1]))
    array([[1, 1],
           [0, 2]])
    """
    predicted, target = _classes(predicted, target)
    low = min(predicted.min(), target.min())
    high = max(predicted.max(), target.max())
    k = int(high) + 1 if k is None else k
    if low < 0 or high >= k:
        raise ValueError(f"classes must be in [0, {k}); got {low} to {high}")
    return np.bincount(target * k + predicted, minlength=k * k).reshape(k, k)


def precision_recall_f1(
    predicted: np.ndarray,
    target: np.ndarray,
    *,
    k: int | None = None,
    average: str | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | tuple[float, float, float]:
    """Return each class's precision, recall and F1, three arrays (k,); 0 where it would be 0/0.

    Precision: of those called i, the share that is i. Recall: of those that are i, the share that
    was called i. F1 = 2 P R / (P + R), their harmonic mean.

    average makes three numbers of them: "macro" is the mean over all k classes, "weighted" counts
    a class as often as it is true, and "micro" takes all decisions together, which for one class
    per example makes all three the accuracy.

    Raises ValueError as `confusion_matrix` does, or if average is unknown.

    >>> p, r, f1 = precision_recall_f1(np.array([0, 1, 1, 1]), np.array([0, 0, 1, 1]))
    >>> p.round(4), r.round(4), f1.round(4)
    (array([1.    , 0.6667]), array([0.5, 1. ]), array([0.6667, 0.8   ]))
    >>> p, r, f1 = precision_recall_f1(
    ...     np.array([0, 1, 1, 1]), np.array([0, 0, 1, 1]), average="macro"
    ... )
    >>> round(p, 4), round(r, 4), round(f1, 4)
    (0.8333, 0.75, 0.7333)
    """
    if average not in (None, "micro", "macro", "weighted"):
        raise ValueError(f'average must be None, "micro", "macro" or "weighted"; got {average!r}')
    counts = confusion_matrix(predicted, target, k=k)
    hits = np.diag(counts).astype(float)
    called, actual = counts.sum(axis=0), counts.sum(axis=1)
    if average == "micro":
        hits, called, actual = (array.sum(keepdims=True) for array in (hits, called, actual))
    precision = hits / np.maximum(called, 1)
    recall = hits / np.maximum(actual, 1)
    f1 = 2 * hits / np.maximum(called + actual, 1)
    if average is None:
        return precision, recall, f1
    weights = actual if average == "weighted" else np.ones(len(hits))
    p, r, f = (float(np.average(each, weights=weights)) for each in (precision, recall, f1))
    return p, r, f


def _classes(predicted: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Check that these are two equally long, non-empty rows of integers; bytes become ints."""
    for name, array in (("predicted", predicted), ("target", target)):
        array = np.asarray(array)
        if array.ndim != 1 or array.dtype.kind not in "iu":
            raise ValueError(
                f"{name} must be integer classes of shape (n,); got {array.dtype} {array.shape}"
            )
    if len(predicted) != len(target) or len(target) == 0:
        raise ValueError(
            "predicted and target must have the same length, at least 1; "
            f"got {len(predicted)} and {len(target)}"
        )
    return np.asarray(predicted).astype(np.int64), np.asarray(target).astype(np.int64)
