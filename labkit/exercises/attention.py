"""The exercises of the chapter `attention`.

What is right is known by hand, from a slow loop, or from turning both vectors where the answer
turns one.
"""

import math

import numpy as np

from labkit.exercises.compare import require, same, same_array
from labkit.exercises.exercise import Check, Exercise, case, value

LOUDER_ANSWER = value(
    "the answer to the louder query",
    2.4,
    hint="Twice the query makes twice the scores: log 2 becomes log 4. What are the shares now?",
    mistakes=(
        (5.0, "That is the old answer; the softmax does not forgive a factor."),
        (10.0, "The scores double, not the answer."),
        (72.0, "The shares must sum to one."),
    ),
)


def window_by_hand(answer, rng):
    """Four tokens that see themselves and one more."""
    expected = [[1, 0, 0, 0], [1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1]]
    came = answer(4, 2)
    require(
        isinstance(came, np.ndarray) and came.dtype == bool and came.shape == (4, 4),
        "A square array of booleans is expected, as wide as the text is long.",
        came,
        "shape (4, 4), dtype bool",
    )
    same_array(came.astype(int), np.array(expected))


def window_extremes(answer, rng):
    """The narrowest window shows each itself, the widest all that came before."""
    same_array(np.asarray(answer(3, 1)).astype(int), np.eye(3, dtype=int))
    same_array(np.asarray(answer(3, 9)).astype(int), np.tri(3, dtype=int))


def window_counts(answer, rng):
    """Each token sees as many as there are, but at most the width; the last one sees the last."""
    t, width = int(rng.integers(6, 10)), int(rng.integers(3, 6))
    came = np.asarray(answer(t, width))
    same_array(came.sum(axis=1), np.array([min(i + 1, width) for i in range(t)]))
    same_array(np.flatnonzero(came[-1]), np.arange(t - width, t))


WINDOW_MASK = (
    Check(
        "four tokens, a width of two",
        window_by_hand,
        "Token i sees token j if 0 <= i - j < width. Rows ask, columns are asked.",
    ),
    Check(
        "a width of one, and one wider than the text",
        window_extremes,
        "The narrowest window shows each token itself; the widest is the causal mask.",
    ),
    Check(
        "how many each sees",
        window_counts,
        "The first tokens have fewer before them; the last ones see only the nearest.",
    ),
)


def one_answer(asked, k, v, allowed):
    """What a single query hears, one key at a time."""
    places = np.flatnonzero(allowed)
    scores = [float(asked @ k[j]) / math.sqrt(len(asked)) for j in places]
    shares = [math.exp(score - max(scores)) for score in scores]
    return sum(share * v[j] for share, j in zip(shares, places, strict=True)) / sum(shares)


def attends(answer, rng):
    """Five queries, seven keys of three numbers, values of two; a third of the pairs masked."""
    q, k, v = rng.normal(size=(5, 3)), rng.normal(size=(7, 3)), rng.normal(size=(7, 2))
    mask = rng.random((5, 7)) < 0.6
    mask[:, 2] = True
    expected = np.array([one_answer(q[i], k, v, mask[i]) for i in range(5)])
    same_array(answer(q, k, v, mask), expected, 1e-9)


def large_scores(answer, rng):
    """Scores of 1000 and -1000: one key is heard, and among equals the mean."""
    q, k = np.array([[1.0], [-1.0]]), np.array([[1000.0], [-1000.0], [1000.0]])
    v = np.array([[3.0], [6.0], [7.0]])
    same_array(answer(q, k, v, np.ones((2, 3), dtype=bool)), np.array([[5.0], [6.0]]))
    masked = np.array([[True, False, False], [True, False, True]])
    same_array(answer(q, k, v, masked), np.array([[3.0], [5.0]]))


def leaves_arguments(answer, rng):
    """The arguments are as they were."""
    q, k, v = rng.normal(size=(2, 4)), rng.normal(size=(3, 4)), rng.normal(size=(3, 4))
    mask = np.array([[True, False, True], [True, True, True]])
    before = [a.copy() for a in (q, k, v, mask)]
    answer(q, k, v, mask)
    for came, kept in zip((q, k, v, mask), before, strict=True):
        require(np.array_equal(came, kept), "An argument has been changed.", came, "left as it was")


ATTEND = (
    Check(
        "five queries, seven keys, a mask",
        attends,
        "Scores over the root of d, a softmax along the keys that may be asked, times the values.",
    ),
    Check(
        "scores of a thousand",
        large_scores,
        "Subtract the largest score that is not masked before you take the exponential.",
    ),
    Check(
        "arguments are left alone",
        leaves_arguments,
        "Make new arrays; `scores -= ...` is fine on your own, not on q, k, v or the mask.",
    ),
)


def turned(pair, angle):
    """The pair, turned."""
    return complex(*pair) * complex(math.cos(angle), math.sin(angle))


def turns_both(answer, rng):
    """Both turned as complex numbers: the product of two pairs is a real part."""
    q, k, theta = rng.normal(size=2), rng.normal(size=2), float(rng.uniform(0.1, 1))
    i, j = (int(n) for n in rng.integers(1, 30, size=2))
    expected = (turned(q, i * theta) * turned(k, j * theta).conjugate()).real
    same(float(answer(q, k, i, j, theta)), expected)


def distance_only(answer, rng):
    """The same distance elsewhere gives the same product; the reverse does not."""
    q, k = rng.normal(size=2), rng.normal(size=2)
    near, far = float(answer(q, k, 3, 1, 0.4)), float(answer(q, k, 1003, 1001, 0.4))
    require(abs(near - far) < 1e-9, "Distance 2 here and distance 2 far away differ.", far, "equal")


TURNED_PRODUCT = (
    case(
        "a quarter turn of the query",
        np.array([1.0, 0.0]),
        np.array([0.0, 1.0]),
        1,
        0,
        math.pi / 2,
        expected=1.0,
        hint="(1, 0) turned by a quarter is (0, 1): anticlockwise.",
    ),
    case(
        "the key ahead",
        np.array([1.0, 0.0]),
        np.array([0.0, 1.0]),
        0,
        1,
        math.pi / 2,
        expected=-1.0,
        hint="The angle is that of i minus j: its sign says who stands behind.",
    ),
    Check("as if both were turned", turns_both, "By how much must the query be turned alone?"),
    Check("the same at the same distance", distance_only, "Only i - j may stand in your answer."),
)

ATTENTION_WORK = (
    case(
        "3 tokens of 5 numbers",
        3,
        5,
        expected=390,
        hint="4 matrices: 4 * 3 * 25 = 300. Scores: 9 pairs of 5 numbers; sums: as much again.",
        mistakes=(
            (345, "The weighted sums of the values cost as much as the scores."),
            (300, "That is the matrices alone."),
            (315, "Every token asks every other: t squared pairs."),
        ),
    ),
    case("one token", 1, 4, expected=72, hint="4 * 16 and 2 * 4."),
    case(
        "t = 2 d: half and half",
        8,
        4,
        expected=1024,
        hint="The matrices take 512, scores and sums as much.",
    ),
)

EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        name="louder_answer",
        topic="attention",
        asks="louder_answer is the answer of the first section for the query (4, 0, 0, 0).",
        section="Three words on paper",
        equation="eq-attention",
        see="labkit.ops.scaled_dot_product_attention",
        checks=(LOUDER_ANSWER,),
    ),
    Exercise(
        name="window_mask",
        topic="attention",
        form="window_mask(t, width)",
        asks="window_mask(t, width) returns the mask (t, t) with which each token sees itself and "
        "the width - 1 tokens before it.",
        section="Who may be asked",
        equation="eq-causal-mask",
        see="labkit.ops.causal_mask",
        checks=WINDOW_MASK,
    ),
    Exercise(
        name="attend",
        topic="attention",
        form="attend(q, k, v, mask)",
        asks="attend(q, k, v, mask) returns attention in NumPy alone; q (t, d), k (s, d), "
        "v (s, e), mask (t, s).",
        section="Queries, keys and values",
        equation="eq-attention",
        see="labkit.ops.scaled_dot_product_attention",
        points=2,
        checks=ATTEND,
    ),
    Exercise(
        name="turned_product",
        topic="attention",
        form="turned_product(q, k, i, j, theta)",
        asks="turned_product(q, k, i, j, theta) returns the product of two pairs after rotary "
        "positions i and j, with a single turn.",
        section="It sees a set",
        equation="eq-rotary",
        see="labkit.ops.rotary",
        points=2,
        checks=TURNED_PRODUCT,
    ),
    Exercise(
        name="attention_work",
        topic="attention",
        form="attention_work(t, d)",
        asks="attention_work(t, d) returns the multiplications of a self-attention of width d on t "
        "tokens.",
        section="Where it fails",
        equation="eq-multi-head-attention",
        see="labkit.nn.MultiHeadAttention",
        checks=ATTENTION_WORK,
    ),
)
