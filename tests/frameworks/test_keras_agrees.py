"""Keras's counterparts: the same weights for the same rng, and equal outputs, to its float32."""

import os

import numpy as np
import pytest
from agreement import generator, shake

from labkit import models

torch = pytest.importorskip("torch")
os.environ.setdefault("KERAS_BACKEND", "torch")
pytest.importorskip("keras")

from labkit.frameworks import keras_models  # noqa: E402  (it needs keras)

RESNET = {"widths": (3, 5), "blocks": 2, "c_in": 2, "k": 4}
MODELS = {
    "lenet5": ((), {}, (2, 1, 28, 28)),
    "cifar_cnn": ((), {}, (2, 3, 32, 32)),
    "ResNet": ((), RESNET, (3, 2, 6, 8)),
    "Autoencoder": (((7, 5, 2),), {}, (4, 7)),
}


def make(module, name, seed, dtype=np.float32):
    arguments, sizes, _ = MODELS[name]
    return getattr(module, name)(*arguments, rng=generator(seed), dtype=dtype, **sizes)


def assert_equal(ours, theirs, x, **mode):
    got = theirs(torch.tensor(x), **mode).detach().numpy()
    assert got.dtype == x.dtype
    np.testing.assert_allclose(ours(x).data, got, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", MODELS)
def test_the_same_rng_is_the_same_model(name, dtype):
    x = generator(1).normal(size=MODELS[name][2]).astype(dtype)
    assert_equal(make(models, name, 3, dtype).eval(), make(keras_models, name, 3, dtype), x)


@pytest.mark.parametrize("name", ["lenet5", "ResNet", "Autoencoder"])
def test_equal_weights_give_equal_outputs(name):
    ours = shake(make(models, name, 0)).eval()
    theirs = keras_models.load_state(make(keras_models, name, 5), ours.state_dict())
    x = generator(1).normal(size=MODELS[name][2]).astype(np.float32)
    assert_equal(ours, theirs, x)
    assert theirs.count_params() == sum(array.size for array in ours.state_dict().values())


def test_a_residual_network_in_training():
    """The outputs agree; the running averages do up to n / (n - 1), which Keras leaves out."""
    ours = shake(make(models, "ResNet", 0))
    theirs = keras_models.load_state(make(keras_models, "ResNet", 5), ours.state_dict())
    x = generator(1).normal(size=(3, 2, 6, 8)).astype(np.float32)
    before = ours.norm.running_var.data.copy()
    assert_equal(ours, theirs, x, training=True)
    mean, var = (w.value.detach().numpy() for w in theirs.get_layer("norm").weights[2:])
    np.testing.assert_allclose(mean, ours.norm.running_mean.data, atol=1e-6)
    n = 3 * 6 * 8
    unbiased = (var - 0.9 * before) * n / (n - 1) + 0.9 * before
    np.testing.assert_allclose(unbiased, ours.norm.running_var.data, atol=1e-5)


def test_the_pair_of_a_gan():
    sizes = {"latent": 2, "hidden": 5}
    ours = models.gan_pair(3, rng=generator(4), **sizes)
    theirs = keras_models.gan_pair(3, rng=generator(4), **sizes)
    for model, their, d in zip(ours, theirs, (2, 3), strict=True):
        assert_equal(model, their, generator(1).normal(size=(4, d)).astype(np.float32))
        shake(model)
        keras_models.load_state(their, model.state_dict())
        assert_equal(model, their, generator(1).normal(size=(4, d)).astype(np.float32))
