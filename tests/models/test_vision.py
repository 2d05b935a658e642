"""Networks of images against PyTorch with their weights; sizes from the papers; they learn."""

import numpy as np
import pytest
from agreement import (
    assert_gradients_are_numerical,
    assert_torch_agrees,
    generator,
    learned,
    shake,
)

from labkit import models, ops, optim

SMALL = {"widths": (3, 5), "blocks": 2, "c_in": 2, "k": 4}


def images(*shape, dtype=np.float64):
    return generator(1).normal(size=shape).astype(dtype)


@pytest.mark.parametrize(
    ("name", "count", "shape"),
    [("lenet5", 61_706, (2, 1, 28, 28)), ("cifar_cnn", 4_275_594, (2, 3, 32, 32))],
)
def test_networks_have_the_published_size_and_give_float32_logits(name, count, shape):
    model = getattr(models, name)(rng=generator())
    assert sum(p.size for p in model.parameters()) == count
    logits = model(images(*shape, dtype=np.float32))
    assert logits.shape == (2, 10)
    assert logits.dtype == np.float32
    assert (logits.data < 0).any()


def test_the_residual_networks_of_the_paper():
    """He et al. 2016, table 6: 0.27 million and 0.46 million parameters at n = 3 and 5."""
    sizes = [
        sum(p.size for p in models.ResNet(rng=generator(), blocks=n).parameters()) for n in (3, 5)
    ]
    # Option A has 269,722; each of two projections adds 16 32 and 32 64, and two numbers a channel.
    assert sizes[0] == 269_722 + 16 * 32 + 2 * 32 + 32 * 64 + 2 * 64
    assert round(sizes[1] / 1e6, 2) == pytest.approx(0.46, abs=0.011)


def test_lenet_is_pytorchs():
    pytest.importorskip("torch")
    from labkit.frameworks import torch_models

    ours = shake(models.lenet5(rng=generator(), dtype=np.float64))
    theirs = torch_models.lenet5(rng=generator(3), dtype=np.float64)
    assert_torch_agrees(ours, theirs, images(2, 1, 28, 28))


def test_the_cifar_network_is_pytorchs():
    pytest.importorskip("torch")
    from labkit.frameworks import torch_models

    torch = pytest.importorskip("torch")
    ours = models.cifar_cnn(rng=generator(), dtype=np.float64)
    theirs = torch_models.cifar_cnn(rng=generator(), dtype=np.float64)  # the same start
    x = images(1, 3, 32, 32)
    got = theirs(torch.tensor(x)).detach().numpy()
    np.testing.assert_allclose(ours(x).data, got, rtol=0, atol=1e-9)


@pytest.mark.parametrize("training", [True, False])
def test_a_residual_network_is_pytorchs(training):
    """In training the batch normalizes; in use the running averages do."""
    pytest.importorskip("torch")
    from labkit.frameworks import torch_models

    ours = shake(models.ResNet(rng=generator(), dtype=np.float64, **SMALL)).train(training)
    theirs = torch_models.ResNet(rng=generator(3), dtype=np.float64, **SMALL).train(training)
    assert_torch_agrees(ours, theirs, images(3, 2, 6, 8))


def test_running_averages_move_as_pytorchs_do():
    torch = pytest.importorskip("torch")
    from labkit.frameworks import torch_models

    ours = shake(models.ResNet(rng=generator(), dtype=np.float64, **SMALL))
    theirs = torch_models.ResNet(rng=generator(3), dtype=np.float64, **SMALL)
    torch_models.load_state(theirs, ours.state_dict())
    x = images(3, 2, 6, 8)
    ours(x)
    theirs(torch.tensor(x))
    moved = theirs.state_dict()
    running = [name for name, _ in ours.named_buffers()]
    assert len(running) == 2 * (1 + 4 * 2 + 1)  # the first norm, two per block, one projection
    for name in running:
        np.testing.assert_allclose(ours.state_dict()[name], moved[name].numpy(), atol=1e-12)


@pytest.mark.parametrize(("c_out", "stride", "shape"), [(3, 1, (5, 7)), (4, 2, (3, 4))])
def test_a_block_adds_to_what_comes_in(c_out, stride, shape):
    """With zero scales F is zero: what is left is relu(s(x)); s is nothing, or a projection."""
    block = models.ResidualBlock(3, c_out, stride=stride, rng=generator(), dtype=np.float64)
    block.norm2.weight.data[:] = 0
    x = images(2, 3, 5, 7)
    out = block(x).data
    assert out.shape == (2, c_out, *shape)
    if stride == 1:
        np.testing.assert_array_equal(out, np.maximum(x, 0))
    else:
        weight = block.shortcut[0].weight.data[:, :, 0, 0]
        z = np.einsum("kc,nchw->nkhw", weight, x[:, :, ::2, ::2])
        mean, var = (f(z, axis=(0, 2, 3), keepdims=True) for f in (np.mean, np.var))
        np.testing.assert_allclose(out, np.maximum((z - mean) / np.sqrt(var + 1e-5), 0), atol=1e-12)


def test_gradients_of_a_residual_network_are_the_numerical_ones():
    model = shake(models.ResNet(rng=generator(), dtype=np.float64, **SMALL))
    x, y = images(3, 2, 5, 6), np.array([0, 3, 1])
    assert_gradients_are_numerical(model, lambda: ops.cross_entropy(model(x), y), tolerance=1e-4)


def test_a_residual_network_stays_in_float32():
    model = models.ResNet(rng=generator(), **SMALL)
    out = model(images(2, 2, 4, 4, dtype=np.float32))
    out.sum().backward()
    assert out.dtype == np.float32
    assert {a.dtype for a in model.state_dict().values()} == {np.dtype(np.float32)}
    assert {p.grad.dtype for p in model.parameters()} == {np.dtype(np.float32)}


def test_a_residual_network_learns_where_the_bright_corner_is():
    x = images(24, 2, 6, 6, dtype=np.float32)
    y = np.arange(24) % 4
    for i, corner in enumerate(y):
        x[i, :, 3 * (corner // 2) :, 3 * (corner % 2) :][:, :3, :3] += 2
    model = models.ResNet(rng=generator(), widths=(8, 16), blocks=1, c_in=2, k=4)
    adam = optim.Adam(model.parameters(), lr=0.01)
    first, last = learned(model, adam, lambda: ops.cross_entropy(model(x), y), steps=30)
    assert first > 1
    assert last < 0.1


@pytest.mark.parametrize("wrong", [{"widths": ()}, {"blocks": 0}])
def test_a_residual_network_needs_a_width_and_a_block(wrong):
    with pytest.raises(ValueError, match="a width and a block"):
        models.ResNet(rng=generator(), **wrong)
