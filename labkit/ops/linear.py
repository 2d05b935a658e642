"""Maps from vectors to vectors, and from class ids to vectors."""

import math

import numpy as np

from labkit.autograd import primitive


@primitive
def linear(x, w, b=None):
    r"""Return x w + b, one row for each row of x, :eq:`eq-linear`.

    x (..., d_in), w (d_in, d_out), b (d_out,) or None. Returns (..., d_out). PyTorch keeps the
    transpose of w in `nn.Linear.weight`.

    Raises ValueError if the shapes do not match.

    >>> linear(np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]]), np.array([100.0]))
    array([[111.]])

    [Goodfellow et al. 2016, section 6.1]
    """
    if w.ndim != 2 or x.shape[-1:] != w.shape[:1]:
        raise ValueError(
            f"x must have the shape (..., d_in) and w (d_in, d_out); got {x.shape} and {w.shape}"
        )
    if b is not None and b.shape != w.shape[1:]:
        raise ValueError(f"b must have the shape (d_out,), here {w.shape[1:]}; got {b.shape}")
    return x @ w if b is None else x @ w + b


@linear.defvjp
def linear_vjp(g, out, x, w, b=None):
    """Return g w^T for x, x^T g for w, and the sum of g for b, :eq:`eq-linear-gradient`."""
    n = math.prod(x.shape[:-1])
    rows, g_rows = x.reshape(n, w.shape[0]), g.reshape(n, w.shape[1])
    return g @ w.T, rows.T @ g_rows, None if b is None else g_rows.sum(axis=0)


@primitive
def embedding(ids, w):
    r"""Return the row of w for each id, :eq:`eq-embedding`.

    ids (...) whole numbers in [0, k), w (k, d). Returns (..., d): `one_hot` times w, by looking up.

    Raises ValueError if w is no matrix, or an id is no whole number or out of range.

    >>> embedding(np.array([1, 0, 1]), np.array([[10.0, 11.0], [20.0, 21.0]]))
    array([[20., 21.],
           [10., 11.],
           [20., 21.]])

    [Bengio et al. 2003, section 2]
    """
    if w.ndim != 2:
        raise ValueError(f"w must have the shape (k, d); got {w.shape}")
    check_ids("ids", ids, k=len(w))
    return w[ids]


@embedding.defvjp
def embedding_vjp(g, out, ids, w):
    """A row receives the gradients of all places that looked it up, :eq:`eq-embedding-gradient`."""
    gradient = np.zeros(w.shape, dtype=g.dtype)
    np.add.at(gradient, ids, g)
    return None, gradient


def one_hot(ids, *, k, dtype=np.float64):
    r"""Return a row for each id, one at the id's place and zero elsewhere, :eq:`eq-one-hot`.

    ids (...) whole numbers in [0, k). Returns (..., k).

    Raises ValueError if an id is no whole number or out of range.

    >>> one_hot(np.array([2, 0]), k=3)
    array([[0., 0., 1.],
           [1., 0., 0.]])
    """
    ids = np.asarray(ids)
    check_ids("ids", ids, k=k)
    return np.eye(k, dtype=dtype)[ids]


def check_ids(name, ids, *, k):
    """Raise ValueError unless ids is an array of whole numbers in [0, k).

    >>> check_ids("target", np.array([0, 3]), k=3)
    Traceback (most recent call last):
        ...
    ValueError: target must lie in [0, 3); got 3
    """
    if not np.issubdtype(ids.dtype, np.integer):
        raise ValueError(f"{name} must be whole numbers; got {ids.dtype}")
    outside = ids[(ids < 0) | (ids >= k)]
    if outside.size:
        raise ValueError(f"{name} must lie in [0, {k}); got {outside.flat[0]}")
