"""A training under way, one epoch after the other."""

import contextlib
import itertools
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from labkit.frameworks.torch_training import randomness
from labkit.frameworks.torch_training.compiling import compile_step
from labkit.frameworks.torch_training.data import Batch, Epoch
from labkit.frameworks.torch_training.interruption import Interruption
from labkit.frameworks.torch_training.keeper import Keeper, Place
from labkit.frameworks.torch_training.measure import Meter, evaluate_as
from labkit.frameworks.torch_training.step import Step
from labkit.progress import ProgressBar, brief
from labkit.training import History


@dataclass(frozen=True)
class Plan:
    """What a training goes through, and when it ends: limits that never come are infinite."""

    data: Epoch
    rng: np.random.Generator
    steps: float
    epochs: float
    schedule: Callable[[int], float] | None = None
    validation: Epoch | None = None
    save_every: int | None = None
    compiled: bool = False


class Run:
    """What `fit` does: steps until there are as many as wanted, or as many epochs."""

    def __init__(
        self,
        step: Step,
        keeper: Keeper,
        plan: Plan,
        history: History,
        progress: bool | Literal["table", "always"] = True,
    ) -> None:
        self.step, self.team, self.keeper, self.plan = step, step.team, keeper, plan
        self.history = history
        first = self.team.rank == 0  # the others learn in silence
        self.table = first and progress == "table"
        self.bar = ProgressBar(sys.stderr, shown=first and progress != "table" and progress)
        self.untried = plan.compiled  # whether torch.compile is still to be tried
        self.place, self.meter = Place(order=randomness.written(plan.rng)), Meter(self.team)
        self.random = keeper.resume(self.place, self.meter, history)
        if keeper.found:
            randomness.put_back(plan.rng, self.place.order)

    def go(self, interruption: Interruption) -> History:
        """Train to the end, or until a signal asks for it; return the history."""
        self.step.optimizer.zero_grad()  # what is left from before does not count
        while self.place.step < self.plan.steps and self.place.epoch < self.plan.epochs:
            self._epoch(interruption)
        self._save()
        if self.place.batch:  # the last epoch is cut short: it counts, and could still go on
            self._report()
        self._obey(interruption)
        return self.history

    @contextlib.contextmanager
    def ending_well(self) -> Iterator[None]:
        """However the training in the block ends, leave the model ready for use."""
        try:
            yield
        except (KeyboardInterrupt, FloatingPointError) as error:
            if not hasattr(error, "__notes__"):
                error.add_note(f"Training ended in {self.bar.label}; {self._kept()}.")
            raise
        finally:
            self.bar.end_line()
            self.step.optimizer.zero_grad()
            self.team.model.eval()

    def _epoch(self, interruption: Interruption) -> None:
        batches = self._rest_of_epoch()
        self.team.model.train()
        self._describe_epoch()
        start, before = time.monotonic(), self.meter.count
        for batch in self.bar.over(batches, done=self.place.batch):
            self._learn(batch)
            if self.bar.shown and self.meter.count:
                rate = (self.meter.count - before) / max(time.monotonic() - start, 1e-9)
                self.bar.note = (
                    f"{brief(self.meter.so_far())}, {rate:,.0f} {self.step.objective.unit}/s"
                )
            self._obey(interruption)
        if self.place.step == self.plan.steps:
            return
        self._report()
        self.place.epoch, self.place.batch = self.place.epoch + 1, 0
        self.place.order, self.meter = randomness.written(self.plan.rng), Meter(self.team)
        if self.plan.save_every is None:
            self._save()

    def _rest_of_epoch(self) -> Iterator[Batch]:
        """Return the batches that are still to come in this epoch, and are still wanted."""
        batches = iter(self.plan.data(rng=self.plan.rng))
        for passed in range(self.place.batch):
            if next(batches, None) is None:
                raise ValueError(
                    f"data gave {passed} batches, fewer than the {self.place.batch} before"
                )
        if self.random is not None:  # now, since the batches passed over may have drawn numbers
            randomness.restore(self.random, self.team.device)
            self.random = None
        left = self.plan.steps - self.place.step
        return batches if left == np.inf else itertools.islice(batches, int(left))

    def _learn(self, batch: Batch) -> None:
        if self.untried:
            compile_step(self.step, batch)
            self.untried = False
        if self.plan.schedule is not None:
            for group in self.step.optimizer.param_groups:
                group["lr"] = self.plan.schedule(self.place.step)
        self.meter.add(self.step.backward(batch), self.step.objective.size(batch))
        self.step.update()
        self.place.step += 1
        self.place.batch += 1
        if self.plan.save_every is not None and self.place.step % self.plan.save_every == 0:
            self._save()

    def _report(self) -> None:
        """Add the epoch's means to the history, and those of the validation examples."""
        measured = self.meter.means()
        if self.plan.validation is not None:
            held_out = evaluate_as(self.team, self.step.objective, self.plan.validation)
            measured |= {f"validation_{name}": value for name, value in held_out.items()}
        self.history.append(measured)
        self.bar.end_line(brief(measured))
        if self.table:
            heading = [self.history.heading()] if self.history.epochs == 1 else []
            print(*heading, self.history.row(-1), sep="\n", flush=True)

    def _obey(self, interruption: Interruption) -> None:
        """If a process was asked to stop, write everything down and stop in all."""
        if number := self.team.largest(interruption.asked):
            self._save()
            interruption.carry_out(number, f"Training stopped; {self._kept()}.")

    def _save(self) -> None:
        self.keeper.save(self.place, self.meter, self.history)

    def _kept(self) -> str:
        if self.keeper.path is None:
            return f"the model is as {self.place.step} steps have left it"
        step, _ = self.keeper.saved_at
        path = os.fspath(self.keeper.path)
        if not step:
            return f"{path!r} was not written yet"
        return f"{path!r} is of step {step}, and resume=True goes on from there"

    def _describe_epoch(self) -> None:
        of = f"/{self.plan.epochs}" if self.plan.epochs < float("inf") else ""
        self.bar.label = f"epoch {self.place.epoch + 1}{of}"
        left = self.place.batch + self.plan.steps - self.place.step
        self.bar.total = int(min(self.keeper.batches or 0, left))
