"""Muon, clipping and averaging against Keras; what Muon makes of a matrix against SciPy."""

import os

import numpy as np
import pytest

from labkit import optim
from labkit.autograd import Tensor

pytest.importorskip("torch")
os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras")


def weights_and_steps(*shapes, steps=10):
    rng = np.random.default_rng(0)
    weights = [Tensor(rng.normal(size=s).astype(np.float32), requires_grad=True) for s in shapes]
    gradients = [[rng.normal(size=s).astype(np.float32) for s in shapes] for _ in range(steps)]
    return weights, gradients


def step_in_keras(optimizer, variables, gradients):
    optimizer.apply([keras.ops.convert_to_tensor(g) for g in gradients], variables)
    return [v.value.detach().numpy().copy() for v in variables]


@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (4, 4)])
def test_muon_is_kerass(shape):
    """Keras sums gradients where ours takes their mean, which a length of one forgets.

    Its lr is not multiplied by sqrt(max(1, d_out / d_in)), and decay is lr times weight_decay.
    """
    (w,), steps = weights_and_steps(shape)
    muon = optim.Muon([w], lr=0.03, momentum=0.8, weight_decay=0.2)
    scale = max(1, shape[1] / shape[0]) ** 0.5
    variable = keras.Variable(w.data)
    theirs = keras.optimizers.Muon(
        0.03 * scale, weight_decay=0.2 / scale, momentum=0.8, rms_rate=None
    )
    for (g,) in steps:
        w.grad = g
        muon.step()
        np.testing.assert_allclose(
            w.data, step_in_keras(theirs, [variable], [g])[0], rtol=0, atol=2e-6
        )


@pytest.mark.parametrize("limit", [0.5, 3.0, 1000.0])
@pytest.mark.parametrize(
    ("clip", "name", "setting"),
    [
        (optim.clip_grad_norm, "max_norm", "global_clipnorm"),
        (optim.clip_grad_value, "max_value", "clipvalue"),
    ],
)
def test_clipping_is_kerass(clip, name, setting, limit):
    """What a step of length one takes away is the clipped gradient."""
    weights, ((a, b),) = weights_and_steps((3, 4), (5,), steps=1)
    zeros = [keras.Variable(np.zeros_like(w.data)) for w in weights]
    moved = step_in_keras(keras.optimizers.SGD(1.0, **{setting: limit}), zeros, [a, b])
    for w, g in zip(weights, (a, b), strict=True):
        w.grad = g
    clip(weights, **{name: limit})
    for w, their in zip(weights, moved, strict=True):
        np.testing.assert_allclose(w.grad, -their, rtol=0, atol=1e-5)


def test_the_average_is_kerass_which_starts_behind_the_first_step():
    weights, steps = weights_and_steps((3, 4), (5,))
    variables = [keras.Variable(w.data) for w in weights]
    sgd = optim.SGD(weights, lr=0.1)
    theirs = keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.8)
    for i, gradients in enumerate(steps):
        step_in_keras(theirs, variables, gradients)
        for w, g in zip(weights, gradients, strict=True):
            w.grad = g
        sgd.step()
        if i == 0:
            average = optim.ExponentialMovingAverage(weights, decay=0.8)
        else:
            average.update()
    theirs.finalize_variable_values(variables)  # its way to apply the averages
    with average.applied():
        for w, variable in zip(weights, variables, strict=True):
            np.testing.assert_allclose(w.data, variable.value.detach().numpy(), rtol=0, atol=1e-6)


@pytest.mark.parametrize("shape", [(4, 6), (6, 4), (5, 5)])
def test_what_is_orthogonalized_is_near_the_polar_factor(shape):
    """G = U P, and U^T times ours has U's directions and lengths between 0.68 and 1.14."""
    linalg = pytest.importorskip("scipy.linalg")
    g = np.random.default_rng(0).normal(size=shape)
    u, _ = linalg.polar(g)
    product = (
        u.T @ optim.orthogonalized(g) if shape[0] >= shape[1] else optim.orthogonalized(g) @ u.T
    )
    np.testing.assert_allclose(product, product.T, atol=1e-12)
    lengths = np.linalg.eigvalsh(product)
    assert 0.68 < lengths.min() <= lengths.max() < 1.14
