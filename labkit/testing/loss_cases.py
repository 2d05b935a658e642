"""What every loss is tried with."""

import numpy as np

from labkit.testing.case import Case, given, normal


def _logits_and_ids(*shape):
    return lambda rng: (rng.normal(size=shape), rng.integers(shape[-1], size=shape[:-1]))


def _logits_and_rows(*shape):
    return lambda rng: (rng.normal(size=shape), rng.dirichlet(np.ones(shape[-1]), size=shape[:-1]))


def _logits_and_fractions(*shape):
    return lambda rng: (rng.normal(size=shape), rng.uniform(size=shape))


# fmt: off
_REGRESSIONS = (
    Case("a column", normal((5, 1), (5, 1))),
    Case("three axes", normal((2, 3, 4), (2, 3, 4))),
    Case("extremes", given([[1000.0, -1000.0]], [[-1000.0, 500.0]])),
    Case("one number", normal((1,), (1,))),
)

LOSSES: dict[str, tuple[Case, ...]] = {
    "mean_squared_error": _REGRESSIONS,
    "mean_absolute_error": (
        *_REGRESSIONS,
        Case("at the kink", given([1.0, 2.0], [1.0, 5.0]), smooth=False),
    ),
    "huber": (
        *_REGRESSIONS,
        Case("errors on both sides of delta", normal((4, 3), (4, 3)), {"delta": 0.7}),
        Case("an error of delta", given([2.0, -0.5], [0.0, 0.0]), {"delta": 2.0}),
    ),
    "cross_entropy": (
        Case("a batch", _logits_and_ids(5, 3)),
        Case("a batch of sequences", _logits_and_ids(2, 4, 3)),
        Case("extremes, right and wrong", given([[1000.0, -1000.0], [1000.0, -1000.0]], [0, 1])),
        Case("one example of one class", given([[3.0]], [0])),
        Case("one example", _logits_and_ids(1, 4)),
    ),
    "binary_cross_entropy": (
        Case("yes or no", given([[0.3], [-1.2], [2.0]], [[1.0], [0.0], [1.0]]), constants=(1,)),
        Case("probabilities", _logits_and_fractions(3, 4), constants=(1,)),
        Case("extremes, right and wrong",
             given([1000.0, -1000.0, 1000.0, -1000.0], [1.0, 0.0, 0.0, 1.0]), constants=(1,)),
        Case("one number", _logits_and_fractions(1), constants=(1,)),
    ),
    "kl_divergence": (
        Case("a batch", _logits_and_rows(4, 3), constants=(1,)),
        Case("a batch of sequences", _logits_and_rows(2, 3, 4), constants=(1,)),
        Case("zeros in the target", given([[0.3, -1.0, 2.0]], [[0.25, 0.0, 0.75]]), constants=(1,)),
        Case("extremes", given([[1000.0, -1000.0]], [[0.5, 0.5]]), constants=(1,)),
        Case("one class", given([[3.0]], [[1.0]]), constants=(1,)),
    ),
}
# fmt: on
