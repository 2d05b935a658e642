"""Attention: numbers by hand, what must not matter, and what a mask must hide.

Gradients, precision, PyTorch and Keras are in test_ops.py.
"""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.autograd import Tensor
from labkit.ops import (
    alibi_bias,
    alibi_slopes,
    causal_mask,
    grouped_query_attention,
    padding_mask,
    rotary,
    scaled_dot_product_attention,
    sinusoidal_positions,
)
from labkit.ops.attention import merge_heads, split_heads


def tokens(rng, t=4, s=6, d=5, e=7):
    return rng.normal(size=(2, t, d)), rng.normal(size=(2, s, d)), rng.normal(size=(2, s, e))


def test_by_hand():
    """Scores ln 2 and 0 after the division by sqrt(4): weights 2/3 and 1/3."""
    q = np.array([[2 * np.log(2), 0, 0, 0]])
    k, v = np.eye(2, 4), np.array([[3.0, 30.0], [6.0, 0.0]])
    np.testing.assert_allclose(scaled_dot_product_attention(q, k, v), [[4, 20]], rtol=1e-14)


def test_the_order_of_keys_does_not_matter_and_that_of_queries_goes_through(rng):
    q, k, v = tokens(rng)
    out = scaled_dot_product_attention(q, k, v)
    keys, queries = rng.permutation(6), rng.permutation(4)
    shuffled = scaled_dot_product_attention(q[:, queries], k[:, keys], v[:, keys])
    np.testing.assert_allclose(shuffled, out[:, queries], rtol=1e-12)


def test_a_token_behind_a_causal_mask_does_not_see_the_future(rng):
    q, k, v = tokens(rng, t=6)
    out = scaled_dot_product_attention(q, k, v, causal_mask(6))
    later = [k.copy(), v.copy()]
    for a in later:
        a[:, 4:] += 100.0
    changed = scaled_dot_product_attention(q, *later, causal_mask(6))
    np.testing.assert_array_equal(changed[:, :4], out[:, :4])
    assert (changed[:, 4:] != out[:, 4:]).all()
    np.testing.assert_allclose(out[:, 0], v[:, 0], rtol=1e-15)


def test_the_last_queries_alone_give_the_last_rows(rng):
    """What a cache relies on."""
    q, k, v = tokens(rng, t=6)
    whole = scaled_dot_product_attention(q, k, v, causal_mask(6))
    last = scaled_dot_product_attention(q[:, 4:], k, v, causal_mask(2, 6))
    np.testing.assert_allclose(last, whole[:, 4:], rtol=1e-12)


def test_padding_is_as_if_it_were_not_there(rng):
    q, k, v = tokens(rng)
    out = scaled_dot_product_attention(q, k, v, padding_mask([6, 3], 6)[:, 0])
    np.testing.assert_allclose(out[0], scaled_dot_product_attention(q, k, v)[0], rtol=1e-12)
    alone = scaled_dot_product_attention(q[1], k[1, :3], v[1, :3])
    np.testing.assert_allclose(out[1], alone, rtol=1e-12)


def test_a_query_that_may_look_nowhere_gets_zeros_and_gives_no_gradient(rng):
    q, k, v = (Tensor(a, requires_grad=True) for a in tokens(rng))
    mask = np.full((4, 6), True)
    mask[2] = False
    out = scaled_dot_product_attention(q, k, v, mask)
    out.sum().backward()
    assert not out.data[:, 2].any()
    assert not q.grad[:, 2].any()
    assert q.grad[:, [0, 1, 3]].all()
    nothing = scaled_dot_product_attention(q.data, k.data, v.data, padding_mask([0, 0], 6)[:, 0])
    assert not nothing.any()


def test_one_query_of_one_example_may_look_nowhere_while_every_key_is_seen(rng):
    q, k, v = tokens(rng)
    mask = np.full((2, 4, 6), True)
    mask[1, 2] = False
    out = scaled_dot_product_attention(q, k, v, mask)
    expected = scaled_dot_product_attention(q, k, v)
    expected[1, 2] = 0
    np.testing.assert_allclose(out, expected, rtol=1e-12)


def slow_attention(q, k, v, mask, bias):
    """One query, one key at a time."""
    out = np.zeros((*q.shape[:2], v.shape[2]))
    for n, t in np.ndindex(q.shape[:2]):
        seen = [s for s in range(k.shape[1]) if mask[n, t, s]]
        scores = [sum(q[n, t] * k[n, s]) / math.sqrt(q.shape[2]) + bias[n, t, s] for s in seen]
        weights = [math.exp(score) for score in scores]
        for s, weight in zip(seen, weights, strict=True):
            out[n, t] += weight / sum(weights) * v[n, s]
    return out


@given(
    n=st.integers(1, 3),
    t=st.integers(1, 4),
    s=st.integers(1, 5),
    d=st.integers(1, 4),
    e=st.integers(1, 3),
    seed=st.integers(0, 1000),
)
def test_what_a_query_takes_is_a_mean_of_what_it_may_see(n, t, s, d, e, seed):
    """With any mask and bias: the definition by loops, and no value outside those that are seen."""
    rng = np.random.default_rng(seed)
    q, k, v, bias = (rng.normal(size=z) for z in ((n, t, d), (n, s, d), (n, s, e), (n, t, s)))
    mask = rng.random((n, t, s)) < 0.7
    out = scaled_dot_product_attention(q, k, v, mask, bias)
    np.testing.assert_allclose(out, slow_attention(q, k, v, mask, bias), rtol=1e-11, atol=1e-14)
    for i in np.argwhere(mask.any(axis=2)):
        values = v[i[0]][mask[tuple(i)]]
        assert (out[tuple(i)] >= values.min(axis=0) - 1e-12).all()
        assert (out[tuple(i)] <= values.max(axis=0) + 1e-12).all()
    keys, queries = rng.permutation(s), rng.permutation(t)
    shuffled = scaled_dot_product_attention(
        q[:, queries],
        k[:, keys],
        v[:, keys],
        mask[:, queries][..., keys],
        bias[:, queries][..., keys],
    )
    np.testing.assert_allclose(shuffled, out[:, queries], rtol=1e-11, atol=1e-14)
    hidden = v + 1000.0 * ~mask.any(axis=1)[..., np.newaxis]  # keys that no query may see
    np.testing.assert_array_equal(scaled_dot_product_attention(q, k, hidden, mask, bias), out)


def test_no_keys_at_all_cannot_be_asked(rng):
    q, k, v = tokens(rng, s=0)
    with pytest.raises(ValueError, match="zero-size array"):
        scaled_dot_product_attention(q, k, v)


def test_grouped_heads_are_repeated_heads(rng):
    q, k, v = (rng.normal(size=(2, h, t, 5)) for h, t in ((6, 4), (3, 7), (3, 7)))
    bias = rng.normal(size=(6, 4, 7))
    wide = (np.repeat(a, 2, axis=1) for a in (k, v))
    expected = scaled_dot_product_attention(q, *wide, causal_mask(4, 7), bias)
    got = grouped_query_attention(q, k, v, causal_mask(4, 7), bias)
    np.testing.assert_allclose(got, expected, rtol=1e-12)


def test_heads_are_cut_and_joined(rng):
    x = rng.normal(size=(2, 3, 8))
    heads = split_heads(x, heads=4)
    assert heads.shape == (2, 4, 3, 2)
    np.testing.assert_array_equal(heads[1, 2, 0], x[1, 0, 4:6])
    np.testing.assert_array_equal(merge_heads(heads), x)


@pytest.mark.parametrize(
    ("shapes", "mask", "message"),
    [
        (((4, 5), (6, 3), (6, 7)), None, "q and k must be"),
        (((5,), (6, 5), (6, 7)), None, "q and k must be"),
        (((4, 5), (5,), (6, 7)), None, "q and k must be"),
        (((4, 5), (6, 5), (4, 7)), None, "v must have a row for each row of k"),
        (((4, 5), (6, 5), (6,)), None, "v must have a row for each row of k"),
        (((4, 5), (6, 5), (6, 7)), np.ones((4, 6)), "mask must be booleans; got float64"),
        (((4, 5), (6, 5), (6, 7)), np.full((6, 4), True), "mask must broadcast"),
        (((4, 5), (6, 5), (6, 7)), np.full((1, 4, 6), True), "mask must broadcast"),
        (((4, 5), (6, 5), (6, 7)), np.full((4, 5), True), "mask must broadcast"),
    ],
)
def test_what_does_not_fit_is_refused(shapes, mask, message):
    with pytest.raises(ValueError, match=message):
        scaled_dot_product_attention(*(np.zeros(shape) for shape in shapes), mask)


@pytest.mark.parametrize("heads", [(4, 3, 3), (4, 2, 1)])
def test_heads_that_cannot_be_grouped_are_refused(heads):
    with pytest.raises(ValueError, match="q a multiple of them"):
        grouped_query_attention(*(np.zeros((1, h, 2, 3)) for h in heads))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: causal_mask(3, 2), "s must be at least t = 3; got 2"),
        (lambda: alibi_bias(2, 3, 2), "s must be at least t = 3; got 2"),
        (lambda: padding_mask([[1]], 3), "lengths must be a row of whole numbers"),
        (lambda: padding_mask([1.5], 3), "lengths must be a row of whole numbers"),
        (lambda: padding_mask([4, 1], 3), r"lengths must lie in \[0, 3\]"),
        (lambda: padding_mask([-1], 3), r"lengths must lie in \[0, 3\]"),
        (lambda: split_heads(np.zeros((1, 2, 5)), heads=2), "heads must divide the width 5; got 2"),
        (lambda: rotary(np.zeros((2, 3))), "d must be even"),
        (lambda: sinusoidal_positions(2, 3), "d must be even"),
        (lambda: alibi_slopes(0), "heads must be positive; got 0"),
    ],
)
def test_arguments_that_cannot_be_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# --- positions -----------------------------------------------------------------------------------


def test_sinusoids_one_number_at_a_time():
    table = sinusoidal_positions(5, 6, base=100.0)
    for i in range(5):
        for j in range(3):
            angle = i / 100.0 ** (2 * j / 6)
            assert table[i, 2 * j] == pytest.approx(np.sin(angle), abs=1e-15)
            assert table[i, 2 * j + 1] == pytest.approx(np.cos(angle), abs=1e-15)
    assert sinusoidal_positions(3, 4, dtype=np.float32).dtype == np.float32


def test_sinusoids_at_a_distance_have_one_product():
    table = sinusoidal_positions(20, 16)
    products = (table @ table.T)[np.arange(12), np.arange(12) + 8]
    np.testing.assert_allclose(products, products[0], rtol=1e-12)


def test_turned_products_depend_on_the_distance_alone(rng):
    q, k = rng.normal(size=(2, 1, 8))
    at = [rotary(q, start=i) @ rotary(k, start=i + 5).T for i in (0, 3, 1000)]
    np.testing.assert_allclose(at, [at[0]] * 3, rtol=1e-9)
    other = rotary(q) @ rotary(k, start=6).T
    assert abs(other - at[0]).max() > 1e-3


def test_a_rotation_keeps_lengths_and_position_zero(rng):
    x = rng.normal(size=(3, 7, 4))
    turned = rotary(x)
    np.testing.assert_allclose((turned**2).sum(-1), (x**2).sum(-1), rtol=1e-12)
    np.testing.assert_array_equal(turned[:, 0], x[:, 0])
    np.testing.assert_allclose(rotary(x[:, 4:], start=4), turned[:, 4:], rtol=1e-14)


def test_slopes_as_published():
    """Press et al. 2022, section 3: 8 heads 1/2 ... 1/256; 16 heads end at 1/256 too."""
    np.testing.assert_array_equal(alibi_slopes(8), 0.5 ** np.arange(1, 9))
    np.testing.assert_allclose(alibi_slopes(16), 0.5 ** (np.arange(1, 17) / 2), rtol=1e-15)
    np.testing.assert_allclose(alibi_slopes(12)[8:], 0.5 ** np.array([0.5, 1.5, 2.5, 3.5]))
    np.testing.assert_allclose(alibi_slopes(7), 0.5 ** np.array([2, 4, 6, 8, 1, 3, 5]))


def test_a_bias_by_hand():
    bias = alibi_bias(8, 2, 3, dtype=np.float32)
    assert bias.shape == (8, 2, 3)
    assert bias.dtype == np.float32
    np.testing.assert_array_equal(bias[0], [[-0.5, 0, -0.5], [-1, -0.5, 0]])
    np.testing.assert_array_equal(bias[1], [[-0.25, 0, -0.25], [-0.5, -0.25, 0]])
    np.testing.assert_array_equal(alibi_bias(8, 2)[0], [[0, -0.5], [-0.5, 0]])
