"""Hidden checks: inputs that only the grader sees, and the reference that answers them.

A lab's hidden inputs stand in ``labs/hidden/<lab>.py``, which is never handed out: ``HIDDEN`` gives
for each function that is asked for one or more `Draw`. The expected results come from the solution
in the instructor's notebook, run in the instructor's process.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from labkit.exercises.compare import Wrong, same, same_array
from labkit.exercises.exercise import Check

Inputs = tuple[tuple, dict[str, Any]]


@dataclass(frozen=True)
class Draw:
    """Hidden inputs of one kind: ``says`` names the kind, ``inputs(rng)`` draws one call.

    ``inputs`` returns the positional and the keyword arguments. ``times`` calls are tried.
    ``tolerance`` is relative to the largest expected number; without it, rounding is allowed for.

    Raises ValueError if ``times`` is not positive.

    >>> squares = Draw("whole numbers", lambda rng: ((int(rng.integers(2, 9)),), {}), times=3)
    >>> check = squares.check(lambda n: n * n)
    >>> check.run(lambda n: n**2, np.random.default_rng(0))
    """

    says: str
    inputs: Callable[[np.random.Generator], Inputs]
    times: int = 3
    tolerance: float | None = None

    def __post_init__(self) -> None:
        if self.times < 1:
            raise ValueError(f"times must be at least 1; got {self.times}")

    def check(self, reference: Callable) -> Check:
        """Return the check that an answer gives what the reference gives, ValueErrors included."""

        def run(answer: Any, rng: np.random.Generator) -> None:
            for _ in range(self.times):
                args, config = self.inputs(rng)
                try:
                    expected = reference(*args, **config)
                except ValueError:
                    must_refuse(answer, args, config)
                else:
                    self._compare(answer(*args, **config), expected)

        return Check(self.says, run, "Try your function on more inputs than the visible ones.")

    def _compare(self, came: Any, expected: Any) -> None:
        if self.tolerance is not None and isinstance(expected, np.ndarray):
            same_array(came, expected, self.tolerance)
        else:
            same(came, expected)


def must_refuse(answer: Any, args: tuple, config: dict[str, Any]) -> None:
    """Raise `Wrong` unless the call raises ValueError, as the reference does.

    >>> must_refuse(lambda n: n, (3,), {})
    Traceback (most recent call last):
        ...
    labkit.exercises.compare.Wrong: This call must not give a result.
    """
    try:
        came = answer(*args, **config)
    except ValueError:
        return
    except Wrong as wrong:
        if isinstance(wrong.error, ValueError):
            return
        raise
    raise Wrong("This call must not give a result.", came, "a ValueError")
