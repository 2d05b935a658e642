"""The exercises at the end of the chapter `transformers`.

What is right is known by hand, from a slow loop over all continuations, or from the parameters of
a block that stands there.
"""

import numpy as np

from labkit.exercises.compare import require, same, same_array
from labkit.exercises.exercise import Check, Exercise, case, value
from labkit.nn import DecoderBlock

NORMED_TOKEN = value(
    "the four numbers",
    (-2, 0, 0, 6),
    hint="The mean is 4. What is the mean of the four squares of what is left?",
    mistakes=(
        ((-1, -1 / 3, -1 / 3, 5 / 3), "Now stretch by w and shift by b."),
        ((-3, -1, -1, 5), "That is stretched; the shift is missing."),
        ((0, 2, 2, 8), "Each stretch makes the distance from the mean w times as large."),
    ),
)


def shifts_any(answer, rng):
    """Random ids: the first column is the start, and column i what stood in column i - 1."""
    y = rng.integers(1, 50, size=(3, 6))
    start = int(rng.integers(50, 60))
    came = answer(y.copy(), start)
    expected = np.empty_like(y)
    for row in range(3):
        for i in range(6):
            expected[row, i] = y[row, i - 1] if i else start
    same_array(came, expected)


def shift_leaves_its_input(answer, rng):
    """The targets are needed for the loss afterwards."""
    y = rng.integers(1, 50, size=(2, 4))
    kept = y.copy()
    answer(y, 0)
    require(np.array_equal(y, kept), "The targets themselves were changed.", y, str(kept.tolist()))


DECODER_INPUT = (
    case(
        "two sentences by hand",
        np.array([[5, 6, 7], [8, 9, 4]]),
        1,
        expected=np.array([[1, 5, 6], [1, 8, 9]]),
        hint="To say the first token it has read the start; to say the third, two tokens.",
        mistakes=(
            (np.array([[6, 7, 1], [9, 4, 1]]), "That is the other way: it could read its answer."),
            (np.array([[7, 5, 6], [4, 8, 9]]), "The last token may not come round to the front."),
        ),
    ),
    case(
        "one token",
        np.array([[3]]),
        0,
        expected=np.array([[0]]),
        hint="A target of one token is asked for when only the start has been read.",
    ),
    Check(
        "any sentences",
        shifts_any,
        "The start token first, then every token but the last.",
    ),
    Check(
        "the targets stay",
        shift_leaves_its_input,
        "Make a new array; writing into y changes what the loss will compare with.",
    ),
)

CROSS_SHAPES = (
    case(
        "2 sentences, 5 tokens that ask 7, width 12, 3 heads",
        2,
        5,
        7,
        12,
        3,
        expected=((2, 3, 5, 4), (2, 3, 7, 4), (2, 3, 5, 7), (2, 5, 12)),
        hint="Queries are made of the target, keys of the source; heads share the width.",
    ),
    case(
        "one head, one token",
        1,
        1,
        9,
        8,
        1,
        expected=((1, 1, 1, 8), (1, 1, 9, 8), (1, 1, 1, 9), (1, 1, 8)),
        hint="With one head each query has all of the width.",
    ),
)


def counts_a_real_block(answer, rng):
    """A block of random sizes, counted one parameter at a time."""
    d, hidden = 2 * int(rng.integers(2, 6)), int(rng.integers(5, 30))
    block = DecoderBlock(d, 2, hidden, rng=rng)
    same(answer(d, hidden), sum(p.data.size for p in block.parameters()))


DECODER_BLOCK_PARAMETERS = (
    case(
        "width 1, hidden 1",
        1,
        1,
        expected=26,
        hint="Two attentions of 8, a feed-forward layer of 4, three normalizations of 2.",
        mistakes=((16, "That is an encoder's block: a decoder has one attention more."),),
    ),
    case(
        "the base model of the first paper",
        512,
        2048,
        expected=4_204_032,
        hint="16 d^2 + 19 d. Do the biases and all three normalizations count?",
    ),
    Check(
        "a block that stands there",
        counts_a_real_block,
        "Each of 8 matrices of attention has d biases; the layers have hidden and d of them.",
    ),
)


def beam_loop(scores, log_p, width):
    """All continuations in a list, sorted."""
    every = [
        (scores[row] + log_p[row, token], row, token)
        for row in range(len(scores))
        for token in range(log_p.shape[1])
    ]
    return [(row, token) for _, row, token in sorted(every, reverse=True)[:width]]


def beam_any(answer, rng):
    """Random beams, as many as there are and fewer, against a list of all continuations."""
    for beams, k, width in ((3, 5, 3), (2, 6, 4), (4, 3, 1)):
        scores = rng.normal(-3, 2, size=beams)
        log_p = np.log(rng.dirichlet(np.ones(k), size=beams))
        rows, tokens = answer(scores.copy(), log_p.copy(), width)
        expected = np.array(beam_loop(scores, log_p, width))
        same_array(np.stack([rows, tokens], axis=1), expected)


BEAM_STEP = (
    case(
        "two beams by hand",
        np.log(np.array([0.6, 0.4])),
        np.log(np.array([[0.4, 0.3, 0.3], [0.05, 0.9, 0.05]])),
        2,
        expected=(np.array([1, 0]), np.array([1, 0])),
        hint="0.4 times 0.9 is 0.36, and 0.6 times 0.4 is 0.24. Which comes first?",
    ),
    case(
        "all from one beam",
        np.log(np.array([0.9, 0.1])),
        np.log(np.array([[0.3, 0.6, 0.1], [0.1, 0.2, 0.7]])),
        2,
        expected=(np.array([0, 0]), np.array([1, 0])),
        hint="Two continuations of one beam may both be better than any of the other.",
    ),
    Check(
        "any beams",
        beam_any,
        "The width may differ from the number of beams; the best comes first.",
    ),
)

EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        name="normed_token",
        topic="transformers",
        asks="normed_token is the layer normalization of (1, 3, 3, 9), stretched by 3 and shifted "
        "by 1.",
        section="One token on paper",
        equation="eq-layer-norm",
        see="labkit.ops.layer_norm",
        checks=(NORMED_TOKEN,),
    ),
    Exercise(
        name="decoder_input",
        topic="transformers",
        form="decoder_input(y, start)",
        asks="decoder_input(y, start) returns what the decoder reads when it is to write y.",
        section="Reading and writing",
        equation="eq-translation",
        see="labkit.nn.DecoderBlock",
        checks=DECODER_INPUT,
    ),
    Exercise(
        name="cross_shapes",
        topic="transformers",
        form="cross_shapes(n, t, s, d, heads)",
        asks="cross_shapes(n, t, s, d, heads) returns the shapes of queries, keys, scores and "
        "result of a cross-attention.",
        section="Reading and writing",
        see="labkit.nn.MultiHeadAttention",
        checks=CROSS_SHAPES,
    ),
    Exercise(
        name="decoder_block_parameters",
        topic="transformers",
        form="decoder_block_parameters(d, hidden)",
        asks="decoder_block_parameters(d, hidden) returns how many parameters a decoder's block "
        "has.",
        section="A block",
        see="labkit.nn.DecoderBlock",
        checks=DECODER_BLOCK_PARAMETERS,
    ),
    Exercise(
        name="beam_step",
        topic="transformers",
        form="beam_step(scores, log_p, width)",
        asks="beam_step(scores, log_p, width) returns the beams and the tokens of the width "
        "likeliest continuations, best first.",
        section="Keeping more than one",
        see="labkit.generation.beam_search",
        points=2,
        checks=BEAM_STEP,
    ),
)
