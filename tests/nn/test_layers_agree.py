"""Layers against Keras's, value and gradient, and against differences."""

import numpy as np
import pytest
from agreement import assert_gradients_are_numerical
from catalog import full_precision, keras, torch
from layers import KERAS, LAYERS, rng

from labkit import nn
from labkit.autograd import Tensor
from labkit.gradcheck import numerical_gradient, relative_error


def test_every_layer_has_a_counterpart_in_keras_or_a_reason():
    assert set(KERAS) == set(LAYERS)


def scattered(layer):
    """The layer, every number of which is its own: scales and biases start alike."""
    for i, parameter in enumerate(layer.parameters()):
        parameter.data = rng(i).normal(1, 0.5, size=parameter.shape)
    return layer


def in_keras_layout(array):
    """A kernel of images is (c_out, c_in, kh, kw) here and (kh, kw, c_in, c_out) there."""
    return array.transpose(2, 3, 1, 0) if array.ndim == 4 else array


@pytest.mark.parametrize("name", [name for name in KERAS if not isinstance(KERAS[name], str)])
def test_a_layer_is_kerass_layer(name):
    build, _, shape = LAYERS[name]
    kind, arguments, config = KERAS[name]
    layer = scattered(build())
    x = Tensor(rng(2).normal(size=shape), requires_grad=True)
    their_x = torch.tensor(x.data, requires_grad=True)
    with full_precision():
        theirs = getattr(keras.layers, kind)(*arguments, dtype="float64", **config)
        theirs.build(shape)
        start = [torch.tensor(in_keras_layout(p.data)) for p in layer.parameters()]
        for variable, value in zip(theirs.trainable_variables, start, strict=True):
            variable.assign(value)
        training = {"training": True} if "Batch" in kind else {}
        their_out = theirs(their_x, **training)

    out = layer(x)
    g = rng(4).normal(size=out.shape)
    out.backward(g)
    their_out.backward(torch.tensor(g))
    compare = {"rtol": 1e-10, "atol": 1e-10}
    np.testing.assert_allclose(out.data, their_out.detach().numpy(), **compare)
    np.testing.assert_allclose(x.grad, their_x.grad.numpy(), **compare)
    for parameter, variable in zip(layer.parameters(), theirs.trainable_variables, strict=True):
        gradient = variable.value.grad.numpy()
        np.testing.assert_allclose(in_keras_layout(parameter.grad), gradient, **compare)


@pytest.mark.parametrize("name", LAYERS)
def test_the_gradients_of_a_layer_are_differences(name):
    build, _, shape = LAYERS[name]
    layer = scattered(build())
    x = Tensor(rng(2).normal(size=shape), requires_grad=True)
    g = rng(4).normal(size=layer(x).shape)
    assert_gradients_are_numerical(layer, lambda: (layer(x) * g).sum(), tolerance=1e-6)
    x.grad = None
    (layer(x) * g).sum().backward()
    numeric = numerical_gradient(lambda a: (layer(Tensor(a)) * g).sum().item(), x.data)
    assert relative_error(numeric, x.grad) < 1e-6


def test_an_embedding_is_kerass_and_its_gradient_is_differences():
    layer = scattered(nn.Embedding(7, 3, rng=rng(), dtype=np.float64))
    ids = np.array([[1, 6, 1], [0, 1, 2]])
    g = rng(4).normal(size=(2, 3, 3))
    with full_precision():
        theirs = keras.layers.Embedding(7, 3, dtype="float64")
        theirs.build(ids.shape)
        theirs.set_weights([layer.weight.data])
        their_out = theirs(torch.tensor(ids))
    their_out.backward(torch.tensor(g))
    np.testing.assert_array_equal(layer(ids).data, their_out.detach().numpy())
    assert_gradients_are_numerical(layer, lambda: (layer(ids) * g).sum(), count=21)
    np.testing.assert_allclose(
        layer.weight.grad, theirs.embeddings.value.grad.numpy(), rtol=0, atol=1e-12
    )


def test_dropout_keeps_as_many_as_pytorch_and_keras_and_makes_them_as_large():
    """60,000 draws each; shares may differ by four standard errors of their difference, 0.008."""
    x, p = np.ones((300, 200)), 0.3
    with full_precision():
        theirs = keras.layers.Dropout(p, seed=1, dtype="float64")(torch.tensor(x), training=True)
    torch.manual_seed(1)
    outs = [
        nn.Dropout(p, rng=rng())(x),
        torch.nn.functional.dropout(torch.tensor(x), p).numpy(),
        theirs.numpy(),
    ]
    for out in outs:
        assert np.unique(out) == pytest.approx([0, 1 / 0.7])
        assert np.mean(out != 0) == pytest.approx(np.mean(outs[0] != 0), abs=0.008)
