"""The networks of `labkit.models` in Keras: same names, same layers in the same order.

Set KERAS_BACKEND before the first import of Keras; this course uses "torch". A constructor that
is given the same rng starts from the same weights. Images are (n, c, h, w) and outputs are
logits: compile with ``from_logits=True``. On the torch backend Keras 3.15 multiplies matrices in
float32 even where all its dtypes are float64, so expect seven digits of agreement, not sixteen.
"""

import os

os.environ.setdefault("KERAS_BACKEND", "torch")  # Keras would ask for TensorFlow

import keras
import numpy as np
from keras import layers

from labkit import models


def load_state(model, state):
    """Copy a ``state_dict()`` of the labkit model into the Keras model; return the model.

    Keras keeps its weights as a list in the order of the layers, kernel before bias, which is the
    order of the dictionary too. One thing differs: a convolution's kernel, the one kind with four
    axes, is (c_out, c_in / groups, kh, kw) here and (kh, kw, c_in / groups, c_out) in Keras. A
    linear weight is (d_in, d_out) in both. What else must agree is the constructors' business:
    the convolutions and poolings are channels_first, and Flatten is *not*: told channels_first,
    Keras's Flatten moves the channels to the end before it reads the image.

    Raises ValueError, from Keras, if the number of arrays or a shape differs.
    """
    model.set_weights(
        [array.transpose(2, 3, 1, 0) if array.ndim == 4 else array for array in state.values()]
    )
    return model


def mlp(sizes, *, rng, dtype=np.float32):
    """Return `labkit.models.mlp` in Keras, started from the same weights for the same rng."""
    dtype = np.dtype(dtype).name
    model = keras.Sequential([keras.Input((sizes[0],), dtype=dtype), *_mlp_layers(sizes, dtype)])
    return load_state(model, models.mlp(sizes, rng=rng, dtype=dtype).state_dict())


def digits_mlp(*, rng, dtype=np.float32):
    """Return `labkit.models.digits_mlp` in Keras, from the same weights for the same rng."""
    dtype = np.dtype(dtype).name
    flatten = layers.Flatten(data_format="channels_last", dtype=dtype)
    model = keras.Sequential(
        [keras.Input((1, 28, 28), dtype=dtype), flatten, *_mlp_layers((784, 128, 10), dtype)]
    )
    return load_state(model, models.digits_mlp(rng=rng, dtype=dtype).state_dict())


def digits_cnn(*, rng, dtype=np.float32):
    """Return `labkit.models.digits_cnn` in Keras, from the same weights for the same rng."""
    dtype = np.dtype(dtype).name
    first = {"data_format": "channels_first", "dtype": dtype}
    model = keras.Sequential(
        [
            keras.Input((1, 28, 28), dtype=dtype),
            layers.Conv2D(32, 3, **first),
            layers.ReLU(dtype=dtype),
            layers.MaxPooling2D(2, **first),
            layers.Conv2D(64, 3, **first),
            layers.ReLU(dtype=dtype),
            layers.MaxPooling2D(2, **first),
            layers.Conv2D(64, 3, **first),
            layers.ReLU(dtype=dtype),
            layers.Flatten(data_format="channels_last", dtype=dtype),
            layers.Dense(64, dtype=dtype),
            layers.ReLU(dtype=dtype),
            layers.Dense(10, dtype=dtype),
        ]
    )
    return load_state(model, models.digits_cnn(rng=rng, dtype=dtype).state_dict())


def _mlp_layers(sizes, dtype):
    built = []
    for d_out in sizes[1:]:
        built += [layers.Dense(d_out, dtype=dtype), layers.ReLU(dtype=dtype)]
    return built[:-1]
