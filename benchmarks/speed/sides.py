"""One function in labkit and in PyTorch: forward alone, and forward and backward.

A side is a pair of runs: ``forward()``, which records nothing, and ``both()``, which also gives the
gradient of every input and of every parameter.
"""

from typing import NamedTuple

import numpy as np
import torch

from benchmarks.speed.measure import Case
from labkit.autograd import Tensor, no_grad


class Side(NamedTuple):
    """What one implementation does of a case."""

    forward: object
    both: object


def labkit_side(function, arrays, g, parameters=()):
    """Return labkit's side; parameters are all the tensors that the function holds, by name."""
    inputs = {name: Tensor(array, requires_grad=True) for name, array in arrays.items()}
    watched = inputs | dict(parameters)

    def forward():
        with no_grad():
            return {"out": function(*arrays.values())}

    def both():
        out = function(*inputs.values())
        out.backward(g)
        return {"out": out} | taken_gradients(watched)

    return Side(forward, both)


def torch_side(function, arrays, g, parameters=(), turned=()):
    """Return PyTorch's side, as `labkit_side`; gradients of turned parameters are transposed."""
    values = [torch.tensor(array) for array in arrays.values()]
    inputs = {name: torch.tensor(a, requires_grad=True) for name, a in arrays.items()}
    watched = inputs | dict(parameters)
    g = torch.tensor(g)

    def forward():
        with torch.no_grad():
            return {"out": function(*values)}

    def both():
        out = function(*inputs.values())
        out.backward(g)
        gradients = taken_gradients(watched)
        return {"out": out} | gradients | {name: gradients[name].T for name in turned}

    return Side(forward, both)


def taken_gradients(tensors):
    """Return the gradients by name, and forget them."""
    gradients = {name: tensor.grad for name, tensor in tensors.items()}
    for tensor in tensors.values():
        tensor.grad = None
    return gradients


def random_arrays(shapes, dtype):
    """Return an array for each named shape."""
    rng = np.random.default_rng(0)
    return {name: rng.normal(size=shape).astype(dtype) for name, shape in shapes.items()}


def both_cases(group, name, sides, target):
    """Return the two cases of sides(dtype), a dictionary of sides by implementation.

    target: {dtype: (forward, forward and backward)}.
    """

    def make(which):
        return lambda dtype: {name: side[which] for name, side in sides(dtype).items()}

    return [
        Case(group, name, part, make(which), {dtype: pair[which] for dtype, pair in target.items()})
        for which, part in enumerate(("forward", "forward and backward"))
    ]


def operation(group, name, ours, theirs, shapes, target, peers=None):
    """Return the cases of a function of arrays of these shapes.

    peers: {implementation: side}, where side(arrays, g) returns a `Side`, or None if the
    implementation is not installed.
    """

    def sides(dtype):
        arrays = random_arrays(shapes, dtype)
        out = np.asarray(ours(*arrays.values()))
        g = np.random.default_rng(1).normal(size=out.shape).astype(dtype)
        found = {"PyTorch": torch_side(theirs, arrays, g), "labkit": labkit_side(ours, arrays, g)}
        others = {peer: side(arrays, g) for peer, side in (peers or {}).items()}
        return found | {peer: side for peer, side in others.items() if side}

    return both_cases(group, name, sides, target)
