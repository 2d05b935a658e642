"""The models of text of `labkit.models` in PyTorch, written as one would there.

GPT has one matrix for queries, keys and values, `scaled_dot_product_attention` and `nn.LayerNorm`;
BERT and the Transformer are made of PyTorch's own layers. A constructor takes what ours takes, and
starts from the same weights for the same rng.
"""

import re
from functools import partial

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from labkit import models, ops

_gelu = partial(functional.gelu, approximate="tanh")


class RecurrentLM(nn.Module):
    """`labkit.models.RecurrentLM`; PyTorch stacks the layers itself, and drops between them too."""

    def __init__(self, *, rng, dtype=np.float32, **sizes):
        super().__init__()
        ours = models.RecurrentLM(rng=rng, dtype=dtype, **sizes)
        vocabulary, d = ours.tokens.weight.shape
        layers, hidden = len(ours.layers), ours.head.weight.shape[0]
        p = ours.drop.p
        self.tokens = nn.Embedding(vocabulary, d)
        self.drop = nn.Dropout(p)
        kind = getattr(nn, type(ours.layers[0]).__name__)
        self.layers = kind(d, hidden, layers, batch_first=True, dropout=p if layers > 1 else 0.0)
        self.head = nn.Linear(hidden, vocabulary)
        _start(self, ours)

    def forward(self, ids):
        """Return the logits of the token behind each token."""
        return self.head(self.drop(self.layers(self.drop(self.tokens(ids)))[0]))


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
        _start(self, models.GPT(c, rng=rng, dtype=dtype))

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
        _start(self, models.BERT(c, rng=rng, dtype=dtype))

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
        _start(self, models.Transformer(c, rng=rng, dtype=dtype))

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


def load_state(model, state):
    """Copy a ``state_dict()`` of the labkit model into the PyTorch model; return the model.

    What differs: a linear weight is (d_in, d_out) here and (d_out, d_in) in PyTorch, an embedding
    is (k, d) in both; queries, keys and values have one weight there, one below the other; a
    recurrent layer has two biases that add up, of which the second stays zero, but for a GRU's
    proposal; and names, as the tables below say.

    Raises RuntimeError, from PyTorch, if a name is missing or unknown or a shape differs.
    """
    embeddings = {
        f"{name}.weight" for name, part in model.named_modules() if isinstance(part, nn.Embedding)
    }
    as_torch = {
        _renamed(name, type(model)): array if name in embeddings else array.T
        for name, array in state.items()
    }
    _join_attention(as_torch, ".qkv." if isinstance(model, GPT) else ".in_proj_")
    _add_second_biases(as_torch)
    model.load_state_dict(
        {name: torch.from_numpy(np.ascontiguousarray(a)) for name, a in as_torch.items()}
    )
    return model


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
_NAMES = {
    RecurrentLM: (
        (r"^layers\.(\d+)\.weight", r"layers.weight_ih_l\1"),
        (r"^layers\.(\d+)\.recurrent", r"layers.weight_hh_l\1"),
        (r"^layers\.(\d+)\.(bias|bias_new)$", r"layers.\2_ih_l\1"),
    ),
    GPT: ((r"^body\.", ""), (r"\.attention\.", "."), (r"\.feed_forward\.", ".")),
    BERT: _PYTORCHS_LAYERS,
    Transformer: _PYTORCHS_LAYERS,
}


def _renamed(name, kind):
    for ours, theirs in _NAMES[kind]:
        name = re.sub(ours, theirs, name)
    return name


def _join_attention(state, joined):
    for name in [name for name in state if ".query." in name]:
        three = [state.pop(name.replace(".query.", f".{p}.")) for p in ("query", "key", "value")]
        state[name.replace(".query.", joined)] = np.concatenate(three)


def _add_second_biases(state):
    for name in [name for name in state if name.startswith("layers.bias_ih_l")]:
        second = np.zeros_like(state[name])
        new = state.pop(name.replace("bias_ih", "bias_new_ih"), second[:0])
        second[len(second) - len(new) :] = new
        state[name.replace("bias_ih", "bias_hh")] = second


def _start(model, ours):
    """Give the model our model's dtype and weights."""
    dtype = next(iter(ours.parameters())).dtype
    load_state(model.to(getattr(torch, dtype.name)), ours.state_dict())


def _padding(lengths, places):
    """True at the places behind a length, which PyTorch wants told; None if there are none."""
    if lengths is None:
        return None
    return places >= torch.as_tensor(lengths, device=places.device)[:, None]
