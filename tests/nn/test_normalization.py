"""Normalization layers: what runs along, what is saved, and that use differs from training."""

import numpy as np
import pytest

from labkit import nn
from labkit.autograd import Tensor

SHAPES = {nn.BatchNorm1d: (6, 3), nn.BatchNorm2d: (2, 3, 4, 5)}


def batches(shape, count=4):
    rng = np.random.default_rng(0)
    return [rng.normal(2.0, 3.0, size=shape) for _ in range(count)]


@pytest.mark.parametrize("layer_class", SHAPES)
def test_the_running_averages_are_pytorchs_and_serve_in_evaluation(layer_class):
    torch = pytest.importorskip("torch")
    ours = layer_class(3, momentum=0.3, dtype=np.float64)
    theirs = getattr(torch.nn, layer_class.__name__)(3, momentum=0.3).double()
    for x in batches(SHAPES[layer_class]):
        ours(x)
        theirs(torch.tensor(x))
    state = theirs.state_dict()
    for name in ("running_mean", "running_var"):
        np.testing.assert_allclose(ours.state_dict()[name], state[name].numpy(), rtol=1e-12)
    ours.eval()
    theirs.eval()
    x = batches(SHAPES[layer_class])[0][:1]
    np.testing.assert_allclose(
        ours(x).data, theirs(torch.tensor(x)).detach().numpy(), rtol=1e-12, atol=1e-14
    )
    np.testing.assert_allclose(ours.state_dict()["running_mean"], state["running_mean"], 1e-12)


def test_the_running_averages_by_hand():
    """1 and 5: mean 3 and unbiased variance 8; a tenth of the way from 0 to 3, and from 1 to 8."""
    layer = nn.BatchNorm1d(1, dtype=np.float64)
    layer(Tensor([[1.0], [5.0]], requires_grad=True))
    assert layer.state_dict()["running_mean"] == pytest.approx(0.3)
    assert layer.state_dict()["running_var"] == pytest.approx(1.7)


def test_a_state_brings_the_running_averages_along():
    trained, fresh = nn.Sequential(nn.BatchNorm2d(3)), nn.Sequential(nn.BatchNorm2d(3))
    for x in batches((2, 3, 4, 5)):
        trained(x.astype(np.float32))
    fresh.load_state_dict(trained.state_dict())
    assert list(trained.state_dict()) == [
        "0.weight",
        "0.bias",
        "0.running_mean",
        "0.running_var",
    ]
    x = batches((2, 3, 4, 5))[0].astype(np.float32)
    np.testing.assert_array_equal(trained.eval()(x).data, fresh.eval()(x).data)
    state = trained.state_dict()
    state["0.running_mean"][:] = 9  # a copy
    assert trained.state_dict()["0.running_mean"][0] != 9
    del state["0.running_mean"]
    with pytest.raises(ValueError, match=r"missing '0\.running_mean'"):
        fresh.load_state_dict(state)


def test_a_buffer_is_no_parameter_and_never_moves_by_a_gradient():
    layer = nn.BatchNorm1d(3)
    assert [name for name, _ in layer.named_parameters()] == ["weight", "bias"]
    assert [name for name, _ in layer.named_buffers()] == ["running_mean", "running_var"]
    layer(np.float32(batches((6, 3))[0])).sum().backward()
    assert all(isinstance(buffer, nn.Buffer) for _, buffer in layer.named_buffers())
    assert all(buffer.grad is None for _, buffer in layer.named_buffers())


def test_evaluating_leaves_the_running_averages_alone():
    layer = nn.BatchNorm1d(3)
    before = layer.state_dict()
    with layer.evaluating():
        layer(np.float32(batches((6, 3))[0]))
    for name, array in layer.state_dict().items():
        np.testing.assert_array_equal(array, before[name])
    assert layer.training


def test_float32_stays_float32_in_what_runs_along():
    layer = nn.BatchNorm1d(3)
    layer(np.float32(batches((6, 3))[0]))
    assert {a.dtype for a in layer.state_dict().values()} == {np.dtype(np.float32)}
    assert layer.eval()(np.ones((1, 3), np.float32)).dtype == np.float32


@pytest.mark.parametrize(
    ("layer", "shape", "words"),
    [
        (nn.BatchNorm1d(3), (2, 3, 4, 4), r"x must have 2 or 3 axes; got shape \(2, 3, 4, 4\)"),
        (nn.BatchNorm2d(3), (2, 3), r"x must have 4 axes; got shape \(2, 3\)"),
        (nn.BatchNorm1d(3), (2, 4), r"w must have the shape \(4,\); got \(3,\)"),
        (nn.BatchNorm1d(3), (1, 3), "more than one number per channel"),
    ],
)
def test_what_does_not_fit_is_named_and_changes_nothing(layer, shape, words):
    before = layer.state_dict()
    with pytest.raises(ValueError, match=words):
        layer(np.ones(shape, np.float32))
    np.testing.assert_array_equal(layer.state_dict()["running_mean"], before["running_mean"])


def test_each_layer_shows_itself():
    assert repr(nn.BatchNorm1d(3)) == "BatchNorm1d(3)"
    assert repr(nn.BatchNorm2d(3)) == "BatchNorm2d(3)"
    assert repr(nn.LayerNorm(4)) == "LayerNorm(4)"
    assert repr(nn.GroupNorm(2, 4)) == "GroupNorm(2, 4)"
    assert repr(nn.RMSNorm(4)) == "RMSNorm(4)"
    assert repr(nn.ELU(0.5)) == "ELU(0.5)"
    assert repr(nn.GELU(approximate="tanh")) == "GELU(approximate='tanh')"
    assert repr(nn.Upsample((1, 2))) == "Upsample((1, 2), mode='nearest')"
    assert repr(nn.Embedding(4, 2, rng=np.random.default_rng(0))) == "Embedding(4, 2)"


def test_an_embedding_is_pytorchs():
    torch = pytest.importorskip("torch")
    layer = nn.Embedding(5, 3, rng=np.random.default_rng(0), dtype=np.float64)
    ids, g = np.array([[4, 0, 4], [1, 1, 4]]), np.random.default_rng(1).normal(size=(2, 3, 3))
    theirs = torch.nn.Embedding.from_pretrained(torch.tensor(layer.weight.data), freeze=False)
    out = layer(ids)
    out.backward(g)
    their_out = theirs(torch.tensor(ids))
    their_out.backward(torch.tensor(g))
    np.testing.assert_array_equal(out.data, their_out.detach().numpy())
    np.testing.assert_allclose(layer.weight.grad, theirs.weight.grad.numpy(), rtol=1e-12)
