"""Hidden inputs of the lab `losses`; see labkit.grading.hidden."""

import numpy as np

from labkit.grading.hidden import Draw


def shape(rng):
    """One to three unequal sides."""
    return tuple(int(n) for n in rng.integers(1, 6, size=int(rng.integers(1, 4))))


def guesses(rng):
    """Errors within the limit and far beyond it."""
    size = shape(rng)
    y = rng.normal(size=size)
    a = y + rng.normal(size=size) * 10.0 ** rng.uniform(-1, 2, size=size)
    return (a, y, float(rng.uniform(0.2, 5))), {}


def logits(rng):
    """Moderate logits, and some of hundreds or thousands; hard and soft targets."""
    size = shape(rng)
    z = rng.normal(size=size) * 10.0 ** rng.uniform(-1, 4, size=size)
    y = rng.uniform(size=size)
    y = np.round(y) if rng.integers(2) else y
    z.flat[0], y.flat[0] = rng.normal(), 0.4  # so that the loss is not all but 0
    return (z, y), {}


def scores(rng):
    """Scores on both sides of the margin, some exactly on it."""
    n = int(rng.integers(2, 12))
    y = rng.choice([-1.0, 1.0], size=n)
    z = np.where(rng.random(n) < 0.2, y, 2 * rng.normal(size=n))
    return (z, y), {}


def rows(rng):
    """Logits with gaps in their labels, under a mark of their own."""
    n, k = int(rng.integers(5, 12)), int(rng.integers(3, 7))
    z = rng.normal(size=(n, k)) * 10.0 ** rng.integers(0, 4)
    ignore = int(rng.choice([-100, -1, 99]))
    y = np.where(rng.random(n) < 0.3, ignore, rng.integers(k, size=n))
    if rng.integers(8):  # otherwise no row counts
        y[0] = z[0].argmin()  # so that the loss is more than rounding
    else:
        y[:] = ignore
    return (z, y), {"ignore": ignore} if ignore != -1 else {}


def temperatures(rng):
    """Any logits, warm and cold; sometimes no temperature at all."""
    z = rng.normal(size=tuple(rng.integers(1, 6, size=2))) * 10.0 ** rng.integers(
        0, 4
    )
    return (
        z,
        float(rng.choice([-1.0, 0.0, 0.05, 0.7, 3.0, 40.0]) * rng.uniform(1, 2)),
    ), {}


def candidates(rng):
    """Confident logits that are often wrong, and a list in any order."""
    n, k = int(rng.integers(5, 30)), int(rng.integers(2, 5))
    z = rng.normal(size=(n, k)) * rng.uniform(3, 300)
    listed = [float(t) for t in rng.uniform(0.3, 200, size=8)]
    return (z, rng.integers(k, size=n), listed), {}


HIDDEN = {
    "huber_back": (Draw("other guesses", guesses, times=8),),
    "logit_loss": (Draw("other logits", logits, times=12),),
    "margin_loss": (Draw("other scores", scores, times=8),),
    "masked_loss": (Draw("other rows and gaps", rows, times=12),),
    "soften": (Draw("other temperatures", temperatures, times=12),),
    "best_temperature": (Draw("other lists", candidates, times=6),),
}
