"""Normalization: numbers by hand, which numbers are counted together, and what is refused.

Gradients, precision, PyTorch and Keras are in test_ops.py.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.autograd import Tensor
from labkit.ops import batch_norm, group_norm, layer_norm, normalize, rms_norm

ONES = np.ones(3)


def test_by_hand():
    """1 and 5: mean 3, variance 4 (not 8), so -1 and 1, and 2 and 20 after 9 x' + 11."""
    x = np.array([[1.0, 5.0]])
    np.testing.assert_allclose(normalize(x, axis=1, eps=0.0), [[-1, 1]])
    np.testing.assert_allclose(layer_norm(x, np.full(2, 9.0), np.full(2, 11.0), eps=0.0), [[2, 20]])
    np.testing.assert_allclose(batch_norm(x.T, eps=0.0), [[-1], [1]])
    np.testing.assert_allclose(rms_norm(x, eps=0.0), x / 13**0.5)


def test_eps_is_under_the_root():
    """Variance 4 and eps 5: the deviation counts as 3."""
    x = np.array([[1.0, 5.0]])
    np.testing.assert_allclose(normalize(x, axis=1, eps=5.0), [[-2 / 3, 2 / 3]])
    np.testing.assert_allclose(rms_norm(np.array([[2.0, 2.0]]), eps=5.0), [[2 / 3, 2 / 3]])
    fixed = batch_norm(x, mean=np.zeros(2), var=np.array([4.0, 4.0]), eps=5.0)
    np.testing.assert_allclose(fixed, x / 3)


def test_each_one_counts_its_own_numbers_together(rng):
    """Those numbers, and only those, have mean 0 and variance 1 afterwards."""
    x = rng.normal(3.0, 2.0, size=(4, 6, 5, 3))
    for out, axes in (
        (batch_norm(x, eps=0.0), (0, 2, 3)),
        (layer_norm(x, eps=0.0), -1),
        (group_norm(x, groups=1, eps=0.0), (1, 2, 3)),
        (group_norm(x, groups=6, eps=0.0), (2, 3)),
        (group_norm(x, groups=3, eps=0.0).reshape(4, 3, 2, 5, 3), (2, 3, 4)),
    ):
        np.testing.assert_allclose(out.mean(axis=axes), 0, atol=1e-14)
        np.testing.assert_allclose(out.var(axis=axes), 1, rtol=1e-12)
        assert np.abs(out.mean(axis=0)).max() > 1e-3


def test_shift_and_stretch_are_forgotten_and_so_have_no_gradient(rng):
    x = rng.normal(size=(5, 4))
    np.testing.assert_allclose(layer_norm(7 * x + 100, eps=0.0), layer_norm(x, eps=0.0), rtol=1e-10)
    np.testing.assert_allclose(rms_norm(7 * x, eps=0.0), rms_norm(x, eps=0.0), rtol=1e-12)
    z = Tensor(x, requires_grad=True)
    layer_norm(z, eps=0.0).backward(rng.normal(size=x.shape))
    np.testing.assert_allclose(z.grad.sum(axis=1), 0, atol=1e-14)
    np.testing.assert_allclose((z.grad * x).sum(axis=1), 0, atol=1e-14)


def test_in_use_an_example_does_not_see_its_neighbours(rng):
    x = rng.normal(size=(4, 3))
    fixed = {"mean": np.array([0.5, 1.0, -1.0]), "var": np.array([1.0, 2.0, 0.5])}
    np.testing.assert_array_equal(batch_norm(x, **fixed)[:1], batch_norm(x[:1], **fixed))
    assert (batch_norm(x)[:2] != batch_norm(x[:2])).any()


def test_a_great_offset_costs_no_digits():
    """The mean of squares less the square of the mean would be off by 100 % here."""
    x = np.array([[1e8 + 1, 1e8 + 5]])
    np.testing.assert_allclose(layer_norm(x, eps=0.0), [[-1, 1]])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: batch_norm(np.ones(3)), r"x must have the shape \(n, c, ...\); got \(3,\)"),
        (lambda: batch_norm(np.ones((1, 3))), r"more than one number per channel; got \(1, 3\)"),
        (lambda: batch_norm(np.ones((0, 3))), r"more than one number per channel; got \(0, 3\)"),
        (lambda: batch_norm(np.ones((2, 3)), mean=ONES), "mean and var must be given together"),
        (lambda: batch_norm(np.ones((2, 3)), var=ONES), "mean and var must be given together"),
        (
            lambda: batch_norm(np.ones((2, 3)), mean=np.ones(2), var=ONES),
            r"mean must have the shape \(3,\); got \(2,\)",
        ),
        (
            lambda: batch_norm(np.ones((2, 3)), mean=ONES, var=np.ones((3, 1))),
            r"var must have the shape \(3,\); got \(3, 1\)",
        ),
        (lambda: batch_norm(np.ones((2, 3)), np.ones(2)), r"w must have the shape \(3,\)"),
        (lambda: batch_norm(np.ones((2, 3)), ONES, np.ones(1)), r"b must have the shape \(3,\)"),
        (lambda: layer_norm(np.ones((2, 3)), np.ones(2)), r"w must have the shape \(3,\)"),
        (lambda: layer_norm(np.ones((2, 3)), ONES, np.ones(2)), r"b must have the shape \(3,\)"),
        (lambda: rms_norm(np.ones((2, 3)), np.ones(2)), r"w must have the shape \(3,\); got \(2,"),
        (lambda: group_norm(np.ones((2, 3)), groups=2), "groups must divide the 3 channels; got 2"),
        (lambda: group_norm(np.ones((2, 3)), groups=0), "groups must divide the 3 channels; got 0"),
        (lambda: group_norm(np.ones(3), groups=1), r"x must have the shape \(n, c, ...\)"),
        (lambda: group_norm(np.ones((2, 3)), np.ones(2), groups=3), "w must have the shape"),
        (lambda: group_norm(np.ones((2, 3)), None, np.ones(2), groups=3), "b must have the shape"),
    ],
)
def test_what_is_wrong_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()


# --- what holds of any numbers ------------------------------------------------------------------


@given(
    n=st.integers(2, 4),
    groups=st.integers(1, 3),
    per_group=st.integers(1, 2),
    size=st.tuples(st.integers(1, 3), st.integers(2, 3)),
    stretch=st.floats(0.1, 10),
    shift=st.floats(-100, 100),
    seed=st.integers(0, 1000),
)
def test_what_is_normalized_forgets_its_scale(n, groups, per_group, size, stretch, shift, seed):
    """And a sign turned round comes out turned round; examples keep to themselves, or their order.

    Twice is once: what has mean 0 and variance 1 stays as it is.
    """
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, groups * per_group, *size))
    order = rng.permutation(n)
    for function in (
        lambda x: batch_norm(x, eps=0.0),
        lambda x: layer_norm(x, eps=0.0),
        lambda x: group_norm(x, groups=groups, eps=0.0),
    ):
        out = function(x)
        np.testing.assert_allclose(function(stretch * x + shift), out, rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(function(-x), -out, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(function(x[order]), out[order], rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(function(out), out, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(rms_norm(-stretch * x, eps=0.0), -rms_norm(x, eps=0.0), rtol=1e-12)
    np.testing.assert_allclose((rms_norm(x, eps=0.0) ** 2).mean(axis=-1), 1, rtol=1e-12)
    alone = [group_norm(x[i : i + 1], groups=groups) for i in range(n)]
    np.testing.assert_allclose(group_norm(x, groups=groups), np.concatenate(alone), rtol=1e-12)
