"""One call to try, and how its arguments are made."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Case:
    """One call to try.

    ``arguments`` makes the positional arguments, in float64 or whole numbers, from a random
    generator. ``constants`` are the positions of arguments that have no gradient by design.
    ``smooth`` is False where the function has a kink, so that no difference tells its gradient.

    >>> case = Case("a pair", normal((2,), (2,)), dict(axis=0))
    >>> len(case.arguments(np.random.default_rng(0)))
    2
    """

    about: str
    arguments: Callable[[np.random.Generator], tuple]
    config: dict = field(default_factory=dict)
    constants: tuple[int, ...] = ()
    smooth: bool = True


def normal(*shapes):
    """Arguments of these shapes, from the standard normal distribution."""
    return lambda rng: tuple(rng.normal(size=shape) for shape in shapes)


def positive(*shapes):
    """Arguments of these shapes, between 1/2 and 2."""
    return lambda rng: tuple(rng.uniform(0.5, 2, size=shape) for shape in shapes)


def given(*arguments):
    """The same arguments each time."""
    return lambda rng: tuple(np.array(a) for a in arguments)
