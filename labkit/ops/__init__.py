"""The functions that networks are made of, each with its derivative beside it."""

from labkit.ops.convolution import conv2d, conv2d_loop, conv_transpose2d
from labkit.ops.pooling import avg_pool2d, max_pool2d
from labkit.ops.sizes import (
    conv_output_size,
    conv_transpose_output_size,
    pool_output_size,
    receptive_field,
    same_padding,
)

__all__ = [
    "avg_pool2d",
    "conv2d",
    "conv2d_loop",
    "conv_output_size",
    "conv_transpose2d",
    "conv_transpose_output_size",
    "max_pool2d",
    "pool_output_size",
    "receptive_field",
    "same_padding",
]
