"""From one step by hand to RMSprop: what a rule does in one step, its memory handed in.

The checks walk with a rule and know where it must arrive: at the limit of its rate, in the form
that Nesterov gave it, where the slope stays the same.
"""

import math

import numpy as np

from labkit.exercises.compare import require, same, same_array
from labkit.exercises.exercise import Check, Exercise, case, refuses, value

STEP_BY_HAND = value(
    "where the step ends",
    2.8,
    hint="The slope of 2 (w - 1)^2 + 4 at w = 4 first; then rate times slope; then downhill.",
    mistakes=(
        (5.2, "That is uphill: a step goes against the slope."),
        (3.4, "The slope of (w - 1)^2 is 2 (w - 1); the loss has a 2 before it."),
        (-8.0, "The slope is multiplied by the rate."),
        (1.2, "That is the length of the step. Where does it end?"),
        (1.8, "That takes the loss for the slope."),
        (2.4, "The slope is that of (w - 1)^2, not of w^2."),
        (1.0, "That is the bottom. One step does not reach it."),
    ),
)


def turned_bowl(rng, curvatures):
    """A symmetric matrix with these curvatures, and the sum of its directions."""
    directions, _ = np.linalg.qr(rng.normal(size=(len(curvatures), len(curvatures))))
    return directions * curvatures @ directions.T, directions.sum(axis=1)


def distance_after(hessian, w, lr, steps=400):
    """How far from the bottom a walk at this rate ends."""
    for _ in range(steps):
        w = w - lr * (hessian @ w)
    return float(np.linalg.norm(w))


def settles_just_below(answer, rng):
    """Two per cent below the limit a walk comes home, two per cent above it is lost."""
    for size in (1, 2, 3, 5):
        curvatures = rng.uniform(1, 20, size)
        hessian, start = turned_bowl(rng, curvatures)
        hessian = (hessian + hessian.T) / 2
        limit = answer(hessian)
        same(float(limit), limit)
        below = distance_after(hessian, start, 0.98 * limit)
        above = distance_after(hessian, start, 1.02 * limit)
        require(below < 1e-3, "2 % below this rate a walk does not settle.", limit)
        require(above > 1e3, "2 % above this rate a walk still settles.", limit)


STABLE_RATE = (
    case(
        "a valley along the axes",
        np.array([[1.0, 0.0], [0.0, 25.0]]),
        expected=0.08,
        hint="One rate for all directions: the steepest decides.",
        mistakes=(
            (2.0, "At that rate the steep direction explodes."),
            (0.04, "That rate takes the steep direction to the bottom in one step; it may double."),
            (2 / 26, "Curvatures of different directions do not add up."),
        ),
    ),
    case(
        "the same valley, turned",
        np.array([[13.0, -12.0], [-12.0, 13.0]]),
        expected=0.08,
        hint="Along (1, -1) the slope is 25 times as long as the way: eigenvalues.",
        mistakes=(
            (2 / 13, "13 is the curvature along an axis; along (1, -1) it is more."),
            (2.0, "2 belongs to the flattest direction; the steepest decides."),
        ),
    ),
    Check("walks just below and above it", settles_just_below, "np.linalg.eigvalsh knows them."),
    refuses(
        "a saddle",
        np.array([[1.0, 2.0], [2.0, 1.0]]),
        because="along (1, -1) its curvature is -1: downhill for ever",
        hint="Look at the smallest curvature before you divide by the largest.",
    ),
)

SAME_STEPS_RATE = value(
    "PyTorch's rate",
    0.03,
    hint="Let the slope stay 1 and follow both velocities for two steps. What is their ratio?",
    mistakes=(
        (12.0, "The averaging velocity is the smaller one. Which of the two rates is larger?"),
        (0.6, "With the same rate, PyTorch's steps would be twenty times as long."),
        (0.57, "What stands before the slope, 0.95 or 0.05?"),
        (0.6 / 0.95, "What stands before the slope, 0.95 or 0.05?"),
    ),
)


def descent_without_momentum(answer, rng):
    """Without momentum the old velocity is forgotten and the step is rate times slope."""
    w, v, g = rng.normal(size=(3, 4, 2))
    same(answer(w, v, g, 0.25, 0.0), (w - g / 4, g))


def looks_ahead(answer, rng):
    """Nesterov's own form: from u, take the slope where the velocity would carry you."""
    curvature = np.array([1.0, 4.0, 9.0])
    lr, momentum = 0.05, 0.8
    u, speed = rng.normal(size=3), np.zeros(3)
    w, v = u, np.zeros(3)
    for _ in range(6):
        w, v = two(answer(w, v, curvature * w, lr, momentum))
        speed = momentum * speed + curvature * (u - lr * momentum * speed)
        u = u - lr * speed
        same((w, v), (u - lr * momentum * speed, speed))


def two(came):
    """The place and what is remembered; raises Wrong unless there are two arrays."""
    ok = isinstance(came, tuple | list) and len(came) == 2
    require(ok, "Two results are expected: the place, and what is remembered.", came)
    return came


NESTEROV_STEP = (
    case(
        "two weights by hand",
        np.array([1.0, 2.0]),
        np.array([0.5, -1.0]),
        np.array([1.0, 3.0]),
        0.1,
        0.5,
        expected=(np.array([0.8375, 1.575]), np.array([1.25, 2.5])),
        hint="v first: 0.5 v + g. Then w moves by the rate times g + 0.5 v, with the new v.",
        mistakes=(
            (
                (np.array([0.875, 1.75]), np.array([1.25, 2.5])),
                "That is momentum: w moves along v itself. Nesterov's moves along g + momentum v.",
            ),
            (
                (np.array([0.875, 1.75]), np.array([0.5, -1.0])),
                "Return the new velocity; the next step needs it.",
            ),
        ),
    ),
    Check(
        "without momentum it is gradient descent",
        descent_without_momentum,
        "With momentum 0 the new v is g, and the step lr g.",
    ),
    Check(
        "six steps, as Nesterov wrote them",
        looks_ahead,
        "Each step starts from the w and the v that the last one returned.",
    ),
    case(
        "float32 stays",
        np.array([[1.0, -1.0]], dtype=np.float32),
        np.array([[2.0, 0.0]], dtype=np.float32),
        np.array([[1.0, 4.0]], dtype=np.float32),
        0.5,
        0.5,
        expected=(
            np.array([[0.0, -4.0]], dtype=np.float32),
            np.array([[2.0, 4.0]], dtype=np.float32),
        ),
        hint="Compute with w, v and g alone; make no array of zeros by yourself.",
    ),
)


def size_does_not_matter(answer, rng):
    """Slopes a thousand times as large, with squares to match, take the same step."""
    w, g = rng.normal(size=(2, 5))
    s = rng.uniform(1, 2, size=5)
    moved, _ = two(answer(w, s, g, 0.1, alpha=0.9, eps=0.0))
    same(np.shape(moved), (5,))
    same_array(two(answer(w, s * 1e6, g * 1e3, 0.1, alpha=0.9, eps=0.0))[0], moved)


def long_first_steps(answer, rng):
    """Under a slope that stays, step t is lr / sqrt(1 - alpha^t) long, whatever the slope."""
    g = np.array([0.01, 1.0, -300.0])
    w, s = np.zeros(3), np.zeros(3)
    for t in range(1, 6):
        before = w
        w, s = two(answer(w, s, g, 0.01, alpha=0.75, eps=0.0))
        same_array(w - before, -0.01 / math.sqrt(1 - 0.75**t) * np.sign(g))


RMSPROP_STEP = (
    case(
        "two weights by hand",
        np.array([1.0, 1.0]),
        np.array([2.0, 4.0]),
        np.array([4.0, -2.0]),
        0.3,
        alpha=0.5,
        eps=0.0,
        expected=(np.array([0.6, 1.3]), np.array([9.0, 4.0])),
        hint="s first: half of 2 and half of 16 make 9. Then 0.3 times 4 / 3.",
        mistakes=(
            (
                (np.array([1 - 1.2 / math.sqrt(18), 1 + 0.6 / math.sqrt(8)]), np.array([18.0, 8])),
                "That is Adagrad, which adds up: RMSprop weighs old and new.",
            ),
            (
                (np.array([1 - 1.2 / 9, 1.15]), np.array([9.0, 4.0])),
                "s holds squares; the step is divided by the root of s.",
            ),
        ),
    ),
    Check(
        "slopes a thousand times as large",
        size_does_not_matter,
        "Slope over the root of its squares: no unit is left.",
    ),
    Check(
        "a slope that stays: the first steps are too long",
        long_first_steps,
        "From s = 0, step t must be lr over the root of 1 - alpha^t.",
    ),
    case(
        "a weight that sees no slope, and one that sees a tiny one",
        np.array([1.0, 1.0]),
        np.array([0.0, 0.0]),
        np.array([0.0, 3e-8]),
        0.4,
        alpha=0.0,
        eps=1e-8,
        expected=(np.array([1.0, 0.7]), np.array([0.0, 9e-16])),
        hint="eps is added to the root, not under it: 3 over 3 + 1.",
    ),
)

EXERCISES = (
    Exercise(
        name="step_by_hand",
        topic="optimizers",
        graded=True,
        asks="Where does one step of gradient descent on 2 (w - 1)^2 + 4 end, from w = 4 at a rate "
        "of 0.1?",
        checks=(STEP_BY_HAND,),
        section="One weight, one rate",
        equation="eq-gradient-descent",
        see="labkit.optim.SGD",
    ),
    Exercise(
        name="stable_rate",
        topic="optimizers",
        graded=True,
        form="stable_rate(hessian)",
        asks="stable_rate(hessian) returns the rate below which gradient descent on w^T hessian "
        "w / 2 settles from everywhere, and raises ValueError if a curvature is not positive.",
        checks=STABLE_RATE,
        section="One weight, one rate",
        equation="eq-gradient-descent",
        see="labkit.optim.SGD",
        points=2,
    ),
    Exercise(
        name="same_steps_rate",
        topic="optimizers",
        graded=True,
        asks="Which rate makes PyTorch's momentum take the steps of v = 0.95 v + 0.05 g, "
        "w = w - 0.6 v?",
        checks=(SAME_STEPS_RATE,),
        section="Momentum remembers the direction",
        equation="eq-momentum",
        see="labkit.optim.SGD",
    ),
    Exercise(
        name="nesterov_step",
        topic="optimizers",
        graded=True,
        form="nesterov_step(w, v, g, lr, momentum)",
        asks="nesterov_step(w, v, g, lr, momentum) returns the next w and v, arrays like g.",
        checks=NESTEROV_STEP,
        section="Momentum remembers the direction",
        equation="eq-nesterov",
        see="labkit.optim.SGD",
        points=2,
    ),
    Exercise(
        name="rmsprop_step",
        topic="optimizers",
        graded=True,
        form="rmsprop_step(w, s, g, lr, alpha=0.99, eps=1e-08)",
        asks="rmsprop_step(w, s, g, lr, alpha=0.99, eps=1e-8) returns the next w and s.",
        checks=RMSPROP_STEP,
        section="A rate for every weight",
        equation="eq-rmsprop",
        see="labkit.optim.RMSprop",
        points=2,
    ),
)
