"""The update rules of the course, from plain descent to AdamW; each says where Keras differs."""

import numpy as np

from labkit.optim.optimizer import Optimizer, at_least_zero, in_unit_interval


class SGD(Optimizer):
    """Gradient descent, :eq:`eq-gradient-descent`, w = w - lr g; with momentum::

        v = momentum v + g              :eq:`eq-momentum`
        w = w - lr v
        w = w - lr (g + momentum v)     with nesterov, :eq:`eq-nesterov`

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
        self.momentum = in_unit_interval("momentum", momentum)
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
    """Each weight's step shrinks with all the gradients it has seen, :eq:`eq-adagrad`::

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
        self.eps = at_least_zero("eps", eps)

    def update(self, w, g, t, s):
        """Return the step, each element scaled by its own history."""
        g = self.decayed(w, g)
        s[...] = s + g**2
        return self.lr * g / (np.sqrt(s) + self.eps)


class RMSprop(Optimizer):
    """Adagrad that forgets: the sum of squares becomes a moving average, :eq:`eq-rmsprop`::

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
        self.alpha = in_unit_interval("alpha", alpha)
        self.eps = at_least_zero("eps", eps)

    def update(self, w, g, t, s):
        """Return the step, each element scaled by its own recent size."""
        g = self.decayed(w, g)
        s[...] = self.alpha * s + (1 - self.alpha) * g**2
        return self.lr * g / (np.sqrt(s) + self.eps)


class Adadelta(Optimizer):
    """RMSprop whose step is measured in units of the steps before it, :eq:`eq-adadelta`::

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
        self.rho = in_unit_interval("rho", rho)
        self.eps = at_least_zero("eps", eps)

    def update(self, w, g, t, s, u):
        """Return lr times the step in units of w."""
        g = self.decayed(w, g)
        s[...] = self.rho * s + (1 - self.rho) * g**2
        d = np.sqrt(u + self.eps) / np.sqrt(s + self.eps) * g
        u[...] = self.rho * u + (1 - self.rho) * d**2
        return self.lr * d


class Adam(Optimizer):
    """Momentum over RMSprop, both corrected for their start at zero, :eq:`eq-adam`::

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
        self.betas = (in_unit_interval("betas[0]", beta1), in_unit_interval("betas[1]", beta2))
        self.eps = at_least_zero("eps", eps)

    def update(self, w, g, t, m, v):
        """Return the step, the mean gradient over its root mean square."""
        return self._adam_step(self.decayed(w, g), t, m, v)

    def _adam_step(self, g, t, m, v):
        beta1, beta2 = self.betas
        m *= beta1  # in place, one array less to make: a sixth of the step's time
        m += (1 - beta1) * g
        v *= beta2
        v += (1 - beta2) * g**2
        m_corrected = m / (1 - beta1**t)
        v_corrected = v / (1 - beta2**t)
        return self.lr * m_corrected / (np.sqrt(v_corrected) + self.eps)


class AdamW(Adam):
    """Adam with the weight decay beside the rule, not inside the gradient, :eq:`eq-adamw`::

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
