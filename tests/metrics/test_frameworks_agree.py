"""Metrics against Keras's, perplexity and calibration also against others."""

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit import metrics

torch = pytest.importorskip("torch")
os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras")

few = settings(max_examples=10, deadline=None)


def value(metric, *arguments):
    """What Keras's metric makes of (target, prediction), which is its order."""
    return metric(*(torch.tensor(a) for a in arguments)).numpy()


@given(k=st.integers(2, 5), n=st.integers(5, 40), seed=st.integers(0, 1000))
@few
def test_classes_are_counted_as_in_keras(k, n, seed):
    rng = np.random.default_rng(seed)
    predicted, target = rng.integers(k, size=(2, n))
    predicted[:k] = np.arange(k)  # every class is called once: Keras has a mean of those that are
    km, rows = keras.metrics, np.eye(k, dtype=np.float32)
    assert metrics.accuracy(predicted, target) == pytest.approx(
        value(km.Accuracy(), target, predicted)
    )
    table = km.MeanIoU(num_classes=k)
    value(table, target, predicted)
    ours = metrics.confusion_matrix(predicted, target, k=k)
    np.testing.assert_array_equal(ours, table.total_cm.value.numpy())

    precision, recall, f1 = metrics.precision_recall_f1(predicted, target, k=k)
    pair = rows[target], rows[predicted]
    for i in range(k):
        assert precision[i] == pytest.approx(value(km.Precision(class_id=i), *pair), abs=1e-6)
        assert recall[i] == pytest.approx(value(km.Recall(class_id=i), *pair), abs=1e-6)
    np.testing.assert_allclose(f1, value(km.F1Score(), *pair), atol=1e-6)
    for average in ("micro", "macro", "weighted"):
        *_, ours = metrics.precision_recall_f1(predicted, target, k=k, average=average)
        assert ours == pytest.approx(value(km.F1Score(average), *pair), abs=1e-6)


@given(n=st.integers(2, 40), seed=st.integers(0, 1000))
@few
def test_curves_are_kerass_at_the_thresholds_in_between(n, seed):
    """Keras says yes above a threshold, not at it: each of ours is lowered by half a step."""
    rng = np.random.default_rng(seed)
    scores, target = (
        rng.integers(1, 16, size=n) / 16,
        np.append([0, 1], rng.integers(2, size=n - 2)),
    )
    false, true, thresholds = metrics.roc_curve(scores, target)
    lowered = [float(t) - 1 / 32 for t in thresholds[1:]]
    pair = target.astype(np.float32), scores.astype(np.float32)
    hits = value(keras.metrics.TruePositives(lowered), *pair)
    misses = value(keras.metrics.FalsePositives(lowered), *pair)
    np.testing.assert_allclose(true[1:], hits / target.sum(), atol=1e-6)
    np.testing.assert_allclose(false[1:], misses / (1 - target).sum(), atol=1e-6)
    area = value(keras.metrics.AUC(thresholds=lowered), *pair)
    assert metrics.roc_area(scores, target) == pytest.approx(area, abs=1e-5)

    precision, recall, _ = metrics.precision_recall_curve(scores, target)
    theirs = value(keras.metrics.Precision(lowered), *pair)
    np.testing.assert_allclose(precision[1:], theirs, atol=1e-6)
    theirs = value(keras.metrics.Recall(lowered), *pair)
    np.testing.assert_allclose(recall[1:], theirs, atol=1e-6)


@given(n=st.integers(1, 8), m=st.integers(2, 9), k=st.integers(1, 9), seed=st.integers(0, 1000))
@few
def test_hits_are_kerass(n, m, k, seed):
    rng = np.random.default_rng(seed)
    scores, target = rng.normal(size=(n, m)).astype(np.float32), rng.integers(m, size=n)
    theirs = value(keras.metrics.SparseTopKCategoricalAccuracy(min(k, m)), target, scores)
    assert metrics.hit_rate(scores, target, k=k) == pytest.approx(theirs)


@given(n=st.integers(1, 5), m=st.integers(1, 5), seed=st.integers(0, 1000))
@few
def test_overlaps_are_kerass(n, m, seed):
    rng = np.random.default_rng(seed)
    a, b = (np.sort(rng.normal(size=(size, 2, 2)), axis=1).reshape(-1, 4) for size in (n, m))
    theirs = keras.utils.bounding_boxes.compute_iou(
        a.astype(np.float32), b.astype(np.float32), "xyxy"
    )
    np.testing.assert_allclose(metrics.box_iou(a, b), theirs.numpy(), atol=1e-5)


def test_perplexity_is_e_to_each_ones_cross_entropy(rng):
    log_loss = pytest.importorskip("sklearn.metrics").log_loss
    logits, target = rng.normal(size=(9, 5)), rng.integers(5, size=9)
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    ours = metrics.perplexity(np.log(p[np.arange(9), target]))
    pair = torch.tensor(logits), torch.tensor(target)
    in_torch = torch.nn.functional.cross_entropy(*pair).item()
    in_keras = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(*pair[::-1]).item()
    assert ours == pytest.approx(np.exp(in_torch), rel=1e-12)
    assert ours == pytest.approx(np.exp(in_keras), rel=1e-6)
    assert ours == pytest.approx(np.exp(log_loss(target, p, labels=range(5))), rel=1e-12)


def test_calibration_is_scikit_learns_where_every_bin_has_as_many_examples(rng):
    calibration = pytest.importorskip("sklearn.calibration")
    confidence = (np.arange(10) + rng.uniform(0.01, 1, size=(4, 10))).ravel() / 10
    correct = rng.integers(2, size=40)
    share, mean = calibration.calibration_curve(correct, confidence, n_bins=10)
    expected = np.abs(share - mean).mean()
    assert metrics.calibration_error(confidence, correct, bins=10) == pytest.approx(expected)
