"""The functions that networks are made of, each with its derivative beside it."""

from labkit.ops.activations import leaky_relu, log_softmax, relu, sigmoid, softmax, tanh
from labkit.ops.convolution import conv2d, conv2d_loop, conv_transpose2d
from labkit.ops.linear import embedding, linear, one_hot
from labkit.ops.losses import (
    binary_cross_entropy,
    cross_entropy,
    huber,
    kl_divergence,
    mean_absolute_error,
    mean_squared_error,
)
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
    "binary_cross_entropy",
    "conv2d",
    "conv2d_loop",
    "conv_output_size",
    "conv_transpose2d",
    "conv_transpose_output_size",
    "cross_entropy",
    "embedding",
    "huber",
    "kl_divergence",
    "leaky_relu",
    "linear",
    "log_softmax",
    "max_pool2d",
    "mean_absolute_error",
    "mean_squared_error",
    "one_hot",
    "pool_output_size",
    "receptive_field",
    "relu",
    "same_padding",
    "sigmoid",
    "softmax",
    "tanh",
]
