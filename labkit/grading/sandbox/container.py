"""Anywhere with Podman or Docker: a container without a network, from an image with NumPy."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import subprocess
from collections.abc import Iterator

from labkit.grading.limits import Limits
from labkit.grading.sandbox.base import ENVIRONMENT, HOME, NOBODY, Verdict, prlimit
from labkit.grading.sandbox.contents import Contents

IMAGE = "labkit-grading"
BUILD = (
    "printf 'FROM docker.io/library/python:3.12-slim\\nRUN pip install --no-cache-dir numpy\\n' "
    "| {program} build -t {image} -"
)
PATIENCE = 20  # seconds for the program to answer
SPARE = 60  # seconds beside those for the notebook, to come up and to be removed


class Container:
    """One container for each submission, removed when the grading of it ends."""

    visible = False

    def __init__(self, name: str, image: str = IMAGE) -> None:
        self.name = name
        self.image = image

    def verdict(self) -> Verdict:
        """Ask the program whether its service runs, and whether the image is there."""
        if not shutil.which(self.name):
            return Verdict(False, f"the program {self.name} is not there")
        for words, problem in (
            (["version"], "its service does not answer"),
            (["image", "inspect", self.image], "the image is not there: " + self._build()),
        ):
            try:
                tried = self._ask(*words)
            except subprocess.TimeoutExpired:
                return Verdict(False, f"{self.name} does not answer in {PATIENCE} s")
            if tried.returncode:
                said = (tried.stderr.strip().splitlines() or ["no message"])[-1]
                return Verdict(False, f"{problem} ({said})")
        return Verdict(True, f"image {self.image}")

    def _build(self) -> str:
        return BUILD.format(program=self.name, image=self.image)

    def _ask(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([self.name, *words], capture_output=True, text=True, timeout=PATIENCE)

    @contextlib.contextmanager
    def command(self, contents: Contents, limits: Limits) -> Iterator[list[str]]:
        """Give the command line; a container outlives the program that started it, so remove it.

        Where nobody is left to do so, the clock inside ends it.
        """
        called = f"labkit-{secrets.token_hex(8)}"
        shown = [
            word
            for path, place in contents.ours
            for word in ("--volume", f"{path}:{HOME}/{place}:ro")
        ]
        try:
            yield [
                *(self.name, "run", "--rm", "--interactive", "--name", called),
                *("--network", "none", "--read-only", "--user", f"{NOBODY}:{NOBODY}"),
                *("--tmpfs", f"/tmp:size={limits.files}", "--workdir", "/tmp"),
                *("--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
                *("--memory", str(limits.memory), "--memory-swap", str(limits.memory)),
                *("--pids-limit", str(limits.processes), "--shm-size", "1m"),
                *(w for name, value in ENVIRONMENT.items() for w in ("--env", f"{name}={value}")),
                *shown,
                *(self.image, "timeout", "--signal=KILL", str(round(limits.total + SPARE))),
                *(*prlimit(limits), "--"),
                *("python", "-P", f"{HOME}/worker.py", HOME, f"{HOME}/site"),
            ]
        finally:
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                self._ask("rm", "--force", called)
