"""Boxes: pixels counted one by one, numbers by hand, and what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.metrics import box_iou, detection_average_precision, non_maximum_suppression


def boxes(n, seed, size=12):
    rng = np.random.default_rng(seed)
    corners = rng.integers(size, size=(n, 2))
    return np.hstack([corners, corners + rng.integers(1, size, size=(n, 2))])


def pixels(box):
    left, top, right, bottom = box
    return {(x, y) for x in range(left, right) for y in range(top, bottom)}


@given(n=st.integers(0, 5), m=st.integers(0, 5), seed=st.integers(0, 1000))
@settings(max_examples=60)
def test_iou_counts_pixels(n, m, seed):
    a, b = boxes(n, seed), boxes(m, seed + 1)
    out = box_iou(a, b)
    assert out.shape == (n, m)
    for i, j in np.ndindex(n, m):
        p, q = pixels(a[i]), pixels(b[j])
        assert out[i, j] == pytest.approx(len(p & q) / len(p | q))
    np.testing.assert_array_equal(out.T, box_iou(b, a))


def test_iou_by_hand():
    """2 of 4 + 4 - 2 pixels; boxes that touch share nothing; a box is all of itself."""
    a = np.array([[0.0, 0.0, 2.0, 2.0]])
    b = np.array([[1.0, 0.0, 3.0, 2.0], [2.0, 0.0, 3.0, 2.0], [0.0, 0.0, 2.0, 2.0], [5, 5, 6, 6]])
    np.testing.assert_allclose(box_iou(a, b), [[1 / 3, 0, 1, 0]])


@given(n=st.integers(0, 12), seed=st.integers(0, 1000), threshold=st.floats(0, 1))
@settings(max_examples=60)
def test_what_is_kept_overlaps_little_and_what_is_not_overlaps_a_better_one(n, seed, threshold):
    found, scores = boxes(n, seed), np.random.default_rng(seed).normal(size=n)
    kept = non_maximum_suppression(found, scores, threshold=threshold)
    assert (np.diff(scores[kept]) <= 0).all()
    overlap = box_iou(found, found)
    between = overlap[np.ix_(kept, kept)]
    assert (between[~np.eye(len(kept), dtype=bool)] <= threshold).all()
    for i in set(range(n)) - set(kept.tolist()):
        better = kept[scores[kept] >= scores[i]]
        assert (overlap[i, better] > threshold).any()


def test_suppression_by_hand():
    """The second overlaps the first by 9/11, the third the second but not the first."""
    found = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [5, 0, 15, 10], [20, 20, 30, 30]])
    scores = np.array([0.9, 0.8, 0.7, 0.95])
    assert non_maximum_suppression(found, scores, threshold=0.4).tolist() == [3, 0, 2]
    assert non_maximum_suppression(found, scores, threshold=0.9).tolist() == [3, 0, 1, 2]
    assert non_maximum_suppression(np.zeros((0, 4)), np.zeros(0)).tolist() == []


def test_average_precision_by_hand():
    """Four true boxes. From the best: right, wrong, right, wrong (found before), right.

    Precisions at the three right ones: 1, 2/3, 3/5, each over a quarter of recall; the fourth is
    never found.
    """
    one, two, three, four = [0, 0, 2, 2], [4, 4, 6, 6], [0, 0, 3, 3], [7, 7, 9, 9]
    found = [np.array([one, four, two, one]), np.array([three])]
    scores = [np.array([0.9, 0.8, 0.7, 0.6]), np.array([0.5])]
    true = [np.array([one, two]), np.array([three, four])]
    expected = (1 + 2 / 3 + 3 / 5) / 4
    assert detection_average_precision(found, scores, true) == pytest.approx(expected)


def test_a_precision_is_replaced_by_the_best_beyond():
    """Wrong, right, right: 1/2 and 2/3, and so 2/3 for both."""
    true = [np.array([[0, 0, 2, 2], [4, 4, 6, 6]])]
    found = [np.array([[8, 8, 9, 9], [0, 0, 2, 2], [4, 4, 6, 6]])]
    scores = [np.array([0.9, 0.8, 0.7])]
    assert detection_average_precision(found, scores, true) == pytest.approx(2 / 3)


def test_the_threshold_decides_and_the_image_too():
    """IoU 1/3: right at 1/3, wrong at 0.34; a true box of another image does not count."""
    found, scores = np.array([[1.0, 0.0, 3.0, 2.0]]), np.array([0.9])
    true, none = np.array([[0.0, 0.0, 2.0, 2.0]]), np.zeros((0, 4))
    for threshold, expected in ((1 / 3, 1), (0.34, 0)):
        out = detection_average_precision([found], [scores], [true], threshold=threshold)
        assert out == expected
    nothing = np.zeros(0)
    assert detection_average_precision([true, none], [scores, nothing], [none, true]) == 0
    assert detection_average_precision([none], [nothing], [true]) == 0


def test_half_is_enough_if_nothing_is_said():
    """The area that both have over that of either: 3/4 of the box is right, 9/20 is not."""
    true, scores = np.array([[0.0, 0.0, 2.0, 2.0]]), [np.array([0.9])]
    for height, expected in ((1.5, 1), (1.0, 1), (0.9, 0)):
        found = [np.array([[0.0, 0.0, 2.0, height]])]
        assert detection_average_precision(found, scores, [true]) == expected


def test_boxes_far_apart_are_a_ranking_of_right_and_wrong_ones():
    rng = np.random.default_rng(0)
    corners = np.arange(40)[:, np.newaxis] * 10 + np.array([0, 0, 5, 5])
    for _ in range(10):
        scores, right = rng.normal(size=40), rng.integers(2, size=40) == 1
        ours = detection_average_precision([corners], [scores], [corners[right]])
        order = right[np.argsort(-scores)]
        precision = np.cumsum(order) / np.arange(1, 41)
        beyond = [precision[i:].max() for i in np.flatnonzero(order)]
        assert ours == pytest.approx(np.mean(beyond))


BOX = np.array([[0, 0, 1, 1]])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: box_iou(np.zeros(4), BOX), r"a must have the shape \(n, 4\); got \(4,\)"),
        (lambda: box_iou(BOX, np.zeros((2, 3))), r"b must have the shape \(n, 4\); got \(2, 3\)"),
        (lambda: box_iou(np.array([[0, 0, 0, 1]]), BOX), "every box of a must have left < right"),
        (lambda: box_iou(BOX, np.array([[0, 1, 1, 0]])), "every box of b must have .* top < bot"),
        (lambda: non_maximum_suppression(BOX, np.ones(2)), r"scores must have the shape \(1,\)"),
        (lambda: detection_average_precision([BOX], [], [BOX]), "got 1, 0 and 1"),
        (
            lambda: detection_average_precision([BOX], [np.ones(1)], [np.zeros((0, 4))]),
            "targets must hold at least one box",
        ),
        (
            lambda: detection_average_precision([BOX], [np.ones(2)], [BOX]),
            "scores must have one number per box; got 2, 1",
        ),
    ],
)
def test_what_makes_no_sense_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()


# --- what holds of any boxes --------------------------------------------------------------------


@given(n=st.integers(1, 6), m=st.integers(1, 6), seed=st.integers(0, 1000))
def test_where_the_boxes_are_and_how_large_a_pixel_is_does_not_matter(n, m, seed):
    a, b = boxes(n, seed), boxes(m, seed + 1)
    out = box_iou(a, b)
    assert ((out >= 0) & (out <= 1)).all()
    assert ((out == 1) == (a[:, np.newaxis] == b).all(axis=2)).all()
    np.testing.assert_allclose(box_iou(3 * a + 7, 3 * b + 7), out, rtol=1e-12)
    turned = [1, 0, 3, 2]  # rows for columns
    np.testing.assert_array_equal(box_iou(a[:, turned], b[:, turned]), out)


@given(n=st.integers(1, 8), m=st.integers(1, 4), seed=st.integers(0, 1000))
def test_the_order_of_the_boxes_does_not_matter(n, m, seed):
    rng = np.random.default_rng(seed)
    found, scores, true = boxes(n, seed), rng.permutation(n) / n, boxes(m, seed + 1)
    order = rng.permutation(n)
    kept = non_maximum_suppression(found, scores)
    shuffled = non_maximum_suppression(found[order], scores[order])
    np.testing.assert_array_equal(order[shuffled], kept)
    score = detection_average_precision([found], [scores], [true])
    assert 0 <= score <= 1
    assert detection_average_precision([found[order]], [scores[order]], [true]) == score
    empty = np.zeros((0, 4)), np.zeros(0), np.zeros((0, 4))
    images = zip((found, scores, true), empty, strict=True)
    assert detection_average_precision(*map(list, images)) == score
    assert (
        detection_average_precision([true], [np.arange(m)], [true]) == 1
        or len(np.unique(true, axis=0)) < m
    )
