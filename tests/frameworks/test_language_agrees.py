"""The models of text in labkit, PyTorch and Keras: equal weights, equal logits and gradients."""

import numpy as np
import pytest

from labkit import models, ops, sizing

torch = pytest.importorskip("torch")

pytest.importorskip("keras")

from labkit.frameworks import keras_models, torch_models  # noqa: E402  (they need both)

N, T, S = 3, 5, 7  # and vocabularies of 11 and 13, widths of 12 and 10, 2 layers, 3 heads
GPT = models.GPTConfig(vocabulary=11, context=8, d=12, layers=2, heads=3)
BERT = models.BERTConfig(vocabulary=11, context=8, d=12, layers=2, heads=3)
PAIR = models.TransformerConfig(13, 11, d=12, layers=2, heads=3, hidden=10)
LM = {"vocabulary": 11, "d": 6, "hidden": 10, "layers": 2}
MODELS = {
    "rnn": ("RecurrentLM", (), {**LM, "kind": "rnn"}),
    "lstm": ("RecurrentLM", (), LM),
    "gru": ("RecurrentLM", (), {**LM, "kind": "gru"}),
    "gpt": ("GPT", (GPT,), {}),
    "bert": ("BERT", (BERT,), {}),
    "transformer": ("Transformer", (PAIR,), {}),
}
LENGTHS = [7, 4, 1]
DTYPES = {np.float32: 2e-5, np.float64: 1e-10}


def build(module, name, seed, dtype):
    kind, arguments, sizes = MODELS[name]
    rng = np.random.default_rng(seed)
    return getattr(module, kind)(*arguments, rng=rng, dtype=dtype, **sizes)


def ids(t, k, seed):
    return np.random.default_rng(seed).integers(k, size=(N, t))


def logits_of(name, model, convert):
    """The logits of our model or of PyTorch's: the calls are the same."""
    target = convert(ids(T, 11, 1))
    if name == "bert":
        text, segments = convert(ids(S, 11, 2)), convert(ids(S, 2, 3))
        states, pooled = model(text, segments, lengths=LENGTHS)
        return model.token_logits(states)[:, :1] + pooled.sum() * 0.1
    if name == "transformer":
        return model(convert(ids(S, 13, 2)), target, lengths=LENGTHS)
    return model(target)


def scattered(model, seed=2):
    """Other numbers everywhere: biases start at zero, and a GRU's second one must count too."""
    rng = np.random.default_rng(seed)
    state = {
        k: rng.normal(0.05, 0.3, a.shape).astype(a.dtype) for k, a in model.state_dict().items()
    }
    model.load_state_dict(state)
    return state


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: d.__name__)
@pytest.mark.parametrize("name", MODELS)
def test_torch_gives_the_same_logits_loss_and_gradients(name, dtype):
    ours, theirs = build(models, name, 0, dtype), build(torch_models, name, 5, dtype)
    state = scattered(ours)
    torch_models.load_state(theirs, state)
    logits, their_logits = (
        logits_of(name, model, convert)
        for model, convert in ((ours, np.asarray), (theirs, torch.tensor))
    )
    tolerance = {"rtol": 0, "atol": DTYPES[dtype]}
    assert logits.dtype == dtype
    np.testing.assert_allclose(logits.data, their_logits.detach().numpy(), **tolerance)

    targets = ids(logits.shape[1], 11, 4)
    loss = ops.cross_entropy(logits, targets)
    their_loss = torch.nn.functional.cross_entropy(
        their_logits.reshape(-1, 11), torch.tensor(targets).reshape(-1)
    )
    loss.backward()
    their_loss.backward()
    assert loss.item() == pytest.approx(their_loss.item(), abs=DTYPES[dtype])
    for parameter in ours.parameters():
        parameter.data = parameter.grad
    moved = torch_models.load_state(build(torch_models, name, 0, dtype), ours.state_dict())
    for (key, gradient), parameter in zip(
        moved.state_dict().items(), theirs.parameters(), strict=True
    ):
        if "bias_hh" in key:  # the second bias has a gradient in PyTorch, and is not ours
            continue
        np.testing.assert_allclose(
            gradient.numpy(), parameter.grad.numpy(), err_msg=key, **tolerance
        )


@pytest.mark.filterwarnings("ignore::UserWarning:torch")  # about lists, inside Keras
@pytest.mark.parametrize("name", ["rnn", "lstm", "gru"])
def test_keras_gives_the_same_logits_and_gradients(name):
    """In float32 alone: on the torch backend Keras multiplies float64 matrices in float32 too."""
    ours, theirs = build(models, name, 0, np.float32), build(keras_models, name, 5, np.float32)
    state = scattered(ours)
    keras_models.load_state(theirs, state)
    text, targets = ids(T, 11, 1), ids(T, 11, 4)
    logits, their_logits = ours(text), theirs(torch.tensor(text))
    np.testing.assert_allclose(logits.data, their_logits.detach().numpy(), rtol=0, atol=2e-5)

    ops.cross_entropy(logits, targets).backward()
    torch.nn.functional.cross_entropy(
        their_logits.reshape(-1, 11), torch.tensor(targets).reshape(-1)
    ).backward()
    for parameter in ours.parameters():
        parameter.data = parameter.grad
    moved = keras_models.load_state(build(keras_models, name, 0, np.float32), ours.state_dict())
    for gradient, weight in zip(moved.trainable_weights, theirs.trainable_weights, strict=True):
        gradient, their = gradient.value.detach().numpy(), weight.value.grad.numpy()
        if len(their) == 2:  # a GRU's two biases: the second is ours for its proposal alone
            gradient, their = gradient[:, -10:], their[:, -10:]
        np.testing.assert_allclose(gradient, their, rtol=0, atol=2e-5, err_msg=weight.path)


@pytest.mark.parametrize("name", MODELS)
def test_the_same_rng_starts_from_the_same_weights(name):
    first, same, other = (
        logits_of(name, build(module, name, seed, np.float32), convert)
        for module, seed, convert in (
            (models, 3, np.asarray),
            (torch_models, 3, torch.tensor),
            (torch_models, 4, torch.tensor),
        )
    )
    np.testing.assert_allclose(first.data, same.detach().numpy(), rtol=0, atol=2e-5)
    assert np.abs(first.data - other.detach().numpy()).max() > 1e-3


@pytest.mark.parametrize("name", ["gpt", "bert", "transformer"])
def test_both_have_as_many_parameters(name):
    ours, theirs = build(models, name, 0, np.float32), build(torch_models, name, 0, np.float32)
    count = sum(p.size for p in ours.parameters())
    assert count == sum(p.numel() for p in theirs.parameters())
    if name == "gpt":
        assert count == sizing.gpt_parameters(vocabulary=11, context=8, d=12, layers=2)
    if name == "bert":
        assert count == sizing.bert_parameters(vocabulary=11, context=8, d=12, layers=2)


def test_the_published_sizes_by_formula():
    gpt, bert = models.GPTConfig(), models.BERTConfig()
    sizes = {"vocabulary": gpt.vocabulary, "context": gpt.context}
    assert sizing.gpt_parameters(d=gpt.d, layers=gpt.layers, **sizes) == 124_439_808
    sizes = {"vocabulary": bert.vocabulary, "context": bert.context}
    assert sizing.bert_parameters(d=bert.d, layers=bert.layers, **sizes) == 109_482_240


def test_torch_refuses_a_state_that_does_not_fit():
    state = build(models, "gpt", 0, np.float32).state_dict()
    model = build(torch_models, "gpt", 0, np.float32)
    with pytest.raises(RuntimeError, match="Missing key"):
        torch_models.load_state(model, {k: v for k, v in state.items() if k != "body.norm.bias"})
    wrong = {"positions.weight": np.zeros((9, 12), np.float32)}
    with pytest.raises(RuntimeError, match="size mismatch"):
        torch_models.load_state(model, state | wrong)


def test_dropout_in_torch_is_for_training_only():
    sizes = {**LM, "dropout": 0.5}
    model = torch_models.RecurrentLM(rng=np.random.default_rng(0), **sizes)
    text = torch.tensor(ids(T, 11, 1))
    assert (model(text) != model(text)).any()
    model.eval()
    assert (model(text) == model(text)).all()
