"""The parts of a Transformer: attention with several heads, and blocks of it.

A token's vector has d numbers throughout; blocks add to it. x is (n, t, d). A mask is True where a
token may look and broadcasts to (n, heads, t, s). In a block, normalization comes before each part
(``norm_first``, as GPT has it) or after the sum (as in the first paper and BERT). Dropout falls on
what a part adds, not, as PyTorch's layers also have it, on the weights of attention.
"""

import numpy as np

from labkit import ops
from labkit.autograd import concatenate
from labkit.nn.initializers import glorot_uniform
from labkit.nn.layers import Dropout, Linear
from labkit.nn.module import Module
from labkit.nn.normalization import LayerNorm
from labkit.ops.attention import merge_heads, split_heads
from labkit.ops.sizes import check_sizes


class Cache:
    """What one layer remembers of the tokens that it has read: arrays whose first axis is n.

    >>> cache = Cache()
    >>> cache.append(k=np.zeros((2, 3, 1, 4)))["k"].shape
    (2, 3, 1, 4)
    >>> cache.append(k=np.zeros((2, 3, 5, 4)))["k"].shape
    (2, 3, 6, 4)
    """

    def __init__(self):
        self.arrays = {}

    @property
    def length(self):
        """The number of tokens remembered."""
        return next((a.shape[-2] for a in self.arrays.values()), 0)

    def append(self, **new):
        """Put new tokens behind the old ones, along the axis before the last; return them all."""
        for name, array in new.items():
            old = self.arrays.get(name)
            self.arrays[name] = array if old is None else concatenate(old, array, axis=-2)
        return self.arrays

    def select(self, rows):
        """Keep these rows of the batch, in this order."""
        self.arrays = {name: array[rows] for name, array in self.arrays.items()}


class MultiHeadAttention(Module):
    """Attention by several heads, each of width d / heads, :eq:`eq-multi-head-attention`.

    x (n, t, d) asks, and memory (n, s, d), x itself if left out, answers. Returns (n, t, d). With
    kv_heads, fewer heads of keys and values serve all queries. With rotary, queries and keys are
    turned by their position. With a cache, x stands behind the tokens that it remembers.

    Raises ValueError if heads do not divide d, or kv_heads heads, or if a memory is given where
    rotary or a cache is.

    >>> attention = MultiHeadAttention(6, 3, rng=np.random.default_rng(0))
    >>> attention(np.ones((2, 4, 6), np.float32), mask=ops.causal_mask(4)).shape
    (2, 4, 6)

    [Vaswani et al. 2017, section 3.2.2]
    """

    def __init__(
        self,
        d,
        heads,
        *,
        rng,
        kv_heads=None,
        rotary=False,
        bias=True,
        init=glorot_uniform,
        dtype=np.float32,
    ):
        kv_heads = heads if kv_heads is None else kv_heads
        check_sizes(d=d, heads=heads, kv_heads=kv_heads)
        if d % heads or heads % kv_heads:
            raise ValueError(f"heads must divide d, kv_heads heads; got {d}, {heads}, {kv_heads}")
        make = {"rng": rng, "bias": bias, "init": init, "dtype": dtype}
        self.heads, self.kv_heads, self.rotary = heads, kv_heads, rotary
        self.query = Linear(d, d, **make)
        self.key = Linear(d, d // heads * kv_heads, **make)
        self.value = Linear(d, d // heads * kv_heads, **make)
        self.out = Linear(d, d, **make)

    def forward(self, x, memory=None, *, mask=None, bias=None, cache=None):
        """Return what the tokens of x take from those of memory; bias is added to the scores."""
        if memory is not None and (self.rotary or cache is not None):
            raise ValueError("memory must not be given where rotary or a cache is")
        source = x if memory is None else memory
        q = split_heads(self.query(x), heads=self.heads)  # (n, h, t, d / h)
        k = split_heads(self.key(source), heads=self.kv_heads)  # (n, h_kv, s, d / h)
        v = split_heads(self.value(source), heads=self.kv_heads)
        if self.rotary:
            start = 0 if cache is None else cache.length
            q, k = ops.rotary(q, start=start), ops.rotary(k, start=start)
        if cache is not None:
            k, v = cache.append(k=k, v=v).values()
        return self.out(merge_heads(ops.grouped_query_attention(q, k, v, mask, bias)))

    def __repr__(self):
        return f"MultiHeadAttention({self.query.weight.shape[0]}, heads={self.heads})"


class FeedForward(Module):
    """Two linear layers with an activation between them, each token alone, :eq:`eq-feed-forward`.

    activation is any function of arrays, `labkit.ops.rectifiers.gelu` if left out.

    >>> FeedForward(6, 24, rng=np.random.default_rng(0))(np.ones((2, 4, 6), np.float32)).shape
    (2, 4, 6)

    [Vaswani et al. 2017, equation 2]
    """

    def __init__(
        self,
        d,
        hidden,
        *,
        rng,
        activation=ops.gelu,
        dropout=0.0,
        bias=True,
        init=glorot_uniform,
        dtype=np.float32,
    ):
        make = {"rng": rng, "bias": bias, "init": init, "dtype": dtype}
        self.up, self.down = Linear(d, hidden, **make), Linear(hidden, d, **make)
        self.activation = activation
        self.drop = Dropout(dropout, rng=rng)

    def forward(self, x):
        """Return the second layer's output."""
        return self.down(self.drop(self.activation(self.up(x))))


class TransformerBlock(Module):
    """Self-attention and then `FeedForward`, each added to what came in; the encoder's block.

    Normalized first it is :eq:`eq-pre-norm`, else :eq:`eq-post-norm`. With a causal mask it is
    GPT's. ``attention`` holds settings of `MultiHeadAttention`: kv_heads,
    rotary.

    >>> block = TransformerBlock(6, 3, 24, rng=np.random.default_rng(0))
    >>> block(np.ones((2, 4, 6), np.float32)).shape
    (2, 4, 6)

    [Vaswani et al. 2017, section 3.1; norm_first: Xiong et al. 2020]
    """

    def __init__(
        self,
        d,
        heads,
        hidden,
        *,
        rng,
        norm_first=True,
        activation=ops.gelu,
        dropout=0.0,
        eps=1e-5,
        init=glorot_uniform,
        dtype=np.float32,
        **attention,
    ):
        make = {"rng": rng, "init": init, "dtype": dtype}
        self.norm_first = norm_first
        self.attention_norm = LayerNorm(d, eps=eps, dtype=dtype)
        self.attention = MultiHeadAttention(d, heads, **make, **attention)
        self.norm = LayerNorm(d, eps=eps, dtype=dtype)
        self.feed_forward = FeedForward(d, hidden, activation=activation, dropout=dropout, **make)
        self.drop = Dropout(dropout, rng=rng)

    def forward(self, x, *, mask=None, bias=None, cache=None):
        """Return the tokens, each with what attention and the two layers add to it."""
        x = self.add(x, self.attention_norm, self.attention, mask=mask, bias=bias, cache=cache)
        return self.add(x, self.norm, self.feed_forward)

    def add(self, x, norm, part, *arguments, **settings):
        """Return x plus what a part makes of it, normalized before the part or after the sum."""
        if self.norm_first:
            return x + self.drop(part(norm(x), *arguments, **settings))
        return norm(x + self.drop(part(x, *arguments, **settings)))


class DecoderBlock(TransformerBlock):
    """A `TransformerBlock` that between its parts also looks at the encoder's output, memory.

    >>> block = DecoderBlock(6, 3, 24, rng=np.random.default_rng(0))
    >>> x, memory = np.ones((2, 4, 6), np.float32), np.ones((2, 5, 6), np.float32)
    >>> block(x, memory, mask=ops.causal_mask(4)).shape
    (2, 4, 6)

    [Vaswani et al. 2017, section 3.1]
    """

    def __init__(self, d, heads, hidden, *, rng, eps=1e-5, **settings):
        super().__init__(d, heads, hidden, rng=rng, eps=eps, **settings)
        make = {name: settings[name] for name in ("init", "dtype") if name in settings}
        self.cross_norm = LayerNorm(d, eps=eps, dtype=settings.get("dtype", np.float32))
        self.cross_attention = MultiHeadAttention(d, heads, rng=rng, **make)

    def forward(self, x, memory, *, mask=None, memory_mask=None, cache=None):
        """Return the tokens, each with what it takes from the others and from the memory."""
        x = self.add(x, self.attention_norm, self.attention, mask=mask, cache=cache)
        x = self.add(x, self.cross_norm, self.cross_attention, memory, mask=memory_mask)
        return self.add(x, self.norm, self.feed_forward)


class Encoder(Module):
    """Blocks of one size, one after the other; ``block`` holds the settings of each.

    With norm_first, one more normalization follows the last block, unless final_norm is False.

    >>> encoder = Encoder(2, 6, 3, 24, rng=np.random.default_rng(0))
    >>> encoder(np.ones((2, 4, 6), np.float32)).shape
    (2, 4, 6)

    [Vaswani et al. 2017, section 3.1]
    """

    kind = TransformerBlock

    def __init__(self, layers, d, heads, hidden, *, rng, norm_first=True, final_norm=None, **block):
        check_sizes(layers=layers)
        make = {"rng": rng, "norm_first": norm_first, **block}
        self.blocks = [self.kind(d, heads, hidden, **make) for _ in range(layers)]
        shape = {name: block[name] for name in ("eps", "dtype") if name in block}
        has_norm = norm_first if final_norm is None else final_norm
        self.norm = LayerNorm(d, **shape) if has_norm else None

    def forward(self, x, *memory, cache=None, **masks):
        """Return the tokens after the last block; cache is a list with one `Cache` per block."""
        caches = [None] * len(self.blocks) if cache is None else cache
        for block, own in zip(self.blocks, caches, strict=True):
            x = block(x, *memory, cache=own, **masks)
        return x if self.norm is None else self.norm(x)

    def new_cache(self):
        """Return a cache that remembers nothing yet."""
        return [Cache() for _ in self.blocks]


class Decoder(Encoder):
    """As `Encoder`, of `DecoderBlock`: called with x, the memory, and a mask for each.

    With a causal mask each output knows what :eq:`eq-translation` asks for its place, no more.

    >>> decoder = Decoder(2, 6, 3, 24, rng=np.random.default_rng(0))
    >>> decoder(np.ones((2, 4, 6), np.float32), np.ones((2, 5, 6), np.float32)).shape
    (2, 4, 6)

    [Vaswani et al. 2017, section 3.1]
    """

    kind = DecoderBlock
