"""The loss of a piece, and means over all examples from pieces of any size."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from labkit.frameworks.torch_training.data import Batch, Epoch
from labkit.frameworks.torch_training.distributed import Team
from labkit.frameworks.torch_training.pieces import UNITS, Piece, Unit, cut, size
from labkit.frameworks.torch_training.precision import Precision

Loss = Callable[[Any, torch.Tensor], torch.Tensor]


def evaluate(
    model: nn.Module,
    data: Epoch,
    *,
    loss: Loss,
    precision: str = "float32",
    unit: Unit = "examples",
) -> dict[str, float]:
    """Return the mean ``loss`` of all examples and, if the targets are classes, the ``accuracy``.

    As in `fit`; the batches come without rng, in the order of the data. Nothing is recorded for a
    backward pass, and dropout is off.

    Raises ValueError if there are no batches; FloatingPointError if the loss is not finite.

    >>> import numpy as np
    >>> from labkit.frameworks.torch_training import Examples
    >>> logits = np.log([[0.5, 0.5], [0.25, 0.75], [0.25, 0.75]])
    >>> data = Examples(logits, np.array([1, 1, 0]), batch_size=2)
    >>> model = nn.Linear(2, 2, bias=False).double()
    >>> with torch.no_grad():
    ...     _ = model.weight.copy_(torch.eye(2))
    >>> measured = evaluate(model, data, loss=nn.functional.cross_entropy)
    >>> {name: round(value, 4) for name, value in measured.items()}
    {'loss': 0.789, 'accuracy': 0.3333}
    """
    team = Team(model)
    return evaluate_as(team, Objective(loss, Precision(precision, team.like), unit), data)


@dataclass(frozen=True)
class Objective:
    """What is to become small, in which precision it is computed, and what it is a mean over.

    Raises ValueError if the unit is unknown.
    """

    loss: Loss
    precision: Precision
    unit: Unit

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise ValueError(f"unit must be one of {', '.join(UNITS)}; got {self.unit!r}")

    def size(self, batch: Batch) -> int:
        """Return over how many the loss of the whole batch is a mean."""
        return size(batch[-1], self.unit)

    def measure(self, call: Callable[..., Any], piece: Piece) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the piece's part of the batch's loss, and that with how many classes are right.

        The second is a row of two numbers without a graph; the number right is nan where the
        targets are no classes.
        """
        with self.precision.autocast():
            out = call(*piece.inputs)
            value = self.loss(out, piece.target) * piece.share if piece.share else _nothing(out)
        if value.ndim:
            raise ValueError(f"loss must give one number; got shape {tuple(value.shape)}")
        # One type for all processes, whatever their pieces have led to; Apple's GPUs lack float64.
        exact = torch.float32 if value.device.type == "mps" else torch.float64
        return value, torch.stack([value.detach().to(exact), _right(out, piece).to(exact)])


def evaluate_as(team: Team, objective: Objective, data: Epoch) -> dict[str, float]:
    """Do what `evaluate` does, with a team and an objective that are there already."""
    meter, own = Meter(team), range(team.rank, team.rank + 1)
    with _evaluating(team.model):
        for batch in data():
            [piece] = cut(batch, team.size, own, unit=objective.unit, like=team.like)
            meter.add(objective.measure(team.model, piece)[1], objective.size(batch))
    return meter.means()


def _nothing(out: Any) -> torch.Tensor:
    """Return a loss of 0 that all of the output takes part in, and whose gradient is 0.

    In float32: the scale of a float16 gradient may be too large for float16 itself.
    """
    parts = out if isinstance(out, tuple | list) else [out]
    tensors = [
        part for part in parts if isinstance(part, torch.Tensor) and part.is_floating_point()
    ]
    return torch.stack([tensor.float().sum() * 0 for tensor in tensors]).sum()


def _right(out: Any, piece: Piece) -> torch.Tensor:
    """Return how many rows have their largest logit at their class, or nan."""
    y = piece.target
    if not isinstance(out, torch.Tensor) or out.ndim != 2 or y.shape != out.shape[:1]:
        return torch.full((), torch.nan, device=y.device)
    if y.is_floating_point():
        return torch.full((), torch.nan, device=y.device)
    right = (out.detach().argmax(dim=1) == y).sum()
    return right if piece.share else right * 0


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    before = model.training
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        model.train(before)


class Meter:
    """Means over what all processes have seen.

    A GPU is asked for its numbers once for so many batches, since each question makes it wait.
    """

    batches_between = 10

    def __init__(self, team: Team) -> None:
        self.team = team
        self.loss, self.right, self.count = 0.0, 0.0, 0
        self._open: list[tuple[torch.Tensor, int]] = []

    def add(self, measured: torch.Tensor, count: int) -> None:
        """Take this process's part of a batch's numbers, and the size of the batch."""
        self._open.append((measured, count))
        if self.team.device.type == "cpu" or len(self._open) == self.batches_between:
            self.settle()

    def settle(self) -> None:
        """Fetch the numbers; FloatingPointError if one of the losses is not finite."""
        if not self._open:
            return
        counts = [count for _, count in self._open]
        rows = self.team.total(torch.stack([measured for measured, _ in self._open])).tolist()
        self._open = []
        for (loss, right), count in zip(rows, counts, strict=True):
            if not math.isfinite(loss):
                raise FloatingPointError(f"the loss is {loss}; a smaller learning rate may help")
            self.loss += loss * count
            self.right += right
            self.count += count

    def means(self) -> dict[str, float]:
        """Return the mean loss, and the accuracy if the targets are classes.

        Raises ValueError if nothing was measured.
        """
        self.settle()
        if not self.count:
            raise ValueError("data must have at least one batch; got none")
        return self.so_far()

    def so_far(self) -> dict[str, float]:
        """Return the means of what was fetched."""
        means = {"loss": self.loss / self.count}
        if not math.isnan(self.right):
            means["accuracy"] = self.right / self.count
        return means
