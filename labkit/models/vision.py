"""Networks of images: LeNet-5, source 004's network for CIFAR-10, and residual networks."""

import numpy as np

from labkit import ops
from labkit.nn import (
    AvgPool2d,
    BatchNorm2d,
    Conv2d,
    Flatten,
    Linear,
    MaxPool2d,
    Module,
    ReLU,
    Sequential,
    Tanh,
    he_normal,
)


def lenet5(*, rng, dtype=np.float32):
    """Return LeNet-5 for 28x28 digits as it is built today, with 61,706 parameters.

    x (n, 1, 28, 28). Returns logits (n, 10). The paper has 32x32 images (here: padding), a scale
    and a bias for each averaged map, a convolution whose maps see only some of those before, and
    distances to ten drawn digits instead of logits.

    >>> sum(p.size for p in lenet5(rng=np.random.default_rng(0)).parameters())
    61706

    [LeCun et al. 1998, section II.B]
    """
    make = {"rng": rng, "dtype": dtype}
    return Sequential(
        Conv2d(1, 6, 5, padding=2, **make),  # (n, 6, 28, 28)
        Tanh(),
        AvgPool2d(2),  # (n, 6, 14, 14)
        Conv2d(6, 16, 5, **make),  # (n, 16, 10, 10)
        Tanh(),
        AvgPool2d(2),  # (n, 16, 5, 5)
        Flatten(),  # (n, 400)
        Linear(400, 120, **make),
        Tanh(),
        Linear(120, 84, **make),
        Tanh(),
        Linear(84, 10, **make),
    )


def cifar_cnn(*, rng, dtype=np.float32):
    """Return source 004's network for CIFAR-10, with 4,275,594 parameters.

    x (n, 3, 32, 32). Returns logits (n, 10). All but two in a hundred of the parameters are those
    of the first linear layer. [source 004]

    >>> sum(p.size for p in cifar_cnn(rng=np.random.default_rng(0)).parameters())
    4275594
    """
    make = {"rng": rng, "dtype": dtype}
    return Sequential(
        Conv2d(3, 64, 3, padding=1, **make),  # (n, 64, 32, 32)
        ReLU(),
        MaxPool2d(2),  # (n, 64, 16, 16)
        Conv2d(64, 128, 3, padding=1, **make),  # (n, 128, 16, 16)
        ReLU(),
        MaxPool2d(2),  # (n, 128, 8, 8)
        Flatten(),  # (n, 8192)
        Linear(8192, 512, **make),
        ReLU(),
        Linear(512, 10, **make),
    )


class ResidualBlock(Module):
    """Two convolutions whose result is added to what came in::

        out = relu(F(x) + s(x))        F = conv, batch norm, relu, conv, batch norm

    x (n, c_in, h, w). Returns (n, c_out, h', w'), smaller by the stride. s is nothing where the
    shape stays, else a 1x1 convolution and its batch norm (the paper's option B).

    >>> block = ResidualBlock(3, 8, stride=2, rng=np.random.default_rng(0))
    >>> block(np.ones((2, 3, 6, 6), np.float32)).shape
    (2, 8, 3, 3)

    [He et al. 2016, equations 1 and 2, figure 2]
    """

    def __init__(self, c_in, c_out, *, rng, stride=1, dtype=np.float32):
        make = {"rng": rng, "bias": False, "init": he_normal, "dtype": dtype}
        self.conv1 = Conv2d(c_in, c_out, 3, stride=stride, padding=1, **make)
        self.norm1 = BatchNorm2d(c_out, dtype=dtype)
        self.conv2 = Conv2d(c_out, c_out, 3, padding=1, **make)
        self.norm2 = BatchNorm2d(c_out, dtype=dtype)
        self.shortcut = Sequential()
        if stride != 1 or c_in != c_out:
            convolution = Conv2d(c_in, c_out, 1, stride=stride, **make)
            self.shortcut = Sequential(convolution, BatchNorm2d(c_out, dtype=dtype))

    def forward(self, x):
        """Return relu(F(x) + s(x))."""
        out = ops.relu(self.norm1(self.conv1(x)))
        return ops.relu(self.norm2(self.conv2(out)) + self.shortcut(x))


class ResNet(Module):
    """A residual network for small images: a convolution, blocks, one mean per channel, logits.

    x (n, c_in, h, w). Returns logits (n, k). Each width has ``blocks`` blocks; the first of all
    but the first width halves the image. The defaults are the paper's smallest for CIFAR-10, of
    6 * 3 + 2 = 20 layers, but for option B: 272,474 parameters, where option A, which pads with
    zeros, has 269,722.

    Raises ValueError if there is no width, or no block.

    >>> model = ResNet(rng=np.random.default_rng(0))
    >>> sum(p.size for p in model.parameters())
    272474

    [He et al. 2016, section 4.2; the start of the weights: He et al. 2015]
    """

    def __init__(self, *, rng, widths=(16, 32, 64), blocks=3, c_in=3, k=10, dtype=np.float32):
        if not widths or blocks < 1:
            raise ValueError(f"there must be a width and a block; got {widths} and {blocks}")
        make = {"rng": rng, "dtype": dtype}
        self.conv = Conv2d(c_in, widths[0], 3, padding=1, bias=False, init=he_normal, **make)
        self.norm = BatchNorm2d(widths[0], dtype=dtype)
        self.blocks, c = [], widths[0]
        for stage, width in enumerate(widths):
            for i in range(blocks):
                stride = 2 if stage and not i else 1
                self.blocks.append(ResidualBlock(c, width, stride=stride, **make))
                c = width
        self.head = Linear(c, k, **make)

    def forward(self, x):
        """Return the logits."""
        x = ops.relu(self.norm(self.conv(x)))
        for block in self.blocks:
            x = block(x)
        return self.head(x.mean(axis=(2, 3)))  # (n, c, h, w) to (n, c)
