"""The bundled part loads at once; a full set on the disk is found, proven or refused."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from labkit import datasets
from labkit.datasets import catalog, loader

# The bundled part


@pytest.mark.parametrize(
    ("name", "per_class"), [("mnist", (400, 100)), ("fashion_mnist", (500, 100))]
)
def test_bundled_set_is_balanced_and_typed(name, per_class):
    data = datasets.load(name)
    for part, count in zip(("train", "test"), per_class, strict=True):
        x, y = getattr(data, f"x_{part}"), getattr(data, f"y_{part}")
        assert x.shape == (10 * count, 28, 28)
        assert x.dtype == np.uint8
        assert y.dtype == np.int64
        assert np.bincount(y).tolist() == [count] * 10
        assert (x.min(), x.max()) == (0, 255)
    assert len(data.classes) == 10
    assert (data.name, data.size, data.full_count) == (name, "bundled", 70_000)


@pytest.mark.parametrize("name", datasets.names())
def test_no_bundled_test_image_is_a_training_image(name):
    data = datasets.load(name)
    train = {image.tobytes() for image in data.x_train}
    assert not any(image.tobytes() in train for image in data.x_test)


def test_mnist_looks_like_digits():
    # A one is the digit with the least ink, and a nought is hollow in the middle.
    data = datasets.load("mnist")
    ink = [data.x_train[data.y_train == digit].mean() for digit in range(10)]
    assert np.argmin(ink) == 1
    nought = data.x_train[data.y_train == 0].mean(axis=0)
    assert nought[14, 14] < 0.25 * nought.max()


def test_printing_says_that_it_is_a_subset():
    text = str(datasets.load("mnist"))
    assert "bundled subset: 4,000/1,000 of 70,000" in text
    assert "/home" not in text
    assert "CC BY-SA 3.0" in datasets.load("mnist").provenance
    assert "MIT" in datasets.load("fashion_mnist").provenance


def test_each_load_gives_arrays_of_its_own():
    datasets.load("mnist").x_train[:] = 0
    assert datasets.load("mnist").x_train.any()


def test_a_dataset_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        datasets.load("mnist").x_train = None


def test_bundled_load_needs_neither_network_nor_home(tmp_path):
    code = """
import sys
sys.addaudithook(lambda event, args: event.startswith("socket.") and sys.exit(f"used {event}"))
from labkit import datasets
datasets.load("mnist"), datasets.load("fashion_mnist")
heavy = {"urllib.request", "http.client", "ssl", "subprocess", "torch", "keras"} & set(sys.modules)
sys.exit(f"imported {heavy}" if heavy else 0)
"""
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={"PATH": ""}, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr


# Wrong arguments


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "minst"}, r"name must be one of 'mnist', 'fashion_mnist', got 'minst'; did you"),
        ({"name": "Fashion-MNIST"}, "did you mean 'fashion_mnist'"),
        ({"name": "cifar100"}, r"got 'cifar100'$"),
        ({"name": 3}, r"got 3$"),
        ({"name": ["mnist"]}, "got \\['mnist'\\]"),
        ({"name": "mnist", "size": "ful"}, "size must be one of 'bundled', 'full', got 'ful'; did"),
        ({"name": "mnist", "size": 60_000}, "size must be one of .* got 60000$"),
    ],
)
def test_wrong_argument_is_named_with_the_right_ones(arguments, message):
    with pytest.raises(ValueError, match=message):
        datasets.load(**arguments)


def test_missing_bundled_file_says_where_it_looked(monkeypatch):
    entry = dataclasses.replace(catalog.MNIST, bundled_file="gone.npz")
    monkeypatch.setitem(catalog.ENTRIES, "mnist", entry)
    with pytest.raises(FileNotFoundError, match=r"gone\.npz.*install labkit again"):
        datasets.load("mnist")


def test_altered_bundled_file_is_refused(monkeypatch):
    altered = {**catalog.MNIST.bundled, "y_test": "0" * 64}
    monkeypatch.setitem(
        catalog.ENTRIES, "mnist", dataclasses.replace(catalog.MNIST, bundled=altered)
    )
    with pytest.raises(ValueError, match="another y_test than it should"):
        datasets.load("mnist")


# The full set, already on this machine


def assert_full(data, arrays):
    assert data.size == "full"
    for key, array in arrays.items():
        np.testing.assert_array_equal(getattr(data, key), array)
    assert "full set: 6/2 of 8" in str(data)


@pytest.mark.parametrize(
    "where",
    [
        "home/.keras/datasets/mnist.npz",
        "cache/mnist/mnist.npz",
        "data/mnist.npz",
        "system/mnist.npz",
        "mnist.npz",
    ],
)
def test_full_npz_is_found_without_a_download(where, tiny, arrays, tmp_path, write_npz):
    write_npz(tmp_path / where, arrays)
    data = datasets.load("mnist", size="full")
    assert_full(data, arrays)
    assert Path(where).name in data.provenance


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("where", ["cache/mnist", "data/MNIST/raw", "MNIST/raw"])
def test_full_idx_is_found_without_a_download(where, packed, tiny, arrays, tmp_path, write_idx):
    write_idx(tmp_path / where, arrays, packed=packed)
    assert_full(datasets.load("mnist", size="full"), arrays)


def test_labkit_data_comes_first(tiny, arrays, tmp_path, monkeypatch, write_npz):
    write_npz(tmp_path / "cache/mnist/mnist.npz", arrays)
    write_npz(tmp_path / "mine/mnist.npz", arrays)
    monkeypatch.setenv("LABKIT_DATA", str(tmp_path / "mine"))
    assert "mine" in datasets.load("mnist", size="full").provenance
    monkeypatch.setenv("LABKIT_DATA", str(tmp_path))  # a folder without the set is no error
    assert "cache" in datasets.load("mnist", size="full").provenance


def test_keras_home_is_followed(tiny, arrays, tmp_path, monkeypatch, write_npz):
    write_npz(tmp_path / "k/datasets/mnist.npz", arrays)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "k"))
    assert_full(datasets.load("mnist", size="full"), arrays)


def test_labkit_data_that_is_not_a_folder_is_an_error(tiny, monkeypatch):
    monkeypatch.setenv("LABKIT_DATA", "/nowhere/at all")
    with pytest.raises(ValueError, match="LABKIT_DATA must be a folder that exists, got '/now"):
        datasets.load("mnist", size="full")


def test_damaged_file_in_labkit_data_is_named_and_left_alone(
    tiny, arrays, tmp_path, monkeypatch, write_npz
):
    path = tmp_path / "mine/mnist.npz"
    write_npz(path, {**arrays, "y_test": arrays["y_test"] + np.uint8(1)})
    monkeypatch.setenv("LABKIT_DATA", str(path.parent))
    with pytest.raises(ValueError, match=r"LABKIT_DATA points to a damaged file: .*another y_test"):
        datasets.load("mnist", size="full")
    assert path.exists()


def test_damaged_file_of_another_program_is_passed_over(tiny, arrays, tmp_path, capsys, write_idx):
    theirs = tmp_path / "home/.keras/datasets/mnist.npz"
    theirs.parent.mkdir(parents=True)
    theirs.write_bytes(b"half a down")
    write_idx(tmp_path / "data/MNIST/raw", arrays)
    assert_full(datasets.load("mnist", size="full"), arrays)
    assert theirs.read_bytes() == b"half a down"
    assert "passed over" in capsys.readouterr().err


def test_idx_files_of_another_set_are_not_taken_for_this_one(
    tiny, arrays, tmp_path, monkeypatch, write_idx
):
    # Fashion-MNIST's files have the same names as MNIST's.
    write_idx(tmp_path / "mine", arrays)
    write_idx(tmp_path / "mine/FashionMNIST/raw", arrays)
    monkeypatch.setenv("LABKIT_DATA", str(tmp_path / "mine"))
    assert loader.full_paths("mnist") == []


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"LABKIT_CACHE": "/a"}, "/a"),
        ({"LABKIT_CACHE": "~/a"}, "/h/a"),
        ({"XDG_CACHE_HOME": "/x"}, "/x/labkit"),
        ({"XDG_CACHE_HOME": "relative"}, "/h/.cache/labkit"),
        ({}, "/h/.cache/labkit"),
    ],
)
def test_cache_folder(variables, expected, monkeypatch):
    for variable in ("LABKIT_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", "/h")
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    assert loader.cache_folder() == Path(expected)


def test_cache_folder_of_a_user_without_a_home(monkeypatch):
    def no_home():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("LABKIT_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", no_home)
    assert loader.cache_folder().name == "labkit"
