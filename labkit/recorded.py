"""Numbers that a page cannot make again: trainings that differ by processor, or take too long."""

import json
from pathlib import Path

import numpy as np


def recorded(value, now, *, within):
    """Return the value that was recorded, once what came now has been found near enough.

    A page that prints the result of a training prints the recorded number, so that its text stays
    true, and this check stands between the number and the reader. value and now are numbers or
    sequences of one shape; every difference must be at most ``within``.

    Raises ValueError if a difference is larger, a number is NaN, or the shapes differ.

    >>> recorded(0.964, 0.9612, within=0.01)
    0.964
    >>> recorded([0.93, 0.94], [0.931, 0.98], within=0.01)
    Traceback (most recent call last):
        ...
    ValueError: now must be within 0.01 of the recorded [0.93, 0.94]; got [0.931, 0.98]
    """
    expected, got = np.asarray(value, dtype=float), np.asarray(now, dtype=float)
    if expected.shape != got.shape or not (np.abs(got - expected) <= within).all():
        raise ValueError(
            f"now must be within {within} of the recorded {value}; got {got.round(4).tolist()}"
        )
    return value


def results(name):
    """Return the runs that ``benchmarks/<name>.py`` recorded, a list of dictionaries.

    Each run says with what code, data, seed, versions and machine it was made.

    Raises ValueError if nothing of that name was recorded.

    >>> {run["network"] for run in results("digits_full")} == {"digits_mlp", "digits_cnn"}
    True
    """
    package = Path(__file__).resolve().parent
    for folder in (package / "results", package.parent / "benchmarks" / "results"):
        if (folder / f"{name}.json").is_file():
            return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))["runs"]
    raise ValueError(f"name must be that of a recorded result; got {name!r}")
