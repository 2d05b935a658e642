"""What keeps a network from learning its examples by heart."""

import numpy as np


def dropout(x, *, p, rng):
    r"""Set each number to zero with probability p, and divide the others by 1 - p.

    x of any shape. Returns an array of the same shape, whose expected value is x: that is why the
    numbers that stay grow, and why nothing has to change when the network is used.

    Raises ValueError if p is not in [0, 1).

    >>> dropout(np.ones(6), p=0.3, rng=np.random.default_rng(1)).round(4)
    array([1.4286, 1.4286, 0.    , 1.4286, 1.4286, 1.4286])

    [Srivastava et al. 2014, section 10: "inverted" dropout]
    """
    if not 0 <= p < 1:
        raise ValueError(f"p must be in [0, 1); got {p}")
    kept = rng.random(x.shape) >= p
    return x * np.where(kept, 1 / (1 - p), 0).astype(x.dtype)
