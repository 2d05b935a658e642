"""Where the weights of a layer start. Each function makes an array from a shape and an rng."""

import math

import numpy as np


def fans(shape):
    """Return how many inputs feed one output, and how many outputs one input feeds.

    shape is that of a linear layer's weight, (d_in, d_out), or of a convolution's,
    (c_out, c_in / groups, kh, kw), where every one of the kh kw positions counts.

    Raises ValueError for any other number of axes.

    >>> fans((784, 128)), fans((32, 1, 3, 3))
    ((784, 128), (9, 288))
    """
    if len(shape) == 2:
        return shape[0], shape[1]
    if len(shape) == 4:
        positions = shape[2] * shape[3]
        return shape[1] * positions, shape[0] * positions
    raise ValueError(f"shape must be (d_in, d_out) or (c_out, c_in, kh, kw); got {tuple(shape)}")


def zeros(shape, *, rng=None, dtype=np.float32):
    """Return zeros; the usual start of a bias. ``rng`` is accepted and not used.

    >>> zeros((2,))
    array([0., 0.], dtype=float32)
    """
    return np.zeros(shape, dtype=dtype)


def normal(shape, *, rng, std=0.01, dtype=np.float32):
    """Return draws from N(0, std^2).

    >>> normal((1000, 50), rng=np.random.default_rng(0)).std().round(4)
    np.float32(0.01)
    """
    if not std >= 0:
        raise ValueError(f"std must be at least 0; got {std}")
    return rng.normal(0.0, std, size=shape).astype(dtype)


def glorot_uniform(shape, *, rng, dtype=np.float32):
    """Return draws from U(-a, a) with a = sqrt(6 / (fan_in + fan_out)), :eq:`eq-glorot`.

    The start of Keras's dense and convolution layers, hence of the sources' networks.

    >>> np.abs(glorot_uniform((300, 100), rng=np.random.default_rng(0))).max().round(4)
    np.float32(0.1225)

    [Glorot and Bengio 2010, eq. 16]
    """
    bound = math.sqrt(6 / sum(fans(shape)))
    return rng.uniform(-bound, bound, size=shape).astype(dtype)


def glorot_normal(shape, *, rng, dtype=np.float32):
    """Return draws from N(0, 2 / (fan_in + fan_out)), Xavier's variance, :eq:`eq-glorot`.

    PyTorch's ``xavier_normal_``; Keras cuts the tails off at two standard deviations.

    >>> glorot_normal((300, 100), rng=np.random.default_rng(0)).var().round(4)
    np.float32(0.005)

    [Glorot and Bengio 2010, eq. 12]
    """
    return normal(shape, rng=rng, std=math.sqrt(2 / sum(fans(shape))), dtype=dtype)


def he_uniform(shape, *, rng, dtype=np.float32):
    """Return draws from U(-a, a) with a = sqrt(6 / fan_in), He's variance, :eq:`eq-he`.

    >>> np.abs(he_uniform((600, 100), rng=np.random.default_rng(0))).max().round(4)
    np.float32(0.1)

    [He et al. 2015, §2.2]
    """
    bound = math.sqrt(6 / fans(shape)[0])
    return rng.uniform(-bound, bound, size=shape).astype(dtype)


def he_normal(shape, *, rng, dtype=np.float32):
    """Return draws from N(0, 2 / fan_in): ReLU halves the square, they double it, :eq:`eq-he`.

    PyTorch's ``kaiming_normal_``; Keras cuts the tails off at two standard deviations.

    >>> he_normal((200, 100), rng=np.random.default_rng(0)).std().round(3)
    np.float32(0.1)

    [He et al. 2015, eq. 10]
    """
    return normal(shape, rng=rng, std=math.sqrt(2 / fans(shape)[0]), dtype=dtype)


def truncated_normal(shape, *, rng, std=0.02, dtype=np.float32):
    """Return draws from N(0, std^2) cut off at two std: what falls outside is drawn again.

    The start of BERT. What is left has a deviation of 0.88 std.

    >>> w = truncated_normal((1000, 50), rng=np.random.default_rng(0))
    >>> np.abs(w).max().round(4), w.std().round(4)
    (np.float32(0.04), np.float32(0.0176))

    [Devlin et al. 2019, in the code released with it]
    """
    w = normal(shape, rng=rng, std=std, dtype=np.float64)
    while (outside := np.abs(w) > 2 * std).any():
        w[outside] = rng.normal(0.0, std, size=outside.sum())
    return w.astype(dtype)


def orthogonal(shape, *, rng, gain=1.0, dtype=np.float32):
    """Return gain times a random matrix whose rows are at right angles, and one long.

    Where there are more rows than columns, the columns are. It
    keeps the length of what goes through, however often: the start of recurrent weights. A
    convolution's weight is the matrix (c_out, c_in kh kw).

    Raises ValueError for other shapes than `fans` knows.

    >>> w = orthogonal((2, 3), rng=np.random.default_rng(0), dtype=np.float64)
    >>> (w @ w.T).round(12)
    array([[ 1., -0.],
           [-0.,  1.]])

    [Saxe et al. 2014]
    """
    fans(shape)
    rows, columns = shape[0], math.prod(shape[1:])
    draws = rng.normal(size=(max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(draws)
    q = q * np.sign(np.diag(r))  # QR prefers signs; without this not all directions are alike
    w = q if rows >= columns else q.T
    return (gain * w).reshape(shape).astype(dtype)
