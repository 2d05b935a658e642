"""Networks that make examples, as in `labkit.models.generative`."""

import keras
import numpy as np
from keras import layers

from labkit import models
from labkit.frameworks.keras_models.classifiers import mlp_layers
from labkit.frameworks.keras_models.weights import started


def Autoencoder(sizes, *, rng, dtype=np.float32):
    """Return `labkit.models.Autoencoder` in Keras, from the same weights for the same rng."""
    ours = models.Autoencoder(sizes, rng=rng, dtype=dtype)
    both = [
        *mlp_layers(sizes, np.dtype(dtype).name),
        *mlp_layers(sizes[::-1], np.dtype(dtype).name),
    ]
    return started(_sequential(sizes[0], both, dtype), ours)


def gan_pair(d, *, latent, hidden, rng, dtype=np.float32):
    """Return `labkit.models.gan_pair` in Keras, from the same weights for the same rng."""
    name = np.dtype(dtype).name
    ours = models.gan_pair(d, latent=latent, hidden=hidden, rng=rng, dtype=dtype)
    last = layers.Activation("tanh", dtype=name)
    generator = _sequential(latent, [*mlp_layers((latent, hidden, d), name), last], dtype)
    discriminator = _sequential(d, mlp_layers((d, hidden, 1), name), dtype)
    return started(generator, ours[0]), started(discriminator, ours[1])


def _sequential(d_in, inside, dtype):
    return keras.Sequential([keras.Input((d_in,), dtype=np.dtype(dtype).name), *inside])
