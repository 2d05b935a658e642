"""Networks of images, as in `labkit.models.vision`."""

import numpy as np
from torch import nn
from torch.nn import functional

from labkit import models
from labkit.frameworks.torch_models.weights import started


def lenet5(*, rng, dtype=np.float32):
    """Return `labkit.models.lenet5` in PyTorch, from the same weights for the same rng."""
    model = nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2),
        nn.Tanh(),
        nn.AvgPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.Tanh(),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(400, 120),
        nn.Tanh(),
        nn.Linear(120, 84),
        nn.Tanh(),
        nn.Linear(84, 10),
    )
    return started(model, models.lenet5(rng=rng, dtype=dtype))


def cifar_cnn(*, rng, dtype=np.float32):
    """Return `labkit.models.cifar_cnn` in PyTorch, from the same weights for the same rng."""
    model = nn.Sequential(
        nn.Conv2d(3, 64, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(64, 128, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(8192, 512),
        nn.ReLU(),
        nn.Linear(512, 10),
    )
    return started(model, models.cifar_cnn(rng=rng, dtype=dtype))


class ResidualBlock(nn.Module):
    """`labkit.models.ResidualBlock`, with PyTorch's own start."""

    def __init__(self, c_in, c_out, *, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(c_in, c_out, 3, stride=stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(c_out)
        self.conv2 = nn.Conv2d(c_out, c_out, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(c_out)
        self.shortcut = nn.Sequential()
        if stride != 1 or c_in != c_out:
            convolution = nn.Conv2d(c_in, c_out, 1, stride=stride, bias=False)
            self.shortcut = nn.Sequential(convolution, nn.BatchNorm2d(c_out))

    def forward(self, x):
        """Return relu(F(x) + s(x))."""
        out = functional.relu(self.norm1(self.conv1(x)))
        return functional.relu(self.norm2(self.conv2(out)) + self.shortcut(x))


class ResNet(nn.Module):
    """`labkit.models.ResNet`, from the same weights for the same rng."""

    def __init__(self, *, rng, widths=(16, 32, 64), blocks=3, c_in=3, k=10, dtype=np.float32):
        super().__init__()
        sizes = {"widths": widths, "blocks": blocks, "c_in": c_in, "k": k}
        ours = models.ResNet(rng=rng, dtype=dtype, **sizes)
        self.conv = nn.Conv2d(c_in, widths[0], 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(widths[0])
        stages = [
            ResidualBlock(
                width if i else widths[max(stage - 1, 0)],
                width,
                stride=2 if stage and not i else 1,
            )
            for stage, width in enumerate(widths)
            for i in range(blocks)
        ]
        self.blocks = nn.ModuleList(stages)
        self.head = nn.Linear(widths[-1], k)
        started(self, ours)

    def forward(self, x):
        """Return the logits."""
        x = functional.relu(self.norm(self.conv(x)))
        for block in self.blocks:
            x = block(x)
        return self.head(x.mean(dim=(2, 3)))
