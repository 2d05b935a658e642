"""What every function is tried with: shapes that differ, settings that matter, and extremes."""

from dataclasses import replace

import numpy as np

from labkit.testing.case import Case, given, normal, positive
from labkit.testing.loss_cases import LOSSES
from labkit.testing.normalization_cases import NORMALIZATIONS
from labkit.testing.sequence_cases import SEQUENCES


def _ids_and_table(k, d, *shape):
    return lambda rng: (rng.integers(k, size=shape), rng.normal(size=(k, d)))


def _choice(condition, *shapes):
    return lambda rng: (rng.normal(size=condition) > 0, *normal(*shapes)(rng))


def _small_whole(*shape):
    return lambda rng: (rng.integers(3, size=shape).astype(np.float64),)


# fmt: off
_PAIRS = (
    Case("two matrices", positive((3, 4), (3, 4))),
    Case("a row repeated", positive((3, 4), (4,))),
    Case("a column and a row", positive((3, 1), (1, 4))),
    Case("a number repeated", positive((), (2, 3))),
    Case("nothing", positive((0, 4), (1, 4))),
)
_ONE = (
    Case("a matrix", normal((3, 4))),
    Case("one number", normal(())),
    Case("nothing", normal((0, 4))),
)
_REDUCTIONS = (
    Case("all of a matrix", normal((3, 4))),
    Case("rows", normal((3, 4)), {"axis": 0}),
    Case("last axis kept", normal((2, 3, 4)), {"axis": -1, "keepdims": True}),
    Case("two axes", normal((2, 3, 4)), {"axis": (0, 2)}),
    Case("one number", normal((1, 1)), {"axis": 1}),
)
_ACTIVATIONS = (
    Case("a matrix", normal((3, 4))),
    Case("four axes", normal((2, 3, 2, 2))),
    Case("extremes", given([[-1000.0, -30.0, -1e-3, 1e-3, 30.0, 1000.0]])),
    Case("one number", normal((1, 1))),
    Case("nothing", normal((0, 4))),
)
_SOFTMAXES = (
    *_ACTIVATIONS,
    Case("first axis", normal((3, 4)), {"axis": 0}),
    Case("middle axis", normal((2, 3, 4)), {"axis": 1}),
    Case("one logit far ahead", given([[1000.0, -1000.0, 0.0], [-1000.0, -1000.0, -1000.0]])),
)
_POOLS = (
    Case("windows that touch", normal((2, 3, 6, 8)), {"kernel_size": 2}),
    Case("windows that overlap", normal((2, 2, 7, 8)), {"kernel_size": (3, 2), "stride": (2, 1)}),
    Case("windows with gaps", normal((1, 2, 8, 7)), {"kernel_size": 2, "stride": 3}),
    Case("padding", normal((2, 1, 5, 6)), {"kernel_size": (2, 3), "padding": 1}),
    Case("a last window over the end", normal((2, 1, 6, 5)),
         {"kernel_size": (3, 2), "stride": 2, "padding": (1, 0), "ceil_mode": True}),
    Case("the whole image", normal((2, 3, 4, 5)), {"kernel_size": (4, 5)}),
    Case("one element", normal((1, 1, 1, 1)), {"kernel_size": 1}),
    Case("nothing", normal((0, 3, 4, 4)), {"kernel_size": 2}),
)

#: For each function, by name, the calls to try.
CASES: dict[str, tuple[Case, ...]] = {
    "add": _PAIRS,
    "subtract": _PAIRS,
    "multiply": _PAIRS,
    "divide": _PAIRS,
    "negative": _ONE,
    "power": (
        Case("cube", normal((3, 4)), {"exponent": 3}),
        Case("square root", positive((3, 4)), {"exponent": 0.5}),
        Case("reciprocal", positive((4,)), {"exponent": -1}),
        Case("zero", normal((2, 2)), {"exponent": 0}),
        Case("zero to the first", given([0.0, 2.0]), {"exponent": 1}),
    ),
    "exp": (*_ONE, Case("far below", given([-1000.0, 0.0]))),
    "log": (Case("a matrix", positive((3, 4))), Case("nothing", positive((0, 4)))),
    "sqrt": (Case("a matrix", positive((3, 4))), Case("nothing", positive((0, 4)))),
    "absolute": (*_ONE, Case("at the kink", given([0.0, -2.0, 3.0]), smooth=False)),
    "maximum": (
        Case("two matrices", normal((3, 4), (3, 4))),
        Case("a row repeated", normal((3, 4), (4,))),
        Case("equal numbers", given([1.0, 2.0, 3.0], [1.0, 5.0, 0.0]), smooth=False),
    ),
    "where": (
        Case("two matrices", _choice((3, 4), (3, 4), (3, 4))),
        Case("a number and a column", _choice((3, 4), (), (3, 1))),
    ),
    "matmul": (
        Case("two matrices", normal((3, 4), (4, 2))),
        Case("batches", normal((2, 3, 4), (2, 4, 5))),
        Case("one matrix for a batch", normal((2, 3, 4), (4, 5))),
        Case("a vector behind", normal((3, 4), (4,))),
        Case("a vector in front", normal((4,), (2, 4, 3))),
        Case("two vectors", normal((4,), (4,))),
        Case("a vector behind a batch", normal((2, 3, 4), (4,))),
        Case("nothing", normal((0, 4), (4, 2))),
    ),
    "reduce_sum": (*_REDUCTIONS, Case("nothing", normal((0, 4)), {"axis": 0})),
    "reduce_mean": _REDUCTIONS,
    "reduce_max": (
        *_REDUCTIONS,
        Case("equal maxima", given([[2.0, 1.0, 2.0], [0.0, 3.0, 3.0]]), {"axis": 1}, smooth=False),
    ),
    "reshape": (
        Case("a matrix", normal((3, 4)), {"shape": (2, 6)}),
        Case("one size left out", normal((2, 3, 4)), {"shape": (4, -1)}),
    ),
    "transpose": (
        Case("a matrix", normal((3, 4))),
        Case("three axes", normal((2, 3, 4)), {"axes": (1, 2, 0)}),
        Case("axes from the end", normal((2, 3, 4)), {"axes": (-1, 0, -2)}),
    ),
    "getitem": (
        Case("a row", normal((3, 4)), {"index": 1}),
        Case("a block", normal((3, 4)), {"index": (slice(None, 2), slice(None, None, 2))}),
        Case("one row twice", normal((3, 4)), {"index": np.array([2, 2, 0])}),
        Case("pairs of places", normal((3, 4)),
             {"index": (np.array([0, 2, 0]), np.array([1, 3, 1]))}),
        Case("a mask", normal((2, 2)), {"index": np.array([[True, False], [True, True]])}),
    ),
    "concatenate": (
        Case("rows", normal((1, 3), (2, 3), (4, 3))),
        Case("columns", normal((2, 1), (2, 3)), {"axis": 1}),
        Case("last axis", normal((2, 2, 1), (2, 2, 3)), {"axis": -1}),
        Case("nothing and something", normal((0, 3), (2, 3))),
    ),
    "relu": (*_ACTIVATIONS, Case("at the kink", given([-1.0, 0.0, 1.0]), smooth=False)),
    "leaky_relu": (
        *_ACTIVATIONS,
        Case("a steep slope", normal((3, 4)), {"negative_slope": 0.3}),
        Case("at the kink", given([-1.0, 0.0, 1.0]), {"negative_slope": 0.2}, smooth=False),
    ),
    "soft_threshold": (
        Case("a matrix", normal((3, 4)), {"amount": 0.5}),
        Case("extremes", given([[-1000.0, -0.5, 1e-3, 0.5, 1000.0]]), {"amount": 2.0}),
        Case("nothing to take", normal((2, 3)), {"amount": 0.0}),
        Case("at the kink", given([-1.0, 1.0]), {"amount": 1.0}, smooth=False),
        Case("nothing", normal((0, 4)), {"amount": 1.0}),
    ),
    "elu": (*_ACTIVATIONS, Case("a steep fall", normal((3, 4)), {"alpha": 2.5})),
    "gelu": (*_ACTIVATIONS,
             *(replace(c, about=f"{c.about}, by tanh", config={"approximate": "tanh"})
               for c in _ACTIVATIONS)),
    "silu": _ACTIVATIONS,
    "softplus": _ACTIVATIONS,
    "sigmoid": _ACTIVATIONS,
    "tanh": _ACTIVATIONS,
    "softmax": _SOFTMAXES,
    "log_softmax": _SOFTMAXES,
    "linear": (
        Case("a batch", normal((5, 3), (3, 2), (2,))),
        Case("no bias", normal((5, 3), (3, 2))),
        Case("a batch of sequences", normal((2, 4, 3), (3, 5), (5,))),
        Case("one vector", normal((3,), (3, 2), (2,))),
        Case("one number", normal((1, 1), (1, 1), (1,))),
        Case("nothing", normal((0, 3), (3, 2), (2,))),
    ),
    "embedding": (
        Case("a list of ids", _ids_and_table(5, 3, 4)),
        Case("sequences with repeats", _ids_and_table(3, 2, 4, 6)),
        Case("nothing", _ids_and_table(3, 2, 0, 6)),
    ),
    "conv2d": (
        Case("plain", normal((2, 3, 5, 6), (4, 3, 3, 2), (4,))),
        Case("no bias", normal((2, 1, 4, 5), (3, 1, 2, 3))),
        Case("stride and padding", normal((2, 2, 6, 5), (3, 2, 3, 2), (3,)),
             {"stride": (2, 1), "padding": (1, 2)}),
        Case("dilation", normal((1, 2, 7, 8), (2, 2, 2, 3), (2,)), {"dilation": (3, 2)}),
        Case("groups", normal((2, 4, 5, 4), (6, 2, 2, 3), (6,)), {"groups": 2, "padding": 1}),
        Case("one kernel per channel", normal((2, 3, 5, 5), (3, 1, 3, 3)),
             {"groups": 3, "stride": 2}),
        Case("the same size", normal((2, 2, 5, 6), (3, 2, 4, 3), (3,)), {"padding": "same"}),
        Case("everything", normal((2, 4, 9, 8), (2, 2, 3, 2), (2,)),
             {"stride": (2, 3), "padding": (2, 1), "dilation": (2, 1), "groups": 2}),
        Case("one element", normal((1, 1, 1, 1), (1, 1, 1, 1), (1,))),
        Case("nothing", normal((0, 2, 4, 4), (3, 2, 2, 2), (3,))),
    ),
    "conv_transpose2d": (
        Case("plain", normal((2, 3, 4, 3), (3, 2, 3, 2), (2,))),
        Case("no bias", normal((2, 1, 3, 4), (1, 3, 2, 3))),
        Case("stride and padding", normal((2, 2, 4, 3), (2, 3, 3, 4), (3,)),
             {"stride": (2, 3), "padding": (1, 2)}),
        Case("dilation", normal((1, 2, 3, 4), (2, 2, 2, 3), (2,)), {"dilation": (3, 2)}),
        Case("output padding", normal((2, 2, 3, 3), (2, 2, 3, 3), (2,)),
             {"stride": (3, 2), "padding": 1, "output_padding": (2, 1)}),
        Case("output padding below the dilation", normal((1, 1, 3, 3), (1, 2, 2, 2)),
             {"dilation": 3, "output_padding": (2, 1)}),
        Case("groups", normal((2, 4, 3, 2), (4, 3, 2, 3), (6,)), {"groups": 2, "stride": 2}),
        Case("one element", normal((1, 1, 1, 1), (1, 1, 1, 1), (1,))),
        Case("nothing", normal((0, 2, 4, 4), (2, 3, 2, 2), (3,))),
    ),
    "max_pool2d": (
        *_POOLS,
        Case("dilation", normal((2, 2, 7, 8)),
             {"kernel_size": (3, 2), "dilation": (2, 3), "stride": 1}),
        Case("equal maxima", _small_whole(2, 2, 6, 6),
             {"kernel_size": 3, "stride": 2}, smooth=False),
        Case("equal maxima beside padding", _small_whole(2, 2, 6, 6),
             {"kernel_size": 3, "padding": 1, "ceil_mode": True}, smooth=False),
    ),
    "avg_pool2d": (
        *_POOLS,
        Case("padding that does not count", normal((2, 2, 6, 5)),
             {"kernel_size": (2, 3), "padding": 1, "stride": 2, "count_include_pad": False}),
        Case("a last window over the end, padding not counted", normal((1, 2, 6, 7)),
             {"kernel_size": 4, "padding": (1, 2), "stride": 3, "ceil_mode": True,
              "count_include_pad": False}),
    ),
    **LOSSES,
    **SEQUENCES,
    **NORMALIZATIONS,
}
# fmt: on
