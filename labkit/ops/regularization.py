"""What keeps a network from learning its examples by heart."""

import numpy as np

from labkit.ops.activations import relu


def soft_threshold(x, *, amount):
    r"""Move each number towards 0 by an amount, and stop there, :eq:`eq-soft-threshold`::

        sign(x) max(|x| - amount, 0)

    x of any shape. Returns an array of the same shape: the numbers nearest to x when a unit of
    size costs as much as amount. So the numbers between -amount and amount become 0.

    Raises ValueError if amount is negative.

    >>> soft_threshold(np.array([3.0, 0.8, -3.0]), amount=1.0)
    array([ 2.,  0., -2.])

    [Donoho 1995]
    """
    if not amount >= 0:
        raise ValueError(f"amount must be at least 0; got {amount}")
    return relu(x - amount) - relu(-x - amount)


def ridge(x, y, *, weight_decay):
    r"""Return the weights (d, k) of least squares with a price on their size, :eq:`eq-ridge`::

        w = V s / (s^2 + weight_decay) U^T y,    where x = U s V^T

    x (n, d), y (n, k). They make ``|x w - y|^2 / 2 + weight_decay |w|^2 / 2`` lowest.
    Without a price, and with many lowest points, the shortest w. Arrays, not tensors.

    Raises ValueError if weight_decay is negative.

    >>> ridge(np.array([[1.0], [2.0]]), np.array([[3.0], [6.0]]), weight_decay=5.0)
    array([[1.5]])

    [Hoerl and Kennard 1970, section 2]
    """
    if not weight_decay >= 0:
        raise ValueError(f"weight_decay must be at least 0; got {weight_decay}")
    u, s, vt = np.linalg.svd(x, full_matrices=False)
    heard = s > s.max(initial=0) * max(x.shape) * np.finfo(s.dtype).eps  # the rest is rounding
    gain = np.where(heard, s, 0) / np.where(heard, s**2 + weight_decay, 1)
    return vt.T @ (gain[:, np.newaxis] * (u.T @ y))


def dropout(x, *, p, rng):
    r"""Set each number to zero with probability p, and divide the others by 1 - p.

    x of any shape. Returns an array of the same shape, :eq:`eq-dropout`, whose expected value is
    x: that is why the numbers that stay grow, and why nothing has to change when the network is
    used. The variance is that of :eq:`eq-dropout-variance`.

    Raises ValueError if p is not in [0, 1).

    >>> dropout(np.ones(6), p=0.3, rng=np.random.default_rng(1)).round(4)
    array([1.4286, 1.4286, 0.    , 1.4286, 1.4286, 1.4286])

    [Srivastava et al. 2014, section 10: "inverted" dropout]
    """
    if not 0 <= p < 1:
        raise ValueError(f"p must be in [0, 1); got {p}")
    kept = rng.random(x.shape) >= p
    return x * np.where(kept, 1 / (1 - p), 0).astype(x.dtype)
