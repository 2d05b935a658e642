"""`torch.compile` where it works."""

import sys

import torch

from labkit.frameworks.torch_training import randomness
from labkit.frameworks.torch_training.data import Batch
from labkit.frameworks.torch_training.step import Step


def compile_step(step: Step, batch: Batch) -> None:
    """Let the step call the compiled model, if it gets through a batch forward and backward.

    If it does not, as where no compiler is installed, one sentence says so and the step stays as
    it was. The trial leaves nothing behind: no gradient, no random number drawn, no running mean.
    """
    failure = _failure_of_a_trial(step, batch)
    if step.team.largest(failure is not None):
        if step.team.rank == 0:
            why = failure or "it failed in another process"
            print(f"The model runs without torch.compile, which failed: {why}", file=sys.stderr)
    else:
        step.call = torch.compile(step.module)


def _failure_of_a_trial(step: Step, batch: Batch) -> str | None:
    model, device = step.team.model, step.team.device
    random = randomness.capture(device)
    buffers = [buffer.clone() for buffer in model.buffers()]
    try:
        value, _ = step.objective.measure(torch.compile(model), step.pieces(batch)[0])
        value.backward()
    except Exception as error:  # a compiler may fail in any way; a fault of the model comes again
        return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"
    finally:
        step.optimizer.zero_grad()
        randomness.restore(random, device)
        with torch.no_grad():
            for buffer, before in zip(model.buffers(), buffers, strict=True):
                buffer.copy_(before)
    return None
