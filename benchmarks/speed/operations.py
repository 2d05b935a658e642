"""The functions that networks are made of, each in labkit, in PyTorch and in what else there is.

The targets say how many times PyTorch's time a function may take: {dtype: (forward, forward and
backward)}. They were set before labkit was written, from readable NumPy that was timed then, with
a quarter more for noise.
"""

import numpy as np
import torch
import torch.nn.functional as F

from benchmarks.speed import peers
from benchmarks.speed.sides import (
    both_cases,
    labkit_side,
    operation,
    random_arrays,
    torch_side,
)
from labkit import nn, ops
from labkit.autograd import matmul
from labkit.frameworks import torch_models

CONV_TARGET = {"float32": (2.5, 2.5), "float64": (2.0, 2.2)}


def target(float32, float64):
    return {"float32": float32, "float64": float64}


# --- products -----------------------------------------------------------------------------------


def products():
    """A bare matrix product, to see what the two libraries under it do."""
    shapes = {"a": (1024, 1024), "b": (1024, 1024)}
    yield from operation("product", "matmul 1024x1024", matmul, torch.matmul, shapes, {})
    shapes = {"x": (256, 784), "w": (784, 128), "b": (128,)}
    yield from operation(
        "product",
        "tanh(x W + b) 256x784, 784x128",
        lambda x, w, b: ops.tanh(ops.linear(x, w, b)),
        lambda x, w, b: torch.tanh(x @ w + b),
        shapes,
        {},
        {"autograd": peers.autograd_side(lambda numpy, x, w, b: numpy.tanh(numpy.dot(x, w) + b))},
    )


# --- images -------------------------------------------------------------------------------------


def conv2d(name, x, w, largest, peer=None, **config):
    return operation(
        "convolution",
        name,
        lambda x, w: ops.conv2d(x, w, **config),
        lambda x, w: F.conv2d(x, w, **config),
        {"x": x, "w": w},
        largest,
        {
            "numpy-ml": peer
            or peers.conv2d(pad=config.get("padding", 0), stride=config.get("stride", 1))
        },
    )


def convolutions():
    one = target((1.0, 0.6), (1.3, 1.3))
    yield from conv2d("conv2d 64x1x28x28, 32x1x3x3", (64, 1, 28, 28), (32, 1, 3, 3), one)
    yield from conv2d(
        "conv2d 64x32x13x13, 64x32x3x3", (64, 32, 13, 13), (64, 32, 3, 3), CONV_TARGET
    )
    many = (32, 64, 16, 16), (128, 64, 3, 3)
    strided = {"stride": 2, "padding": 1}
    yield from conv2d("conv2d 32x64x16x16, 128x64x3x3, stride 2", *many, CONV_TARGET, **strided)
    yield from conv2d(
        "conv2d 32x64x16x16, 128x64x3x3, dilation 2",
        *many,
        CONV_TARGET,
        peers.conv2d(pad=2, dilation=1),
        dilation=2,
        padding=2,
    )
    yield from operation(
        "convolution",
        "conv_transpose2d 32x64x8x8, 64x32x4x4, stride 2",
        lambda x, w: ops.conv_transpose2d(x, w, stride=2, padding=1),
        lambda x, w: F.conv_transpose2d(x, w, stride=2, padding=1),
        {"x": (32, 64, 8, 8), "w": (64, 32, 4, 4)},
        {},
    )


def pooling():
    return operation(
        "pooling",
        "max_pool2d 64x32x26x26, 2x2",
        lambda x: ops.max_pool2d(x, kernel_size=2),
        lambda x: F.max_pool2d(x, 2),
        {"x": (64, 32, 26, 26)},
        target((0.4, 1.4), (0.6, 1.8)),
        {"numpy-ml": peers.max_pool2d(2)},
    )


# --- losses and normalization -------------------------------------------------------------------


def losses():
    for n, k in ((128, 10), (768, 65), (4096, 1000)):
        ids = np.random.default_rng(1).integers(k, size=n)
        their_ids = torch.tensor(ids)
        yield from operation(
            "loss",
            f"softmax and cross_entropy {n}x{k}",
            lambda logits, ids=ids: ops.cross_entropy(logits, ids),
            lambda logits, ids=their_ids: F.cross_entropy(logits, ids),
            {"logits": (n, k)},
            target((3.0, 1.5), (2.0, 1.3)),
            {"numpy-ml": peers.cross_entropy(ids)},
        )


def normalization():
    yield from operation(
        "normalization",
        "layer_norm 1024x128",
        ops.layer_norm,
        lambda x, w, b: F.layer_norm(x, (128,), w, b),
        {"x": (1024, 128), "w": (128,), "b": (128,)},
        target((5.5, 5.0), (6.0, 5.0)),
        {"numpy-ml": peers.layer_norm},
    )
    yield from operation(
        "normalization",
        "batch_norm 64x32x26x26",
        ops.batch_norm,
        lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True),
        {"x": (64, 32, 26, 26), "w": (32,), "b": (32,)},
        target((1.8, 2.6), (2.2, 3.0)),
        {"numpy-ml": peers.batch_norm()},
    )


# --- attention ----------------------------------------------------------------------------------


def attention():
    for heads in (32, 128):
        shape = (heads, 128, 32)
        yield from operation(
            "attention",
            f"attention, {heads} heads, 128 tokens of 32",
            ops.scaled_dot_product_attention,
            F.scaled_dot_product_attention,
            {"q": shape, "k": shape, "v": shape},
            target((1.2, 1.2), (1.3, 1.3)),
            {"numpy-ml": peers.attention} if heads == 32 else {},
        )
    largest = target((2.0, 1.5), (2.2, 1.6))
    yield from both_cases(
        "attention", "causal attention layer B8 T128 D128, 4 heads", causal_layers, largest
    )


def causal_layers(dtype):
    """The whole layer: the products before and after attention, too."""
    arrays, g = random_arrays({"x": (8, 128, 128)}, dtype), normal((8, 128, 128), dtype)
    ours = nn.MultiHeadAttention(128, 4, rng=np.random.default_rng(2), dtype=dtype)
    mask, parameters = ops.causal_mask(128), dict(ours.named_parameters())
    weights = torch_weights(ours)
    return {
        "PyTorch": torch_side(lambda x: torch_attention(x, *weights.values()), arrays, g, weights),
        "labkit": labkit_side(lambda x: ours(x, mask=mask), arrays, g, parameters),
    }


def torch_weights(ours):
    """Return PyTorch's weights: one matrix for queries, keys and values; out's have our names."""
    three = (ours.query, ours.key, ours.value)
    arrays = {
        "w": np.concatenate([part.weight.data for part in three], axis=1),
        "b": np.concatenate([part.bias.data for part in three]),
        "out.weight": ours.out.weight.data,
        "out.bias": ours.out.bias.data,
    }
    return {name: torch.tensor(array, requires_grad=True) for name, array in arrays.items()}


def torch_attention(x, w, b, w_out, b_out, heads=4):
    n, t, d = x.shape
    q, k, v = (x @ w + b).view(n, t, 3, heads, d // heads).permute(2, 0, 3, 1, 4)
    taken = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    return taken.transpose(1, 2).reshape(n, t, d) @ w_out + b_out


# --- sequences ----------------------------------------------------------------------------------


def recurrent():
    largest = target((3.0, 2.5), (1.8, 1.3))
    for kind in ("LSTM", "GRU"):
        name = f"{kind} B32 T64 D128"
        yield from both_cases("recurrent", name, recurrent_sides(kind), largest)


def recurrent_sides(kind):
    def sides(dtype):
        arrays, g = random_arrays({"x": (32, 64, 128)}, dtype), normal((32, 64, 128), dtype)
        ours = getattr(nn, kind)(128, 128, rng=np.random.default_rng(2), dtype=dtype)
        theirs = getattr(torch.nn, kind)(128, 128, batch_first=True, dtype=getattr(torch, dtype))
        torch_models.load_state(theirs, ours.state_dict())
        renamed = zip(PYTORCHS_NAMES, theirs.parameters(), strict=True)
        found = {
            "PyTorch": torch_side(
                lambda x: theirs(x)[0], arrays, g, dict(renamed), turned=("weight", "recurrent")
            ),
            "labkit": labkit_side(lambda x: ours(x)[0], arrays, g, dict(ours.named_parameters())),
        }
        peer = peers.lstm(arrays, g, ours) if kind == "LSTM" else None
        return found | ({"numpy-ml": peer} if peer else {})

    return sides


PYTORCHS_NAMES = ("weight", "recurrent", "bias", "second bias")  # of a recurrent layer's parameters


def normal(shape, dtype):
    return np.random.default_rng(1).normal(size=shape).astype(dtype)
