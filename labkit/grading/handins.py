"""Find what the students handed in: folders, files or a zip, as the usual systems give them."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from labkit.grading.submission import MOST_BYTES

NOTEBOOK = ".ipynb"


@dataclass(frozen=True)
class HandIn:
    """One student's notebook, and what was noticed on the way to it."""

    student: str
    notebook: bytes
    messages: tuple[str, ...] = ()


def collect(place: Path, lab: str) -> list[HandIn]:
    """Return the notebooks of a class, one for each student, in the order of their names.

    ``place`` is one notebook, a zip as Canvas or Moodle give it, or a folder. In a folder or a zip
    a notebook at the top belongs to the student of its name; one deeper, to the folder at the top,
    as nbgrader has it. Where a student has several, the one that is called like the ``lab`` counts,
    else the first. Links are not followed, and nothing is unpacked onto the disk.

    Raises ValueError if there is no such place, or no notebook in it.
    """
    if place.is_dir():
        found = _in_folder(place)
    elif zipfile.is_zipfile(place):
        found = _in_zip(place)
    elif place.is_file():
        return [HandIn(place.stem, _start_of(place))]
    else:
        raise ValueError(f"submissions must be a folder, a zip or a notebook; got {place}")
    students: dict[str, list[tuple[str, bytes]]] = {}
    for name, data in found:
        parts = PurePosixPath(name).parts
        if len(parts) == 1 and not name.lower().endswith(NOTEBOOK):
            continue  # a note of the instructor's
        student = parts[0] if len(parts) > 1 else PurePosixPath(name).stem
        students.setdefault(student, []).append((name, data))
    if not students:
        raise ValueError(f"submissions must hold notebooks; there is none in {place}")
    return [_chosen(student, files, lab) for student, files in sorted(students.items())]


def _chosen(student: str, files: list[tuple[str, bytes]], lab: str) -> HandIn:
    notebooks = sorted(file for file in files if file[0].lower().endswith(NOTEBOOK))
    if not notebooks:
        others = ", ".join(sorted(name for name, _ in files)[:3])
        return HandIn(student, b"", (f"There is no notebook, only {others}.",))
    called = [file for file in notebooks if PurePosixPath(file[0]).stem == lab]
    name, data = (called or notebooks)[0]
    messages = []
    if len(notebooks) > 1:
        messages.append(f"There are {len(notebooks)} notebooks; {name} was graded.")
    if len(files) > len(notebooks):
        messages.append(f"{len(files) - len(notebooks)} other files were not read.")
    return HandIn(student, data, tuple(messages))


def _in_folder(place: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(place.rglob("*")):
        inside = path.relative_to(place)
        linked = any(
            Path(place, *inside.parts[: i + 1]).is_symlink() for i in range(len(inside.parts))
        )
        hidden = any(part.startswith((".", "__")) for part in inside.parts)
        if path.is_file() and not linked and not hidden:
            yield inside.as_posix(), _start_of(path)


def _start_of(path: Path) -> bytes:
    """The file, or as much of it as shows that it is too large."""
    with path.open("rb") as file:
        return file.read(MOST_BYTES + 1) if path.suffix.lower() == NOTEBOOK else b""


def _in_zip(place: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(place) as archive:
        for entry in sorted(archive.infolist(), key=lambda entry: entry.filename):
            parts = [part for part in entry.filename.split("/") if part not in ("", ".", "..")]
            hidden = any(part.startswith((".", "__")) for part in parts)
            if entry.is_dir() or not parts or hidden:
                continue
            data = b""
            if parts[-1].lower().endswith(NOTEBOOK):
                try:
                    with archive.open(entry) as file:
                        data = file.read(MOST_BYTES + 1)
                except (RuntimeError, OSError, zipfile.BadZipFile, NotImplementedError):
                    data = b""  # encrypted or damaged: read as an empty file, which is reported
            yield "/".join(parts), data
