"""A small training with all that can go wrong in it, for the tests of the loop in PyTorch.

`python trainings.py FILE` runs it slowly with FILE for checkpoint, to be stopped by a signal.
"""

import random
import sys
import time
from functools import partial

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from labkit import schedules
from labkit.frameworks.torch_training import Examples, fit

N, BATCH, EPOCHS = 23, 5, 3  # 5, 5, 5, 5, 3: five steps in each of three epochs
STEPS = 15


def generator(seed=0):
    return np.random.default_rng(seed)


def blobs(n=N, dtype=np.float64):
    """Three classes around three points of the plane."""
    rng = generator()
    y = rng.integers(3, size=n)
    centres = np.array([[0.0, 2.0], [2.0, -1.0], [-2.0, -1.0]])
    return (centres[y] + rng.normal(size=(n, 2))).astype(dtype), y


class Net(nn.Module):
    """Blocks in a list, widths that two does not divide, and dropout and BatchNorm if asked for."""

    def __init__(self, seed=1, *, dropout=0.0, norm=False, dtype=torch.float64):
        super().__init__()
        torch.manual_seed(seed)
        widths = (2, 7, 5)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.Linear(widths[i], widths[i + 1]),
                nn.BatchNorm1d(widths[i + 1]) if norm else nn.Identity(),
                nn.Tanh(),
                nn.Dropout(dropout),
            )
            for i in range(2)
        )
        self.head = nn.Linear(5, 3)
        self.to(dtype)

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return self.head(x)


def adamw(model):
    return torch.optim.AdamW(model.parameters(), lr=0.05, weight_decay=0.1)


def sgd(model):
    return torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)


warmup = partial(schedules.warmup_cosine, lr=0.05, warmup_steps=3, steps=STEPS)


def settings(**changes):
    chosen = {
        "loss": functional.cross_entropy,
        "rng": generator(2),
        "epochs": EPOCHS,
        "schedule": warmup,
        "clip": 0.4,  # shorter than most gradients here
    }
    return chosen | changes


def train(model=None, *, make=adamw, data=None, **changes):
    """Train a network; return it, the optimizer and the history."""
    model = Net() if model is None else model
    data = Examples(*blobs(), batch_size=BATCH) if data is None else data
    optimizer = make(model)
    history = fit(model, data, optimizer=optimizer, **settings(**changes))
    return model, optimizer, history


def restless(out, y):
    """A loss that draws from every generator that a program may have."""
    weight = 1 + 0.1 * random.random() + 0.1 * np.random.random()  # noqa: NPY002  (that is the point)
    return functional.cross_entropy(out + 0.1 * torch.rand(()), y) * weight


def seed_all(seed):
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    torch.manual_seed(seed)


def random_training(path, *, seeds=1, **changes):
    """A training in which everything is random; the seeds are where all of it starts.

    Its batches are 5, 5, 5, 5 and 4, in two pieces: BatchNorm wants two rows or more.
    """
    model = Net(seeds, dropout=0.3, norm=True)
    seed_all(seeds)
    data = Examples(*blobs(24), batch_size=BATCH)
    chosen = {"loss": restless, "rng": generator(seeds), "checkpoint": path, "accumulate": 2}
    return train(model, data=data, **chosen | changes)


def equal(first, second):
    """Say whether two nests of dictionaries, lists and tensors are the same to the last bit."""
    if isinstance(first, torch.Tensor):
        return torch.equal(first, second) and first.dtype == second.dtype
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(equal(first[k], second[k]) for k in first)
    if isinstance(first, list | tuple):
        return len(first) == len(second) and all(map(equal, first, second))
    return first == second


def slowly(out, y):
    print("step", flush=True)
    time.sleep(0.05)
    return restless(out, y)


if __name__ == "__main__":
    random_training(sys.argv[1], loss=slowly, progress=False)
