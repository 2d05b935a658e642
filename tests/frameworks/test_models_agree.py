"""The same network in labkit, PyTorch and Keras: equal weights give equal logits and gradients."""

import os

import numpy as np
import pytest

from labkit import models, ops

torch = pytest.importorskip("torch")
os.environ.setdefault("KERAS_BACKEND", "torch")
pytest.importorskip("keras")

from labkit.frameworks import keras_models, torch_models  # noqa: E402  (they need both)

# Sizes are all different, so that no two axes can be mistaken for each other.
NETWORKS = {
    "mlp": ((7, 5, 4, 3), (6, 7)),
    "digits_mlp": (None, (6, 1, 28, 28)),
    "digits_cnn": (None, (6, 1, 28, 28)),
}
DTYPES = {np.float32: 1e-5, np.float64: 1e-10}


def build(module, name, seed, dtype):
    sizes = NETWORKS[name][0]
    arguments = () if sizes is None else (sizes,)
    return getattr(module, name)(*arguments, rng=np.random.default_rng(seed), dtype=dtype)


def batch(name, dtype, seed=1):
    rng = np.random.default_rng(seed)
    shape = NETWORKS[name][1]
    k = 3 if name == "mlp" else 10
    return rng.normal(size=shape).astype(dtype), rng.integers(k, size=shape[0])


def random_state(model, seed):
    """A state in which every bias differs too: the constructors start them all at zero."""
    rng = np.random.default_rng(seed)
    return {
        name: rng.normal(0, 0.1, size=array.shape).astype(array.dtype)
        for name, array in model.state_dict().items()
    }


def our_results(name, state, x, y):
    model = build(models, name, 0, x.dtype)
    model.load_state_dict(state)
    logits = model(x)
    loss = ops.cross_entropy(logits, y)
    loss.backward()
    return logits.data, loss.item(), {n: p.grad for n, p in model.named_parameters()}


def in_torch_layout(gradients):
    return {name: g.T if g.ndim == 2 else g for name, g in gradients.items()}


def in_keras_layout(gradients):
    return [np.moveaxis(g, (0, 1), (3, 2)) if g.ndim == 4 else g for g in gradients.values()]


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: d.__name__)
@pytest.mark.parametrize("name", NETWORKS)
def test_torch_gives_the_same_logits_loss_and_gradients(name, dtype):
    x, y = batch(name, dtype)
    state = random_state(build(models, name, 0, dtype), seed=2)
    logits, loss, gradients = our_results(name, state, x, y)

    model = torch_models.load_state(build(torch_models, name, 5, dtype), state)
    their_logits = model(torch.tensor(x))
    their_loss = torch.nn.functional.cross_entropy(their_logits, torch.tensor(y))
    their_loss.backward()

    tolerance = {"rtol": 0, "atol": DTYPES[dtype]}
    assert logits.dtype == dtype
    np.testing.assert_allclose(logits, their_logits.detach().numpy(), **tolerance)
    assert loss == pytest.approx(their_loss.item(), abs=DTYPES[dtype])
    theirs = {n: p.grad.numpy() for n, p in model.named_parameters()}
    assert list(theirs) == list(gradients)
    for parameter, gradient in in_torch_layout(gradients).items():
        np.testing.assert_allclose(gradient, theirs[parameter], **tolerance)


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: d.__name__)
@pytest.mark.parametrize("name", NETWORKS)
def test_keras_gives_the_same_logits_loss_and_gradients(name, dtype):
    x, y = batch(name, dtype)
    state = random_state(build(models, name, 0, dtype), seed=2)
    logits, loss, gradients = our_results(name, state, x, y)

    model = keras_models.load_state(build(keras_models, name, 5, dtype), state)
    their_logits = model(torch.tensor(x))
    assert their_logits.dtype == getattr(torch, np.dtype(dtype).name)
    their_loss = torch.nn.functional.cross_entropy(their_logits, torch.tensor(y))
    their_loss.backward()

    # On the torch backend Keras multiplies float64 matrices in float32, so both dtypes get this:
    tolerance = {"rtol": 0, "atol": 1e-5}
    np.testing.assert_allclose(logits, their_logits.detach().numpy(), **tolerance)
    assert loss == pytest.approx(their_loss.item(), abs=1e-5)
    theirs = [w.value.grad.numpy() for w in model.trainable_weights]
    for ours, their in zip(in_keras_layout(gradients), theirs, strict=True):
        np.testing.assert_allclose(ours, their, **tolerance)


def test_keras_convolutions_agree_in_float64():
    """The part of the network before the first matrix product, where Keras stays in float64."""
    x, _ = batch("digits_cnn", np.float64)
    ours = build(models, "digits_cnn", 0, np.float64)
    theirs = build(keras_models, "digits_cnn", 0, np.float64)
    out, their_out = x, torch.tensor(x)
    for layer, their_layer in list(zip(ours, theirs.layers, strict=True))[:9]:
        out, their_out = layer(out), their_layer(their_out)
    assert type(layer).__name__ == "Flatten"
    np.testing.assert_allclose(out.data, their_out.detach().numpy(), rtol=0, atol=1e-10)


@pytest.mark.parametrize("framework", [torch_models, keras_models], ids=["torch", "keras"])
@pytest.mark.parametrize("name", NETWORKS)
def test_the_same_rng_starts_from_the_same_weights(name, framework):
    x, _ = batch(name, np.float32)
    ours = build(models, name, 3, np.float32)(x).data
    theirs = build(framework, name, 3, np.float32)(torch.tensor(x)).detach().numpy()
    other = build(framework, name, 4, np.float32)(torch.tensor(x)).detach().numpy()
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5)
    assert np.abs(ours - other).max() > 0.01


def parameter_count(model):
    return sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize(("name", "count"), [("digits_mlp", 101_770), ("digits_cnn", 93_322)])
def test_all_three_have_the_sources_number_of_parameters(name, count):
    assert sum(p.size for p in build(models, name, 0, np.float32).parameters()) == count
    assert parameter_count(build(torch_models, name, 0, np.float32)) == count
    assert build(keras_models, name, 0, np.float32).count_params() == count


def test_the_constructors_describe_the_same_layers_in_the_same_order():
    ours = [type(layer).__name__ for layer in build(models, "digits_cnn", 0, np.float32)]
    in_torch = [type(layer).__name__ for layer in build(torch_models, "digits_cnn", 0, np.float32)]
    in_keras = [type(x).__name__ for x in build(keras_models, "digits_cnn", 0, np.float32).layers]
    assert in_torch == ours
    renamed = {"Conv2d": "Conv2D", "MaxPool2d": "MaxPooling2D", "Linear": "Dense"}
    assert in_keras == [renamed.get(layer, layer) for layer in ours]


def test_flatten_told_channels_first_would_read_the_image_in_another_order():
    """Why the Keras models leave Flatten at channels_last: a (2, 3) image per channel shows it."""
    keras = pytest.importorskip("keras")
    x = torch.arange(12.0).reshape(1, 2, 2, 3)
    moved = keras.layers.Flatten(data_format="channels_first")(x).numpy()[0]
    plain = keras.layers.Flatten(data_format="channels_last")(x).numpy()[0]
    assert plain.tolist() == list(range(12))
    assert moved.tolist() == [0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11]


def test_torch_refuses_a_state_that_does_not_fit():
    state = build(models, "digits_mlp", 0, np.float32).state_dict()
    model = build(torch_models, "digits_mlp", 0, np.float32)
    with pytest.raises(RuntimeError, match="Missing key"):
        torch_models.load_state(model, {k: v for k, v in state.items() if k != "1.bias"})
    with pytest.raises(RuntimeError, match="size mismatch"):
        torch_models.load_state(model, state | {"3.weight": np.zeros((10, 128), np.float32)})


def test_keras_refuses_a_state_that_does_not_fit():
    state = build(models, "digits_mlp", 0, np.float32).state_dict()
    model = build(keras_models, "digits_mlp", 0, np.float32)
    with pytest.raises(ValueError, match="weights"):
        keras_models.load_state(model, {k: v for k, v in state.items() if k != "1.bias"})
    with pytest.raises(ValueError, match="shape"):
        keras_models.load_state(model, state | {"3.weight": np.zeros((10, 128), np.float32)})


@pytest.mark.parametrize("name", NETWORKS)
def test_weights_survive_the_way_through_a_file_into_torch_and_keras(name, tmp_path):
    from labkit import training

    trained = build(models, name, 8, np.float32)
    trained.load_state_dict(random_state(trained, seed=9))
    training.save(tmp_path / "net.npz", trained)
    copy = build(models, name, 1, np.float32)
    training.load(tmp_path / "net.npz", copy)
    x, _ = batch(name, np.float32)
    expected = trained(x).data
    np.testing.assert_array_equal(copy(x).data, expected)

    in_torch = torch_models.load_state(build(torch_models, name, 1, np.float32), copy.state_dict())
    torch.save(in_torch.state_dict(), tmp_path / "net.pt")
    again = build(torch_models, name, 2, np.float32)
    again.load_state_dict(torch.load(tmp_path / "net.pt", weights_only=True))
    np.testing.assert_allclose(again(torch.tensor(x)).detach().numpy(), expected, rtol=0, atol=1e-5)
