"""Losses of many classes: how far two distributions are apart, gaps in the labels, temperature."""

import math

import numpy as np

from labkit.exercises.compare import require, same, same_array, show
from labkit.exercises.exercise import Check, Exercise, case, refuses, value
from labkit.exercises.losses.errors import ROUNDING, pair
from labkit.gradcheck import numerical_gradient

KL_BY_HAND = value(
    "the divergence",
    0.75 * math.log(1.5),
    hint="Of each class: p log(p / q). What is it where p = q, and where p = 0?",
    mistakes=(
        (0.75 * math.log2(1.5), "These are bits; a loss is in nats, with the natural logarithm."),
        (1.25 * math.log(2), "That is the cross-entropy. Take the entropy of p away."),
        (-0.75 * math.log(1.5), "A divergence is never negative: p / q, not q / p."),
        (
            0.75 * math.log(0.75) + 0.25 * math.log(0.25),
            "That is minus the entropy of p, and q does not occur in it.",
        ),
        (math.log(1.5), "Each logarithm is weighted with p."),
        (0.5 * math.log(1.5), "The weight is p, what is true, and not q."),
    ),
)


def masked_by_loops(answer, rng):
    """Seven rows, two left out: the loss by loops, the slope by differences."""
    z, y = rng.normal(size=(7, 4)), rng.integers(4, size=7)
    y[[1, 5]] = 255
    costs = [
        math.log(sum(math.exp(v) for v in row)) - row[label]
        for row, label in zip(z, y, strict=True)
        if label != 255
    ]
    loss, slope = pair(answer(z, y, ignore=255))
    same(loss, sum(costs) / 5)
    measured = numerical_gradient(lambda z: float(answer(z, y, ignore=255)[0]), z)
    same_array(slope, measured, ROUNDING)


def left_out_is_left_out(answer, rng):
    """Whatever stands in a row that is left out, nothing changes."""
    z, y = rng.normal(size=(4, 3)), np.array([2, -1, 0, -1])
    loss, slope = pair(answer(z, y))
    z[[1, 3]] = 100 * rng.normal(size=(2, 3))
    same((*pair(answer(z, y)),), (float(loss), np.asarray(slope)))
    require(not np.any(np.asarray(slope)[[1, 3]]), "Rows left out must not pull.", slope, "zeros")


MASKED_LOSS = (
    case(
        "one label, one gap",
        np.log([[0.5, 0.25, 0.25], [0.1, 0.1, 0.8]]),
        np.array([0, -1]),
        expected=(math.log(2), np.array([[-0.5, 0.25, 0.25], [0.0, 0.0, 0.0]])),
        hint="The mean is over the rows that count: here one.",
    ),
    case(
        "logits of a thousand",
        np.array([[1000.0, 0.0], [-1000.0, 0.0]]),
        np.array([1, 1]),
        expected=(500.0, np.array([[0.5, -0.5], [0.0, 0.0]])),
        hint="Take the largest logit of each row away first. The true class's logarithm comes "
        "from the logits, never from a probability that may be 0.",
    ),
    case(
        "no label at all",
        np.array([[3.0, 1.0], [0.0, 2.0]]),
        np.array([-1, -1]),
        expected=(0.0, np.zeros((2, 2))),
        hint="A mean over no rows divides by zero; here it is 0.0, and nothing pulls.",
    ),
    Check("seven rows, another mark", masked_by_loops, "ignore is an argument: it may be 255."),
    Check(
        "what stands in a gap",
        left_out_is_left_out,
        "y = -1 is no place in a row, though NumPy takes it for the last.",
    ),
    case(
        "float32",
        np.zeros((2, 2), dtype=np.float32),
        np.array([1, -1]),
        expected=(np.float32(math.log(2)), np.array([[0.5, -0.5], [0, 0]], np.float32)),
        hint="Make no new array of floats.",
    ),
)


def order_stays(answer, rng):
    """Rows sum to one, keep their order, and grow even as the temperature rises."""
    z, before = 5 * rng.normal(size=(3, 5)), None
    for temperature in (0.5, 1.0, 3.0, 1000.0):
        p = answer(z, temperature)
        same_array(p.sum(axis=1), np.ones(3))
        ok = (p.argsort(axis=1) == z.argsort(axis=1)).all()
        require(ok, "The order of the classes must stay.", show(p), "the order of z")
        peak = p.max(axis=1)
        falls = before is None or (peak < before).all()
        require(falls, "The largest probability must fall as it gets warmer.", show(peak))
        before = peak
    require(before.max() < 0.21, "At 1000 degrees five classes are all but equal.", show(before))


SOFTEN = (
    case(
        "temperature 1 is the softmax",
        np.log([[1.0, 3.0]]),
        1.0,
        expected=np.array([[0.25, 0.75]]),
        hint="e to each, divided by the sum of the row.",
    ),
    case(
        "warm",
        np.log([[1.0, 81.0], [9.0, 1.0]]),
        2.0,
        expected=np.array([[0.1, 0.9], [0.75, 0.25]]),
        hint="Divide the logits by the temperature: here each e^z becomes its root.",
        mistakes=(
            (
                np.array([[1 / 6562, 6561 / 6562], [81 / 82, 1 / 82]]),
                "That is colder: divide by the temperature.",
            ),
        ),
    ),
    case(
        "cold, and large logits",
        np.array([[1000.0, 1001.0, 999.0], [-3.0, -3.0, -4.0]]),
        0.001,
        expected=np.array([[0.0, 1.0, 0.0], [0.5, 0.5, 0.0]]),
        hint="Take the largest number of each row away before the exponent.",
    ),
    Check("four temperatures", order_stays, "Along the last axis; every row by itself."),
    refuses(
        "zero degrees",
        np.array([[1.0, 2.0]]),
        0.0,
        because="nothing can be divided by 0",
        hint="raise ValueError(...) with a message that names the temperature.",
    ),
    refuses(
        "less than zero",
        np.array([[1.0, 2.0]]),
        -1.0,
        because="it would turn the order of the classes over",
        hint="raise ValueError(...) with a message that names the temperature.",
    ),
)


def cost_by_loops(z, y, t):
    """The cross-entropy of z / t, a sum over rows."""
    return sum(
        math.log(sum(math.exp(v / t) for v in row)) - row[label] / t
        for row, label in zip(z, y, strict=True)
    )


def least_of_many(answer, rng):
    """Random logits, four of five labels on the largest; the costs by loops."""
    for _ in range(4):
        z = 6 * rng.normal(size=(30, 4))
        y = np.where(rng.random(30) < 0.8, z.argmax(axis=1), rng.integers(4, size=30))
        candidates = [float(t) for t in rng.permutation(np.linspace(0.5, 12, 24))]
        costs = [cost_by_loops(z, y, t) for t in candidates]
        same(answer(z, y, candidates), candidates[int(np.argmin(costs))])


SURE = [[math.log(81), 0.0]]

BEST_TEMPERATURE = (
    case(
        "sure of 81 to 1, and right in 3 of 4",
        np.array(SURE * 4),
        np.array([0, 0, 1, 0]),
        [0.5, 1.0, 2.0, 4.0, 8.0],
        expected=4.0,
        hint="What costs least says 3/4, that is 3 to 1; the fourth root of 81 is 3.",
    ),
    case(
        "right in 9 of 10, and the candidates in another order",
        np.array(SURE * 10),
        np.array([0, 0, 0, 0, 0, 0, 0, 1, 0, 0]),
        [8.0, 2.0, 0.5, 4.0, 1.0],
        expected=2.0,
        hint="Return the temperature, not its place in the list and not its cost.",
    ),
    case(
        "logits of a thousand, right and wrong",
        np.array([[1000.0, 0.0], [1000.0, 0.0]]),
        np.array([0, 1]),
        [1.0, 100.0, 1000.0],
        expected=1000.0,
        hint="The cost must come from the logits; a probability of 0 has no logarithm.",
    ),
    case(
        "rows that cannot be told apart",
        np.array(SURE * 10 + [[0.0, 0.0]] * 10),
        np.array([0] * 9 + [1] + [0] * 10),
        [0.5, 1.0, 2.0, 4.0, 8.0],
        expected=2.0,
        hint="Where both logits are equal, no temperature changes the cost: the others decide.",
    ),
    Check("thirty rows, 24 temperatures", least_of_many, "The mean cross-entropy of z / t."),
)

EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        name="kl_by_hand",
        topic="losses",
        graded=True,
        asks="kl_by_hand is the divergence KL(p || q) in nats of p = (3/4, 1/4, 0) and "
        "q = (1/2, 1/4, 1/4).",
        checks=(KL_BY_HAND,),
        section="The least it can cost",
        equation="eq-kl-divergence",
        see="labkit.ops.kl_divergence",
    ),
    Exercise(
        name="masked_loss",
        topic="losses",
        graded=True,
        form="masked_loss(z, y, ignore=-1)",
        asks="masked_loss(z, y, ignore=-1) returns the mean cross-entropy of the logits z (n, k) "
        "over the rows whose label is not ignore, and its slope in z.",
        checks=MASKED_LOSS,
        section="When the numbers run out",
        equation="eq-cross-entropy-gradient",
        see="labkit.ops.cross_entropy",
        points=3,
    ),
    Exercise(
        name="soften",
        topic="losses",
        graded=True,
        form="soften(z, temperature)",
        asks="soften(z, temperature) returns the softmax of z / temperature, row by row; a "
        "temperature of 0 or less is a ValueError.",
        checks=SOFTEN,
        section="One of k",
        equation="eq-softmax",
        see="labkit.ops.softmax",
    ),
    Exercise(
        name="best_temperature",
        topic="losses",
        graded=True,
        form="best_temperature(z, y, candidates)",
        asks="best_temperature(z, y, candidates) returns that temperature of the list with which "
        "the logits z (n, k) cost least on the labels y (n,).",
        checks=BEST_TEMPERATURE,
        section="Where it fails: nobody speaks for the coats",
        equation="eq-cross-entropy",
        see="labkit.ops.cross_entropy",
        points=2,
    ),
)
