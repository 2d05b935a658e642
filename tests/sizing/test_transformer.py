"""Transformers: PyTorch's own blocks, published sizes, arithmetic by hand."""

import pytest

from labkit import sizing

SMALL = {"vocabulary": 11, "context": 7, "d": 6, "layers": 3}


@pytest.mark.parametrize(("d", "d_ff"), [(6, 10), (8, 32), (4, 1)])
def test_a_block_is_pytorchs(d, d_ff):
    torch = pytest.importorskip("torch")
    block = torch.nn.TransformerEncoderLayer(d, 2, d_ff, device="meta")
    count = sum(p.numel() for p in block.parameters())
    assert sizing.block_parameters(d, d_ff=d_ff) == count
    if d_ff == 4 * d:
        assert sizing.block_parameters(d) == count == 12 * d**2 + 13 * d


@pytest.mark.parametrize(
    ("context", "d", "layers", "count"),
    [(1024, 768, 12, 124_439_808), (1024, 1600, 48, 1_557_611_200)],
    ids=["GPT-2", "GPT-2 XL"],
)
def test_gpt_as_published(context, d, layers, count):
    assert sizing.gpt_parameters(vocabulary=50257, context=context, d=d, layers=layers) == count


def test_gpt_3_has_about_175_billion():
    count = sizing.gpt_parameters(vocabulary=50257, context=2048, d=12288, layers=96)
    assert count / 1e9 == pytest.approx(174.6, abs=0.05)


@pytest.mark.parametrize(
    ("d", "layers", "count"), [(768, 12, 109_482_240), (1024, 24, 335_141_888)]
)
def test_bert_as_published(d, layers, count):
    assert sizing.bert_parameters(vocabulary=30522, context=512, d=d, layers=layers) == count


def test_the_parts_of_bert_by_hand():
    parts = (11 + 7 + 5) * 6 + 12 + 3 * (12 * 36 + 13 * 6) + 42
    assert sizing.bert_parameters(**SMALL, segments=5) == parts
    assert sizing.bert_parameters(**SMALL) == parts - 3 * 6


@pytest.mark.parametrize(
    ("size", "count"),
    [
        ({"d": 4096, "d_ff": 11008, "layers": 32, "heads": 32}, 6_738_415_616),
        ({"d": 8192, "d_ff": 28672, "layers": 80, "heads": 64, "kv_heads": 8}, 68_976_648_192),
    ],
    ids=["Llama 2 7B", "Llama 2 70B"],
)
def test_llama_as_published(size, count):
    assert sizing.llama_parameters(vocabulary=32000, **size) == count


def test_the_cache_of_opt_13b_as_published():
    """800 KB a token, so at most 1.6 GB for a text of 2048. [Kwon et al. 2023, section 3]"""
    opt = {"d": 5120, "layers": 40, "heads": 40}
    assert sizing.kv_cache_bytes(t=1, **opt) == 800 * 1024
    assert sizing.kv_cache_bytes(t=2048, **opt) / 2**30 == pytest.approx(1.6, abs=0.05)


def test_the_cache_is_the_size_of_its_arrays():
    """Keys and values (n, kv_heads, t, d / heads) of each layer, in 32 bits."""
    arrays = 5 * 2 * (3 * 2 * 7 * 4)
    assert (
        sizing.kv_cache_bytes(n=3, t=7, d=24, layers=5, heads=6, kv_heads=2, bytes_per_number=4)
        == arrays * 4
    )


@pytest.mark.parametrize(("heads", "kv_heads"), [(5, 5), (6, 4), (3, 6)])
def test_heads_must_divide(heads, kv_heads):
    with pytest.raises(ValueError, match="heads must divide d = 24"):
        sizing.kv_cache_bytes(t=1, d=24, layers=1, heads=heads, kv_heads=kv_heads)
    with pytest.raises(ValueError, match="heads must divide d = 24"):
        sizing.llama_parameters(
            vocabulary=9, d=24, d_ff=8, layers=1, heads=heads, kv_heads=kv_heads
        )


@pytest.mark.parametrize(("heads", "d", "term"), [(96, 12288, 80), (128, 20480, 64)])
def test_scores_count_80_in_gpt_3_and_64_in_mt_nlg(heads, d, term):
    """[Korthikanti et al. 2022, section 5]"""
    size = {"n": 3, "t": 2048, "d": d, "heads": heads, "layers": 2}
    row = 3 * 2048 * d * 2
    assert sizing.activation_bytes(**size) == (34 + term) * row
    assert sizing.activation_bytes(**size, recompute="attention") == 34 * row
    assert sizing.activation_bytes(**size, recompute="blocks") == 2 * row


def test_an_unknown_way_to_recompute_is_refused():
    with pytest.raises(ValueError, match="recompute must be one of nothing, attention, blocks"):
        sizing.activation_bytes(n=1, t=1, d=1, heads=1, layers=1, recompute="all")
