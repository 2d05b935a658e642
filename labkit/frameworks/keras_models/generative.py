"""Networks that make examples, as in `labkit.models.generative`.

What is random comes from a NumPy generator here too, so that the same one gives the same draws.
"""

import keras
import numpy as np
from keras import layers
from keras import ops as kops

from labkit import models, ops
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


class VAE(keras.Model):
    """`labkit.models.VAE`, from the same weights for the same rng."""

    def __init__(self, sizes, *, rng, dtype=np.float32):
        name = np.dtype(dtype).name
        super().__init__(dtype=name)
        there = mlp_layers((*sizes[:-1], 2 * sizes[-1]), name)
        self.encoder = _sequential(sizes[0], there, dtype)
        self.decoder = _sequential(sizes[-1], mlp_layers(sizes[::-1], name), dtype)
        started(self, models.VAE(sizes, rng=rng, dtype=dtype))

    def call(self, x, rng):
        """Return the logits, for one draw from rng, and the code's mean and log-variance."""
        mean, log_var = kops.split(self.encoder(x), 2, axis=1)
        noise = kops.convert_to_tensor(rng.normal(size=tuple(mean.shape)), dtype=mean.dtype)
        return self.decoder(mean + kops.exp(log_var / 2) * noise), mean, log_var


def vae_loss(logits, x, mean, log_var, *, beta=1.0):
    """Return `labkit.models.vae_loss`, its first part computed by Keras's own cross-entropy."""
    pixels = kops.binary_crossentropy(x, logits, from_logits=True)
    distance = -(1 + log_var - mean**2 - kops.exp(log_var)) / 2
    return (kops.sum(pixels) + beta * kops.sum(distance)) / len(x)


def gan_pair(d, *, latent, hidden, rng, dtype=np.float32):
    """Return `labkit.models.gan_pair` in Keras, from the same weights for the same rng."""
    name = np.dtype(dtype).name
    ours = models.gan_pair(d, latent=latent, hidden=hidden, rng=rng, dtype=dtype)
    last = layers.Activation("tanh", dtype=name)
    generator = _sequential(latent, [*mlp_layers((latent, hidden, d), name), last], dtype)
    discriminator = _sequential(d, mlp_layers((d, hidden, 1), name), dtype)
    return started(generator, ours[0]), started(discriminator, ours[1])


class Denoiser(keras.Model):
    """`labkit.models.Denoiser`, from the same weights for the same rng."""

    def __init__(self, d, *, hidden=(64, 64), time=16, rng, dtype=np.float32):
        name = np.dtype(dtype).name
        super().__init__(dtype=name)
        self.time = time
        self.body = _sequential(d + time, mlp_layers((d + time, *hidden, d), name), dtype)
        started(self, models.Denoiser(d, hidden=hidden, time=time, rng=rng, dtype=dtype))

    def call(self, x, t):
        """Return the guess of the noise."""
        table = ops.sinusoidal_positions(int(kops.max(t)) + 1, self.time)
        sinusoids = kops.take(kops.convert_to_tensor(table, dtype=x.dtype), t, axis=0)
        return self.body(kops.concatenate([x, sinusoids], axis=1))


def _sequential(d_in, inside, dtype):
    return keras.Sequential([keras.Input((d_in,), dtype=np.dtype(dtype).name), *inside])
