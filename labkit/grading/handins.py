"""Find what the students handed in: folders, files or a zip, as the usual systems give them."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from labkit.grading.report.roster import owner
from labkit.grading.submission import MOST_BYTES

NOTEBOOK = ".ipynb"

#: The name of a file in the class, and what reads it: only the one that counts is read.
File = tuple[str, Callable[[], bytes]]


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

    Raises ValueError if the place is none of these, or has no notebook in it.
    """
    if place.is_dir():
        found = _hand_ins(_in_folder(place), lab)
    elif place.suffix.lower() == NOTEBOOK and place.is_file():
        return [HandIn(place.stem, _start_of(place))]
    elif zipfile.is_zipfile(place):
        with zipfile.ZipFile(place) as archive:
            found = _hand_ins(_in_zip(archive), lab)
    else:
        raise ValueError(f"submissions must be a folder, a zip or a notebook; got {place}")
    if not found:
        raise ValueError(f"submissions must hold notebooks; there is none in {place}")
    return found


def collect_one(place: Path, lab: str) -> HandIn:
    """Return the notebook of the one student to whom all of a folder belongs."""
    return _chosen(place.name, list(_in_folder(place)), lab)


def _hand_ins(found: Iterable[File], lab: str) -> list[HandIn]:
    """Each student's notebook, under the name of the folder or of the first file.

    What Canvas and Moodle put before the name of a file says whose it is.
    """
    students: dict[str, tuple[str, list[File]]] = {}
    for name, read in found:
        parts = PurePosixPath(name).parts
        if len(parts) == 1 and not name.lower().endswith(NOTEBOOK):
            continue  # a note of the instructor's
        student = parts[0] if len(parts) > 1 else PurePosixPath(name).stem
        students.setdefault(owner(student), (student, []))[1].append((name, read))
    return [_chosen(*own, lab) for own in sorted(students.values(), key=lambda pair: pair[0])]


def _chosen(student: str, files: list[File], lab: str) -> HandIn:
    notebooks = [file for file in files if file[0].lower().endswith(NOTEBOOK)]
    notebooks.sort(key=lambda file: file[0])
    if not notebooks:
        others = ", ".join(sorted(name for name, _ in files)[:3])
        said = f"There is no notebook, {f'only {others}' if others else 'and nothing else'}."
        return HandIn(student, b"", (said,))
    called = [file for file in notebooks if _is_called(file[0], lab)]
    name, read = (called or notebooks)[0]
    messages = []
    if len(notebooks) > 1:
        messages.append(f"There are {len(notebooks)} notebooks; {name} was graded.")
    if more := len(files) - len(notebooks):
        messages.append(f"{more} other file{'s were' if more > 1 else ' was'} not read.")
    return HandIn(student, read(), tuple(messages))


def _is_called(name: str, lab: str) -> bool:
    stem = PurePosixPath(name).stem
    return stem == lab or (owner(stem) != stem and stem.endswith(f"_{lab}"))


def _in_folder(place: Path) -> Iterator[File]:
    for path in sorted(place.rglob("*")):
        inside = path.relative_to(place)
        linked = any(
            Path(place, *inside.parts[: i + 1]).is_symlink() for i in range(len(inside.parts))
        )
        hidden = any(part.startswith((".", "__")) for part in inside.parts)
        if path.is_file() and not linked and not hidden:
            yield inside.as_posix(), partial(_start_of, path)


def _start_of(path: Path) -> bytes:
    """The file, or as much of it as shows that it is too large."""
    with path.open("rb") as file:
        return file.read(MOST_BYTES + 1) if path.suffix.lower() == NOTEBOOK else b""


def _in_zip(archive: zipfile.ZipFile) -> Iterator[File]:
    for entry in sorted(archive.infolist(), key=lambda entry: entry.filename):
        parts = [part for part in entry.filename.split("/") if part not in ("", ".", "..")]
        hidden = any(part.startswith((".", "__")) for part in parts)
        if not entry.is_dir() and parts and not hidden:
            yield "/".join(parts), partial(_start_of_entry, archive, entry)


def _start_of_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """As `_start_of`; nothing of an encrypted or damaged entry, as of an empty file."""
    try:
        with archive.open(entry) as file:
            return file.read(MOST_BYTES + 1)
    except Exception:  # each way to compress has errors of its own, as zlib.error
        return b""
