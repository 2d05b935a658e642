"""Real data for every page: a bundled part at once and offline, the full set when asked.

>>> from labkit import datasets
>>> digits = datasets.load("mnist")
>>> print(digits)
mnist, bundled subset: 4,000/1,000 of 70,000 (train/test)
  x_train  (4000, 28, 28)   uint8  grey levels 0 to 255
  y_train  (4000,)          int64  classes 0 to 9
  x_test   (1000, 28, 28)   uint8  grey levels 0 to 255
  y_test   (1000,)          int64  classes 0 to 9
"""

from labkit.datasets.loader import Dataset, load, names

__all__ = ["Dataset", "load", "names"]
