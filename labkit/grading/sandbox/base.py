"""What a backend is."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from labkit.grading.limits import Limits
from labkit.grading.sandbox.contents import Contents

HOME = "/grader"  # of the worker
NOBODY = "65534"
ENVIRONMENT = {
    "HOME": "/tmp",
    "LANG": "C.UTF-8",
    "KERAS_BACKEND": "torch",
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
}


class Missing(ValueError):
    """No backend works on this machine, or not the one that was asked for."""


@dataclass(frozen=True)
class Verdict:
    """Whether a backend works here; ``reason`` says why not and what helps, or what was found."""

    works: bool
    reason: str


class Backend(Protocol):
    """A way to start the worker."""

    name: str
    #: Whether the processes inside can be seen from outside, and stopped one by one.
    visible: bool

    def verdict(self) -> Verdict:
        """Try it, and say whether it works."""
        ...

    def command(self, contents: Contents, limits: Limits) -> AbstractContextManager[list[str]]:
        """Give the command line of the worker; what it needs on disk lasts as long as the block."""
        ...


def prlimit(limits: Limits) -> list[str]:
    """Return the start of a command line that limits each process of what comes after it.

    >>> prlimit(Limits(descriptors=99))[-1]
    '--nofile=99'
    """
    return [
        *("prlimit", f"--as={limits.memory}", f"--cpu={round(limits.total)}", "--core=0"),
        *(f"--fsize={limits.files}", f"--nofile={limits.descriptors}"),
    ]
