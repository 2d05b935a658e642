"""A batch in pieces: one for each process and each round of accumulation, weighed by its size."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch

from labkit.frameworks.torch_training.data import Batch

Unit = Literal["examples", "tokens"]
UNITS = ("examples", "tokens")
IGNORED = -100  # the target that PyTorch's cross-entropy leaves out


@dataclass(frozen=True)
class Piece:
    """Some rows of a batch on the model's device, and how much of the batch's mean they are.

    share is between 0 and 1: a piece of share 0 has nothing to teach, and is there because every
    process must take part in what all do together.
    """

    inputs: tuple[torch.Tensor, ...]
    target: torch.Tensor
    share: float


def size(target: Any, unit: Unit) -> int:
    """Return over how many the loss of these targets is a mean: rows, or targets not ignored."""
    if unit == "examples":
        return len(target)
    return int((target != IGNORED).sum())


def cut(batch: Batch, parts: int, own: range, *, unit: Unit, like: torch.Tensor) -> list[Piece]:
    """Return the pieces numbered ``own`` of a batch cut into so many parts, as even as can be.

    They go to the device of ``like``, and floating numbers take its dtype. Pieces without a row
    are left out if all parts are own; else they show the first row with share 0.

    The loss of a piece is the mean l_i over its m_i rows or tokens; so the mean over the batch is
    sum_i (m_i / m) l_i, whatever the sizes of the pieces, and so is its gradient.

    Raises ValueError if the batch is no tuple of equally long arrays, or has nothing to learn from.
    """
    total = _checked_size(batch, unit)
    rows = len(batch[-1])
    pieces = []
    for i in own:
        start, end = rows * i // parts, rows * (i + 1) // parts
        if start == end and len(own) == parts:
            continue
        part = tuple(_tensor(array[start:end] if start < end else array[:1]) for array in batch)
        share = size(part[-1], unit) / total if start < end else 0.0
        *inputs, target = (_moved(tensor, like) for tensor in part)
        pieces.append(Piece(tuple(inputs), target, share))
    return pieces


def _checked_size(batch: Batch, unit: Unit) -> int:
    lengths = [len(array) for array in batch] if isinstance(batch, tuple | list) else []
    if len(lengths) < 2 or len(set(lengths)) > 1:
        raise ValueError(
            "data must give tuples, inputs and then targets, equally many; "
            f"got {lengths or type(batch).__name__}"
        )
    total = size(batch[-1], unit)
    if not total:
        raise ValueError(f"each batch must have {unit} to learn from; got none")
    return total


def _tensor(array: Any) -> torch.Tensor:
    if isinstance(array, np.ndarray) and not array.flags.writeable:
        array = array.copy()  # PyTorch has no read-only tensors, and warns
    return torch.as_tensor(array)


def _moved(tensor: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """Return the tensor on the model's device; a GPU fetches it while it computes."""
    if tensor.is_floating_point():
        tensor = tensor.to(like.dtype)
    if like.device.type == "cuda" and tensor.device.type == "cpu":
        tensor = tensor.pin_memory()
    return tensor.to(like.device, non_blocking=True)
