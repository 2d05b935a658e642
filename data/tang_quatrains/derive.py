"""Make tang_quatrains.txt.gz from the npm package chinese-poetry 2.0.1, simplified by OpenCC 1.4.2.

Run in this folder::

    npm pack chinese-poetry@2.0.1
    pip install opencc==1.4.2
    python derive.py chinese-poetry-2.0.1.tgz tang_quatrains.txt.gz
"""

import gzip
import hashlib
import itertools
import json
import re
import sys
import tarfile

import opencc

POEMS = re.compile(r"package/dist/quantangshi/poet\.tang\.(\d+)\.json")
TGZ_SHA256 = "25b549e46919c3a0569db6b68ddc96956b04a484ea4518ad2bbd4f137e307e86"
# Four lines of five characters, or four of seven, from the main block of CJK characters.
QUATRAIN = re.compile("|".join(rf"(?:[一-鿿]{{{n}}}，[一-鿿]{{{n}}}。){{2}}" for n in (5, 7)))


def read_poems(tgz):
    """Give the text of each poem in the package, in the package's order, in traditional script."""
    with open(tgz, "rb") as file:
        if hashlib.sha256(file.read()).hexdigest() != TGZ_SHA256:
            raise ValueError(f"{tgz} is not the package chinese-poetry 2.0.1")
    with tarfile.open(tgz) as archive:
        found = {int(m[1]): m[0] for m in map(POEMS.fullmatch, archive.getnames()) if m}
        files = [json.load(archive.extractfile(found[number])) for number in sorted(found)]
    return ["".join(poem["paragraphs"]) for poems in files for poem in poems]


def choose(poems):
    """Keep the quatrains that share no line with an earlier one: a variant is no new poem."""
    seen, kept = set(), []
    for poem in filter(QUATRAIN.fullmatch, poems):
        lines = set(re.split("[，。]", poem)) - {""}
        if not lines & seen:
            kept.append(poem)
        seen |= lines
    return kept


def main(tgz, out):
    """Write one poem a line, ordered by SHA-256, which mixes poets and times as chance would."""
    poems = read_poems(tgz)
    kept = choose(map(opencc.OpenCC("t2s").convert, poems))
    kept.sort(key=lambda poem: hashlib.sha256(poem.encode()).hexdigest())
    cuts = (0, len(kept) * 8 // 10, len(kept) * 9 // 10, len(kept))
    parts = ["".join(poem + "\n" for poem in kept[a:b]) for a, b in itertools.pairwise(cuts)]
    print(len(kept), "poems, characters:", *map(len, parts))
    with open(out, "wb") as file:
        file.write(gzip.compress("".join(parts).encode(), 9, mtime=0))


if __name__ == "__main__":
    main(*sys.argv[1:])
