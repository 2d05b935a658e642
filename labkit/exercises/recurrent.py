"""The exercises of the chapter `recurrent`.

A gradient is known as the limit of differences, a perplexity from probabilities that were chosen,
and a count from the layer itself.
"""

import math

import numpy as np

from labkit.exercises.compare import require, same, same_array, whole_number
from labkit.exercises.exercise import Check, Exercise, case, refuses
from labkit.gradcheck import numerical_gradient
from labkit.nn import LSTM
from labkit.ops.recurrent import gru_cell

ROUNDING = 1e-6  # of differences, relative to the largest number


def as_in_the_layer(answer, rng):
    """Our own layer has the same numbers, less the second bias."""
    for _ in range(3):
        d_in, d = (int(size) for size in rng.integers(2, 9, size=2))
        ours = sum(p.data.size for p in LSTM(d_in, d, rng=rng).parameters())
        came = whole_number(answer(d_in, d))
        require(
            came == ours + 4 * d,
            f"An LSTM of labkit with d_in = {d_in} and d = {d} has {ours} numbers in W, U and b, "
            "and PyTorch's has one bias more.",
            came,
        )


LSTM_PARAMETERS = (
    case(
        "one input, one unit",
        1,
        1,
        expected=16,
        hint="Four gates, and each has one number in W, one in U and two biases.",
        mistakes=((12, "PyTorch adds two biases, where one would do."),),
    ),
    case(
        "three inputs, four units",
        3,
        4,
        expected=144,
        hint="W is (d_in, 4 d), U is (d, 4 d); which sizes have the biases?",
        mistakes=((128, "PyTorch adds two biases, where one would do."),),
    ),
    Check("any sizes", as_in_the_layer, "Count W, U and the two biases, then add."),
)


def it_leaves_the_share(answer, rng):
    """The gate's value to the power of the steps is the share."""
    for _ in range(5):
        share, steps = float(rng.uniform(0.05, 0.95)), int(rng.integers(2, 200))
        bias = answer(share, steps)
        same(float(bias), math.log(share ** (1 / steps) / (1 - share ** (1 / steps))))


FORGET_BIAS = (
    case(
        "a half, after one step",
        0.5,
        1,
        expected=0.0,
        hint="At which bias does a sigmoid give one half?",
    ),
    case(
        "a quarter, after two steps",
        0.25,
        2,
        expected=0.0,
        hint="Two steps multiply two equal factors: what is each?",
        mistakes=((-math.log(3), "That leaves a quarter after one step already."),),
    ),
    case(
        "nine tenths, after one step",
        0.9,
        1,
        expected=math.log(9),
        hint="Solve sigma(b) = f for b.",
        mistakes=(
            (-math.log(9), "The sign: a gate that keeps needs a positive bias."),
            (0.9, "0.9 is the gate; the bias is what the sigmoid is given."),
            (math.log(0.9), "sigma is not exp: one over sigma is 1 + e^-b."),
        ),
    ),
    Check("any share, any number of steps", it_leaves_the_share, "First find f, then b."),
)

PAIRS_X = np.array([[7, 1, 2], [7, 3, 0]])


def any_sentences(answer, rng):
    """Sentences of random lengths, rebuilt from what came."""
    lengths = rng.integers(1, 7, size=5)
    sentences = [rng.integers(3, 20, size=n).tolist() for n in lengths]
    x, y = checked_pair(answer(sentences, 1, 2))
    for row, words in enumerate(sentences):
        n = len(words) + 1
        same_array(x[row, :n], np.array([1, *words]))
        same_array(y[row, :n], np.array([*words, 2]))
        require((y[row, n:] == -1).all(), "Behind the end, -1 is the target.", y[row], "-1")
        inside = x[row, n:] >= 0
        require(inside.all(), "Behind the end, an input must still be some id.", x[row])
    require(x.shape == (5, lengths.max() + 1), "The shape is another one.", f"{x.shape}")


def checked_pair(came):
    """Raise Wrong unless two arrays of whole numbers of one shape came."""
    ok = isinstance(came, tuple | list) and len(came) == 2
    require(ok, "Two results are expected, inputs and targets.", came, "x, y")
    both = all(isinstance(a, np.ndarray) and np.issubdtype(a.dtype, np.integer) for a in came)
    require(both, "Both results must be arrays of whole numbers.", came, "two arrays of ids")
    require(came[0].shape == came[1].shape, "The two shapes differ.", came, "one shape")
    return came


def first_targets(answer, rng):
    """Two sentences, [1, 2] and [3]."""
    _, y = checked_pair(answer([[1, 2], [3]], 7, 8))
    same_array(y, np.array([[1, 2, 8], [3, 8, -1]]))


def first_inputs(answer, rng):
    """The same two; what stands behind an end is free."""
    x, _ = checked_pair(answer([[1, 2], [3]], 7, 8))
    require(x.shape == (2, 3), "The shape is another one.", f"{x.shape}", "(2, 3)")
    same_array(x[0], PAIRS_X[0])
    same_array(x[1, :2], PAIRS_X[1, :2])


def empty_sentence(answer, rng):
    """No word at all: its end follows its beginning."""
    x, y = checked_pair(answer([[]], 5, 6))
    same((x.copy(), y.copy()), (np.array([[5]]), np.array([[6]])))


NEXT_TOKEN_PAIRS = (
    Check("two sentences: the targets", first_targets, "Each word, then eos, then -1."),
    Check("two sentences: the inputs", first_inputs, "bos, then the words. Is the last one read?"),
    Check("an empty sentence", empty_sentence, "It has an end too, and that must be predicted."),
    Check("five sentences", any_sentences, "How long is the longest, with its end?"),
)


def even_odds(answer, rng):
    """Equal logits of k words are a perplexity of k, whatever is left out."""
    for k in (2, 5, 30):
        y = rng.integers(0, k, size=(3, 4))
        y[rng.random((3, 4)) < 0.4] = -1
        y[0, 0] = 0
        same(float(answer(np.full((3, 4, k), 2.5), y)), float(k))


def known_odds(answer, rng):
    """Rows whose probabilities were chosen, of which some do not count."""
    p = rng.dirichlet(np.ones(6), size=(4, 5))
    y = rng.integers(0, 6, size=(4, 5))
    y[:, 3:] = -1
    chosen = np.take_along_axis(p, np.maximum(y, 0)[..., np.newaxis], axis=-1)[:, :3]
    logits = np.log(p) + rng.normal(size=(4, 5, 1))
    same(float(answer(logits, y)), float(1 / chosen.prod() ** (1 / chosen.size)))


def far_behind(answer, rng):
    """Logits of a thousand: no overflow, and the certain word is no surprise."""
    logits = np.array([[[1000.0, 0.0], [0.0, 1000.0]]])
    same(float(answer(logits, np.array([[0, 1]]))), 1.0)


MASKED_PERPLEXITY = (
    case(
        "one half and one eighth",
        np.log(np.array([[[0.5, 0.5], [0.125, 0.875]]])),
        np.array([[0, 0]]),
        expected=4.0,
        hint="The mean of log 2 and log 8 is log 4.",
        mistakes=(
            (math.log(4), "That is the loss: its exponential is asked for."),
            (5.0, "The mean is over the logarithms, not over 2 and 8."),
            (16.0, "A mean, not a sum."),
        ),
    ),
    Check("words that are all alike", even_odds, "Left-out places do not count in the mean."),
    Check("chosen probabilities", known_odds, "Turn logits into log-probabilities first."),
    Check("logits of a thousand", far_behind, "Subtract the largest before any exponential."),
)


def step_of(rng):
    """One step with numbers of its own: g, h, z, u, b."""
    g, h = rng.normal(size=(3, 4)), rng.normal(size=(3, 4))
    return g, h, rng.normal(size=(3, 12)), rng.normal(size=(4, 12)), rng.normal(size=4)


def slope_by_differences(answer, rng):
    """Three sequences of four units, against differences of the cell."""
    g, h, z, u, b = step_of(rng)
    measured = numerical_gradient(lambda h: (g * gru_cell(z, h, u, b)).sum(), h)
    same_array(answer(g, h, z, u, b), measured, ROUNDING)


def kept_state(answer, rng):
    """A gate q of one: the state is passed on, and so is the gradient."""
    g, h, z, u, b = step_of(rng)
    z[:, 4:8] = 1000
    same_array(answer(g, h, z, u, b), g, ROUNDING)


def no_matrix(answer, rng):
    """With U = 0 only q is left."""
    g, h, z, u, b = step_of(rng)
    q = 1 / (1 + np.exp(-z[:, 4:8]))
    same_array(answer(g, h, z, np.zeros_like(u), b), g * q, ROUNDING)


GRU_SLOPE = (
    Check("q = 1: all is kept", kept_state, "What does h_t depend on when q is 1?"),
    Check("U = 0: only q is left", no_matrix, "One of four paths does not pass U."),
    Check(
        "three sequences of four units: equal to differences",
        slope_by_differences,
        "Four paths lead from h to h': directly, through r, through q, through the proposal.",
    ),
)

EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        name="lstm_parameters",
        topic="recurrent",
        form="lstm_parameters(d_in, d)",
        asks="lstm_parameters(d_in, d) returns how many numbers PyTorch's LSTM layer learns.",
        section="A memory with gates",
        equation="eq-lstm",
        see="labkit.nn.LSTM",
        checks=LSTM_PARAMETERS,
    ),
    Exercise(
        name="forget_bias",
        topic="recurrent",
        form="forget_bias(share, steps)",
        asks="forget_bias(share, steps) returns the bias b at which sigma(b) to the power steps is "
        "share.",
        section="A memory with gates",
        equation="eq-lstm-gradient",
        see="labkit.ops.lstm",
        checks=FORGET_BIAS,
    ),
    Exercise(
        name="next_token_pairs",
        topic="recurrent",
        form="next_token_pairs(sentences, bos, eos)",
        asks="next_token_pairs(sentences, bos, eos) returns inputs and targets (n, t), from lists "
        "of ids; -1 where nothing is asked.",
        section="A language that we know",
        see="labkit.dataloader.next_tokens",
        points=2,
        checks=NEXT_TOKEN_PAIRS,
    ),
    Exercise(
        name="masked_perplexity",
        topic="recurrent",
        form="masked_perplexity(logits, target)",
        asks="masked_perplexity(logits, target) returns the perplexity over all places where the "
        "target is not -1; logits (n, t, k), target (n, t).",
        section="A language that we know",
        equation="eq-perplexity",
        see="labkit.metrics.perplexity",
        points=2,
        checks=(
            *MASKED_PERPLEXITY,
            refuses(
                "nothing is asked",
                np.zeros((1, 2, 3)),
                np.array([[-1, -1]]),
                because="there is no word to be surprised by",
                hint="Raise ValueError when no target counts.",
            ),
        ),
    ),
    Exercise(
        name="gru_slope",
        topic="recurrent",
        form="gru_slope(g, h, z, u, b)",
        asks="gru_slope(g, h, z, u, b) returns the gradient in the old state h (n, d) of one step "
        "of a GRU; g (n, d) is that in the new one, z (n, 3 d) and u (d, 3 d) are as in gru_cell.",
        section="A memory with gates",
        equation="eq-gru-gradient",
        see="labkit.ops.gru_cell",
        points=2,
        checks=GRU_SLOPE,
    ),
)
