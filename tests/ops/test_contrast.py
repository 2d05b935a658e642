"""Losses of comparison: numbers by hand, what they feel and what not, and what is refused.

Gradients, precision, PyTorch and Keras are in test_ops.py.
"""

import math

import numpy as np
import pytest

from labkit.autograd import Tensor
from labkit.ops import hinge, info_nce, triplet_loss


def test_hinge_by_hand():
    """Margins y s of 3, 0.5 and -2 cost 0, 0.5 and 3 with a margin of 1."""
    scores, target = np.array([3.0, 0.5, 2.0]), np.array([1.0, 1.0, -1.0])
    assert hinge(scores, target) == pytest.approx(3.5 / 3)
    assert hinge(scores, target, margin=4.0) == pytest.approx((1 + 3.5 + 6) / 3)


def test_hinge_pulls_only_where_the_margin_is_not_reached():
    s = Tensor([3.0, 0.5, 2.0], requires_grad=True)
    hinge(s, np.array([1.0, 1.0, -1.0])).backward()
    np.testing.assert_allclose(s.grad, [0, -1 / 3, 1 / 3])


def test_hinge_does_not_pull_at_the_margin_and_beyond():
    """Margins y s of 1.5 and of 1, which is just enough; the slope there is ours to choose."""
    s = Tensor([1.5, -1.0], requires_grad=True)
    hinge(s, np.array([1.0, -1.0])).backward()
    np.testing.assert_array_equal(s.grad, [0, 0])


def test_hinge_takes_signs_that_are_whole_numbers():
    s = Tensor(np.float32([0.5, -0.5]), requires_grad=True)
    hinge(s, np.array([1, -1])).backward()
    assert s.grad.dtype == np.float32


def test_triplet_by_hand():
    """Distances 5 and 5.5: half of the margin of 1 is missing; far apart, nothing is."""
    a, p = np.array([[0.0, 0.0], [0.0, 0.0]]), np.array([[3.0, 4.0], [3.0, 4.0]])
    n = np.array([[0.0, 5.5], [0.0, 70.0]])
    assert triplet_loss(a, p, n) == pytest.approx(0.5 / 2, abs=2e-6)
    assert triplet_loss(a, p, n, margin=2.0) == pytest.approx(1.5 / 2, abs=2e-6)


def test_triplet_of_equal_points_has_a_slope():
    points = [Tensor([[1.0, 2.0]], requires_grad=True) for _ in range(3)]
    assert triplet_loss(*points, margin=0.25).item() == 0.25
    triplet_loss(*points).backward()
    assert all(np.isfinite(p.grad).all() for p in points)


def test_info_nce_by_hand():
    """Own score 1 and one other of 0: ln(1 + e^-1); at temperature 1/10, ln(1 + e^-10)."""
    x = np.eye(2)
    assert info_nce(x, x, temperature=1.0) == pytest.approx(math.log1p(math.exp(-1)))
    assert info_nce(x, x) == pytest.approx(math.log1p(math.exp(-10)))


def test_info_nce_of_keys_that_say_nothing_is_the_log_of_their_number():
    assert info_nce(np.ones((5, 3)), np.ones((5, 3))) == pytest.approx(math.log(5))


def test_info_nce_is_not_the_same_the_other_way_round(rng):
    """Queries look among keys: the softmax runs along rows alone."""
    q, k = rng.normal(size=(2, 4, 3))
    assert info_nce(q, k) != pytest.approx(info_nce(k, q), rel=1e-3)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: hinge(np.ones((3, 1)), np.ones(3)), r"one shape .*; got \(3, 1\), \(3,\)"),
        (lambda: hinge(np.ones(0), np.ones(0)), r"at least one element; got \(0,\), \(0,\)"),
        (lambda: hinge(np.ones(2), np.array([1.0, 0.0])), "target must be 1 or -1; got 0.0"),
        (
            lambda: triplet_loss(np.ones((2, 3)), np.ones((2, 3)), np.ones((1, 3))),
            r"one shape \(n, d\); got \(\(2, 3\), \(2, 3\), \(1, 3\)\)",
        ),
        (lambda: triplet_loss(*[np.ones(3)] * 3), r"must have one shape \(n, d\)"),
        (lambda: triplet_loss(*[np.ones((0, 3))] * 3), r"must have one shape \(n, d\)"),
        (lambda: info_nce(np.ones((2, 3)), np.ones((3, 3))), r"got \(2, 3\), \(3, 3\)"),
        (lambda: info_nce(np.ones(3), np.ones(3)), r"must have one shape \(n, d\)"),
        (lambda: info_nce(np.ones((0, 3)), np.ones((0, 3))), r"must have one shape \(n, d\)"),
        (
            lambda: info_nce(np.eye(2), np.eye(2), temperature=0.0),
            "temperature must be positive; got 0.0",
        ),
    ],
)
def test_what_is_wrong_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
