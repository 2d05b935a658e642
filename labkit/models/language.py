"""Models of text: from the tokens so far to logits for the next, or, for BERT, for hidden ones."""

from dataclasses import dataclass
from functools import partial

import numpy as np

from labkit import ops
from labkit.nn import (
    GRU,
    LSTM,
    RNN,
    Cache,
    Dropout,
    Embedding,
    Encoder,
    LayerNorm,
    Linear,
    Module,
    normal,
)

_RECURRENT = {"rnn": RNN, "lstm": LSTM, "gru": GRU}
_gelu = partial(ops.gelu, approximate="tanh")  # what GPT-2's and BERT's first code compute
_small = partial(normal, std=0.02)


class RecurrentLM(Module):
    """A recurrent language model: embedding, recurrent layers, a linear layer to the logits.

    kind is "rnn", "lstm" or "gru"; d the width of the embedding, hidden that of the states. Called
    with ids (n, t), it returns logits (n, t, vocabulary).

    Raises ValueError if kind is none of these.

    >>> model = RecurrentLM(vocabulary=11, d=6, hidden=8, rng=np.random.default_rng(0))
    >>> model(np.array([[1, 2, 3]])).shape
    (1, 3, 11)

    [Mikolov et al. 2010; with LSTM: Sundermeyer et al. 2012]
    """

    def __init__(
        self, *, vocabulary, d, hidden, rng, layers=1, kind="lstm", dropout=0.0, dtype=np.float32
    ):
        if kind not in _RECURRENT:
            raise ValueError(f"kind must be one of {', '.join(_RECURRENT)}; got {kind!r}")
        widths = [d, *[hidden] * layers]
        self.tokens = Embedding(vocabulary, d, rng=rng, dtype=dtype)
        self.layers = [
            _RECURRENT[kind](widths[i], hidden, rng=rng, dtype=dtype) for i in range(layers)
        ]
        self.drop = Dropout(dropout, rng=rng)
        self.head = Linear(hidden, vocabulary, rng=rng, dtype=dtype)

    def forward(self, ids, *, lengths=None, cache=None):
        """Return the logits of the token behind each token; a cache goes on where it stopped."""
        x = self.drop(self.tokens(ids))  # (n, t, d)
        for i, layer in enumerate(self.layers):
            arrays = tuple(cache[i].arrays.values()) if cache is not None else ()
            state = (arrays if isinstance(layer, LSTM) else arrays[0]) if arrays else None
            x, state = layer(x, state, lengths=lengths)  # (n, t, hidden)
            x = self.drop(x)
            if cache is not None:
                arrays = state if isinstance(layer, LSTM) else (state,)
                cache[i].arrays = dict(zip("hc", arrays, strict=False))
        return self.head(x)

    def new_cache(self):
        """Return a cache that remembers nothing yet."""
        return [Cache() for _ in self.layers]


@dataclass(frozen=True)
class GPTConfig:
    """The sizes of a `GPT`; as they stand, those of the smallest GPT-2, 124,439,808 parameters."""

    vocabulary: int = 50257
    context: int = 1024
    d: int = 768
    layers: int = 12
    heads: int = 12
    dropout: float = 0.0


class GPT(Module):
    """GPT-2: embeddings of tokens and positions, causal blocks, logits, :eq:`eq-language-model`.

    The logits are products with the embedding of each token: the head has no weights of its own.
    Called with ids (n, t), it returns logits (n, t, vocabulary). Weights start at N(0, 0.02^2),
    those that end in the sum sqrt(2 layers) times smaller.

    Raises ValueError if there are more tokens than config.context.

    >>> config = GPTConfig(vocabulary=11, context=8, d=6, layers=2, heads=3)
    >>> GPT(config, rng=np.random.default_rng(0))(np.array([[1, 2, 3]])).shape
    (1, 3, 11)

    [Radford et al. 2019, section 2.3]
    """

    def __init__(self, config, *, rng, dtype=np.float32):
        c, make = config, {"rng": rng, "init": _small, "dtype": dtype}
        self.config = c
        self.tokens = Embedding(c.vocabulary, c.d, **make)
        self.positions = Embedding(c.context, c.d, **make)
        self.drop = Dropout(c.dropout, rng=rng)
        self.body = Encoder(
            c.layers, c.d, c.heads, 4 * c.d, activation=_gelu, dropout=c.dropout, **make
        )
        for block in self.body.blocks:
            for last in (block.attention.out, block.feed_forward.down):
                last.weight.data /= (2 * c.layers) ** 0.5

    def forward(self, ids, *, cache=None):
        """Return the logits of the token behind each token; a cache goes on where it stopped."""
        start, t = 0 if cache is None else cache[0].length, ids.shape[1]
        if start + t > self.config.context:
            raise ValueError(f"ids must be at most {self.config.context} tokens; got {start + t}")
        x = self.tokens(ids) + self.positions(np.arange(start, start + t))  # (n, t, d)
        x = self.body(self.drop(x), mask=ops.causal_mask(t, start + t), cache=cache)
        return x @ self.tokens.weight.T  # (n, t, vocabulary)

    def new_cache(self):
        """Return a cache that remembers nothing yet."""
        return self.body.new_cache()


@dataclass(frozen=True)
class BERTConfig:
    """The sizes of a `BERT`; as they stand, those of BERT-base, 109,482,240 parameters."""

    vocabulary: int = 30522
    context: int = 512
    segments: int = 2
    d: int = 768
    layers: int = 12
    heads: int = 12
    dropout: float = 0.0


class BERT(Module):
    """BERT: embeddings of tokens, positions and segments, and blocks that look both ways.

    Called with ids (n, t), and segments (n, t) if there are two texts, it returns the states
    (n, t, d) and the pooled first one (n, d), for a classifier. `token_logits` turns states into
    logits; BERT's own head has one more layer before them.

    Raises ValueError if there are more tokens than config.context.

    >>> config = BERTConfig(vocabulary=11, context=8, d=6, layers=2, heads=3)
    >>> model = BERT(config, rng=np.random.default_rng(0))
    >>> states, pooled = model(np.array([[1, 2, 3, 0]]), lengths=[3])
    >>> states.shape, pooled.shape, model.token_logits(states).shape
    ((1, 4, 6), (1, 6), (1, 4, 11))

    [Devlin et al. 2019, section 3]
    """

    def __init__(self, config, *, rng, dtype=np.float32):
        c, make = config, {"rng": rng, "init": _small, "dtype": dtype}
        self.config = c
        self.tokens = Embedding(c.vocabulary, c.d, **make)
        self.positions = Embedding(c.context, c.d, **make)
        self.segments = Embedding(c.segments, c.d, **make)
        self.norm = LayerNorm(c.d, eps=1e-12, dtype=dtype)
        self.drop = Dropout(c.dropout, rng=rng)
        settings = {"norm_first": False, "eps": 1e-12, "activation": _gelu, "dropout": c.dropout}
        self.body = Encoder(c.layers, c.d, c.heads, 4 * c.d, **settings, **make)
        self.pooler = Linear(c.d, c.d, **make)

    def forward(self, ids, segments=None, *, lengths=None):
        """Return the states and the pooled first one; nothing looks behind a length."""
        t = ids.shape[1]
        if t > self.config.context:
            raise ValueError(f"ids must be at most {self.config.context} tokens; got {t}")
        segments = np.zeros_like(ids) if segments is None else segments
        x = self.tokens(ids) + self.positions(np.arange(t)) + self.segments(segments)
        mask = None if lengths is None else ops.padding_mask(lengths, t)
        states = self.body(self.drop(self.norm(x)), mask=mask)
        return states, ops.tanh(self.pooler(states[:, 0]))

    def token_logits(self, states):
        """Return how likely each token is at each place, by its product with the embedding."""
        return states @ self.tokens.weight.T
