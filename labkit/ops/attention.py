"""Attention: every token asks all others, and takes from each as much as it answers.

Everything here is made of other functions and has no gradient rule of its own. A mask is True
where a token may look.
"""

import math

import numpy as np

from labkit.autograd import Tensor, where
from labkit.ops.activations import softmax

_FAR_BELOW = -1e30  # finite: e^(-inf + inf) would be no number in a row that may look nowhere


def scaled_dot_product_attention(q, k, v, mask=None, bias=None):
    r"""Return for each query a mean of values, by how well their keys match, :eq:`eq-attention`::

        softmax(q k^T / sqrt(d) + bias) v

    q (..., t, d), k (..., s, d), v (..., s, e). Returns (..., t, e). mask, booleans that broadcast
    to (..., t, s), is True where a query may look; bias (..., t, s) is added to the scores. A query
    that may look nowhere receives zeros, and gives no gradient: there is no mean of nothing.
    Between the heads of q (n, h, t, d) and fewer heads of k and v (n, h_kv, s, d), h a multiple of
    h_kv, see `grouped_query_attention`.

    Raises ValueError if the shapes do not match.

    >>> q, k = np.array([[math.log(3), 0.0]]), np.eye(2) * math.sqrt(2)
    >>> v = np.array([[0.0, 4.0], [8.0, 4.0]])
    >>> scaled_dot_product_attention(q, k, v).round(4)
    array([[2., 4.]])
    >>> scaled_dot_product_attention(q, k, v, np.array([[False, True]]))
    array([[8., 4.]])

    [Vaswani et al. 2017, equation 1]
    """
    if q.ndim < 2 or k.ndim < 2 or q.shape[-1] != k.shape[-1]:
        raise ValueError(f"q and k must be (..., t, d) and (..., s, d); got {q.shape}, {k.shape}")
    if v.ndim < 2 or v.shape[-2] != k.shape[-2]:
        raise ValueError(f"v must have a row for each row of k; got {v.shape} and {k.shape}")
    scores = q * (1 / math.sqrt(q.shape[-1])) @ _transposed(k)  # (..., t, s)
    if bias is not None:
        scores = scores + bias
    if mask is None:
        return softmax(scores) @ v
    _check_mask(mask, scores.shape)
    zero, far_below = np.array([0, _FAR_BELOW], dtype=scores.dtype)
    weights = softmax(scores + where(mask, zero, far_below))  # the mask as one more bias
    allowed = mask.data if isinstance(mask, Tensor) else mask
    if not allowed.any(axis=-1).all():  # the mask again, for queries that may look nowhere
        weights = where(mask, weights, 0.0)
    return weights @ v


def grouped_query_attention(q, k, v, mask=None, bias=None):
    r"""Let several heads of queries share one head of keys and values.

    q (n, h, t, d), k (n, h_kv, s, d), v (n, h_kv, s, e), h a multiple of h_kv: the first h / h_kv
    heads of q share the first of k and v, and so on. Returns (n, h, t, e). With h_kv = h this is
    `scaled_dot_product_attention`, with h_kv = 1 it is called multi-query attention. mask and bias
    broadcast to (n, h, t, s).

    Raises ValueError if the shapes do not match.

    >>> q, k = np.zeros((1, 4, 1, 3)), np.zeros((1, 2, 1, 3))
    >>> v = np.array([10.0, 20.0]).reshape(1, 2, 1, 1)
    >>> grouped_query_attention(q, k, v).ravel()
    array([10., 10., 20., 20.])

    [Ainslie et al. 2023, section 2.2; Shazeer 2019]
    """
    (n, h, t, d), (h_kv, s) = q.shape, k.shape[1:3]
    if h % h_kv or v.shape[:3] != k.shape[:3]:
        raise ValueError(
            f"k and v must have the same heads, and q a multiple of them; got "
            f"{q.shape}, {k.shape}, {v.shape}"
        )
    if h == h_kv:
        return scaled_dot_product_attention(q, k, v, mask, bias)
    out = scaled_dot_product_attention(
        q.reshape((n, h_kv, h // h_kv, t, d)),
        k.reshape((n, h_kv, 1, s, k.shape[-1])),
        v.reshape((n, h_kv, 1, s, v.shape[-1])),
        _grouped(mask, h_kv),
        _grouped(bias, h_kv),
    )
    return out.reshape((n, h, t, v.shape[-1]))


def split_heads(x, *, heads):
    """Cut every token's vector into one piece per head: (n, t, h d) to (n, h, t, d).

    Raises ValueError if the width is no multiple of heads.

    >>> split_heads(np.arange(6.0).reshape(1, 1, 6), heads=2)[0, :, 0]
    array([[0., 1., 2.],
           [3., 4., 5.]])
    """
    n, t, width = x.shape
    if width % heads:
        raise ValueError(f"heads must divide the width {width}; got {heads}")
    return x.reshape((n, t, heads, width // heads)).transpose((0, 2, 1, 3))


def merge_heads(x):
    """Join the heads' pieces again: (n, h, t, d) to (n, t, h d).

    >>> merge_heads(split_heads(np.arange(6.0).reshape(1, 1, 6), heads=2))
    array([[[0., 1., 2., 3., 4., 5.]]])
    """
    n, h, t, d = x.shape
    return x.transpose((0, 2, 1, 3)).reshape((n, t, h * d))


def causal_mask(t, s=None):
    """Return the mask (t, s) with which no token looks ahead, :eq:`eq-causal-mask`.

    The t queries are the last of the s tokens, s = t if left out; with a cache of earlier tokens
    s is larger.

    Raises ValueError if s is smaller than t.

    >>> causal_mask(2, 3).astype(int)
    array([[1, 1, 0],
           [1, 1, 1]])

    [Vaswani et al. 2017, section 3.2.3]
    """
    s = t if s is None else s
    if s < t:
        raise ValueError(f"s must be at least t = {t}; got {s}")
    return np.tri(t, s, s - t, dtype=bool)


def padding_mask(lengths, t):
    """Return the mask (n, 1, 1, t) with which nothing looks at the padding behind a sequence.

    lengths (n,): how many of its t tokens are real. The axes of size one stand for all heads and
    all queries.

    Raises ValueError if a length is no whole number in [0, t].

    >>> padding_mask([2, 1], 3).astype(int).reshape(2, 3)
    array([[1, 1, 0],
           [1, 0, 0]])
    """
    lengths = np.asarray(lengths)
    if lengths.ndim != 1 or not np.issubdtype(lengths.dtype, np.integer):
        raise ValueError(f"lengths must be a row of whole numbers; got {lengths}")
    if np.any((lengths < 0) | (lengths > t)):
        raise ValueError(f"lengths must lie in [0, {t}]; got {lengths}")
    return (np.arange(t) < lengths[:, np.newaxis])[:, np.newaxis, np.newaxis]


def _transposed(a):
    return a.transpose((*range(a.ndim - 2), a.ndim - 1, a.ndim - 2))


def _grouped(mask, h_kv):
    """Cut the axis of heads, if the mask or the bias has one, into groups."""
    if mask is None or mask.ndim < 3:
        return mask
    *front, h, t, s = mask.shape
    return mask.reshape((*front, *((1, 1) if h == 1 else (h_kv, h // h_kv)), t, s))


def _check_mask(mask, shape):
    if mask.dtype != bool:
        raise ValueError(f"mask must be booleans; got {mask.dtype}. What is added is the bias")
    sizes = zip(mask.shape[::-1], shape[::-1], strict=False)
    if mask.ndim > len(shape) or any(n not in (1, m) for n, m in sizes):
        raise ValueError(f"mask must broadcast to the scores' shape {shape}; got {mask.shape}")
