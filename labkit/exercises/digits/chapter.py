"""The exercises of the chapter `digits`: counting, splitting and comparing."""

import numpy as np

from labkit.exercises.compare import require, same, whole_number
from labkit.exercises.exercise import Check, Exercise, case, refuses, value

LAST_BATCH = "An epoch that ends in the middle of a batch still takes that step."


def every_example_once(answer, rng):
    """One batch fewer would leave examples out, one more would be empty."""
    for _ in range(20):
        n, batch_size = int(rng.integers(2, 5000)), int(rng.integers(2, 300))
        steps = whole_number(answer(n, batch_size))
        require(
            (steps - 1) * batch_size < n <= steps * batch_size,
            f"{n} examples do not fill {steps} batches of {batch_size}, the last one started.",
            steps,
            "every example once, and no empty batch",
        )


STEPS = (
    case(
        "a full last batch",
        60,
        20,
        expected=3,
        hint="How often does the batch size fit?",
        mistakes=((4, "The last batch would be empty: nothing is left over here."),),
    ),
    case(
        "a last batch that is not full",
        60_000,
        64,
        expected=938,
        hint=LAST_BATCH,
        mistakes=((937, "The examples that are left over need a batch too."),),
    ),
    case("fewer examples than a batch holds", 5, 32, expected=1, hint=LAST_BATCH),
    Check("any numbers", every_example_once, "Count the batches that hold at least one example."),
)

NEEDED = value(
    "the number of pictures",
    3012,
    hint="Solve the inequality for n; both sides are positive, so you may square them.",
    mistakes=(
        (3011, "Just too few: the half width would still be a little above 0.005."),
        (753, "0.005 is the half width, not the whole width."),
        (12047, "0.005 is the half width: you have made it half of that."),
        (784, "1.96 deviations must fit, not one: where did z go?"),
        (785, "1.96 deviations must fit, not one: where did z go?"),
        (1537, "Only p is there: the variance is p (1 - p) / n."),
        (150_590, "The variance is p (1 - p) / n, not p / n."),
    ),
)


def they_print_as_asked(answer, rng):
    """Every count prints as the text, and no other count does."""
    for _ in range(5):
        n = int(rng.integers(20_000, 60_000))
        k = int(rng.integers(0, n + 1))
        printed = f"{k / n:.4f}"
        counts = list(answer(printed, n))
        require(k in counts, f"{k} of {n} prints as {printed}, and is not in the list.", counts)
        require(
            all(f"{i / n:.4f}" == printed for i in counts),
            f"Some count in the list does not print as {printed} for n = {n}.",
            counts,
        )
        beside = {counts[0] - 1, counts[-1] + 1} & set(range(n + 1))
        require(
            not any(f"{i / n:.4f}" == printed for i in beside) and len(set(counts)) == len(counts),
            f"The list for {printed} and n = {n} is not complete, or has a count twice.",
            counts,
        )


COUNTS = (
    case("exactly one count", "0.9856", 10_000, expected=(9856,), hint="k / n with four decimals."),
    case(
        "no count at all",
        "0.9856",
        4078,
        expected=(),
        hint="Print the neighbours: does any share come out as this text?",
    ),
    case(
        "the ends count too",
        "1.0000",
        3,
        expected=(3,),
        hint="All right and none right are possible: k runs from 0 to n.",
    ),
    Check("many counts, one text", they_print_as_asked, "Try every k from 0 to n."),
)

FEW = np.array([2, 0, 2, 1, 0, 2, 1, 0, 0])


def any_labels(answer, rng):
    """Labels that skip a class, in any order."""
    y = rng.permutation(np.repeat([1, 3, 4, 8], [5, 7, 6, 9]))
    picked = answer(y.copy(), 4)
    wanted = sorted(i for k in (1, 3, 4, 8) for i in np.flatnonzero(y == k)[:4])
    same(picked, np.array(wanted))


HELD_OUT = (
    case(
        "one of each of three classes",
        FEW,
        1,
        expected=np.array([0, 1, 3]),
        hint="Where does each class stand for the first time?",
    ),
    case(
        "two of each",
        FEW,
        2,
        expected=np.array([0, 1, 2, 3, 4, 6]),
        hint="The positions of all classes together, in increasing order.",
    ),
    Check("classes that are not 0 to k", any_labels, "Which classes there are, y itself tells."),
    refuses(
        "a class that is too rare",
        FEW,
        3,
        because="class 1 has only two examples",
        hint="Compare the rarest class's count with per_class before you take any.",
    ),
)


def every_pattern(answer, rng):
    """Each combination of right and wrong, a known number of times."""
    target = rng.integers(0, 10, size=40)
    wrong = (target + rng.integers(1, 5, size=40)) % 10
    other = (target + rng.integers(5, 10, size=40)) % 10  # wrong too, and in another way
    first = np.concatenate([target[:11], target[11:18], wrong[18:21], wrong[21:]])
    second = np.concatenate([target[:11], wrong[11:18], target[18:21], other[21:]])
    order = rng.permutation(40)
    same(answer(first[order], second[order], target[order]), (7, 3))


DISAGREEMENTS = (
    case(
        "five pictures",
        np.array([1, 2, 3, 4, 5]),
        np.array([1, 7, 3, 7, 9]),
        np.array([1, 2, 8, 4, 9]),
        expected=(2, 1),
        hint="Go through the five: who is right, who is wrong?",
        mistakes=((np.array([1, 2]), "The first number belongs to the first network."),),
    ),
    case(
        "both wrong in different ways",
        np.array([1, 2]),
        np.array([3, 4]),
        np.array([0, 0]),
        expected=(0, 0),
        hint="Two different wrong answers say nothing about which network is better.",
    ),
    Check("forty pictures", every_pattern, "Right and wrong first; only then compare the two."),
)

EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        name="steps_per_epoch",
        topic="digits",
        form="steps_per_epoch(n, batch_size)",
        asks="steps_per_epoch(n, batch_size) returns the number of batches that visit n examples "
        "once.",
        section="Train, and watch the other curve",
        see="labkit.dataloader.batches",
        checks=STEPS,
    ),
    Exercise(
        name="pictures_needed",
        topic="digits",
        asks="pictures_needed is the smallest number of test pictures that gives a half width of "
        "0.005 at p = 0.98.",
        section="Ten answers, nine right",
        equation="eq-wilson-interval",
        see="labkit.metrics.wilson_interval",
        checks=(NEEDED,),
    ),
    Exercise(
        name="possible_counts",
        topic="digits",
        form="possible_counts(printed, n)",
        asks="possible_counts(printed, n) returns the list of all counts whose share of n prints "
        "as the text, with four decimals.",
        section="All seventy thousand",
        see="labkit.metrics.accuracy",
        checks=COUNTS,
    ),
    Exercise(
        name="held_out_indices",
        topic="digits",
        form="held_out_indices(y, per_class)",
        asks="held_out_indices(y, per_class) returns the increasing positions of the first "
        "per_class examples of every class.",
        section="Split before you look closer",
        see="labkit.dataloader.train_test_split",
        points=2,
        checks=HELD_OUT,
    ),
    Exercise(
        name="disagreements",
        topic="digits",
        form="disagreements(first, second, target)",
        asks="disagreements(first, second, target) returns how many examples only the first gets "
        "right, and how many only the second.",
        section="Open the test set",
        see="labkit.metrics.accuracy",
        points=2,
        checks=DISAGREEMENTS,
    ),
)
