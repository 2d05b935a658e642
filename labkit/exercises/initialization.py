"""The exercises of the chapter `initialization`.

What is right is known by hand, from random draws that are counted, or as the limit of differences.
"""

import numpy as np

from labkit.exercises.compare import require, same, same_array
from labkit.exercises.exercise import Check, Exercise, case, value
from labkit.gradcheck import numerical_gradient

ROUNDING = 1e-6  # of differences, relative to the largest number

UNIFORM_BOUND = value(
    "the end of the interval",
    0.5,
    hint="Twelve inputs ask for the variance 1/12, and numbers from [-a, a] have a^2 / 3.",
    mistakes=(
        (1 / 12, "That is the variance. How far must the interval reach to have it?"),
        (12**-0.5, "That is the deviation; draws from [-a, a] have a variance of a^2 / 3."),
        (1.0, "a^2 / 12 is the variance of an interval of length a; this one is 2 a long."),
    ),
)


def leaky_keeps_the_size(answer, rng):
    """A simulated layer: the mean square before the next bend is what it was before this one."""
    d, slope = 50, 0.6
    z = rng.normal(size=(4000, d))
    a = np.where(z > 0, z, slope * z)
    after = np.mean((a @ rng.normal(0, float(answer(d, slope)) ** 0.5, size=(d, 400))) ** 2)
    require(
        abs(after - 1) < 0.05,
        "Through a simulated layer of 50 inputs with slope 0.6 the mean square 1 is not kept.",
        f"{after:.2f}",
        "1, but for chance",
    )


LEAKY_VARIANCE = (
    case("ReLU: the slope 0", 200, 0.0, expected=0.01, hint="He's start: 2 over the inputs."),
    case(
        "no bend: the slope 1",
        50,
        1.0,
        expected=0.02,
        hint="All of the mean square gets through; what did a layer without a bend need?",
    ),
    case(
        "half the slope",
        10,
        0.5,
        expected=0.16,
        hint="Half of the numbers keep their square, the others a quarter of it: 5/8 together.",
        mistakes=((2 / 15, "Squares count: the negative half keeps slope^2 of them, not slope."),),
    ),
    case(
        "the absolute value: the slope -1",
        4,
        -1.0,
        expected=0.25,
        hint="Its square loses nothing. Which power of the slope has no sign?",
    ),
    Check(
        "a simulated layer keeps the size",
        leaky_keeps_the_size,
        "Demand d_in times v times the mean square after the bend to be that before it.",
    ),
)


def silu_differences(answer, rng):
    """Seven numbers around 0, against differences of the function."""
    x = rng.normal(0, 2, size=7)
    same_array(answer(x), numerical_gradient(lambda x: (x / (1 + np.exp(-x))).sum(), x), ROUNDING)


def silu_far(answer, rng):
    """At 1000 it is 1, at -1000 it is 0, without a warning on the way."""
    same(answer(np.array([-1000.0, 1000.0])), np.array([0.0, 1.0]))


SILU_SLOPE = (
    case(
        "at 0 and at log 3",
        np.array([0.0, np.log(3)]),
        expected=np.array([0.5, 0.75 + np.log(3) * 3 / 16]),
        hint="The product rule has two terms: the gate, and x times the slope of the gate.",
    ),
    Check(
        "equal to finite differences",
        silu_differences,
        "With s the sigmoid, its slope is s (1 - s); do both terms stand there?",
    ),
    Check(
        "far from 0",
        silu_far,
        "e^-x overflows at x = -1000. labkit.ops.sigmoid has no positive exponent.",
    ),
)


def scale_limits_growth(answer, rng):
    """Blocks put together again: the product of the growths is the limit."""
    depth, limit = int(rng.integers(5, 40)), float(rng.uniform(1.5, 9))
    same((1 + float(answer(depth, limit)) ** 2) ** depth, limit)


BLOCK_SCALE = (
    case(
        "one block may double it",
        1,
        2.0,
        expected=1.0,
        hint="One block makes 1 + s^2 of the mean square.",
    ),
    case(
        "two blocks, sixteen times",
        2,
        16.0,
        expected=3**0.5,
        hint="Two blocks make (1 + s^2) squared of it. That is 16, so 1 + s^2 is 4.",
        mistakes=((15**0.5, "That is one block's scale; here there are two."),),
    ),
    case("no growth", 7, 1.0, expected=0.0, hint="A limit of 1 leaves nothing to the blocks."),
    Check(
        "the blocks put together give the limit",
        scale_limits_growth,
        "Solve (1 + s^2)^depth = limit for s.",
    ),
)

WHICH_DIFFER = value(
    "the starts whose units become different",
    ("B", "C", "D"),
    hint="Units differ as soon as their slopes do: those of W1 pass through W2, unit by unit.",
    mistakes=(
        (("C",), "In B the units start equal. But do they receive the same slopes through W2?"),
        (("B", "C"), "In D nothing goes up at first. What comes down to W1, through a random W2?"),
        (("A", "B", "C", "D"), "In A all units of the layer see the same, above and below."),
        (("B", "D"), "In C the units differ from the first moment."),
    ),
)

EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        name="uniform_bound",
        topic="initialization",
        asks="uniform_bound is the number a for which weights from [-a, a] keep the mean square of "
        "twelve inputs.",
        section="The size of a signal",
        equation="eq-glorot",
        see="labkit.nn.initializers.glorot_uniform",
        checks=(UNIFORM_BOUND,),
    ),
    Exercise(
        name="leaky_variance",
        topic="initialization",
        form="leaky_variance(d_in, negative_slope)",
        asks="leaky_variance(d_in, negative_slope) returns the variance of the weights that keeps "
        "the mean square from one leaky ReLU to the next.",
        section="What the bend does",
        equation="eq-he",
        see="labkit.nn.initializers.he_normal",
        checks=LEAKY_VARIANCE,
    ),
    Exercise(
        name="silu_slope",
        topic="initialization",
        form="silu_slope(x)",
        asks="silu_slope(x) returns the slope of x sigmoid(x) at every number of x.",
        section="What the bend does",
        see="labkit.ops.silu",
        checks=SILU_SLOPE,
    ),
    Exercise(
        name="block_scale",
        topic="initialization",
        form="block_scale(depth, limit)",
        asks="block_scale(depth, limit) returns the scale s with which depth residual blocks "
        "multiply the mean square by limit.",
        section="Thirty layers",
        see="labkit.nn.TransformerBlock",
        points=2,
        checks=BLOCK_SCALE,
    ),
    Exercise(
        name="which_differ",
        topic="initialization",
        asks="which_differ is the list of the letters, out of A to D, of the starts from which the "
        "hidden units become different.",
        section="Why random at all",
        see="labkit.nn.initializers.normal",
        checks=(WHICH_DIFFER,),
    ),
)
