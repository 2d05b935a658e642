"""Layers and a net: stretched arrays, matrix products, both passes, and their measurement.

What the slopes must be is known without their formulas: as differences of a forward pass in loops,
and from what a slope means: it says how far a small step moves the loss.
"""

import math

import numpy as np

from labkit.exercises.compare import require, same, same_array, show
from labkit.exercises.exercise import Check, Exercise, case
from labkit.gradcheck import numerical_gradient

ROUNDING = 1e-6  # of differences, relative to the largest number


def moves_what_it_feeds(answer, rng):
    """A small part v that is stretched moves the sum of g * stretched by result . v."""
    for big, small in (((2, 3, 4), (4,)), ((2, 3, 4), (3, 1)), ((2, 3, 4), (2, 1, 1)), ((5,), ())):
        g, v = rng.normal(size=big), rng.normal(size=small)
        came = answer(g, small)
        require(np.shape(came) == small, "The shape differs.", f"{np.shape(came)}", f"{small}")
        moved, stretched = float((came * v).sum()), float((g * (v + np.zeros(big))).sum())
        require(
            abs(moved - stretched) < 1e-9 * (1 + abs(stretched)),
            f"If a part of shape {small} moves by v, the loss must move by the sum of g times the "
            f"stretched v.",
            f"{moved:.6g}",
            f"{stretched:.6g}",
        )


BROADCAST_BACK = (
    case(
        "a bias under three examples",
        np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]),
        (2,),
        expected=np.array([9.0, 12.0]),
        hint="b[j] was added in every row: its slope adds up over the rows.",
        mistakes=(
            (np.array([3.0, 4.0]), "Copies add up; a mean, if the loss has one, is in g already."),
        ),
    ),
    case(
        "a column",
        np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]),
        (3, 1),
        expected=np.array([[3.0], [7.0], [11.0]]),
        hint="A side of 1 was stretched. Add along it, and keep it: keepdims=True.",
        mistakes=(
            (np.array([3.0, 7.0, 11.0]), "The numbers are right; the shape must be (3, 1)."),
        ),
    ),
    case(
        "nothing was stretched",
        np.array([[1.0, 2.0]]),
        (1, 2),
        expected=np.array([[1.0, 2.0]]),
        hint="A side of 1 that is 1 in g too needs no sum, and a sum over it does no harm.",
    ),
    Check(
        "four ways to stretch, by what a slope means",
        moves_what_it_feeds,
        "First the sides that were put in front: g.ndim - len(shape) of them. Then the sides of 1.",
    ),
    case(
        "float32",
        np.ones((2, 3), dtype=np.float32),
        (3,),
        expected=np.full(3, 2.0, dtype=np.float32),
        hint="Make no new array of floats.",
    ),
)


def layer_differences(answer, rng):
    """All three slopes of a layer against differences of its forward pass."""
    x, w, b = rng.normal(size=(4, 3)), rng.normal(size=(3, 2)), rng.normal(size=2)
    g = rng.normal(size=(4, 2))
    measured = (
        numerical_gradient(lambda x: (g * (x @ w + b)).sum(), x),
        numerical_gradient(lambda w: (g * (x @ w + b)).sum(), w),
        numerical_gradient(lambda b: (g * (x @ w + b)).sum(), b),
    )
    for one, wanted in zip(some(answer(g, x, w), 3), measured, strict=True):
        same_array(one, wanted, ROUNDING)


def some(came, count):
    """The results of a call; raises Wrong unless there are so many."""
    ok = isinstance(came, tuple | list) and len(came) == count
    require(ok, f"{count} results are expected, separated by commas.", came, f"{count} results")
    return came


def square_layer(answer, rng):
    """In a square layer every wrong transpose has the right shape."""
    x, w, g = (np.array(rows) for rows in ([[1.0, 2.0], [0.0, 1.0]], [[1.0, 3.0], [5.0, 7.0]], EYE))
    same(tuple(some(answer(g, x, w), 3)), (w.T, x.T, np.array([1.0, 1.0])))


EYE = [[1.0, 0.0], [0.0, 1.0]]

LAYER_BACK = (
    case(
        "one example",
        np.array([[1.0, -1.0]]),
        np.array([[2.0, 3.0, 4.0]]),
        np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 9.0]]),
        expected=(
            np.array([[-1.0, -1.0, -4.0]]),
            np.array([[2.0, -2.0], [3.0, -3.0], [4.0, -4.0]]),
            np.array([1.0, -1.0]),
        ),
        hint="Each slope has the shape of its array; only one order of the factors fits.",
    ),
    Check(
        "a square layer", square_layer, "Here every shape fits, right or wrong: x.T @ g, g @ w.T."
    ),
    Check("four examples: finite differences", layer_differences, "Slopes of examples add up."),
    case(
        "float32",
        np.ones((1, 1), dtype=np.float32),
        np.ones((1, 2), dtype=np.float32),
        np.ones((2, 1), dtype=np.float32),
        expected=(
            np.ones((1, 2), np.float32),
            np.ones((2, 1), np.float32),
            np.ones(1, np.float32),
        ),
        hint="Make no new array of floats.",
    ),
)


def small_net(rng, n=4, d=3, h=5, k=2):
    """Examples, targets and the four arrays of a net."""
    x, y = rng.normal(size=(n, d)), rng.normal(size=(n, k))
    return x, y, [rng.normal(size=size) for size in ((d, h), (h,), (h, k), (k,))]


def squared_gap(x, y, arrays):
    """The loss of the net, one example and one output after another."""
    w1, b1, w2, b2 = arrays
    total = 0.0
    for example, target in zip(x, y, strict=True):
        hidden = [math.tanh(example @ w1[:, j] + b1[j]) for j in range(len(b1))]
        for o in range(len(b2)):
            total += (sum(a * w2[j, o] for j, a in enumerate(hidden)) + b2[o] - target[o]) ** 2
    return total / y.size


def net_loss_by_loops(answer, rng):
    """The first result, against loops over examples, units and outputs."""
    x, y, arrays = small_net(rng)
    same(some(answer(x, y, *arrays), 5)[0], float(squared_gap(x, y, arrays)))


def net_differences(answer, rng):
    """The four slopes, against differences."""
    x, y, arrays = small_net(rng)
    came = some(answer(x, y, *arrays), 5)[1:]
    for i, one in enumerate(came):

        def loss(part, i=i):
            return squared_gap(x, y, [*arrays[:i], part, *arrays[i + 1 :]])

        same_array(one, numerical_gradient(loss, arrays[i]), ROUNDING)


def net_at_rest(answer, rng):
    """Where the targets are met, the loss is 0 and nothing moves."""
    x, _, arrays = small_net(rng, n=2)
    w1, b1, w2, b2 = arrays
    y = np.array([np.tanh(one @ w1 + b1) @ w2 + b2 for one in x])
    for part, what in zip(some(answer(x, y, *arrays), 5), ("loss", *SLOPES), strict=True):
        ok = np.abs(part).max() < 1e-9
        require(ok, f"Every target is met, and the {what} is not 0.", show(part), "zeros")


SLOPES = ("slope of w1", "slope of b1", "slope of w2", "slope of b2")

NET_SLOPES = (
    case(
        "two examples, one unit",
        np.array([[0.0], [0.0]]),
        np.array([[1.0], [4.0]]),
        np.array([[7.0]]),
        np.array([0.0]),
        np.array([[2.0]]),
        np.array([1.0]),
        expected=(
            4.5,
            np.array([[0.0]]),
            np.array([-6.0]),
            np.array([[0.0]]),
            np.array([-3.0]),
        ),
        hint="The errors are 0 and -3. The loss is their mean square, its slope 2 error / size.",
    ),
    Check("the loss, against loops", net_loss_by_loops, "A mean over all numbers of y."),
    Check(
        "the slopes, against differences",
        net_differences,
        "layer_back, the slope of tanh from its output, layer_back: in this order.",
    ),
    Check("where every target is met", net_at_rest, "The error is out - y."),
)


def a_long_way(answer, rng):
    """One unit that rests at 0: from eps = ln(3) / 2 on both sides tanh is 1/2 and -1/2."""
    eps, one, none = math.log(3) / 2, np.ones((1, 1)), np.zeros(1)
    came = answer(one, 0.5 * one, 0 * one, none, one, none, eps)
    far = -0.5 / eps
    expected = (np.array([[far]]), np.array([far]), np.array([[0.0]]), np.array([-1.0]))
    for came_one, wanted in zip(some(came, 4), expected, strict=True):
        same_array(came_one + 3.0, wanted + 3.0)  # one of them is 0, but for rounding


def measured_well(answer, rng):
    """With a small step they are the slopes."""
    x, y, arrays = small_net(rng, n=2, h=2)
    came = some(answer(x, y, *arrays), 4)
    for i, one in enumerate(came):

        def loss(part, i=i):
            return squared_gap(x, y, [*arrays[:i], part, *arrays[i + 1 :]])

        same_array(one, numerical_gradient(loss, arrays[i]), ROUNDING)


def exact_for_a_square(answer, rng):
    """In w2 and b2 the loss is a parabola: the middle of both sides is exact, however long."""
    x, y, arrays = small_net(rng, n=3, h=2, k=1)
    short, long = (some(answer(x, y, *arrays, eps), 4) for eps in (1e-4, 2.0))
    for i in (2, 3):
        same(np.shape(short[i]), arrays[i].shape)
        same_array(long[i], np.asarray(short[i]), 1e-6)


MEASURED_SLOPES = (
    Check(
        "a long step, worked out by hand",
        a_long_way,
        "Loss with the number eps higher, minus loss with it eps lower, over 2 eps.",
    ),
    Check("a short step", measured_well, "One number at a time; put it back before the next."),
    Check(
        "a parabola is measured exactly",
        exact_for_a_square,
        "Both sides, at the same distance. One-sided differences miss by eps times the bend.",
    ),
)

EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        name="broadcast_back",
        topic="backpropagation",
        graded=True,
        form="broadcast_back(g, shape)",
        asks="broadcast_back(g, shape) returns the slope, of that shape, in an array that "
        "broadcasting stretched to the shape of g.",
        checks=BROADCAST_BACK,
        section="The delta recursion",
        equation="eq-linear-gradient",
        see="labkit.ops.linear",
        points=2,
    ),
    Exercise(
        name="layer_back",
        topic="backpropagation",
        graded=True,
        form="layer_back(g, x, w)",
        asks="layer_back(g, x, w) returns the slopes in x (n, d), w (d, k) and b (k,) of x w + b; "
        "g (n, k) is the slope in the output.",
        checks=LAYER_BACK,
        section="The delta recursion",
        equation="eq-linear-gradient",
        see="labkit.ops.linear",
        points=2,
    ),
    Exercise(
        name="net_slopes",
        topic="backpropagation",
        graded=True,
        form="net_slopes(x, y, w1, b1, w2, b2)",
        asks="net_slopes(x, y, w1, b1, w2, b2) returns the mean squared error of "
        "tanh(x w1 + b1) w2 + b2 and its slopes in w1, b1, w2 and b2.",
        checks=NET_SLOPES,
        section="The delta recursion",
        equation="eq-mean-squared-error-gradient",
        see="labkit.ops.mean_squared_error",
        points=3,
    ),
    Exercise(
        name="measured_slopes",
        topic="backpropagation",
        graded=True,
        form="measured_slopes(x, y, w1, b1, w2, b2, eps=1e-05)",
        asks="measured_slopes(x, y, w1, b1, w2, b2, eps=1e-05) returns the slopes in w1, b1, w2 "
        "and b2 as central differences of the loss of net_slopes.",
        checks=MEASURED_SLOPES,
        section="One neuron, every number visible",
        equation="eq-numerical-gradient",
        see="labkit.gradcheck.numerical_gradient",
        points=2,
    ),
)
