"""Penalties by hand and against other solvers; dropout by its definition and its mask."""

import numpy as np
import pytest

from labkit.autograd import Tensor
from labkit.ops import dropout, ridge, soft_threshold


def test_soft_threshold_by_hand():
    np.testing.assert_array_equal(
        soft_threshold(np.array([3.0, 1.0, 0.8, 0.0, -0.8, -1.0, -2.5]), amount=1.0),
        [2, 0, 0, 0, 0, 0, -1.5],
    )


def test_soft_threshold_is_the_cheapest_of_all_numbers():
    """Against a search: half the squared distance, and amount for each unit of size."""
    candidates = np.linspace(-4, 4, 8001)
    for x in (-2.7, -0.3, 0.6, 1.9):
        cost = (candidates - x) ** 2 / 2 + 0.7 * np.abs(candidates)
        cheapest = candidates[cost.argmin()]
        assert soft_threshold(np.array(x), amount=0.7) == pytest.approx(cheapest, abs=6e-4)


def test_ridge_by_hand():
    """One input: x.y / (x.x + decay); two that do not meet: each by itself."""
    x, y = np.array([[1.0], [2.0]]), np.array([[3.0], [6.0]])
    assert ridge(x, y, weight_decay=0.0) == pytest.approx(3)
    assert ridge(x, y, weight_decay=5.0) == pytest.approx(1.5)
    apart = ridge(np.diag([1.0, 3.0]), np.array([[4.0], [4.0]]), weight_decay=1.0)
    np.testing.assert_allclose(apart, [[2.0], [1.2]])


@pytest.mark.parametrize("shape", [(7, 3), (3, 7), (4, 4)])
def test_ridge_is_least_squares_with_more_rows(shape, rng):
    """A price on w is as good as d more examples, the root of it in one input, that ask for 0."""
    torch, keras = pytest.importorskip("torch"), pytest.importorskip("keras")
    (n, d), k = shape, 2
    x, y = rng.normal(size=shape), rng.normal(size=(n, k))
    more = np.concatenate([x, 0.8**0.5 * np.eye(d)])
    zeros = np.concatenate([y, np.zeros((d, k))])
    ours = ridge(x, y, weight_decay=0.8)
    theirs = torch.linalg.lstsq(torch.tensor(more), torch.tensor(zeros)).solution.numpy()
    np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12)
    of_keras = keras.ops.lstsq(more, zeros).detach().numpy()
    np.testing.assert_allclose(ours, of_keras, rtol=1e-4, atol=1e-5)  # it computes in float32


def test_without_a_price_ridge_is_the_shortest_of_all_solutions(rng):
    x, y = rng.normal(size=(4, 9)), rng.normal(size=(4, 3))
    x[3], y[3] = x[0] + x[1], y[0] + y[1]  # one example says nothing new
    w = ridge(x, y, weight_decay=0.0)
    np.testing.assert_allclose(w, np.linalg.pinv(x) @ y, atol=1e-12)
    np.testing.assert_allclose(x @ w, y, atol=1e-12)
    np.testing.assert_allclose(ridge(1e-25 * x, y, weight_decay=0.0), 1e25 * w, rtol=1e-9)
    flat = np.zeros((2, 3), np.float32)
    assert ridge(flat, np.ones((2, 1), np.float32), weight_decay=0.0).tolist() == [[0], [0], [0]]
    assert ridge(flat, np.ones((2, 1), np.float32), weight_decay=0.0).dtype == np.float32
    assert ridge(np.zeros((0, 3)), np.zeros((0, 1)), weight_decay=1.0).shape == (3, 1)


@pytest.mark.parametrize("price", [-0.1, float("nan")])
def test_a_negative_price_is_refused(price):
    with pytest.raises(ValueError, match="amount must be at least 0; got"):
        soft_threshold(np.ones(2), amount=price)
    with pytest.raises(ValueError, match="weight_decay must be at least 0; got"):
        ridge(np.eye(2), np.ones((2, 1)), weight_decay=price)


def test_a_share_is_zero_and_the_rest_grows(rng):
    out = dropout(np.full(100_000, 2.0), p=0.3, rng=rng)
    kept = out[out != 0]
    np.testing.assert_allclose(kept, 2 / 0.7)
    assert len(kept) / len(out) == pytest.approx(0.7, abs=0.005)  # 3.4 standard deviations
    assert out.mean() == pytest.approx(2, abs=0.016)


def test_nothing_happens_at_p_zero(rng):
    x = rng.normal(size=(3, 4))
    np.testing.assert_array_equal(dropout(x, p=0.0, rng=rng), x)


def test_the_gradient_goes_where_the_number_went(rng):
    x = Tensor(rng.normal(size=(40, 5)).astype(np.float32), requires_grad=True)
    out = dropout(x, p=0.25, rng=rng)
    g = rng.normal(size=x.shape).astype(np.float32)
    out.backward(g)
    np.testing.assert_allclose(x.grad, np.where(out.data == 0, 0, g / 0.75), rtol=1e-6)
    assert out.dtype == x.grad.dtype == np.float32


@pytest.mark.parametrize("p", [-0.1, 1.0, float("nan")])
def test_what_is_no_probability_below_one_is_refused(p, rng):
    with pytest.raises(ValueError, match=r"p must be in \[0, 1\); got"):
        dropout(np.ones(2), p=p, rng=rng)
