"""Text to model and pairs of sentences to translate: bundled, proven, and split once for all."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass

from labkit.datasets.files import CorruptFile, bundled_path, unpack
from labkit.datasets.loader import Papers, one_of

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class TextEntry:
    """One bundled text file; `counts` are the characters, or the pairs, in its three splits.

    `sha256` is that of the unpacked text: another release of gzip may pack the same text otherwise.
    """

    name: str
    bundled_file: str
    sha256: str
    counts: tuple[int, int, int]
    origin: str
    licence: str


TEXTS = {
    entry.name: entry
    for entry in (
        TextEntry(
            name="shakespeare",
            bundled_file="shakespeare.txt.gz",
            sha256="550fb29f9e9bab2048a1653bb78a7521f97df4d6aa7f7a77b3c82ff7115e9774",
            counts=(758_288, 94_399, 93_528),
            origin="seven plays and the sonnets of William Shakespeare, in modern spelling",
            licence="CC BY 2.5, Open Knowledge Foundation",
        ),
        TextEntry(
            name="tang_quatrains",
            bundled_file="tang_quatrains.txt.gz",
            sha256="ee3705fab5b9438726004aa881cf280b0dec56ed0c29fced18ad933edde82d65",
            counts=(324_331, 40_431, 40_528),
            origin="quatrains of the Tang dynasty, in simplified characters",
            licence="MIT, JackeyGao",
        ),
    )
}
PAIRS = {
    entry.name: entry
    for entry in (
        TextEntry(
            name="dates",
            bundled_file="dates.tsv",
            sha256="e130b1e1cbe99db5d16d5c59c930aa667f0015c4902301625baf005f9a045ed2",
            counts=(10_000, 1_000, 1_000),
            origin="dates as five languages write them, and in ISO 8601; generated",
            licence="CC0 1.0, the authors of the course",
        ),
    )
}


@dataclass(frozen=True, repr=False)
class Text(Papers):
    """A text in three parts, each a `str`: `train`, `validation` and `test`."""

    train: str
    validation: str
    test: str

    @property
    def text(self) -> str:
        """Give the three parts in one."""
        return self.train + self.validation + self.test

    def __repr__(self) -> str:
        parts = (f"{len(getattr(self, split)):,}" for split in SPLITS)
        kinds = len(set(self.text))
        return f"{self.name}: {'/'.join(parts)} characters (train/validation/test), {kinds:,} kinds"


@dataclass(frozen=True)
class Pairs:
    """Sentences in two languages: `target[i]` is the translation of `source[i]`."""

    source: tuple[str, ...]
    target: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.source)

    def __repr__(self) -> str:
        return f"{len(self):,} pairs, the first: {self.source[0]!r} -> {self.target[0]!r}"


@dataclass(frozen=True, repr=False)
class PairedText(Papers):
    """Sentences and their translations in three parts: `train`, `validation` and `test`."""

    train: Pairs
    validation: Pairs
    test: Pairs

    def __repr__(self) -> str:
        parts = (f"{len(getattr(self, split)):,}" for split in SPLITS)
        return f"{self.name}: {'/'.join(parts)} pairs (train/validation/test)"


def text_names() -> tuple[str, ...]:
    """Give the names that `load_text` takes.

    >>> text_names()
    ('shakespeare', 'tang_quatrains')
    """
    return tuple(TEXTS)


def pair_names() -> tuple[str, ...]:
    """Give the names that `load_pairs` takes.

    >>> pair_names()
    ('dates',)
    """
    return tuple(PAIRS)


def load_text(name: str) -> Text:
    """Load a bundled text, proven by its SHA-256, with its three fixed splits.

    Raises ValueError if there is no text of that name or the file is damaged.

    >>> shakespeare = load_text("shakespeare")
    >>> shakespeare
    shakespeare: 758,288/94,399/93,528 characters (train/validation/test), 80 kinds
    >>> shakespeare.train[:16]
    'ROMEO AND JULIET'
    """
    entry = TEXTS[one_of("name", name, text_names())]
    text, source = _read(entry)
    return Text(entry.name, entry.origin, source, entry.licence, *_cut(text, entry.counts))


def load_pairs(name: str) -> PairedText:
    """Load bundled pairs of sentences, proven by their SHA-256, with their three fixed splits.

    Raises ValueError if there are no pairs of that name or the file is damaged.

    >>> dates = load_pairs("dates")
    >>> dates
    dates: 10,000/1,000/1,000 pairs (train/validation/test)
    >>> dates.train.source[1], dates.train.target[1]
    ('10 mars 2037', '2037-03-10')
    """
    entry = PAIRS[one_of("name", name, pair_names())]
    text, source = _read(entry)
    rows = [line.split("\t") for line in text.splitlines()]
    parts = (Pairs(*zip(*part, strict=True)) for part in _cut(rows, entry.counts))
    return PairedText(entry.name, entry.origin, source, entry.licence, *parts)


def _cut(whole, counts):
    first, second = counts[0], counts[0] + counts[1]
    return whole[:first], whole[first:second], whole[second:]


def _read(entry: TextEntry) -> tuple[str, str]:
    """Give the text of a bundled file, and a sentence that says which file it is."""
    path = bundled_path(entry.name, entry.bundled_file)
    try:
        raw = unpack(path) if path.suffix == ".gz" else path.read_bytes()
    except (EOFError, OSError, ValueError, zlib.error) as error:
        raise CorruptFile(f"{path} is damaged: {error}") from error
    found = hashlib.sha256(raw).hexdigest()
    if found != entry.sha256:
        raise CorruptFile(
            f"{path} holds another text than it should: SHA-256 {found[:12]}..., "
            f"expected {entry.sha256[:12]}..."
        )
    return raw.decode("utf-8"), f"bundled data/{entry.name}/{path.name}, SHA-256 verified"
