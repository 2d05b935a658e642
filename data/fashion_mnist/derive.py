"""Make fashion_5k.npz, byte for byte, from the Debian package dataset-fashion-mnist.

Run in this folder, on Debian or Ubuntu, with numpy installed::

    apt-get download dataset-fashion-mnist
    dpkg -x dataset-fashion-mnist_*.deb unpacked
    python derive.py unpacked/usr/share/datasets/fashion-mnist fashion_5k.npz
"""

import gzip
import hashlib
import sys
from pathlib import Path

import numpy as np

# MD5 of the unpacked files. Debian packs them anew, so the .gz sums differ from Zalando's.
MD5 = {
    "train-images-idx3-ubyte": "f4a8712d7a061bf5bd6d2ca38dc4d50a",
    "train-labels-idx1-ubyte": "9018921c3c673c538a1fc5bad174d6f9",
    "t10k-images-idx3-ubyte": "8181f5470baa50b63fa0f6fddb340f0a",
    "t10k-labels-idx1-ubyte": "15d484375f8d13e6eb1aabb0c3f46965",
}


def read(folder, name):
    """Give one idx file as uint8: images (n, 28, 28) or labels (n,)."""
    raw = gzip.decompress((Path(folder) / f"{name}.gz").read_bytes())
    if hashlib.md5(raw).hexdigest() != MD5[name]:
        raise ValueError(f"{name} in {folder} is not the published file")
    if "images" in name:
        return np.frombuffer(raw, np.uint8, offset=16).reshape(-1, 28, 28)
    return np.frombuffer(raw, np.uint8, offset=8)


def first_of_each_class(labels, per_class):
    """Give the indices of the first `per_class` examples of each class, in file order."""
    first = [np.flatnonzero(labels == c)[:per_class] for c in np.unique(labels)]
    return np.sort(np.concatenate(first))


def main(folder, out):
    """Write the four arrays to `out`."""
    arrays = {}
    for part, prefix, per_class in (("train", "train", 500), ("test", "t10k", 100)):
        x, y = (read(folder, f"{prefix}-{kind}-ubyte") for kind in ("images-idx3", "labels-idx1"))
        keep = first_of_each_class(y, per_class)
        arrays |= {f"x_{part}": x[keep], f"y_{part}": y[keep]}
    np.savez_compressed(out, **arrays)


if __name__ == "__main__":
    main(*sys.argv[1:])
