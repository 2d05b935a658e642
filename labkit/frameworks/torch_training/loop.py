"""The loop itself: `fit`."""

import os
from collections.abc import Callable, Sized
from typing import Literal

import numpy as np
import torch
from torch import nn

from labkit.frameworks.torch_training import randomness
from labkit.frameworks.torch_training.data import Epoch
from labkit.frameworks.torch_training.distributed import Team
from labkit.frameworks.torch_training.interruption import Interruption
from labkit.frameworks.torch_training.keeper import Keeper
from labkit.frameworks.torch_training.measure import Loss, Objective
from labkit.frameworks.torch_training.pieces import Unit
from labkit.frameworks.torch_training.precision import Precision
from labkit.frameworks.torch_training.run import Plan, Run
from labkit.frameworks.torch_training.step import Step
from labkit.training import History


def fit(
    model: nn.Module,
    data: Epoch,
    *,
    loss: Loss,
    optimizer: torch.optim.Optimizer,
    rng: np.random.Generator,
    epochs: int | None = None,
    steps: int | None = None,
    schedule: Callable[[int], float] | None = None,
    precision: Literal["float32", "bfloat16", "float16"] = "float32",
    accumulate: int = 1,
    clip: float | None = None,
    compiled: bool = False,
    unit: Unit = "examples",
    validation: Epoch | None = None,
    checkpoint: str | os.PathLike | None = None,
    save_every: int | None = None,
    resume: bool = False,
    history: History | None = None,
    progress: bool | Literal["table", "always"] = True,
) -> History:
    """Train the model: for every batch forward, loss, backward, step. Return the history.

    ``data(rng=rng)`` gives the batches of one epoch, such as `Examples` and `Windows` do: tuples of
    what the model is called with, and last the targets. ``loss(out, targets)`` is the mean over
    what ``unit`` counts: "examples" (rows), or "tokens" (targets other than -100). Training ends
    after so many epochs or so many steps in all, whichever comes first.

    **A batch is one step of the optimizer.** ``accumulate`` computes it in so many pieces, one
    after the other, in that much less memory, and `processes` side by side; each piece counts by
    its size, so that neither changes anything but the last bits. (A layer that looks at all rows,
    as BatchNorm does, sees those of its piece.) Every process must be given the same data, rng and
    weights: each cuts its part out of the same batches.

    - ``schedule(t)`` is the learning rate of step t, from 0: one of `labkit.schedules`.
    - ``precision``: see `Precision`.
    - ``clip``: gradients longer than this, all together, are shortened to it.
    - ``compiled``: let `torch.compile` make the model faster. It is tried on the first batch; where
      it fails, as without a compiler, a sentence on stderr says so and training goes on without.
    - ``validation``: measured after each epoch, its batches in the order of the data.
    - ``checkpoint``: a file that holds the training: weights, the optimizer's memory, the place in
      the order of the data, the states of all random numbers. It is written after each epoch, or
      every ``save_every`` steps, and at the end. With ``resume=True`` a training whose file is
      there goes on from it, to the very bits that it would have reached without the stop (with as
      many processes, on the same kind of machine); without, such a file is an error.
    - ``progress``: a bar on stderr if that is a terminal, with "always" lines in a log too;
      "table" prints the lines of ``history.table()`` as the epochs end.

    The history has for each epoch the means of ``loss`` and, if the targets are classes (n,), of
    ``accuracy``, while the weights move, then ``validation_loss`` and so on. A history that is
    given is continued.

    **Ctrl-C** and SIGTERM let the step finish, write the checkpoint and then end the training in
    all processes: KeyboardInterrupt is raised after Ctrl-C, SystemExit(143) after SIGTERM; pass a
    history to keep its finished epochs. A second Ctrl-C stops at once. However training ends, the
    model is left in evaluation mode, without gradients.

    Raises ValueError for arguments that cannot be, or a checkpoint that is damaged or does not fit;
    FileExistsError if there is a checkpoint and resume is False; FloatingPointError when the loss
    is not finite (on a GPU up to ten steps later), before anything is written.

    >>> from labkit.frameworks import torch_models
    >>> from labkit.frameworks.torch_training import Examples
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(200, 2))
    >>> y = (x[:, 0] > x[:, 1]).astype(int)
    >>> model = torch_models.mlp((2, 2), rng=rng)
    >>> adam = torch.optim.Adam(model.parameters(), lr=0.1)
    >>> fitting = {"loss": nn.functional.cross_entropy, "optimizer": adam, "rng": rng}
    >>> history = fit(model, Examples(x, y, batch_size=20), epochs=5, **fitting)
    >>> history["loss"][-1] < 0.3 * history["loss"][0], history["accuracy"][-1] > 0.97
    (True, True)
    """
    ends = _ends(steps, epochs)
    _check("save_every", save_every)
    team = Team(model)
    _check_generators(team, rng)
    objective = Objective(loss, Precision(precision, team.like), unit)
    step = Step(team, objective, optimizer, accumulate=accumulate, clip=clip)
    length = len(data) if isinstance(data, Sized) else None
    keeper = Keeper(checkpoint, step, resume=resume, batches=length)
    plan = Plan(data, rng, *ends, schedule, validation, save_every, compiled)
    run = Run(step, keeper, plan, History() if history is None else history, progress)
    with Interruption(aloud=team.rank == 0) as interruption, run.ending_well():
        return run.go(interruption)


def _ends(steps: int | None, epochs: int | None) -> tuple[float, float]:
    """Return the two limits; what is not given never comes."""
    if steps is None and epochs is None:
        raise ValueError("epochs or steps must say when training ends; got neither")
    _check("steps", steps, least=0)
    _check("epochs", epochs, least=0)
    return (np.inf if steps is None else steps), (np.inf if epochs is None else epochs)


def _check(name: str, number: int | None, least: int = 1) -> None:
    whole = isinstance(number, int | np.integer) and not isinstance(number, bool)
    if number is not None and (not whole or number < least):
        raise ValueError(f"{name} must be an integer from {least} up; got {number!r}")


def _check_generators(team: Team, rng: np.random.Generator) -> None:
    """One order of the data for all processes, but other dropout in each."""
    states = team.gathered(randomness.written(rng))
    if len(set(states)) > 1:
        raise ValueError("rng must be the same in every process; got generators that differ")
    if team.rank:
        torch.manual_seed(torch.initial_seed() + team.rank)
