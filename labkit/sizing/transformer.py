"""Transformers from their configuration alone: parameters, activations, and the cache of keys."""


def block_parameters(d: int, *, d_ff: int | None = None) -> int:
    """Return the parameters of one Transformer block, 4 d^2 + 2 d d_ff + 9 d + d_ff.

    Four projections d x d with biases, two linear layers d to d_ff and back, and two layer
    normalizations of 2 d. d_ff is 4 d if left out, and the count 12 d^2 + 13 d; the number of
    heads does not matter.

    >>> block_parameters(768)
    7087872

    [Vaswani et al. 2017, sections 3.2 and 3.3]
    """
    d_ff = 4 * d if d_ff is None else d_ff
    attention = 4 * (d * d + d)
    feed_forward = (d * d_ff + d_ff) + (d_ff * d + d)
    return attention + feed_forward + 2 * (2 * d)


def gpt_parameters(*, vocabulary: int, context: int, d: int, layers: int) -> int:
    """Return the parameters of a GPT, (V + t) d + L (12 d^2 + 13 d) + 2 d, :eq:`eq-gpt-parameters`.

    Token and position embeddings, the blocks, and a last layer normalization. The logits use the
    token embeddings once more, so they add nothing.

    >>> gpt_parameters(vocabulary=50257, context=1024, d=768, layers=12)  # GPT-2
    124439808

    [Radford et al. 2019, section 2.3]
    """
    return (vocabulary + context) * d + layers * block_parameters(d) + 2 * d


def bert_parameters(
    *, vocabulary: int, context: int, d: int, layers: int, segments: int = 2
) -> int:
    """Return the parameters of a BERT: embeddings, a normalization, blocks, and the pooler d x d.

    Without the two heads of pre-training, as the published weights are counted.

    >>> bert_parameters(vocabulary=30522, context=512, d=768, layers=12)  # BERT-base
    109482240

    [Devlin et al. 2019, section 3]
    """
    embeddings = (vocabulary + context + segments) * d + 2 * d
    return embeddings + layers * block_parameters(d) + (d * d + d)


def llama_parameters(
    *, vocabulary: int, d: int, d_ff: int, layers: int, heads: int, kv_heads: int | None = None
) -> int:
    """Return the parameters of a Llama: no biases, rotary positions, gated feed-forward.

    Per block: queries and output d x d, keys and values d x (d kv_heads / heads), three matrices
    d x d_ff, two RMS normalizations of d. The logits have a matrix of their own. kv_heads is
    heads if left out.

    Raises ValueError if heads does not divide d, or kv_heads does not divide heads.

    >>> llama_parameters(vocabulary=32000, d=4096, d_ff=11008, layers=32, heads=32)  # Llama 2 7B
    6738415616

    [Touvron et al. 2023, Llama, section 2.2; Llama 2, appendix A.2.1]
    """
    kv_heads = heads if kv_heads is None else kv_heads
    _check_heads(d, heads, kv_heads)
    d_kv = d // heads * kv_heads
    block = 2 * d * d + 2 * d * d_kv + 3 * d * d_ff + 2 * d
    return 2 * vocabulary * d + layers * block + d


def kv_cache_bytes(
    *,
    t: int,
    d: int,
    layers: int,
    heads: int,
    kv_heads: int | None = None,
    n: int = 1,
    bytes_per_number: int = 2,
) -> int:
    """Return the bytes of all keys and values of t tokens in n texts, :eq:`eq-kv-cache`::

        2 n t L d kv_heads / heads

    kv_heads is heads if left out; grouped-query attention has fewer.

    Raises ValueError if heads does not divide d, or kv_heads does not divide heads.

    >>> kv_cache_bytes(t=1, d=5120, layers=40, heads=40)  # OPT-13B: 800 KB a token
    819200

    [Kwon et al. 2023, section 3]
    """
    kv_heads = heads if kv_heads is None else kv_heads
    _check_heads(d, heads, kv_heads)
    return 2 * n * t * layers * (d // heads * kv_heads) * bytes_per_number


RECOMPUTE = ("nothing", "attention", "blocks")


def activation_bytes(
    *, n: int, t: int, d: int, heads: int, layers: int, recompute: str = "nothing"
) -> int:
    r"""Return the bytes that the blocks keep for the backward pass, in 16 bits::

        n t d L (34 + 5 heads t / d)

    recompute "attention" computes the scores a second time, which leaves 34; "blocks" keeps only
    the input of each block, which leaves 2. Embeddings and logits are not counted.

    Raises ValueError if recompute is another word.

    >>> activation_bytes(n=1, t=2048, d=12288, heads=96, layers=96) // 2**30  # GPT-3, one text
    256

    [Korthikanti et al. 2022, equation 1 and section 5]
    """
    if recompute not in RECOMPUTE:
        raise ValueError(f"recompute must be one of {', '.join(RECOMPUTE)}; got {recompute!r}")
    tokens = n * t * layers
    if recompute == "blocks":
        return 2 * tokens * d
    scores = 5 * heads * t if recompute == "nothing" else 0
    return tokens * (34 * d + scores)


def _check_heads(d: int, heads: int, kv_heads: int) -> None:
    if d % heads or heads % kv_heads:
        raise ValueError(
            f"heads must divide d = {d}, and kv_heads must divide heads; got {heads}, {kv_heads}"
        )
