"""Low-rank adaptation: a trained layer stays as it is, and learns a small product beside it."""

import numpy as np

from labkit import ops
from labkit.nn import Buffer, Linear, Module, Parameter
from labkit.nn.initializers import he_normal, zeros


def lora_parameters(d_in: int, d_out: int, *, rank: int) -> int:
    """Return how many numbers the product a b learns, rank (d_in + d_out).

    >>> lora_parameters(12288, 12288, rank=4), 12288 * 12288
    (98304, 150994944)

    [Hu et al. 2022, section 4.2]
    """
    return rank * (d_in + d_out)


class LoRALinear(Module):
    r"""A linear layer that is frozen, plus a product of two thin matrices that learns::

        x W + bias + (alpha / rank) (x a) b

    a (d_in, rank) starts random and b (rank, d_out) zero, so at the start nothing changes. W and
    the bias are copied from the given `labkit.nn.layers.Linear` and are saved with the layer, but
    no optimizer sees them. Afterwards `merged` costs nothing more than the layer did. The
    paper writes columns, so that its A and B are the transposes of ours.

    Raises ValueError if rank is not in 1 to the smaller of d_in and d_out.

    >>> rng = np.random.default_rng(0)
    >>> layer = LoRALinear(Linear(6, 5, rng=rng), rank=2, alpha=4, rng=rng)
    >>> [(name, p.shape) for name, p in layer.named_parameters()]
    [('a', (6, 2)), ('b', (2, 5))]

    [Hu et al. 2022, equation 3]
    """

    def __init__(self, linear, *, rank, alpha, rng):
        d_in, d_out = linear.weight.shape
        if not 1 <= rank <= min(d_in, d_out):
            raise ValueError(f"rank must be in 1 to {min(d_in, d_out)}; got {rank}")
        dtype = linear.weight.dtype
        self.weight = Buffer(linear.weight.data.copy())
        self.bias = None if linear.bias is None else Buffer(linear.bias.data.copy())
        self.a = Parameter(he_normal((d_in, rank), rng=rng, dtype=dtype))
        self.b = Parameter(zeros((rank, d_out), dtype=dtype))
        self.rank, self.alpha = rank, float(alpha)

    def forward(self, x):
        """Return x W + bias + (alpha / rank) (x a) b."""
        frozen = ops.linear(x, self.weight, self.bias)
        learned = ops.linear(ops.linear(x, self.a), self.b)  # (n, rank), then (n, d_out)
        return frozen + learned * (self.alpha / self.rank)

    def merged(self):
        """Return one linear layer with the weight W + (alpha / rank) a b.

        >>> rng = np.random.default_rng(0)
        >>> LoRALinear(Linear(6, 5, rng=rng), rank=2, alpha=4, rng=rng).merged()
        Linear(6, 5)
        """
        weight = self.weight.data + (self.alpha / self.rank) * (self.a.data @ self.b.data)
        linear = Linear(*weight.shape, rng=np.random.default_rng(0), bias=self.bias is not None)
        linear.weight = Parameter(weight)
        if self.bias is not None:
            linear.bias = Parameter(self.bias.data.copy())
        return linear

    def __repr__(self):
        d_in, d_out = self.weight.shape
        return f"LoRALinear({d_in}, {d_out}, rank={self.rank})"
