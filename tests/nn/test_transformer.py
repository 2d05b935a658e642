"""Attention and blocks against PyTorch's and Keras's layers with the same weights."""

import os

import numpy as np
import pytest

from labkit import nn, ops
from labkit.autograd import Tensor

D, HEADS, HIDDEN, N, T, S = 12, 3, 10, 2, 5, 7  # no two alike
CLOSE = {"rtol": 1e-9, "atol": 1e-9}


def rng(seed=0):
    return np.random.default_rng(seed)


def scattered(module):
    """Give every parameter numbers of its own, biases and normalizations too."""
    for i, parameter in enumerate(module.parameters()):
        parameter.data = rng(i).normal(0.1, 0.4, size=parameter.shape).astype(parameter.dtype)
    return module


def tokens(t=T, seed=1):
    return rng(seed).normal(size=(N, t, D))


def set_attention(theirs, ours, torch):
    """PyTorch keeps the weights of queries, keys and values in one matrix, transposed."""
    three = (ours.query, ours.key, ours.value)
    with torch.no_grad():
        theirs.in_proj_weight.copy_(torch.tensor(np.concatenate([p.weight.data.T for p in three])))
        theirs.in_proj_bias.copy_(torch.tensor(np.concatenate([p.bias.data for p in three])))
        theirs.out_proj.weight.copy_(torch.tensor(ours.out.weight.data.T))
        theirs.out_proj.bias.copy_(torch.tensor(ours.out.bias.data))


def set_norm_or_linear(theirs, ours, torch):
    with torch.no_grad():
        weight = ours.weight.data
        theirs.weight.copy_(torch.tensor(weight.T if weight.ndim == 2 else weight))
        theirs.bias.copy_(torch.tensor(ours.bias.data))


def set_block(theirs, ours, torch):
    cross = hasattr(ours, "cross_attention")
    set_attention(theirs.self_attn, ours.attention, torch)
    pairs = [("norm1", ours.attention_norm), ("norm3" if cross else "norm2", ours.norm)]
    pairs += [("linear1", ours.feed_forward.up), ("linear2", ours.feed_forward.down)]
    if cross:
        set_attention(theirs.multihead_attn, ours.cross_attention, torch)
        pairs.append(("norm2", ours.cross_norm))
    for name, part in pairs:
        set_norm_or_linear(getattr(theirs, name), part, torch)


def compare(ours, theirs, inputs, call, their_call, torch):
    """Equal outputs, and equal gradients of all inputs."""
    a = [Tensor(x, requires_grad=True) for x in inputs]
    b = [torch.tensor(x, requires_grad=True) for x in inputs]
    out, their_out = call(ours, *a), their_call(theirs, *b)
    np.testing.assert_allclose(out.data, their_out.detach().numpy(), **CLOSE)
    g = rng(9).normal(size=out.shape)
    out.backward(g)
    their_out.backward(torch.tensor(g))
    for x, their_x in zip(a, b, strict=True):
        np.testing.assert_allclose(x.grad, their_x.grad.numpy(), **CLOSE)


# --- attention -----------------------------------------------------------------------------------


@pytest.mark.parametrize("masked", [False, True], ids=["open", "masked"])
def test_attention_to_a_memory_is_pytorchs(masked):
    torch = pytest.importorskip("torch")
    ours = scattered(nn.MultiHeadAttention(D, HEADS, rng=rng(), dtype=np.float64))
    theirs = torch.nn.MultiheadAttention(D, HEADS, batch_first=True).double()
    set_attention(theirs, ours, torch)
    mask = ops.padding_mask([7, 4], S) if masked else None
    hidden = torch.tensor(~mask[:, 0, 0]) if masked else None  # True where one may not look

    def their_call(layer, x, memory):
        return layer(x, memory, memory, key_padding_mask=hidden, need_weights=False)[0]

    def call(layer, x, memory):
        return layer(x, memory, mask=mask)

    compare(ours, theirs, (tokens(), tokens(S, 2)), call, their_call, torch)


@pytest.mark.parametrize("kv_heads", [3, 1])
def test_attention_is_kerass(kv_heads):
    """Keras has a weight (d, heads, d / heads) for each of the three, and (heads, d / heads, d)."""
    os.environ.setdefault("KERAS_BACKEND", "torch")
    keras, torch = pytest.importorskip("keras"), pytest.importorskip("torch")
    ours = nn.MultiHeadAttention(D, HEADS, kv_heads=kv_heads, rng=rng())
    scattered(ours)
    if kv_heads == HEADS:
        theirs = keras.layers.MultiHeadAttention(HEADS, D // HEADS)
    else:
        theirs = keras.layers.GroupQueryAttention(D // HEADS, HEADS, kv_heads)
    x = tokens().astype(np.float32)
    memory = tokens(S, 2).astype(np.float32)
    theirs.build(x.shape, memory.shape, memory.shape)
    shaped = []
    for part, heads in ((ours.query, HEADS), (ours.key, kv_heads), (ours.value, kv_heads)):
        shaped.append(part.weight.data.reshape(D, heads, D // HEADS))
        shaped.append(part.bias.data.reshape(heads, D // HEADS))
    shaped += [ours.out.weight.data.reshape(HEADS, D // HEADS, D), ours.out.bias.data]
    theirs.set_weights(shaped)
    their_out = theirs(*(torch.tensor(a) for a in (x, memory, memory)))
    out = ours(x, memory)
    assert out.dtype == np.float32
    np.testing.assert_allclose(out.data, their_out.detach().numpy(), atol=1e-5)


@pytest.mark.parametrize("settings", [{}, {"kv_heads": 1}, {"rotary": True}], ids=str)
def test_a_cache_gives_the_same_as_reading_all_again(settings):
    attention = scattered(nn.MultiHeadAttention(D, HEADS, rng=rng(), dtype=np.float64, **settings))
    x, cache = tokens(), nn.Cache()
    whole = attention(x, mask=ops.causal_mask(T)).data
    first = attention(x[:, :3], mask=ops.causal_mask(3), cache=cache).data
    assert cache.length == 3
    rest = [attention(x[:, i : i + 1], cache=cache).data for i in (3, 4)]
    np.testing.assert_allclose(np.concatenate([first, *rest], axis=1), whole, **CLOSE)
    assert cache.length == T
    assert cache.arrays["k"].shape[1] == settings.get("kv_heads", HEADS)


def test_a_cache_follows_the_rows_that_stay():
    cache = nn.Cache()
    assert cache.length == 0
    cache.append(k=np.arange(3.0).reshape(3, 1, 1, 1))
    cache.select(np.array([2, 2, 0, 1]))
    assert cache.arrays["k"].ravel().tolist() == [2, 2, 0, 1]


def test_the_order_of_tokens_matters_only_with_positions():
    x, order = tokens(), rng(5).permutation(T)
    plain = scattered(nn.MultiHeadAttention(D, HEADS, rng=rng(), dtype=np.float64))
    np.testing.assert_allclose(plain(x[:, order]).data, plain(x).data[:, order], **CLOSE)
    turned = scattered(nn.MultiHeadAttention(D, HEADS, rng=rng(), rotary=True, dtype=np.float64))
    assert np.abs(turned(x[:, order]).data - turned(x).data[:, order]).max() > 0.01


def test_a_bias_is_added_to_the_scores():
    attention = scattered(nn.MultiHeadAttention(D, HEADS, rng=rng(), dtype=np.float64))
    x = tokens()
    hidden = np.where(ops.causal_mask(T), 0.0, -1e9)
    causal = attention(x, mask=ops.causal_mask(T)).data
    np.testing.assert_allclose(attention(x, bias=hidden).data, causal, **CLOSE)
    assert np.abs(attention(x, bias=ops.alibi_bias(HEADS, T)).data - attention(x).data).max() > 0.01


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: nn.MultiHeadAttention(12, 5, rng=rng()), "heads must divide d, kv_heads heads"),
        (lambda: nn.MultiHeadAttention(12, 4, kv_heads=3, rng=rng()), "got 12, 4, 3"),
        (
            lambda: nn.MultiHeadAttention(12, 0, rng=rng()),
            "heads must be a whole number, at least 1",
        ),
        (
            lambda: nn.Encoder(0, 12, 3, 8, rng=rng()),
            "layers must be a whole number, at least 1; got 0",
        ),
    ],
)
def test_sizes_that_cannot_be_are_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()


@pytest.mark.parametrize("settings", [{"rotary": True}, {}], ids=["rotary", "cache"])
def test_a_memory_has_no_positions_of_ours(settings):
    attention = nn.MultiHeadAttention(D, HEADS, rng=rng(), **settings)
    cache = None if settings else nn.Cache()
    with pytest.raises(ValueError, match="memory must not be given"):
        attention(tokens(), tokens(S), cache=cache)


# --- blocks --------------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", ["relu", "gelu"])
@pytest.mark.parametrize("norm_first", [True, False], ids=["before", "after"])
def test_an_encoder_block_is_pytorchs(norm_first, activation):
    torch = pytest.importorskip("torch")
    function = getattr(ops, activation)
    settings = {"norm_first": norm_first, "eps": 1e-3}
    ours = nn.TransformerBlock(
        D, HEADS, HIDDEN, rng=rng(), activation=function, dtype=np.float64, **settings
    )
    settings["layer_norm_eps"] = settings.pop("eps")
    theirs = torch.nn.TransformerEncoderLayer(
        D, HEADS, HIDDEN, 0.0, activation, batch_first=True, **settings
    ).double()
    set_block(theirs, scattered(ours), torch)
    mask = ops.causal_mask(T)
    compare(
        ours,
        theirs,
        (tokens(),),
        lambda block, x: block(x, mask=mask),
        lambda block, x: block(x, src_mask=torch.tensor(~mask)),
        torch,
    )


@pytest.mark.parametrize("norm_first", [True, False], ids=["before", "after"])
def test_a_decoder_block_is_pytorchs(norm_first):
    torch = pytest.importorskip("torch")
    ours = nn.DecoderBlock(
        D, HEADS, HIDDEN, rng=rng(), norm_first=norm_first, activation=ops.relu, dtype=np.float64
    )
    theirs = torch.nn.TransformerDecoderLayer(
        D, HEADS, HIDDEN, 0.0, batch_first=True, norm_first=norm_first
    ).double()
    set_block(theirs, scattered(ours), torch)
    mask, memory_mask = ops.causal_mask(T), ops.padding_mask([7, 4], S)
    hidden = torch.tensor(~memory_mask[:, 0, 0])

    def their_call(block, x, memory):
        return block(x, memory, tgt_mask=torch.tensor(~mask), memory_key_padding_mask=hidden)

    def call(block, x, memory):
        return block(x, memory, mask=mask, memory_mask=memory_mask)

    compare(ours, theirs, (tokens(), tokens(S, 2)), call, their_call, torch)


@pytest.mark.filterwarnings("ignore:enable_nested_tensor is True:UserWarning")
def test_encoder_and_decoder_are_pytorchs_transformer():
    """Three blocks and two, each with one more normalization at the end."""
    torch = pytest.importorskip("torch")
    make = {"rng": rng(), "activation": ops.relu, "dtype": np.float64}
    encoder = scattered(nn.Encoder(3, D, HEADS, HIDDEN, **make))
    decoder = scattered(nn.Decoder(2, D, HEADS, HIDDEN, **make))
    theirs = torch.nn.Transformer(
        D, HEADS, 3, 2, HIDDEN, 0.0, batch_first=True, norm_first=True
    ).double()
    for ours, half in ((encoder, theirs.encoder), (decoder, theirs.decoder)):
        for block, layer in zip(ours.blocks, half.layers, strict=True):
            set_block(layer, block, torch)
        set_norm_or_linear(half.norm, ours.norm, torch)
    mask = ops.causal_mask(T)
    compare(
        (encoder, decoder),
        theirs,
        (tokens(S, 2), tokens()),
        lambda halves, source, target: halves[1](target, halves[0](source), mask=mask),
        lambda model, source, target: model(source, target, tgt_mask=torch.tensor(~mask)),
        torch,
    )


def test_the_last_normalization_is_there_where_blocks_normalize_first():
    sizes = (2, D, HEADS, HIDDEN)
    assert nn.Encoder(*sizes, rng=rng()).norm is not None
    assert nn.Encoder(*sizes, rng=rng(), norm_first=False).norm is None
    assert nn.Encoder(*sizes, rng=rng(), final_norm=False).norm is None
    assert nn.Decoder(*sizes, rng=rng(), norm_first=False, final_norm=True).norm is not None


def test_a_decoder_with_a_cache_gives_the_same():
    decoder = scattered(nn.Decoder(2, D, HEADS, HIDDEN, rng=rng(), dtype=np.float64))
    x, memory, cache = tokens(), tokens(S, 2), decoder.new_cache()
    whole = decoder(x, memory, mask=ops.causal_mask(T)).data
    steps = [decoder(x[:, i : i + 1], memory, cache=cache).data for i in range(T)]
    np.testing.assert_allclose(np.concatenate(steps, axis=1), whole, **CLOSE)


@pytest.mark.parametrize("kind", [nn.Encoder, nn.Decoder])
def test_float32_stays_and_every_parameter_learns(kind):
    model = kind(2, D, HEADS, HIDDEN, rng=rng(), dropout=0.1, kv_heads=1, rotary=True)
    memory = () if kind is nn.Encoder else (tokens(S, 2).astype(np.float32),)
    x = Tensor(tokens().astype(np.float32), requires_grad=True)
    out = model(x, *memory, mask=ops.causal_mask(T))
    assert out.dtype == np.float32
    out.backward(rng(3).normal(size=out.shape).astype(np.float32))
    assert {p.grad.dtype for p in [x, *model.parameters()]} == {np.dtype(np.float32)}
    # A key's bias moves all scores of a query alike, which the softmax does not see.
    silent = {n for n, p in model.named_parameters() if np.abs(p.grad).max() < 1e-4}
    assert all(name.endswith("key.bias") for name in silent)


def test_dropout_is_for_training_only():
    model = nn.Encoder(1, D, HEADS, HIDDEN, rng=rng(), dropout=0.5)
    x = tokens().astype(np.float32)
    assert (model(x).data != model(x).data).any()
    model.eval()
    np.testing.assert_array_equal(model(x).data, model(x).data)


def test_feed_forward_by_hand():
    part = nn.FeedForward(2, 3, rng=rng(), activation=ops.relu, dtype=np.float64)
    part.up.weight.data = np.array([[1.0, -1.0, 0.0], [0.0, 0.0, 2.0]])
    part.up.bias.data = np.array([0.0, 0.0, 1.0])
    part.down.weight.data = np.array([[1.0, 0.0], [5.0, 5.0], [0.0, 1.0]])
    # (3, 1): up (3, -3, 3), relu (3, 0, 3), down (3, 3)
    assert part(np.array([[[3.0, 1.0]]])).data.tolist() == [[[3.0, 3.0]]]
