"""The exercises of the chapter `backpropagation`.

A slope is known without its formula: by hand where the numbers are round, and as the limit of
differences everywhere else.
"""

import math

import numpy as np

from labkit.exercises.compare import require, same, same_array
from labkit.exercises.exercise import Check, Exercise, case, value
from labkit.gradcheck import numerical_gradient

ROUNDING = 1e-6  # of differences, relative to the largest number


def three_numbers(answer, rng):
    """One slope for each knob."""
    ok = isinstance(answer, np.ndarray) and answer.shape == (3,)
    require(ok, "An array of three numbers is expected: w_1, w_2, b.", answer, "shape (3,)")


def slope_at_z(answer, rng):
    """The bias passes the slope at z on as it is: 2 (3/4 - 1) times 3/4 times 1/4."""
    same(float(answer[2]), -3 / 32)


def weights_scale_it(answer, rng):
    """The weights multiply it by their inputs, 2 and 3."""
    same_array(answer[:2], np.array([-6 / 32, -9 / 32]))


NEURON_SLOPES = (
    Check("one number for each knob", three_numbers, "Write np.array([..., ..., ...])."),
    Check(
        "the slope in b",
        slope_at_z,
        "Three slopes multiply: of the square at a, of the sigmoid, of z in b. First find a.",
    ),
    Check(
        "the slopes in w_1 and w_2",
        weights_scale_it,
        "Up to z the path is that of b. What does z do when w_1 moves by one?",
    ),
)


def quotient_differences(answer, rng):
    """Both slopes equal differences of the forward pass."""
    a, g = rng.normal(size=(2, 3)), rng.normal(size=(2, 3))
    b = rng.choice([-1.0, 1.0], size=(2, 3)) * rng.uniform(0.5, 2.0, size=(2, 3))
    in_a = numerical_gradient(lambda a: (g * a / b).sum(), a)
    in_b = numerical_gradient(lambda b: (g * a / b).sum(), b)
    came = answer(g, a / b, a, b)
    same_pair(came)
    same_array(came[0], in_a, ROUNDING)
    same_array(came[1], in_b, ROUNDING)


def same_pair(came):
    """Raise Wrong unless two results came."""
    ok = isinstance(came, tuple | list) and len(came) == 2
    require(ok, "Two results are expected, for a and for b.", came, "two arrays")


def quotient_in_float32(answer, rng):
    """float32 in, float32 out."""
    one = np.array([1.0, 4.0], dtype=np.float32)
    same(tuple(answer(one, one, one, one)), (np.ones(2, np.float32), -one))


DIVIDE_RULE = (
    case(
        "6 divided by 3",
        np.array([1.0]),
        np.array([2.0]),
        np.array([6.0]),
        np.array([3.0]),
        expected=(np.array([1 / 3]), np.array([-2 / 3])),
        hint="If b grows, the quotient shrinks: which sign must its slope have?",
    ),
    case(
        "negative numbers, and g other than one",
        np.array([10.0, 1.0]),
        np.array([-2.0, -10.0]),
        np.array([-4.0, 5.0]),
        np.array([2.0, -0.5]),
        expected=(np.array([5.0, -2.0]), np.array([10.0, -20.0])),
        hint="Both slopes are multiplied by g; the one in b holds b twice, or out and b once.",
    ),
    Check(
        "equal to finite differences",
        quotient_differences,
        "Derive a / b = a times b to the power -1 with respect to each.",
    ),
)


def shared_by_hand(answer, rng):
    """Numbers chosen so that the activations are 0.6 and 1/3."""
    w = np.array([[math.log(2) / 1.2]])
    expected = np.array([[-8 / 15 - 128 / 225 * math.log(2)]])
    same_array(answer(np.array([[1.2]]), np.array([[5 / 6]]), w), expected)


def shared_loss(x, y, w):
    """The loss whose slope is asked for."""
    return ((np.tanh(np.tanh(x @ w) @ w) - y) ** 2).mean()


def shared_differences(answer, rng):
    """Four examples of three numbers, against differences of the loss."""
    x, y, w = rng.normal(size=(4, 3)), rng.normal(size=(4, 3)), rng.normal(size=(3, 3))
    measured = numerical_gradient(lambda w: shared_loss(x, y, w), w)
    same_array(answer(x, y, w), measured, ROUNDING)


def shared_in_float32(answer, rng):
    """float32 in, float32 out, and the same examples twice change nothing."""
    x, y, w = (rng.normal(size=(2, 2)).astype(np.float32) for _ in range(3))
    measured = numerical_gradient(
        lambda w: shared_loss(x.astype(float), y.astype(float), w), w.astype(float)
    )
    twice = answer(np.concatenate([x, x]), np.concatenate([y, y]), w)
    same_array(twice, measured.astype(np.float32), 1e-4)


SHARED_SLOPE = (
    Check(
        "one example, one number",
        shared_by_hand,
        "a1 is 0.6 and a2 is 1/3. W reaches the loss on two paths, and both count.",
    ),
    Check(
        "four examples of three numbers: equal to finite differences",
        shared_differences,
        "Which delta belongs to which input? Mind the transposes: (d, n) times (n, d).",
    ),
    Check(
        "the same examples twice, in float32",
        shared_in_float32,
        "The loss is a mean over all numbers of y, and the result has the dtype of the input.",
    ),
)


def nothing_moves(answer, rng):
    """Probabilities sum to one, so a slope that is the same for all of them moves nothing."""
    p = rng.dirichlet(np.ones(4), size=3)
    came = answer(np.full((3, 4), 5.0), p)
    require(np.shape(came) == (3, 4), "The shape is another one.", f"{np.shape(came)}", "(3, 4)")
    require(
        np.abs(came).max() < 1e-9,
        "All slopes of p are 5, and the probabilities of a row sum to one: the loss cannot move.",
        came,
        "zeros",
    )


def softmax_differences(answer, rng):
    """Five rows of three logits, against differences of the forward pass."""
    z, g = rng.normal(size=(5, 3)), rng.normal(size=(5, 3))

    def probabilities(z):
        e = np.exp(z)
        return e / e.sum(axis=1, keepdims=True)

    measured = numerical_gradient(lambda z: (g * probabilities(z)).sum(), z)
    same_array(answer(g, probabilities(z)), measured, ROUNDING)


SOFTMAX_SLOPE = (
    case(
        "two classes",
        np.array([[1.0, 0.0]]),
        np.array([[0.25, 0.75]]),
        expected=np.array([[0.1875, -0.1875]]),
        hint="The first logit moves the second probability too, down.",
        mistakes=((np.array([[0.1875, 0.0]]), "That is the diagonal only: i = j."),),
    ),
    Check("equal slopes on all probabilities", nothing_moves, "Sum over i, for each row alone."),
    Check(
        "five examples: equal to finite differences",
        softmax_differences,
        "Write the sum over i of g_i times dp_i/dz_j, and take out p_j.",
    ),
    case(
        "a certain class, in float32",
        np.array([[1.0, -2.0, 3.0]], dtype=np.float32),
        np.array([[0.0, 1.0, 0.0]], dtype=np.float32),
        expected=np.zeros((1, 3), dtype=np.float32),
        hint="A probability of 1 cannot be moved; no division by p is needed.",
    ),
)

EVER_MOVING = value(
    "the names of the parameters",
    ("b3",),
    hint="Which activations are zero, so that a^T delta is? And what does W^T pass down?",
    mistakes=(
        (("W3", "b3"), "The slope of W3 is a^T delta, and what does a hidden unit send?"),
        (
            ("b1", "b2", "b3"),
            "A bias moves by its delta: what does W^T pass down to the lower ones?",
        ),
        ((), "Nothing goes up; but the output is still wrong, and one parameter hears of it."),
    ),
)

EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        name="neuron_slopes",
        topic="backpropagation",
        asks="neuron_slopes is an array: the slopes of the loss in w_1, w_2 and b, where z = ln 3.",
        section="One neuron, every number visible",
        equation="eq-sigmoid-gradient",
        see="labkit.ops.sigmoid",
        checks=NEURON_SLOPES,
    ),
    Exercise(
        name="divide_rule",
        topic="backpropagation",
        form="divide_rule(g, out, a, b)",
        asks="divide_rule(g, out, a, b) returns the slopes in a and in b of out = a / b.",
        section="The engine in forty lines",
        see="labkit.autograd.multiply",
        checks=(
            *DIVIDE_RULE,
            Check("float32", quotient_in_float32, "Make no new array of floats."),
        ),
    ),
    Exercise(
        name="shared_slope",
        topic="backpropagation",
        form="shared_slope(x, y, w)",
        asks="shared_slope(x, y, w) returns the slope in w (d, d) of the mean squared error of "
        "tanh(tanh(x w) w) against y; x and y are (n, d).",
        section="The delta recursion",
        equation="eq-linear-gradient",
        see="labkit.ops.linear",
        points=2,
        checks=SHARED_SLOPE,
    ),
    Exercise(
        name="softmax_slope",
        topic="backpropagation",
        form="softmax_slope(g, p)",
        asks="softmax_slope(g, p) returns the slopes of the logits; g (n, k) are those of the "
        "probabilities p (n, k).",
        section="The delta recursion",
        see="labkit.ops.softmax",
        points=2,
        checks=SOFTMAX_SLOPE,
    ),
    Exercise(
        name="ever_moving",
        topic="backpropagation",
        asks="ever_moving is the list of the names, out of W1, b1, W2, b2, W3 and b3, of the "
        "parameters that ever leave zero.",
        section="Random starts, and where it fails",
        equation="eq-linear-gradient",
        see="labkit.ops.linear",
        checks=(EVER_MOVING,),
    ),
)
