"""What a network costs: parameters, multiply-adds, memory, time and money, before it is trained."""

from labkit import _without_numpy
from labkit.sizing.budget import (
    training_cost,
    training_energy,
    training_flops,
    training_hours,
    training_state_bytes,
)
from labkit.sizing.transformer import (
    activation_bytes,
    bert_parameters,
    block_parameters,
    gpt_parameters,
    kv_cache_bytes,
    llama_parameters,
)

try:
    from labkit.sizing.layers import (
        LayerSize,
        conv2d_multiply_adds,
        conv2d_parameters,
        layer_sizes,
        layer_table,
        linear_multiply_adds,
        linear_parameters,
        training_bytes,
    )
    from labkit.sizing.scaling import PowerLaw, compute_optimal, fit_power_law, scaling_loss
except ModuleNotFoundError as missing:
    _without_numpy(__name__, missing)

__all__ = [
    "LayerSize",
    "PowerLaw",
    "activation_bytes",
    "bert_parameters",
    "block_parameters",
    "compute_optimal",
    "conv2d_multiply_adds",
    "conv2d_parameters",
    "fit_power_law",
    "gpt_parameters",
    "kv_cache_bytes",
    "layer_sizes",
    "layer_table",
    "linear_multiply_adds",
    "linear_parameters",
    "llama_parameters",
    "scaling_loss",
    "training_bytes",
    "training_cost",
    "training_energy",
    "training_flops",
    "training_hours",
    "training_state_bytes",
]
