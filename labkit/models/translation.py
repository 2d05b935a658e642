"""From one sequence to another: the Transformer of the first paper, encoder and decoder."""

from dataclasses import dataclass
from functools import partial

import numpy as np

from labkit import ops
from labkit.nn import Decoder, Dropout, Embedding, Encoder, Module, normal


@dataclass(frozen=True)
class TransformerConfig:
    """The sizes of a `Transformer`; as they stand, those of the paper's base model."""

    source_vocabulary: int = 37000
    target_vocabulary: int = 37000
    d: int = 512
    layers: int = 6
    heads: int = 8
    hidden: int = 2048
    dropout: float = 0.0


class Transformer(Module):
    """Encoder and decoder: the decoder reads the target so far, and all of the source.

    Called with source ids (n, s) and target ids (n, t), it returns logits (n, t, target_vocabulary)
    for the token behind each target token. Positions are sinusoids; the logits are products with
    the embedding of each target token, whose numbers are multiplied by sqrt(d) on the way in.
    Blocks normalize after each sum. PyTorch's ``nn.Transformer`` starts behind the embeddings.

    >>> config = TransformerConfig(11, 13, d=6, layers=2, heads=3, hidden=10)
    >>> model = Transformer(config, rng=np.random.default_rng(0))
    >>> model(np.array([[1, 2, 3]]), np.array([[4, 5]])).shape
    (1, 2, 13)

    [Vaswani et al. 2017, section 3]
    """

    def __init__(self, config, *, rng, dtype=np.float32):
        c, make = config, {"rng": rng, "dtype": dtype}
        self.config = c
        init = partial(normal, std=c.d**-0.5)
        self.source = Embedding(c.source_vocabulary, c.d, init=init, **make)
        self.target = Embedding(c.target_vocabulary, c.d, init=init, **make)
        self.drop = Dropout(c.dropout, rng=rng)
        sizes = c.layers, c.d, c.heads, c.hidden
        make |= {"norm_first": False, "activation": ops.relu, "dropout": c.dropout}
        self.encoder, self.decoder = Encoder(*sizes, **make), Decoder(*sizes, **make)

    def forward(self, source, target, *, lengths=None):
        """Return the logits; lengths (n,) says how many tokens of each source are real."""
        return self.decode(target, self.encode(source, lengths=lengths), lengths=lengths)

    def encode(self, source, *, lengths=None):
        """Return the memory (n, s, d): what the encoder makes of the source."""
        return self.encoder(self.embed(self.source, source), mask=_real(lengths, source))

    def decode(self, target, memory, *, lengths=None, cache=None):
        """Return the logits for the target so far, given the memory."""
        start, t = 0 if cache is None else cache[0].length, target.shape[1]
        x = self.decoder(
            self.embed(self.target, target, start=start),
            memory,
            mask=ops.causal_mask(t, start + t),
            memory_mask=_real(lengths, memory),
            cache=cache,
        )
        return x @ self.target.weight.T  # (n, t, target_vocabulary)

    def given(self, source, *, lengths=None):
        """Return a model of the target alone, to generate with, that has read the source.

        The source is read once, as in use: nothing is recorded, nothing dropped.
        """
        with self.evaluating():
            return _Given(self, self.encode(source, lengths=lengths).data, lengths)

    def embed(self, embedding, ids, *, start=0):
        """Return what a tower reads, (n, t, d): embeddings times sqrt(d), plus positions."""
        x = embedding(ids) * self.config.d**0.5
        end = start + ids.shape[1]
        positions = ops.sinusoidal_positions(end, self.config.d, dtype=x.dtype)
        return self.drop(x + positions[start:])


class _Given:
    """A `Transformer` whose source is settled."""

    def __init__(self, model, memory, lengths):
        self.model, self.memory, self.lengths = model, memory, lengths
        self.new_cache, self.evaluating = model.decoder.new_cache, model.evaluating

    def __call__(self, ids, *, cache=None):
        return self.model.decode(ids, self.memory, lengths=self.lengths, cache=cache)


def _real(lengths, sequence):
    return None if lengths is None else ops.padding_mask(lengths, sequence.shape[1])
