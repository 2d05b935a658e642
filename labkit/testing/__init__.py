"""One table of cases for every function, and checks that take any function in its place.

The package's own tests, the comparison with PyTorch and Keras, and the exercises all read the
same table. A check raises `Mismatch`, whose text says what was tried and what came.
"""

from labkit.testing.case import Case
from labkit.testing.cases import CASES
from labkit.testing.checks import (
    GRADIENT_TOLERANCE,
    VALUE_TOLERANCE,
    Mismatch,
    check_forward,
    check_vjp,
    reference,
    vjp_of,
)

__all__ = [
    "CASES",
    "GRADIENT_TOLERANCE",
    "VALUE_TOLERANCE",
    "Case",
    "Mismatch",
    "check_forward",
    "check_vjp",
    "reference",
    "vjp_of",
]
