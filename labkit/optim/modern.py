"""Rules that came after Adam: the sign of a momentum, and a momentum made orthogonal."""

import numpy as np

from labkit.optim.optimizer import Optimizer, in_unit_interval


class Lion(Optimizer):
    """Every weight moves by the same amount, lr; only the direction is learned::

        w = w - lr (sign(beta1 m + (1 - beta1) g) + weight_decay w)
        m = beta2 m + (1 - beta2) g

    It remembers one array where Adam remembers two. As steps are as long as lr, it wants an lr 3
    to 10 times smaller than Adam's, and a weight_decay as much larger. Keras: the same.

    >>> from labkit.autograd import Tensor
    >>> w = Tensor([1.0], requires_grad=True)
    >>> optimizer = Lion([w], lr=0.1, weight_decay=0.5)
    >>> for g in (1.0, -0.01):
    ...     w.grad = np.array([g])
    ...     optimizer.step()
    >>> w.data.round(7)
    array([0.7075])

    [Chen et al. 2023, algorithm 2]
    """

    state_names = ("m",)

    def __init__(self, parameters, *, lr=1e-4, betas=(0.9, 0.99), weight_decay=0.0):
        super().__init__(parameters, lr=lr, weight_decay=weight_decay)
        self.betas = tuple(in_unit_interval(f"betas[{i}]", beta) for i, beta in enumerate(betas))

    def update(self, w, g, t, m):
        """Return lr times the sign, and the decay beside it."""
        beta1, beta2 = self.betas
        direction = np.sign(beta1 * m + (1 - beta1) * g)
        m[...] = beta2 * m + (1 - beta2) * g
        return self.lr * (direction + self.weight_decay * w)


class Muon(Optimizer):
    """Momentum whose matrix is made orthogonal, so that every direction moves equally far::

        v = momentum v + (1 - momentum) g
        u = orthogonalized((1 - momentum) g + momentum v)
        w = w - lr weight_decay w - lr sqrt(max(1, d_out / d_in)) u

    For weights (d_in, d_out) alone; give biases, embeddings and the last layer to AdamW, as its
    authors do. PyTorch computes u in bfloat16.

    Raises ValueError if a parameter is no matrix.

    >>> from labkit.autograd import Tensor
    >>> w = Tensor(np.eye(2), requires_grad=True)
    >>> optimizer = Muon([w], lr=0.1, weight_decay=0.0)
    >>> w.grad = np.diag([3.0, 1.0])
    >>> optimizer.step()
    >>> (1 - np.diag(w.data)).round(2)  # about 0.1 in both directions
    array([0.08, 0.11])

    [Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks"]
    """

    state_names = ("v",)

    def __init__(self, parameters, *, lr=1e-3, momentum=0.95, weight_decay=0.1):
        super().__init__(parameters, lr=lr, weight_decay=weight_decay)
        self.momentum = in_unit_interval("momentum", momentum)
        for i, parameter in enumerate(self.parameters):
            if parameter.ndim != 2:
                raise ValueError(f"parameters[{i}] must be a matrix; got shape {parameter.shape}")

    def _moved(self, w, g, state):
        """Return w after the step: the rule looks at a whole matrix, so nothing goes by blocks."""
        v = state["v"]
        v[...] = self.momentum * v + (1 - self.momentum) * g
        u = orthogonalized((1 - self.momentum) * g + self.momentum * v)
        d_in, d_out = w.shape
        scale = max(1, d_out / d_in) ** 0.5
        return w - self.lr * self.weight_decay * w - self.lr * scale * u


def orthogonalized(g, *, steps=5):
    """Return a matrix near U V^T for g = U S V^T: all singular values become about one.

    g (d_in, d_out). Five rounds of an odd polynomial, X = a X + (b X X^T + c (X X^T)^2) X, bring
    singular values between 0.01 and 1 to between 0.68 and 1.14, without computing any of them.

    >>> np.linalg.svd(orthogonalized(np.diag([5.0, 0.5])))[1].round(2)
    array([0.71, 0.7 ])

    [Jordan et al. 2024]
    """
    a, b, c = 3.4445, -4.775, 2.0315  # chosen by the authors for the steepest start
    wide = g if g.shape[0] <= g.shape[1] else g.T  # the smaller product
    x = wide / max(float(np.linalg.norm(wide)), 1e-7)
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x if g.shape[0] <= g.shape[1] else x.T
