"""Activations as layers, for use inside `Sequential`."""

import numpy as np  # noqa: F401 - the examples use it

from labkit import ops
from labkit.nn.module import Module


class ReLU(Module):
    """The positive part, see `labkit.ops.activations.relu`.

    >>> ReLU()(np.array([-1.0, 2.0]))
    array([0., 2.])
    """

    def forward(self, x):
        """Return max(x, 0)."""
        return ops.relu(x)


class Sigmoid(Module):
    """The logistic function, see `labkit.ops.activations.sigmoid`.

    >>> Sigmoid()(np.array([0.0, np.log(3)]))
    array([0.5 , 0.75])
    """

    def forward(self, x):
        """Return 1 / (1 + exp(-x))."""
        return ops.sigmoid(x)


class Tanh(Module):
    """The hyperbolic tangent, see `labkit.ops.activations.tanh`.

    >>> Tanh()(np.array([0.0, 1.0])).round(4)
    array([0.    , 0.7616])
    """

    def forward(self, x):
        """Return tanh x."""
        return ops.tanh(x)


class Softmax(Module):
    """Probabilities over the last axis, see `labkit.ops.activations.softmax`.

    For looking at predictions. The losses take logits, so no model here ends with it.

    >>> Softmax()(np.array([[0.0, np.log(3)]]))
    array([[0.25, 0.75]])
    """

    def forward(self, x):
        """Return exp(x) over its sum along the last axis."""
        return ops.softmax(x)


class ELU(Module):
    """Positive part, and a negative one that ends at -alpha; see `labkit.ops.rectifiers.elu`.

    >>> ELU()(np.array([-np.log(2), 3.0]))
    array([-0.5,  3. ])
    """

    def __init__(self, alpha=1.0):
        self.alpha = float(alpha)

    def forward(self, x):
        """Return x where it is positive, else alpha (exp(x) - 1)."""
        return ops.elu(x, alpha=self.alpha)

    def __repr__(self):
        return f"ELU({self.alpha})"


class GELU(Module):
    """x times the normal distribution function of x, see `labkit.ops.rectifiers.gelu`.

    >>> GELU()(np.array([0.0, 1.0])).round(4)
    array([0.    , 0.8413])
    """

    def __init__(self, *, approximate="none"):
        self.approximate = approximate

    def forward(self, x):
        """Return x Phi(x)."""
        return ops.gelu(x, approximate=self.approximate)

    def __repr__(self):
        return f"GELU(approximate={self.approximate!r})"


class SiLU(Module):
    """x times its sigmoid, see `labkit.ops.rectifiers.silu`.

    >>> SiLU()(np.array([0.0, np.log(3)])).round(4)
    array([0.   , 0.824])
    """

    def forward(self, x):
        """Return x sigmoid(x)."""
        return ops.silu(x)


class Softplus(Module):
    """The positive part with a soft corner, see `labkit.ops.rectifiers.softplus`.

    >>> Softplus()(np.array([0.0])).round(4)
    array([0.6931])
    """

    def forward(self, x):
        """Return log(1 + exp(x))."""
        return ops.softplus(x)
