"""The exercises of the chapter `losses`.

A loss is known from its best guess, found by hand or by trying; a slope from differences.
"""

import math

import numpy as np

from labkit.exercises.compare import Wrong, require, same, same_array
from labkit.exercises.exercise import Check, Exercise, case, value
from labkit.gradcheck import numerical_gradient

ROUNDING = 1e-6  # of differences, relative to the largest number


def three_guesses(answer, rng):
    """One guess for each loss."""
    ok = isinstance(answer, np.ndarray) and answer.shape == (3,)
    require(ok, "An array of three numbers is expected.", answer, "shape (3,)")


def squared_guess(answer, rng):
    """The mean of 10, 11, 12, 14 and 83."""
    guess(answer[0], 26.0)


def absolute_guess(answer, rng):
    """The one in the middle."""
    guess(answer[1], 12.0)


def huber_guess(answer, rng):
    """2 + (a - 11) + (a - 12) + (a - 14) - 2 = 0."""
    if abs(answer[2] - 12.25) < 1e-9:
        raise Wrong(
            "The pulls do not balance.",
            answer[2],
            hint="At your guess, is every error but the last within the limit of 2?",
        )
    guess(answer[2], 37 / 3)


def guess(came, expected):
    """Raise Wrong, without telling what was expected, unless the guess is the right one."""
    try:
        same(float(came), expected)
    except Wrong as wrong:
        wrong.expected = ""
        raise


BEST_GUESSES = (
    Check("one number for each loss", three_guesses, "Write np.array([..., ..., ...])."),
    Check("the squared error's", squared_guess, "The errors of the five mornings sum to zero."),
    Check(
        "the absolute error's",
        absolute_guess,
        "As many mornings above as below: does it matter how late the train is?",
    ),
    Check(
        "Huber's",
        huber_guess,
        "Write down what each morning pulls, the error or the limit, and set the sum to zero.",
    ),
)

NOISE_FLOOR = value(
    "the least that such labels can cost",
    -0.8 * math.log(0.8) - 0.2 * math.log(0.2 / 9),
    hint="Of one image, what is the distribution of the label over the ten classes?",
    mistakes=(
        (
            -0.8 * math.log(0.8) - 0.2 * math.log(0.2),
            "That is the entropy of right or wrong. A wrong label is one of nine.",
        ),
        (-math.log(0.8), "That is what the right labels cost alone. The wrong ones cost too."),
        (
            (-0.8 * math.log(0.8) - 0.2 * math.log(0.2 / 9)) / math.log(2),
            "These are bits; a loss is in nats.",
        ),
        (math.log(10), "That is what a net pays that knows nothing at all."),
    ),
)


def rows_of_three_axes(answer, rng):
    """Rows along the last axis, moderate numbers: the definition is safe."""
    z = rng.normal(size=(4, 3, 5))
    same_array(answer(z), np.log(np.exp(z).sum(axis=-1)))


def float32_stays(answer, rng):
    """float32 in, float32 out."""
    z = np.array([[100.0, 100.0], [-3.0, 5.0]], dtype=np.float32)
    same_array(answer(z), np.array([100 + math.log(2), 5 + math.log1p(math.exp(-8))], np.float32))


LOG_SUM = (
    case(
        "the logarithms of 1, 2 and 3",
        np.log([[1.0, 2.0, 3.0]]),
        expected=np.array([math.log(6)]),
        hint="e to each, their sum, its logarithm; one number for each row.",
    ),
    case(
        "logits of a thousand, up and down",
        np.array([[1000.0, 1000.0], [-1000.0, -1000.0], [-1000.0, 1000.0]]),
        expected=np.array([1000 + math.log(2), -1000 + math.log(2), 1000.0]),
        hint="Take the largest logit of each row out before the exponent and put it back after "
        "the logarithm.",
    ),
    Check("three axes", rows_of_three_axes, "Sum over the last axis, whatever the others are."),
    Check("float32", float32_stays, "Make no new array of floats."),
)


def two_results(came):
    """Raise Wrong unless a number and an array came."""
    ok = isinstance(came, tuple | list) and len(came) == 2
    require(ok, "Two results are expected, the loss and its slope.", came, "a number, an array")


def counts_by_hand(answer, rng):
    """A rate of 3 and a count of 2: 3 - 2 log 3, and 3 is one too many."""
    came = answer(np.array([math.log(3)]), np.array([2.0]))
    two_results(came)
    same(came[0], 3 - 2 * math.log(3))
    same_array(came[1], np.array([1.0]))


def counts_of_two_axes(answer, rng):
    """The mean over all numbers; the slope against differences of minus the log-likelihood."""
    z, y = rng.normal(size=(4, 3)), rng.poisson(2.0, size=(4, 3)).astype(float)
    factorials = np.vectorize(math.gamma)(y + 1)

    def surprise(z):
        return -np.log(np.exp(z) ** y * np.exp(-np.exp(z)) / factorials).mean()

    came = answer(z, y)
    two_results(came)
    same(came[0], float(surprise(z) - np.log(factorials).mean()))
    same_array(came[1], numerical_gradient(surprise, z), ROUNDING)


def best_rate(answer, rng):
    """One rate for all: at the mean of the counts the slopes balance."""
    y = rng.poisson(4.0, size=7).astype(float)
    came = answer(np.full(7, math.log(y.mean())), y)
    two_results(came)
    total = float(np.sum(came[1]))
    require(
        abs(total) < 1e-9,
        "With the mean of the counts as the rate, the slopes of the counts must balance.",
        f"a sum of {total:.3g}",
        "a sum of 0",
    )


def counts_in_float32(answer, rng):
    """The slope has the dtype of the input."""
    z = np.zeros(2, dtype=np.float32)
    came = answer(z, np.ones(2, dtype=np.float32))
    two_results(came)
    same_array(came[1], np.zeros(2, dtype=np.float32))


COUNT_LOSS = (
    Check("a rate of 3, a count of 2", counts_by_hand, "log(rate^y e^-rate), with rate = e^z."),
    Check("twelve counts", counts_of_two_axes, "A mean over all numbers, in loss and slope."),
    Check("one rate for all counts", best_rate, "Set the slope to zero: what is e^z then?"),
    Check("float32", counts_in_float32, "Make no new array of floats."),
)


def quantile_by_hand(answer, rng):
    """2 too high at 1/10 each, 8 too low at 9/10 each."""
    came = answer(np.array([12.0, 12.0]), np.array([10.0, 20.0]), 0.9)
    two_results(came)
    same(came[0], 3.7)
    same_array(came[1], np.array([0.05, -0.45]))


def half_of_absolute(answer, rng):
    """With a share of one half, half the absolute error, in any shape."""
    a, y = rng.normal(size=(3, 2)), rng.normal(size=(3, 2))
    came = answer(a, y, 0.5)
    two_results(came)
    same(came[0], float(np.abs(a - y).mean() / 2))
    same_array(came[1], np.sign(a - y) / 12)


def nine_of_ten(answer, rng):
    """Of the numbers 1 to 10, 9 and 10 are the best guesses; no other is as good."""
    y = rng.permutation(np.arange(1.0, 11.0))
    tried = np.array([3.5, 5.5, 8.5, 9.5, 10.5])
    costs = [answer(np.full(10, a), y, 0.9)[0] for a in tried]
    best = tried[int(np.argmin(costs))]
    require(
        best == 9.5,
        "Nine of the numbers 1 to 10 lie below 9.5, and for a share of 0.9 no guess may be better.",
        f"{best} costs less",
        "9.5 costs least",
    )


def quantile_in_float32(answer, rng):
    """The slope has the dtype of the input."""
    a = np.array([1.0, -1.0], dtype=np.float32)
    came = answer(a, np.zeros(2, dtype=np.float32), 0.25)
    two_results(came)
    same_array(came[1], np.array([0.375, -0.125], dtype=np.float32))


QUANTILE_LOSS = (
    Check(
        "two mornings", quantile_by_hand, "Too low costs the share per minute, too high the rest."
    ),
    Check("a share of one half", half_of_absolute, "Then both sides cost alike: half the error."),
    Check("nine of ten", nine_of_ten, "Which side must be the dear one, if most should lie below?"),
    Check("float32", quantile_in_float32, "Make no new array of floats."),
)

EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        name="best_guesses",
        topic="losses",
        asks="best_guesses is an array: the best guesses for the mornings 10, 11, 12, 14 and 83 "
        "under the squared, the absolute and Huber's loss with a limit of 2.",
        section="Five mornings, one number",
        equation="eq-huber-gradient",
        see="labkit.ops.huber",
        checks=BEST_GUESSES,
    ),
    Exercise(
        name="noise_floor",
        topic="losses",
        asks="noise_floor is the least mean cross-entropy, in nats, on labels of which a fifth was "
        "replaced by one of the other nine classes.",
        section="The least it can cost",
        equation="eq-kl-divergence",
        see="labkit.ops.kl_divergence",
        checks=(NOISE_FLOOR,),
    ),
    Exercise(
        name="log_sum",
        topic="losses",
        form="log_sum(z)",
        asks="log_sum(z) returns log(sum e^z) over the last axis of z (..., k), also for logits of "
        "a thousand.",
        section="When the numbers run out",
        equation="eq-log-softmax",
        see="labkit.ops.log_softmax",
        checks=LOG_SUM,
    ),
    Exercise(
        name="count_loss",
        topic="losses",
        form="count_loss(z, y)",
        asks="count_loss(z, y) returns the loss and its slope in z for counts y whose rate is e^z.",
        section="Yes or no",
        equation="eq-binary-cross-entropy",
        see="labkit.ops.binary_cross_entropy",
        points=2,
        checks=COUNT_LOSS,
    ),
    Exercise(
        name="quantile_loss",
        topic="losses",
        form="quantile_loss(a, y, share)",
        asks="quantile_loss(a, y, share) returns the loss, and its slope in a, whose best guess "
        "has that share of the targets below it.",
        section="Five mornings, one number",
        equation="eq-mean-absolute-error",
        see="labkit.ops.mean_absolute_error",
        points=2,
        checks=QUANTILE_LOSS,
    ),
)
