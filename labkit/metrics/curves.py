"""How good scores are at every threshold, and whether a probability means what it says."""

import numpy as np


def roc_curve(scores: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return false positive rates, true positive rates and the thresholds that give them.

    scores (n,) larger for yes, target (n,) of 1 and 0. Yes is what reaches the threshold. The
    thresholds are all scores, falling, after infinity, at which nothing is yes.

    Raises ValueError if the shapes differ, a target is neither, or only one of them is there.

    >>> false, true, thresholds = roc_curve(np.array([0.9, 0.4, 0.6]), np.array([1, 1, 0]))
    >>> false, true, thresholds
    (array([0., 0., 1., 1.]), array([0. , 0.5, 0.5, 1. ]), array([inf, 0.9, 0.6, 0.4]))

    [Fawcett 2006, algorithm 1]
    """
    called, hits, thresholds = _counts(scores, target)
    misses = called - hits
    if not misses[-1]:
        raise ValueError("target must hold a 0; got none")
    return misses / misses[-1], hits / hits[-1], thresholds


def roc_area(scores: np.ndarray, target: np.ndarray) -> float:
    """Return the area under `roc_curve`: how often a yes outscores a no; equal scores count half.

    >>> roc_area(np.array([0.9, 0.4, 0.6]), np.array([1, 1, 0]))
    0.5

    [Hanley and McNeil 1982]
    """
    false, true, _ = roc_curve(scores, target)
    return float(np.sum(np.diff(false) * (true[1:] + true[:-1]) / 2))


def precision_recall_curve(
    scores: np.ndarray, target: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return precisions, recalls and the thresholds that give them, as `roc_curve` does.

    At the infinite threshold nothing is called yes, and the precision counts as 1. scikit-learn
    lists the same points from the other end.

    Raises ValueError if the shapes differ, a target is neither 1 nor 0, or none is 1.

    >>> scores, target = np.array([0.9, 0.4, 0.6]), np.array([1, 1, 0])
    >>> precision, recall, _ = precision_recall_curve(scores, target)
    >>> precision.round(4), recall
    (array([1.    , 1.    , 0.5   , 0.6667]), array([0. , 0.5, 0.5, 1. ]))
    """
    called, hits, thresholds = _counts(scores, target)
    precision = np.where(called > 0, hits / np.maximum(called, 1), 1.0)
    return precision, hits / hits[-1], thresholds


def average_precision(scores: np.ndarray, target: np.ndarray) -> float:
    """Return the area under `precision_recall_curve`, as steps: the mean precision at each yes.

    >>> round(average_precision(np.array([0.9, 0.4, 0.6]), np.array([1, 1, 0])), 4)
    0.8333
    """
    precision, recall, _ = precision_recall_curve(scores, target)
    return float(np.sum(np.diff(recall) * precision[1:]))


def calibration_error(confidence: np.ndarray, correct: np.ndarray, *, bins: int = 15) -> float:
    """Return how far confidence is from accuracy, in the mean over bins of equal width.

    confidence (n,) in [0, 1], such as ``softmax(logits).max(axis=1)``; correct (n,) of 1 and 0.
    Examples are put into bins (0, 1/bins], (1/bins, 2/bins], ...; each bin's distance of mean
    confidence and share of correct ones counts as often as it has examples.

    Raises ValueError if the shapes differ or are empty, a number is out of range, or bins below 1.

    >>> round(calibration_error(np.array([0.9, 0.8, 0.9, 0.8]), np.array([1, 1, 0, 1])), 4)
    0.3

    [Guo et al. 2017, equation 3]
    """
    confidence, correct = _pair("confidence", confidence, "correct", correct)
    if bins < 1:
        raise ValueError(f"bins must be at least 1; got {bins}")
    if not ((confidence >= 0) & (confidence <= 1)).all():
        raise ValueError("confidence must lie in [0, 1]")
    place = np.maximum(np.ceil(confidence * bins) - 1, 0).astype(int)
    surplus = np.bincount(place, weights=confidence - correct, minlength=bins)
    return float(np.abs(surplus).sum() / len(confidence))


def _counts(scores: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return, for each threshold, how many are called yes and how many of them rightly."""
    scores, target = _pair("scores", scores, "target", target)
    if not target.any():
        raise ValueError("target must hold a 1; got none")
    order = np.argsort(-scores, kind="stable")
    scores, hits = scores[order], np.cumsum(target[order])
    last = np.append(np.flatnonzero(np.diff(scores)), len(scores) - 1)  # of equal scores
    called = np.append(0, last + 1)
    return called, np.append(0, hits[last]), np.append(np.inf, scores[last])


def _pair(name: str, a: np.ndarray, of: str, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Check a (n,) of numbers and b (n,) of 1 and 0."""
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b)
    if a.ndim != 1 or a.shape != b.shape or not a.size:
        raise ValueError(
            f"{name} and {of} must have one shape (n,), n > 0; got {a.shape}, {b.shape}"
        )
    if np.isnan(a).any():
        raise ValueError(f"{name} must be numbers; got nan")
    if not np.isin(b, (0, 1)).all():
        raise ValueError(f"{of} must be 1 or 0; got {b[~np.isin(b, (0, 1))][0]}")
    return a, b.astype(np.int64)
