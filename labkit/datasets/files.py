"""Read arrays from .npz and idx files, and prove them by their SHA-256. Nothing is unpickled."""

from __future__ import annotations

import hashlib
import math
import os
import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from labkit.datasets.catalog import ARRAYS, IDX_FILES, Checksums

Arrays = dict[str, np.ndarray]

MAX_BYTES = 256 * 2**20  # a file that unpacks to more than this is not one of ours


class CorruptFile(ValueError):
    """A file that is not what its name promises."""


def read_verified(path: Path, checksums: Checksums, *, name: str | None = None) -> Arrays:
    """Give the arrays in one file, each checked against its SHA-256.

    `name` says what the file will be called where `path` is a temporary one. Raises CorruptFile
    if the file cannot be parsed or an array differs, OSError if it cannot be opened.
    """
    name = name or path.name
    try:
        arrays = _read_npz(path) if name.endswith(".npz") else _read_idx(path, name)
    # A damaged archive raises whatever its parser stumbles on first.
    except (ValueError, KeyError, EOFError, RuntimeError, OSError, zlib.error) as error:
        if isinstance(error, OSError) and error.errno is not None:  # the disk's, not the file's
            raise
        raise CorruptFile(f"{path} is damaged: {error}") from error
    for key, array in arrays.items():
        _prove(path, key, array, checksums[key])
    return arrays


def _prove(path: Path, key: str, array: np.ndarray, expected: str) -> None:
    found = hashlib.sha256(np.ascontiguousarray(array).data).hexdigest()
    ndim = 3 if key.startswith("x") else 1
    if found != expected or array.dtype != np.uint8 or array.ndim != ndim:
        raise CorruptFile(
            f"{path} holds another {key} than it should: {array.dtype} {array.shape} with "
            f"SHA-256 {found[:12]}..., expected {expected[:12]}..."
        )


def _read_npz(path: Path) -> Arrays:
    import zipfile  # it imports threading, which the core does without

    try:
        with path.open("rb") as file:
            if not zipfile.is_zipfile(file):
                raise CorruptFile("it is not a complete .npz archive")
            file.seek(0)
            with np.load(file, allow_pickle=False) as archive:
                return {key: archive[key] for key in ARRAYS}
    except zipfile.BadZipFile as error:
        raise CorruptFile(str(error)) from error


def _read_idx(path: Path, name: str) -> Arrays:
    """Read one of the four idx files: 0, 0, type, ndim, then ndim sizes, then the bytes.

    The sizes are big-endian 4-byte integers and type 8 means uint8; the format is described at
    http://yann.lecun.com/exdb/mnist/.
    """
    raw = unpack(path) if name.endswith(".gz") else path.read_bytes()
    if raw[:3] != b"\0\0\x08" or len(raw) < 4 + 4 * raw[3]:
        raise CorruptFile(f"it does not begin like an idx file of bytes: {raw[:4].hex(' ')}")
    shape = [int(size) for size in np.frombuffer(raw, ">u4", count=raw[3], offset=4)]
    start = 4 + 4 * len(shape)
    if len(raw) - start != math.prod(shape):
        raise CorruptFile(f"{len(raw) - start:,} bytes where the header promises {shape}")
    array = np.frombuffer(raw, np.uint8, offset=start).reshape(shape)
    return {_array_of(name): array.copy()}


def unpack(path: Path) -> bytes:
    """Give the bytes in a .gz file, no more than MAX_BYTES of them."""
    import gzip

    with gzip.open(path) as file:
        raw = file.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise CorruptFile(f"it unpacks to more than {MAX_BYTES:,} bytes")
    return raw


def bundled_path(name: str, file: str) -> Path:
    """Find a file of data/`name` in the installed package, or else in the checkout around it."""
    package = Path(__file__).resolve().parents[1]
    tried = [root / "data" / name / file for root in (package, package.parent)]
    for path in tried:
        if path.is_file():
            return path
    raise FileNotFoundError(
        f"the bundled {name} is missing; looked for {' and '.join(map(str, tried))}. "
        "It comes with the package: install labkit again, from its wheel or its repository"
    )


def _array_of(name: str) -> str:
    """Give the array that an idx file holds, by its name with or without .gz."""
    return next(key for key, file in IDX_FILES.items() if name.removesuffix(".gz") in file)


def archives_in(folder: Path, npz_name: str, *, idx: bool) -> list[Path]:
    """Give the files of a complete set in `folder`: one .npz, or four idx, or nothing."""
    npz = folder / npz_name
    if os.path.isfile(npz):  # unlike Path.is_file, false where we may not look
        return [npz]
    if not idx:
        return []
    found = [_first_file(folder / file, folder / Path(file).stem) for file in IDX_FILES.values()]
    return [path for path in found if path] if all(found) else []


def _first_file(*paths: Path) -> Path | None:
    return next((path for path in paths if os.path.isfile(path)), None)


def read_all(paths: Iterable[Path], checksums: Checksums) -> Arrays:
    """Give all arrays of a set that is spread over `paths`, each checked."""
    arrays: Arrays = {}
    for path in paths:
        arrays |= read_verified(path, checksums)
    return arrays
