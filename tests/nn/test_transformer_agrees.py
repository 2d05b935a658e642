"""Blocks, encoder and decoder put together of Keras's layers; and every gradient by differences."""

import numpy as np
import pytest
from agreement import assert_gradients_are_numerical
from catalog import K, full_precision, keras, torch

from labkit import nn, ops
from labkit.autograd import Tensor

D, HEADS, HIDDEN, N, T, S = 12, 3, 10, 2, 5, 7  # no two alike
CAUSAL = ops.causal_mask(T)
PADDED = ops.padding_mask([7, 4], S)
CLOSE = {"rtol": 1e-9, "atol": 1e-9}


def rng(seed=0):
    return np.random.default_rng(seed)


def scattered(module):
    for i, parameter in enumerate(module.parameters()):
        parameter.data = rng(i).normal(0.1, 0.4, size=parameter.shape)
    return module


def tokens(t=T, seed=1):
    return rng(seed).normal(size=(N, t, D))


def with_weights(layer, shapes, parts):
    """Keras's layer with the arrays of ours, in its order and its shapes."""
    layer.build(*shapes)
    arrays = [p.data for part in parts for p in part.parameters()]
    pairs = zip(arrays, layer.weights, strict=True)
    layer.set_weights([array.reshape(variable.shape) for array, variable in pairs])
    return layer


def dense(part, x):
    layer = keras.layers.Dense(part.weight.shape[1], dtype="float64")
    return with_weights(layer, [x.shape], [part])(x)


def norm(part, x):
    return with_weights(
        keras.layers.LayerNormalization(epsilon=1e-5, dtype="float64"), [x.shape], [part]
    )(x)


def attention(part, x, memory, mask):
    layer = keras.layers.MultiHeadAttention(HEADS, D // HEADS, dtype="float64")
    parts = part.query, part.key, part.value, part.out
    with_weights(layer, [x.shape, memory.shape], parts)
    return layer(
        x,
        memory,
        attention_mask=torch.tensor(np.broadcast_to(mask, (N, HEADS, T, memory.shape[1]))),
    )


def feed_forward(part, x):
    return dense(part.down, K.gelu(dense(part.up, x), approximate=False))


def block(part, x, memory=None):
    """Attention, in a decoder also to the memory, two layers: each added, with a normalization."""
    steps = [(part.attention_norm, lambda y: attention(part.attention, y, y, CAUSAL))]
    if memory is not None:
        look = lambda y: attention(part.cross_attention, y, memory, PADDED)  # noqa: E731
        steps.append((part.cross_norm, look))
    steps.append((part.norm, lambda y: feed_forward(part.feed_forward, y)))
    for normalize, step in steps:
        x = x + step(norm(normalize, x)) if part.norm_first else norm(normalize, x + step(x))
    return x


def stack(part, x, *memory):
    for each in part.blocks:
        x = block(each, x, *memory)
    return x if part.norm is None else norm(part.norm, x)


# Our module, how it is called, the same of Keras's layers, and how many inputs it has.
MODULES = {
    "FeedForward": (lambda **first: nn.FeedForward(D, HIDDEN, rng=rng()), feed_forward, 1),
    "TransformerBlock": (
        lambda **first: nn.TransformerBlock(D, HEADS, HIDDEN, rng=rng(), **first),
        block,
        1,
    ),
    "DecoderBlock": (
        lambda **first: nn.DecoderBlock(D, HEADS, HIDDEN, rng=rng(), **first),
        block,
        2,
    ),
    "Encoder": (lambda **first: nn.Encoder(2, D, HEADS, HIDDEN, rng=rng(), **first), stack, 1),
    "Decoder": (lambda **first: nn.Decoder(2, D, HEADS, HIDDEN, rng=rng(), **first), stack, 2),
}


def masks(name, inputs):
    if name == "FeedForward":
        return {}
    return {"mask": CAUSAL} if inputs == 1 else {"mask": CAUSAL, "memory_mask": PADDED}


@pytest.mark.parametrize("norm_first", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("name", MODULES)
def test_it_is_made_of_kerass_layers(name, norm_first):
    build, theirs, count = MODULES[name]
    ours = scattered(build(norm_first=norm_first))
    inputs = [tokens(), tokens(S, 2)][:count]
    a = [Tensor(x, requires_grad=True) for x in inputs]
    b = [torch.tensor(x, requires_grad=True) for x in inputs]
    out = ours(*a, **masks(name, count))
    with full_precision():
        their_out = theirs(ours, *b)
    np.testing.assert_allclose(out.data, their_out.detach(), **CLOSE)
    g = rng(9).normal(size=out.shape)
    out.backward(g)
    their_out.backward(torch.tensor(g))
    for x, their_x in zip(a, b, strict=True):
        np.testing.assert_allclose(x.grad, their_x.grad, **CLOSE)


@pytest.mark.parametrize("name", MODULES)
def test_gradients_are_differences(name):
    build, _, count = MODULES[name]
    ours = scattered(build())
    inputs = [tokens(), tokens(S, 2)][:count]
    g = rng(9).normal(size=(N, T, D))
    assert_gradients_are_numerical(ours, lambda: (ours(*inputs, **masks(name, count)) * g).sum())


def test_gradients_of_attention_are_differences():
    ours = scattered(nn.MultiHeadAttention(D, HEADS, kv_heads=1, rotary=True, rng=rng()))
    g = rng(9).normal(size=(N, T, D))
    assert_gradients_are_numerical(ours, lambda: (ours(tokens(), mask=CAUSAL) * g).sum())


def test_feed_forward_is_pytorchs_layers_in_a_row():
    ours, x = scattered(nn.FeedForward(D, HIDDEN, rng=rng())), tokens()
    up, down = torch.nn.Linear(D, HIDDEN), torch.nn.Linear(HIDDEN, D)
    theirs = torch.nn.Sequential(up, torch.nn.GELU(), down).double()
    with torch.no_grad():
        for layer, part in ((up, ours.up), (down, ours.down)):
            layer.weight.copy_(torch.tensor(part.weight.data.T))
            layer.bias.copy_(torch.tensor(part.bias.data))
    np.testing.assert_allclose(ours(x).data, theirs(torch.tensor(x)).detach(), **CLOSE)
