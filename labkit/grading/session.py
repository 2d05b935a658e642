"""A conversation with one student's process: questions out, data back, and a clock on each."""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import signal
import subprocess
import time
from collections.abc import Sequence
from typing import Any

from labkit.grading.inside import wire
from labkit.grading.limits import Limits
from labkit.grading.processes import bound_to, files_of, inside_of, memory_of, one_core
from labkit.grading.sandbox import Backend, Contents

START = 60.0  # seconds for the worker to come up and import what the lab needs
GRACE = 2.0  # seconds for the worker to notice that its child is gone
TICK = 0.2  # seconds between two looks at the memory
TOKEN = 32  # characters
LONGEST_NOTE = 1000  # bytes of what is said beside the answers
PASSES = 5  # over all processes, to stop them while they start others
LENGTH = re.compile(rb"[0-9a-f]{8}")


class Stopped(Exception):
    """The student's process died, hung, or took more than it may; the message says which."""


class Broken(BaseException):
    """The sandbox does not start; no Exception, so that no check takes it for the student's."""


class Session:
    """The worker behind its walls, and the child in it that runs the student's code.

    ``ask`` puts one question to the child; if the child dies or hangs, `Stopped` is raised and the
    next `fresh` starts another. Use as a context manager: nothing is left when it closes.

    ``contents`` and ``modules`` are what the lab's code finds inside and what is imported for it
    before it runs.
    """

    def __init__(
        self,
        backend: Backend,
        contents: Contents,
        limits: Limits | None = None,
        modules: Sequence[str] = ("numpy",),
    ) -> None:
        self.backend = backend
        self.contents = contents
        self.limits = limits or Limits()
        self.modules = tuple(modules)
        self.ends = time.monotonic() + self.limits.total
        self.deaths = 0
        self.alive = False
        self._came_up = False  # in this sandbox, or in one that the student's code has ended
        self._worker: subprocess.Popen[bytes] | None = None
        self._number = 0
        self._looked = 0.0  # when the memory was looked at
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def fresh(self) -> None:
        """Start a child that has run nothing yet.

        Raises Stopped if the process has died too often, or the time is over, and Broken if the
        sandbox does not start at all, which is nobody's fault who is graded.
        """
        if self.deaths > self.limits.deaths:
            raise Stopped("its process died or hung too often")
        if time.monotonic() > self.ends:
            raise Stopped(f"the {self.limits.total:g} seconds for the whole notebook are over")
        if self.alive or not self._revive():
            self._end()
            self._start()
        self._number += 1
        self._send(wire.pack({"op": "child"}), time.monotonic() + GRACE)
        self.alive = True

    def ask(self, op: str, seconds: float, **what: Any) -> dict[str, Any]:
        """Put a question to the child and return the answer.

        Raises Stopped if none comes within the time, and WireError if what comes is no answer.
        """
        if not self.alive:
            raise Stopped("its process is no longer there")
        self._number += 1
        message = wire.pack({"op": op, "number": self._number, **what})
        try:
            until = min(time.monotonic() + seconds, self.ends)
            self._send(message, until)
            reply = self._receive(until, f"it took more than {seconds:g} s")
            while self._is_late(reply):
                reply = self._receive(until, f"it took more than {seconds:g} s")
        except BaseException:  # an alarm, too: what comes later would answer another question
            self._lost()
            raise
        if type(reply) is not dict or reply.get("number") != self._number:
            self._lost()
            raise wire.WireError("its process answered with something that is no answer")
        return reply

    def _is_late(self, reply: Any) -> bool:
        """Whether this answers an earlier question, as after a forged answer."""
        number = reply.get("number") if type(reply) is dict else None
        return type(number) is int and number < self._number

    def close(self) -> None:
        """End the worker and everything inside its walls, what it has written included.

        `fresh` starts another.
        """
        self._end()
        self._came_up = False

    def _end(self) -> None:
        self.alive = False
        worker, self._worker = self._worker, None
        if worker is not None:
            for pipe in (worker.stdin, worker.stdout, worker.stderr):
                if pipe:
                    pipe.close()
            for process in inside_of(worker.pid) if self.backend.visible else ():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            worker.kill()
            worker.wait()
        self._stack.close()

    def _start(self) -> None:
        command = self._stack.enter_context(self.backend.command(self.contents, self.limits))
        pipe = subprocess.PIPE
        with bound_to(self._stack.enter_context(one_core())):
            try:
                self._worker = subprocess.Popen(
                    command, stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0
                )
            except OSError as error:  # on another machine than the one that was asked for walls
                raise Broken(f"the sandbox {self.backend.name} did not start: {error}") from None
        for stream in (self._worker.stdin, self._worker.stdout, self._worker.stderr):
            os.set_blocking(stream.fileno(), False)  # type: ignore[union-attr]
        until = time.monotonic() + START
        try:
            self._send(wire.pack({"op": "import", "modules": self.modules}), until)
            missing = self._receive(until, f"no sign of life in {START:g} s")["missing"]
        except Stopped as error:
            if self._came_up:
                raise
            said = self._worker.stderr.read(LONGEST_NOTE) or b""  # type: ignore[union-attr]
            words = said.decode(errors="replace").strip() or str(error)
            raise Broken(f"the sandbox {self.backend.name} did not start: {words}") from None
        if missing:
            raise Broken(f"the sandbox lacks what the lab imports: {'; '.join(missing)}")
        self._came_up = True

    def _lost(self) -> None:
        """Stop the child, and everything that it has started."""
        self.deaths += 1
        self.alive = False
        if self._worker is not None and self.backend.visible:
            for _ in range(PASSES):
                for process in (started := inside_of(self._worker.pid)[1:]):  # not the worker
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(process, signal.SIGKILL)
                if not started:
                    break

    def _revive(self) -> bool:
        """Whether the worker has noticed that its child is gone, and is ready for another."""
        if self._worker is None or self._worker.poll() is not None or not self.backend.visible:
            return False
        until = time.monotonic() + GRACE
        notes = b""
        while not notes.endswith(b"\n"):
            late = time.monotonic() > until or len(notes) > LONGEST_NOTE
            if late or not self._readable(self._worker.stderr, TICK):
                return False
            notes += os.read(self._worker.stderr.fileno(), 200)  # type: ignore[union-attr]
        while self._readable(self._worker.stdout, 0):  # what the child left unsaid
            if time.monotonic() > until or not os.read(self._worker.stdout.fileno(), 1 << 20):  # type: ignore[union-attr]
                return False
        with contextlib.suppress(Stopped):
            self._send(notes.split()[-1][:TOKEN], until)
            return True
        return False

    def _send(self, data: bytes, until: float) -> None:
        rest = memoryview(data)
        pipe = self._worker.stdin  # type: ignore[union-attr]
        while rest:
            if time.monotonic() > until:
                raise Stopped("it does not read what it is asked")
            self._look_at_memory()
            try:
                rest = rest[os.write(pipe.fileno(), rest) :]  # type: ignore[union-attr]
            except BlockingIOError:
                time.sleep(0.005)
            except BrokenPipeError:
                raise Stopped("its process ended") from None

    def _receive(self, until: float, late: str) -> Any:
        head = self._take(wire.HEAD, until, late)
        if not LENGTH.fullmatch(head):
            raise Stopped("its process wrote something that is no answer")
        size = int(head, 16)
        if size > wire.MOST_BYTES:
            raise Stopped(f"its answer has more than {wire.MOST_BYTES:,} bytes")
        return wire.unpack(self._take(size, until, late))

    def _take(self, size: int, until: float, late: str) -> bytes:
        worker = self._worker
        parts = []
        while size:
            if time.monotonic() > until:
                raise Stopped(late)
            self._look_at_memory()
            if not self._readable(worker.stdout, TICK):  # type: ignore[union-attr]
                continue
            part = os.read(worker.stdout.fileno(), min(size, 1 << 20))  # type: ignore[union-attr]
            if not part:
                raise Stopped("its process ended")
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def _readable(self, pipe: Any, seconds: float) -> bool:
        """Whether there is something to read; a child that has ended says so on another pipe."""
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, selectors.EVENT_READ)
            notes = self._worker.stderr  # type: ignore[union-attr]
            if self.alive and notes is not pipe:
                selector.register(notes, selectors.EVENT_READ)  # type: ignore[arg-type]
            ready = {key.fileobj for key, _ in selector.select(seconds)}
        if pipe in ready:
            return True
        if ready:
            raise Stopped("its process ended")
        return False

    def _look_at_memory(self) -> None:
        """Look again after a while, also at a process that is busy answering."""
        now = time.monotonic()
        if now < self._looked + TICK or not self.alive:
            return
        self._looked = now
        if self.backend.visible and self._worker is not None:
            inside = inside_of(self._worker.pid)
            used = memory_of(inside) + files_of(inside[0])
            if used > self.limits.memory:
                raise Stopped(
                    f"it uses {used >> 20:,} MiB; {self.limits.memory >> 20:,} may be used"
                )
