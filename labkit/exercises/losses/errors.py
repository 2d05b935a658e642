"""Losses of one number: an error in minutes, or a logit for yes and no.

What a slope must be is known as a difference of the loss; extremes are worked out by hand.
"""

import math

import numpy as np

from labkit.exercises.compare import require, same, same_array
from labkit.exercises.exercise import Check, Exercise, case, value
from labkit.gradcheck import numerical_gradient

ROUNDING = 1e-6  # of differences, relative to the largest number

THREE_COSTS = value(
    "the three costs",
    (4.58, 1.7, 2.04),
    hint="The errors are 0.4 and -3. Huber: the small one costs half its square, the large one "
    "2 (3 - 2 / 2).",
    mistakes=(
        ((9.16, 3.4, 4.08), "These are sums; the costs are means over both guesses."),
        ((4.58, 1.7, 2.08), "A small error costs Huber half its square."),
        ((4.58, 1.7, 3.04), "The tangent of the parabola at 2 is lower than 2 times the error."),
        ((4.58, 1.7, 2.29), "An error of 3 is beyond the limit of 2."),
        ((4.58, -1.3, 2.04), "An error that is negative costs too."),
        ((2.29, 1.7, 2.04), "The mean squared error of the course has no half before it."),
    ),
)


def pair(came):
    """The loss and the slope; raises Wrong unless there are two results."""
    ok = isinstance(came, tuple | list) and len(came) == 2
    require(ok, "Two results are expected, the loss and its slope.", came, "a number, an array")
    return came


def slope_is_difference(answer, first, *others, **config):
    """The slope that comes is that of the loss that comes."""
    _, slope = pair(answer(first, *others, **config))
    measured = numerical_gradient(lambda a: float(answer(a, *others, **config)[0]), first)
    same_array(slope, measured, ROUNDING)


def huber_differences(answer, rng):
    """Two axes, a limit that some errors pass, and the slope by differences."""
    y, away = rng.normal(size=(3, 2)), np.array([[0.1, -0.2], [0.3, 1.5], [-4.0, 0.6]])
    slope_is_difference(answer, y + away, y, 0.75)


def far_away_is_absolute(answer, rng):
    """Far beyond the limit a step of 1 costs the limit, over the count."""
    y = rng.normal(size=5)
    near, far = (pair(answer(y + d, y, 0.5))[0] for d in (100.0, 101.0))
    same(float(far - near), 0.5)


HUBER_BACK = (
    case(
        "one error within, two beyond",
        np.array([1.0, 7.0, 0.0]),
        np.array([0.0, 2.0, 8.0]),
        2.0,
        expected=((0.5 + 8.0 + 14.0) / 3, np.array([1 / 3, 2 / 3, -2 / 3])),
        hint="limit (e - limit / 2) beyond, e^2 / 2 within; the slope is the error, cut off on "
        "both sides.",
    ),
    case(
        "exactly at the limit",
        np.array([3.0, -3.0]),
        np.array([0.0, 0.0]),
        3.0,
        expected=(4.5, np.array([1.5, -1.5])),
        hint="At the limit both pieces give the same cost and the same slope.",
    ),
    Check("two axes: equal to finite differences", huber_differences, "A mean over all numbers."),
    Check("far away it is a straight line", far_away_is_absolute, "How steep is it there?"),
    case(
        "float32",
        np.array([1.0, -8.0], dtype=np.float32),
        np.zeros(2, dtype=np.float32),
        2.0,
        expected=(7.25, np.array([0.5, -1.0], dtype=np.float32)),
        hint="Make no new array of floats.",
    ),
)


def logit_differences(answer, rng):
    """Two axes and soft targets: loss by the definition, slope by differences."""
    z, y = rng.normal(size=(4, 3)), rng.uniform(size=(4, 3))
    loss, _ = pair(answer(z, y))
    a = 1 / (1 + np.exp(-z))
    same(loss, float(-(y * np.log(a) + (1 - y) * np.log(1 - a)).mean()))
    slope_is_difference(answer, z, y)


def yes_is_no_mirrored(answer, rng):
    """To swap yes and no and the sign of z changes nothing but the slope's sign."""
    z, y = 30 * rng.normal(size=6), rng.uniform(size=6)
    loss, slope = pair(answer(z, y))
    mirrored, other = pair(answer(-z, 1 - y))
    same(float(mirrored), float(loss))
    same_array(other, -np.asarray(slope))


LOGIT_LOSS = (
    case(
        "one in four, and the answer is yes",
        np.array([-math.log(3)]),
        np.array([1.0]),
        expected=(math.log(4), np.array([-0.75])),
        hint="The sigmoid of z is 1/4. The loss is -log(1/4), the slope 1/4 - 1.",
    ),
    case(
        "logits of a thousand, right and wrong",
        np.array([1000.0, -1000.0, 1000.0, -1000.0]),
        np.array([1.0, 0.0, 0.0, 1.0]),
        expected=(500.0, np.array([0.0, 0.0, 0.25, -0.25])),
        hint="e^1000 is no float. Write the loss with max(z, 0) and e^-|z|, and the sigmoid so "
        "that its exponent is never positive.",
    ),
    Check(
        "soft targets, two axes", logit_differences, "A mean over all numbers, in the slope too."
    ),
    Check("yes and no swapped", yes_is_no_mirrored, "Does one side lose digits where z is large?"),
    case(
        "float32",
        np.array([0.0, 200.0], dtype=np.float32),
        np.array([1.0, 0.0], dtype=np.float32),
        expected=(np.float32(100 + math.log(2) / 2), np.array([-0.25, 0.5], np.float32)),
        hint="Make no new array of floats. In float32 e^89 is too large already.",
    ),
)


def margin_differences(answer, rng):
    """Both labels, some beyond the margin: slope by differences."""
    y = np.where(rng.permutation(8) < 4, 1.0, -1.0)
    slope_is_difference(answer, y * np.array([-2.0, -0.5, 0.2, 0.8, 1.3, 2.0, 5.0, 0.5]), y)


MARGIN_LOSS = (
    case(
        "safe, near, wrong",
        np.array([2.0, 0.5, -1.0, -3.0]),
        np.array([1.0, 1.0, 1.0, -1.0]),
        expected=(0.625, np.array([0.0, -0.25, -0.25, 0.0])),
        hint="Right by less than 1 costs what is missing; right by more costs nothing.",
    ),
    case(
        "no is -1",
        np.array([2.0, -0.5]),
        np.array([-1.0, -1.0]),
        expected=(1.75, np.array([0.5, 0.5])),
        hint="What counts is y z, the score in the right direction.",
    ),
    case(
        "exactly at the margin",
        np.array([1.0, -1.0, 0.0]),
        np.array([1.0, -1.0, 1.0]),
        expected=(1 / 3, np.array([0.0, 0.0, -1 / 3])),
        hint="At the margin nothing is missing; the slope there is 0.",
    ),
    Check("eight scores: finite differences", margin_differences, "A mean over all scores."),
    case(
        "float32",
        np.array([0.5, 4.0], dtype=np.float32),
        np.array([1.0, -1.0], dtype=np.float32),
        expected=(2.75, np.array([-0.5, 0.5], dtype=np.float32)),
        hint="Make no new array of floats.",
    ),
)

EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        name="three_costs",
        topic="losses",
        graded=True,
        asks="three_costs is a tuple: the mean squared error, the mean absolute error and Huber's "
        "loss with a limit of 2, for the guesses 5.4 and 2 where both should be 5.",
        checks=(THREE_COSTS,),
        section="Five mornings, one number",
        equation="eq-huber",
        see="labkit.ops.huber",
    ),
    Exercise(
        name="huber_back",
        topic="losses",
        graded=True,
        form="huber_back(a, y, limit)",
        asks="huber_back(a, y, limit) returns Huber's loss, a mean, and its slope in a.",
        checks=HUBER_BACK,
        section="Five mornings, one number",
        equation="eq-huber-gradient",
        see="labkit.ops.huber",
        points=2,
    ),
    Exercise(
        name="logit_loss",
        topic="losses",
        graded=True,
        form="logit_loss(z, y)",
        asks="logit_loss(z, y) returns the mean binary cross-entropy of the logits z and its slope "
        "in z, for logits of a thousand too.",
        checks=LOGIT_LOSS,
        section="Yes or no",
        equation="eq-binary-cross-entropy-gradient",
        see="labkit.ops.binary_cross_entropy",
        points=3,
    ),
    Exercise(
        name="margin_loss",
        topic="losses",
        graded=True,
        form="margin_loss(z, y)",
        asks="margin_loss(z, y) returns the mean hinge loss of the scores z and its slope in z; "
        "y is 1 or -1.",
        checks=MARGIN_LOSS,
        section="Which loss for which output",
        see="labkit.ops.binary_cross_entropy",
        points=2,
    ),
)
