"""The layers: each is its parameters and one call of the function that it stands for."""

import numpy as np

from labkit import ops
from labkit.nn.initializers import glorot_uniform, normal, zeros
from labkit.nn.module import Module, Parameter
from labkit.ops.sizes import check_groups, check_sizes, pair


class Linear(Module):
    """``x W + b``, see `labkit.ops.linear.linear`: weight (d_in, d_out), bias (d_out,).

    x (n, d_in). Returns (n, d_out). PyTorch's ``nn.Linear`` stores the transpose.

    >>> Linear(3, 2, rng=np.random.default_rng(0))(np.ones((5, 3), np.float32)).shape
    (5, 2)
    """

    def __init__(self, d_in, d_out, *, rng, bias=True, init=glorot_uniform, dtype=np.float32):
        check_sizes(d_in=d_in, d_out=d_out)
        self.weight = Parameter(init((d_in, d_out), rng=rng, dtype=dtype))
        self.bias = Parameter(zeros((d_out,), dtype=dtype)) if bias else None

    def forward(self, x):
        """Return x W + b."""
        return ops.linear(x, self.weight, self.bias)

    def __repr__(self):
        return f"Linear({', '.join(map(str, self.weight.shape))})"


class Embedding(Module):
    """A row of numbers for each id, see `labkit.ops.linear.embedding`: weight (k, d).

    ids (...) whole numbers in [0, k). Returns (..., d).

    >>> Embedding(10, 3, rng=np.random.default_rng(0))(np.array([[1, 2, 1]])).shape
    (1, 3, 3)
    """

    def __init__(self, k, d, *, rng, init=normal, dtype=np.float32):
        check_sizes(k=k, d=d)
        self.weight = Parameter(init((k, d), rng=rng, dtype=dtype))

    def forward(self, ids):
        """Return the rows."""
        return ops.embedding(ids, self.weight)

    def __repr__(self):
        return f"Embedding({', '.join(map(str, self.weight.shape))})"


class Conv2d(Module):
    """Convolution of images, see `labkit.ops.convolution.conv2d`.

    x (n, c_in, h, w). Returns (n, c_out, h', w'). Weight (c_out, c_in / groups, kh, kw), as in
    PyTorch. kernel_size, stride, padding and dilation are an int or a pair.

    >>> Conv2d(1, 4, 3, rng=np.random.default_rng(0))(np.ones((2, 1, 28, 28), np.float32)).shape
    (2, 4, 26, 26)
    """

    def __init__(
        self,
        c_in,
        c_out,
        kernel_size,
        *,
        rng,
        stride=1,
        padding=0,
        dilation=1,
        groups=1,
        bias=True,
        init=glorot_uniform,
        dtype=np.float32,
    ):
        check_sizes(c_in=c_in, c_out=c_out)
        check_groups(groups, c_in=c_in, c_out=c_out)
        shape = (c_out, c_in // groups, *pair("kernel_size", kernel_size, at_least=1))
        self.weight = Parameter(init(shape, rng=rng, dtype=dtype))
        self.bias = Parameter(zeros((c_out,), dtype=dtype)) if bias else None
        self.config = {
            "stride": stride,
            "padding": padding,
            "dilation": dilation,
            "groups": groups,
        }

    def forward(self, x):
        """Return the convolution of x."""
        return ops.conv2d(x, self.weight, self.bias, **self.config)

    def __repr__(self):
        c_out, c_in, kh, kw = self.weight.shape
        return f"Conv2d({c_in * self.config['groups']}, {c_out}, kernel_size=({kh}, {kw}))"


class ConvTranspose2d(Module):
    """Transposed convolution of images, see `labkit.ops.convolution.conv_transpose2d`.

    x (n, c_in, h, w). Returns (n, c_out, h', w'). Weight (c_in, c_out / groups, kh, kw), as in
    PyTorch: the weight of the convolution from c_out to c_in channels whose transpose this is,
    which is also how an initializer reads it.

    >>> up = ConvTranspose2d(4, 2, 2, stride=2, rng=np.random.default_rng(0))
    >>> up(np.ones((1, 4, 7, 7), np.float32)).shape
    (1, 2, 14, 14)
    """

    def __init__(
        self,
        c_in,
        c_out,
        kernel_size,
        *,
        rng,
        stride=1,
        padding=0,
        output_padding=0,
        dilation=1,
        groups=1,
        bias=True,
        init=glorot_uniform,
        dtype=np.float32,
    ):
        check_sizes(c_in=c_in, c_out=c_out)
        check_groups(groups, c_in=c_in, c_out=c_out)
        shape = (c_in, c_out // groups, *pair("kernel_size", kernel_size, at_least=1))
        self.weight = Parameter(init(shape, rng=rng, dtype=dtype))
        self.bias = Parameter(zeros((c_out,), dtype=dtype)) if bias else None
        self.config = {
            "stride": stride,
            "padding": padding,
            "output_padding": output_padding,
            "dilation": dilation,
            "groups": groups,
        }

    def forward(self, x):
        """Return the transposed convolution of x."""
        return ops.conv_transpose2d(x, self.weight, self.bias, **self.config)

    def __repr__(self):
        c_in, c_out, kh, kw = self.weight.shape
        c_out *= self.config["groups"]
        return f"ConvTranspose2d({c_in}, {c_out}, kernel_size=({kh}, {kw}))"


class MaxPool2d(Module):
    """The largest value of each window, see `labkit.ops.pooling.max_pool2d`.

    stride is the window's size if left out.

    >>> MaxPool2d(2)(np.arange(16.0).reshape(1, 1, 4, 4))[0, 0]
    array([[ 5.,  7.],
           [13., 15.]])
    """

    def __init__(self, kernel_size, *, stride=None, padding=0, dilation=1, ceil_mode=False):
        self.kernel_size = kernel_size
        self.config = {
            "stride": stride,
            "padding": padding,
            "dilation": dilation,
            "ceil_mode": ceil_mode,
        }

    def forward(self, x):
        """Return the maxima."""
        return ops.max_pool2d(x, kernel_size=self.kernel_size, **self.config)

    def __repr__(self):
        return f"MaxPool2d({self.kernel_size})"


class AvgPool2d(Module):
    """The mean of each window, see `labkit.ops.pooling.avg_pool2d`.

    stride is the window's size if left out.

    >>> AvgPool2d(2)(np.arange(16.0).reshape(1, 1, 4, 4))[0, 0]
    array([[ 2.5,  4.5],
           [10.5, 12.5]])
    """

    def __init__(self, kernel_size, *, stride=None, padding=0, ceil_mode=False):
        self.kernel_size = kernel_size
        self.config = {
            "stride": stride,
            "padding": padding,
            "ceil_mode": ceil_mode,
        }

    def forward(self, x):
        """Return the means."""
        return ops.avg_pool2d(x, kernel_size=self.kernel_size, **self.config)

    def __repr__(self):
        return f"AvgPool2d({self.kernel_size})"


class Upsample(Module):
    """Larger images, see `labkit.ops.upsampling.upsample`.

    >>> Upsample((1, 2), mode="bilinear")(np.array([[[[0.0, 4.0]]]]))
    array([[[[0., 1., 3., 4.]]]])
    """

    def __init__(self, scale_factor=2, *, mode="nearest"):
        self.scale_factor, self.mode = scale_factor, mode

    def forward(self, x):
        """Return the larger images."""
        return ops.upsample(x, scale_factor=self.scale_factor, mode=self.mode)

    def __repr__(self):
        return f"Upsample({self.scale_factor}, mode={self.mode!r})"


class Flatten(Module):
    """All axes but the first become one: (n, c, h, w) to (n, c h w), channel by channel.

    >>> Flatten()(np.zeros((5, 64, 3, 3))).shape
    (5, 576)
    """

    def forward(self, x):
        """Return x with two axes."""
        size = int(np.prod(x.shape[1:]))  # -1 would be ambiguous for an empty batch
        return x.reshape((x.shape[0], size))


class Dropout(Module):
    """In training, `labkit.ops.regularization.dropout`; in evaluation nothing happens.

    Raises ValueError if p is not in [0, 1).

    >>> drop = Dropout(0.3, rng=np.random.default_rng(1))
    >>> drop(np.ones(6)).round(4)
    array([1.4286, 1.4286, 0.    , 1.4286, 1.4286, 1.4286])
    >>> drop.eval()(np.ones(6))
    array([1., 1., 1., 1., 1., 1.])

    [Srivastava et al. 2014, §10: "inverted" dropout]
    """

    def __init__(self, p, *, rng):
        if not 0 <= p < 1:
            raise ValueError(f"p must be in [0, 1); got {p}")
        self.p, self.rng = float(p), rng

    def forward(self, x):
        """Return x with a random part of it set to zero, if training."""
        if not self.training or self.p == 0:
            return x
        return ops.dropout(x, p=self.p, rng=self.rng)

    def __repr__(self):
        return f"Dropout({self.p})"
