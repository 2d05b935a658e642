"""What stands in the place of labkit.exercises in the sandbox: the checks wait outside."""

from labkit.exercises.picture import Picture

__all__ = ["Picture", "check"]


class Later:
    """The answer of every check: nothing is known in here."""

    state = "open"
    passed = 0
    inputs: tuple[tuple, dict] = ((), {})


def check(name, answer=None):
    """Say that an exercise is looked at later."""
    return Later()
