"""Linear maps and look-ups: numbers by hand, and what is refused.

Gradients, precision, PyTorch and Keras are in test_ops.py.
"""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from labkit.autograd import Tensor
from labkit.ops import embedding, linear, one_hot

# F001-2 and F001-4: the layer of the source's worked example, rows as outputs
W1 = np.array([[0.5, 0.0, -0.5], [1.0, -1.0, 1.0], [-1.0, 0.0, 1.0], [0.0, 0.0, 0.0]])


def test_one_row_by_hand():
    """(1, 2) times ((3, 4), (5, 6)) is (13, 16)."""
    x, w = np.array([[1.0, 2.0]]), np.array([[3.0, 4.0], [5.0, 6.0]])
    np.testing.assert_array_equal(linear(x, w), [[13, 16]])
    np.testing.assert_array_equal(linear(x, w, np.array([10.0, 100.0])), [[23, 116]])


def test_the_worked_gradient():
    """F001-4: with x = (1, 0, -1) and dL/dz = (1, 0, 0, 0), the gradient of row 1 of W1 is x."""
    x = np.array([[1.0, 0.0, -1.0]])
    w, b = Tensor(W1.T, requires_grad=True), Tensor(np.zeros(4), requires_grad=True)
    linear(x, w, b).backward(np.array([[1.0, 0.0, 0.0, 0.0]]))
    np.testing.assert_array_equal(w.grad.T, [[1, 0, -1], [0, 0, 0], [0, 0, 0], [0, 0, 0]])
    np.testing.assert_array_equal(b.grad, [1, 0, 0, 0])


def test_a_batch_sums_the_gradients_of_its_rows():
    x = np.array([[1.0, 2.0], [10.0, 20.0]])
    w, b = Tensor(np.ones((2, 1)), requires_grad=True), Tensor(np.zeros(1), requires_grad=True)
    linear(x, w, b).backward(np.array([[1.0], [1.0]]))
    np.testing.assert_array_equal(w.grad, [[11], [22]])
    np.testing.assert_array_equal(b.grad, [2])


def test_a_row_looked_up_twice_has_both_gradients():
    w = Tensor(np.zeros((3, 2)), requires_grad=True)
    embedding(np.array([2, 0, 2]), w).backward(np.array([[1.0, 2.0], [3.0, 4.0], [10.0, 20.0]]))
    np.testing.assert_array_equal(w.grad, [[3, 4], [0, 0], [11, 22]])


def test_looking_up_is_one_hot_times_the_table(rng):
    ids, w = rng.integers(5, size=(2, 3)), rng.normal(size=(5, 4))
    np.testing.assert_array_equal(embedding(ids, w), one_hot(ids, k=5) @ w)


def test_one_hot_equals_pytorch():
    ids = np.array([[0, 2], [3, 3]])
    expected = torch.nn.functional.one_hot(torch.tensor(ids), 4).numpy()
    np.testing.assert_array_equal(one_hot(ids, k=4), expected)
    assert one_hot(ids, k=4).dtype == np.float64
    assert one_hot(ids, k=4, dtype=np.float32).dtype == np.float32


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: linear(np.zeros((2, 3)), np.zeros((4, 5))), r"got \(2, 3\) and \(4, 5\)"),
        (
            lambda: linear(np.zeros((2, 3)), np.zeros(3)),
            r"w \(d_in, d_out\); got \(2, 3\) and \(3,\)",
        ),
        (lambda: linear(np.zeros(()), np.zeros((3, 2))), r"got \(\) and \(3, 2\)"),
        (
            lambda: linear(np.zeros((2, 3)), np.zeros((3, 5)), np.zeros(3)),
            r"b must have the shape \(d_out,\), here \(5,\); got \(3,\)",
        ),
        (lambda: embedding(np.array([0, 3]), np.zeros((3, 2))), r"ids must lie in \[0, 3\); got 3"),
        (lambda: embedding(np.array([-1]), np.zeros((3, 2))), r"ids must lie in \[0, 3\); got -1"),
        (
            lambda: embedding(np.array([0.0]), np.zeros((3, 2))),
            "ids must be whole numbers; got float64",
        ),
        (
            lambda: embedding(np.array([0]), np.zeros(3)),
            r"w must have the shape \(k, d\); got \(3,\)",
        ),
        (lambda: one_hot([0, 3], k=3), r"ids must lie in \[0, 3\); got 3"),
        (lambda: one_hot([0.5], k=3), "ids must be whole numbers; got float64"),
    ],
)
def test_what_is_wrong_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()


@given(
    batch=st.lists(st.integers(0, 3), max_size=3).map(tuple),
    d_in=st.integers(1, 4),
    d_out=st.integers(1, 4),
    seed=st.integers(0, 1000),
)
def test_any_batch_is_its_rows_one_at_a_time(batch, d_in, d_out, seed):
    rng = np.random.default_rng(seed)
    x, w, b = (
        rng.normal(size=(*batch, d_in)),
        rng.normal(size=(d_in, d_out)),
        rng.normal(size=d_out),
    )
    out = linear(x, w, b)
    assert out.shape == (*batch, d_out)
    for i in (*np.ndindex(batch),):
        row = [sum(x[i][u] * w[u, v] for u in range(d_in)) + b[v] for v in range(d_out)]
        np.testing.assert_allclose(out[i], row, rtol=1e-12, atol=1e-14)
    ids = rng.integers(d_in, size=batch)
    np.testing.assert_array_equal(embedding(ids, w), one_hot(ids, k=d_in) @ w)
