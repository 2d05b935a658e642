"""What can be loaded, where it is on the web, and the checksums that prove it arrived whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Checksums = Mapping[str, str]

IDX_FILES = {
    "x_train": "train-images-idx3-ubyte.gz",
    "y_train": "train-labels-idx1-ubyte.gz",
    "x_test": "t10k-images-idx3-ubyte.gz",
    "y_test": "t10k-labels-idx1-ubyte.gz",
}
ARRAYS = tuple(IDX_FILES)


@dataclass(frozen=True)
class Mirror:
    """A folder on the web, and the published checksum of each file in it (None if there is none).

    The same arrays are packed differently from mirror to mirror, so a checksum of the file belongs
    to the mirror and a checksum of the arrays belongs to the data set. Both must be right.
    """

    base: str
    files: Mapping[str, str | None]


@dataclass(frozen=True)
class Entry:
    """One data set: its names, its bundled part and its full set.

    `bundled` and `full` map each array to the SHA-256 of its bytes (uint8, C order); `counts` are
    the full set's numbers of training and test examples; `folders` are the names under which this
    package, keras, torchvision and Debian keep the set on disk.
    """

    name: str
    classes: tuple[str, ...]
    counts: tuple[int, int]
    image: tuple[int, int]
    licence: str
    origin: str
    bundled_file: str
    bundled: Checksums
    full: Checksums
    folders: tuple[str, ...]
    mirrors: tuple[Mirror, ...]


_MNIST_IDX = {
    IDX_FILES["x_train"]: "md5:f68b3c2dcbeaaa9fbdd348bbdeb94873",
    IDX_FILES["y_train"]: "md5:d53e105ee54ea40749a09fcbcd1e9432",
    IDX_FILES["x_test"]: "md5:9fb629c4189551a2d022fa330f9573f3",
    IDX_FILES["y_test"]: "md5:ec29112dd5afa0611ce80d1b7f02629c",
}
_FASHION_IDX = {
    IDX_FILES["x_train"]: "md5:8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    IDX_FILES["y_train"]: "md5:25c81989df183df01b3e8a0aad5dffbe",
    IDX_FILES["x_test"]: "md5:bef4ecab320f06d8554ea6380940ec79",
    IDX_FILES["y_test"]: "md5:bb300cfdad3c16e7a12a480ee83cd310",
}
_UNPUBLISHED: dict[str, str | None] = dict.fromkeys(IDX_FILES.values())
_KERAS_NPZ = {
    "mnist.npz": "sha256:731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"
}
_KERAS = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"

MNIST = Entry(
    name="mnist",
    classes=tuple("0123456789"),
    counts=(60_000, 10_000),
    image=(28, 28),
    licence="CC BY-SA 3.0, Yann LeCun and Corinna Cortes",
    origin="MNIST, handwritten digits (LeCun, Bottou, Bengio, Haffner 1998)",
    bundled_file="mnist_5k.npz",
    bundled={
        "x_train": "faa2150c1760bf30b38e9f1165afa4cfc8bb4f168155b86e5b6ba35e7b7e964a",
        "y_train": "90fd4cb80f5437971f994d1c4676710e3839bf29e944d8a99740d1db76e462eb",
        "x_test": "21d283d3605b34d9ffcdc021a92b5baa61655fd3aacf0fde1691384592660d98",
        "y_test": "b18ccbf2e89cb618e8c6e293befb47d36a9f45b8214c2be8db2a015b6f4438ee",
    },
    full={
        "x_train": "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
        "y_train": "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13",
        "x_test": "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
        "y_test": "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5",
    },
    folders=("mnist", "MNIST/raw"),
    mirrors=(
        Mirror(_KERAS, _KERAS_NPZ),
        Mirror("https://ossci-datasets.s3.amazonaws.com/mnist/", _MNIST_IDX),
        Mirror("https://storage.googleapis.com/cvdf-datasets/mnist/", _MNIST_IDX),
        Mirror("https://raw.githubusercontent.com/fgnt/mnist/master/", _UNPUBLISHED),
        Mirror("http://yann.lecun.com/exdb/mnist/", _MNIST_IDX),
    ),
)

FASHION_MNIST = Entry(
    name="fashion_mnist",
    classes=(
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
    counts=(60_000, 10_000),
    image=(28, 28),
    licence="MIT, Zalando SE",
    origin="Fashion-MNIST, articles of clothing (Xiao, Rasul, Vollgraf 2017)",
    bundled_file="fashion_5k.npz",
    bundled={
        "x_train": "219e0834d6dbbfcccb72e61d67310bfef387e43aba6c40b2bc63758d7ad925c9",
        "y_train": "4e5c0e8f28b58a4a5a035b2c3ca5c4e9b9dcd1ae36ad28d9ac24bdc36dc09cf1",
        "x_test": "3d7f6d64869a3f2d1afe64ae33ffb9b20670a91b31e3bbf0657e3999ec7b35cf",
        "y_test": "6b25654537ff83dd6c40fe0a122c7778d8219b2a88ff02c36dbdd21152fdb075",
    },
    full={
        "x_train": "2e487a6c89124f78f2d7521542223cafe96f7123c3ca13d447772ac6ecbb3012",
        "y_train": "657fbd221bfc9f4198cc14b5619cc33ec57c58dd0e47af4d99d6650759e869a7",
        "x_test": "c867c93ff95360594e8ec3287995350b824dd110b11595c0e13d5423f621867a",
        "y_test": "3d0e6c6ea990b53b6f8f500a41cac93881d981b315f84578b7d915342ade01e9",
    },
    folders=("fashion_mnist", "fashion-mnist", "FashionMNIST/raw"),
    mirrors=(
        Mirror("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/", _FASHION_IDX),
        Mirror(
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
            _FASHION_IDX,
        ),
        Mirror(_KERAS, _UNPUBLISHED),
    ),
)

ENTRIES: dict[str, Entry] = {entry.name: entry for entry in (MNIST, FASHION_MNIST)}
