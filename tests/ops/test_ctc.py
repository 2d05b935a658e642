"""CTC against the definition: all paths written out, one by one.

Gradients, precision, PyTorch and Keras are in test_ops.py.
"""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.autograd import Tensor
from labkit.ops import ctc_loss, softmax


def reading(path, blank):
    """What a path says: repeats merged, then blanks dropped."""
    return [label for label, _ in itertools.groupby(path) if label != blank]


def by_all_paths(logits, target, blank=0):
    """-log of the summed probability of every path that reads as the target."""
    p = softmax(logits)
    total = sum(
        math.prod(p[i, label] for i, label in enumerate(path))
        for path in itertools.product(range(logits.shape[1]), repeat=len(logits))
        if reading(path, blank) == list(target)
    )
    return -math.log(total)


@given(
    t=st.integers(1, 5),
    k=st.integers(2, 4),
    target=st.lists(st.integers(0, 2), max_size=3),
    blank=st.integers(0, 3),
    seed=st.integers(0, 99),
)
@settings(max_examples=80)
def test_equals_the_sum_over_all_paths(t, k, target, blank, seed):
    blank %= k
    target = [label % (k - 1) for label in target]
    target = [label + (label >= blank) for label in target]  # anything but the blank
    needed = len(target) + sum(a == b for a, b in itertools.pairwise(target))
    logits = np.random.default_rng(seed).normal(size=(1, t, k))
    ids = np.array([target], dtype=int)
    if needed > t:
        with pytest.raises(ValueError, match=f"needs at least {needed} frames"):
            ctc_loss(logits, ids, blank=blank)
        return
    expected = by_all_paths(logits[0], target, blank) / max(len(target), 1)
    assert ctc_loss(logits, ids, blank=blank) == pytest.approx(expected, rel=1e-10)


def test_by_hand():
    """Two frames of blank and "1": "--" reads as nothing, the other three as "1"."""
    p = np.array([[[0.6, 0.4], [0.7, 0.3]]])
    assert ctc_loss(np.log(p), np.array([[1]])) == pytest.approx(-math.log(1 - 0.42))
    assert ctc_loss(np.log(p), np.zeros((1, 0), int)) == pytest.approx(-math.log(0.42))


def test_every_example_is_divided_by_its_own_length(rng):
    logits, target = rng.normal(size=(2, 6, 4)), np.array([[1, 2, 3], [2, 0, 0]])
    loss = ctc_loss(logits, target, input_lengths=(6, 4), target_lengths=(3, 1))
    each = by_all_paths(logits[0], [1, 2, 3]) / 3, by_all_paths(logits[1, :4], [2])
    assert loss == pytest.approx(np.mean(each))


def test_what_lies_beyond_the_lengths_is_not_looked_at(rng):
    logits, target = rng.normal(size=(2, 6, 4)), np.array([[1, 2], [3, -1]])
    lengths = {"input_lengths": (6, 3), "target_lengths": (2, 1)}
    x = Tensor(logits, requires_grad=True)
    loss = ctc_loss(x, target, **lengths)
    loss.backward()
    assert not x.grad[1, 3:].any()
    assert x.grad[1, :3].all()
    logits = logits.copy()
    logits[1, 3:] = 100.0
    assert ctc_loss(logits, np.array([[1, 2], [3, 7]]), **lengths) == loss.item()


def test_the_gradient_moves_no_frame_as_a_whole(rng):
    """The softmax and the share of the paths both sum to one over the labels."""
    x = Tensor(rng.normal(size=(2, 7, 4)), requires_grad=True)
    ctc_loss(x, np.array([[1, 1, 2], [3, 2, 1]])).backward()
    np.testing.assert_allclose(x.grad.sum(axis=2), 0, atol=1e-15)


def test_long_sequences_do_not_underflow(rng):
    """The probability itself, about e^-2000, is no floating-point number."""
    logits, target = rng.normal(size=(1, 1000, 20)), rng.integers(1, 20, size=(1, 300))
    assert 3 < ctc_loss(logits, target) < 12


@pytest.mark.parametrize(
    ("logits", "target", "config", "words"),
    [
        ((2, 3), [[1]], {}, r"must have the shape \(n, t, k\) .* got \(2, 3\) and \(1, 1\)"),
        ((1, 3, 2), [1], {}, r"got \(1, 3, 2\) and \(1,\)"),
        ((2, 3, 2), [[1]], {}, r"got \(2, 3, 2\) and \(1, 1\)"),
        ((1, 0, 2), [[1]], {}, "not empty"),
        ((1, 3, 2), [[2]], {}, r"target must lie in \[0, 2\); got 2"),
        ((1, 3, 2), [[1.0]], {}, "target must be whole numbers; got float64"),
        ((1, 3, 2), [[0]], {}, "target must not hold the blank, 0"),
        ((1, 3, 2), [[1]], {"blank": 2}, r"blank must lie in \[0, 2\); got 2"),
        ((1, 3, 2), [[1]], {"blank": -1}, r"blank must lie in \[0, 2\); got -1"),
        ((1, 3, 2), [[1]], {"input_lengths": (4,)}, r"input_lengths must be 1 .* \[1, 3\]; got"),
        ((1, 3, 2), [[1]], {"input_lengths": (0,)}, r"input_lengths must be 1 .* \[1, 3\]; got"),
        ((2, 3, 2), [[1], [1]], {"input_lengths": (0, 3)}, r"input_lengths must be 2 .* \[1, 3\]"),
        ((2, 3, 2), [[1], [1]], {"input_lengths": (2, 4)}, r"input_lengths must be 2 .* \[1, 3\]"),
        ((1, 3, 2), [[1]], {"target_lengths": (2,)}, r"target_lengths must be 1 .* \[0, 1\]"),
        ((1, 3, 2), [[1]], {"target_lengths": (-1,)}, r"target_lengths must be 1 .* \[0, 1\]"),
        ((1, 3, 2), [[1]], {"target_lengths": (1, 1)}, r"target_lengths must be 1 numbers"),
        ((1, 2, 2), [[1, 1]], {}, "target 0 needs at least 3 frames, .* got 2"),
        ((1, 5, 2), [[1, 1]], {"input_lengths": (2,)}, "needs at least 3 frames, .* got 2"),
    ],
)
def test_what_is_wrong_is_named(logits, target, config, words):
    with pytest.raises(ValueError, match=words):
        ctc_loss(np.zeros(logits), np.array(target), **config)
