"""The functions that networks are made of, each with its derivative beside it."""

from labkit import _without_numpy
from labkit.ops.sizes import (
    conv_output_size,
    conv_transpose_output_size,
    pool_output_size,
    receptive_field,
    same_padding,
)

try:
    from labkit.ops.activations import leaky_relu, log_softmax, relu, sigmoid, softmax, tanh
    from labkit.ops.attention import (
        causal_mask,
        grouped_query_attention,
        padding_mask,
        scaled_dot_product_attention,
    )
    from labkit.ops.contrast import hinge, info_nce, triplet_loss
    from labkit.ops.convolution import conv2d, conv2d_loop, conv_transpose2d
    from labkit.ops.ctc import ctc_loss
    from labkit.ops.linear import embedding, linear, one_hot
    from labkit.ops.losses import (
        binary_cross_entropy,
        cross_entropy,
        huber,
        kl_divergence,
        mean_absolute_error,
        mean_squared_error,
    )
    from labkit.ops.normalization import batch_norm, group_norm, layer_norm, normalize, rms_norm
    from labkit.ops.pooling import avg_pool2d, max_pool2d
    from labkit.ops.positions import alibi_bias, alibi_slopes, rotary, sinusoidal_positions
    from labkit.ops.rectifiers import elu, gelu, silu, softplus
    from labkit.ops.recurrent import gru, gru_cell, lstm, lstm_cell, rnn, rnn_cell
    from labkit.ops.regularization import dropout, ridge, soft_threshold
    from labkit.ops.upsampling import upsample
except ModuleNotFoundError as missing:
    _without_numpy(__name__, missing)

__all__ = [
    "alibi_bias",
    "alibi_slopes",
    "avg_pool2d",
    "batch_norm",
    "binary_cross_entropy",
    "causal_mask",
    "conv2d",
    "conv2d_loop",
    "conv_output_size",
    "conv_transpose2d",
    "conv_transpose_output_size",
    "cross_entropy",
    "ctc_loss",
    "dropout",
    "elu",
    "embedding",
    "gelu",
    "group_norm",
    "grouped_query_attention",
    "gru",
    "gru_cell",
    "hinge",
    "huber",
    "info_nce",
    "kl_divergence",
    "layer_norm",
    "leaky_relu",
    "linear",
    "log_softmax",
    "lstm",
    "lstm_cell",
    "max_pool2d",
    "mean_absolute_error",
    "mean_squared_error",
    "normalize",
    "one_hot",
    "padding_mask",
    "pool_output_size",
    "receptive_field",
    "relu",
    "ridge",
    "rms_norm",
    "rnn",
    "rnn_cell",
    "rotary",
    "same_padding",
    "scaled_dot_product_attention",
    "sigmoid",
    "silu",
    "sinusoidal_positions",
    "soft_threshold",
    "softmax",
    "softplus",
    "tanh",
    "triplet_loss",
    "upsample",
]
