"""Networks that say which class an image belongs to, as in `labkit.models.classifiers`."""

from itertools import pairwise

import numpy as np
from torch import nn

from labkit import models
from labkit.frameworks.torch_models.weights import started


def mlp(sizes, *, rng, dtype=np.float32):
    """Return `labkit.models.mlp` in PyTorch, started from the same weights for the same rng."""
    ours = models.mlp(sizes, rng=rng, dtype=dtype)
    return started(nn.Sequential(*mlp_layers(sizes)), ours)


def digits_mlp(*, rng, dtype=np.float32):
    """Return `labkit.models.digits_mlp` in PyTorch, from the same weights for the same rng."""
    model = nn.Sequential(nn.Flatten(), *mlp_layers((784, 128, 10)))
    return started(model, models.digits_mlp(rng=rng, dtype=dtype))


def digits_cnn(*, rng, dtype=np.float32):
    """Return `labkit.models.digits_cnn` in PyTorch, from the same weights for the same rng."""
    model = nn.Sequential(
        nn.Conv2d(1, 32, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(64, 64, 3),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(576, 64),
        nn.ReLU(),
        nn.Linear(64, 10),
    )
    return started(model, models.digits_cnn(rng=rng, dtype=dtype))


def mlp_layers(sizes):
    """Return linear layers with a ReLU between each two."""
    layers = []
    for d_in, d_out in pairwise(sizes):
        layers += [nn.Linear(d_in, d_out), nn.ReLU()]
    return layers[:-1]
