"""Networks that say which class an image belongs to, as in `labkit.models.classifiers`."""

import keras
import numpy as np
from keras import layers

from labkit import models
from labkit.frameworks.keras_models.weights import started


def mlp(sizes, *, rng, dtype=np.float32):
    """Return `labkit.models.mlp` in Keras, started from the same weights for the same rng."""
    dtype = np.dtype(dtype).name
    model = keras.Sequential([keras.Input((sizes[0],), dtype=dtype), *mlp_layers(sizes, dtype)])
    return started(model, models.mlp(sizes, rng=rng, dtype=dtype))


def digits_mlp(*, rng, dtype=np.float32):
    """Return `labkit.models.digits_mlp` in Keras, from the same weights for the same rng."""
    dtype = np.dtype(dtype).name
    flatten = layers.Flatten(data_format="channels_last", dtype=dtype)
    model = keras.Sequential(
        [keras.Input((1, 28, 28), dtype=dtype), flatten, *mlp_layers((784, 128, 10), dtype)]
    )
    return started(model, models.digits_mlp(rng=rng, dtype=dtype))


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
    return started(model, models.digits_cnn(rng=rng, dtype=dtype))


def mlp_layers(sizes, dtype):
    """Return dense layers with a ReLU between each two."""
    built = []
    for d_out in sizes[1:]:
        built += [layers.Dense(d_out, dtype=dtype), layers.ReLU(dtype=dtype)]
    return built[:-1]
