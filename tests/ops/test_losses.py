"""Losses: numbers by hand, the sources' worked examples corrected, and what is refused.

Gradients, precision, PyTorch and Keras are in test_ops.py.
"""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.autograd import Tensor
from labkit.ops import (
    binary_cross_entropy,
    cross_entropy,
    huber,
    kl_divergence,
    mean_absolute_error,
    mean_squared_error,
    sigmoid,
    softmax,
)

LOSSES = [
    mean_squared_error,
    mean_absolute_error,
    huber,
    cross_entropy,
    binary_cross_entropy,
    kl_divergence,
]
PAIRED = [mean_squared_error, mean_absolute_error, huber, binary_cross_entropy, kl_divergence]


def logit(p):
    return np.log(p) - np.log1p(-np.asarray(p))


# --- by hand ----------------------------------------------------------------------------------


def test_mean_squared_error_of_the_worked_example():
    """F001-6: y = (1, 0, -1) and y' = (0, 1, 1): squares 1, 1 and 4, sum 6, mean 2."""
    assert mean_squared_error(np.array([0.0, 1.0, 1.0]), np.array([1.0, 0.0, -1.0])) == 2


def test_cross_entropy_of_the_worked_example():
    """F001-8 with numbers that are probabilities: -ln 0.7 = 0.35667494."""
    loss = cross_entropy(np.log([[0.7, 0.2, 0.1]]), np.array([0]))
    assert loss == pytest.approx(0.35667494, abs=5e-9)


def test_cross_entropy_averages_over_examples():
    logits = np.log([[0.5, 0.5], [0.25, 0.75]])
    assert cross_entropy(logits, np.array([0, 0])) == pytest.approx((math.log(2) + math.log(4)) / 2)


def test_ten_equal_logits_cost_ln_10():
    assert cross_entropy(np.zeros((3, 10)), np.array([0, 4, 9])) == pytest.approx(math.log(10))


def test_binary_cross_entropy_of_the_worked_example():
    """F003-3: y = (1, 0, 1, 0), a = (.9, .2, .8, .4): 0.265618, brackets included."""
    loss = binary_cross_entropy(logit([0.9, 0.2, 0.8, 0.4]), np.array([1.0, 0.0, 1.0, 0.0]))
    assert loss == pytest.approx(0.26561831, abs=5e-9)


def test_kl_divergence_by_hand():
    """(1/2, 1/2) from (1/4, 3/4) is ln(4/3) / 2 away; a second row that is not halves the mean."""
    logits, target = np.log([[0.25, 0.75], [0.5, 0.5]]), np.array([[0.5, 0.5], [0.5, 0.5]])
    assert kl_divergence(logits, target) == pytest.approx(math.log(4 / 3) / 4)


def test_kl_divergence_of_a_certain_target_is_the_cross_entropy(rng):
    logits, ids = rng.normal(size=(4, 3)), np.array([2, 0, 1, 2])
    assert kl_divergence(logits, np.eye(3)[ids]) == pytest.approx(cross_entropy(logits, ids))


def test_mean_absolute_error_by_hand():
    assert mean_absolute_error(np.array([[1.0], [-2.0]]), np.array([[4.0], [-1.0]])) == 2


def test_huber_by_hand():
    """Errors 1 and 4, delta 2: 1/2, and 2 (4 - 1) = 6; the mean is 3.25."""
    assert huber(np.array([1.0, -4.0]), np.zeros(2), delta=2.0) == 3.25


# --- gradients by hand ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("loss", "z", "y", "gradient"),
    [
        (mean_squared_error, [3.0, 0.0], [1.0, 1.0], [2.0, -1.0]),
        (mean_absolute_error, [3.0, 0.0], [1.0, 1.0], [0.5, -0.5]),
        (huber, [3.0, 0.5], [1.0, 1.0], [0.5, -0.25]),
        (cross_entropy, [[0.3, -1.2, 2.0]], [0], [[-0.8507, 0.0333, 0.8174]]),  # F002-5
        (binary_cross_entropy, [-4.0], [1.0], [-0.98201]),  # F002-5
    ],
)
def test_gradient_by_hand(loss, z, y, gradient):
    z = Tensor(np.array(z), requires_grad=True)
    loss(z, np.array(y)).backward()
    np.testing.assert_allclose(z.grad, gradient, atol=5e-5)


def test_the_target_of_a_regression_has_the_opposite_gradient():
    for loss in (mean_squared_error, mean_absolute_error, huber):
        p, t = Tensor([3.0, 0.5], requires_grad=True), Tensor([1.0, 1.0], requires_grad=True)
        loss(p, t).backward()
        np.testing.assert_array_equal(p.grad, -t.grad)


def test_the_gradient_scales_with_what_comes_after():
    z = Tensor(np.array([[1.0, 2.0]]), requires_grad=True)
    (cross_entropy(z, np.array([0])) * 10.0).backward()
    np.testing.assert_allclose(z.grad, 10 * (softmax(z.data) - [[1.0, 0.0]]), rtol=1e-14)


# --- extremes ---------------------------------------------------------------------------------


def test_confident_and_wrong_costs_the_distance():
    assert cross_entropy(np.array([[1000.0, -1000.0]]), np.array([1])) == 2000
    assert binary_cross_entropy(np.array([-1000.0]), np.array([1.0])) == 1000
    assert cross_entropy(np.array([[1000.0, -1000.0]]), np.array([0])) == 0


@pytest.mark.parametrize(("z", "y"), [(40.0, 1.0), (-40.0, 0.0)])
def test_confident_and_right_costs_its_last_digit(z, y):
    """ln(1 + e^-40) = 4.2e-18, far below the precision of 40 itself."""
    loss = binary_cross_entropy(np.array([z]), np.array([y]))
    assert loss == pytest.approx(math.log1p(math.exp(-40)), rel=1e-12)


def test_every_loss_is_zero_for_the_right_answer():
    assert mean_squared_error(np.ones(2), np.ones(2)) == 0
    assert mean_absolute_error(np.ones(2), np.ones(2)) == 0
    assert huber(np.ones(2), np.ones(2)) == 0
    assert kl_divergence(np.zeros((1, 2)), np.full((1, 2), 0.5)) == 0


# --- precision --------------------------------------------------------------------------------


def test_labels_of_whole_numbers_do_not_widen_float32():
    z = Tensor(np.float32([0.5, -0.5]), requires_grad=True)
    loss = binary_cross_entropy(z, np.array([1, 0]))
    loss.backward()
    assert loss.dtype == z.grad.dtype == np.float32
    np.testing.assert_allclose(z.grad, (sigmoid(z.data) - [1, 0]) / 2, rtol=1e-6)


# --- what is refused --------------------------------------------------------------------------


@pytest.mark.parametrize("loss", PAIRED)
def test_a_column_and_a_row_are_refused(loss):
    with pytest.raises(ValueError, match=r"must have one shape; got \(3, 1\), \(3,\)"):
        loss(np.zeros((3, 1)), np.zeros(3))


@pytest.mark.parametrize("loss", LOSSES)
def test_a_mean_over_nothing_is_refused(loss):
    target = np.zeros(0, dtype=int) if loss is cross_entropy else np.zeros((0, 2))
    with pytest.raises(ValueError, match="a mean needs at least one"):
        loss(np.zeros((0, 2)), target)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: cross_entropy(np.zeros((2, 3)), np.array([0, 3])),
            r"target must lie in \[0, 3\); got 3",
        ),
        (
            lambda: cross_entropy(np.zeros((2, 3)), np.array([0, -1])),
            r"target must lie in \[0, 3\); got -1",
        ),
        (
            lambda: cross_entropy(np.zeros((2, 3)), np.array([0.0, 1.0])),
            "target must be whole numbers; got float64",
        ),
        (
            lambda: cross_entropy(np.zeros((2, 3)), np.zeros((2, 3), int)),
            r"target must have the shape of logits without the last axis, \(2,\); got \(2, 3\)",
        ),
        (
            lambda: binary_cross_entropy(np.zeros(2), np.array([0.0, -1.0])),
            r"target must lie in \[0, 1\]; got -1",
        ),
        (
            lambda: binary_cross_entropy(np.zeros(2), np.array([0.0, 1.5])),
            r"target must lie in \[0, 1\]; got 1.5",
        ),
        (
            lambda: kl_divergence(np.zeros((2, 2)), np.array([[0.5, 0.5], [0.5, 0.4]])),
            "every row of target must sum to 1; got a row that sums to 0.9",
        ),
        (
            lambda: kl_divergence(np.zeros((2, 2)), np.array([[0.5, 0.5], [0.6, 0.5]])),
            "every row of target must sum to 1; got a row that sums to 1.1",
        ),
        (
            lambda: kl_divergence(np.zeros((1, 2)), np.array([[0.5, 0.50015]])),
            "every row of target must sum to 1; got a row that sums to 1.00015",
        ),
        (
            lambda: cross_entropy(np.zeros((1, 4, 3)), np.array([[0, 1, 2, 3]])),
            r"target must lie in \[0, 3\); got 3",
        ),
        (
            lambda: kl_divergence(np.zeros((1, 2)), np.array([[1.5, -0.5]])),
            r"target must lie in \[0, 1\]; got 1.5",
        ),
        (lambda: huber(np.zeros(1), np.zeros(1), delta=0.0), "delta must be positive; got 0.0"),
    ],
)
def test_what_is_wrong_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()


# --- what cross_entropy can be told ------------------------------------------------------------


def test_smoothed_labels_by_hand():
    """0.2 of the target spread over two classes: 0.9 of it on the right one."""
    loss = cross_entropy(np.log([[0.25, 0.75]]), np.array([1]), label_smoothing=0.2)
    assert loss == pytest.approx(-0.9 * math.log(0.75) - 0.1 * math.log(0.25))


def test_smoothed_to_the_end_the_target_no_longer_matters(rng):
    logits = rng.normal(size=(3, 4))
    a, b = (cross_entropy(logits, np.full(3, i), label_smoothing=1.0) for i in (0, 2))
    assert a == pytest.approx(b)


def test_classes_that_count_more_by_hand():
    """-ln(1/4) counts 3 and -ln(3/4) counts 1: the mean is over the weights."""
    loss = cross_entropy(np.log([[0.25, 0.75]] * 2), np.array([0, 1]), weight=np.array([3.0, 1.0]))
    assert loss == pytest.approx((3 * math.log(4) + math.log(4 / 3)) / 4)


def test_what_is_ignored_neither_counts_nor_moves(rng):
    logits, target = rng.normal(size=(4, 3)), np.array([2, -100, 0, -100])
    z = Tensor(logits, requires_grad=True)
    loss = cross_entropy(z, target, ignore_index=-100)
    loss.backward()
    assert loss.item() == pytest.approx(cross_entropy(logits[::2], target[::2]))
    assert not z.grad[1::2].any()


def test_of_one_class_alone_an_example_can_be_ignored_too():
    assert cross_entropy(np.zeros((2, 1)), np.array([0, -100]), ignore_index=-100) == 0


def test_the_options_that_change_nothing_change_nothing(rng):
    logits, target = rng.normal(size=(4, 3)), np.array([2, 1, 0, 1])
    plain = cross_entropy(logits, target)
    assert cross_entropy(logits, target, weight=(2.0, 2.0, 2.0)) == pytest.approx(plain)
    assert cross_entropy(logits, target, ignore_index=9) == pytest.approx(plain)


@pytest.mark.parametrize(
    ("target", "config", "words"),
    [
        ([0, 1], {"label_smoothing": 1.5}, r"label_smoothing must lie in \[0, 1\]; got 1.5"),
        ([0, 1], {"label_smoothing": -0.1}, r"label_smoothing must lie in \[0, 1\]; got -0.1"),
        ([0, 1], {"weight": (1.0, 1.0)}, "weight must be 3 numbers from 0 up"),
        ([0, 1], {"weight": (1.0, 1.0, -1.0)}, "weight must be 3 numbers from 0 up"),
        ([0, 1], {"weight": (0.0, 0.0, 1.0)}, "at least one example that counts; got none"),
        ([7, 7], {"ignore_index": 7}, "at least one example that counts; got none"),
        ([0, 7], {"ignore_index": 9}, r"target must lie in \[0, 3\); got 7"),
    ],
)
def test_options_that_make_no_sense_are_named(target, config, words):
    with pytest.raises(ValueError, match=words):
        cross_entropy(np.zeros((2, 3)), np.array(target), **config)


# --- what holds of any numbers ------------------------------------------------------------------

sizes = {"n": st.integers(1, 5), "k": st.integers(2, 4), "seed": st.integers(0, 1000)}


@given(**sizes, shift=st.floats(-1000, 1000))
def test_cross_entropy_is_the_mean_surprise_in_any_order(n, k, seed, shift):
    """One example at a time; a constant for all classes, the examples' order and the names of the
    classes do not matter.
    """
    rng = np.random.default_rng(seed)
    logits, target = rng.normal(size=(n, k)) * 3, rng.integers(k, size=n)
    loss = cross_entropy(logits, target)
    surprises = [-math.log(softmax(row)[i]) for row, i in zip(logits, target, strict=True)]
    assert loss == pytest.approx(sum(surprises) / n, rel=1e-12)
    assert cross_entropy(logits + shift, target) == pytest.approx(loss, rel=1e-9)
    examples, names = rng.permutation(n), rng.permutation(k)
    shuffled = cross_entropy(logits[examples][:, names], np.argsort(names)[target[examples]])
    assert shuffled == pytest.approx(loss, rel=1e-12)
    assert kl_divergence(logits, np.eye(k)[target]) == pytest.approx(loss, rel=1e-12)


@given(**sizes, share=st.floats(0, 1), stretch=st.floats(0.1, 10))
def test_smoothing_mixes_two_losses_and_weights_count_by_their_ratio(n, k, seed, share, stretch):
    rng = np.random.default_rng(seed)
    logits, target = rng.normal(size=(n, k)), rng.integers(k, size=n)
    hard, even = (cross_entropy(logits, target, label_smoothing=s) for s in (0.0, 1.0))
    mixed = cross_entropy(logits, target, label_smoothing=share)
    assert mixed == pytest.approx((1 - share) * hard + share * even, rel=1e-12)
    weight = rng.uniform(0.5, 2, size=k)
    weighted = cross_entropy(logits, target, weight=weight)
    assert weighted == pytest.approx(cross_entropy(logits, target, weight=stretch * weight))
    each = [cross_entropy(logits[i : i + 1], target[i : i + 1]) for i in range(n)]
    assert weighted == pytest.approx(np.average(each, weights=weight[target]), rel=1e-12)


@given(**sizes, delta=st.floats(0.01, 5))
def test_the_huber_loss_lies_below_both_of_its_relatives(n, k, seed, delta):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, n, k))
    loss = huber(a, b, delta=delta)
    assert 0 < loss <= min(mean_squared_error(a, b) / 2, delta * mean_absolute_error(a, b))
    assert huber(b, a, delta=delta) == loss
    assert huber(a, b, delta=100.0) == pytest.approx(mean_squared_error(a, b) / 2)


@given(**sizes)
def test_divergences_are_never_negative(n, k, seed):
    """And zero where nothing is wrong; yes and no can change sides."""
    rng = np.random.default_rng(seed)
    logits, other = rng.normal(size=(2, n, k)) * 3
    assert kl_divergence(logits, softmax(other)) > 0
    assert kl_divergence(logits, softmax(logits)) == pytest.approx(0, abs=1e-14)
    y = rng.random((n, k))
    loss = binary_cross_entropy(logits, y)
    assert loss == pytest.approx(binary_cross_entropy(-logits, 1 - y), rel=1e-12)
    p = sigmoid(logits)
    by_definition = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
    assert loss == pytest.approx(by_definition, rel=1e-12)
