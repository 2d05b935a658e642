"""A damaged file is refused, whatever the damage, and a pickle is never loaded."""

import gzip
import pickle
import re
import struct

import numpy as np
import pytest

from labkit.datasets import catalog, files


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was loaded",))


def damage_pickle(path, arrays, write_npz):
    path.write_bytes(pickle.dumps(Bomb()))


def damage_object_array(path, arrays, write_npz):
    write_npz(path, {**arrays, "x_test": np.array([Bomb()], dtype=object)})


def damage_half(path, arrays, write_npz):
    write_npz(path, arrays)
    path.write_bytes(path.read_bytes()[:300])


def damage_one_bit(path, arrays, write_npz):
    write_npz(path, arrays)
    raw = bytearray(path.read_bytes())
    raw[raw.index(arrays["x_train"].tobytes()) + 50] ^= 1
    path.write_bytes(raw)


def damage_empty(path, arrays, write_npz):
    path.write_bytes(b"")


def damage_html(path, arrays, write_npz):
    path.write_bytes(b"<!doctype html><title>Please sign in to this network</title>")


def damage_missing_array(path, arrays, write_npz):
    write_npz(path, {key: arrays[key] for key in ("x_train", "y_train")})


def damage_type(path, arrays, write_npz):
    write_npz(path, {**arrays, "y_train": arrays["y_train"].view(np.int8)})


def damage_shape(path, arrays, write_npz):
    write_npz(path, {**arrays, "x_train": arrays["x_train"].reshape(6, 35)})


DAMAGES = [value for name, value in list(globals().items()) if name.startswith("damage_")]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_damaged_npz_is_refused(damage, tiny, arrays, tmp_path, write_npz):
    path = tmp_path / "mnist.npz"
    damage(path, arrays, write_npz)
    with pytest.raises(files.CorruptFile, match=re.escape(str(path))):
        files.read_verified(path, tiny.full)


def idx(*, magic=b"\0\0\x08\x01", sizes=(2,), data=b"\x01\x02"):
    return magic + struct.pack(f">{len(sizes)}I", *sizes) + data


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (idx(magic=b"\0\0\x0d\x01"), "does not begin like an idx file"),
        (idx(magic=b"\x89PNG"), "does not begin like an idx file"),
        (b"\0\0", "does not begin like an idx file"),
        (b"\0\0\x08\x03\0\0\0\x01", "does not begin like an idx file"),
        (idx(sizes=(3,)), r"2 bytes where the header promises \[3\]"),
        (idx(sizes=(2**32 - 1,)), "where the header promises"),
        (idx(data=b"\x01\x02\x03"), "3 bytes where the header promises"),
    ],
)
def test_damaged_idx_is_refused(raw, message, tiny, tmp_path):
    path = tmp_path / catalog.IDX_FILES["y_test"]
    path.write_bytes(gzip.compress(raw))
    with pytest.raises(files.CorruptFile, match=message):
        files.read_verified(path, tiny.full)


def test_damaged_gzip_is_refused(tiny, arrays, tmp_path, write_idx):
    write_idx(tmp_path, arrays)
    path = tmp_path / catalog.IDX_FILES["x_train"]
    whole = path.read_bytes()
    for raw in (b"", b"\x1f\x8b", b"not gzip", whole[:-9], whole[:40] + b"!" + whole[41:]):
        path.write_bytes(raw)
        with pytest.raises(files.CorruptFile):
            files.read_verified(path, tiny.full)


def test_gzip_bomb_is_refused(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MAX_BYTES", 1000)
    path = tmp_path / catalog.IDX_FILES["x_train"]
    path.write_bytes(gzip.compress(bytes(100_000)))
    with pytest.raises(files.CorruptFile, match="unpacks to more than 1,000 bytes"):
        files.read_verified(path, tiny.full)


@pytest.mark.parametrize("name", ["mnist.npz", *catalog.IDX_FILES.values()])
def test_file_that_may_not_be_opened_is_not_called_damaged(name, tiny, tmp_path):
    with pytest.raises(FileNotFoundError):
        files.read_verified(tmp_path / name, tiny.full)
    (tmp_path / name).mkdir()
    with pytest.raises(OSError, match="directory"):
        files.read_verified(tmp_path / name, tiny.full)
