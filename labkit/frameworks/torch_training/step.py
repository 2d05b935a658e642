"""One step of an optimizer on one batch, in as many pieces as it takes."""

from collections.abc import Callable
from typing import Any

import torch

from labkit.frameworks.torch_training.data import Batch
from labkit.frameworks.torch_training.distributed import Team
from labkit.frameworks.torch_training.measure import Objective
from labkit.frameworks.torch_training.pieces import Piece, cut


class Step:
    """Forward and backward for each piece of a batch, then one step: what `fit` does to a batch.

    Raises ValueError if accumulate is no positive integer or clip is not positive.
    """

    def __init__(
        self,
        team: Team,
        objective: Objective,
        optimizer: torch.optim.Optimizer,
        *,
        accumulate: int,
        clip: float | None,
    ) -> None:
        if not isinstance(accumulate, int) or accumulate < 1:
            raise ValueError(f"accumulate must be a positive integer; got {accumulate!r}")
        if clip is not None and not clip > 0:
            raise ValueError(f"clip must be positive, or None; got {clip}")
        self.team, self.objective, self.optimizer = team, objective, optimizer
        self.accumulate, self.clip = accumulate, clip
        self.scaler = objective.precision.scaler
        self.parameters = [p for group in optimizer.param_groups for p in group["params"]]
        self.module = team.wrapped()
        self.call: Callable[..., Any] = self.module

    def backward(self, batch: Batch) -> torch.Tensor:
        """Find the gradient; return this process's part of the loss and of the number right."""
        pieces = self.pieces(batch)
        measured = [
            self._learn(piece, last=place == len(pieces)) for place, piece in enumerate(pieces, 1)
        ]
        return torch.stack(measured).sum(dim=0)

    def update(self) -> None:
        """Let the optimizer take its step, and forget the gradient."""
        self.scaler.unscale_(self.optimizer)  # first: what is clipped must be the gradient itself
        if self.clip is not None:
            torch.nn.utils.clip_grad_norm_(self.parameters, self.clip)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad()

    def pieces(self, batch: Batch) -> list[Piece]:
        """Return this process's pieces of the batch."""
        first = self.team.rank * self.accumulate
        own = range(first, first + self.accumulate)
        parts = self.team.size * self.accumulate
        return cut(batch, parts, own, unit=self.objective.unit, like=self.team.like)

    def _learn(self, piece: Piece, *, last: bool) -> torch.Tensor:
        with self.team.exchanging(self.module, last=last):
            value, measured = self.objective.measure(self.call, piece)
            # The processes' gradients are averaged, and their sum is wanted.
            self.scaler.scale(value * self.team.size).backward()
        return measured
