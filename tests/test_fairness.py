"""Fairness: a published example, scikit-learn group by group, and identities that must hold."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from labkit.fairness import (
    decide,
    demographic_parity_gap,
    equal_opportunity_gap,
    equalized_odds_gap,
    group_rates,
    group_thresholds,
    reweighing,
)


def people(counts):
    """Decisions, targets and groups with (tp, fp, fn, tn) people in each group."""
    predicted, target, group = [], [], []
    for label, (tp, fp, fn, tn) in counts.items():
        predicted += [1] * (tp + fp) + [0] * (fn + tn)
        target += [1] * tp + [0] * fp + [1] * fn + [0] * tn
        group += [label] * (tp + fp + fn + tn)
    return np.array(predicted), np.array(target), np.array(group)


HAND = {"x": (3, 1, 1, 5), "y": (1, 2, 3, 4), "z": (2, 0, 0, 3)}


def test_rates_by_hand():
    rates = group_rates(*people(HAND))
    assert list(rates) == ["x", "y", "z"]
    x, y, z = rates.values()
    assert (x.n, x.selected, x.true_positive_rate) == (10, 0.4, 0.75)
    assert (x.false_positive_rate, x.precision, x.accuracy) == (1 / 6, 0.75, 0.8)
    assert (y.n, y.selected, y.true_positive_rate) == (10, 0.3, 0.25)
    assert (y.false_positive_rate, y.precision, y.accuracy) == (1 / 3, 1 / 3, 0.5)
    assert (z.n, z.selected, z.accuracy) == (5, 0.4, 1.0)


def test_gaps_by_hand():
    predicted, target, group = people(HAND)
    assert demographic_parity_gap(predicted, group) == pytest.approx(0.1)
    assert equal_opportunity_gap(predicted, target, group) == 0.75
    assert equalized_odds_gap(predicted, target, group) == 0.75
    false_alarms = people({0: (1, 4, 1, 1), 1: (1, 0, 1, 3)})
    assert equal_opportunity_gap(*false_alarms) == 0
    assert equalized_odds_gap(*false_alarms) == 0.8


def test_one_group_has_no_gap():
    predicted, target, group = people({"x": HAND["x"]})
    assert demographic_parity_gap(predicted, group) == 0
    assert equalized_odds_gap(predicted, target, group) == 0


def test_what_does_not_exist_is_nan_and_has_no_gap():
    predicted, target, group = people({0: (0, 0, 0, 3), 1: (2, 0, 1, 0)})
    rates = group_rates(predicted, target, group)
    assert math.isnan(rates[0].true_positive_rate)
    assert math.isnan(rates[0].precision)
    assert math.isnan(rates[1].false_positive_rate)
    with pytest.raises(ValueError, match=r"true_positive_rate of \[0\] is 0/0"):
        equal_opportunity_gap(predicted, target, group)
    with pytest.raises(ValueError, match=r"both 0 and 1 in every group"):
        equalized_odds_gap(predicted, target, group)


@given(seed=st.integers(0, 999), n=st.integers(8, 40))
@settings(max_examples=30)
def test_as_scikit_learn_and_as_chouldechovas_identity(seed, n):
    """FPR = p / (1 - p) (1 - precision) / precision TPR. [Chouldechova 2017, equation 2.6]"""
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(seed)
    predicted, target, group = rng.integers(2, size=(3, n))
    for label, rate in group_rates(predicted, target, group).items():
        y, p = target[group == label], predicted[group == label]
        assume(0 < y.sum() < len(y) and (y * p).sum() > 0)
        assert rate.true_positive_rate == pytest.approx(metrics.recall_score(y, p))
        assert rate.precision == pytest.approx(metrics.precision_score(y, p))
        assert rate.accuracy == pytest.approx(metrics.accuracy_score(y, p))
        assert rate.selected == p.sum() / len(p)
        odds = y.mean() / (1 - y.mean())
        identity = odds * (1 - rate.precision) / rate.precision * rate.true_positive_rate
        assert rate.false_positive_rate == pytest.approx(identity, abs=1e-12)


# --- mitigation --------------------------------------------------------------------------------


def test_weights_as_published():
    """Ten applicants, five of each sex. [Kamiran and Calders 2012, reweighing]"""
    group = np.array(list("mmmmmfffff"))
    target = np.array([1, 1, 1, 1, 0, 1, 1, 0, 0, 0])
    weights = reweighing(target, group)
    ours = {(g, y): w for g, y, w in zip(group.tolist(), target.tolist(), weights, strict=True)}
    assert ours[("m", 1)] == pytest.approx(0.75)
    assert ours[("m", 0)] == pytest.approx(2)
    assert ours[("f", 1)] == pytest.approx(1.5)
    assert ours[("f", 0)] == pytest.approx(2 / 3)


@given(
    counts=st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=4),
    seed=st.integers(0, 99),
)
@settings(max_examples=40)
def test_weights_give_every_group_one_share_and_nobody_more_say(counts, seed):
    target = np.concatenate([np.repeat([1, 0], pair) for pair in counts])
    group = np.repeat(np.arange(len(counts)) * 10, [sum(pair) for pair in counts])
    order = np.random.default_rng(seed).permutation(len(target))
    target, group = target[order], group[order]
    w = reweighing(target, group)
    for label in np.unique(group):
        inside = group == label
        assert (w * target)[inside].sum() / w[inside].sum() == pytest.approx(target.mean())
        assert w[inside].sum() == pytest.approx(inside.sum())


def scores(rng, n=400):
    """Group 1 scores lower, whatever its people deserve."""
    group, target = rng.integers(2, size=(2, n))
    return rng.normal(size=n) + 1.5 * target - 1.0 * group, target, group


def test_a_threshold_for_each_group_closes_the_gap_that_one_for_all_leaves(rng):
    score, target, group = scores(rng)
    together = (score >= 0.5).astype(int)
    assert demographic_parity_gap(together, group) > 0.2
    assert equal_opportunity_gap(together, target, group) > 0.2
    same_share = decide(score, group, group_thresholds(score, group, rate=0.4))
    sizes = [r.n for r in group_rates(same_share, target, group).values()]
    assert demographic_parity_gap(same_share, group) <= sum(0.5 / n for n in sizes)
    assert same_share.mean() == pytest.approx(0.4, abs=0.005)
    thresholds = group_thresholds(score, group, rate=0.7, target=target)
    same_chance = decide(score, group, thresholds)
    assert equal_opportunity_gap(same_chance, target, group) <= 1 / 80
    assert same_chance[target == 1].mean() == pytest.approx(0.7, abs=0.01)


def test_thresholds_by_hand():
    score = np.array([0.1, 0.4, 0.3, 0.2, 5.0, 7.0, 7.0])
    group, target = np.array([3, 3, 3, 3, 8, 8, 8]), np.array([1, 0, 1, 1, 1, 1, 0])
    assert group_thresholds(score, group, rate=0.5) == {3: 0.3, 8: 7.0}
    assert group_thresholds(score, group, rate=1.0) == {3: 0.1, 8: 5.0}
    assert group_thresholds(score, group, rate=2 / 3, target=target) == {3: 0.2, 8: 7.0}
    nobody = group_thresholds(score, group, rate=0.0)
    assert nobody == {3: math.inf, 8: math.inf}
    assert not decide(score, group, nobody).any()
    third = group_thresholds(score, group, rate=1 / 3)
    assert decide(score, group, third).tolist() == [0, 1, 0, 0, 0, 1, 1]  # equals pass together


ONES, HALF = np.array([1, 1]), np.array([0.5, 0.5])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: group_rates(np.array([1, 2]), ONES, ONES),
            r"predicted must be 0 or 1; got \[1, 2\]",
        ),
        (
            lambda: group_rates(ONES, np.array([0, -1]), ONES),
            r"target must be 0 or 1; got \[-1, 0\]",
        ),
        (lambda: group_rates(ONES, ONES, np.array([1])), r"one shape \(n,\), n >= 1; got \(2,\)"),
        (lambda: group_rates(ONES[:1], ONES, ONES), r"predicted and group must have one shape"),
        (lambda: group_rates(ONES[:0], ONES[:0], ONES[:0]), "n >= 1"),
        (lambda: group_rates(ONES[None], ONES[None], ONES[None]), "one shape"),
        (lambda: demographic_parity_gap(HALF, ONES), "predicted must be 0 or 1"),
        (lambda: reweighing(HALF, ONES), "target must be 0 or 1"),
        (
            lambda: reweighing(ONES, ONES),
            r"every group needs both targets; got counts \[\[0.0, 2.0",
        ),
        (lambda: group_thresholds(HALF, ONES, rate=1.1), r"rate must be in \[0, 1\]; got 1.1"),
        (lambda: group_thresholds(HALF * np.inf, ONES, rate=1), "score must be 2 finite numbers"),
        (lambda: group_thresholds(HALF[:1], ONES, rate=1, target=ONES), "score must be 2 finite"),
        (lambda: group_thresholds(HALF, ONES, rate=1, target=HALF), "target must be 0 or 1"),
        (
            lambda: group_thresholds(HALF, np.array([4, 5]), rate=1, target=np.array([1, 0])),
            "every group needs a target 1; group 5 has none",
        ),
        (lambda: decide(HALF, np.array(["a", "b"]), {"a": 0}), r"missing \['b'\]"),
    ],
)
def test_what_cannot_be_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
