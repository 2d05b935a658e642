"""Real data for every page: a bundled part at once and offline, the full set when asked.

>>> from labkit import datasets
>>> digits = datasets.load("mnist")
>>> print(digits)
mnist, bundled subset: 4,000/1,000 of 70,000 (train/test)
  x_train  (4000, 28, 28)   uint8  grey levels 0 to 255
  y_train  (4000,)          int64  classes 0 to 9
  x_test   (1000, 28, 28)   uint8  grey levels 0 to 255
  y_test   (1000,)          int64  classes 0 to 9

>>> print(datasets.load_text("shakespeare"))
shakespeare: 758,288/94,399/93,528 characters (train/validation/test), 80 kinds
>>> print(datasets.load_pairs("dates"))
dates: 10,000/1,000/1,000 pairs (train/validation/test)
"""

from labkit.datasets.grammar import agreement_sentence
from labkit.datasets.loader import Dataset, load, names
from labkit.datasets.texts import (
    PairedText,
    Pairs,
    Text,
    load_pairs,
    load_text,
    pair_names,
    text_names,
)

__all__ = [
    "Dataset",
    "PairedText",
    "Pairs",
    "Text",
    "agreement_sentence",
    "load",
    "load_pairs",
    "load_text",
    "names",
    "pair_names",
    "text_names",
]
