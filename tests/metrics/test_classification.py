"""Metrics of classes: numbers by hand, and scikit-learn."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.metrics import accuracy, confusion_matrix, precision_recall_f1, wilson_interval


def predictions(tp, fp, fn, tn):
    """Predicted and true classes, 1 for positive, that have these counts."""
    predicted = np.repeat([1, 1, 0, 0], [tp, fp, fn, tn])
    target = np.repeat([1, 0, 1, 0], [tp, fp, fn, tn])
    return predicted, target


def test_a_thousand_examples_by_hand():
    predicted, target = predictions(tp=40, fp=10, fn=20, tn=930)
    assert accuracy(predicted, target) == pytest.approx(0.97)
    assert confusion_matrix(predicted, target).tolist() == [[930, 10], [20, 40]]
    precision, recall, f1 = precision_recall_f1(predicted, target)
    assert precision[1] == pytest.approx(40 / 50)
    assert recall[1] == pytest.approx(40 / 60)
    assert f1[1] == pytest.approx(2 * 0.8 * (2 / 3) / (0.8 + 2 / 3))
    assert f1[1] == pytest.approx(0.7273, abs=5e-5)
    assert precision[0] == pytest.approx(930 / 950)
    assert recall[0] == pytest.approx(930 / 940)


def test_always_negative_is_accurate_and_useless():
    predicted, target = predictions(tp=0, fp=0, fn=5, tn=95)
    assert accuracy(predicted, target) == 0.95
    precision, recall, f1 = precision_recall_f1(predicted, target)
    assert (precision[1], recall[1], f1[1]) == (0, 0, 0)


def test_rows_are_true_and_columns_are_predicted():
    counts = confusion_matrix(np.array([2, 2, 0]), np.array([1, 1, 0]), k=4)
    assert counts.shape == (4, 4)
    assert counts[1, 2] == 2
    assert counts[0, 0] == 1
    assert counts.sum() == 3


@given(
    k=st.integers(1, 6), n=st.integers(1, 60), seed=st.integers(0, 1000), extra=st.integers(0, 2)
)
@settings(max_examples=60)
@pytest.mark.filterwarnings("ignore:A single label was found")
def test_as_scikit_learn(k, n, seed, extra):
    sklearn = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(seed)
    predicted, target = rng.integers(k, size=(2, n))
    labels = np.arange(k + extra)
    theirs = sklearn.confusion_matrix(target, predicted, labels=labels)
    np.testing.assert_array_equal(confusion_matrix(predicted, target, k=k + extra), theirs)
    assert accuracy(predicted, target) == pytest.approx(sklearn.accuracy_score(target, predicted))
    expected = sklearn.precision_recall_fscore_support(
        target, predicted, labels=labels, zero_division=0
    )
    ours = precision_recall_f1(predicted, target, k=k + extra)
    for mine, their in zip(ours, expected[:3], strict=True):
        np.testing.assert_allclose(mine, their, rtol=1e-12, atol=0)


@given(k=st.integers(1, 5), n=st.integers(1, 40), seed=st.integers(0, 1000))
@settings(max_examples=60)
@pytest.mark.parametrize("average", ["micro", "macro", "weighted"])
def test_averages_as_scikit_learn(average, k, n, seed):
    sklearn = pytest.importorskip("sklearn.metrics")
    predicted, target = np.random.default_rng(seed).integers(k, size=(2, n))
    theirs = sklearn.precision_recall_fscore_support(
        target, predicted, labels=np.arange(k + 1), zero_division=0, average=average
    )
    ours = precision_recall_f1(predicted, target, k=k + 1, average=average)
    assert ours == pytest.approx(theirs[:3], rel=1e-12)
    if average == "micro":
        assert ours == pytest.approx([accuracy(predicted, target)] * 3)


def test_averages_by_hand():
    """Class 1: P 0.8, R 2/3; class 0: P 930/950, R 930/940. 60 of the 1000 are of class 1."""
    predicted, target = predictions(tp=40, fp=10, fn=20, tn=930)
    _, macro, _ = precision_recall_f1(predicted, target, average="macro")
    _, weighted, _ = precision_recall_f1(predicted, target, average="weighted")
    assert macro == pytest.approx((2 / 3 + 930 / 940) / 2)
    assert weighted == pytest.approx(0.06 * 2 / 3 + 0.94 * 930 / 940)
    with pytest.raises(ValueError, match=r"average must be None, .micro., .* got 'binary'"):
        precision_recall_f1(predicted, target, average="binary")


def test_bytes_do_not_overflow():
    classes = np.arange(200).astype(np.uint8)
    np.testing.assert_array_equal(confusion_matrix(classes, classes), np.eye(200))


@pytest.mark.parametrize("function", [accuracy, confusion_matrix, precision_recall_f1])
@pytest.mark.parametrize(
    ("predicted", "target", "message"),
    [
        (np.array([0.1, 0.9]), np.array([0, 1]), "predicted must be integer classes"),
        (np.array([[0.1, 0.9]]), np.array([1]), "predicted must be integer classes"),
        (np.array([0, 1]), np.array([0.0, 1.0]), "target must be integer classes"),
        (np.array([0, 1]), np.array([[0], [1]]), "target must be integer classes"),
        (np.array([True, False]), np.array([0, 1]), "predicted must be integer classes"),
        (np.array([0, 1]), np.array([0, 1, 1]), "same length, at least 1; got 2 and 3"),
        (np.array([], int), np.array([], int), "same length, at least 1; got 0 and 0"),
    ],
)
def test_what_is_no_pair_of_classes_is_refused(function, predicted, target, message):
    with pytest.raises(ValueError, match=message):
        function(predicted, target)


@pytest.mark.parametrize(("low", "k"), [(-1, None), (0, 2), (-1, 5)])
def test_classes_out_of_range_are_refused(low, k):
    one, other = np.array([low, 2]), np.array([0, 1])
    for predicted, target in ((one, other), (other, one)):
        with pytest.raises(ValueError, match=r"classes must be in \[0, "):
            confusion_matrix(predicted, target, k=k)


# --- the interval ------------------------------------------------------------------------------


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.99])
@pytest.mark.parametrize(
    ("correct", "total"), [(0, 1), (1, 1), (0, 40), (7, 40), (40, 40), (9850, 10_000)]
)
def test_wilson_as_scipy(correct, total, confidence):
    stats = pytest.importorskip("scipy.stats")
    theirs = stats.binomtest(correct, total).proportion_ci(confidence, method="wilson")
    ours = wilson_interval(correct, total, confidence=confidence)
    assert ours == pytest.approx((theirs.low, theirs.high), abs=1e-12)


@pytest.mark.parametrize(("correct", "total"), [(1, 10), (5, 10), (985, 1000)])
def test_the_ends_are_the_rates_at_which_what_was_seen_is_196_deviations_off(correct, total):
    p = correct / total
    for q in wilson_interval(correct, total):
        assert abs(p - q) == pytest.approx(1.959964 * math.sqrt(q * (1 - q) / total), rel=1e-6)


@given(total=st.integers(1, 3000), share=st.floats(0, 1))
@settings(max_examples=100)
def test_the_interval_holds_the_rate_and_stays_in_range(total, share):
    correct = round(total * share)
    low, high = wilson_interval(correct, total)
    assert 0 <= low <= correct / total <= high <= 1
    assert low < high


def test_the_interval_covers_the_truth_as_often_as_it_says():
    """Exact coverage at n = 100: the chance, over all outcomes, that the interval holds the truth.

    It is near 0.95 where p ± 1.96 s is far below: at p = 0.98 that one covers 0.87.
    """
    n = 100

    def coverage(p, interval):
        chances = [math.comb(n, c) * p**c * (1 - p) ** (n - c) for c in range(n + 1)]
        held = [low <= p <= high for low, high in map(interval, range(n + 1))]
        return sum(chance for chance, inside in zip(chances, held, strict=True) if inside)

    def wald(c):
        p = c / n
        half = 1.96 * math.sqrt(p * (1 - p) / n)
        return p - half, p + half

    truths = np.arange(0.02, 0.99, 0.01)
    wilson = [coverage(p, lambda c: wilson_interval(c, n)) for p in truths]
    assert np.mean(wilson) == pytest.approx(0.95, abs=0.01)
    assert min(wilson) > 0.91
    assert coverage(0.98, wald) < 0.88


@pytest.mark.parametrize(
    ("correct", "total", "confidence", "message"),
    [
        (-1, 10, 0.95, "got -1 of 10"),
        (11, 10, 0.95, "got 11 of 10"),
        (0, 0, 0.95, "got 0 of 0"),
        (1, 10, 0.0, "confidence must be in"),
        (1, 10, 1.0, "confidence must be in"),
        (1, 10, 95, "confidence must be in"),
    ],
)
def test_wilson_refuses_what_makes_no_sense(correct, total, confidence, message):
    with pytest.raises(ValueError, match=message):
        wilson_interval(correct, total, confidence=confidence)


# --- what holds of any classes ------------------------------------------------------------------


@given(k=st.integers(2, 5), n=st.integers(1, 40), seed=st.integers(0, 1000))
def test_names_and_order_do_not_matter_and_sides_can_be_changed(k, n, seed):
    rng = np.random.default_rng(seed)
    predicted, target = rng.integers(k, size=(2, n))
    counts = confusion_matrix(predicted, target, k=k)
    assert counts.sum() == n
    assert (counts >= 0).all()
    np.testing.assert_array_equal(counts.sum(axis=1), np.bincount(target, minlength=k))
    np.testing.assert_array_equal(confusion_matrix(target, predicted, k=k), counts.T)
    assert accuracy(predicted, target) == accuracy(target, predicted) == np.trace(counts) / n
    order, names = rng.permutation(n), rng.permutation(k)
    renamed = confusion_matrix(names[predicted[order]], names[target[order]], k=k)
    np.testing.assert_array_equal(renamed[np.ix_(names, names)], counts)


@given(k=st.integers(2, 5), n=st.integers(1, 40), seed=st.integers(0, 1000))
def test_the_harmonic_mean_lies_between_precision_and_recall(k, n, seed):
    rng = np.random.default_rng(seed)
    predicted, target = rng.integers(k, size=(2, n))
    precision, recall, f1 = precision_recall_f1(predicted, target, k=k)
    swapped = precision_recall_f1(target, predicted, k=k)
    for mine, theirs in zip(swapped, (recall, precision, f1), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert (np.minimum(precision, recall) <= f1 + 1e-15).all()
    assert (f1 <= np.maximum(precision, recall) + 1e-15).all()
    assert ((precision >= 0) & (precision <= 1)).all()
    _, weighted, _ = precision_recall_f1(predicted, target, k=k, average="weighted")
    assert weighted == pytest.approx(accuracy(predicted, target))
    for average in ("macro", "weighted", "micro"):
        for mean, each in zip(
            precision_recall_f1(predicted, target, k=k, average=average),
            (precision, recall, f1),
            strict=True,
        ):
            assert each.min() - 1e-15 <= mean <= each.max() + 1e-15
    perfect = precision_recall_f1(target, target, average="micro")
    assert perfect == (1, 1, 1)
