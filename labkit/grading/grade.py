"""Grade one submission: bytes in, JSON out, and the verdict is formed here, not where it runs.

The same function serves one process, a pool of them, and machines far away.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import io
import json
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from labkit.exercises import MISSING, examine
from labkit.exercises.exercise import Exercise
from labkit.exercises.report import Outcome, Report
from labkit.grading.lab import Lab, Sources, Task, load
from labkit.grading.limits import Limits
from labkit.grading.remote import Namespace
from labkit.grading.sandbox import BACKENDS, contents_for
from labkit.grading.session import Session, Stopped
from labkit.grading.submission import read
from labkit.grading.testcells import run_tests

FORMAT = 1
LONGEST = 600  # characters of one text of a student's in a result
SHARE = 0.5  # of the points of a function that its hidden checks decide


@dataclass(frozen=True)
class Job:
    """Everything that the grading of one notebook depends on.

    ``seed`` chooses the hidden inputs; `seed_for` makes one for each student.
    """

    student: str
    notebook: bytes
    lab: Sources
    seed: int
    backend: str
    limits: Limits = field(default_factory=Limits)

    def pack(self) -> bytes:
        """Return the job as bytes, for a machine that has the same labkit."""
        fields = asdict(self) | {"notebook": base64.b64encode(self.notebook).decode()}
        return json.dumps(fields).encode()

    @staticmethod
    def unpack(data: bytes) -> Job:
        """Return the job that was packed."""
        fields = json.loads(data)
        fields["notebook"] = base64.b64decode(fields["notebook"])
        fields["lab"] = Sources(**fields["lab"])
        fields["limits"] = Limits(**fields["limits"])
        return Job(**fields)

    def key(self) -> str:
        """Return a name for all that the result depends on."""
        lab = self.lab.fingerprint()
        seen = hashlib.sha256(f"{FORMAT} {self.student} {lab} {self.seed} {self.limits}".encode())
        seen.update(self.notebook)
        return seen.hexdigest()


def seed_for(secret: bytes, student: str) -> int:
    """Return the seed of a student's hidden inputs; nobody can tell it without the secret.

    >>> seed_for(b"class of 26", "ada") == seed_for(b"class of 26", "grace")
    False
    """
    return int.from_bytes(hmac.digest(secret, student.encode(), "sha256")[:8], "big")


def grade(packed: bytes) -> bytes:
    """Grade a packed `Job` and return the result as JSON.

    Raises LabError if the lab is broken, and Missing if its backend does not work here: these are
    the instructor's to mend. Whatever the student's notebook does is part of the result.
    """
    job = Job.unpack(packed)
    begun = time.monotonic()
    lab, submission = load(job.lab), read(job.notebook)
    session = Session(
        BACKENDS[job.backend], contents_for(lab.packages), job.limits, modules=lab.packages
    )
    with session, _no_output():
        space = Namespace(session, submission.cells)
        tasks = [_graded(task, lab, space, job) for task in lab.tasks]
    result = {
        "format": FORMAT,
        "key": job.key(),
        "student": job.student,
        "lab": lab.name,
        "points": round(sum(task["points"] for task in tasks), 2),
        "of": round(lab.points, 2),
        "messages": list(submission.messages),
        "cells": {str(n): _short(said) for n, said in sorted(space.problems.items())},
        "tasks": tasks,
        "seconds": round(time.monotonic() - begun, 2),
    }
    return json.dumps(result, ensure_ascii=False).encode()


def _graded(task: Task, lab: Lab, space: Namespace, job: Job) -> dict[str, Any]:
    """The result of one task; it costs the others nothing."""
    if task.exercise:
        parts = _examined(task, task.exercise, space, job)
    elif task.tests:
        parts = [_tested(task, lab, space, job)]
    else:
        parts = [_part("graded by hand", "manual", hidden=False)]
    return {
        "name": task.name,
        "points": round(task.points * _share(parts), 2),
        "of": task.points,
        "parts": parts,
    }


def _share(parts: list[dict[str, Any]]) -> float:
    """The part of the points: visible and hidden checks count half each, where there are both."""
    shares = []
    for hidden in (False, True):
        states = [part["state"] for part in parts if part["hidden"] is hidden]
        if states:
            shares.append(states.count("holds") / len(states))
    if len(shares) == 1:
        return shares[0]
    return (1 - SHARE) * shares[0] + SHARE * shares[1]


def _examined(task: Task, exercise: Exercise, space: Namespace, job: Job) -> list[dict[str, Any]]:
    """The outcomes of an exercise's visible checks, then of its hidden ones."""
    versions = [(exercise, False, 0)]
    if task.hidden:
        versions.append((replace(exercise, checks=task.hidden), True, job.seed))
    parts: list[dict[str, Any]] = []
    for version, hidden, seed in versions:
        try:
            with _alarm(job.limits.total):
                answer = space.answer(exercise.name, MISSING)
                parts += _parts(examine(version, answer, seed=seed), hidden=hidden)
        except (Stopped, _Late) as error:
            why = str(error)
            parts += [_part(c.says, "wrong", hidden=hidden, problem=why) for c in version.checks]
    return parts


def _tested(task: Task, lab: Lab, space: Namespace, job: Job) -> dict[str, Any]:
    """The outcome of a cell of tests: it holds or not, as nbgrader has it."""
    try:
        with _alarm(job.limits.total):
            run_tests(task.tests, lab.space, space)
    except (Exception, SystemExit) as error:
        words = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        return _part(task.name, "wrong", hidden=True, problem=words)
    return _part(task.name, "holds", hidden=True)


def _parts(report: Report, *, hidden: bool) -> list[dict[str, Any]]:
    return [_of_outcome(outcome, report, hidden) for outcome in report.outcomes]


def _of_outcome(outcome: Outcome, report: Report, hidden: bool) -> dict[str, Any]:
    wrong = outcome.wrong or report.unfit
    if wrong is None:
        return _part(outcome.check.says, outcome.state, hidden=hidden)
    return _part(
        outcome.check.says,
        "wrong" if report.unfit else outcome.state,
        hidden=hidden,
        tried=outcome.tried,
        problem=wrong.problem,
        came=wrong.came or "",
        expected=wrong.expected,
        hint=wrong.hint or outcome.check.hint,
    )


def _part(says: str, state: str, *, hidden: bool, **words: str) -> dict[str, Any]:
    return {"says": says, "hidden": hidden, "state": state} | {
        key: _short(text) for key, text in words.items() if text
    }


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


class _Late(Exception):
    """A check takes too long on this side."""


@contextlib.contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """Raise `_Late` in the block after that time, where the system can."""
    if (
        not hasattr(signal, "setitimer")
        or threading.current_thread() is not threading.main_thread()
    ):
        yield
        return

    def ring(*_: object) -> None:
        raise _Late(f"its checks took more than {seconds:g} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def _no_output() -> Iterator[None]:
    with contextlib.redirect_stdout(io.StringIO()):
        yield
