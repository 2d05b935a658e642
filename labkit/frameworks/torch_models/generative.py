"""Networks that make examples, as in `labkit.models.generative`.

What is random comes from a NumPy generator here too, so that the same one gives the same draws.
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from labkit import models, ops
from labkit.frameworks.torch_models.classifiers import mlp_layers
from labkit.frameworks.torch_models.weights import started


class Autoencoder(nn.Module):
    """`labkit.models.Autoencoder`, from the same weights for the same rng."""

    def __init__(self, sizes, *, rng, dtype=np.float32):
        super().__init__()
        self.encoder = nn.Sequential(*mlp_layers(sizes))
        self.decoder = nn.Sequential(*mlp_layers(sizes[::-1]))
        started(self, models.Autoencoder(sizes, rng=rng, dtype=dtype))

    def forward(self, x):
        """Return what is left of x after the way through the few numbers."""
        return self.decoder(self.encoder(x))


class VAE(nn.Module):
    """`labkit.models.VAE`, from the same weights for the same rng."""

    def __init__(self, sizes, *, rng, dtype=np.float32):
        super().__init__()
        self.encoder = nn.Sequential(*mlp_layers((*sizes[:-1], 2 * sizes[-1])))
        self.decoder = nn.Sequential(*mlp_layers(sizes[::-1]))
        started(self, models.VAE(sizes, rng=rng, dtype=dtype))

    def forward(self, x, *, rng):
        """Return the logits, for one draw from rng, and the code's mean and log-variance."""
        mean, log_var = self.encoder(x).chunk(2, dim=1)
        noise = torch.from_numpy(rng.normal(size=tuple(mean.shape))).to(mean)
        return self.decoder(mean + torch.exp(log_var / 2) * noise), mean, log_var


def vae_loss(logits, x, mean, log_var, *, beta=1.0):
    """Return `labkit.models.vae_loss`, its distance computed by ``torch.distributions``."""
    pixels = functional.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    code = torch.distributions.Normal(mean, torch.exp(log_var / 2))
    distance = torch.distributions.kl_divergence(code, torch.distributions.Normal(0.0, 1.0)).sum()
    return (pixels + beta * distance) / len(x)


def gan_pair(d, *, latent, hidden, rng, dtype=np.float32):
    """Return `labkit.models.gan_pair` in PyTorch, from the same weights for the same rng."""
    sizes = {"latent": latent, "hidden": hidden}
    generator, discriminator = models.gan_pair(d, rng=rng, dtype=dtype, **sizes)
    return (
        started(nn.Sequential(*mlp_layers((latent, hidden, d)), nn.Tanh()), generator),
        started(nn.Sequential(*mlp_layers((d, hidden, 1))), discriminator),
    )


class Denoiser(nn.Module):
    """`labkit.models.Denoiser`, from the same weights for the same rng."""

    def __init__(self, d, *, hidden=(64, 64), time=16, rng, dtype=np.float32):
        super().__init__()
        self.time = time
        self.body = nn.Sequential(*mlp_layers((d + time, *hidden, d)))
        started(self, models.Denoiser(d, hidden=hidden, time=time, rng=rng, dtype=dtype))

    def forward(self, x, t):
        """Return the guess of the noise."""
        table = ops.sinusoidal_positions(int(t.max()) + 1, self.time)
        return self.body(torch.cat([x, torch.from_numpy(table).to(x)[t]], dim=1))
