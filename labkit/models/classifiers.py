"""Networks that say which class an image belongs to: fully connected, and convolutional."""

from itertools import pairwise

import numpy as np

from labkit.nn import Conv2d, Flatten, Linear, MaxPool2d, ReLU, Sequential


def mlp(sizes, *, rng, dtype=np.float32):
    """Return linear layers of the given sizes with a ReLU between each two; the last has none.

    sizes: d of the input, of every hidden layer, and of the output, which are logits.

    Raises ValueError if there are fewer than two sizes.

    >>> mlp((4, 3, 2), rng=np.random.default_rng(0))
    Sequential(
      (0): Linear(4, 3)
      (1): ReLU()
      (2): Linear(3, 2)
    )
    """
    if len(sizes) < 2:
        raise ValueError(f"sizes must name at least an input and an output; got {tuple(sizes)}")
    layers = []
    for d_in, d_out in pairwise(sizes):
        layers += [Linear(d_in, d_out, rng=rng, dtype=dtype), ReLU()]
    return Sequential(*layers[:-1])


def digits_mlp(*, rng, dtype=np.float32):
    """Return source 001's network for 28x28 digits: 784-128-10, with 101,770 parameters.

    x (n, 1, 28, 28) or (n, 784). Returns logits (n, 10). [source 001, §5.2]

    >>> sum(p.size for p in digits_mlp(rng=np.random.default_rng(0)).parameters())
    101770
    """
    return Sequential(Flatten(), *mlp((784, 128, 10), rng=rng, dtype=dtype).layers)


def digits_cnn(*, rng, dtype=np.float32):
    """Return sources 000's and 003's network for 28x28 digits, with 93,322 parameters.

    x (n, 1, 28, 28). Returns logits (n, 10). Three convolutions of 3x3, two poolings of 2x2, two
    linear layers; the width and height go 28, 26, 13, 11, 5, 3. [source 000, §5.2; first in
    Chollet 2017, §5.1]

    >>> sum(p.size for p in digits_cnn(rng=np.random.default_rng(0)).parameters())
    93322
    """
    make = {"rng": rng, "dtype": dtype}
    return Sequential(
        Conv2d(1, 32, 3, **make),  # (n, 32, 26, 26)
        ReLU(),
        MaxPool2d(2),  # (n, 32, 13, 13)
        Conv2d(32, 64, 3, **make),  # (n, 64, 11, 11)
        ReLU(),
        MaxPool2d(2),  # (n, 64, 5, 5)
        Conv2d(64, 64, 3, **make),  # (n, 64, 3, 3)
        ReLU(),
        Flatten(),  # (n, 576)
        Linear(576, 64, **make),
        ReLU(),
        Linear(64, 10, **make),
    )
