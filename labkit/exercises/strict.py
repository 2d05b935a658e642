"""Numbers that leave their range stop the code; the grader's sandbox uses this file, too."""

import contextlib
import warnings
from collections.abc import Iterator

import numpy as np


@contextlib.contextmanager
def strict_numbers() -> Iterator[None]:
    """Inside the block an overflow, a division by zero and a NaN stop the code, as errors do."""
    with (
        warnings.catch_warnings(),
        np.errstate(over="raise", divide="raise", invalid="raise", under="ignore"),
    ):
        warnings.simplefilter("error")
        for outdated in (DeprecationWarning, PendingDeprecationWarning, FutureWarning):
            warnings.simplefilter("ignore", outdated)
        yield
