"""Networks of images, as in `labkit.models.vision`."""

import keras
import numpy as np
from keras import layers

from labkit import models
from labkit.frameworks.keras_models.weights import started


def lenet5(*, rng, dtype=np.float32):
    """Return `labkit.models.lenet5` in Keras, from the same weights for the same rng."""
    dtype = np.dtype(dtype).name
    first = {"data_format": "channels_first", "dtype": dtype}
    model = keras.Sequential(
        [
            keras.Input((1, 28, 28), dtype=dtype),
            layers.Conv2D(6, 5, padding="same", activation="tanh", **first),
            layers.AveragePooling2D(2, **first),
            layers.Conv2D(16, 5, activation="tanh", **first),
            layers.AveragePooling2D(2, **first),
            layers.Flatten(data_format="channels_last", dtype=dtype),
            layers.Dense(120, activation="tanh", dtype=dtype),
            layers.Dense(84, activation="tanh", dtype=dtype),
            layers.Dense(10, dtype=dtype),
        ]
    )
    return started(model, models.lenet5(rng=rng, dtype=dtype))


def cifar_cnn(*, rng, dtype=np.float32):
    """Return `labkit.models.cifar_cnn` in Keras, from the same weights for the same rng."""
    dtype = np.dtype(dtype).name
    first = {"data_format": "channels_first", "dtype": dtype}
    model = keras.Sequential(
        [
            keras.Input((3, 32, 32), dtype=dtype),
            layers.Conv2D(64, 3, padding="same", activation="relu", **first),
            layers.MaxPooling2D(2, **first),
            layers.Conv2D(128, 3, padding="same", activation="relu", **first),
            layers.MaxPooling2D(2, **first),
            layers.Flatten(data_format="channels_last", dtype=dtype),
            layers.Dense(512, activation="relu", dtype=dtype),
            layers.Dense(10, dtype=dtype),
        ]
    )
    return started(model, models.cifar_cnn(rng=rng, dtype=dtype))


def ResNet(*, rng, widths=(16, 32, 64), blocks=3, c_in=3, k=10, dtype=np.float32):
    """Return `labkit.models.ResNet` in Keras, from the same weights for the same rng.

    Padding is a layer of its own: Keras's "same" puts a stride's odd row at the other end.
    """
    sizes = {"widths": widths, "blocks": blocks, "c_in": c_in, "k": k}
    ours = models.ResNet(rng=rng, dtype=dtype, **sizes)
    dtype = np.dtype(dtype).name
    image = keras.Input((c_in, None, None), dtype=dtype)
    x = layers.ReLU(dtype=dtype)(_convolved(image, widths[0], ("conv", "norm"), 3, 1, dtype))
    for stage, width in enumerate(widths):
        for i in range(blocks):
            stride = 2 if stage and not i else 1
            x = _block(x, width, f"blocks_{stage * blocks + i}", stride, dtype)
    x = layers.GlobalAveragePooling2D(data_format="channels_first", dtype=dtype)(x)
    return started(keras.Model(image, layers.Dense(k, name="head", dtype=dtype)(x)), ours)


def _block(x, width, name, stride, dtype):
    first, second = ((f"{name}_conv{i}", f"{name}_norm{i}") for i in (1, 2))
    out = layers.ReLU(dtype=dtype)(_convolved(x, width, first, 3, stride, dtype))
    out = _convolved(out, width, second, 3, 1, dtype)
    if stride != 1 or x.shape[1] != width:
        x = _convolved(x, width, (f"{name}_shortcut_0", f"{name}_shortcut_1"), 1, stride, dtype)
    return layers.ReLU(dtype=dtype)(layers.Add(dtype=dtype)([out, x]))


def _convolved(x, width, names, kernel_size, stride, dtype):
    """A convolution and its batch normalization, with these names."""
    first = {"data_format": "channels_first", "dtype": dtype}
    config = {"strides": stride, "use_bias": False, "name": names[0]}
    x = layers.ZeroPadding2D(kernel_size // 2, **first)(x)
    x = layers.Conv2D(width, kernel_size, **config, **first)(x)
    config = {"axis": 1, "momentum": 0.9, "epsilon": 1e-5, "name": names[1]}
    return layers.BatchNormalization(**config, dtype=dtype)(x)
