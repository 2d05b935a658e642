"""Schedules: how large the steps of an optimizer are, as a function of how many were taken.

Each function gives the learning rate of step t, counted from 0; before the step say

    ``optimizer.lr = cosine_decay(t, lr=0.1, steps=1000)``

`ReduceOnPlateau` cannot know the future, and is told how it goes instead.
"""

import math


def step_decay(t, *, lr, every, factor=0.1):
    """Return lr, times factor once for every so many steps.

    >>> [round(step_decay(t, lr=0.5, every=2), 6) for t in range(5)]
    [0.5, 0.5, 0.05, 0.05, 0.005]
    """
    _check(t, every=every)
    return lr * factor ** (t // every)


def exponential_decay(t, *, lr, factor):
    """Return lr factor^t: every step is shorter than the last one by the same share.

    >>> [exponential_decay(t, lr=1.0, factor=0.5) for t in range(4)]
    [1.0, 0.5, 0.25, 0.125]
    """
    _check(t)
    return lr * factor**t


def cosine_decay(t, *, lr, steps, lr_min=0.0):
    """Return half a cosine wave from lr at step 0 down to lr_min at the last step and after it.

    :eq:`eq-cosine-decay`::

        lr_min + (lr - lr_min) (1 + cos(pi t / steps)) / 2

    PyTorch's CosineAnnealingLR climbs again after ``steps``.

    >>> [round(cosine_decay(t, lr=1.0, steps=4), 4) for t in (0, 1, 2, 3, 4, 9)]
    [1.0, 0.8536, 0.5, 0.1464, 0.0, 0.0]

    [Loshchilov and Hutter 2017, equation 5]
    """
    _check(t, steps=steps)
    return lr_min + (lr - lr_min) * (1 + math.cos(math.pi * min(t / steps, 1))) / 2


def linear_warmup(t, *, lr, steps, start_factor=0.0):
    """Return a straight line from start_factor lr at step 0 to lr at step ``steps``, then lr.

    :eq:`eq-linear-warmup`, where start_factor is 0. Adam's averages say little in the first steps,
    and long ones would be taken on their word.

    >>> [linear_warmup(t, lr=1.0, steps=4) for t in (0, 1, 4, 9)]
    [0.0, 0.25, 1.0, 1.0]

    [Goyal et al. 2017, section 2.2]
    """
    _check(t, steps=steps)
    return lr * (start_factor + (1 - start_factor) * min(t / steps, 1))


def warmup_cosine(t, *, lr, warmup_steps, steps, lr_min=0.0):
    """Return `linear_warmup` for warmup_steps, then `cosine_decay` for the rest of the steps.

    What GPT-3 was trained with.

    Raises ValueError if warmup_steps is not below steps.

    >>> [round(warmup_cosine(t, lr=1.0, warmup_steps=2, steps=6), 4) for t in range(7)]
    [0.0, 0.5, 1.0, 0.8536, 0.5, 0.1464, 0.0]

    [Brown et al. 2020, appendix B]
    """
    if not warmup_steps < steps:
        raise ValueError(f"warmup_steps must be below steps, {steps}; got {warmup_steps}")
    if t < warmup_steps:
        return linear_warmup(t, lr=lr, steps=warmup_steps)
    return cosine_decay(t - warmup_steps, lr=lr, steps=steps - warmup_steps, lr_min=lr_min)


def one_cycle(t, *, lr_max, steps, up_share=0.3, start_divisor=25.0, end_divisor=1e4):
    """Return half a cosine wave up to lr_max, in the first share of the steps, and one down.

    It starts at lr_max / start_divisor, and the last step, number steps - 1, has that divided by
    end_divisor. As PyTorch's OneCycleLR.

    Raises ValueError if t is not in [0, steps), or the way up or down is less than one step.

    >>> [round(one_cycle(t, lr_max=1.0, steps=12, up_share=0.5), 4) for t in (0, 5, 8, 11)]
    [0.04, 1.0, 0.5, 0.0]

    [Smith and Topin 2018]
    """
    _check(t, steps=steps)
    top = up_share * steps - 1  # the step at which lr_max is reached
    if t >= steps or not 0 < top < steps - 1:
        raise ValueError(f"need t below steps and a top between; got t {t}, top {top} of {steps}")
    start = lr_max / start_divisor
    if t <= top:
        return cosine_decay(t, lr=start, steps=top, lr_min=lr_max)
    return cosine_decay(t - top, lr=lr_max, steps=steps - 1 - top, lr_min=start / end_divisor)


def inverse_square_root(t, *, lr, warmup_steps):
    """Return a straight line up to lr at step warmup_steps, then lr sqrt(warmup_steps / t).

    The schedule of the first transformer, where lr is 1 / sqrt(d warmup_steps) for a model of
    width d: 0.0007 for d = 512 and 4000 steps. There the first step has the number 1.

    >>> [inverse_square_root(t, lr=1.0, warmup_steps=4) for t in (0, 2, 4, 16, 64)]
    [0.0, 0.5, 1.0, 0.5, 0.25]

    [Vaswani et al. 2017, equation 3]
    """
    _check(t, warmup_steps=warmup_steps)
    return lr * min(t / warmup_steps, math.sqrt(warmup_steps / max(t, 1)))


class ReduceOnPlateau:
    """Multiply the optimizer's lr by factor when the loss has not become better for a while.

    Call ``step(loss)`` once per epoch. Better is below (1 - threshold) times the best. After more
    than ``patience`` epochs in a row without that, lr is reduced, but not below lr_min, and the
    next ``cooldown`` epochs are not counted.

    Raises ValueError if factor is not in (0, 1).

    >>> from types import SimpleNamespace
    >>> optimizer = SimpleNamespace(lr=1.0)
    >>> plateau = ReduceOnPlateau(optimizer, factor=0.5, patience=1)
    >>> for loss in (3.0, 2.0, 2.0, 2.5):
    ...     plateau.step(loss)
    >>> optimizer.lr
    0.5
    """

    def __init__(
        self, optimizer, *, factor=0.1, patience=10, threshold=1e-4, cooldown=0, lr_min=0.0
    ):
        if not 0 < factor < 1:
            raise ValueError(f"factor must be in (0, 1); got {factor}")
        self.optimizer, self.factor, self.patience = optimizer, factor, patience
        self.threshold, self.cooldown, self.lr_min = threshold, cooldown, lr_min
        self.best, self.bad_epochs, self.resting = math.inf, 0, 0

    def step(self, loss):
        """Take note of an epoch's loss, and reduce lr if it is time."""
        if loss < self.best * (1 - self.threshold):
            self.best, self.bad_epochs = loss, 0
        else:
            self.bad_epochs += 1
        if self.resting:
            self.resting, self.bad_epochs = self.resting - 1, 0
        if self.bad_epochs > self.patience:
            self.optimizer.lr = max(self.optimizer.lr * self.factor, self.lr_min)
            self.resting, self.bad_epochs = self.cooldown, 0


def _check(t, **counts):
    if not t >= 0:
        raise ValueError(f"t must be at least 0; got {t}")
    for name, count in counts.items():
        if not count > 0:
            raise ValueError(f"{name} must be positive; got {count}")
