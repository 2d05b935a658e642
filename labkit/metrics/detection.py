"""How well boxes are found in images. A box is (left, top, right, bottom)."""

from collections.abc import Sequence

import numpy as np


def box_iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the intersection over union of every pair of boxes: a (n, 4), b (m, 4), out (n, m).

    Raises ValueError if the shapes are others, or a box has no area.

    >>> box_iou(np.array([[0, 0, 2, 2]]), np.array([[1, 0, 3, 2], [2, 2, 3, 3]])).round(4)
    array([[0.3333, 0.    ]])

    [Everingham et al. 2010, equation 4]
    """
    a, b = _boxes("a", a), _boxes("b", b)
    top_left = np.maximum(a[:, np.newaxis, :2], b[:, :2])
    bottom_right = np.minimum(a[:, np.newaxis, 2:], b[:, 2:])  # (n, m, 2)
    both = np.prod(np.maximum(bottom_right - top_left, 0), axis=2)
    return both / (_area(a)[:, np.newaxis] + _area(b) - both)


def non_maximum_suppression(
    boxes: np.ndarray, scores: np.ndarray, *, threshold: float = 0.5
) -> np.ndarray:
    """Return which boxes to keep, best first: those that overlap no better one that is kept.

    boxes (n, 4), scores (n,). Boxes overlap if their `box_iou` is above the threshold.

    Raises ValueError if the shapes do not fit, or a box has no area.

    >>> boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [20, 20, 30, 30]])
    >>> non_maximum_suppression(boxes, np.array([0.8, 0.9, 0.3]))
    array([1, 2])
    """
    boxes, scores = _boxes("boxes", boxes), np.asarray(scores)
    if scores.shape != (len(boxes),):
        raise ValueError(f"scores must have the shape ({len(boxes)},); got {scores.shape}")
    overlap = box_iou(boxes, boxes) > threshold
    kept: list[int] = []
    for i in np.argsort(-scores, kind="stable"):
        if not overlap[i, kept].any():
            kept.append(int(i))
    return np.array(kept, dtype=np.int64)


def detection_average_precision(
    boxes: Sequence[np.ndarray],
    scores: Sequence[np.ndarray],
    targets: Sequence[np.ndarray],
    *,
    threshold: float = 0.5,
) -> float:
    """Return the average precision of the boxes found of one class, over many images.

    For each image the boxes found (n, 4), their scores (n,) and the true boxes (m, 4). From the
    best score down, a box is right if, among the true boxes of its image, the one that it overlaps
    most reaches the threshold and was not found yet. Returns the area under precision against
    recall, where each precision is replaced by the best at that recall or beyond. The mean over
    classes is called mAP.

    Raises ValueError if the lists differ in length, the shapes do not fit, or no box is true.

    >>> found, scores = [np.array([[0, 0, 2, 2], [5, 5, 6, 6]])], [np.array([0.9, 0.8])]
    >>> detection_average_precision(found, scores, [np.array([[0, 0, 2, 2], [8, 8, 9, 9]])])
    0.5

    [Everingham et al. 2010, section 4.2; all points, as from 2010 on]
    """
    if not len(boxes) == len(scores) == len(targets):
        raise ValueError(
            "boxes, scores and targets must have an entry per image; "
            f"got {len(boxes)}, {len(scores)} and {len(targets)}"
        )
    total = sum(len(true) for true in targets)
    if not total:
        raise ValueError("targets must hold at least one box; got none")
    right = [_right(*image, threshold) for image in zip(boxes, scores, targets, strict=True)]
    order = np.argsort(-np.concatenate(scores), kind="stable")
    hits = np.cumsum(np.concatenate(right)[order])
    precision = hits / np.arange(1, len(hits) + 1)
    best_beyond = np.maximum.accumulate(precision[::-1])[::-1]
    return float(np.sum(np.diff(hits, prepend=0) * best_beyond) / total)


def _right(boxes: np.ndarray, scores: np.ndarray, true: np.ndarray, threshold: float) -> np.ndarray:
    """Return whether each box of one image finds a true one that no better box has found."""
    if len(scores) != len(boxes):
        raise ValueError(f"scores must have one number per box; got {len(scores)}, {len(boxes)}")
    right = np.zeros(len(boxes), dtype=np.int64)
    if not len(boxes) or not len(true):
        return right
    overlap, found = box_iou(boxes, true), set()
    for i in np.argsort(-np.asarray(scores), kind="stable"):
        j = int(np.argmax(overlap[i]))
        if overlap[i, j] >= threshold and j not in found:
            right[i] = 1
            found.add(j)
    return right


def _boxes(name: str, boxes: np.ndarray) -> np.ndarray:
    boxes = np.asarray(boxes, dtype=np.float64)
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ValueError(f"{name} must have the shape (n, 4); got {boxes.shape}")
    if not (boxes[:, :2] < boxes[:, 2:]).all():
        raise ValueError(f"every box of {name} must have left < right and top < bottom")
    return boxes


def _area(boxes: np.ndarray) -> np.ndarray:
    return np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
