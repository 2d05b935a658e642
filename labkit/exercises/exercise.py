"""What an exercise is: data, and small functions that look at an answer.

A check sees the learner's function only through calls: data goes in, data comes back. So the same
check can watch a function in this process or in another one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from labkit.exercises.compare import Wrong, same


@dataclass(frozen=True)
class Check:
    """One thing that must hold: ``run(answer, rng)`` raises `Wrong` where it does not.

    ``says`` names what is checked in a few words; ``hint`` helps where it does not hold.
    """

    says: str
    run: Callable[[Any, np.random.Generator], None]
    hint: str


@dataclass(frozen=True)
class Exercise:
    """What is asked, how it is checked, and where to read about it.

    ``name`` is the function or the variable that the learner writes, unique in the whole course.
    ``form`` is how the checks call a function, empty where the answer is a value.
    ``section`` is a heading of the chapter ``topic``, ``equation`` a label there, ``see`` a name
    in labkit whose docstring helps. ``graded`` says that it stands in a lab, where more is checked
    after the hand-in.

    Raises ValueError if there are no checks, or if two checks say the same.
    """

    name: str
    topic: str
    asks: str
    checks: tuple[Check, ...]
    form: str = ""
    section: str = ""
    equation: str = ""
    see: str = ""
    points: int = 1
    graded: bool = False

    def __post_init__(self) -> None:
        says = [check.says for check in self.checks]
        if not says or len(set(says)) < len(says):
            raise ValueError(
                f"checks of {self.name} must be there and say different things: {says}"
            )
        if self.form and not self.form.startswith(f"{self.name}("):
            raise ValueError(f"form of {self.name} must start with {self.name}(; got {self.form}")


def case(
    says: str,
    *args: Any,
    expected: Any,
    hint: str,
    mistakes: tuple[tuple[Any, str], ...] = (),
    **config: Any,
) -> Check:
    """Return the check that one call of the function gives ``expected``.

    ``mistakes`` pairs results that a known slip gives with the hint for that slip.

    >>> double = case("twice two", 2, expected=4, hint="Add it to itself.")
    >>> double.run(lambda x: 2 * x, np.random.default_rng(0))
    """

    def run(answer: Callable, rng: np.random.Generator) -> None:
        same(answer(*args, **config), expected, mistakes)

    return Check(says, run, hint)


def value(
    says: str, expected: Any, *, hint: str, mistakes: tuple[tuple[Any, str], ...] = ()
) -> Check:
    """Return the check that the answer itself equals ``expected``, which is never shown.

    >>> value("half of five", 2.5, hint="Divide.").run(2.5, np.random.default_rng(0))
    """

    def run(answer: Any, rng: np.random.Generator) -> None:
        try:
            same(answer, expected, mistakes)
        except Wrong as wrong:
            wrong.expected = ""  # it would be the solution
            raise

    return Check(says, run, hint)


def refuses(says: str, *args: Any, because: str, hint: str, **config: Any) -> Check:
    """Return the check that one call raises ValueError, ``because`` of what it was given."""

    def run(answer: Callable, rng: np.random.Generator) -> None:
        try:
            came = answer(*args, **config)
        except Wrong as wrong:
            if isinstance(wrong.error, ValueError):
                return
            raise
        raise Wrong("This call must not give a result.", came, f"a ValueError, because {because}")

    return Check(says, run, hint)
