"""Optimizers: how the gradient of the loss moves the parameters.

An optimizer is its update rule. `Optimizer.step` visits the parameters and keeps what the rule
remembers between steps; a subclass says, for one array of weights ``w`` and its gradient ``g``,
what to subtract from ``w``. The rules and the defaults are PyTorch's, and follow `torch.optim` to
rounding error; each docstring says where Keras differs.
"""

from labkit.optim.clipping import ExponentialMovingAverage, clip_grad_norm, clip_grad_value
from labkit.optim.modern import Lion, Muon, orthogonalized
from labkit.optim.optimizer import BLOCK, Optimizer
from labkit.optim.rules import SGD, Adadelta, Adagrad, Adam, AdamW, RMSprop

__all__ = [
    "BLOCK",
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "ExponentialMovingAverage",
    "Lion",
    "Muon",
    "Optimizer",
    "RMSprop",
    "clip_grad_norm",
    "clip_grad_value",
    "orthogonalized",
]
