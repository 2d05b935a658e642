"""LoRA: what is merged computes the same, what is frozen stays, what is counted is published."""

import numpy as np
import pytest

from labkit import nn
from labkit.gradcheck import numerical_gradient, relative_error
from labkit.lora import LoRALinear, lora_parameters
from labkit.optim import SGD


def layer(rng, *, bias=True, dtype=np.float64, learned=True):
    made = LoRALinear(nn.Linear(6, 5, rng=rng, bias=bias, dtype=dtype), rank=2, alpha=3, rng=rng)
    if learned:
        made.b.data = rng.normal(size=(2, 5)).astype(dtype)
    if bias:
        made.bias.data = rng.normal(size=5).astype(dtype)
    return made


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_merged_computes_the_same(bias, dtype, rng):
    lora = layer(rng, bias=bias, dtype=dtype)
    x = rng.normal(size=(2, 3, 6)).astype(dtype)
    merged = lora.merged()
    tolerance = {"rtol": 1e-5, "atol": 1e-5} if dtype == np.float32 else {"rtol": 1e-12}
    np.testing.assert_allclose(merged(x).data, lora(x).data, **tolerance)
    assert lora(x).dtype == merged(x).dtype == dtype
    assert sum(p.size for p in merged.parameters()) == 30 + 5 * bias


def test_the_formula_by_numpy(rng):
    lora, x = layer(rng), rng.normal(size=(4, 6))
    w = lora.weight.data + 1.5 * np.einsum("ir,ro->io", lora.a.data, lora.b.data)
    np.testing.assert_allclose(lora(x).data, np.einsum("ni,io->no", x, w) + lora.bias.data)


def test_nothing_changes_at_the_start(rng):
    linear = nn.Linear(6, 5, rng=rng)
    lora = LoRALinear(linear, rank=3, alpha=8, rng=rng)
    x = rng.normal(size=(4, 6)).astype(np.float32)
    np.testing.assert_array_equal(lora(x).data, linear(x).data)
    assert lora.a.data.any()


def test_only_the_thin_matrices_learn_and_all_is_saved(rng):
    lora = layer(rng)
    before = lora.state_dict()
    assert list(before) == ["weight", "bias", "a", "b"]
    assert [name for name, _ in lora.named_parameters()] == ["a", "b"]
    (lora(rng.normal(size=(4, 6))) ** 2).sum().backward()
    SGD(lora.parameters(), lr=0.1).step()
    moved = [name for name, array in lora.state_dict().items() if (array != before[name]).any()]
    assert moved == ["a", "b"]


def test_the_given_layer_is_copied(rng):
    linear = nn.Linear(6, 5, rng=rng)
    lora = LoRALinear(linear, rank=1, alpha=1, rng=rng)
    linear.weight.data += 1
    linear.bias.data += 1
    assert (lora.weight.data != linear.weight.data).all()
    assert (lora.bias.data != linear.bias.data).all()


@pytest.mark.parametrize("name", ["a", "b"])
def test_gradients_are_difference_quotients(name, rng):
    lora, x = layer(rng), rng.normal(size=(4, 6))
    parameter = getattr(lora, name)
    (lora(x) ** 2).sum().backward()
    start = parameter.data

    def loss(array):
        parameter.data = array
        return (lora(x).data ** 2).sum()

    assert relative_error(parameter.grad, numerical_gradient(loss, start)) < 1e-6


@pytest.mark.parametrize(("rank", "millions"), [(1, 4.7), (8, 37.7)])
def test_gpt_3_learns_as_many_as_published(rank, millions):
    """Queries and values of 96 layers. [Hu et al. 2022, table 4]"""
    count = 96 * 2 * lora_parameters(12288, 12288, rank=rank)
    assert count / 1e6 == pytest.approx(millions, abs=0.05)


def test_the_count_is_the_layers(rng):
    assert sum(p.size for p in layer(rng).parameters()) == lora_parameters(6, 5, rank=2) == 22


@pytest.mark.parametrize("rank", [0, 6])
def test_a_rank_is_no_more_than_full(rank, rng):
    with pytest.raises(ValueError, match=f"rank must be in 1 to 5; got {rank}"):
        LoRALinear(nn.Linear(6, 5, rng=rng), rank=rank, alpha=1, rng=rng)


def test_full_rank_is_allowed(rng):
    assert repr(LoRALinear(nn.Linear(6, 5, rng=rng), rank=5, alpha=1, rng=rng)) == (
        "LoRALinear(6, 5, rank=5)"
    )
