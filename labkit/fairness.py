"""Whom a model treats how: rates group by group, the gaps between them, and two ways to close one.

Decisions and targets are 0 or 1, with 1 the favourable one; groups may have any labels. Where
groups differ in their share of ones, a model that makes errors cannot have the same true positive
rate, false positive rate and precision in all of them [Chouldechova 2017, equation 2.6].
"""

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class GroupRates:
    """How one group of n is treated; nan where there is nothing to take a share of.

    selected: the share with decision 1; true_positive_rate: that share of those with target 1;
    false_positive_rate: of those with target 0; precision: the share of targets 1 among the
    decisions 1; accuracy: the share of right decisions.
    """

    n: int
    selected: float
    true_positive_rate: float
    false_positive_rate: float
    precision: float
    accuracy: float


def group_rates(predicted: np.ndarray, target: np.ndarray, group: np.ndarray) -> dict:
    """Return for each group its `GroupRates`, in the order of the sorted labels.

    predicted, target and group (n,).

    Raises ValueError if they are not equally long, at least 1, or a decision or target is not
    0 or 1.

    >>> rates = group_rates(np.array([1, 0, 1, 1]), np.array([1, 1, 0, 1]), np.array(list("aabb")))
    >>> rates["a"].selected, rates["a"].true_positive_rate, rates["b"].false_positive_rate
    (0.5, 0.5, 1.0)

    [Hardt, Price and Srebro 2016, section 2]
    """
    _check_rows(group, predicted=predicted, target=target)
    rates = {}
    for label in np.unique(group).tolist():
        p, y = predicted[group == label] == 1, target[group == label] == 1
        rates[label] = GroupRates(
            n=len(p),
            selected=_share(p),
            true_positive_rate=_share(p[y]),
            false_positive_rate=_share(p[~y]),
            precision=_share(y[p]),
            accuracy=_share(p == y),
        )
    return rates


def demographic_parity_gap(predicted: np.ndarray, group: np.ndarray) -> float:
    """Return the largest difference between two groups' shares of decisions 1.

    predicted and group (n,). It asks nothing about who deserves what; 0 is parity.

    Raises ValueError as `group_rates` does.

    >>> round(demographic_parity_gap(np.array([1, 1, 0, 0]), np.array(list("aaab"))), 2)
    0.67

    [Dwork et al. 2012, section 3]
    """
    return _gap(group_rates(predicted, predicted, group), "selected")


def equal_opportunity_gap(predicted: np.ndarray, target: np.ndarray, group: np.ndarray) -> float:
    """Return the largest difference between two groups' true positive rates.

    predicted, target and group (n,): of those who deserve a 1, who gets it?

    Raises ValueError if a group has no target 1, or as `group_rates` does.

    >>> group = np.array([0, 0, 1, 1])
    >>> equal_opportunity_gap(np.array([1, 1, 1, 0]), np.array([1, 1, 1, 1]), group)
    0.5

    [Hardt, Price and Srebro 2016, definition 2.2]
    """
    return _gap(group_rates(predicted, target, group), "true_positive_rate")


def equalized_odds_gap(predicted: np.ndarray, target: np.ndarray, group: np.ndarray) -> float:
    """Return the larger of the gaps between true and between false positive rates.

    predicted, target and group (n,): the decision may depend on the group only through the target.

    Raises ValueError if a group has no target 1 or no target 0, or as `group_rates` does.

    >>> target, group = np.array([0, 1, 0, 1]), np.array([0, 0, 1, 1])
    >>> equalized_odds_gap(np.array([0, 1, 1, 1]), target, group)
    1.0

    [Hardt, Price and Srebro 2016, definition 2.1]
    """
    rates = group_rates(predicted, target, group)
    return max(_gap(rates, "true_positive_rate"), _gap(rates, "false_positive_rate"))


def reweighing(target: np.ndarray, group: np.ndarray) -> np.ndarray:
    r"""Return for each example the weight that makes target and group independent::

        P(group) P(target) / P(group, target)

    target and group (n,). Returns (n,), with mean 1. Use them as weights in the loss, or draw the
    examples with chances in proportion: the model then sees each group with one share of ones.

    Raises ValueError as `group_rates` does, or if a group lacks one of the targets: no weight
    makes up for examples that do not exist.

    >>> reweighing(np.array([1, 1, 0, 1, 0, 0]), np.array(list("mmmfff"))).round(2)
    array([0.75, 0.75, 1.5 , 1.5 , 0.75, 0.75])

    [Kamiran and Calders 2012, reweighing]
    """
    _check_rows(group, target=target)
    _, g = np.unique(group, return_inverse=True)
    counts = np.zeros((g.max() + 1, 2))
    np.add.at(counts, (g, target.astype(int)), 1)
    if not counts.all():
        raise ValueError(f"every group needs both targets; got counts {counts.tolist()}")
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / len(target)
    return (expected / counts)[g, target.astype(int)]


def group_thresholds(
    score: np.ndarray, group: np.ndarray, *, rate: float, target: np.ndarray | None = None
) -> dict:
    """Return for each group the score from which on to decide 1, so that all have one rate.

    score (n,), the larger the better, and group (n,). Without target the share of decisions 1 is
    the same, which closes `demographic_parity_gap`; with target (n,) that of those with target 1,
    which closes `equal_opportunity_gap`. Of a group's m, the best ``round(rate m)`` pass, and
    whoever equals the last of them; the threshold is inf where that is nobody.

    Raises ValueError if rate is not in [0, 1], scores are not finite, a group has no target 1, or
    as `group_rates` does.

    >>> score, group = np.array([0.9, 0.8, 0.3, 0.2]), np.array(list("aabb"))
    >>> group_thresholds(score, group, rate=0.5)
    {'a': 0.9, 'b': 0.3}

    [Hardt, Price and Srebro 2016, section 4.2]
    """
    if not 0 <= rate <= 1:
        raise ValueError(f"rate must be in [0, 1]; got {rate}")
    deserving = np.ones(len(score), int) if target is None else target
    _check_rows(group, target=deserving)
    if np.shape(score) != np.shape(group) or not np.isfinite(score).all():
        raise ValueError(f"score must be {len(group)} finite numbers; got {score}")
    thresholds = {}
    for label in np.unique(group).tolist():
        best = np.sort(score[(group == label) & (deserving == 1)])[::-1]
        if not len(best):
            raise ValueError(f"every group needs a target 1; group {label!r} has none")
        passing = round(rate * len(best))
        thresholds[label] = float(best[passing - 1]) if passing else math.inf
    return thresholds


def decide(score: np.ndarray, group: np.ndarray, thresholds: dict) -> np.ndarray:
    """Return the decisions (n,): 1 where the score reaches the threshold of its group.

    Raises ValueError if a group has no threshold.

    >>> decide(np.array([0.6, 0.6]), np.array(["a", "b"]), {"a": 0.7, "b": 0.5})
    array([0, 1])
    """
    missing = sorted(set(np.unique(group).tolist()) - set(thresholds))
    if missing:
        raise ValueError(f"thresholds must name every group; missing {missing}")
    return np.array(
        [int(s >= thresholds[g]) for s, g in zip(score, group.tolist(), strict=True)], dtype=int
    )


def _share(chosen: np.ndarray) -> float:
    return float(chosen.mean()) if len(chosen) else math.nan


def _gap(rates: dict, name: str) -> float:
    values = {label: getattr(rate, name) for label, rate in rates.items()}
    undefined = [label for label, value in values.items() if math.isnan(value)]
    if undefined:
        raise ValueError(
            f"target must be both 0 and 1 in every group; {name} of {undefined} is 0/0"
        )
    return max(values.values()) - min(values.values())


def _check_rows(group: np.ndarray, **rows: np.ndarray) -> None:
    for name, row in rows.items():
        if np.ndim(group) != 1 or np.shape(row) != np.shape(group) or not len(group):
            raise ValueError(
                f"{name} and group must have one shape (n,), n >= 1; "
                f"got {np.shape(row)} and {np.shape(group)}"
            )
        if not np.isin(row, (0, 1)).all():
            raise ValueError(f"{name} must be 0 or 1; got {np.unique(row).tolist()}")
