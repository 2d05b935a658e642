"""Adam's step, and what guards a training: the schedule and the clipping.

The checks know Adam without its recursion, as weighted means of all slopes so far.
"""

import math

import numpy as np

from labkit.exercises.compare import require, same, same_array, show
from labkit.exercises.exercise import Check, Exercise, case


def first_step(answer, rng):
    """The first step is as long as the rate, whatever the slope and the betas."""
    w, g = rng.normal(size=4), np.array([3.0, -0.01, 200.0, -1e-6])
    for beta1, beta2 in ((0.9, 0.999), (0.5, 0.25)):
        came = answer(w, np.zeros(4), np.zeros(4), 1, g, lr=0.01, beta1=beta1, beta2=beta2, eps=0.0)
        same_array(three(came)[0], w - 0.01 * np.sign(g))


def fading_means(answer, rng):
    """After each of six slopes, the corrected averages are weighted means of all so far."""
    beta1, beta2, lr, eps = 0.8, 0.95, 0.1, 1e-3
    slopes = rng.normal(size=(6, 2, 3))
    w, m, v = rng.normal(size=(2, 3)), np.zeros((2, 3)), np.zeros((2, 3))
    expected = w
    for t in range(1, 7):
        came = answer(w, m, v, t, slopes[t - 1], lr=lr, beta1=beta1, beta2=beta2, eps=eps)
        w, m, v = three(came)
        ages = np.arange(t)[::-1]
        mean = np.average(slopes[:t], axis=0, weights=beta1**ages)
        square = np.average(slopes[:t] ** 2, axis=0, weights=beta2**ages)
        expected = expected - lr * mean / (np.sqrt(square) + eps)
        same_array(w, expected)


def three(came):
    """w, m and v; raises Wrong unless there are three results."""
    ok = isinstance(came, tuple | list) and len(came) == 3
    require(ok, "Three results are expected: return w, m, v.", came)
    return came


def decay_beside(answer, rng):
    """The decay takes lr decay w off the weights, and m and v know nothing of it."""
    for size in (0.0, 0.01, 100.0):
        w, m, g = rng.normal(size=(3, 5))
        m, g, v = m * size, g * size, rng.uniform(1, 2, 5) * size**2
        plain = three(answer(w, m, v, 3, g, lr=0.1))
        came = three(answer(w, m, v, 3, g, lr=0.1, decay=0.5))
        same(tuple(came), (plain[0] - 0.05 * w, plain[1], plain[2]))


ADAM_STEP = (
    case(
        "the second step of two weights, by hand",
        np.array([1.0, 2.0]),
        np.array([2.0, 5.0]),
        np.array([1.0, 4.0]),
        2,
        np.array([1.0, -2.0]),
        lr=0.1,
        beta1=0.5,
        beta2=0.6,
        eps=0.0,
        expected=(np.array([0.84, 1.92]), np.array([1.5, 1.5]), np.array([1.0, 4.0])),
        hint="m = 1.5, divided by 1 - 0.25 makes 2; v = 1, divided by 1 - 0.36; its root is 1.25.",
        mistakes=(
            (
                (np.array([0.85, 1.925]), np.array([1.5, 1.5]), np.array([1.0, 4.0])),
                "The averages are not corrected.",
            ),
            (
                (np.array([0.84, 1.92]), np.array([2.0, 2.0]), np.array([1 / 0.64, 4 / 0.64])),
                "Return m and v as they were before the correction: it is for this step alone.",
            ),
        ),
    ),
    Check(
        "the first step is as long as the rate",
        first_step,
        "At t = 1 the corrected m is g and the corrected v is g squared.",
    ),
    Check(
        "six slopes, each with its weight",
        fading_means,
        "Divide m by 1 - beta1^t and v by 1 - beta2^t, with powers; eps comes after the root.",
    ),
    case(
        "a tiny slope and none",
        np.array([1.0, 1.0]),
        np.zeros(2),
        np.zeros(2),
        1,
        np.array([3e-8, 0.0]),
        lr=0.4,
        beta1=0.0,
        beta2=0.75,
        expected=(np.array([0.7, 1.0]), np.array([3e-8, 0.0]), np.array([2.25e-16, 0.0])),
        hint="eps is added to the root of the corrected v: 3 over 3 + 1.",
    ),
    Check(
        "decay, beside the rule",
        decay_beside,
        "lr decay w comes off w, with the old w; neither m nor v sees it.",
    ),
    case(
        "float32 stays",
        np.array([[1.0, -1.0]], dtype=np.float32),
        np.zeros((1, 2), dtype=np.float32),
        np.zeros((1, 2), dtype=np.float32),
        1,
        np.array([[4.0, -8.0]], dtype=np.float32),
        lr=0.5,
        beta1=0.5,
        beta2=0.75,
        eps=0.0,
        expected=(
            np.array([[0.5, -0.5]], dtype=np.float32),
            np.array([[2.0, -4.0]], dtype=np.float32),
            np.array([[4.0, 16.0]], dtype=np.float32),
        ),
        hint="Compute with the arrays that came; make none of zeros by yourself.",
    ),
)


def halves_mirror(answer, rng):
    """The line is straight, and the fall is the same seen from above and from below."""
    for _ in range(10):
        lr = float(rng.uniform(0.01, 2))
        warmup, fall = int(rng.integers(1, 30)), int(rng.integers(4, 60))
        k = int(rng.integers(1, warmup + 1))
        line = answer(k, lr, warmup, warmup + fall)
        require(
            abs(warmup * line - k * lr) < 1e-9,
            f"Of {warmup} steps of warm-up, step {k} has {k} parts.",
            line,
            show(k * lr / warmup),
        )
        k = int(rng.integers(1, fall))
        upper = answer(warmup + k, lr, warmup, warmup + fall)
        lower = answer(warmup + fall - k, lr, warmup, warmup + fall)
        require(
            abs(upper + lower - lr) < 1e-9,
            f"What is lost {k} steps after the top must be left {k} steps before the end.",
            f"{show(upper)} and {show(lower)}",
            f"a sum of {show(lr)}",
        )


WARM_RATE = (
    case("the first step", 1, 0.8, 4, 12, expected=0.2, hint="The first of 4 parts of 0.8."),
    case(
        "the third of four",
        3,
        0.8,
        4,
        12,
        expected=0.6,
        hint="Three of 4 parts; the fall has not begun.",
    ),
    case(
        "the last step of the warm-up",
        4,
        0.8,
        4,
        12,
        expected=0.8,
        hint="After the warm-up the whole rate is reached.",
    ),
    case(
        "a quarter of the way down",
        6,
        0.8,
        4,
        12,
        expected=0.4 * (1 + math.sqrt(0.5)),
        hint="2 of the 8 steps from the top to the end: the cosine of a quarter of pi.",
        mistakes=(
            (0.4, "The fall begins after the warm-up: 2 of 8 steps have passed, not 6 of 12."),
            (0.6, "That is a straight line; half a cosine wave falls slowly at first."),
        ),
    ),
    case("the last step", 12, 0.8, 4, 12, expected=0.0, hint="The cosine of pi is -1."),
    case(
        "after the end",
        19,
        0.8,
        4,
        12,
        expected=0.0,
        hint="A cosine climbs again; the rate must not.",
    ),
    case(
        "no warm-up",
        5,
        1.0,
        0,
        10,
        expected=0.5,
        hint="With 0 steps of warm-up the fall begins at once.",
    ),
    Check("ten schedules", halves_mirror, "A straight line up, half a cosine wave down."),
)


def direction_stays(answer, rng):
    """All numbers shrink by one factor, down to the length asked for."""
    shapes = ((3,), (2, 4), (1, 1, 5))
    for limit in (0.1, 1.7):
        grads = [rng.normal(size=shape) * 3 for shape in shapes]
        came = answer(grads, limit)
        same(len(came), len(grads))
        flat = np.concatenate([np.ravel(part) for part in came])
        old = np.concatenate([part.ravel() for part in grads])
        same_array(flat, old / math.dist(old, np.zeros(old.size)) * limit)
        same(tuple(np.shape(part) for part in came), shapes)


CLIP_TOGETHER = (
    case(
        "3 and 4 are 5 long",
        [np.array([3.0]), np.array([-4.0])],
        1.0,
        expected=(np.array([0.6]), np.array([-0.8])),
        hint="The root of the sum of all squares, over all arrays.",
        mistakes=(
            ((np.array([1.0]), np.array([-1.0])), "One length for all arrays together."),
            ((np.array([3 / 7]), np.array([-4 / 7])), "Squares are added, and then the root."),
            ((np.array([3 / 25]), np.array([-4 / 25])), "The length is the root of the sum."),
        ),
    ),
    case(
        "short enough",
        [np.array([0.3, 0.0]), np.array([[0.4]])],
        0.6,
        expected=(np.array([0.3, 0.0]), np.array([[0.4]])),
        hint="0.5 is below the limit: nothing is made longer.",
    ),
    case(
        "no slope at all",
        [np.zeros(2), np.zeros((1, 3))],
        1.0,
        expected=(np.zeros(2), np.zeros((1, 3))),
        hint="A length of 0 must not be divided by.",
    ),
    Check(
        "arrays of every shape: the direction stays",
        direction_stays,
        "One factor, limit over length, multiplies every array.",
    ),
    case(
        "float32 stays",
        [np.array([6.0, 8.0], dtype=np.float32)],
        5.0,
        expected=(np.array([3.0, 4.0], dtype=np.float32),),
        hint="Multiply by a Python float: float(length).",
    ),
)

EXERCISES = (
    Exercise(
        name="adam_step",
        topic="optimizers",
        graded=True,
        form="adam_step(w, m, v, t, g, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-08, decay=0.0)",
        asks="adam_step(w, m, v, t, g, lr, beta1, beta2, eps, decay) returns the next w, m and v; "
        "t is the number of this step, 1 for the first.",
        checks=ADAM_STEP,
        section="Adam: both, and a fair start",
        equation="eq-adam",
        see="labkit.optim.AdamW",
        points=4,
    ),
    Exercise(
        name="warm_rate",
        topic="optimizers",
        graded=True,
        form="warm_rate(t, lr, warmup, steps)",
        asks="warm_rate(t, lr, warmup, steps) returns the rate of step t, 1 for the first: a line "
        "up to lr at step warmup, half a cosine wave down to 0 at the last step, then 0.",
        checks=WARM_RATE,
        section="Where it fails: the first step",
        equation="eq-cosine-decay",
        see="labkit.schedules.warmup_cosine",
        points=2,
    ),
    Exercise(
        name="clip_together",
        topic="optimizers",
        graded=True,
        form="clip_together(grads, limit)",
        asks="clip_together(grads, limit) returns a tuple of the arrays, all shortened by one "
        "factor until they are limit long together; what is shorter stays.",
        checks=CLIP_TOGETHER,
        section="Where it fails: the first step",
        equation="eq-clip-grad-norm",
        see="labkit.optim.clip_grad_norm",
        points=2,
    ),
)
