"""How a training is kept, and found again where it was."""

import os
from dataclasses import asdict, dataclass
from typing import Any

import torch

from labkit.frameworks.torch_training import checkpoint, randomness
from labkit.frameworks.torch_training.measure import Meter
from labkit.frameworks.torch_training.step import Step
from labkit.training import History


@dataclass
class Place:
    """How far a training is: steps in all, finished epochs, and batches of the one under way.

    order is the state that rng had when that epoch began: it leads to the same batches again.
    """

    step: int = 0
    epoch: int = 0
    batch: int = 0
    order: str = ""


class Keeper:
    """Writes a training to one file, and reads it back; without a path it does neither.

    batches is how many an epoch has, or None.

    Raises FileExistsError if the file is there and not to be resumed; ValueError if only some of
    the processes see it.
    """

    def __init__(
        self, path: str | os.PathLike | None, step: Step, *, resume: bool, batches: int | None
    ) -> None:
        self.path, self.step, self.team, self.batches = path, step, step.team, batches
        self.saved_at = 0, 0  # the step and the epoch of the last checkpoint
        there = self.team.gathered(path is not None and os.path.exists(path))
        if len(set(there)) > 1:
            raise ValueError(f"checkpoint must be a file that every process sees; got {path!r}")
        self.found = there[0]
        if self.found and not resume:
            raise FileExistsError(
                f"checkpoint {os.fspath(path or '')!r} is there already: "
                "go on from it with resume=True, or move it away"
            )

    def save(self, place: Place, meter: Meter, history: History) -> None:
        """Write down all that the training will need to go on as if it had never stopped.

        Raises FloatingPointError if a weight is not finite; the file is then left as it was.
        """
        if self.path is None or self.saved_at == (place.step, place.epoch):
            return
        meter.settle()
        self._check_weights(place.step)
        random = self.team.gathered(randomness.capture(self.team.device))
        failure: OSError | None = None
        if self.team.rank == 0 or self.team.sharded:
            state = self._state(place, meter, history) | {"random": random}
        if self.team.rank == 0:
            try:
                checkpoint.write(self.path, state)
            except OSError as error:
                failure = error
        if self.team.largest(failure is not None):
            raise failure or OSError("process 0 could not write the checkpoint")
        self.saved_at = place.step, place.epoch

    def resume(self, place: Place, meter: Meter, history: History) -> dict[str, Any] | None:
        """Put everything back, but for the states of random numbers, which are returned.

        Raises ValueError if the file is damaged or does not fit; None if there is no file.
        """
        if self.path is None or not self.found:
            return None
        state = checkpoint.read(self.path)
        if None not in (self.batches, state["batches"]) and self.batches != state["batches"]:
            raise checkpoint.refused(
                self.path, f"its epochs have {state['batches']} batches, data has {self.batches}"
            )
        checkpoint.put_back(self.path, state, self.team.model, self.step.optimizer)
        scaler = self.step.scaler
        if scaler.is_enabled() and state["scaler"]:
            scaler.load_state_dict(state["scaler"])
        vars(place).update(state["place"])
        meter.loss, meter.right, meter.count = state["meter"]
        history.clear()
        history.update(state["history"])
        self.saved_at = place.step, place.epoch
        return self._own(state["random"])

    def _state(self, place: Place, meter: Meter, history: History) -> checkpoint.State:
        return {
            "model": checkpoint.weights_of(self.team.model),
            "optimizer": checkpoint.memory_of(self.step.optimizer),
            "scaler": self.step.scaler.state_dict(),
            "place": asdict(place),
            "meter": [meter.loss, meter.right, meter.count],
            "history": dict(history),
            "batches": self.batches,
        }

    def _own(self, random: list[dict[str, Any]]) -> dict[str, Any] | None:
        """Return this process's states; one that was not there before keeps those it has."""
        return random[self.team.rank] if self.team.rank < len(random) else None

    def _check_weights(self, step: int) -> None:
        own = [getattr(p, "to_local", lambda p=p: p)() for p in self.step.parameters]
        bad = not all(bool(torch.isfinite(weights).all()) for weights in own)
        if self.team.largest(bad):
            raise FloatingPointError(
                f"a weight is not finite after step {step}, so {os.fspath(self.path or '')!r} was "
                "not written; a smaller learning rate may help"
            )
