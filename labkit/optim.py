"""Optimizers: how the gradient of the loss moves the parameters.

An optimizer is its update rule. `Optimizer.step` visits the parameters and keeps what the rule
remembers between steps; a subclass says, for one array of weights ``w`` and its gradient ``g``,
what to subtract from ``w``. The rules and the defaults are PyTorch's, and follow `torch.optim` to
rounding error; each docstring says where Keras differs.
"""

import math

import numpy as np

BLOCK = 16_384  # numbers handled at a time: few enough to stay in the processor's cache


class Optimizer:
    """What all update rules share: the parameters, the step, and the memory between steps.

    parameters: tensors that require a gradient, such as ``model.parameters()``.
    A subclass names in ``state_names`` the arrays that it remembers, each shaped like ``w`` and
    zero at the start, and defines ``update(w, g, t, *state)``: it changes those arrays in place
    and returns what is to be subtracted from w. t counts the steps of this parameter from 1. The
    rule must work element by element.

    Raises ValueError if there are no parameters, one of them needs no gradient, or a
    hyper-parameter is out of its range.
    """

    state_names: tuple[str, ...] = ()

    def __init__(self, parameters, *, lr, weight_decay=0.0):
        self.parameters = _parameter_list(parameters)
        self.lr = _at_least_zero("lr", lr)
        self.weight_decay = _at_least_zero("weight_decay", weight_decay)
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
        """Return the gradient with that of the penalty ``weight_decay / 2 * |w|^2`` added."""
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


class SGD(Optimizer):
    """Gradient descent, with momentum and Nesterov's look-ahead if asked::

        v = momentum v + g
        w = w - lr v                    (w - lr (g + momentum v) with nesterov)

    The sources average instead, v = momentum v + (1 - momentum) g: the same steps as here with lr
    (1 - momentum) times as large. Keras keeps -lr v instead of v; the steps are the same as long
    as lr does not change.

    >>> from labkit.autograd import Tensor
    >>> w = Tensor([1.0], requires_grad=True)
    >>> optimizer = SGD([w], lr=0.1, momentum=0.9)
    >>> for g in (1.0, 0.5):
    ...     w.grad = np.array([g])
    ...     optimizer.step()
    >>> w.data.round(7)
    array([0.76])

    [Sutskever et al. 2013, §2]
    """

    def __init__(self, parameters, *, lr, momentum=0.0, nesterov=False, weight_decay=0.0):
        self.momentum = _in_unit_interval("momentum", momentum)
        if nesterov and self.momentum == 0:
            raise ValueError(f"nesterov needs a momentum above 0; got {momentum}")
        self.nesterov = nesterov
        self.state_names = ("v",) if self.momentum else ()
        super().__init__(parameters, lr=lr, weight_decay=weight_decay)

    def update(self, w, g, t, v=None):
        """Return lr times the velocity, or the gradient if there is no momentum."""
        g = self.decayed(w, g)
        if v is None:
            return self.lr * g
        v[...] = self.momentum * v + g
        return self.lr * (g + self.momentum * v if self.nesterov else v)


class Adagrad(Optimizer):
    """Each weight's step shrinks with all the gradients that it has seen::

        s = s + g^2
        w = w - lr g / (sqrt(s) + eps)

    Keras: sqrt(s + eps) with eps 1e-7, and s starts at 0.1.

    >>> from labkit.autograd import Tensor
    >>> w = Tensor([1.0], requires_grad=True)
    >>> optimizer = Adagrad([w], lr=0.1)
    >>> for g in (1.0, 0.5):
    ...     w.grad = np.array([g])
    ...     optimizer.step()
    >>> w.data.round(7)
    array([0.8552786])

    [Duchi, Hazan and Singer 2011, §1.1]
    """

    state_names = ("s",)

    def __init__(self, parameters, *, lr=0.01, eps=1e-10, weight_decay=0.0):
        super().__init__(parameters, lr=lr, weight_decay=weight_decay)
        self.eps = _at_least_zero("eps", eps)

    def update(self, w, g, t, s):
        """Return the step, each element scaled by its own history."""
        g = self.decayed(w, g)
        s[...] = s + g**2
        return self.lr * g / (np.sqrt(s) + self.eps)


class RMSprop(Optimizer):
    """Adagrad that forgets: the sum of squares becomes a moving average::

        s = alpha s + (1 - alpha) g^2
        w = w - lr g / (sqrt(s) + eps)

    Keras: sqrt(s + eps) with eps 1e-7, and alpha is called rho, 0.9 by default.

    >>> from labkit.autograd import Tensor
    >>> w = Tensor([1.0], requires_grad=True)
    >>> optimizer = RMSprop([w], lr=0.1, alpha=0.75)
    >>> for g in (1.0, 0.5):
    ...     w.grad = np.array([g])
    ...     optimizer.step()
    >>> w.data.round(7)
    array([0.7])

    [Tieleman and Hinton 2012, lecture 6.5]
    """

    state_names = ("s",)

    def __init__(self, parameters, *, lr=0.01, alpha=0.99, eps=1e-8, weight_decay=0.0):
        super().__init__(parameters, lr=lr, weight_decay=weight_decay)
        self.alpha = _in_unit_interval("alpha", alpha)
        self.eps = _at_least_zero("eps", eps)

    def update(self, w, g, t, s):
        """Return the step, each element scaled by its own recent size."""
        g = self.decayed(w, g)
        s[...] = self.alpha * s + (1 - self.alpha) * g**2
        return self.lr * g / (np.sqrt(s) + self.eps)


class Adadelta(Optimizer):
    """RMSprop whose step is measured in units of the steps before it::

        s = rho s + (1 - rho) g^2
        d = sqrt(u + eps) / sqrt(s + eps) g
        u = rho u + (1 - rho) d^2
        w = w - lr d

    Keras: the same rule, with other defaults (lr 0.001, rho 0.95, eps 1e-7).

    >>> from labkit.autograd import Tensor
    >>> w = Tensor([1.0], requires_grad=True)
    >>> optimizer = Adadelta([w], rho=0.75, eps=3.0)
    >>> for g in (1.0, 0.5):
    ...     w.grad = np.array([g])
    ...     optimizer.step()
    >>> w.data.round(7)
    array([-0.4592874])

    [Zeiler 2012, algorithm 1]
    """

    state_names = ("s", "u")

    def __init__(self, parameters, *, lr=1.0, rho=0.9, eps=1e-6, weight_decay=0.0):
        super().__init__(parameters, lr=lr, weight_decay=weight_decay)
        self.rho = _in_unit_interval("rho", rho)
        self.eps = _at_least_zero("eps", eps)

    def update(self, w, g, t, s, u):
        """Return lr times the step in units of w."""
        g = self.decayed(w, g)
        s[...] = self.rho * s + (1 - self.rho) * g**2
        d = np.sqrt(u + self.eps) / np.sqrt(s + self.eps) * g
        u[...] = self.rho * u + (1 - self.rho) * d**2
        return self.lr * d


class Adam(Optimizer):
    """Momentum over RMSprop, both corrected for their start at zero::

        m = beta1 m + (1 - beta1) g             m' = m / (1 - beta1^t)
        v = beta2 v + (1 - beta2) g^2           v' = v / (1 - beta2^t)
        w = w - lr m' / (sqrt(v') + eps)

    Keras adds its eps (1e-7) to sqrt(v), before the correction. That is eps / sqrt(1 - beta2^t)
    here, 32 times as much at the first step; it shows where gradients are as small as that.

    >>> from labkit.autograd import Tensor
    >>> w = Tensor([1.0], requires_grad=True)
    >>> optimizer = Adam([w], lr=0.001)
    >>> for g in (1.0, 0.5):
    ...     w.grad = np.array([g])
    ...     optimizer.step()
    >>> w.data.round(7)
    array([0.9980678])

    [Kingma and Ba 2015, algorithm 1]
    """

    state_names = ("m", "v")

    def __init__(self, parameters, *, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        super().__init__(parameters, lr=lr, weight_decay=weight_decay)
        beta1, beta2 = betas
        self.betas = (_in_unit_interval("betas[0]", beta1), _in_unit_interval("betas[1]", beta2))
        self.eps = _at_least_zero("eps", eps)

    def update(self, w, g, t, m, v):
        """Return the step, the mean gradient over its root mean square."""
        return self._adam_step(self.decayed(w, g), t, m, v)

    def _adam_step(self, g, t, m, v):
        beta1, beta2 = self.betas
        m[...] = beta1 * m + (1 - beta1) * g
        v[...] = beta2 * v + (1 - beta2) * g**2
        m_corrected = m / (1 - beta1**t)
        v_corrected = v / (1 - beta2**t)
        return self.lr * m_corrected / (np.sqrt(v_corrected) + self.eps)


class AdamW(Adam):
    """Adam with the weight decay beside the rule instead of inside the gradient::

        w = w - lr weight_decay w - (Adam's step)

    Inside the gradient, Adam divides the decay by the gradient's size, so that weights with large
    gradients hardly decay. Keras: its eps as in `Adam`, weight_decay 0.004 by default.

    >>> from labkit.autograd import Tensor
    >>> w = Tensor([1.0], requires_grad=True)
    >>> optimizer = AdamW([w], lr=0.1, weight_decay=0.5)
    >>> for g in (1.0, 0.5):
    ...     w.grad = np.array([g])
    ...     optimizer.step()
    >>> w.data.round(7)
    array([0.714282])

    [Loshchilov and Hutter 2019, algorithm 2]
    """

    def __init__(self, parameters, *, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(parameters, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)

    def update(self, w, g, t, m, v):
        """Return the decay and the step."""
        return self.lr * self.weight_decay * w + self._adam_step(g, t, m, v)


def _parameter_list(parameters):
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


def _at_least_zero(name, value):
    if not 0 <= value < math.inf:
        raise ValueError(f"{name} must be a number from 0 up; got {value}")
    return float(value)


def _in_unit_interval(name, value):
    if not 0 <= value < 1:
        raise ValueError(f"{name} must be in [0, 1); got {value}")
    return float(value)
