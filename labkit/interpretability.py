"""Why a model says what it says: which inputs, places, tokens and features its answer hangs on.

A model with dropout should be in evaluation mode. None of these touches the model's gradients.
"""

import contextlib

import numpy as np

from labkit.autograd import Tensor, no_grad
from labkit.nn import Sequential
from labkit.ops.linear import check_ids


def saliency(model, x, target):
    """Return how fast the logit of the target class changes with each input: abs(d logit / dx).

    x (n, ...) float, target (n,) classes in [0, k); the model returns logits (n, k). Returns an
    array of x's shape. It tells of small changes only: a unit that is saturated is silent.

    Raises ValueError if target is no class for each example.

    >>> from labkit.nn import Linear
    >>> model = Linear(2, 3, rng=np.random.default_rng(0))
    >>> model.weight.data[:, 1] = [-2.0, 0.5]
    >>> saliency(model, np.zeros((1, 2), np.float32), np.array([1]))
    array([[2. , 0.5]], dtype=float32)

    [Simonyan, Vedaldi and Zisserman 2014, section 3]
    """
    return np.abs(_input_gradient(model, x, target))


def integrated_gradients(model, x, target, *, baseline=None, steps=50):
    r"""Return how much each input adds to the logit of the target class, on the way to x::

        (x - b) * mean of d logit / d x at b + (i + 1/2) / steps (x - b),    i = 0 .. steps - 1

    x (n, ...) float, target (n,); b is the baseline, which broadcasts to x: zeros if left out.
    Returns an array of x's shape. The parts of one example add up to the logit of x less that of
    b, up to the error of the sum over steps: the midpoints' falls as 1 / steps^2 where the model
    is smooth.

    Raises ValueError if steps is less than 1, baseline does not fit, or as `saliency` does.

    >>> from labkit.nn import Linear
    >>> model = Linear(2, 1, rng=np.random.default_rng(0))
    >>> model.weight.data[:, 0] = [-2.0, 0.5]
    >>> integrated_gradients(model, np.array([[3.0, 4.0]], np.float32), np.array([0]))
    array([[-6.,  2.]], dtype=float32)

    [Sundararajan, Taly and Yan 2017, equations 1 and 3, proposition 1]
    """
    if steps < 1:
        raise ValueError(f"steps must be at least 1; got {steps}")
    baseline = np.zeros_like(x) if baseline is None else np.asarray(baseline, dtype=x.dtype)
    try:
        baseline = np.broadcast_to(baseline, x.shape)
    except ValueError:
        message = f"baseline must broadcast to {x.shape}; got {baseline.shape}"
        raise ValueError(message) from None
    total = np.zeros_like(x)
    for i in range(steps):
        point = baseline + ((i + 0.5) / steps) * (x - baseline)
        total += _input_gradient(model, point, target)
    return (x - baseline) * total / steps


def grad_cam(model, x, target, *, layer):
    r"""Return which places of an image speak for the target class::

        relu(sum_k a_k A_k),    a_k = mean over places of d logit / d A_k

    model: a Sequential; A (n, c, h, w) is the output of its layer with this position, usually the
    last convolution or the activation after it. x (n, c_in, h', w'), target (n,).
    Returns (n, h, w).

    Raises ValueError if layer is no position of the model, its output has other axes, or as
    `saliency` does.

    >>> from labkit.models import digits_cnn
    >>> model = digits_cnn(rng=np.random.default_rng(0))
    >>> images = np.random.default_rng(1).random((2, 1, 28, 28), np.float32)
    >>> grad_cam(model, images, np.array([3, 7]), layer=7).shape
    (2, 3, 3)

    [Selvaraju et al. 2017, equations 1 and 2]
    """
    if not 0 <= layer < len(model):
        raise ValueError(f"layer must be in [0, {len(model)}); got {layer}")
    with no_grad():
        features = Sequential(*model[: layer + 1])(x)
    features = features.data if isinstance(features, Tensor) else features
    if features.ndim != 4:
        raise ValueError(f"layer must put out (n, c, h, w); got {features.shape}")
    gradient = _input_gradient(Sequential(*model[layer + 1 :]), features, target)
    weight = gradient.mean(axis=(2, 3), keepdims=True)  # (n, c, 1, 1)
    return np.maximum((weight * features).sum(axis=1), 0)  # (n, h, w)


def attention_rollout(attentions):
    r"""Return how much of each first token arrives at each last one, through all layers::

        R_l = (A_l / 2 + I / 2) R_(l - 1),    R_0 = I

    attentions: for each layer, the first first, the weights (..., h, t, t) whose rows sum to one;
    A is their mean over the heads, and I the residual connection. Returns (..., t, t), whose rows
    sum to one as well. Values and feed-forward layers are ignored.

    Raises ValueError if there is no layer, or a layer's shape is another or not square.

    >>> looks_back = np.array([[[1.0, 0.0], [1.0, 0.0]]])
    >>> attention_rollout([looks_back, looks_back])
    array([[1.  , 0.  ],
           [0.75, 0.25]])

    [Abnar and Zuidema 2020, section 3]
    """
    shapes = [np.shape(a) for a in attentions]
    if len(set(shapes)) != 1 or len(shapes[0]) < 3 or shapes[0][-1] != shapes[0][-2]:
        raise ValueError(f"attentions must all have one shape (..., h, t, t); got {shapes}")
    rollout = np.eye(shapes[0][-1], dtype=attentions[0].dtype)
    for attention in attentions:
        mixed = attention.mean(axis=-3)  # (..., t, t)
        rollout = (mixed @ rollout + rollout) / 2
    return rollout


def permutation_importance(predict, score, x, target, *, repeats=10, rng):
    """Return how much worse predictions get when one feature is shuffled among the examples.

    predict takes x (n, d) and returns predictions; score takes (predictions, target) and returns a
    number, the larger the better. Returns (d, repeats): the score less that of each shuffling.
    Features that say the same hide each other: each alone can be missed.

    Raises ValueError if x is not (n, d), or repeats is less than 1.

    >>> x = np.array([[0.0, 5.0], [1.0, 6.0], [0.0, 7.0], [1.0, 8.0]])
    >>> right = lambda predicted, target: float((predicted == target).mean())
    >>> drops = permutation_importance(
    ...     lambda x: x[:, 0] > 0.5, right, x, x[:, 0] == 1, rng=np.random.default_rng(0)
    ... )
    >>> drops.mean(axis=1).round(2)
    array([0.6, 0. ])

    [Breiman 2001, section 10; Fisher, Rudin and Dominici 2019, section 3]
    """
    if x.ndim != 2 or repeats < 1:
        raise ValueError(f"need x (n, d) and repeats >= 1; got {x.shape} and {repeats}")
    best = score(predict(x), target)
    drops = np.zeros((x.shape[1], repeats))
    for j in range(x.shape[1]):
        shuffled = x.copy()
        for r in range(repeats):
            shuffled[:, j] = rng.permutation(x[:, j])
            drops[j, r] = best - score(predict(shuffled), target)
    return drops


def _input_gradient(model, x, target):
    """Return d logit[target] / d x of every example."""
    x = Tensor(x, requires_grad=True)
    with _frozen(model):
        logits = model(x)
        if logits.ndim != 2 or np.shape(target) != logits.shape[:1]:
            raise ValueError(
                f"need logits (n, k) and target (n,); got {logits.shape}, {np.shape(target)}"
            )
        check_ids("target", target, k=logits.shape[1])
        logits[np.arange(len(target)), target].sum().backward()
    return x.grad


@contextlib.contextmanager
def _frozen(model):
    """Inside the block no parameter asks for a gradient: what they had stays as it is."""
    asking = [p for p in model.parameters() if p.requires_grad]
    for p in asking:
        p.requires_grad = False
    try:
        yield
    finally:
        for p in asking:
            p.requires_grad = True
