"""The models of text of `labkit.models` in Keras, put together of its own attention.

A constructor takes what ours takes, and starts from the same weights for the same rng.
"""

from functools import partial

import keras
import numpy as np
from keras import layers
from keras import ops as kops

from labkit import models, ops
from labkit.frameworks.keras_models.weights import started

_KINDS = {"RNN": layers.SimpleRNN, "LSTM": layers.LSTM, "GRU": layers.GRU}
_gelu = partial(keras.activations.gelu, approximate=True)


def RecurrentLM(*, rng, dtype=np.float32, **sizes):
    """Return `labkit.models.RecurrentLM` in Keras, from the same weights for the same rng."""
    ours = models.RecurrentLM(rng=rng, dtype=dtype, **sizes)
    vocabulary, d = ours.tokens.weight.shape
    hidden, p, name = ours.head.weight.shape[0], ours.drop.p, np.dtype(dtype).name
    built = [
        keras.Input((None,), dtype="int64"),
        layers.Embedding(vocabulary, d, dtype=name),
        layers.Dropout(p, dtype=name),
    ]
    for layer in ours.layers:
        kind = _KINDS[type(layer).__name__]
        built += [kind(hidden, return_sequences=True, dtype=name), layers.Dropout(p, dtype=name)]
    return started(keras.Sequential([*built, layers.Dense(vocabulary, dtype=name)]), ours)


class Block(layers.Layer):
    """One block: what attention adds, and two layers; in a decoder, a memory's attention too."""

    def __init__(self, d, heads, hidden, *, activation, norm_first, eps, dropout, cross, dtype):
        super().__init__(dtype=dtype)
        attention = partial(layers.MultiHeadAttention, heads, d // heads, dtype=dtype)
        norm = partial(layers.LayerNormalization, epsilon=eps, dtype=dtype)
        self.norm_first = norm_first
        self.attention_norm, self.attention, self.norm = norm(), attention(), norm()
        self.up = layers.Dense(hidden, activation, dtype=dtype)
        self.down = layers.Dense(d, dtype=dtype)
        self.drop = layers.Dropout(dropout, dtype=dtype)
        if cross:
            self.cross_norm, self.cross_attention = norm(), attention()

    def call(self, x, memory=None, seen=None, memory_seen=None):
        """Return the tokens, each with what it takes from the others, and from the memory.

        seen is True where a token may look; an argument called mask would have Keras's own rules.
        """
        x = self.add(x, self.attention_norm, lambda y: self.attention(y, y, attention_mask=seen))
        if memory is not None:
            look = partial(self.cross_attention, value=memory, attention_mask=memory_seen)
            x = self.add(x, self.cross_norm, look)
        return self.add(x, self.norm, lambda y: self.down(self.drop(self.up(y))))

    def add(self, x, norm, part):
        """Return x plus what a part makes of it, normalized before the part or after the sum."""
        if self.norm_first:
            return x + self.drop(part(norm(x)))
        return norm(x + self.drop(part(x)))


class GPT(keras.Model):
    """`labkit.models.GPT`; the head is the embedding of the tokens, as there."""

    def __init__(self, config, *, rng, dtype=np.float32):
        dtype = np.dtype(dtype).name
        super().__init__(dtype=dtype)
        c = self.config = config
        self.tokens = layers.Embedding(c.vocabulary, c.d, dtype=dtype)
        self.positions = layers.Embedding(c.context, c.d, dtype=dtype)
        self.drop = layers.Dropout(c.dropout, dtype=dtype)
        same = {"activation": _gelu, "norm_first": True, "eps": 1e-5, "dropout": c.dropout}
        self.blocks = _blocks(c, 4 * c.d, cross=False, dtype=dtype, **same)
        self.norm = layers.LayerNormalization(epsilon=1e-5, dtype=dtype)
        started(self, models.GPT(c, rng=rng, dtype=dtype), _NOTHING)

    def call(self, ids):
        """Return the logits of the token behind each token."""
        t = ids.shape[1]
        x = self.drop(self.tokens(ids) + self.positions(kops.arange(t)))
        for block in self.blocks:
            x = block(x, seen=_causal(t))
        return _tied(self.norm(x), self.tokens)


class BERT(keras.Model):
    """`labkit.models.BERT`: blocks that look both ways, and the pooled first state."""

    def __init__(self, config, *, rng, dtype=np.float32):
        dtype = np.dtype(dtype).name
        super().__init__(dtype=dtype)
        c = self.config = config
        self.tokens = layers.Embedding(c.vocabulary, c.d, dtype=dtype)
        self.positions = layers.Embedding(c.context, c.d, dtype=dtype)
        self.segments = layers.Embedding(c.segments, c.d, dtype=dtype)
        self.norm = layers.LayerNormalization(epsilon=1e-12, dtype=dtype)
        self.drop = layers.Dropout(c.dropout, dtype=dtype)
        same = {"activation": _gelu, "norm_first": False, "eps": 1e-12, "dropout": c.dropout}
        self.blocks = _blocks(c, 4 * c.d, cross=False, dtype=dtype, **same)
        self.pooler = layers.Dense(c.d, "tanh", dtype=dtype)
        started(self, models.BERT(c, rng=rng, dtype=dtype), _NOTHING)

    def call(self, ids, segments=None, lengths=None):
        """Return the states and the pooled first one; nothing looks behind a length."""
        segments = kops.zeros_like(ids) if segments is None else segments
        places = kops.arange(ids.shape[1])
        x = self.tokens(ids) + self.positions(places) + self.segments(segments)
        x = self.drop(self.norm(x))
        for block in self.blocks:
            x = block(x, seen=_real(lengths, ids))
        return x, self.pooler(x[:, 0])

    def token_logits(self, states):
        """Return how likely each token is at each place, by its product with the embedding."""
        return _tied(states, self.tokens)


class Transformer(keras.Model):
    """`labkit.models.Transformer`: the decoder's blocks look at the encoder's output too."""

    def __init__(self, config, *, rng, dtype=np.float32):
        dtype = np.dtype(dtype).name
        super().__init__(dtype=dtype)
        c = self.config = config
        self.source = layers.Embedding(c.source_vocabulary, c.d, dtype=dtype)
        self.target = layers.Embedding(c.target_vocabulary, c.d, dtype=dtype)
        self.drop = layers.Dropout(c.dropout, dtype=dtype)
        same = {"activation": "relu", "norm_first": False, "eps": 1e-5, "dropout": c.dropout}
        self.encoder = _blocks(c, c.hidden, cross=False, dtype=dtype, **same)
        self.decoder = _blocks(c, c.hidden, cross=True, dtype=dtype, **same)
        started(self, models.Transformer(c, rng=rng, dtype=dtype), _NOTHING, _NOTHING)

    def call(self, source, target, lengths=None):
        """Return the logits; lengths (n,) says how many tokens of each source are real."""
        real = _real(lengths, source)
        memory, x = self.embed(self.source, source), self.embed(self.target, target)
        for block in self.encoder:
            memory = block(memory, seen=real)
        for block in self.decoder:
            x = block(x, memory, seen=_causal(target.shape[1]), memory_seen=real)
        return _tied(x, self.target)

    def embed(self, embedding, ids):
        """Return the tokens' rows, times sqrt(d), plus the sinusoids of their places."""
        x = embedding(ids) * self.config.d**0.5
        positions = ops.sinusoidal_positions(ids.shape[1], self.config.d)
        return self.drop(x + kops.convert_to_tensor(positions, dtype=x.dtype))


_NOTHING = np.zeros((1, 1), np.int64)  # ids to call a model with, so that its layers are built


def _blocks(config, hidden, **settings):
    return [Block(config.d, config.heads, hidden, **settings) for _ in range(config.layers)]


def _causal(t):
    return kops.convert_to_tensor(ops.causal_mask(t))[None]  # (1, t, t), for all rows


def _real(lengths, ids):
    """Return True where a token is real, (n, 1, t), None if all are."""
    if lengths is None:
        return None
    return kops.arange(ids.shape[1]) < kops.convert_to_tensor(lengths)[:, None, None]


def _tied(x, embedding):
    """Return x E^T, in the dtype of x, which Keras's product of matrices may not keep."""
    return kops.cast(kops.matmul(x, kops.transpose(embedding.embeddings)), x.dtype)
