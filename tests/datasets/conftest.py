"""A "full set" of eight small images, and a machine on which no copy of it lies about."""

import dataclasses
import gzip
import hashlib
import struct

import numpy as np
import pytest

from labkit.datasets import catalog

SHAPES = {"x_train": (6, 5, 7), "y_train": (6,), "x_test": (2, 5, 7), "y_test": (2,)}


@pytest.fixture
def arrays():
    rng = np.random.default_rng(0)
    return {k: rng.integers(0, 256, shape).astype(np.uint8) for k, shape in SHAPES.items()}


@pytest.fixture
def tiny(arrays, monkeypatch, tmp_path):
    """Make `arrays` the full set of "mnist", and an empty folder the home."""
    full = {key: hashlib.sha256(a.tobytes()).hexdigest() for key, a in arrays.items()}
    entry = dataclasses.replace(catalog.MNIST, full=full, counts=(6, 2), mirrors=())
    monkeypatch.setitem(catalog.ENTRIES, "mnist", entry)
    for variable in ("LABKIT_DATA", "XDG_CACHE_HOME", "KERAS_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    monkeypatch.setenv("LABKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return entry


@pytest.fixture
def write_npz():
    def write(path, arrays):
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, **arrays)

    return write


@pytest.fixture
def write_idx():
    def write(folder, arrays, *, packed=True):
        folder.mkdir(parents=True, exist_ok=True)
        for key, name in catalog.IDX_FILES.items():
            array = arrays[key]
            header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
            raw = header + array.tobytes()
            if packed:
                (folder / name).write_bytes(gzip.compress(raw))
            else:
                (folder / name.removesuffix(".gz")).write_bytes(raw)

    return write
