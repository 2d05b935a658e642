"""Everything that is looked at to describe a machine, in one object that a test can make up.

Nothing here runs a program, imports a package or raises: what cannot be read is not there.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path


def package_folder(name: str) -> Path | None:
    """Give the folder of an installed package without importing it; None if it is not there."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError, AttributeError):
        return None
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent


def package_version(name: str) -> str:
    """Give the version that a package was installed with; "" if nobody wrote it down."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def find_program(name: str) -> str | None:
    """Give the path of a program, which is not run."""
    import shutil

    return shutil.which(name)


def run_program(*command: str) -> str:
    """Give what a program prints, within ten seconds."""
    import subprocess

    run = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    return run.stdout


def installed_memory() -> int | None:
    """Give the bytes of memory where there is no /proc: macOS, the BSDs and Windows."""
    try:
        if sys.platform == "win32":
            return _windows_memory()
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None


def _windows_memory() -> int:
    import ctypes

    class Status(ctypes.Structure):
        """MEMORYSTATUSEX of the Windows API; only the third field is read."""

        _fields_ = [("length", ctypes.c_ulong), ("load", ctypes.c_ulong)] + [
            (name, ctypes.c_ulonglong) for name in ("total", "free", "a", "b", "c", "d", "e")
        ]

    status = Status(length=ctypes.sizeof(Status))
    ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))  # type: ignore[attr-defined]
    return int(status.total)


def _affinity() -> int | None:
    """Give the number of cores that this process may run on, where the system tells."""
    try:
        return len(os.sched_getaffinity(0))
    except (AttributeError, OSError):  # macOS and Windows have no such call
        return None


def _architecture() -> str:
    try:
        return os.uname().machine
    except AttributeError:
        return os.environ.get("PROCESSOR_ARCHITECTURE", "unknown").lower()


@dataclass(frozen=True)
class System:
    """The machine as seen from here; every part of it can be replaced by a fake."""

    root: Path = Path("/")
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    platform: str = sys.platform
    architecture: str = field(default_factory=_architecture)
    cores: int = field(default_factory=lambda: os.cpu_count() or 1)
    affinity: int | None = field(default_factory=_affinity)
    installed_memory: Callable[[], int | None] = installed_memory
    package_folder: Callable[[str], Path | None] = package_folder
    package_version: Callable[[str], str] = package_version
    find_program: Callable[[str], str | None] = find_program
    run_program: Callable[..., str] = run_program
    import_module: Callable[[str], object] = importlib.import_module

    def read(self, path: str) -> str:
        """Give the text of a small file, "" if it is not there or may not be read."""
        try:
            return (self.root / path.lstrip("/")).read_text(errors="replace").strip()
        except (OSError, ValueError):
            return ""

    def exists(self, path: str) -> bool:
        """Say whether there is such a file or folder."""
        return os.path.exists(self.root / path.lstrip("/"))

    def glob(self, pattern: str) -> list[str]:
        """Give the matching paths as the machine knows them, sorted."""
        try:
            found = sorted(self.root.glob(pattern.lstrip("/")))
        except OSError:
            return []
        return [f"/{path.relative_to(self.root).as_posix()}" for path in found]
