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
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from labkit.exercises import MISSING, examine
from labkit.exercises.exercise import Exercise
from labkit.exercises.report import Outcome, Report
from labkit.grading.lab import Lab, LabError, Sources, Task, load
from labkit.grading.limits import Limits
from labkit.grading.remote import Namespace
from labkit.grading.sandbox import BACKENDS, Missing, contents_for
from labkit.grading.session import Broken, Session, Stopped
from labkit.grading.submission import Submission, read
from labkit.grading.testcells import run_tests

FORMAT = 1
LONGEST = 600  # characters of one text of a student's in a result
MOST_MESSAGES = 50
SHARE = 0.5  # of the points of a function that its hidden checks decide
ROOM = 2**30  # bytes of addresses that the grading itself may add


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
        seen = hashlib.sha256(self.notebook)
        seen.update(repr((FORMAT, self.student, lab, self.seed, self.limits)).encode())
        return seen.hexdigest()


def seed_for(secret: bytes, student: str) -> int:
    """Return the seed of a student's hidden inputs; nobody can tell it without the secret.

    >>> seed_for(b"class of 26", "ada") == seed_for(b"class of 26", "grace")
    False
    """
    name = student.encode(errors="surrogateescape")  # of a file, which may be no UTF-8
    return int.from_bytes(hmac.digest(secret, name, "sha256")[:8], "big")


def grade(packed: bytes) -> bytes:
    """Grade a packed `Job` and return the result as JSON.

    The functions meet the visible checks first. For the hidden ones they run again, in a sandbox
    that has seen nothing: what is said about visible checks and cells cannot tell of hidden inputs.

    The clock and the limit of memory are those of a main thread. In any other thread the grading
    has a process of its own.

    Raises LabError if the lab is broken, and Missing if its backend does not work here: these are
    the instructor's to mend. Whatever the student's notebook does is part of the result.
    """
    if threading.current_thread() is not threading.main_thread():
        return _elsewhere(packed)
    job = Job.unpack(packed)
    begun = time.monotonic()
    lab = load(job.lab)
    with _room():
        submission = read(job.notebook)
        messages = [*submission.messages, *_of_another_lab(lab, submission)]
        session = Session(
            BACKENDS[job.backend], contents_for(lab.packages), job.limits, modules=lab.packages
        )
        space = Namespace(session, submission.cells)
        try:
            with session, _no_output():
                visible = [_visible(task, space, job) for task in lab.tasks]
                problems = dict(space.problems)
                session.close()
                hidden = [_hidden(task, lab, space, job) for task in lab.tasks]
        except Broken as error:
            raise Missing(str(error)) from None
    tasks = [
        _result(task, seen + unseen)
        for task, seen, unseen in zip(lab.tasks, visible, hidden, strict=True)
    ]
    result = {
        "format": FORMAT,
        "key": job.key(),
        "student": job.student,
        "lab": lab.name,
        "points": round(sum(task["points"] for task in tasks), 2),
        "of": round(lab.points, 2),
        "messages": [_short(said) for said in messages[:MOST_MESSAGES]],
        "cells": {str(n): _short(said) for n, said in sorted(problems.items())},
        "tasks": tasks,
        "seconds": round(time.monotonic() - begun, 2),
    }
    return json.dumps(result).encode()


def _of_another_lab(lab: Lab, submission: Submission) -> list[str]:
    """A message if the cells name none of the exercises, which even the bare copy does."""
    text = "\n".join(cell.source for cell in submission.cells)
    names = [task.name for task in lab.tasks if task.exercise]
    if not text or not names or any(name in text for name in names):
        return []
    return [f"No exercise of the lab {lab.name} is in this notebook; is it another lab's?"]


def _visible(task: Task, space: Namespace, job: Job) -> list[dict[str, Any]]:
    """The outcomes that the student may see; one task costs the others nothing."""
    if task.exercise:
        return _examined(task.exercise, space, job, hidden=False)
    return [] if task.tests else [_part("graded by hand", "manual", hidden=False)]


def _hidden(task: Task, lab: Lab, space: Namespace, job: Job) -> list[dict[str, Any]]:
    """The outcomes that the student may not see."""
    if task.exercise and task.hidden:
        return _examined(replace(task.exercise, checks=task.hidden), space, job, hidden=True)
    return [_tested(task, lab, space, job)] if task.tests else []


def _result(task: Task, parts: list[dict[str, Any]]) -> dict[str, Any]:
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


def _examined(
    exercise: Exercise, space: Namespace, job: Job, *, hidden: bool
) -> list[dict[str, Any]]:
    """The outcomes of an exercise's checks."""
    try:
        with _alarm(_seconds_left(space, job)):
            answer = space.answer(exercise.name, MISSING)
            return _parts(examine(exercise, answer, seed=job.seed if hidden else 0), hidden=hidden)
    except (Stopped, _Late) as error:
        why = str(error)
    except Exception as error:  # whatever a student's data may do on this side
        why = f"this cannot be compared: {type(error).__name__}"
    return [_part(one.says, "wrong", hidden=hidden, problem=why) for one in exercise.checks]


def _tested(task: Task, lab: Lab, space: Namespace, job: Job) -> dict[str, Any]:
    """The outcome of a cell of tests: it holds or not, as nbgrader has it."""
    try:
        with _alarm(_seconds_left(space, job)):
            run_tests(task.tests, lab.space, space, lab.asked)
    except (Exception, SystemExit, _Late) as error:
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
    """A student's text without signs that steer a terminal or are no text, and not too long."""
    text = text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
    return "".join(sign if sign.isprintable() or sign == "\n" else "\ufffd" for sign in text)


def _seconds_left(space: Namespace, job: Job) -> float:
    """What is left of the whole time, and enough to say that nothing is."""
    return max(space.session.ends - time.monotonic(), 0) + job.limits.call


class _Late(BaseException):
    """A check takes too long on this side; no Exception, so that no check takes it for its own."""


@contextlib.contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """Raise `_Late` in the block after that time, where the system can."""
    if not hasattr(signal, "setitimer"):
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
def _room() -> Iterator[None]:
    """Let this process grow by so much in the block, where the system can."""
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except (ImportError, OSError):
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = pages * resource.getpagesize() + ROOM
    most = min([most, *(limit for limit in (soft, hard) if limit != resource.RLIM_INFINITY)])
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _elsewhere(packed: bytes) -> bytes:
    """Grade in a process of its own, and raise here what was raised there."""
    code = f"import sys; sys.path[:] = {sys.path!r}; from labkit.grading import grade; grade.main()"
    done = subprocess.run([sys.executable, "-c", code], input=packed, capture_output=True)
    if done.returncode:
        raise RuntimeError(
            f"the grading stopped: {done.stderr.decode(errors='replace')[-LONGEST:]}"
        )
    kind, _, rest = done.stdout.partition(b"\n")
    for error in (LabError, Missing):
        if kind.decode() == error.__name__:
            raise error(rest.decode())
    return rest


def main() -> None:
    """Grade the packed job on the standard input; the first line of the answer says what it is."""
    try:
        kind, result = "result", grade(sys.stdin.buffer.read())
    except (LabError, Missing) as error:
        kind, result = type(error).__name__, str(error).encode()
    sys.stdout.buffer.write(kind.encode() + b"\n" + result)


@contextlib.contextmanager
def _no_output() -> Iterator[None]:
    with contextlib.redirect_stdout(io.StringIO()):
        yield
