"""What may be learnt from which picture: standardising, nearest neighbours, splitting by source.

The checks know what must not happen: a test picture that moves the mean, a source on both sides.
"""

import math

import numpy as np

from labkit.exercises.compare import require, same, same_array, show
from labkit.exercises.exercise import Check, Exercise, case, refuses, value

STANDARD_BY_HAND = value(
    "the test pixel, standardised",
    3.0,
    hint="Mean and deviation of 2, 2, 6, 6; then how many deviations above that mean is 10?",
    mistakes=(
        (1.0, "Mean and deviation come from the training pixels alone, not from the test's."),
        (8 / math.sqrt(12), "The variance divides by 4, not by 3: it describes these four pixels."),
        (1.5, "16 is the sum of the squares, 4 their mean; its root is the deviation."),
        (6.0, "That is the distance from the mean; divide it by the deviation."),
        (5.0, "Subtract the mean before you divide."),
        (2 / math.sqrt(5), "A test pixel must not move the mean by which it is measured."),
    ),
)


def zero_and_one(answer, rng):
    """Each pixel of the training pictures has mean 0 and deviation 1 by itself."""
    train = rng.normal(size=(9, 4)) * (0.1, 1.0, 10.0, 100.0) + (5.0, -3.0, 0.0, 900.0)
    came, _ = pair(answer(train, train[:2]))
    same_array(came.mean(axis=0) + 1, np.ones(4), 1e-7)
    same_array(came.std(axis=0), np.ones(4), 1e-7)


def another_test_picture(answer, rng):
    """Another test picture changes neither the training pictures nor the first test picture."""
    train, test = rng.normal(size=(6, 3)), rng.normal(size=(4, 3)) * 7
    both, one = pair(answer(train, test)), pair(answer(train, test[:1]))
    same(tuple(map(np.shape, both)), ((6, 3), (4, 3)))
    same_array(both[0], one[0])
    same_array(both[1][:1], one[1])


def pair(came):
    """Two arrays; raises Wrong unless there are two."""
    ok = isinstance(came, tuple | list) and len(came) == 2
    require(ok, "Two results are expected, the training part first.", came)
    return came


STANDARD_SCORES = (
    case(
        "two pixels by hand",
        np.array([[2.0, 1.0], [2.0, 5.0], [6.0, 1.0], [6.0, 5.0]]),
        np.array([[10.0, 3.0]]),
        expected=(
            np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]]),
            np.array([[3.0, 0.0]]),
        ),
        hint="Means 4 and 3, deviations 2 and 2, all from the first array.",
    ),
    Check(
        "every pixel by itself: mean 0, deviation 1",
        zero_and_one,
        "A column is a pixel; the mean goes over the pictures, axis 0.",
    ),
    Check(
        "no test picture is seen",
        another_test_picture,
        "Both arrays are shifted and divided by what the first one says.",
    ),
    case(
        "a pixel that never varies, in whole numbers",
        np.array([[0, 7], [200, 7]], dtype=np.uint8),
        np.array([[255, 9], [0, 7]], dtype=np.uint8),
        expected=(np.array([[-1.0, 0.0], [1.0, 0.0]]), np.array([[1.55, 2.0], [-1.0, 0.0]])),
        hint="Divide by 1 where the deviation is 0. The means of whole numbers are floats.",
    ),
)


def nearest_of_all(answer, rng):
    """With k = 1 a training picture finds itself, whatever the rest."""
    x, y = rng.normal(size=(12, 5)), rng.integers(0, 10, 12)
    same_array(answer(x, y, x[::-1], 1), y[::-1])


def circles(answer, rng):
    """Pictures in rings around the query: the k nearest are the k inner ones."""
    angles = rng.uniform(0, 2 * np.pi, 9)
    ring = np.stack([np.cos(angles), np.sin(angles)], axis=1) * np.arange(1.0, 10.0)[:, None]
    y = np.array([4, 4, 2, 2, 2, 7, 7, 7, 7])
    order = rng.permutation(9)
    for k, expected in ((1, 4), (3, 4), (5, 2), (9, 7)):
        came = answer(ring[order] + 20.0, y[order], np.full((2, 2), 20.0), k)
        same(came, np.array([expected, expected]))


NEAREST_LABELS = (
    case(
        "two queries by hand",
        np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 5.0], [4.0, 4.0]]),
        np.array([1, 8, 8, 3]),
        np.array([[2.0, 0.5], [1.0, 4.0]]),
        1,
        expected=np.array([8, 8]),
        hint="The nearest to (2, 0.5) is (3, 0); the nearest to (1, 4) is (0, 5).",
    ),
    case(
        "a tie goes to the smallest class",
        np.array([[1.0], [-1.5], [2.0], [-2.5], [9.0]]),
        np.array([6, 4, 4, 6, 0]),
        np.array([[0.0]]),
        4,
        expected=np.array([4]),
        hint="Two votes for 6, two for 4: np.bincount counts, argmax takes the first of the best.",
        mistakes=((np.array([6]), "6 is nearer, but the votes tie: the smallest class wins."),),
    ),
    Check("training pictures find themselves", nearest_of_all, "The distance to itself is 0."),
    Check(
        "rings of nine pictures",
        circles,
        "Squared differences, summed over the pixels; argsort; the first k vote.",
    ),
)


def no_source_on_both_sides(answer, rng):
    """Every example is on one side, a source with all its examples, and none is too many."""
    for _ in range(15):
        groups = int(rng.integers(3, 12))
        counts = rng.integers(1, 7, groups)
        source = rng.permutation(np.repeat(rng.permutation(50)[:groups], counts))
        order = rng.permutation(np.unique(source))
        last = order[-1]
        n_test = int(rng.integers(1, (source != last).sum() + 1))
        train, test = pair(answer(source, order, n_test))
        for part in (train, test):
            ok = isinstance(part, np.ndarray) and part.dtype.kind in "iu" and part.ndim == 1
            require(ok, "A part is no array of positions.", part, "an array of whole numbers")
            require((np.diff(part) > 0).all(), "Positions must increase.", part)
        together = np.sort(np.concatenate([train, test]))
        require(
            np.array_equal(together, np.arange(source.size)),
            "Every example must be on one side, once.",
            together,
        )
        shared = set(source[train].tolist()) & set(source[test].tolist())
        require(not shared, f"The sources {sorted(shared)} are on both sides.", test)
        require(len(test) >= n_test, f"{n_test} test examples are wanted.", len(test))
        taken = [one for one in order if one in source[test]]
        require(
            taken == list(order[: len(taken)]),
            "The sources of the test are not the first ones of the order.",
            taken,
            show([int(one) for one in order[: len(taken)]]),
        )
        fewer = len(test) - int((source == taken[-1]).sum())
        require(fewer < n_test, "One source fewer would have been enough.", len(test))


COPIES = np.array([7, 7, 3, 9, 3, 7])

SPLIT_BY_SOURCE = (
    case(
        "two sources for two pictures",
        COPIES,
        np.array([9, 3, 7]),
        2,
        expected=(np.array([0, 1, 5]), np.array([2, 3, 4])),
        hint="Source 9 has one picture, that is too few; source 3 comes next, with both of its.",
        mistakes=(
            (
                (np.array([2, 3, 4]), np.array([0, 1, 5])),
                "The training part comes first, the test part second.",
            ),
        ),
    ),
    case(
        "just enough",
        COPIES,
        np.array([3, 9, 7]),
        2,
        expected=(np.array([0, 1, 3, 5]), np.array([2, 4])),
        hint="The first source has two pictures; two are wanted.",
    ),
    Check(
        "fifteen files: no source on both sides",
        no_source_on_both_sides,
        "Take whole sources from the front of the order until there are enough pictures.",
    ),
    refuses(
        "nothing left to learn from",
        COPIES,
        np.array([9, 3, 7]),
        4,
        because="all three sources would be needed for four test pictures",
        hint="raise ValueError(...) if the training part is empty.",
    ),
)

EXERCISES = (
    Exercise(
        name="standard_by_hand",
        topic="digits",
        graded=True,
        asks="A pixel is 2, 2, 6, 6 in the training pictures and 10, 2 in the test pictures. What "
        "is the 10, standardised?",
        checks=(STANDARD_BY_HAND,),
        section="Split before you look closer",
        see="labkit.dataloader.standardize",
    ),
    Exercise(
        name="standard_scores",
        topic="digits",
        graded=True,
        form="standard_scores(train, test)",
        asks="standard_scores(train, test) returns both arrays (n, pixels), every pixel shifted "
        "and divided by its mean and deviation in train; where that is 0, divided by 1.",
        checks=STANDARD_SCORES,
        section="Split before you look closer",
        see="labkit.dataloader.standardize",
        points=2,
    ),
    Exercise(
        name="nearest_labels",
        topic="digits",
        graded=True,
        form="nearest_labels(x_train, y_train, x, k)",
        asks="nearest_labels(x_train, y_train, x, k) returns for every row of x the class that "
        "most of its k nearest training rows have; of classes that tie, the smallest.",
        checks=NEAREST_LABELS,
        section="What the data are",
        points=2,
    ),
    Exercise(
        name="split_by_source",
        topic="digits",
        graded=True,
        form="split_by_source(source, order, n_test)",
        asks="split_by_source(source, order, n_test) returns the increasing positions of the "
        "training and of the test examples; the test gets whole sources from the front of order "
        "until it has n_test examples.",
        checks=SPLIT_BY_SOURCE,
        section="Split before you look closer",
        see="labkit.dataloader.train_test_split",
        points=3,
    ),
)
