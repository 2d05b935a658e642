"""Numbers that repeat only nearly: trainings end a little differently on another processor."""

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
