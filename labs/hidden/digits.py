"""Hidden inputs of the lab `digits`; see labkit.grading.hidden."""

import numpy as np

from labkit.grading.hidden import Draw


def whole(rng, low, high):
    """One whole number from low to high, both included."""
    return int(rng.integers(low, high + 1))


def pixels(rng):
    """Two parts that are spread differently; some pixels never vary in training."""
    columns = whole(rng, 2, 7)
    train = rng.normal(size=(whole(rng, 3, 12), columns)) * 5 + 40
    test = rng.normal(size=(whole(rng, 1, 8), columns)) * 9 + 60
    train[:, rng.random(columns) < 0.3] = whole(rng, 0, 9)
    return (train, test), {}


def bytes_of_pixels(rng):
    """Whole numbers from 0 to 255, as pictures are kept."""
    columns = whole(rng, 2, 6)
    train, test = (
        rng.integers(0, 256, size=(n, columns), dtype=np.uint8) for n in (6, 4)
    )
    return (train, test), {}


def neighbours(rng):
    """Pictures, of which no two are equally far, and any k; many votes tie."""
    n, columns = whole(rng, 6, 25), whole(rng, 2, 6)
    x_train, x = rng.normal(size=(n, columns)), rng.normal(size=(5, columns))
    return (x_train, rng.integers(0, 4, n), x, whole(rng, 1, n)), {}


def sources(rng):
    """Sources of unequal size; now and then too few are left."""
    counts = rng.integers(1, 6, whole(rng, 3, 12))
    names = rng.permutation(90)[: counts.size]
    source = rng.permutation(np.repeat(names, counts))
    return (source, rng.permutation(names), whole(rng, 1, source.size)), {}


def readings(rng):
    """From a few to a thousand pictures, read well or badly, one of them right."""
    n = whole(rng, 2, 1000)
    target = rng.integers(0, 10, n)
    known = rng.random(n) < rng.random()
    known[0] = True  # with none right the lower end is 0, but for rounding
    predicted = np.where(known, target, rng.integers(0, 10, n))
    return (predicted, target), {"z": float(rng.uniform(0.3, 4))}


def perfect(rng):
    """All right, at the z of 95 %."""
    target = rng.integers(0, 10, whole(rng, 2, 500))
    return (target.copy(), target), {}


def pairs(rng):
    """Two to twelve classes, not all of which come."""
    k, n = whole(rng, 2, 12), whole(rng, 1, 60)
    return (rng.integers(0, k, n), rng.integers(0, max(1, k - 1), n), k), {}


def layer(rng):
    """A layer and a batch, some logits of hundreds; one example is wrong."""
    n, columns, k = whole(rng, 1, 9), whole(rng, 1, 6), whole(rng, 2, 7)
    size = (1.0, 500.0)[whole(rng, 0, 1)]
    w, b = rng.normal(size=(columns, k)) * size, rng.normal(size=k)
    x, y = rng.normal(size=(n, columns)), rng.integers(0, k, n)
    y[0] = (x[0] @ w + b).argmin()  # so that the loss is more than rounding
    return (w, b, x, y, float(rng.uniform(0.01, 2))), {}


HIDDEN = {
    "standard_scores": (
        Draw("other pixels", pixels, times=6),
        Draw("whole numbers", bytes_of_pixels),
    ),
    "nearest_labels": (Draw("other pictures", neighbours, times=12),),
    "split_by_source": (Draw("other files", sources, times=20),),
    "accuracy_interval": (
        Draw("other readers", readings, times=12),
        Draw("all right", perfect, times=4),
    ),
    "count_confusions": (Draw("other classes", pairs, times=10),),
    "softmax_step": (Draw("other layers", layer, times=10),),
}
