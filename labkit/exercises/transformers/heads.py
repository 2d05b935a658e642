"""The lab's attention: one weight by hand, masked rows, who may be asked, many heads.

The checks go token by token and head by head, with sums where an answer has matrices; or they set
most weights to zero, so that what is left can be worked out by hand.
"""

import math

import numpy as np

from labkit.exercises.compare import require, same_array
from labkit.exercises.exercise import Check, Exercise, case, value

MASKED_SHARE = value(
    "the weight of the second key",
    0.375,
    hint="Which keys may the third token see? Divide by the root of 4, then take exponentials.",
    mistakes=(
        (0.1875, "The third token may not see the fourth."),
        (0.75, "A token sees itself too."),
        (9 / 26, "Divide the products by the root of the width first."),
        (3**0.5 / (3 + 3**0.5), "The products are divided by the root of the width, which is 2."),
        (3.0, "That is the exponential; the weights of the keys must sum to one."),
    ),
)


def softmax_by_loop(answer, rng):
    """Row by row with math.exp; one mask for all heads and queries of a text."""
    scores = rng.normal(size=(2, 3, 4, 5))
    mask = rng.random((2, 1, 1, 5)) < 0.6
    mask[..., 2] = True
    expected = np.zeros_like(scores)
    for n, h, i in np.ndindex(2, 3, 4):
        places = np.flatnonzero(mask[n, 0, 0])
        total = sum(math.exp(scores[n, h, i, j]) for j in places)
        for j in places:
            expected[n, h, i, j] = math.exp(scores[n, h, i, j]) / total
    same_array(answer(scores, mask), expected)


MASKED_SOFTMAX = (
    case(
        "two rows by hand",
        np.log(np.array([[1.0, 3.0, 4.0], [2.0, 2.0, 4.0]])),
        np.array([[True, True, False], [True, True, True]]),
        expected=np.array([[0.25, 0.75, 0.0], [0.25, 0.25, 0.5]]),
        hint="A masked score takes no share, and the others share what is left: 1, not less.",
        mistakes=(
            (
                np.array([[0.125, 0.375, 0.0], [0.25, 0.25, 0.5]]),
                "The first row sums to a half: leave the masked score out before you divide.",
            ),
        ),
    ),
    case(
        "large scores, behind the mask and before it",
        np.array([[0.0, 0.0, 9000.0], [1000.0, -1000.0, 1000.0], [-2000.0, -2000.0, 0.0]]),
        np.array([[True, True, False], [True, True, True], [True, True, False]]),
        expected=np.array([[0.5, 0.5, 0.0], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]]),
        hint="In each row, subtract the largest score among those that may be seen.",
    ),
    case(
        "a row that may look nowhere",
        np.array([[1.0, 2.0], [3.0, 3.0]]),
        np.array([[False, False], [True, True]]),
        expected=np.array([[0.0, 0.0], [0.5, 0.5]]),
        hint="There is no mean of nothing: all weights of that row are 0.",
    ),
    Check(
        "texts, heads, one mask for all queries",
        softmax_by_loop,
        "Keys lie on the last axis; keepdims=True lets a row's sum divide its row.",
    ),
)


def mask_by_hand(answer, rng):
    """Two queries, the last of three places; texts of three tokens and of one."""
    came = answer(np.array([3, 1]), 2, 3)
    require(
        isinstance(came, np.ndarray) and came.dtype == bool and came.shape == (2, 1, 2, 3),
        "Booleans of shape (b, 1, t, s) are expected.",
        came,
        "shape (2, 1, 2, 3), dtype bool",
    )
    expected = [[[[1, 1, 0], [1, 1, 1]]], [[[1, 0, 0], [1, 0, 0]]]]
    same_array(came.astype(int), np.array(expected))


def one_query(answer, rng):
    """A single query stands at the last place: it sees all real tokens."""
    lengths = rng.integers(0, 7, size=4)
    came = np.asarray(answer(lengths, 1, 6)).astype(int)
    same_array(came, np.array([[[[1] * n + [0] * (6 - n)]] for n in lengths.tolist()]))


def mask_by_loop(answer, rng):
    """As many queries as keys, and fewer, place by place."""
    for t, s in ((5, 5), (3, 7)):
        lengths = rng.integers(1, s + 1, size=3)
        expected = np.zeros((3, 1, t, s), dtype=int)
        for n, i, j in np.ndindex(3, t, s):
            expected[n, 0, i, j] = j < lengths[n] and j <= s - t + i
        same_array(np.asarray(answer(lengths, t, s)).astype(int), expected)


TEXT_MASK = (
    Check(
        "two queries, three places",
        mask_by_hand,
        "The first query stands at place s - t; key j is seen up to there, and if j < length.",
    ),
    Check(
        "one query sees all real tokens",
        one_query,
        "The last query stands at the last place. Padding stands behind the text.",
    ),
    Check(
        "five and five, three and seven",
        mask_by_loop,
        "Compare places: np.arange for the keys, and s - t + np.arange(t) for the queries.",
    ),
)


def some_weights(rng, d, heads, dk, dv, hidden):
    """The weights of a block of width d, every one of them random."""
    shapes = {
        "wq": (d, heads * dk),
        "wk": (d, heads * dk),
        "wv": (d, heads * dv),
        "wo": (heads * dv, d),
        "gain1": (d,),
        "bias1": (d,),
        "gain2": (d,),
        "bias2": (d,),
        "w1": (d, hidden),
        "b1": (hidden,),
        "w2": (hidden, d),
        "b2": (d,),
    }
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}


def heard(weights, heads, asking, tokens):
    """What one token hears from a list of tokens: heads are added, each through its rows of wo."""
    dk, dv = weights["wq"].shape[1] // heads, weights["wv"].shape[1] // heads
    out = np.zeros(weights["wo"].shape[1])
    for head in range(heads):
        narrow, wide = slice(head * dk, (head + 1) * dk), slice(head * dv, (head + 1) * dv)
        query = asking @ weights["wq"][:, narrow]
        scores = [query @ (one @ weights["wk"][:, narrow]) / math.sqrt(dk) for one in tokens]
        shares = [math.exp(score - max(scores)) for score in scores]
        for share, one in zip(shares, tokens, strict=True):
            value = one @ weights["wv"][:, wide]
            out += share / sum(shares) * value @ weights["wo"][wide]
    return out


def one_head_by_hand(answer, rng):
    """Scores of log 3 and 0."""
    eye = np.eye(2)
    weights = {"wq": eye * math.log(3) * 2**0.5, "wk": eye, "wv": eye * 4, "wo": eye * 10}
    x, memory = np.array([[[1.0, 0.0]]]), np.array([[[1.0, 0.0], [0.0, 1.0]]])
    came = answer(x, memory, weights, 1, np.ones((1, 1, 1, 2), dtype=bool))
    same_array(came, np.array([[[30.0, 10.0]]]))


def heads_keep_apart(answer, rng):
    """Queries of zero: each head hears the mean of its own columns, of the tokens it may see."""
    weights = {"wq": np.zeros((4, 6)), "wk": rng.normal(size=(4, 6)), "wv": np.eye(4)}
    weights["wo"] = np.eye(4)
    memory = np.arange(12.0).reshape(1, 3, 4)
    mask = np.array([[[[True, True, False]], [[False, False, True]]]])
    came = answer(np.ones((1, 2, 4)), memory, weights, 2, mask)
    same_array(came, np.array([[[2.0, 3.0, 10.0, 11.0]] * 2]))


def heads_by_loop(answer, rng):
    """Five tokens ask seven of another text; keys and values of other widths than the tokens."""
    weights = some_weights(rng, 6, 3, 4, 2, 1)
    x, memory = rng.normal(size=(2, 5, 6)), rng.normal(size=(2, 7, 6))
    mask = rng.random((2, 1, 5, 7)) < 0.6
    mask[..., 3] = True
    expected = np.empty_like(x)
    for n, i in np.ndindex(2, 5):
        expected[n, i] = heard(weights, 3, x[n, i], memory[n][mask[n, 0, i]])
    same_array(answer(x, memory, weights, 3, mask), expected)


MANY_HEADS = (
    Check(
        "one head by hand",
        one_head_by_hand,
        "Queries come from x, keys and values from the memory; wo comes last.",
    ),
    Check(
        "two heads with a mask each",
        heads_keep_apart,
        "Head 0 has the first columns of wq, wk and wv, head 1 the next: (b, t, heads, width).",
    ),
    Check(
        "five tokens ask seven, three heads",
        heads_by_loop,
        "Divide by the root of one head's width. Swap axes 1 and 2 before you join the heads.",
    ),
)


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        name="masked_share",
        topic="transformers",
        graded=True,
        asks="masked_share is the weight that the third of four tokens gives to the second key, "
        "with a causal mask and a width of 4.",
        section="Reading and writing",
        see="labkit.ops.scaled_dot_product_attention",
        checks=(MASKED_SHARE,),
    ),
    Exercise(
        name="masked_softmax",
        topic="transformers",
        graded=True,
        form="masked_softmax(scores, mask)",
        asks="masked_softmax(scores, mask) returns the weights (..., t, s): a softmax along the "
        "last axis over the scores whose mask is True, 0 elsewhere, and 0 in rows without any.",
        section="Reading and writing",
        see="labkit.ops.scaled_dot_product_attention",
        points=2,
        checks=MASKED_SOFTMAX,
    ),
    Exercise(
        name="text_mask",
        topic="transformers",
        graded=True,
        form="text_mask(lengths, t, s)",
        asks="text_mask(lengths, t, s) returns booleans (b, 1, t, s): which of s places each of "
        "the last t may see, if text n has lengths[n] real tokens and padding behind them.",
        section="Reading and writing",
        equation="eq-translation",
        see="labkit.ops.causal_mask",
        points=2,
        checks=TEXT_MASK,
    ),
    Exercise(
        name="many_heads",
        topic="transformers",
        graded=True,
        form="many_heads(x, memory, weights, heads, mask)",
        asks="many_heads(x, memory, weights, heads, mask) returns what the tokens x (b, t, d) hear "
        "from memory (b, s, d), of the shape of x; weights has wq, wk, wv and wo.",
        section="Reading and writing",
        see="labkit.nn.MultiHeadAttention",
        points=3,
        checks=MANY_HEADS,
    ),
)
