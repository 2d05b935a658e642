"""The exercises of the chapter `optimizers`.

A rule is known by what it does: by hand for a few steps, and by walking with it.
"""

import math

import numpy as np

from labkit.exercises.compare import require, same, same_array
from labkit.exercises.exercise import Check, Exercise, case, refuses, value

RATE_LIMIT = value(
    "the largest rate",
    1 / 3,
    hint="What is the slope in each weight? The curvature is what multiplies the weight in it.",
    mistakes=(
        (2 / 3, "Is 3 the curvature of 3 w^2? Write it as half of something times w^2."),
        (2.0, "That is the limit for the second weight alone; all weights share one rate."),
        (1 / 6, "At that rate the steep weight gets to the bottom in one step. It may be larger."),
        (
            4.0,
            "Half of kappa w^2: what is kappa for the second weight, and which is the steep one?",
        ),
        (2 / 7, "Curvatures of different weights do not add up."),
    ),
)


def mean_of_equal_slopes(answer, rng):
    """The mean of equal slopes is that slope, however few there are."""
    for t in (1, 2, 5, 40):
        slope = rng.normal(size=3)
        same_array(answer(np.tile(slope, (t, 1)), 0.9), slope)


def mean_by_recursion(answer, rng):
    """Adam's own way to it, for matrices of weights."""
    for beta in (0.0, 0.5, 0.99):
        slopes, m = rng.normal(size=(7, 2, 3)), np.zeros((2, 3))
        for slope in slopes:
            m = beta * m + (1 - beta) * slope
        same_array(answer(slopes, beta), m / (1 - beta**7))


DECAYED_MEAN = (
    case(
        "two slopes",
        np.array([[1.0], [0.5]]),
        0.9,
        expected=np.array([1.4 / 1.9]),
        hint="The last slope weighs 1, the one before beta; then divide by the sum of the weights.",
        mistakes=(
            (np.array([1.45 / 1.9]), "The newest slope counts most: the last row, not the first."),
            (np.array([0.14]), "That is m itself, which is too small at the start."),
            (np.array([1.4]), "The weights must sum to one."),
            (np.array([0.75]), "All slopes weigh alike there."),
        ),
    ),
    Check("equal slopes", mean_of_equal_slopes, "The weights must sum to one."),
    Check(
        "many slopes, as Adam finds it",
        mean_by_recursion,
        "Slope tau of t has the weight beta to the power t - tau.",
    ),
    case(
        "float32",
        np.array([[2.0, -4.0], [2.0, -4.0]], dtype=np.float32),
        0.5,
        expected=np.array([2.0, -4.0], dtype=np.float32),
        hint="Give the weights the dtype of the slopes.",
    ),
)


def heavy_ball(lr, curvature, momentum, steps):
    """The largest distance in the last steps of a walk that begins at 1, or where it gets lost."""
    w, v, far = 1.0, 0.0, [1.0]
    while len(far) < steps and far[-1] < 1e6:
        v = momentum * v + curvature * w
        w = w - lr * v
        far.append(abs(w))
    return max(far[-20:])


def walks_at_the_limit(answer, rng):
    """Just below the limit the walk comes home, just above it never does."""
    for momentum in (0.0, 0.3, 0.8, 0.95):
        curvature = float(rng.uniform(0.2, 30))
        limit = answer(curvature, momentum)
        same(float(limit), limit)
        below = heavy_ball(0.98 * limit, curvature, momentum, 4000)
        above = heavy_ball(1.02 * limit, curvature, momentum, 4000)
        setting = f"curvature {curvature:.3g} and momentum {momentum:g}"
        require(below < 1e-3, f"With {setting}, 2 % below this rate w does not settle.", limit)
        require(above > 1e3, f"With {setting}, 2 % above this rate w still settles.", limit)


MOMENTUM_LIMIT = (
    case(
        "no momentum",
        4.0,
        0.0,
        expected=0.5,
        hint="Without momentum it must be the limit of gradient descent.",
        mistakes=((0.25, "That rate reaches the bottom in one step; it may be larger."),),
    ),
    case(
        "curvature 1, momentum 0.5",
        1.0,
        0.5,
        expected=3.0,
        hint="At the limit w only changes its sign: try r = -1 in the equation for r.",
        mistakes=(
            (1.0, "The limit grows with momentum: the velocity of the last step brakes this one."),
            (4.0, "A step is 1 / (1 - momentum) times as long only where slopes agree."),
            (2.0, "Does momentum change nothing? Put r = -1 into the equation."),
        ),
    ),
    Check("walks just below and above it", walks_at_the_limit, "Put r = -1 into the equation."),
)


def wandering(answer, rng):
    """Walks of many weights at once, long enough to forget where they began."""
    for lr, curvature, sigma in ((0.1, 1.0, 1.0), (0.5, 0.4, 3.0), (0.15, 10.0, 0.2)):
        w = np.zeros(20_000)
        for _ in range(200):
            w = w - lr * (curvature * w + sigma * rng.normal(size=w.size))
        expected, came = float(np.mean(w**2)), answer(lr, curvature, sigma)
        require(
            isinstance(came, float | np.floating) and abs(came / expected - 1) < 0.06,
            f"20,000 walks at rate {lr} with curvature {curvature} and noise {sigma} disagree.",
            came,
            f"{expected:.2g}, to a few per cent",
        )


RESTING_VARIANCE = (
    case(
        "rate 1, curvature 1: only the last noise is left",
        1.0,
        1.0,
        3.0,
        expected=9.0,
        hint="One step takes w to the bottom, and the noise takes it away again.",
        mistakes=(
            (3.0, "That is the standard deviation; its square is asked for."),
            (4.5, "For small rates that is near; keep the square of 1 - eta kappa whole."),
        ),
    ),
    case(
        "rate 0.5, curvature 2",
        0.5,
        2.0,
        2.0,
        expected=1.0,
        hint="V = (1 - eta kappa)^2 V + eta^2 sigma^2: the noise is multiplied by the rate.",
    ),
    Check(
        "many walks",
        wandering,
        "Solve V = (1 - eta kappa)^2 V + eta^2 sigma^2 for V.",
    ),
    refuses(
        "a rate beyond the limit",
        1.0,
        2.5,
        1.0,
        because="beyond 2 / curvature no walk settles",
        hint="Compare the rate with 2 / curvature first.",
    ),
)

ROUND = np.concatenate([[110.0], -np.ones(100)])  # one large slope, then a hundred small ones


def amsgrad_by_hand(answer, rng):
    """beta1 = 0 and beta2 = 0.75: squares 4, 1 and 16 give v = 1, 1 and 4.75."""
    path = answer(np.array([2.0, -1.0, 4.0]), 0.5, 0.0, 0.75)
    expected = np.cumsum([-1.0, 0.5, -2 / math.sqrt(4.75)])
    same_array(path, expected, 1e-6)


def first_average_by_hand(answer, rng):
    """beta2 = 0 makes the size that of the largest slope: 4, 4, 4."""
    path = answer(np.array([4.0, 2.0, -2.0]), 1.0, 0.5, 0.0)
    same_array(path, np.cumsum([-0.5, -0.5, 0.0]), 1e-6)


def never_forgets(answer, rng):
    """The root in the denominator never shrinks, however long small slopes follow a large one."""
    slopes = np.array([100.0] + [1.0] * 60)
    steps = -np.diff(answer(slopes, 1.0, 0.0, 0.5))
    expected = np.full(60, 1 / math.sqrt(5000.0))
    require(
        np.shape(steps) == (60,) and np.abs(steps / expected - 1).max() < 1e-6,
        "After a slope of 100, sixty slopes of 1 must all give the same short step.",
        steps[-1] if np.size(steps) else steps,
        f"{expected[-1]:.6f} in every step",
    )


def goes_the_right_way(answer, rng):
    """The slopes of a round sum to +10: w must fall."""
    path = answer(np.tile(ROUND, 30), 0.01, 0.9, 0.99)
    require(isinstance(path, np.ndarray) and path.shape == (3030,), "One place per slope.", path)
    fall = path[-1] - path[-1011]
    require(fall < 0, "The slopes sum to more than 0, so w must fall.", float(fall), "below 0")


AMSGRAD_PATH = (
    Check(
        "three slopes by hand, beta1 = 0",
        amsgrad_by_hand,
        "No correction here: the step is lr m over the root of the largest v so far.",
    ),
    Check(
        "three slopes by hand, beta2 = 0",
        first_average_by_hand,
        "m is averaged as in Adam, without dividing by 1 - beta1^t.",
    ),
    Check("small slopes after a large one", never_forgets, "Keep the largest v and divide by it."),
    Check("one large slope in 101", goes_the_right_way, "Keep the largest v and divide by it."),
)

EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        name="rate_limit",
        topic="optimizers",
        asks="rate_limit is the rate below which gradient descent on 3 w_1^2 + w_2^2 / 2 settles.",
        section="One weight, one rate",
        equation="eq-gradient-descent",
        see="labkit.optim.SGD",
        checks=(RATE_LIMIT,),
    ),
    Exercise(
        name="decayed_mean",
        topic="optimizers",
        form="decayed_mean(slopes, beta)",
        asks="decayed_mean(slopes, beta) returns Adam's corrected mean after the last of the "
        "slopes (t, ...), as a weighted mean over the first axis.",
        section="Adam: both, and a fair start",
        equation="eq-adam",
        see="labkit.optim.Adam",
        checks=DECAYED_MEAN,
    ),
    Exercise(
        name="momentum_limit",
        topic="optimizers",
        form="momentum_limit(curvature, momentum)",
        asks="momentum_limit(curvature, momentum) returns the rate up to which momentum settles in "
        "a bowl.",
        section="Momentum remembers the direction",
        equation="eq-momentum",
        see="labkit.optim.SGD",
        points=2,
        checks=MOMENTUM_LIMIT,
    ),
    Exercise(
        name="resting_variance",
        topic="optimizers",
        form="resting_variance(lr, curvature, sigma)",
        asks="resting_variance(lr, curvature, sigma) returns the mean of w^2 after many steps with "
        "slopes curvature w + noise, whose standard deviation is sigma.",
        section="One weight, one rate",
        equation="eq-gradient-descent",
        see="labkit.optim.SGD",
        points=2,
        checks=RESTING_VARIANCE,
    ),
    Exercise(
        name="amsgrad_path",
        topic="optimizers",
        form="amsgrad_path(slopes, lr, beta1, beta2)",
        asks="amsgrad_path(slopes, lr, beta1, beta2) returns the array of places after each step "
        "from w = 0, with lr m over the root of the largest v so far.",
        section="Adam: both, and a fair start",
        equation="eq-adam",
        see="labkit.optim.Adam",
        points=2,
        checks=AMSGRAD_PATH,
    ),
)
