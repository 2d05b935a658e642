"""Where a token stands, which attention alone does not know: four ways to say it.

Sinusoids are added to the tokens, a rotation turns queries and keys, a bias is added to the scores.
The fourth way, learned positions, is an `labkit.nn.Embedding` of the numbers 0, 1, 2 ..., added.
"""

import math

import numpy as np

from labkit.autograd import concatenate


def sinusoidal_positions(t, d, *, base=10000.0, dtype=np.float64):
    r"""Return sines and cosines for t positions, to be added, :eq:`eq-sinusoidal-positions`::

        p[i, 2 j] = sin(i / base^(2 j / d))        p[i, 2 j + 1] = cos(i / base^(2 j / d))

    Returns (t, d). The vectors of two positions at a fixed distance differ by a fixed rotation.

    Raises ValueError if d is odd.

    >>> sinusoidal_positions(3, 4).round(4)
    array([[ 0.    ,  1.    ,  0.    ,  1.    ],
           [ 0.8415,  0.5403,  0.01  ,  1.    ],
           [ 0.9093, -0.4161,  0.02  ,  0.9998]])

    [Vaswani et al. 2017, section 3.5]
    """
    angles = _angles(np.arange(t), d, base)
    return np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(t, d).astype(dtype)


def rotary(x, *, start=0, base=10000.0):
    r"""Turn pairs of a query's or key's numbers by an angle that grows, :eq:`eq-rotary`::

        (x[2 j], x[2 j + 1]) is turned by (start + i) / base^(2 j / d) at row i

    x (..., t, d). Returns the same shape. The product of a turned query and a turned key depends on
    how far apart they stand, and on nothing else of where. start is the position of the first row,
    more than 0 behind a cache. LLaMA's code pairs j with j + d / 2 instead: the same up to an order
    of the columns.

    Raises ValueError if d is odd.

    >>> rotary(np.array([[1.0, 0.0], [1.0, 0.0]])).round(4)
    array([[1.    , 0.    ],
           [0.5403, 0.8415]])

    [Su et al. 2021, equation 34]
    """
    t, d = x.shape[-2:]
    angles = _angles(np.arange(start, start + t), d, base)[..., np.newaxis]  # (t, d / 2, 1)
    cos, sin = np.cos(angles).astype(x.dtype), np.sin(angles).astype(x.dtype)
    pairs = x.reshape((*x.shape[:-1], d // 2, 2))
    a, b = pairs[..., :1], pairs[..., 1:]
    return concatenate(a * cos - b * sin, a * sin + b * cos, axis=-1).reshape(x.shape)


def alibi_slopes(heads):
    """Return each head's slope: a geometric series that ends at 2^-8.

    For a number of heads that is no power of two, the series of the next lower power, then every
    second one of the next higher power's, as the authors' code does it.

    Raises ValueError if heads is not positive.

    >>> alibi_slopes(4)
    array([0.25      , 0.0625    , 0.015625  , 0.00390625])
    >>> alibi_slopes(3)
    array([0.0625    , 0.00390625, 0.25      ])

    [Press et al. 2022, section 3]
    """
    if heads < 1:
        raise ValueError(f"heads must be positive; got {heads}")
    lower = 2 ** math.floor(math.log2(heads))
    slopes = 2.0 ** (-8 / lower * np.arange(1, lower + 1))
    between = 2.0 ** (-4 / lower * np.arange(1, 2 * lower, 2))
    return np.concatenate([slopes, between[: heads - lower]])


def alibi_bias(heads, t, s=None, *, dtype=np.float64):
    r"""Return the bias (h, t, s) that lowers a score by slope times distance.

    The t queries are the last of the s tokens, s = t if left out. A key ahead of its query is as
    far as one behind it; use it with `labkit.ops.attention.causal_mask`.

    Raises ValueError if heads is not positive, or s is smaller than t.

    >>> alibi_bias(1, 2, 3)[0] * 256
    array([[-1.,  0., -1.],
           [-2., -1.,  0.]])

    [Press et al. 2022, section 3]
    """
    s = t if s is None else s
    if s < t:
        raise ValueError(f"s must be at least t = {t}; got {s}")
    distance = np.abs(np.arange(s - t, s)[:, np.newaxis] - np.arange(s))  # (t, s)
    return (alibi_slopes(heads)[:, np.newaxis, np.newaxis] * -distance).astype(dtype)


def _angles(positions, d, base):
    if d % 2:
        raise ValueError(f"d must be even, because positions turn pairs; got {d}")
    return positions[:, np.newaxis] / base ** (np.arange(0, d, 2) / d)  # (t, d / 2)
