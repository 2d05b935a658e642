"""What all optimizers share: the parameters, the step, and the memory between steps."""

import math

import numpy as np

#: How many numbers are handled at a time, few enough to stay in the processor's cache.
BLOCK = 16_384


class Optimizer:
    """What all update rules share: the parameters, the step, and the memory between steps.

    parameters: tensors that require a gradient, such as ``model.parameters()``.
    A subclass names in ``state_names`` the arrays that it remembers, each shaped like ``w`` and
    zero at the start, and defines ``update(w, g, t, *state)``: it changes those arrays in place
    and returns what is to be subtracted from w. t counts the steps of this parameter from 1. The
    rule must work element by element.

    Raises ValueError if there are no parameters, one of them needs no gradient, or a
    hyper-parameter is out of its range.

    >>> from labkit.autograd import Tensor
    >>> class SignDescent(Optimizer):
    ...     def update(self, w, g, t):
    ...         return self.lr * np.sign(g)
    >>> w = Tensor([1.0, 2.0], requires_grad=True)
    >>> w.grad = np.array([5.0, -0.1])
    >>> SignDescent([w], lr=0.5).step()
    >>> w.data
    array([0.5, 2.5])
    """

    state_names: tuple[str, ...] = ()

    def __init__(self, parameters, *, lr, weight_decay=0.0):
        self.parameters = parameter_list(parameters)
        self.lr = at_least_zero("lr", lr)
        self.weight_decay = at_least_zero("weight_decay", weight_decay)
        self.state = [
            {"t": 0} | {name: np.zeros(p.data.shape, p.data.dtype) for name in self.state_names}
            for p in self.parameters
        ]

    def step(self):
        """Move every parameter that has a gradient; the others are left alone."""
        for parameter, state in zip(self.parameters, self.state, strict=True):
            if parameter.grad is not None:
                state["t"] += 1
                parameter.data = self._moved(parameter.data, parameter.grad, state)

    def zero_grad(self):
        """Forget all gradients, so that the next backward pass starts from nothing."""
        for parameter in self.parameters:
            parameter.grad = None

    def update(self, w, g, t, *state):
        """Return what to subtract from w; every subclass says how."""
        raise NotImplementedError(f"{type(self).__name__} has no update method")

    def decayed(self, w, g):
        """Return g + weight_decay w, with the penalty's gradient, :eq:`eq-weight-decay`."""
        return g + self.weight_decay * w if self.weight_decay else g

    def state_dict(self):
        """Return a copy of what the rule remembers: ``{"0.t": ..., "0.m": ...}``.

        The number is the parameter's position. Hyper-parameters are arguments, not memory: give
        them again when you build the optimizer that continues.
        """
        return {
            f"{i}.{name}": np.array(value)
            for i, state in enumerate(self.state)
            for name, value in state.items()
        }

    def load_state_dict(self, state):
        """Remember what `state_dict` returned.

        Raises ValueError if a name is missing or unknown or an array has another shape; the
        optimizer is then left as it was.
        """
        own = self.state_dict()
        if state.keys() != own.keys():
            raise ValueError(f"state must have the names {sorted(own)}; got {sorted(state)}")
        for name, value in own.items():
            if np.shape(state[name]) != value.shape:
                raise ValueError(
                    f"{name!r} must have shape {value.shape}; got {np.shape(state[name])}"
                )
        for i, remembered in enumerate(self.state):
            remembered["t"] = int(state[f"{i}.t"])
            for name in self.state_names:
                remembered[name][...] = state[f"{i}.{name}"]

    def _moved(self, w, g, state):
        """Return w minus the update, computed block by block for speed."""
        new = np.empty_like(w, order="C")
        arrays = [state[name].reshape(-1) for name in self.state_names]  # views
        flat_w, flat_g, flat_new = w.reshape(-1), g.reshape(-1), new.reshape(-1)
        for start in range(0, w.size, BLOCK):
            part = slice(start, start + BLOCK)
            remembered = [array[part] for array in arrays]
            update = self.update(flat_w[part], flat_g[part], state["t"], *remembered)
            flat_new[part] = flat_w[part] - update
        return new


def parameter_list(parameters):
    """Return the parameters as a list, or raise ValueError.

    >>> parameter_list([])
    Traceback (most recent call last):
        ...
    ValueError: parameters must hold at least one tensor; got none
    """
    if hasattr(parameters, "requires_grad"):
        raise ValueError("parameters must be a list of tensors; got one tensor")
    parameters = list(parameters)
    if not parameters:
        raise ValueError("parameters must hold at least one tensor; got none")
    for i, parameter in enumerate(parameters):
        if not getattr(parameter, "requires_grad", False):
            raise ValueError(f"parameters[{i}] must have requires_grad=True; got {parameter!r}")
    if len({id(p) for p in parameters}) < len(parameters):
        raise ValueError("parameters must be different tensors; one is there twice")
    return parameters


def at_least_zero(name, value):
    """Return the value as a float, or raise ValueError.

    >>> at_least_zero("lr", 1)
    1.0
    """
    if not 0 <= value < math.inf:
        raise ValueError(f"{name} must be a number from 0 up; got {value}")
    return float(value)


def in_unit_interval(name, value):
    """Return the value as a float, or raise ValueError.

    >>> in_unit_interval("momentum", 0)
    0.0
    """
    if not 0 <= value < 1:
        raise ValueError(f"{name} must be in [0, 1); got {value}")
    return float(value)
