"""The layers of a model one by one: their outputs, parameters, multiply-adds and memory."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from labkit.nn import Conv2d, ConvTranspose2d, Linear, Module, Sequential
from labkit.ops.sizes import check_groups, pair


def linear_parameters(d_in: int, d_out: int, *, bias: bool = True) -> int:
    """Return the number of weights and biases of a linear layer, d_in d_out + d_out.

    >>> linear_parameters(784, 128)
    100480
    """
    return d_in * d_out + d_out * bias


def linear_multiply_adds(d_in: int, d_out: int) -> int:
    """Return the multiply-adds of a linear layer for one row: one for each weight.

    Two floating-point operations each; the bias, and the activation after it, are not counted.

    >>> linear_multiply_adds(784, 128)
    100352
    """
    return d_in * d_out


def conv2d_parameters(
    c_in: int,
    c_out: int,
    kernel_size: int | tuple[int, int],
    *,
    groups: int = 1,
    bias: bool = True,
) -> int:
    """Return the number of weights and biases, c_out (c_in / groups) kh kw + c_out.

    Unlike a linear layer's it does not depend on the size of the image.

    Raises ValueError if groups does not divide c_in and c_out, or a kernel size is no whole number.

    >>> conv2d_parameters(32, 64, 3)
    18496
    """
    check_groups(groups, c_in=c_in, c_out=c_out)
    kh, kw = pair("kernel_size", kernel_size, at_least=1)
    return c_out * (c_in // groups) * kh * kw + c_out * bias


def conv2d_multiply_adds(
    c_in: int,
    c_out: int,
    kernel_size: int | tuple[int, int],
    output_size: tuple[int, int],
    *,
    groups: int = 1,
) -> int:
    """Return the multiply-adds of a convolution for one image: every weight at every position.

    output_size (h, w) is that of the output. Positions in the padding are counted too.

    Raises ValueError as `conv2d_parameters` does.

    >>> conv2d_multiply_adds(32, 64, 3, (11, 11))
    2230272
    """
    weights = conv2d_parameters(c_in, c_out, kernel_size, groups=groups, bias=False)
    return weights * output_size[0] * output_size[1]


@dataclass(frozen=True)
class LayerSize:
    """One layer: its output for one example, without the batch axis, and what it costs."""

    name: str
    layer: str
    output_shape: tuple[int, ...]
    parameters: int
    multiply_adds: int
    activation_bytes: int


def layer_sizes(model: Sequential, input_shape: Sequence[int]) -> list[LayerSize]:
    """Return the size of every layer, in order, for one example of the given shape.

    input_shape has no batch axis: (c, h, w) or (d,). One example of zeros goes through the model
    with dropout off, so the shapes are observed, not computed. multiply_adds counts those of
    linear layers and convolutions, as the functions above do; all other layers count as 0.
    activation_bytes is the size of the output, which training keeps for the backward pass.

    Raises ValueError if a layer has parameters and is none of these, or if the input does not fit.

    >>> from labkit.models import digits_cnn
    >>> sizes = layer_sizes(digits_cnn(rng=np.random.default_rng(0)), (1, 28, 28))
    >>> sizes[0].output_shape, sizes[0].parameters, sizes[0].multiply_adds
    ((32, 26, 26), 320, 194688)
    >>> sum(size.parameters for size in sizes)
    93322
    """
    with model.evaluating():
        example = np.zeros((1, *input_shape), _dtype(model))
        return list(_walk(model, example))


def layer_table(model: Sequential, input_shape: Sequence[int]) -> str:
    """Return the layers of the model as lines of text: output, parameters, multiply-adds.

    >>> from labkit.models import mlp
    >>> print(layer_table(mlp((784, 128, 10), rng=np.random.default_rng(0)), (784,)))
    layer               output  parameters  multiply-adds
    0 Linear(784, 128)  128        100,480        100,352
    1 ReLU()            128              0              0
    2 Linear(128, 10)   10           1,290          1,280
    total                          101,770        101,632
    """
    sizes = layer_sizes(model, input_shape)
    rows = [["layer", "output", "parameters", "multiply-adds"]]
    for size in sizes:
        shape = "x".join(map(str, size.output_shape))
        costs = f"{size.parameters:,}", f"{size.multiply_adds:,}"
        rows.append([f"{size.name} {size.layer}", shape, *costs])
    parameters = sum(size.parameters for size in sizes)
    multiply_adds = sum(size.multiply_adds for size in sizes)
    rows.append(["total", "", f"{parameters:,}", f"{multiply_adds:,}"])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    adjust = (str.ljust, str.ljust, str.rjust, str.rjust)
    return "\n".join(
        "  ".join(f(cell, width) for f, cell, width in zip(adjust, row, widths, strict=True))
        for row in rows
    )


def training_bytes(
    model: Sequential, input_shape: Sequence[int], *, batch_size: int, optimizer_arrays: int = 2
) -> dict[str, int]:
    """Return the bytes that training holds at once, by what they are for.

    Every parameter has a gradient of its size, and the optimizer's arrays: 2 for Adam, 1 for SGD
    with momentum, 0 without. Activations are the input and every layer's output, for every
    example of a batch: an upper bound, because Flatten's output shares its input's memory.
    What one step needs in passing, such as the windows of a convolution, is not counted.

    Raises ValueError as `layer_sizes` does.

    >>> from labkit.models import mlp
    >>> training_bytes(mlp((784, 128, 10), rng=np.random.default_rng(0)), (784,), batch_size=64)
    {'parameters': 407080, 'gradients': 407080, 'optimizer': 814160, 'activations': 268800}
    """
    sizes = layer_sizes(model, input_shape)
    parameters = sum(parameter.data.nbytes for parameter in model.parameters())
    example = math.prod(input_shape) * _dtype(model).itemsize
    activations = example + sum(size.activation_bytes for size in sizes)
    return {
        "parameters": parameters,
        "gradients": parameters,
        "optimizer": parameters * optimizer_arrays,
        "activations": activations * batch_size,
    }


def _walk(model: Sequential, x: Any, prefix: str = "") -> Iterator[LayerSize]:
    for name, layer in model.children():
        out = layer(x)
        if isinstance(layer, Sequential):
            yield from _walk(layer, x, f"{prefix}{name}.")
        else:
            yield LayerSize(
                name=prefix + name,
                layer=repr(layer),
                output_shape=out.shape[1:],
                parameters=sum(parameter.size for parameter in layer.parameters()),
                multiply_adds=_multiply_adds(layer, x.shape, out.shape),
                activation_bytes=math.prod(out.shape[1:]) * out.dtype.itemsize,
            )
        x = out


def _multiply_adds(layer: Module, input_shape: Any, output_shape: Any) -> int:
    """Return how often the layer uses a weight for one example."""
    if isinstance(layer, Linear):
        return linear_multiply_adds(*layer.weight.shape) * math.prod(input_shape[1:-1])
    if isinstance(layer, Conv2d):
        return layer.weight.size * math.prod(output_shape[2:])
    if isinstance(layer, ConvTranspose2d):
        return layer.weight.size * math.prod(input_shape[2:])
    if layer.parameters():
        raise ValueError(f"the multiply-adds of {type(layer).__name__} are not known here")
    return 0


def _dtype(model: Module) -> np.dtype:
    return next((parameter.dtype for parameter in model.parameters()), np.dtype(np.float32))
