"""What a student's code finds inside: the worker, the libraries of the lab, a part of labkit.

Nothing else of this machine is there. Of labkit there are the data sets and the pictures; what
answers an exercise (the operations, the layers, the models), the checks and their numbers stay
outside.
"""

from __future__ import annotations

import re
import sysconfig
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2]
INSIDE = PACKAGE / "grading" / "inside"
#: The modules of labkit that are there.
LENT = ("__init__.py", "datasets", "progress.py", "exercises/picture.py")
#: What a package needs beside what it says that it requires.
UNSAID = {"keras": ["torch"]}


@dataclass(frozen=True)
class Contents:
    """Files and folders of this machine, and their places under the worker's folder.

    ``ours`` is needed everywhere; ``libraries`` only where this machine's Python runs inside.
    """

    ours: tuple[tuple[Path, str], ...]
    libraries: tuple[tuple[Path, str], ...]


@cache
def contents_for(packages: tuple[str, ...] = ("numpy",)) -> Contents:
    """Return what a lab that uses these packages finds inside.

    Raises ValueError if one of them, or what it needs, is not installed.

    >>> sorted(place for _, place in contents_for(()).ours)[:3]
    ['doors.py', 'site/labkit/__init__.py', 'site/labkit/data']
    """
    data = next(place for place in (PACKAGE / "data", PACKAGE.parent / "data") if place.is_dir())
    lent = [(PACKAGE / name, f"site/labkit/{name}") for name in LENT]
    ours = [
        (INSIDE / "worker.py", "worker.py"),
        (INSIDE / "wire.py", "wire.py"),
        (INSIDE / "doors.py", "doors.py"),
        (PACKAGE / "exercises" / "strict.py", "strict.py"),
        (INSIDE / "exercises.py", "site/labkit/exercises/__init__.py"),
        (data, "site/labkit/data"),
        *lent,
    ]
    found: dict[str, Path] = {}
    for package in packages:
        _collect(package, found, set())
    return Contents(tuple(ours), tuple((path, f"site/{name}") for name, path in found.items()))


def _collect(package: str, found: dict[str, Path], seen: set[str]) -> None:
    """Add the folders and files of a package and of what it requires."""
    seen.add(package)
    try:
        distribution = metadata.distribution(package)
    except metadata.PackageNotFoundError:
        raise ValueError(f"package {package!r} must be installed to grade this lab") from None
    base = Path(sysconfig.get_paths()["purelib"])
    for file in distribution.files or ():
        top = file.parts[0]
        if top not in ("..", "__pycache__") and not top.endswith((".dist-info", ".pth")):
            found[top] = base / top
    for line in [*(distribution.requires or ()), *UNSAID.get(package, ())]:
        name = re.match(r"[\w.-]+", line)
        if name and "extra ==" not in line and name[0] not in seen and _installed(name[0]):
            _collect(name[0], found, seen)


def _installed(package: str) -> bool:
    try:
        metadata.distribution(package)
    except metadata.PackageNotFoundError:
        return False  # a requirement of another system
    return True
