"""Factorizations against the double sums that they stand for, PyTorch, and by learning."""

from itertools import combinations

import numpy as np
import pytest
from agreement import (
    assert_gradients_are_numerical,
    assert_torch_agrees,
    generator,
    learned,
    shake,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit import models, ops, optim
from labkit.autograd import Tensor
from labkit.gradcheck import numerical_gradient, relative_error

USERS, ITEMS = np.array([0, 4, 4, 2, 1]), np.array([6, 0, 3, 3, 6])
IDS = np.array([[4, 6, 2], [0, 0, 0], [3, 6, 1], [4, 2, 2]])
MAKE = {
    "MatrixFactorization": ((5, 7), {"k": 3, "mean": 3.5}),
    "FactorizationMachine": ((6,), {"k": 3}),
    "DeepFM": (((5, 7, 3),), {"k": 4, "hidden": (8, 2)}),
}
COUNTS = {
    "MatrixFactorization": (5 + 7) * (3 + 1),
    "FactorizationMachine": 1 + 6 + 6 * 3,
    "DeepFM": 1 + 15 + 15 * 4 + (12 * 8 + 8) + (8 * 2 + 2) + (2 + 1),
}


def make(name, module=models, seed=0, dtype=np.float64):
    arguments, sizes = MAKE[name]
    return getattr(module, name)(*arguments, rng=generator(seed), dtype=dtype, **sizes)


def inputs(name, dtype=np.float64):
    if name == "FactorizationMachine":
        return (generator(1).normal(size=(4, 6)).astype(dtype),)
    return (USERS, ITEMS) if name == "MatrixFactorization" else (IDS,)


def test_a_rating_by_hand():
    model = make("MatrixFactorization")
    state = {name: np.zeros_like(array) for name, array in model.state_dict().items()}
    state["users.weight"][4] = 1, 2, 3
    state["items.weight"][3] = 10, -1, 2
    state["user_bias.weight"][4], state["item_bias.weight"][3] = 0.5, -0.25
    model.load_state_dict(state | {"mean": np.array(3.5)})
    # 3.5 + 0.5 - 0.25 + 10 - 2 + 6; a user and an item of zeros are the mean.
    assert model(np.array([4, 0]), np.array([3, 0])).data.tolist() == [17.75, 3.5]
    assert model.penalty(np.array([4]), np.array([3])).item() == 14 + 105 + 0.25 + 0.0625


def test_the_mean_is_kept_but_not_learned():
    model = make("MatrixFactorization")
    assert "mean" in model.state_dict()
    assert "mean" not in dict(model.named_parameters())


@settings(max_examples=40)
@given(st.integers(1, 4), st.integers(0, 6), st.integers(1, 5), st.integers(0, 99))
def test_the_short_sum_is_the_sum_over_all_pairs(n, m, k, seed):
    e = generator(seed).normal(size=(n, m, k))
    slow = [sum(float(row[i] @ row[j]) for i, j in combinations(range(m), 2)) for row in e]
    np.testing.assert_allclose(models.pairwise_interactions(e), slow, rtol=0, atol=1e-12)


def test_the_gradient_of_the_short_sum():
    """That of the long sum: each vector gets the sum of all the others."""
    e = Tensor(generator(1).normal(size=(2, 4, 3)), requires_grad=True)
    models.pairwise_interactions(e).sum().backward()
    others = e.data.sum(axis=1, keepdims=True) - e.data
    np.testing.assert_allclose(e.grad, others, rtol=0, atol=1e-12)

    def total(values):
        return models.pairwise_interactions(values).sum()

    assert relative_error(numerical_gradient(total, e.data), e.grad) < 1e-6


def test_a_factorization_machine_is_its_equation():
    model = shake(make("FactorizationMachine"))
    state, (x,) = model.state_dict(), inputs("FactorizationMachine")
    v = state["vectors.weight"]
    for row, got in zip(x, model(x).data, strict=True):
        pairs = sum(v[i] @ v[j] * row[i] * row[j] for i, j in combinations(range(6), 2))
        expected = state["bias"][0] + row @ state["linear.weight"][:, 0] + pairs
        assert got == pytest.approx(expected, abs=1e-12)


def test_a_deepfm_is_a_factorization_machine_of_one_hot_fields_and_a_network():
    model = shake(make("DeepFM"))
    machine = models.FactorizationMachine(15, k=4, rng=generator(), dtype=np.float64)
    machine.load_state_dict({n: a for n, a in model.state_dict().items() if "deep" not in n})
    fields = [np.eye(size)[IDS[:, j]] for j, size in enumerate((5, 7, 3))]
    x = np.concatenate(fields, axis=1)  # (n, 15)
    vectors = model.state_dict()["vectors.weight"]
    looked_up = np.concatenate(
        [fields[0] @ vectors[:5], fields[1] @ vectors[5:12], fields[2] @ vectors[12:]], axis=1
    )
    expected = machine(x).data + model.deep(looked_up).data[:, 0]
    np.testing.assert_allclose(model(IDS).data, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", MAKE)
def test_pytorch_agrees(name):
    pytest.importorskip("torch")
    from labkit.frameworks import torch_models

    assert_torch_agrees(shake(make(name)), make(name, torch_models, seed=3), *inputs(name))


@pytest.mark.parametrize("name", MAKE)
def test_the_same_rng_is_the_same_start_in_pytorch(name):
    pytest.importorskip("torch")
    from labkit.frameworks import torch_models

    ours, theirs = make(name).state_dict(), make(name, torch_models).state_dict()
    for key in ("users.weight", "vectors.weight"):
        if key in ours:
            np.testing.assert_array_equal(ours[key], theirs[key].numpy())
            assert (ours[key] != make(name, seed=1).state_dict()[key]).all()


@pytest.mark.parametrize("name", MAKE)
def test_gradients_sizes_and_float32(name):
    model, x = shake(make(name)), inputs(name)
    y = generator(3).normal(size=len(x[0]))
    assert_gradients_are_numerical(model, lambda: ops.mean_squared_error(model(*x), y))
    assert sum(p.size for p in model.parameters()) == COUNTS[name]
    small = make(name, dtype=np.float32)
    out = small(*inputs(name, np.float32))
    out.sum().backward()
    assert out.dtype == np.float32
    assert {p.grad.dtype for p in small.parameters()} == {np.dtype(np.float32)}


def test_a_factorization_finds_ratings_that_it_has_not_seen():
    """Ratings that are of two factors, a quarter kept apart: the error falls there too."""
    rng = generator(4)
    table = 3 + rng.normal(size=(12, 2)) @ rng.normal(size=(2, 10))
    users, items = (a.ravel() for a in np.indices(table.shape))
    seen = rng.random(users.size) < 0.75
    mean = table[users[seen], items[seen]].mean()
    model = models.MatrixFactorization(12, 10, k=2, mean=mean, rng=rng, dtype=np.float64)
    adam = optim.Adam(model.parameters(), lr=0.05)

    def error(which):
        rows, columns = users[which], items[which]
        return ops.mean_squared_error(model(rows, columns), table[rows, columns])

    before = error(~seen).item()
    _, last = learned(
        model,
        adam,
        lambda: error(seen) + 0.001 * model.penalty(users[seen], items[seen]),
        steps=400,
    )
    assert last < 0.1
    assert error(~seen).item() < before / 4


@pytest.mark.parametrize("name", ["FactorizationMachine", "DeepFM"])
def test_machines_learn_an_interaction_that_no_linear_model_has(name):
    """Yes if two fields of two are equal: each field alone says nothing."""
    ids = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    y = np.array([1.0, 0.0, 0.0, 1.0])
    if name == "DeepFM":
        model, x = models.DeepFM((2, 2), k=2, hidden=(4,), rng=generator(), std=0.3), ids
    else:
        model = models.FactorizationMachine(4, k=2, rng=generator(), std=0.3)
        x = np.eye(4, dtype=np.float32)[ids + np.array([0, 2])].sum(axis=1)
    adam = optim.Adam(model.parameters(), lr=0.05)
    first, last = learned(model, adam, lambda: ops.binary_cross_entropy(model(x), y), steps=150)
    assert first > 0.6
    assert last < 0.1


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"e must have the shape \(n, m, k\); got \(3, 2\)"):
        models.pairwise_interactions(np.ones((3, 2)))
    model = make("DeepFM")
    with pytest.raises(ValueError, match=r"ids must have the shape \(n, 3\); got \(2, 2\)"):
        model(IDS[:2, :2])
    with pytest.raises(ValueError, match=r"ids of field 0 must lie in \[0, 5\); got 5"):
        model(np.array([[5, 0, 0]]))
    with pytest.raises(ValueError, match="ids of field 0 must be whole numbers"):
        model(np.array([[1.0, 0, 0]]))
    with pytest.raises(ValueError, match=r"ids must lie in \[0, 5\); got 5"):
        make("MatrixFactorization")(np.array([5]), np.array([0]))
