"""The exercises of the chapter `regularization`.

What is right is known by hand, from masks that are drawn, or from the layers that are replaced.
"""

import numpy as np

from labkit.exercises.compare import require, same, same_array
from labkit.exercises.exercise import Check, Exercise, case, value
from labkit.ops import batch_norm, dropout

LEFT = np.array([[-1.2, 0.2, 1.0], [-1.5, 0.0, 1.0]])

SHRUNK_WEIGHTS = value(
    "what both prices leave",
    LEFT,
    hint="L2 leaves a / (1 + lambda) of each; L1 takes lambda from the size of each, as far as it "
    "goes. Rows: L2, then L1.",
    mistakes=(
        (LEFT[::-1], "These are the two rows, the other way round: L2 comes first."),
        (np.array([[-1.2, 0.2, 1.0], [-1.5, -1.0, 1.0]]), "0.5 - 1.5 has gone past 0. L1 stops."),
        (
            np.array([[-2.0, 1 / 3, 5 / 3], [-1.5, 0.0, 1.0]]),
            "L2 divides by 1 + lambda, not by it.",
        ),
        (np.array([[-1.2, 0.2, 1.0], [-4.5, 0.0, 1.0]]), "L1 pulls a negative weight up, to 0."),
    ),
)


def spread_of_drawn_masks(answer, rng):
    """Twenty thousand masks of one row, drawn by labkit."""
    x, w = rng.normal(size=(1, 4)), rng.normal(size=(4, 3))
    many = dropout(np.repeat(x, 20_000, axis=0), p=0.4, rng=rng) @ w
    drawn, said = many.std(axis=0), np.asarray(answer(x, w, 0.4))
    require(
        said.shape == (1, 3) and np.allclose(said[0], drawn, rtol=0.05),
        "Over twenty thousand masks of a row of four numbers, p = 0.4, the three sums spread by "
        f"{drawn.round(3)}.",
        said.round(3),
        "that, but for chance, in the shape (1, 3)",
    )


SPREAD = (
    case(
        "one number: 3 at p = 1/4",
        np.array([[3.0]]),
        np.array([[1.0]]),
        0.25,
        expected=np.array([[3**0.5]]),
        hint="The variance of one unit is p / (1 - p) times its square. Which of the two is asked?",
        mistakes=((np.array([[3.0]]), "That is the variance; its root is asked for."),),
    ),
    case(
        "nothing is dropped",
        np.ones((2, 3)),
        np.ones((3, 2)),
        0.0,
        expected=np.zeros((2, 2)),
        hint="With p = 0 nothing is left to chance.",
    ),
    case(
        "two inputs, two outputs, by hand",
        np.array([[3.0, 4.0], [1.0, 0.0]]),
        np.array([[1.0, 2.0], [-1.0, 0.0]]),
        0.5,
        expected=np.array([[5.0, 6.0], [1.0, 2.0]]),
        hint="Variances of independent terms add up: 9 + 16 for the first. Signs do not matter.",
    ),
    Check(
        "masks that are drawn",
        spread_of_drawn_masks,
        "Square x and w, multiply the matrices, then the factor, then the root.",
    ),
)


def patience_by_hand(answer, rng):
    """The best first, then worse and worse, a random number of epochs long."""
    patience = int(rng.integers(2, 6))
    tail = list(2 + np.cumsum(rng.random(10)))
    same(answer([3.0, 1.0, *tail], patience), (2 + patience, 2))


PATIENCE = (
    case(
        "it gets worse for two epochs",
        [1.0, 0.8, 0.9, 0.95, 0.1],
        2,
        expected=(4, 2),
        hint="Epochs 3 and 4 are not below 0.8: two in a row. The fifth is never trained.",
        mistakes=(
            ((5, 5), "Epoch 5 is never reached: patience had run out after epoch 4."),
            ((4, 1), "Epochs count from 1."),
            ((3, 2), "Patience 2 allows two epochs without a new lowest loss."),
        ),
    ),
    case(
        "it recovers in time",
        [1.0, 0.8, 0.9, 0.7, 0.75],
        2,
        expected=(5, 4),
        hint="A new lowest loss starts the count again.",
    ),
    case(
        "a long plateau",
        [0.5, 0.5, 0.5, 0.5],
        2,
        expected=(3, 1),
        hint="An equal loss is not below the lowest; and of equals the first is kept.",
    ),
    case(
        "better than the last epoch, but not than the best",
        [1.0, 0.5, 0.9, 0.8, 0.7, 0.1],
        3,
        expected=(5, 2),
        hint="Compare with the lowest loss so far, not with the epoch before.",
    ),
    case(
        "always better",
        [0.9, 0.8, 0.7],
        1,
        expected=(3, 3),
        hint="When the losses end, all of them were trained.",
    ),
    Check(
        "worse and worse",
        patience_by_hand,
        "Keep the place of the lowest loss; stop when the present epoch is patience behind it.",
    ),
)


def no_price_is_better(answer, rng):
    """Draws of the mean of n measurements: prices around the answer do not do better."""
    truth, variance, n = 0.5, 2.0, 5
    price, error = (float(part) for part in answer(truth, variance, n))
    mean = truth + rng.normal(0, (variance / n) ** 0.5, size=200_000)
    found = {p: np.mean((n * mean / (n + p) - truth) ** 2) for p in (price / 2, price, 2 * price)}
    require(
        min(found, key=found.get) == price,
        "Truth 0.5, variance 2, five measurements, drawn 200,000 times: half or twice your price "
        "leaves less error.",
        {round(p, 3): round(float(e), 4) for p, e in found.items()},
        "the least error at your price",
    )
    require(
        abs(found[price] - error) < 0.003,
        "Truth 0.5, variance 2, five measurements, drawn 200,000 times: the error at your price.",
        round(error, 4),
        f"about {found[price]:.4f}",
    )


PRICE = (
    case(
        "one measurement, truth and variance 1",
        1.0,
        1.0,
        1,
        expected=(1.0, 0.5),
        hint="This is the page's case: a price of 1 halves the error.",
    ),
    case(
        "three measurements",
        2.0,
        4.0,
        3,
        expected=(1.0, 1.0),
        hint="The minimum is at n a-bar / (n + lambda); the mean a-bar has the variance s^2 / n.",
        mistakes=(
            (
                (1 / 3, 1.0),
                "In this problem the price stands beside n measurements, not their mean.",
            ),
        ),
    ),
    case(
        "a large truth",
        10.0,
        1.0,
        1,
        expected=(0.01, 1 / 1.01),
        hint="Noise over signal, both squared: 1 / 100.",
    ),
    Check(
        "draws find no better price",
        no_price_is_better,
        "Put n a-bar / (n + lambda) into the mean of the squared error, and set its slope to 0.",
    ),
)


def folds_as_the_two_layers(answer, rng):
    """Four rows through both layers, and through the one."""
    x, w, b = rng.normal(size=(4, 3)), rng.normal(size=(3, 2)), rng.normal(size=2)
    scale, shift, mean = rng.normal(size=(3, 2))
    var = rng.uniform(0.1, 3, size=2)
    both = batch_norm(x @ w + b, scale, shift, mean=mean, var=var, eps=0.1)
    one_w, one_b = answer(w, b, scale, shift, mean, var, 0.1)
    same_array(x @ one_w + one_b, both)


FOLDED = (
    case(
        "one unit by hand",
        np.array([[6.0]]),
        np.array([5.0]),
        np.array([2.0]),
        np.array([1.0]),
        np.array([3.0]),
        np.array([8.0]),
        1.0,
        expected=(np.array([[4.0]]), np.array([7 / 3])),
        hint="The gain is 2 / sqrt(8 + 1). It multiplies the weight, and b - mean; then the shift.",
        mistakes=(
            ((np.array([[4.0]]), np.array([1 / 3])), "b belongs to what is normalized, too."),
            ((np.array([[4.0]]), np.array([19 / 3])), "The running mean is taken off."),
            ((np.array([[4.0]]), np.array([2.0])), "The shift comes last: no gain for it."),
        ),
    ),
    case(
        "a norm that does nothing",
        np.array([[1.0, 2.0], [3.0, 4.0]]),
        np.array([1.0, -1.0]),
        np.ones(2),
        np.zeros(2),
        np.zeros(2),
        np.ones(2),
        0.0,
        expected=(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1.0, -1.0])),
        hint="Mean 0, variance 1, scale 1, shift 0: the layer as it was.",
    ),
    Check(
        "equal to the two layers",
        folds_as_the_two_layers,
        "Each output has a gain of its own; w is (d, k), so the gain runs along the last axis.",
    ),
)

EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        name="shrunk_weights",
        topic="regularization",
        asks="shrunk_weights is an array of two rows: what L2 and what L1 leave of -3, 0.5 and 2.5 "
        "at a price of 1.5.",
        section="One weight, pulled towards zero",
        equation="eq-soft-threshold",
        see="labkit.ops.soft_threshold",
        checks=(SHRUNK_WEIGHTS,),
    ),
    Exercise(
        name="dropout_spread",
        topic="regularization",
        form="dropout_spread(x, w, p)",
        asks="dropout_spread(x, w, p) returns the standard deviation of each number of the dropped "
        "x (n, d) times w (d, k), over the masks.",
        section="Dropout: a price in disguise",
        equation="eq-dropout-variance",
        see="labkit.ops.dropout",
        checks=SPREAD,
    ),
    Exercise(
        name="stopped",
        topic="regularization",
        form="stopped(losses, patience)",
        asks="stopped(losses, patience) returns how many epochs were trained, and which of them is "
        "kept, counted from 1.",
        section="Three hundred digits, eight cures",
        see="labkit.training.fit",
        points=2,
        checks=PATIENCE,
    ),
    Exercise(
        name="price_and_error",
        topic="regularization",
        form="price_and_error(truth, variance, n)",
        asks="price_and_error(truth, variance, n) returns the best price of L2 for n measurements "
        "of one weight, and the expected squared error that it leaves.",
        section="One weight, pulled towards zero",
        see="labkit.ops.ridge",
        points=2,
        checks=PRICE,
    ),
    Exercise(
        name="folded",
        topic="regularization",
        form="folded(w, b, scale, shift, mean, var, eps)",
        asks="folded(w, b, scale, shift, mean, var, eps) returns the weights and biases of the one "
        "linear layer that does what w, b and the batch norm after it do in use.",
        section="Batch normalization: noise from the neighbours",
        equation="eq-batch-norm",
        see="labkit.nn.BatchNorm1d",
        points=2,
        checks=FOLDED,
    ),
)
