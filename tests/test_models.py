"""The chapters' networks: their sizes, their outputs, their start, and that they learn."""

import numpy as np
import pytest

from labkit import datasets, models, ops, optim, training
from labkit.gradcheck import numerical_gradient, relative_error


def rng(seed=0):
    return np.random.default_rng(seed)


NETWORKS = {"digits_mlp": 101_770, "digits_cnn": 93_322}


@pytest.mark.parametrize(("name", "count"), NETWORKS.items())
def test_digit_networks_have_the_sources_size_and_give_logits(name, count):
    model = getattr(models, name)(rng=rng())
    assert sum(p.size for p in model.parameters()) == count
    logits = model(rng(1).normal(size=(3, 1, 28, 28)).astype(np.float32))
    assert logits.shape == (3, 10)
    assert logits.dtype == np.float32
    assert (logits.data < 0).any()  # no probabilities
    assert model(np.zeros((0, 1, 28, 28), np.float32)).shape == (0, 10)


def test_the_mlp_takes_flat_images_too():
    model, x = models.digits_mlp(rng=rng()), rng(1).normal(size=(3, 784)).astype(np.float32)
    np.testing.assert_array_equal(model(x).data, model(x.reshape(3, 1, 28, 28)).data)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_seed_is_a_model(name):
    make = getattr(models, name)
    first, same, other = (make(rng=rng(seed)).state_dict() for seed in (4, 4, 5))
    weights = [key for key in first if key.endswith("weight")]
    assert all(np.array_equal(first[key], same[key]) for key in first)
    assert all((first[key] != other[key]).any() for key in weights)


def test_an_mlp_by_hand():
    model = models.mlp((2, 2, 1), rng=rng(), dtype=np.float64)
    model.load_state_dict(
        {"0.weight": [[1, -1], [2, 1]], "0.bias": [0, 1], "2.weight": [[3], [5]], "2.bias": [10]}
    )
    # x = (1, 2): hidden (1 + 4, -1 + 2 + 1) = (5, 2), out 15 + 10 + 10 = 35
    # x = (-2, 0): hidden (-2, 3), of which ReLU keeps (0, 3), out 15 + 10 = 25
    assert model(np.array([[1.0, 2.0], [-2.0, 0.0]])).numpy().tolist() == [[35], [25]]


def test_the_last_layer_has_no_relu_and_two_sizes_are_one_layer():
    assert len(models.mlp((3, 2), rng=rng())) == 1
    assert [type(m).__name__ for m in models.mlp((4, 3, 3, 2), rng=rng())] == [
        "Linear",
        "ReLU",
        "Linear",
        "ReLU",
        "Linear",
    ]


@pytest.mark.parametrize("sizes", [(), (3,)])
def test_an_mlp_needs_an_input_and_an_output(sizes):
    with pytest.raises(ValueError, match="sizes must name at least an input and an output"):
        models.mlp(sizes, rng=rng())


def test_gradients_of_a_whole_cnn_are_the_numerical_ones():
    """Through every layer at once: of each parameter, some elements, chosen at random."""
    model = models.digits_cnn(rng=rng(), dtype=np.float64)
    x, y = rng(1).normal(size=(2, 1, 28, 28)), np.array([3, 8])
    ops.cross_entropy(model(x), y).backward()
    for parameter in model.parameters():
        chosen = rng(2).choice(parameter.size, size=4, replace=False)
        start = parameter.data

        def loss(values, parameter=parameter, start=start, chosen=chosen):
            parameter.data = start.copy()
            parameter.data.flat[chosen] = values
            return ops.cross_entropy(model(x), y).item()

        numeric = numerical_gradient(loss, start.flat[chosen])
        parameter.data = start
        assert relative_error(numeric, parameter.grad.flat[chosen]) < 1e-5


def test_the_cnn_learns_real_digits():
    """One pass over 1,000 of the bundled images, tested on the 1,000 kept apart."""
    digits = datasets.load("mnist")
    x, x_test = (a[:, None] / np.float32(255) for a in (digits.x_train[:1000], digits.x_test))
    model = models.digits_cnn(rng=rng())
    adam = optim.Adam(model.parameters(), lr=0.002)
    training.fit(
        model,
        x,
        digits.y_train[:1000],
        loss=ops.cross_entropy,
        optimizer=adam,
        epochs=2,
        batch_size=25,
        rng=rng(1),
    )
    measured = training.evaluate(model, x_test, digits.y_test, loss=ops.cross_entropy)
    assert measured["accuracy"] > 0.85
