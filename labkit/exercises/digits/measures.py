"""How sure, where it errs, and one step of a classifier that learns.

The checks know a published table of intervals, what both ends of one must satisfy, and the slope
that differences of the loss show.
"""

import math

import numpy as np

from labkit.exercises.compare import require, same, same_array
from labkit.exercises.exercise import Check, Exercise, case, value
from labkit.gradcheck import numerical_gradient

PUBLISHED = ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (1, 29, 0.0061, 0.1718))
"""Right, of how many, and both ends at 95 %, to four decimals [Newcombe 1998, table I]."""


def answers_with(right, n, rng):
    """Read and true classes of n pictures, so many of them alike, in any order."""
    target = rng.integers(0, 10, n)
    wrong = rng.permutation(n) >= right
    return (target + wrong * rng.integers(1, 10, n)) % 10, target


def three(came):
    """Three numbers; raises Wrong unless there are three."""
    ok = isinstance(came, tuple | list) and len(came) == 3
    require(ok, "Three results are expected: the share, and both ends.", came)
    return [float(one) for one in came]


def as_published(answer, rng):
    """The intervals of a published table."""
    for right, n, low, high in PUBLISHED:
        share, *ends = three(answer(*answers_with(right, n, rng)))
        same(share, right / n)
        require(
            abs(ends[0] - low) < 6e-5 and abs(ends[1] - high) < 6e-5,
            f"For {right} of {n} right a published table has other ends.",
            tuple(ends),
            f"({low}, {high})",
        )


def z_deviations_away(answer, rng):
    """Both ends are those p from which the share is exactly z deviations away."""
    for _ in range(10):
        n, z = int(rng.integers(3, 400)), float(rng.uniform(0.5, 3))
        right = int(rng.integers(1, n))
        share, low, high = three(answer(*answers_with(right, n, rng), z))
        require(0 < low < share < high < 1, "The ends must lie around the share.", (low, high))
        for p in (low, high):
            deviations = abs(share - p) / math.sqrt(p * (1 - p) / n)
            require(
                abs(deviations - z) < 1e-6,
                f"{right} of {n} with z = {z:.3f}: from the end {p:.4f} the share must be {z:.3f} "
                "deviations away.",
                deviations,
            )


def none_and_all(answer, rng):
    """At 0 and n of n the interval ends there, and does not shrink to nothing."""
    for n in (1, 20, 1000):
        edge = 1.96**2 / (n + 1.96**2)  # the other root, where the share is 0
        low_and_high = three(answer(*answers_with(0, n, rng)))
        same_array(np.array(low_and_high) + 1, np.array([0.0, 0.0, edge]) + 1)
        low_and_high = three(answer(*answers_with(n, n, rng)))
        same_array(np.array(low_and_high), np.array([1.0, 1 - edge, 1.0]))


ACCURACY_INTERVAL = (
    Check("a published table", as_published, "Count first: how many are alike, of how many?"),
    Check(
        "both ends are z deviations away",
        z_deviations_away,
        "Use z itself, not 1.96; and the deviation of p, not of the share.",
    ),
    Check(
        "none right, all right",
        none_and_all,
        "0 of 20 may be luck: the interval reaches up to z^2 / (n + z^2).",
    ),
)

RECALL_BY_HAND = value(
    "the recall of class 1",
    0.75,
    hint="Of the pictures that show a 1, how many were read as a 1? They stand in one row.",
    mistakes=(
        (0.6, "That is the precision: of those read as a 1, how many are one."),
        (0.795, "That is the accuracy, over all classes."),
        (0.15, "Divide by the pictures of class 1, not by all pictures."),
        (0.25, "That is the share that was missed."),
        (75.0, "A share is asked for, between 0 and 1."),
    ),
)


def rows_are_the_truth(answer, rng):
    """Each pair of a true and a read class is counted where it belongs, and stays a pair."""
    counts = rng.integers(0, 4, size=(5, 5))
    counts[3] = 0
    true, read = np.indices((5, 5)).reshape(2, -1)
    order = rng.permutation(int(counts.sum()))
    predicted = np.repeat(read, counts.ravel())[order]
    target = np.repeat(true, counts.ravel())[order]
    same_array(answer(predicted, target, 5), counts)


COUNT_CONFUSIONS = (
    case(
        "five pictures of three classes",
        np.array([0, 1, 1, 1, 0]),
        np.array([0, 2, 1, 2, 1]),
        3,
        expected=np.array([[1, 0, 0], [1, 1, 0], [0, 2, 0]]),
        hint="The two pictures of a 2 that were read as a 1 stand in row 2, column 1.",
        mistakes=(
            (
                np.array([[1, 1, 0], [0, 1, 2], [0, 0, 0]]),
                "Rows are the true classes, columns what was read.",
            ),
            (
                np.array([[1, 0, 0], [1, 1, 0], [0, 1, 0]]),
                "A pair that comes twice must count twice: counts[rows, columns] += 1 adds once.",
            ),
        ),
    ),
    Check(
        "five classes, one of them never there",
        rows_are_the_truth,
        "k rows and k columns, also for a class that never comes.",
    ),
)


def mean_loss(w, b, x, y):
    """The mean cross-entropy, example by example."""
    losses = []
    for row, true in zip(x, y, strict=True):
        z = [float(row @ w[:, j] + b[j]) for j in range(w.shape[1])]
        losses.append(math.log(sum(math.exp(one) for one in z)) - z[true])
    return sum(losses) / len(losses)


def against_differences(answer, rng):
    """The step is the rate times the slope that differences of the loss show."""
    x, y = rng.normal(size=(6, 3)), rng.integers(0, 4, 6)
    w, b = rng.normal(size=(3, 4)), rng.normal(size=4)
    new_w, new_b, loss = three_results(answer(w, b, x, y, 0.5))
    same(loss, mean_loss(w, b, x, y))
    slope_w = numerical_gradient(lambda w: mean_loss(w, b, x, y), w)
    slope_b = numerical_gradient(lambda b: mean_loss(w, b, x, y), b)
    same_array((w - new_w) / 0.5, slope_w, 1e-6)
    same_array((b - new_b) / 0.5, slope_b, 1e-6)


def three_results(came):
    """w, b and the loss; raises Wrong unless there are three."""
    ok = isinstance(came, tuple | list) and len(came) == 3
    require(ok, "Three results are expected: return w, b, loss.", came)
    return came


def batch_twice(answer, rng):
    """The same batch twice over is the same step: the loss is a mean."""
    x, y = rng.normal(size=(5, 2)), rng.integers(0, 3, 5)
    w, b = rng.normal(size=(2, 3)), rng.normal(size=3)
    once = three_results(answer(w, b, x, y, 0.3))
    same(tuple(map(np.shape, once)), ((2, 3), (3,), ()))
    same(tuple(answer(w, b, np.tile(x, (2, 1)), np.tile(y, 2), 0.3)), tuple(once))


SOFTMAX_STEP = (
    case(
        "from zeros, one picture, two classes",
        np.zeros((2, 2)),
        np.zeros(2),
        np.array([[1.0, 2.0]]),
        np.array([0]),
        0.1,
        expected=(
            np.array([[0.05, -0.05], [0.1, -0.1]]),
            np.array([0.05, -0.05]),
            math.log(2),
        ),
        hint="p is a half for both; minus one for the true class gives -0.5 and 0.5.",
        mistakes=(
            (
                (np.array([[-0.05, 0.05], [-0.1, 0.1]]), np.array([-0.05, 0.05]), math.log(2)),
                "That is uphill.",
            ),
        ),
    ),
    Check(
        "loss and slopes, against differences",
        against_differences,
        "The slope at the logits is p minus one-hot, over n; x carries it to w. The loss returned "
        "is that of the weights that came in.",
    ),
    Check("the same batch twice over", batch_twice, "Mean, not sum: divide by len(y)."),
    case(
        "logits of a thousand",
        np.array([[1000.0, -1000.0]]),
        np.zeros(2),
        np.array([[1.0]]),
        np.array([1]),
        0.5,
        expected=(np.array([[999.5, -999.5]]), np.array([-0.5, 0.5]), 2000.0),
        hint="Subtract the row's largest logit first; and take no logarithm of p, which is 0 here.",
    ),
)

EXERCISES = (
    Exercise(
        name="accuracy_interval",
        topic="digits",
        graded=True,
        form="accuracy_interval(predicted, target, z=1.96)",
        asks="accuracy_interval(predicted, target, z=1.96) returns the share of right answers and "
        "both ends of Wilson's interval.",
        checks=ACCURACY_INTERVAL,
        section="Ten answers, nine right",
        equation="eq-wilson-interval",
        see="labkit.metrics.wilson_interval",
        points=3,
    ),
    Exercise(
        name="recall_by_hand",
        topic="digits",
        graded=True,
        asks="What is the recall of class 1 in the table of the exercise?",
        checks=(RECALL_BY_HAND,),
        section="Open the test set",
        see="labkit.metrics.precision_recall_f1",
    ),
    Exercise(
        name="count_confusions",
        topic="digits",
        graded=True,
        form="count_confusions(predicted, target, k)",
        asks="count_confusions(predicted, target, k) returns the array (k, k) of counts: row the "
        "true class, column the class that was read.",
        checks=COUNT_CONFUSIONS,
        section="Open the test set",
        see="labkit.metrics.confusion_matrix",
        points=2,
    ),
    Exercise(
        name="softmax_step",
        topic="digits",
        graded=True,
        form="softmax_step(w, b, x, y, lr)",
        asks="softmax_step(w, b, x, y, lr) returns w (pixels, k) and b (k,) after one step of "
        "gradient descent on the mean cross-entropy of x w + b, and the loss before the step.",
        checks=SOFTMAX_STEP,
        section="Train, and watch the other curve",
        see="labkit.ops.cross_entropy",
        points=4,
    ),
)
