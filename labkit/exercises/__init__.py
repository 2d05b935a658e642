"""Exercises of the chapters and the labs, and `check`, which says at once how an answer stands."""

import difflib
import importlib
import sys
import zlib
from dataclasses import replace
from typing import Any

import numpy as np

from labkit.exercises.answer import Answer
from labkit.exercises.compare import Unwritten, Wrong, kind, show
from labkit.exercises.exercise import Check, Exercise
from labkit.exercises.picture import Picture
from labkit.exercises.report import Outcome, Report
from labkit.exercises.strict import strict_numbers

__all__ = ["MISSING", "TOPICS", "Picture", "check", "examine", "exercises"]

#: The topics that have exercises; each is a module here.
TOPICS = (
    "backpropagation",
    "losses",
    "optimizers",
    "initialization",
    "regularization",
    "convolution",
    "digits",
    "recurrent",
    "attention",
    "transformers",
    "languagemodels",
)

#: What stands for an answer that is not there.
MISSING = object()


def check(name: str, answer: Any = MISSING) -> Report:
    """Look at an answer and report what holds, what does not, and one hint.

    ``answer`` is a function or a value; without it, the caller's variable ``name`` is taken.
    The report shows itself at the end of a notebook cell. Passing means that the visible samples
    found no mistake, not that there is none.

    Raises ValueError if there is no exercise of that name.

    >>> check("size_by_hand", 1000).state
    'wrong'
    """
    known = exercises()
    if name not in known:
        near = difflib.get_close_matches(str(name), known, n=1)
        perhaps = f"; did you mean {near[0]!r}?" if near else f"; there are {sorted(known)}"
        raise ValueError(f"name must be that of an exercise; got {name!r}{perhaps}")
    if answer is MISSING:
        caller = sys._getframe(1)
        answer = caller.f_locals.get(name, caller.f_globals.get(name, MISSING))
    return examine(known[name], answer)


def exercises() -> dict[str, Exercise]:
    """Return every exercise of the course by its name, in the order of the topics.

    Raises ValueError if two have the same name.
    """
    known: dict[str, Exercise] = {}
    for topic in TOPICS:
        for exercise in importlib.import_module(f"labkit.exercises.{topic}").EXERCISES:
            if exercise.name in known:
                raise ValueError(f"names of exercises must differ; {exercise.name} is there twice")
            known[exercise.name] = exercise
    return known


def examine(exercise: Exercise, answer: Any, *, seed: int = 0) -> Report:
    """Run every check of an exercise on an answer; a check that fails does not stop the others.

    Another ``seed`` gives the checks other random inputs.
    """
    problem = _unfit(exercise, answer)
    if problem or answer is ...:
        return Report(exercise, _all_open(exercise), problem)
    outcomes = []
    for number, one in enumerate(exercise.checks):
        rng = np.random.default_rng([seed, zlib.crc32(exercise.name.encode()), number])
        outcomes.append(_outcome(exercise, one, answer, rng))
        if outcomes[0].state == "open":
            return Report(exercise, _all_open(exercise))
    return Report(exercise, tuple(outcomes))


def _all_open(exercise: Exercise) -> tuple[Outcome, ...]:
    return tuple(Outcome(exercise.name, one, "open") for one in exercise.checks)


def _unfit(exercise: Exercise, answer: Any) -> Wrong | None:
    """What is wrong with the answer before anything is tried."""
    name = exercise.name
    if answer is ...:
        return None
    if answer is MISSING:
        return Wrong(
            f"There is no {name} here yet.",
            hint=f"Run the cell that defines {name}, and see that it is spelt so.",
        )
    if exercise.form and (not callable(answer) or isinstance(answer, type)):
        return Wrong(
            f"{name} is {kind(answer)}, and a function is expected.",
            show(answer),
            exercise.form,
            hint=f"Was {name} used for another thing further down? Run its cell again.",
        )
    if not exercise.form and callable(answer):
        return Wrong(f"{name} is {kind(answer)}, and a value is expected.", show(answer))
    return None


def _outcome(exercise: Exercise, one: Check, answer: Any, rng: np.random.Generator) -> Outcome:
    watched = Answer(exercise.name, answer) if exercise.form else None
    state, wrong = "holds", None
    try:
        with strict_numbers():
            one.run(watched or answer, rng)
    except Unwritten:
        state, wrong = "open", Wrong("This case is not written yet.")
    except Wrong as found:
        state, wrong = "wrong", found
    except Exception:
        came = watched.result if watched else answer
        state, wrong = "wrong", Wrong("This cannot be compared with what is expected.", came)
    outcome = Outcome(exercise.name, one, state, wrong)
    if watched is None:
        return outcome
    return replace(outcome, tried=watched.tried, printed=watched.printed, inputs=watched.inputs)
