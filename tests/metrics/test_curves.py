"""Curves and calibration: scikit-learn, numbers by hand, and what must hold of every curve."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.metrics import (
    average_precision,
    calibration_error,
    precision_recall_curve,
    roc_area,
    roc_curve,
)

SCORES, TARGET = np.array([0.9, 0.8, 0.8, 0.3]), np.array([1, 0, 1, 0])


def drawn(n, levels, seed):
    """Scores with ties, and at least one yes and one no."""
    rng = np.random.default_rng(seed)
    target = np.append(rng.integers(2, size=n), [0, 1])
    return rng.integers(levels, size=n + 2) / levels, target


@given(n=st.integers(0, 40), levels=st.integers(1, 50), seed=st.integers(0, 1000))
@settings(max_examples=80)
def test_as_scikit_learn(n, levels, seed):
    sklearn = pytest.importorskip("sklearn.metrics")
    scores, target = drawn(n, levels, seed)
    theirs = sklearn.roc_curve(target, scores, drop_intermediate=False)
    for mine, their in zip(roc_curve(scores, target), theirs, strict=True):
        np.testing.assert_allclose(mine, their, rtol=1e-12)
    precision, recall, thresholds = precision_recall_curve(scores, target)
    theirs = sklearn.precision_recall_curve(target, scores)
    np.testing.assert_allclose(precision[::-1], theirs[0], rtol=1e-12)
    np.testing.assert_allclose(recall[::-1], theirs[1], rtol=1e-12)
    np.testing.assert_allclose(thresholds[:0:-1], theirs[2], rtol=1e-12)
    area = sklearn.roc_auc_score(target, scores)
    assert roc_area(scores, target) == pytest.approx(area, rel=1e-12, abs=1e-15)
    their_precision = sklearn.average_precision_score(target, scores)
    assert average_precision(scores, target) == pytest.approx(their_precision, rel=1e-12)


def test_by_hand():
    """Two scores of 0.8 come at once: one right, one wrong."""
    false, true, thresholds = roc_curve(SCORES, TARGET)
    assert false.tolist() == [0, 0, 0.5, 1]
    assert true.tolist() == [0, 0.5, 1, 1]
    assert thresholds.tolist() == [np.inf, 0.9, 0.8, 0.3]
    precision, recall, _ = precision_recall_curve(SCORES, TARGET)
    np.testing.assert_allclose(precision, [1, 1, 2 / 3, 1 / 2])
    assert recall.tolist() == [0, 0.5, 1, 1]
    assert average_precision(SCORES, TARGET) == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)


@given(n=st.integers(0, 30), levels=st.integers(1, 20), seed=st.integers(0, 1000))
@settings(max_examples=60)
def test_the_area_is_how_often_a_yes_outscores_a_no(n, levels, seed):
    scores, target = drawn(n, levels, seed)
    yes, no = scores[target == 1, np.newaxis], scores[target == 0]
    assert roc_area(scores, target) == pytest.approx(((yes > no) + (yes == no) / 2).mean())
    assert roc_area(-scores, target) == pytest.approx(1 - roc_area(scores, target))
    assert roc_area(np.exp(5 * scores), target) == pytest.approx(roc_area(scores, target))


def test_the_order_of_the_examples_does_not_matter(rng):
    scores, target = drawn(30, 5, 0)
    shuffled = rng.permutation(len(scores))
    for curve in (roc_curve, precision_recall_curve):
        for a, b in zip(
            curve(scores, target), curve(scores[shuffled], target[shuffled]), strict=True
        ):
            np.testing.assert_array_equal(a, b)


# --- calibration ------------------------------------------------------------------------------


def calibration_by_loop(confidence, correct, bins):
    total = 0.0
    for i in range(bins):
        low, high = i / bins, (i + 1) / bins
        inside = [
            (p, c)
            for p, c in zip(confidence, correct, strict=True)
            if low < p <= high or (i == 0 and p == 0)
        ]
        if inside:
            p, c = np.mean(inside, axis=0)
            total += len(inside) / len(confidence) * abs(p - c)
    return total


@given(n=st.integers(1, 60), bins=st.sampled_from([1, 2, 4, 8]), seed=st.integers(0, 1000))
@settings(max_examples=60)
def test_calibration_is_the_definition(n, bins, seed):
    rng = np.random.default_rng(seed)
    confidence, correct = rng.integers(17, size=n) / 16, rng.integers(2, size=n)
    expected = calibration_by_loop(confidence, correct, bins)
    assert calibration_error(confidence, correct, bins=bins) == pytest.approx(expected, abs=1e-12)


def test_calibration_by_hand():
    """(0.8, 0.9] has two of 0.9, one right: 0.4 off; (0.7, 0.8] two of 0.75, both right: 0.25."""
    confidence, correct = np.array([0.9, 0.75, 0.9, 0.75]), np.array([1, 1, 0, 1])
    assert calibration_error(confidence, correct, bins=10) == pytest.approx((0.4 + 0.25) / 2)
    together = calibration_error(np.array([0.5, 0.52]), np.array([1, 0]))  # both in (7/15, 8/15]
    assert together == pytest.approx(0.01)
    assert calibration_error(np.ones(3), np.ones(3)) == 0
    assert calibration_error(np.zeros(3), np.ones(3)) == 1


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: roc_curve(np.ones((2, 1)), np.ones(2)), r"got \(2, 1\), \(2,\)"),
        (lambda: roc_curve(np.ones((2, 1)), np.ones((2, 1))), r"must have one shape \(n,\)"),
        (lambda: roc_curve(np.ones(0), np.ones(0)), r"must have one shape \(n,\), n > 0"),
        (lambda: roc_curve(np.ones(2), np.array([1, 2])), "target must be 1 or 0; got 2"),
        (lambda: roc_curve(np.array([1, np.nan]), np.array([1, 0])), "scores must be numbers"),
        (lambda: roc_curve(np.ones(2), np.ones(2)), "target must hold a 0; got none"),
        (lambda: roc_curve(np.ones(2), np.zeros(2)), "target must hold a 1; got none"),
        (lambda: average_precision(np.ones(2), np.zeros(2)), "target must hold a 1; got none"),
        (lambda: calibration_error(np.ones(1), np.ones(1), bins=0), "bins must be at least 1"),
        (lambda: calibration_error(np.array([0.5, 1.1]), np.ones(2)), "confidence must lie in"),
        (lambda: calibration_error(np.array([-0.1]), np.ones(1)), "confidence must lie in"),
        (lambda: calibration_error(np.ones(1), np.array([0.5])), "correct must be 1 or 0; got 0.5"),
    ],
)
def test_what_makes_no_sense_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()


# --- what holds of any scores -------------------------------------------------------------------


@given(n=st.integers(0, 40), levels=st.integers(1, 20), seed=st.integers(0, 1000))
def test_curves_go_up_from_nothing_to_all(n, levels, seed):
    scores, target = drawn(n, levels, seed)
    false, true, thresholds = roc_curve(scores, target)
    precision, recall, _ = precision_recall_curve(scores, target)
    for rising in (false, true, recall):
        assert (rising[0], rising[-1]) == (0, 1)
        assert (np.diff(rising) >= 0).all()
    assert (np.diff(thresholds[1:]) < 0).all()
    assert ((precision >= 0) & (precision <= 1)).all()
    assert precision[-1] == target.mean()
    assert 0 < average_precision(scores, target) <= 1
    assert average_precision(target, target) == roc_area(target, target) == 1
    assert average_precision(np.exp(scores), target) == average_precision(scores, target)


@given(n=st.integers(1, 60), bins=st.integers(1, 20), seed=st.integers(0, 1000))
def test_calibration_is_bounded_and_as_scikit_learn_bins(n, bins, seed):
    calibration = pytest.importorskip("sklearn.calibration")
    rng = np.random.default_rng(seed)
    confidence, correct = rng.random(n), rng.integers(2, size=n)
    error = calibration_error(confidence, correct, bins=bins)
    overall = abs(confidence.mean() - correct.mean())
    assert overall - 1e-12 <= error <= np.abs(confidence - correct).mean() + 1e-12
    order = rng.permutation(n)
    shuffled = calibration_error(confidence[order], correct[order], bins=bins)
    assert shuffled == pytest.approx(error, abs=1e-12)
    assert calibration_error(1 - confidence, 1 - correct, bins=1) == pytest.approx(overall)
    right, sure = calibration.calibration_curve(correct, confidence, n_bins=bins)
    sizes = np.histogram(confidence, bins=bins, range=(0, 1))[0]
    theirs = np.abs(right - sure) @ sizes[sizes > 0] / n
    assert error == pytest.approx(theirs, abs=1e-12)
