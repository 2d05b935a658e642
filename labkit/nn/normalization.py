"""Normalization as layers: a learned scale and shift, and running averages for the batch's."""

import numpy as np

from labkit import ops
from labkit.autograd import Tensor
from labkit.nn.initializers import zeros
from labkit.nn.module import Buffer, Module, Parameter
from labkit.ops.sizes import check_groups, check_sizes


class BatchNorm1d(Module):
    """`labkit.ops.normalization.batch_norm` of rows (n, c) or sequences (n, c, t).

    In training each channel is normalized with the mean and variance of the batch, and running
    averages follow them, :eq:`eq-running`; in evaluation those are used instead::

        running = (1 - momentum) running + momentum (that of this batch)

    The batch divides by its biased variance, and the running one follows the unbiased, m / (m - 1)
    as large for m numbers per channel, as in PyTorch. Keras: the biased one, a momentum that is 1
    minus this (0.99 by default), and eps 1e-3.

    Raises ValueError if x has another number of axes, or one number per channel in training.

    >>> layer = BatchNorm1d(1)
    >>> layer(np.array([[1.0], [5.0]], np.float32)).numpy().round(4)
    array([[-1.],
           [ 1.]], dtype=float32)
    >>> layer.state_dict()["running_mean"], layer.state_dict()["running_var"]
    (array([0.3], dtype=float32), array([1.7], dtype=float32))

    [Ioffe and Szegedy 2015, section 3.1]
    """

    ndims: tuple[int, ...] = (2, 3)

    def __init__(self, c, *, momentum=0.1, eps=1e-5, dtype=np.float32):
        check_sizes(c=c)
        if not 0 <= momentum <= 1:
            raise ValueError(f"momentum must be in [0, 1]; got {momentum}")
        self.weight = Parameter(np.ones(c, dtype=dtype))
        self.bias = Parameter(zeros((c,), dtype=dtype))
        self.running_mean = Buffer(np.zeros(c, dtype=dtype))
        self.running_var = Buffer(np.ones(c, dtype=dtype))
        self.momentum, self.eps = float(momentum), float(eps)

    def forward(self, x):
        """Return x normalized, scaled and shifted."""
        if x.ndim not in self.ndims:
            axes = " or ".join(map(str, self.ndims))
            raise ValueError(f"x must have {axes} axes; got shape {x.shape}")
        if not self.training:
            running = {"mean": self.running_mean.data, "var": self.running_var.data}
            return ops.batch_norm(x, self.weight, self.bias, **running, eps=self.eps)
        out = ops.batch_norm(x, self.weight, self.bias, eps=self.eps)
        self._follow(x.numpy() if isinstance(x, Tensor) else x)
        return out

    def _follow(self, x):
        """Move the running averages towards this batch."""
        axes = (0, *range(2, x.ndim))
        for running, batch in (
            (self.running_mean, x.mean(axis=axes)),
            (self.running_var, x.var(axis=axes, ddof=1)),
        ):
            moved = (1 - self.momentum) * running.data + self.momentum * batch
            running.data = moved.astype(running.dtype)

    def __repr__(self):
        return f"{type(self).__name__}({self.weight.size})"


class BatchNorm2d(BatchNorm1d):
    """`BatchNorm1d` for images (n, c, h, w): a channel's numbers are those of all its pixels.

    >>> BatchNorm2d(3)(np.zeros((2, 3, 4, 4), np.float32)).shape
    (2, 3, 4, 4)
    """

    ndims = (4,)


class LayerNorm(Module):
    """`labkit.ops.normalization.layer_norm` over the last axis, of size d.

    >>> LayerNorm(2)(np.array([[1.0, 5.0]], np.float32)).numpy().round(4)
    array([[-1.,  1.]], dtype=float32)
    """

    def __init__(self, d, *, eps=1e-5, bias=True, dtype=np.float32):
        check_sizes(d=d)
        self.weight = Parameter(np.ones(d, dtype=dtype))
        self.bias = Parameter(zeros((d,), dtype=dtype)) if bias else None
        self.eps = float(eps)

    def forward(self, x):
        """Return x normalized, scaled and shifted."""
        return ops.layer_norm(x, self.weight, self.bias, eps=self.eps)

    def __repr__(self):
        return f"LayerNorm({self.weight.size})"


class GroupNorm(Module):
    """`labkit.ops.normalization.group_norm` of c channels in groups, for x (n, c, ...).

    Raises ValueError if groups do not divide the channels.

    >>> GroupNorm(2, 4)(np.float32([[1.0, 3.0, -4.0, 4.0]])).numpy().round(4)
    array([[-1.,  1., -1.,  1.]], dtype=float32)
    """

    def __init__(self, groups, c, *, eps=1e-5, dtype=np.float32):
        check_sizes(c=c)
        check_groups(groups, c=c)
        self.weight = Parameter(np.ones(c, dtype=dtype))
        self.bias = Parameter(zeros((c,), dtype=dtype))
        self.groups, self.eps = groups, float(eps)

    def forward(self, x):
        """Return x normalized, scaled and shifted."""
        return ops.group_norm(x, self.weight, self.bias, groups=self.groups, eps=self.eps)

    def __repr__(self):
        return f"GroupNorm({self.groups}, {self.weight.size})"


class RMSNorm(Module):
    """`labkit.ops.normalization.rms_norm` over the last axis, of size d.

    >>> RMSNorm(2)(np.float32([[1.0, 7.0]])).numpy().round(4)
    array([[0.2, 1.4]], dtype=float32)
    """

    def __init__(self, d, *, eps=1e-6, dtype=np.float32):
        check_sizes(d=d)
        self.weight = Parameter(np.ones(d, dtype=dtype))
        self.eps = float(eps)

    def forward(self, x):
        """Return x over its root mean square, scaled."""
        return ops.rms_norm(x, self.weight, eps=self.eps)

    def __repr__(self):
        return f"RMSNorm({self.weight.size})"
