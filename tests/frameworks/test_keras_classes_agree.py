"""Keras's counterparts that are classes: equal weights, equal outputs and gradients, in float64.

On the torch backend Keras lowers float64 to float32 in places; here it is not let to.
"""

import numpy as np
import pytest
from agreement import generator, shake
from catalog import K, full_precision, torch

from labkit import models, ops
from labkit.frameworks import keras_models

LENGTHS = np.array([7, 4, 1])
SIZES = {"vocabulary": 11, "context": 8, "d": 12, "layers": 2, "heads": 3}
PAIR = models.TransformerConfig(13, 11, d=12, layers=2, heads=3, hidden=10)


def ids(*shape, k=11, seed=1):
    return generator(seed).integers(k, size=shape)


def numbers(*shape, seed=2):
    return generator(seed).normal(size=shape)


# The arguments of the constructor, the inputs and the settings of a call: no two sizes are alike.
MODELS = {
    "GPT": ((models.GPTConfig(**SIZES),), {}, (ids(3, 5),), {}),
    "BERT": (
        (models.BERTConfig(**SIZES),),
        {},
        (ids(3, 7), ids(3, 7, k=2)),
        {"lengths": LENGTHS},
    ),
    "Transformer": ((PAIR,), {}, (ids(3, 7, k=13), ids(3, 5)), {"lengths": LENGTHS}),
    "VAE": (((7, 5, 2),), {}, (numbers(4, 7),), {"rng": 3}),
    "Denoiser": ((3,), {"hidden": (5,), "time": 6}, (numbers(4, 3), ids(4, k=9)), {}),
    "MatrixFactorization": ((5, 7), {"k": 3, "mean": 3.5}, (ids(6, k=5), ids(6, k=7)), {}),
    "FactorizationMachine": ((6,), {"k": 3}, (numbers(4, 6),), {}),
    "DeepFM": (((5, 7, 3),), {"k": 4, "hidden": (8,)}, (ids(6, 3, k=3),), {}),
    "SpeechRecognizer": (
        (6, 5),
        {"channels": 2, "hidden": 4},
        (numbers(3, 9, 6),),
        {"lengths": np.array([9, 4, 7])},
    ),
}
each_model = pytest.mark.parametrize("name", MODELS)


def make(module, name, seed, dtype=np.float64):
    arguments, sizes, _, _ = MODELS[name]
    return getattr(module, name)(*arguments, rng=generator(seed), dtype=dtype, **sizes)


def outputs(name, model, convert=np.asarray, dtype=np.float64, **changes):
    """All that a call returns, as a tuple; the draws of a VAE start anew each time."""
    _, _, inputs, settings = MODELS[name]
    settings = settings | changes
    settings = {k: generator(v) if k == "rng" else v for k, v in settings.items()}
    inputs = [a.astype(dtype) if a.dtype == np.float64 else a for a in inputs]
    out = model(*map(convert, inputs), **settings)
    return out if isinstance(out, tuple) else (out,)


def array_of(out):
    """The numbers of our tensor or array, or of PyTorch's."""
    if isinstance(out, torch.Tensor):
        return out.detach().numpy()
    return getattr(out, "data", out) if not isinstance(out, np.ndarray) else out


def assert_equal(ours, theirs, **tolerance):
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(array_of(a), array_of(b), **{"rtol": 0, **tolerance})


def gradient_of_all(outs, convert):
    """Of the sum of all outputs times fixed numbers."""
    total = 0
    for i, out in enumerate(outs):
        if not str(out.dtype).endswith(("int64", "int32")):
            total = total + (out * convert(numbers(*out.shape, seed=i))).sum()
    total.backward()


@each_model
def test_equal_weights_give_equal_outputs_and_gradients(name):
    with full_precision():
        ours, theirs = shake(make(models, name, 0)), make(keras_models, name, 5)
        keras_models.load_state(theirs, ours.state_dict())
        outs, their_outs = outputs(name, ours), outputs(name, theirs, torch.tensor)
        assert_equal(outs, their_outs, atol=1e-10)
        gradient_of_all(outs, np.asarray)
        gradient_of_all(their_outs, torch.tensor)
        gradients = ours.state_dict() | {n: p.grad for n, p in ours.named_parameters()}
        moved = keras_models.load_state(make(keras_models, name, 5), gradients)
    assert len(moved.trainable_weights) == len(theirs.trainable_weights)
    for gradient, weight in zip(moved.trainable_weights, theirs.trainable_weights, strict=True):
        gradient, their = gradient.value.detach().numpy(), weight.value.grad.numpy()
        if weight.path.endswith("gru_cell/bias"):  # the second is ours for the proposal alone
            gradient, their = gradient[:, -4:], their[:, -4:]
        np.testing.assert_allclose(gradient, their, rtol=0, atol=1e-9, err_msg=weight.path)


@each_model
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_same_rng_is_the_same_model(name, dtype):
    """In float32 as it is used; of as many numbers, and another rng is another model."""
    ours, theirs = make(models, name, 3, dtype), make(keras_models, name, 3, dtype)
    outs = outputs(name, theirs, torch.tensor, dtype)
    assert outs[0].dtype == getattr(torch, np.dtype(dtype).name)
    assert_equal(outputs(name, ours, dtype=dtype), outs, atol=2e-5)
    other = outputs(name, make(keras_models, name, 4, dtype), torch.tensor, dtype)
    assert np.abs(array_of(other[0]) - array_of(outs[0])).max() > 1e-4
    second_biases = 2 * (12 - 4) if name == "SpeechRecognizer" else 0  # of 12 each, 4 are ours
    assert theirs.count_params() == second_biases + sum(
        array.size for array in ours.state_dict().values()
    )


@pytest.mark.parametrize("name", ["BERT", "Transformer", "SpeechRecognizer"])
def test_lengths_may_be_left_out(name):
    with full_precision():
        ours, theirs = shake(make(models, name, 0)), make(keras_models, name, 5)
        keras_models.load_state(theirs, ours.state_dict())
        outs = outputs(name, theirs, torch.tensor, lengths=None)
    assert_equal(outputs(name, ours, lengths=None), outs, atol=1e-10)


def test_one_text_has_one_segment_and_its_states_have_logits():
    with full_precision():
        ours, theirs = shake(make(models, "BERT", 0)), make(keras_models, "BERT", 5)
        keras_models.load_state(theirs, ours.state_dict())
        states, _ = theirs(torch.tensor(ids(3, 7)))
        logits = theirs.token_logits(states)
    expected = ours.token_logits(ours(ids(3, 7))[0])
    np.testing.assert_allclose(expected.data, logits.detach().numpy(), rtol=0, atol=1e-10)


def test_the_loss_of_a_vae():
    x, mean, log_var = generator().random((4, 7)), numbers(4, 2), numbers(4, 2, seed=3)
    arrays = numbers(4, 7, seed=5), x, mean, log_var
    ours = models.vae_loss(*arrays, beta=3.0)
    with full_precision():
        theirs = keras_models.vae_loss(*map(torch.tensor, arrays), beta=3.0)
    assert ours == pytest.approx(theirs.item(), rel=1e-12)


def test_the_loss_of_what_was_heard():
    """Keras's ctc_loss sums an example's letters, of which ours takes the mean."""
    target, letters = np.array([[1, 3], [2, 0], [4, 4]]), np.array([2, 1, 2])
    with full_precision():
        ours, theirs = (make(m, "SpeechRecognizer", 3) for m in (models, keras_models))
        logits, frames = outputs("SpeechRecognizer", theirs, torch.tensor)
        each = K.ctc_loss(torch.tensor(target), logits, torch.tensor(letters), frames)
    logits, frames = outputs("SpeechRecognizer", ours)
    loss = ops.ctc_loss(logits, target, input_lengths=frames, target_lengths=letters)
    assert loss.item() == pytest.approx((each.detach().numpy() / letters).mean(), rel=1e-10)


@pytest.mark.parametrize("name", ["GPT", "BERT", "Transformer"])
def test_dropout_is_for_training_only(name):
    from dataclasses import replace

    (config,), _, inputs, settings = MODELS[name]
    model = getattr(keras_models, name)(replace(config, dropout=0.5), rng=generator())
    inputs = [torch.tensor(a) for a in inputs]

    def first(**mode):
        out = model(*inputs, **settings, **mode)
        return (out[0] if isinstance(out, tuple) else out).detach().numpy()

    assert (first(training=True) != first(training=True)).any()
    np.testing.assert_array_equal(first(), first())


@pytest.mark.parametrize("name", ["GPT", "FactorizationMachine", "DeepFM"])
def test_keras_trains_them_by_itself(name):
    """Of one input, they can be given to compile and fit; the loss goes down."""
    import keras

    model, (x,) = make(keras_models, name, 0, np.float32), MODELS[name][2]
    if name == "GPT":
        target, loss = ids(3, 5, seed=4), keras.losses.SparseCategoricalCrossentropy(True)
    else:
        target, loss = ids(len(x), k=2, seed=4), keras.losses.BinaryCrossentropy(True)
    x = x.astype(np.float32) if x.dtype == np.float64 else x
    model.compile(keras.optimizers.Adam(0.05), loss)
    history = model.fit(x, target, epochs=8, verbose=0).history["loss"]
    assert history[-1] < 0.8 * history[0]


def test_a_state_that_does_not_fit_is_refused():
    state = make(models, "GPT", 0, np.float32).state_dict()
    model = make(keras_models, "GPT", 0, np.float32)
    with pytest.raises(ValueError, match="weights"):
        keras_models.load_state(model, {k: v for k, v in state.items() if k != "body.norm.bias"})
    wrong = {"positions.weight": np.zeros((9, 12), np.float32)}
    with pytest.raises(ValueError, match="shape"):
        keras_models.load_state(model, state | wrong)
