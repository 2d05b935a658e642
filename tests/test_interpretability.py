"""Interpretability: PyTorch's gradients, the methods' axioms, models whose reasons we know."""

import numpy as np
import pytest

from labkit import models, nn
from labkit.autograd import Tensor, maximum
from labkit.gradcheck import numerical_gradient
from labkit.interpretability import (
    attention_rollout,
    grad_cam,
    integrated_gradients,
    permutation_importance,
    saliency,
)


class Computes(nn.Module):
    """A model that is a given function."""

    def __init__(self, function):
        self.function = function

    def forward(self, x):
        return self.function(x)


def smooth_model(rng, dtype=np.float64):
    parts = {"rng": rng, "dtype": dtype}
    return nn.Sequential(nn.Linear(4, 6, **parts), nn.Tanh(), nn.Linear(6, 3, **parts))


def examples(rng, dtype=np.float64):
    return rng.normal(size=(5, 4)).astype(dtype), rng.integers(3, size=5)


def small_cnn(rng):
    parts = {"rng": rng, "dtype": np.float64}
    return nn.Sequential(
        nn.Conv2d(2, 3, (3, 2), **parts),  # (n, 3, 4, 6)
        nn.ReLU(),
        nn.MaxPool2d(2),  # (n, 3, 2, 3)
        nn.Flatten(),
        nn.Linear(18, 4, **parts),
    )


# --- saliency ----------------------------------------------------------------------------------


def test_saliency_is_the_difference_quotient(rng):
    model, (x, target) = smooth_model(rng), examples(rng)
    expected = numerical_gradient(lambda z: model(z).data[np.arange(5), target].sum(), x)
    np.testing.assert_allclose(saliency(model, x, target), np.abs(expected), atol=1e-8)


def test_saliency_of_a_cnn_as_pytorch(rng):
    torch = pytest.importorskip("torch")
    model = small_cnn(rng)
    x, target = rng.normal(size=(2, 2, 6, 7)), np.array([3, 0])
    w, b, v, c = (torch.tensor(p.data) for p in model.parameters())
    images = torch.tensor(x, requires_grad=True)
    hidden = torch.nn.functional.conv2d(images, w, b).relu()
    logits = torch.nn.functional.max_pool2d(hidden, 2).flatten(1) @ v + c
    logits[[0, 1], [3, 0]].sum().backward()
    np.testing.assert_allclose(saliency(model, x, target), images.grad.abs().numpy(), atol=1e-12)


# --- integrated gradients ----------------------------------------------------------------------


@pytest.mark.parametrize("where", [None, 0.7, "row"])
def test_the_parts_add_up(where, rng):
    model, (x, target) = smooth_model(rng), examples(rng)
    baseline = rng.normal(size=4) if where == "row" else where
    parts = integrated_gradients(model, x, target, baseline=baseline, steps=200)
    start = np.zeros_like(x) + (0 if baseline is None else baseline)
    rows = np.arange(5)
    gained = model(x).data[rows, target] - model(start).data[rows, target]
    np.testing.assert_allclose(parts.sum(axis=1), gained, atol=1e-4)
    assert np.abs(gained).min() > 1e-3


def test_twice_the_steps_quarter_the_error(rng):
    model, (x, target) = smooth_model(rng), examples(rng)
    rows = np.arange(5)
    gained = model(x).data[rows, target] - model(0 * x).data[rows, target]
    errors = [
        np.abs(integrated_gradients(model, x, target, steps=s).sum(axis=1) - gained).max()
        for s in (20, 40)
    ]
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.1)


def test_a_product_is_shared_equally():
    """Of x y each factor gets half, of x^2 z two thirds and one third."""
    product = Computes(lambda x: x[:, :1] * x[:, 1:2])
    ours = integrated_gradients(product, np.array([[3.0, 4.0, 9.0]]), np.array([0]))
    np.testing.assert_allclose(ours, [[6, 6, 0]])
    cubic = Computes(lambda x: x[:, :1] ** 2 * x[:, 1:])
    ours = integrated_gradients(cubic, np.array([[3.0, 4.0]]), np.array([0]), steps=300)
    np.testing.assert_allclose(ours, [[24, 12]], rtol=1e-4)


def test_a_saturated_unit_is_heard():
    """1 - relu(1 - x) at 2 has gradient 0, but gained 1. [Sundararajan et al. 2017, section 2.1]"""
    model = Computes(lambda x: 1 - maximum(1 - x, 0.0))
    x, target = np.array([[2.0]]), np.array([0])
    assert saliency(model, x, target).tolist() == [[0]]
    np.testing.assert_allclose(integrated_gradients(model, x, target, steps=10), [[1]])


# --- Grad-CAM ----------------------------------------------------------------------------------


def test_after_a_mean_over_places_it_is_the_class_activation_map(rng):
    """There it is w_k A_k / (h w), which is how the paper defines what it extends. [section 3]"""
    weight = rng.normal(size=(3, 4))
    model = nn.Sequential(
        nn.Conv2d(2, 3, 3, rng=rng, dtype=np.float64),
        Computes(lambda a: a.mean(axis=(2, 3)) @ weight),
    )
    x, target = rng.normal(size=(2, 2, 7, 6)), np.array([3, 1])
    features = model[0](x).data  # (2, 3, 5, 4)
    expected = np.einsum("nkhw,kn->nhw", features, weight[:, target]) / 20
    np.testing.assert_allclose(grad_cam(model, x, target, layer=0), np.maximum(expected, 0))
    assert (expected < 0).any()
    assert (expected > 0).any()


@pytest.mark.parametrize("layer", [0, 1, 2])
def test_grad_cam_as_pytorch(layer, rng):
    torch = pytest.importorskip("torch")
    model = small_cnn(rng)
    x, target = rng.normal(size=(2, 2, 6, 7)), np.array([3, 0])
    w, b, v, c = (torch.tensor(p.data) for p in model.parameters())
    steps = [
        lambda z: torch.nn.functional.conv2d(z, w, b),
        torch.relu,
        lambda z: torch.nn.functional.max_pool2d(z, 2),
        lambda z: z.flatten(1) @ v + c,
    ]
    out, seen = torch.tensor(x, requires_grad=True), None
    for i, step in enumerate(steps):
        out = step(out)
        if i == layer:
            seen = out
            seen.retain_grad()
    out[[0, 1], [3, 0]].sum().backward()
    expected = (seen.grad.mean((2, 3), keepdim=True) * seen).sum(1).relu().detach().numpy()
    np.testing.assert_allclose(grad_cam(model, x, target, layer=layer), expected, atol=1e-12)


# --- attention rollout -------------------------------------------------------------------------


def test_rollout_is_all_paths_together(rng):
    """Every way through three layers, one by one."""
    attentions = [rng.dirichlet(np.ones(4), size=(2, 3, 4)) for _ in range(3)]  # (2, 3, 4, 4)
    ours = attention_rollout(attentions)
    mixed = [(a.mean(axis=1) + np.eye(4)) / 2 for a in attentions]
    expected = np.zeros((2, 4, 4))
    for i, j, k, m in np.ndindex(4, 4, 4, 4):
        expected[:, m, i] += mixed[2][:, m, k] * mixed[1][:, k, j] * mixed[0][:, j, i]
    np.testing.assert_allclose(ours, expected)
    np.testing.assert_allclose(ours.sum(axis=-1), 1)


def test_rollout_looks_no_further_than_its_layers():
    """Each token looks one back: two layers reach two back, by binomial shares."""
    back = np.eye(5, k=-1)
    back[0, 0] = 1
    ours = attention_rollout([back[None]] * 2)
    np.testing.assert_allclose(ours[4], [0, 0, 0.25, 0.5, 0.25])
    assert attention_rollout([back[None].astype(np.float32)]).dtype == np.float32


# --- permutation importance --------------------------------------------------------------------


def negative_squares(predicted, target):
    return -float(((predicted - target) ** 2).mean())


def test_a_linear_models_importance_is_twice_its_variance(rng):
    """The mean over all shuffles of w^2 (x_i - x_j)^2 is 2 w^2 var(x)."""
    x, w = rng.normal(size=(60, 3)) * [1.0, 2.0, 3.0], np.array([1.5, -0.5, 0.0])
    drops = permutation_importance(
        lambda x: x @ w, negative_squares, x, x @ w, repeats=400, rng=rng
    )
    assert drops.shape == (3, 400)
    np.testing.assert_allclose(drops.mean(axis=1), 2 * w**2 * x.var(axis=0), rtol=0.03)
    assert (drops[2] == 0).all()


def test_as_scikit_learn(rng):
    inspection = pytest.importorskip("sklearn.inspection")
    linear = pytest.importorskip("sklearn.linear_model")
    x = rng.normal(size=(80, 3))
    y = x @ [2.0, 0.3, -1.0] + rng.normal(0, 0.5, 80)
    fitted = linear.LinearRegression().fit(x, y)
    theirs = inspection.permutation_importance(
        fitted, x, y, scoring="neg_mean_squared_error", n_repeats=300, random_state=0
    )
    ours = permutation_importance(fitted.predict, negative_squares, x, y, repeats=300, rng=rng)
    np.testing.assert_allclose(ours.mean(axis=1), theirs.importances_mean, rtol=0.05, atol=0.01)
    np.testing.assert_allclose(ours.std(axis=1), theirs.importances_std, rtol=0.2)


def test_the_examples_are_left_as_they_are(rng):
    x = rng.normal(size=(6, 2))
    before = x.copy()
    permutation_importance(lambda x: x[:, 0], negative_squares, x, x[:, 0], rng=rng)
    np.testing.assert_array_equal(x, before)


# --- all of them -------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtypes_stay_and_the_model_is_left_alone(dtype, rng):
    model, (x, target) = smooth_model(rng, dtype), examples(rng, dtype)
    first = model.parameters()[0]
    first.grad = np.ones_like(first.data)
    model.parameters()[1].requires_grad = False
    for method in (saliency, integrated_gradients):
        assert method(model, x, target).dtype == dtype
        assert method(model, x[:0], target[:0]).shape == (0, 4)
    assert [p.requires_grad for p in model.parameters()] == [True, False, True, True]
    assert [p.grad is None for p in model.parameters()] == [False, True, True, True]
    assert (first.grad == 1).all()


def test_a_model_that_fails_still_asks_for_gradients(rng):
    model = smooth_model(rng)
    with pytest.raises(ValueError, match="d_in"):
        saliency(model, np.ones((1, 3)), np.array([0]))
    assert all(p.requires_grad for p in model.parameters())


def test_digits(rng):
    model = models.digits_cnn(rng=rng)
    x = rng.random((2, 1, 28, 28), np.float32)
    heat = grad_cam(model, x, np.array([3, 7]), layer=7)
    assert heat.shape == (2, 3, 3)
    assert heat.dtype == np.float32
    assert all(isinstance(p, Tensor) and p.grad is None for p in model.parameters())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m, x: saliency(m, x, np.array([3])), r"target.*3"),
        (lambda m, x: saliency(m, x, np.array([0, 1])), r"target \(n,\); got \(1, 3\), \(2,\)"),
        (lambda m, x: saliency(m, x, np.array([0.5])), "target"),
        (lambda m, x: integrated_gradients(m, x, np.array([0]), steps=0), "steps must be at least"),
        (
            lambda m, x: integrated_gradients(m, x, np.array([0]), baseline=np.ones((2, 4))),
            r"baseline must broadcast to \(1, 4\); got \(2, 4\)",
        ),
        (
            lambda m, x: integrated_gradients(m, x, np.array([0]), baseline=np.ones(3)),
            r"baseline must broadcast to \(1, 4\); got \(3,\)",
        ),
        (lambda m, x: grad_cam(m, x, np.array([0]), layer=3), r"layer must be in \[0, 3\); got 3"),
        (lambda m, x: grad_cam(m, x, np.array([0]), layer=-1), "layer must be in"),
        (lambda m, x: grad_cam(m, x, np.array([0]), layer=0), r"must put out \(n, c, h, w\)"),
        (lambda m, x: attention_rollout([]), "attentions must all have one shape"),
        (lambda m, x: attention_rollout([np.eye(3)]), "one shape"),
        (lambda m, x: attention_rollout([np.ones((1, 2, 3))]), "one shape"),
        (lambda m, x: attention_rollout([np.ones((1, 2, 2)), np.ones((1, 3, 3))]), "one shape"),
        (
            lambda m, x: permutation_importance(m, len, x[0], x, rng=None),
            r"need x \(n, d\) and repeats >= 1; got \(4,\) and 10",
        ),
        (
            lambda m, x: permutation_importance(m, len, x, x, repeats=0, rng=None),
            "repeats >= 1; got",
        ),
    ],
)
def test_what_cannot_be_is_refused(call, message, rng):
    with pytest.raises(ValueError, match=message):
        call(smooth_model(rng), np.ones((1, 4)))


def test_the_last_layer_has_no_places(rng):
    model = nn.Sequential(nn.Conv2d(1, 2, 1, rng=rng))
    with pytest.raises(ValueError, match=r"need logits \(n, k\)"):
        grad_cam(model, np.ones((1, 1, 3, 3), np.float32), np.array([0]), layer=0)
