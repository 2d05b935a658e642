"""Hidden inputs of the lab `optimizers`; see labkit.grading.hidden."""

import numpy as np

from labkit.grading.hidden import Draw


def shape(rng):
    """A vector, a matrix or a stack of matrices, with unequal sides."""
    return tuple(int(n) for n in rng.integers(1, 6, size=int(rng.integers(1, 4))))


def hessian(rng):
    """A symmetric matrix; in one direction some are flat, others curve down."""
    n = int(rng.integers(2, 7))
    if rng.integers(4) == 0:  # flat along an axis, so that rounding does not matter
        return (np.diag(rng.uniform(0.1, 30, size=n) * (np.arange(n) > 0)),), {}
    directions, _ = np.linalg.qr(rng.normal(size=(n, n)))
    curvatures = rng.uniform(0.1, 30, size=n)
    if rng.integers(4) == 0:
        curvatures[int(rng.integers(n))] = -rng.uniform(0.1, 5)
    matrix = directions * curvatures @ directions.T
    return ((matrix + matrix.T) / 2,), {}


def nesterov(rng):
    """Weights, a velocity and slopes of one shape; sometimes no velocity yet."""
    w, v, g = rng.normal(size=(3, *shape(rng)))
    rate, momentum = float(rng.uniform(0.001, 1)), float(rng.uniform(0, 0.99))
    return (w, v * int(rng.integers(2)), g, rate, momentum), {}


def slopes(rng, size):
    """Slopes of very different sizes; about one in four is zero."""
    return (
        rng.normal(size=size)
        * 10.0 ** rng.uniform(-4, 3, size=size)
        * (rng.random(size) > 0.25)
    )


def rmsprop(rng):
    """Squares from before, or none yet; every other time the defaults."""
    size = shape(rng)
    w, g = rng.normal(size=size), slopes(rng, size)
    s = slopes(rng, size) ** 2 * int(rng.integers(2))
    config = {
        "alpha": float(rng.uniform(0.5, 0.999)),
        "eps": 10 ** rng.uniform(-9, -2),
    }
    config = config if rng.integers(2) else {}
    return (w, s, g, float(rng.uniform(0.001, 1))), config


def adam(rng):
    """A step from the first to the fiftieth, half of them with decay."""
    size = shape(rng)
    w, g = rng.normal(size=size), slopes(rng, size)
    t = int(rng.integers(1, 50))
    m, v = (0 * g, 0 * g) if t == 1 else (slopes(rng, size), slopes(rng, size) ** 2)
    config = {
        "lr": float(rng.uniform(0.001, 0.5)),
        "beta1": float(rng.uniform(0, 0.95)),
        "beta2": float(rng.uniform(0.5, 0.999)),
        "eps": float(10 ** rng.uniform(-9, -2)),
        "decay": float(rng.uniform(0, 0.9)) * int(rng.integers(2)),
    }
    return (w, m, v, t, g), config


def plain_adam(rng):
    """The defaults; every other time with slopes so small that eps counts."""
    size = shape(rng)
    w, m, g = rng.normal(size=(3, *size))
    small = 10.0 ** (-8 * int(rng.integers(2)))
    v = rng.uniform(0.1, 2, size=size) * small**2
    return (w, m * small, v, int(rng.integers(1, 9)), g * small), {}


def schedule(rng):
    """A step before, on and after the top, or after the end."""
    warmup, fall = int(rng.integers(0, 40)), int(rng.integers(1, 200))
    t = int(rng.integers(1, warmup + fall + 10))
    return (t, float(rng.uniform(0.001, 3)), warmup, warmup + fall), {}


def lists(rng):
    """One to five arrays of every shape, longer and shorter than the limit."""
    grads = [rng.normal(size=shape(rng)) for _ in range(int(rng.integers(1, 6)))]
    return (grads, float(rng.uniform(0.5, 8))), {}


HIDDEN = {
    "stable_rate": (Draw("other bowls and saddles", hessian, times=12),),
    "nesterov_step": (Draw("other steps", nesterov, times=6),),
    "rmsprop_step": (Draw("other steps", rmsprop, times=8),),
    "adam_step": (
        Draw("other steps", adam, times=12),
        Draw("the defaults", plain_adam, times=6),
    ),
    "warm_rate": (Draw("other schedules", schedule, times=40),),
    "clip_together": (Draw("other lists", lists, times=10),),
}
