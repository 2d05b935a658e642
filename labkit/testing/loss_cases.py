"""What every loss is tried with."""

import numpy as np

from labkit.testing.case import Case, given, normal


def _logits_and_ids(*shape):
    return lambda rng: (rng.normal(size=shape), rng.integers(shape[-1], size=shape[:-1]))


def _logits_and_rows(*shape):
    return lambda rng: (rng.normal(size=shape), rng.dirichlet(np.ones(shape[-1]), size=shape[:-1]))


def _logits_and_fractions(*shape):
    return lambda rng: (rng.normal(size=shape), rng.uniform(size=shape))


def _scores_and_signs(*shape):
    return lambda rng: (rng.normal(size=shape), np.where(rng.normal(size=shape) > 0, 1.0, -1.0))


def _frames_and_labels(n, t, k, s):
    return lambda rng: (rng.normal(size=(n, t, k)), rng.integers(1, k, size=(n, s)))


def _wave(*shape):
    """Logits that need no generator, none like another."""
    return np.sin(np.arange(np.prod(shape)).reshape(shape) * 1.7) * 2


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
        Case("smoothed labels", _logits_and_ids(5, 3), {"label_smoothing": 0.2}),
        Case("examples that do not count", given([[0.3, -1.0], [2.0, 0.1], [1.0, 4.0]], [1, -1, 0]),
             {"ignore_index": -1}),
        Case("classes that count more", _logits_and_ids(2, 4, 3), {"weight": (0.5, 2.0, 3.0)}),
        Case("all at once", given([[0.3, -1.0, 0.7], [2.0, 0.1, 5.0], [1.0, 4.0, 0.0]], [1, 2, 0]),
             {"label_smoothing": 0.1, "ignore_index": 2, "weight": (0.5, 2.0, 3.0)}),
        Case("smoothed extremes", given([[1000.0, -1000.0], [1000.0, -1000.0]], [0, 1]),
             {"label_smoothing": 0.1}),
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
    "hinge": (
        Case("a batch", _scores_and_signs(5), constants=(1,)),
        Case("a matrix, a wide margin", _scores_and_signs(3, 4), {"margin": 2.5}, constants=(1,)),
        Case("extremes", given([1000.0, -1000.0], [1.0, 1.0]), constants=(1,)),
        Case("one number", _scores_and_signs(1), constants=(1,)),
    ),
    "triplet_loss": (
        Case("a batch", normal((5, 3), (5, 3), (5, 3))),
        Case("a wide margin", normal((4, 2), (4, 2), (4, 2)), {"margin": 3.0}),
        Case("extremes", given([[1000.0, 0.0]], [[-1000.0, 1.0]], [[1000.0, 2.0]])),
        Case("all equal", given([[1.0, 2.0]], [[1.0, 2.0]], [[1.0, 2.0]]), smooth=False),
        Case("one number", normal((1, 1), (1, 1), (1, 1))),
    ),
    "info_nce": (
        Case("a batch", normal((4, 3), (4, 3))),
        Case("hot", normal((3, 5), (3, 5)), {"temperature": 2.0}),
        Case("extremes", given([[1000.0], [-1000.0]], [[-1.0], [1.0]])),
        Case("one pair", normal((1, 3), (1, 3))),
    ),
    "ctc_loss": (
        Case("a batch", _frames_and_labels(2, 7, 4, 3)),
        Case("labels that repeat", given(_wave(1, 8, 3), [[1, 1, 2, 2]])),
        Case("just enough frames", given(_wave(2, 4, 3), [[1, 2, 2], [2, 1, 2]])),
        Case("another blank", given(_wave(2, 6, 4), [[0, 1, 0], [3, 1, 1]]), {"blank": 2}),
        Case("sequences of different lengths",
             given(_wave(3, 7, 4), [[1, 2, 3], [3, 3, 0], [2, 0, 0]]),
             {"input_lengths": (7, 5, 2), "target_lengths": (3, 2, 1)}),
        Case("an empty target", given(_wave(2, 3, 3), [[1], [0]]), {"target_lengths": (1, 0)}),
        Case("extremes", given([[[1000.0, -1000.0], [-1000.0, 1000.0]],
                                [[1000.0, -1000.0], [950.0, -1000.0]]], [[1], [1]])),
        Case("one frame", given(_wave(1, 1, 2), [[1]])),
    ),
}
# fmt: on
