"""What is done to gradients before a step, and to weights after it."""

import contextlib
import math

import numpy as np

from labkit.optim.optimizer import in_unit_interval, parameter_list


def clip_grad_norm(parameters, *, max_norm):
    """Shorten all gradients together until they are max_norm long; return how long they were.

    :eq:`eq-clip-grad-norm`. The direction stays. Parameters without a gradient are left out. As in
    PyTorch, 1e-6 is added to the length that is divided by.

    Raises ValueError if max_norm is not positive.

    >>> from labkit.autograd import Tensor
    >>> w = Tensor([0.0, 0.0], requires_grad=True)
    >>> w.grad = np.array([3.0, 4.0])
    >>> clip_grad_norm([w], max_norm=1.0), w.grad.round(4)
    (5.0, array([0.6, 0.8]))

    [Pascanu et al. 2013, algorithm 1]
    """
    _check_positive("max_norm", max_norm)
    moving = [p for p in parameter_list(parameters) if p.grad is not None]
    norm = math.sqrt(sum(float(np.sum(np.square(p.grad, dtype=np.float64))) for p in moving))
    shrink = max_norm / (norm + 1e-6)
    if shrink < 1:
        for p in moving:
            p.grad = p.grad * shrink
    return norm


def clip_grad_value(parameters, *, max_value):
    """Cut every number of every gradient off at max_value and -max_value.

    Raises ValueError if max_value is not positive.

    >>> from labkit.autograd import Tensor
    >>> w = Tensor([0.0, 0.0], requires_grad=True)
    >>> w.grad = np.array([3.0, -0.5])
    >>> clip_grad_value([w], max_value=1.0)
    >>> w.grad
    array([ 1. , -0.5])
    """
    _check_positive("max_value", max_value)
    for p in parameter_list(parameters):
        if p.grad is not None:
            p.grad = np.clip(p.grad, -max_value, max_value)


class ExponentialMovingAverage:
    """A slow copy of the weights, which wavers less than they do::

        average = decay average + (1 - decay) w

    Call `update` after each step. Inside ``with average.applied():`` the parameters have the
    averages for their data.

    Raises ValueError if decay is not in [0, 1).

    >>> from labkit.autograd import Tensor
    >>> w = Tensor([1.0], requires_grad=True)
    >>> average = ExponentialMovingAverage([w], decay=0.9)
    >>> w.data = np.array([2.0])
    >>> average.update()
    >>> with average.applied():
    ...     print(w.data.round(4))
    [1.1]
    >>> w.data
    array([2.])

    [Polyak and Juditsky 1992, where all weights count alike]
    """

    def __init__(self, parameters, *, decay=0.999):
        self.parameters = parameter_list(parameters)
        self.decay = in_unit_interval("decay", decay)
        self.averages = [p.data.copy() for p in self.parameters]

    def update(self):
        """Move every average towards its weights."""
        for average, p in zip(self.averages, self.parameters, strict=True):
            average *= self.decay
            average += (1 - self.decay) * p.data

    @contextlib.contextmanager
    def applied(self):
        """Inside the block the parameters are the averages; then they are themselves again."""
        weights = [p.data for p in self.parameters]
        for average, p in zip(self.averages, self.parameters, strict=True):
            p.data = average.copy()
        try:
            yield
        finally:
            for data, p in zip(weights, self.parameters, strict=True):
                p.data = data


def _check_positive(name, value):
    if not value > 0:
        raise ValueError(f"{name} must be positive; got {value}")
