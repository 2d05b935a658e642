"""Rankings and clusters: scikit-learn, numbers by hand, and what is refused."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.metrics import hit_rate, ndcg, silhouette


@given(n=st.integers(1, 6), m=st.integers(2, 12), k=st.integers(1, 14), seed=st.integers(0, 1000))
@settings(max_examples=80)
def test_rankings_as_scikit_learn(n, m, k, seed):
    sklearn = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(seed)
    scores, relevance = rng.normal(size=(n, m)), rng.integers(4, size=(n, m))
    assert ndcg(scores, relevance, k=k) == pytest.approx(
        sklearn.ndcg_score(relevance, scores, k=k, ignore_ties=True), rel=1e-12
    )
    target = rng.integers(m, size=n)
    ranks = (scores > scores[np.arange(n), target][:, np.newaxis]).sum(axis=1)
    assert hit_rate(scores, target, k=k) == pytest.approx((ranks < k).mean())
    if m > 2 and k < m:
        theirs = sklearn.top_k_accuracy_score(target, scores, k=k, labels=np.arange(m))
        assert hit_rate(scores, target, k=k) == pytest.approx(theirs)


def test_ndcg_by_hand():
    """Found: relevance 0, 1, 3 at ranks 1, 2, 3; best: 3, 1, 0. A row of nothing counts 0."""
    found, best = 1 / math.log2(3) + 3 / 2, 3 + 1 / math.log2(3)
    scores = np.array([[0.9, 0.5, 0.1], [0.9, 0.5, 0.1]])
    assert ndcg(scores[:1], np.array([[0, 1, 3]])) == pytest.approx(found / best)
    assert ndcg(scores, np.array([[0, 1, 3], [0, 0, 0]])) == pytest.approx(found / best / 2)
    assert ndcg(scores[:1], np.array([[0, 1, 3]]), k=2) == pytest.approx(1 / math.log2(3) / best)


def test_who_cannot_tell_items_apart_gets_no_credit():
    assert hit_rate(np.zeros((3, 5)), np.array([0, 2, 4]), k=4) == 0
    assert hit_rate(np.zeros((3, 5)), np.array([0, 2, 4]), k=5) == 1


def test_hit_rate_by_hand():
    scores = np.array([[0.1, 0.7, 0.2], [0.5, 0.3, 0.2]])
    target = np.array([2, 2])
    assert [hit_rate(scores, target, k=k) for k in (1, 2, 3)] == [0, 0.5, 1]
    twelve = np.arange(12.0)[np.newaxis]
    assert [hit_rate(twelve, np.array([i])) for i in (2, 1)] == [1, 0]  # the tenth and eleventh


@given(
    n=st.integers(3, 30), kinds=st.integers(2, 5), d=st.integers(1, 3), seed=st.integers(0, 1000)
)
@settings(max_examples=80)
def test_silhouette_as_scikit_learn(n, kinds, d, seed):
    sklearn = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(seed)
    labels = np.append([7, 7, -1], rng.integers(kinds, size=n - 3))
    x = rng.normal(size=(n, d)) + labels[:, np.newaxis]
    expected = sklearn.silhouette_score(x, labels)
    assert silhouette(x, labels) == pytest.approx(expected, abs=1e-6)  # theirs by squares
    assert silhouette(100 - 3 * x, labels) == pytest.approx(silhouette(x, labels))


def test_silhouette_by_hand():
    """0 and 1 against 10 and 11: a = 1, b = 10.5 or 9.5, so (9.5/10.5 + 8.5/9.5) / 2."""
    x, labels = np.array([[0.0], [1.0], [10.0], [11.0]]), np.array([0, 0, 1, 1])
    assert silhouette(x, labels) == pytest.approx((9.5 / 10.5 + 8.5 / 9.5) / 2)


def test_points_alone_and_points_on_one_spot_count_zero():
    assert silhouette(np.array([[0.0], [0.0], [5.0]]), np.array([0, 0, 1])) == pytest.approx(2 / 3)
    assert silhouette(np.zeros((4, 2)), np.array([0, 0, 1, 1])) == 0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: hit_rate(np.ones(3), np.zeros(1, int)), r"must have the shape \(n, m\)"),
        (lambda: hit_rate(np.ones((2, 3)), np.zeros(3, int)), r"got \(2, 3\), \(3,\)"),
        (lambda: hit_rate(np.ones((0, 3)), np.zeros(0, int)), r"got \(0, 3\), \(0,\)"),
        (lambda: hit_rate(np.ones((2, 3)), np.array([0, 3])), r"whole numbers in \[0, 3\)"),
        (lambda: hit_rate(np.ones((2, 3)), np.array([-1, 0])), r"whole numbers in \[0, 3\)"),
        (lambda: hit_rate(np.ones((1, 3)), np.array([0.0])), r"whole numbers in \[0, 3\)"),
        (lambda: hit_rate(np.ones((1, 3)), np.array([0]), k=0), "k must be at least 1; got 0"),
        (lambda: ndcg(np.ones((1, 3)), np.ones((1, 2))), r"got \(1, 3\), \(1, 2\)"),
        (lambda: ndcg(np.ones(3), np.ones(3)), r"must have one shape \(n, m\)"),
        (lambda: ndcg(np.ones((0, 3)), np.ones((0, 3))), r"must have one shape \(n, m\)"),
        (lambda: ndcg(np.ones((1, 2)), np.array([[1, -1]])), "relevance must be numbers from 0 up"),
        (lambda: ndcg(np.ones((1, 3)), np.ones((1, 3)), k=0), "k must be at least 1; got 0"),
        (lambda: silhouette(np.ones(3), np.arange(3)), r"x must be \(n, d\)"),
        (lambda: silhouette(np.ones((3, 1)), np.arange(2)), r"got \(3, 1\), \(2,\)"),
        (lambda: silhouette(np.ones((3, 1)), np.zeros(3)), "different ones; got 1 of 3"),
        (lambda: silhouette(np.ones((3, 1)), np.arange(3)), "different ones; got 3 of 3"),
    ],
)
def test_what_makes_no_sense_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()


# --- what holds of any ranking ------------------------------------------------------------------


@given(n=st.integers(1, 5), m=st.integers(2, 8), k=st.integers(1, 9), seed=st.integers(0, 1000))
def test_a_ranking_is_at_most_perfect_and_only_its_order_counts(n, m, k, seed):
    rng = np.random.default_rng(seed)
    scores = rng.permuted(np.tile(np.arange(m, dtype=float), (n, 1)), axis=1)
    relevance = rng.integers(1, 4, size=(n, m))
    gain = ndcg(scores, relevance, k=k)
    assert 0 < gain <= 1
    assert ndcg(relevance, relevance, k=k) == pytest.approx(1)
    assert ndcg(np.exp(scores), relevance, k=k) == pytest.approx(gain)
    for factor in (5, 0.01):
        assert ndcg(scores, factor * relevance, k=k) == pytest.approx(gain)
    items = rng.permutation(m)
    assert ndcg(scores[:, items], relevance[:, items], k=k) == pytest.approx(gain)
    target = rng.integers(m, size=n)
    rates = [hit_rate(scores, target, k=i) for i in range(1, m + 1)]
    assert (np.diff(rates) >= 0).all()
    assert rates[-1] == 1
    assert hit_rate(scores[:, items], np.argsort(items)[target], k=k) == rates[min(k, m) - 1]


@given(n=st.integers(4, 12), d=st.integers(1, 3), seed=st.integers(0, 1000))
def test_silhouettes_feel_no_turn_no_shift_and_no_names(n, d, seed):
    rng = np.random.default_rng(seed)
    x, labels = rng.normal(size=(n, d)), np.append([0, 0, 1, 2], rng.integers(3, size=n - 4))
    value = silhouette(x, labels)
    assert -1 <= value <= 1
    turn, order = np.linalg.qr(rng.normal(size=(d, d)))[0], rng.permutation(n)
    assert silhouette(2 * x @ turn + 5, labels) == pytest.approx(value)
    assert silhouette(x[order], np.array([5, -1, 9])[labels[order]]) == pytest.approx(value)
