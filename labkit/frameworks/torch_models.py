"""The networks of `labkit.models` in PyTorch: same names, same layers in the same order.

A constructor that is given the same rng starts from the same weights.
"""

from itertools import pairwise

import numpy as np
import torch
from torch import nn

from labkit import models


def load_state(model, state):
    """Copy a ``state_dict()`` of the labkit model into the PyTorch model; return the model.

    The layers have the same names, so only one thing differs: a linear weight, the one kind with
    two axes, is (d_in, d_out) here and (d_out, d_in) in PyTorch. Convolution weights
    (c_out, c_in / groups, kh, kw), biases, and the order in which Flatten reads an image
    (channel, row, column) are the same. The model keeps its dtype and device.

    Raises RuntimeError, from PyTorch, if a name is missing or unknown or a shape differs.
    """
    as_torch = {
        name: torch.from_numpy(np.ascontiguousarray(array.T if array.ndim == 2 else array))
        for name, array in state.items()
    }
    model.load_state_dict(as_torch)
    return model


def mlp(sizes, *, rng, dtype=np.float32):
    """Return `labkit.models.mlp` in PyTorch, started from the same weights for the same rng."""
    state = models.mlp(sizes, rng=rng, dtype=dtype).state_dict()
    return load_state(_of_dtype(nn.Sequential(*_mlp_layers(sizes)), dtype), state)


def digits_mlp(*, rng, dtype=np.float32):
    """Return `labkit.models.digits_mlp` in PyTorch, from the same weights for the same rng."""
    model = nn.Sequential(nn.Flatten(), *_mlp_layers((784, 128, 10)))
    return load_state(_of_dtype(model, dtype), models.digits_mlp(rng=rng, dtype=dtype).state_dict())


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
    return load_state(_of_dtype(model, dtype), models.digits_cnn(rng=rng, dtype=dtype).state_dict())


def _mlp_layers(sizes):
    layers = []
    for d_in, d_out in pairwise(sizes):
        layers += [nn.Linear(d_in, d_out), nn.ReLU()]
    return layers[:-1]


def _of_dtype(model, dtype):
    return model.to(getattr(torch, np.dtype(dtype).name))
