"""Who will like what, as in `labkit.models.recommend`."""

import numpy as np
import torch
from torch import nn

from labkit import models
from labkit.frameworks.torch_models.classifiers import mlp_layers
from labkit.frameworks.torch_models.weights import started


class MatrixFactorization(nn.Module):
    """`labkit.models.MatrixFactorization`, from the same weights for the same rng."""

    def __init__(self, users, items, *, k, rng, mean=0.0, std=0.1, dtype=np.float32):
        super().__init__()
        self.users, self.items = nn.Embedding(users, k), nn.Embedding(items, k)
        self.user_bias, self.item_bias = nn.Embedding(users, 1), nn.Embedding(items, 1)
        self.register_buffer("mean", torch.tensor(float(mean)))
        sizes = {"k": k, "mean": mean, "std": std}
        started(self, models.MatrixFactorization(users, items, rng=rng, dtype=dtype, **sizes))

    def forward(self, user, item):
        """Return the rating of each pair."""
        fit = torch.einsum("nk,nk->n", self.users(user), self.items(item))
        return self.mean + self.user_bias(user)[:, 0] + self.item_bias(item)[:, 0] + fit


class FactorizationMachine(nn.Module):
    """`labkit.models.FactorizationMachine`, from the same weights for the same rng."""

    def __init__(self, d, *, k, rng, std=0.01, dtype=np.float32):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(1))
        self.linear, self.vectors = nn.Embedding(d, 1), nn.Embedding(d, k)
        started(self, models.FactorizationMachine(d, k=k, rng=rng, std=std, dtype=dtype))

    def forward(self, x):
        """Return y."""
        v = self.vectors.weight
        pairs = ((x @ v) ** 2 - x**2 @ v**2).sum(dim=1) / 2
        return self.bias + (x @ self.linear.weight)[:, 0] + pairs


class DeepFM(nn.Module):
    """`labkit.models.DeepFM`, from the same weights for the same rng."""

    def __init__(self, sizes, *, k, hidden, rng, std=0.01, dtype=np.float32):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(1))
        self.linear, self.vectors = nn.Embedding(sum(sizes), 1), nn.Embedding(sum(sizes), k)
        self.deep = nn.Sequential(*mlp_layers((len(sizes) * k, *hidden, 1)))
        starts = torch.tensor([0, *sizes[:-1]]).cumsum(0)
        self.register_buffer("starts", starts, persistent=False)
        ours = models.DeepFM(sizes, k=k, hidden=hidden, rng=rng, std=std, dtype=dtype)
        started(self, ours)

    def forward(self, ids):
        """Return the logits."""
        rows = ids + self.starts
        e = self.vectors(rows)
        pairs = (e.sum(dim=1) ** 2 - (e**2).sum(dim=1)).sum(dim=1) / 2
        return self.bias + self.linear(rows).sum(dim=(1, 2)) + pairs + self.deep(e.flatten(1))[:, 0]
