"""The processes behind the walls, as they are seen from outside: Linux only."""

from __future__ import annotations

import contextlib
import os
import random
import socket
from collections.abc import Iterator
from pathlib import Path

PROC = Path("/proc")
FOLDERS = ("tmp", "dev/shm")  # in memory, behind walls
NODE = 1024  # bytes that the kernel takes for a file, besides what stands in it


def inside_of(root: int) -> list[int]:
    """Return the worker that a process has started behind walls, then all that it has started.

    Without walls the process is the worker itself. Programs that only set the walls up are left
    out. A process whose parent has ended belongs to the init of its walls, so it is found, too.

    >>> import os
    >>> inside_of(os.getpid())[0] == os.getpid()
    True
    """
    children = _children()
    found, waiting = [], [root]
    while waiting:
        process = waiting.pop(0)
        found.append(process)
        waiting += children.get(process, [])
    worker = next((one for one in found if _is_worker(one)), root)
    return found[found.index(worker) :]


@contextlib.contextmanager
def one_core() -> Iterator[set[int]]:
    """Give a core that no other grading here has, as far as they suffice, for as long as the block.

    So a notebook that keeps its core busy with many processes takes no time from the others.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield set()
        return
    cores = sorted(os.sched_getaffinity(0))
    with contextlib.ExitStack() as stack:
        for core in cores:
            name = stack.enter_context(socket.socket(socket.AF_UNIX))
            with contextlib.suppress(OSError):  # another grading has it
                name.bind(f"\0labkit-grading-core-{core}")  # free again when this process ends
                yield {core}
                return
        yield {random.choice(cores)}


@contextlib.contextmanager
def bound_to(cores: set[int]) -> Iterator[None]:
    """Let what the block starts run on these cores only; with none, on all."""
    if not cores:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def memory_of(processes: list[int]) -> int:
    """Return the bytes of memory that the processes hold together; what they share counts once.

    >>> import os
    >>> memory_of([os.getpid()]) > 1_000_000
    True
    """
    return sum(_share(process) for process in processes)


def files_of(process: int) -> int:
    """Return the bytes that the kernel holds for the files behind a process's walls, if any.

    >>> files_of(os.getpid())
    0
    """
    root = PROC / str(process) / "root"
    try:
        if root.samefile("/"):
            return 0
        found = [os.statvfs(root / folder) for folder in FOLDERS]
    except OSError:
        return 0  # it has just ended
    return sum(one.f_files - one.f_ffree for one in found) * NODE


def _share(process: int) -> int:
    """The bytes of one process, of a shared page its part."""
    try:
        lines = (PROC / str(process) / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0  # it has just ended
    return next((int(x.split()[1]) * 1024 for x in lines if x.startswith("Pss:")), 0)


def _children() -> dict[int, list[int]]:
    """The children of every process, the eldest first."""
    born: dict[int, list[tuple[int, int]]] = {}
    for folder in PROC.iterdir() if PROC.is_dir() else ():
        if folder.name.isdigit():
            try:
                # The name in it is the program's choice, and need be no text.
                words = (folder / "stat").read_bytes().rpartition(b")")[2].split()
            except OSError:
                continue  # it has just ended
            parent, start = int(words[1]), int(words[19])
            born.setdefault(parent, []).append((start, int(folder.name)))
    return {parent: [child for _, child in sorted(born[parent])] for parent in born}


def _is_worker(process: int) -> bool:
    """Whether Python runs the worker here; the program that sets the walls up names it, too."""
    try:
        words = (PROC / str(process) / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return b"python" in words[0] and any(word.endswith(b"/worker.py") for word in words)
