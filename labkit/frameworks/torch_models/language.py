"""The models of text of `labkit.models` in PyTorch, written as one would there.

GPT has one matrix for queries, keys and values, `scaled_dot_product_attention` and `nn.LayerNorm`;
BERT and the Transformer are made of PyTorch's own layers. A constructor takes what ours takes, and
starts from the same weights for the same rng.
"""

import re
from functools import partial
from itertools import pairwise

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from labkit import models, ops
from labkit.frameworks.torch_models.weights import started

_gelu = partial(functional.gelu, approximate="tanh")


class RecurrentLM(nn.Module):
    """`labkit.models.RecurrentLM`, of one PyTorch layer for each of its layers."""

    def __init__(self, *, rng, dtype=np.float32, **sizes):
        super().__init__()
        ours = models.RecurrentLM(rng=rng, dtype=dtype, **sizes)
        vocabulary, d = ours.tokens.weight.shape
        hidden = ours.head.weight.shape[0]
        self.tokens = nn.Embedding(vocabulary, d)
        kind = getattr(nn, type(ours.layers[0]).__name__)
        widths = [d, *[hidden] * len(ours.layers)]
        self.layers = nn.ModuleList(kind(*pair, batch_first=True) for pair in pairwise(widths))
        self.drop = nn.Dropout(ours.drop.p)
        self.head = nn.Linear(hidden, vocabulary)
        started(self, ours)

    def forward(self, ids):
        """Return the logits of the token behind each token."""
        x = self.drop(self.tokens(ids))
        for layer in self.layers:
            x = self.drop(layer(x)[0])
        return self.head(x)


class Block(nn.Module):
    """One block of `GPT`: what attention adds, and then what two linear layers add."""

    def __init__(self, d, heads, dropout):
        super().__init__()
        self.heads = heads
        self.attention_norm, self.norm = nn.LayerNorm(d), nn.LayerNorm(d)
        self.qkv, self.out = nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.up, self.down = nn.Linear(d, 4 * d), nn.Linear(4 * d, d)
        self.drop = nn.Dropout(dropout)

    def forward(self, x):
        """Return the tokens, each with what it takes from those before it."""
        n, t, d = x.shape
        three = self.qkv(self.attention_norm(x)).view(n, t, 3, self.heads, d // self.heads)
        q, k, v = three.permute(2, 0, 3, 1, 4)  # (n, h, t, d / h) each
        taken = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.drop(self.out(taken.transpose(1, 2).reshape(n, t, d)))
        return x + self.drop(self.down(self.drop(_gelu(self.up(self.norm(x))))))


class GPT(nn.Module):
    """`labkit.models.GPT`; the head is the embedding of the tokens, as there."""

    def __init__(self, config, *, rng, dtype=np.float32):
        super().__init__()
        c = self.config = config
        self.tokens, self.positions = nn.Embedding(c.vocabulary, c.d), nn.Embedding(c.context, c.d)
        self.drop = nn.Dropout(c.dropout)
        self.blocks = nn.ModuleList([Block(c.d, c.heads, c.dropout) for _ in range(c.layers)])
        self.norm = nn.LayerNorm(c.d)
        started(self, models.GPT(c, rng=rng, dtype=dtype))

    def from_labkit(self, state):
        """Return our weights under this model's names; queries, keys and values are one."""
        return _joined(_renamed(state, _GPT), ".qkv.")

    def forward(self, ids):
        """Return the logits of the token behind each token."""
        x = self.tokens(ids) + self.positions(torch.arange(ids.shape[1], device=ids.device))
        x = self.drop(x)
        for block in self.blocks:
            x = block(x)
        return functional.linear(self.norm(x), self.tokens.weight)


class BERT(nn.Module):
    """`labkit.models.BERT`, of PyTorch's own encoder."""

    def __init__(self, config, *, rng, dtype=np.float32):
        super().__init__()
        c = self.config = config
        self.tokens, self.positions = nn.Embedding(c.vocabulary, c.d), nn.Embedding(c.context, c.d)
        self.segments = nn.Embedding(c.segments, c.d)
        self.norm, self.drop = nn.LayerNorm(c.d, eps=1e-12), nn.Dropout(c.dropout)
        layer = nn.TransformerEncoderLayer(
            c.d, c.heads, 4 * c.d, c.dropout, _gelu, 1e-12, batch_first=True
        )
        self.body = nn.TransformerEncoder(layer, c.layers, enable_nested_tensor=False)
        self.pooler = nn.Linear(c.d, c.d)
        started(self, models.BERT(c, rng=rng, dtype=dtype))

    def from_labkit(self, state):
        """Return our weights under the names that PyTorch's own layers have."""
        return _for_pytorchs_layers(state)

    def forward(self, ids, segments=None, *, lengths=None):
        """Return the states and the pooled first one; nothing looks behind a length."""
        places = torch.arange(ids.shape[1], device=ids.device)
        segments = torch.zeros_like(ids) if segments is None else segments
        x = self.tokens(ids) + self.positions(places) + self.segments(segments)
        states = self.body(self.drop(self.norm(x)), src_key_padding_mask=_padding(lengths, places))
        return states, torch.tanh(self.pooler(states[:, 0]))

    def token_logits(self, states):
        """Return how likely each token is at each place, by its product with the embedding."""
        return functional.linear(states, self.tokens.weight)


class Transformer(nn.Module):
    """`labkit.models.Transformer`, of PyTorch's own encoder and decoder layers."""

    def __init__(self, config, *, rng, dtype=np.float32):
        super().__init__()
        c = self.config = config
        self.source = nn.Embedding(c.source_vocabulary, c.d)
        self.target = nn.Embedding(c.target_vocabulary, c.d)
        self.drop = nn.Dropout(c.dropout)
        sizes = c.d, c.heads, c.hidden, c.dropout
        encoder_layer = nn.TransformerEncoderLayer(*sizes, batch_first=True)
        decoder_layer = nn.TransformerDecoderLayer(*sizes, batch_first=True)
        self.encoder = nn.TransformerEncoder(encoder_layer, c.layers, enable_nested_tensor=False)
        self.decoder = nn.TransformerDecoder(decoder_layer, c.layers)
        started(self, models.Transformer(c, rng=rng, dtype=dtype))

    def from_labkit(self, state):
        """Return our weights under the names that PyTorch's own layers have."""
        return _for_pytorchs_layers(state)

    def forward(self, source, target, *, lengths=None):
        """Return the logits; lengths (n,) says how many tokens of each source are real."""
        padding = _padding(lengths, torch.arange(source.shape[1], device=source.device))
        t = target.shape[1]
        ahead = torch.ones(t, t, dtype=torch.bool, device=target.device).triu(1)
        memory = self.encoder(self._embed(self.source, source), src_key_padding_mask=padding)
        x = self.decoder(
            self._embed(self.target, target), memory, ahead, memory_key_padding_mask=padding
        )
        return functional.linear(x, self.target.weight)

    def _embed(self, embedding, ids):
        x = embedding(ids) * self.config.d**0.5
        positions = torch.from_numpy(ops.sinusoidal_positions(ids.shape[1], self.config.d))
        return self.drop(x + positions.to(x))


def _renamed(state, names):
    """Return the arrays under their new names."""
    renamed = {}
    for name, array in state.items():
        for ours, theirs in names:
            name = re.sub(ours, theirs, name)
        renamed[name] = array
    return renamed


def _joined(state, name):
    """Return the arrays with queries, keys and values side by side, under one name."""
    joined = {key: array for key, array in state.items() if not re.search(_THREE, key)}
    for key in state:
        if ".query." in key:
            three = [state[key.replace(".query.", f".{p}.")] for p in ("query", "key", "value")]
            joined[key.replace(".query.", name)] = np.concatenate(three, axis=-1)
    return joined


def _for_pytorchs_layers(state):
    """Return the arrays as PyTorch's layers name them; in_proj_weight is turned, being no layer."""
    state = _joined(_renamed(state, _PYTORCHS_LAYERS), ".in_proj_")
    return {k: a.T if k.endswith("in_proj_weight") else a for k, a in state.items()}


_GPT = ((r"^body\.", ""), (r"\.attention\.", "."), (r"\.feed_forward\.", "."))
_THREE = r"\.(query|key|value)\."
_PYTORCHS_LAYERS = (  # what our parts are called in PyTorch's own encoder and decoder layers
    (r"\.blocks\.", ".layers."),
    (r"\.attention_norm\.", ".norm1."),
    (r"(decoder\.layers\.\d+)\.norm\.", r"\1.norm3."),
    (r"(layers\.\d+)\.norm\.", r"\1.norm2."),
    (r"\.cross_norm\.", ".norm2."),
    (r"\.cross_attention\.", ".multihead_attn."),
    (r"\.attention\.", ".self_attn."),
    (r"_attn\.out\.", "_attn.out_proj."),
    (r"\.feed_forward\.up\.", ".linear1."),
    (r"\.feed_forward\.down\.", ".linear2."),
)


def _padding(lengths, places):
    """True at the places behind a length, which PyTorch wants told; None if there are none."""
    if lengths is None:
        return None
    return places >= torch.as_tensor(lengths, device=places.device)[:, None]
