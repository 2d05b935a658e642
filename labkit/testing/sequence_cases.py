"""What everything that reads sequences is tried with: recurrent networks, attention, positions."""

import numpy as np

from labkit.testing.case import Case, normal


def _queries_mask(*shapes, mask):
    """Queries, keys and values, and booleans of which about two in three are True."""
    return lambda rng: (*normal(*shapes)(rng), rng.random(mask) < 0.65)


def _looking_nowhere(rng):
    mask = np.array([[True, False, True, False], [False] * 4, [True] * 4])
    return *normal((2, 1, 3, 5), (2, 1, 4, 5), (2, 1, 4, 6))(rng), mask


def _with_bias(*shapes, mask, bias):
    return lambda rng: (*normal(*shapes)(rng), rng.random(mask) < 0.65, rng.normal(size=bias))


def _far(*shapes):
    """Numbers of which some are 1000 and some -1000, so that every gate is shut or open."""
    return lambda rng: tuple(1000 * np.sign(rng.normal(size=shape)) for shape in shapes)


def _gates(count, states, extra=()):
    """Cases of a recurrent network: batch, steps and width are three different numbers."""

    def shapes(n, t, d):
        return ((n, t, count * d), *[(n, d)] * states, (d, count * d), *[(d,) for _ in extra])

    return (
        Case("a batch", normal(*shapes(2, 4, 3))),
        Case("ends at different steps", normal(*shapes(4, 3, 2)), {"lengths": (3, 1, 2, 0)}),
        Case(
            "extremes", _far(*shapes(2, 3, 2)), smooth=False
        ),  # 1000 leaves a difference no digits
        Case("one step of one number", normal(*shapes(1, 1, 1))),
        Case("no sequence", normal(*shapes(0, 4, 3))),
    )


# fmt: off
_GROUPED = ((2, 6, 3, 4), (2, 2, 5, 4), (2, 2, 5, 7))
SEQUENCES: dict[str, tuple[Case, ...]] = {
    "rnn_cell": (
        Case("a batch", normal((4, 3), (4, 3), (3, 3))),
        Case("extremes", _far((4, 3), (4, 3), (3, 3))),
        Case("one number", normal((1, 1), (1, 1), (1, 1))),
    ),
    "gru_cell": (
        Case("a batch", normal((4, 6), (4, 2), (2, 6), (2,))),
        Case("extremes", _far((4, 6), (4, 2), (2, 6), (2,))),
        Case("one number", normal((1, 3), (1, 1), (1, 3), (1,))),
    ),
    "rnn": _gates(1, 1),
    "lstm": _gates(4, 2),
    "gru": _gates(3, 1, extra="b"),
    "scaled_dot_product_attention": (
        Case("a batch of heads", normal((2, 3, 4, 5), (2, 3, 6, 5), (2, 3, 6, 7))),
        Case("one mask for all",
             _queries_mask((2, 3, 4, 5), (2, 3, 6, 5), (2, 3, 6, 7), mask=(4, 6))),
        Case("a mask for each example",
             _queries_mask((2, 3, 4, 5), (2, 3, 6, 5), (2, 3, 6, 7), mask=(2, 1, 4, 6))),
        Case("a query that may look nowhere", _looking_nowhere),
        Case("a mask and a bias", _with_bias((2, 3, 4, 5), (2, 3, 6, 5), (2, 3, 6, 7),
                                             mask=(4, 6), bias=(3, 4, 6))),
        Case("extremes", _far((1, 2, 3, 16), (1, 2, 5, 16), (1, 2, 5, 6))),
        Case("one number", normal((1, 1, 1, 1), (1, 1, 1, 1), (1, 1, 1, 1))),
        Case("no query", normal((2, 3, 0, 5), (2, 3, 6, 5), (2, 3, 6, 7))),
    ),
    "grouped_query_attention": (
        Case("three queries share a key", normal(*_GROUPED)),
        Case("one mask for all", _queries_mask(*_GROUPED, mask=(3, 5))),
        Case("a mask for each example", _queries_mask(*_GROUPED, mask=(2, 1, 3, 5))),
        Case("a mask and a bias for each head",
             _with_bias(*_GROUPED, mask=(6, 3, 5), bias=(6, 3, 5))),
        Case("all share one key", normal((2, 3, 4, 5), (2, 1, 6, 5), (2, 1, 6, 7))),
        Case("as many keys as queries", normal((2, 3, 4, 5), (2, 3, 6, 5), (2, 3, 6, 7))),
    ),
    "rotary": (
        Case("a batch of heads", normal((2, 3, 5, 4))),
        Case("behind a cache", normal((2, 5, 6)), {"start": 7}),
        Case("another base", normal((3, 8)), {"base": 50.0}),
        Case("extremes", _far((3, 4))),
        Case("nothing", normal((2, 0, 4))),
    ),
}
# fmt: on
