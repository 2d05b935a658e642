"""Find a data set, on this machine before anywhere else, and hand it over with its papers."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from labkit.datasets import catalog
from labkit.datasets.catalog import Checksums, Entry
from labkit.datasets.files import (
    Arrays,
    CorruptFile,
    archives_in,
    bundled_path,
    read_all,
    read_verified,
)

SIZES = ("bundled", "full")
SYSTEM_FOLDER = Path("/usr/share/datasets")  # Debian's package dataset-fashion-mnist is there


@dataclass(frozen=True, eq=False)
class Papers:
    """What a data set is called, where it was made, where these bytes lay, and their licence."""

    name: str
    origin: str
    source: str
    licence: str

    @property
    def provenance(self) -> str:
        """Say what this is, where these very bytes came from, and under which licence."""
        return f"{self.origin}; {self.source}; {self.licence}"


@dataclass(frozen=True, eq=False)
class Dataset(Papers):
    """Images and labels for training and for testing, and where they came from.

    x_train, x_test (n, 28, 28) uint8, grey levels from 0 (background) to 255.
    y_train, y_test (n,) int64, class ids; `classes[y]` is the name of class y.
    The arrays are yours: to change them changes no other `load`.

    The pixels are the raw ones. A network wants them as floats, NCHW::

        x = digits.x_train[:, None] / np.float32(255)    # (n, 1, 28, 28), 0 to 1
    """

    size: str
    classes: tuple[str, ...]
    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    full_count: int

    def __repr__(self) -> str:
        kind = {"bundled": "bundled subset", "full": "full set"}[self.size]
        counts = f"{len(self.y_train):,}/{len(self.y_test):,} of {self.full_count:,}"
        lines = [f"{self.name}, {kind}: {counts} (train/test)"]
        for key in catalog.ARRAYS:
            array = getattr(self, key)
            top = len(self.classes) - 1
            unit = "grey levels 0 to 255" if key.startswith("x") else f"classes 0 to {top}"
            lines.append(f"  {key:8} {array.shape!s:15}  {array.dtype!s:5}  {unit}")
        return "\n".join(lines)


def names() -> tuple[str, ...]:
    """Give the names that `load` takes.

    >>> names()
    ('mnist', 'fashion_mnist')
    """
    return tuple(catalog.ENTRIES)


def load(name: str, *, size: str = "bundled", progress: bool = True) -> Dataset:
    """Load a data set, its bundled part at once or the full set from this machine or the web.

    `size="bundled"` reads a few thousand examples that come with the package; no network is ever
    used. `size="full"` looks in $LABKIT_DATA, in the cache ($LABKIT_CACHE, else
    $XDG_CACHE_HOME/labkit, else ~/.cache/labkit), and where keras, torchvision and Debian keep the
    set; only then it downloads, with its progress on stderr unless `progress` is False. Every
    array is proven by its SHA-256 at each load, and nothing is ever unpickled.

    Raises ValueError if there is no such name or size, or if a file in $LABKIT_DATA is damaged,
    and an OSError that names all mirrors if none could be reached.

    >>> digits = load("mnist")
    >>> digits.x_train.shape, digits.y_train[:3]
    ((4000, 28, 28), array([6, 8, 8]))
    """
    entry = catalog.ENTRIES[one_of("name", name, names())]
    if one_of("size", size, SIZES) == "bundled":
        arrays, source = _load_bundled(entry)
    else:
        arrays, source = _load_full(entry, progress=progress)
    return Dataset(
        name=entry.name,
        size=size,
        classes=entry.classes,
        x_train=arrays["x_train"],
        y_train=arrays["y_train"].astype(np.int64),
        x_test=arrays["x_test"],
        y_test=arrays["y_test"].astype(np.int64),
        full_count=sum(entry.counts),
        origin=entry.origin,
        source=source,
        licence=entry.licence,
    )


def one_of(argument: str, value: object, options: Sequence[str]) -> str:
    """Give `value` if it is one of `options`; else raise a ValueError that helps."""
    if value in options:
        return str(value)
    import difflib

    near = difflib.get_close_matches(str(value).lower().replace("-", "_"), options, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    listed = ", ".join(repr(option) for option in options)
    raise ValueError(f"{argument} must be one of {listed}, got {value!r}{hint}")


def _load_bundled(entry: Entry) -> tuple[Arrays, str]:
    path = bundled_path(entry.name, entry.bundled_file)
    arrays = read_verified(path, entry.bundled)
    return arrays, f"bundled data/{entry.name}/{entry.bundled_file}, SHA-256 verified"


@dataclass(frozen=True)
class _Place:
    """A folder that may hold full sets, and whose it is: "user", "cache" or "other"."""

    base: Path
    folders: tuple[str, ...]
    owner: str

    def find(self, entry: Entry) -> list[Path]:
        """Give the files of the set, or nothing.

        The idx files of all sets have the same names, so they count only in a folder that says
        which set it is.
        """
        paths = archives_in(self.base, f"{entry.name}.npz", idx=False)
        for folder in self.folders:
            paths = paths or archives_in(self.base / folder, f"{entry.name}.npz", idx=True)
        return paths


def _places(entry: Entry) -> Iterator[_Place]:
    """Give the folders to look in, the user's own first."""
    if own := os.environ.get("LABKIT_DATA"):
        base = Path(own).expanduser()
        if not os.path.isdir(base):
            raise ValueError(f"LABKIT_DATA must be a folder that exists, got {own!r}")
        yield _Place(base, entry.folders, "user")
    yield _Place(cache_folder(), (entry.name,), "cache")
    keras = Path(os.environ.get("KERAS_HOME") or _home() / ".keras")
    for base in (keras / "datasets", Path("data"), Path(), SYSTEM_FOLDER):
        yield _Place(base, entry.folders, "other")


def cache_folder() -> Path:
    """Give the folder in which downloads are kept; it need not exist yet."""
    if own := os.environ.get("LABKIT_CACHE"):
        return Path(own).expanduser()
    shared = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(shared) if os.path.isabs(shared) else _home() / ".cache"
    return base / "labkit"


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError:  # a user without an entry in the system's list, as in some containers
        import tempfile

        return Path(tempfile.gettempdir())


def full_paths(name: str) -> list[Path]:
    """Give the files in which the full set lies on this machine, unread; none if it does not."""
    entry = catalog.ENTRIES[one_of("name", name, names())]
    return next((paths for place in _places(entry) if (paths := place.find(entry))), [])


def _load_full(entry: Entry, *, progress: bool) -> tuple[Arrays, str]:
    for place in _places(entry):
        paths = place.find(entry)
        if not paths:
            continue
        try:
            arrays = read_all(paths, entry.full)
        except (CorruptFile, OSError) as error:
            _handle_damage(place, paths, error, entry.full)
        else:
            return arrays, f"all of it, SHA-256 verified, from {where(paths)}"
    return _download(entry, progress=progress)


def where(paths: list[Path]) -> str:
    """Give the one file, or the folder of the four, in which a full set lies."""
    return os.path.abspath(paths[0] if len(paths) == 1 else paths[0].parent)


def _handle_damage(place: _Place, paths: list[Path], error: Exception, full: Checksums) -> None:
    """Repair our own cache, tell the user of their own file, and leave other programs' alone."""
    if place.owner == "user" and isinstance(error, CorruptFile):
        raise ValueError(
            f"LABKIT_DATA points to a damaged file: {error}. Replace it, or unset LABKIT_DATA"
        ) from error
    if place.owner == "other":
        _say(f"passed over: {error}")
        return
    if isinstance(error, OSError):  # it may be whole, but we may not read it
        raise error
    for path in paths:
        try:
            read_verified(path, full)
        except CorruptFile as damage:
            path.unlink(missing_ok=True)
            _say(f"removed from the cache, to be fetched again: {damage}")


def _download(entry: Entry, *, progress: bool) -> tuple[Arrays, str]:
    if sys.platform == "emscripten":
        raise OSError(f'a page cannot download the full {entry.name}; use load("{entry.name}")')
    from labkit.datasets.download import fetch

    folder = cache_folder() / entry.name
    if reason := _unwritable(folder):
        import tempfile

        _say(
            f"{folder} cannot be written ({reason}), so the download is not kept; set LABKIT_CACHE"
        )
        with tempfile.TemporaryDirectory() as passing:
            arrays, mirror = fetch(entry, Path(passing), progress=progress)
    else:
        arrays, mirror = fetch(entry, folder, progress=progress)
    return arrays, f"all of it, SHA-256 verified, from {mirror}"


def _unwritable(folder: Path) -> str:
    """Say why nothing can be written in `folder`, made if need be; "" if it can."""
    probe = folder / f"{os.urandom(4).hex()}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _say(text: str) -> None:
    print(f"labkit: {text}", file=sys.stderr)
