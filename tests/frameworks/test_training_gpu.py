"""The loop on a GPU: short types learn what float32 learns, and a stop changes no bit there."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the loop is PyTorch's, which is not installed")

from torch.nn import functional  # noqa: E402  (they need it)
from trainings import Net, blobs, equal, generator, seed_all, train  # noqa: E402

from labkit import models  # noqa: E402
from labkit.frameworks import torch_models  # noqa: E402
from labkit.frameworks.torch_training import Examples, Windows, checkpoint, evaluate, fit  # noqa: E402

pytestmark = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="there is no GPU that PyTorch sees by the name cuda"
)


def network(seed=1, **changes):
    return Net(seed, dtype=torch.float32, **changes).to("cuda")


def moved(model):
    return {name: tensor.cpu() for name, tensor in model.state_dict().items()}


def gpt_losses(precision, **changes):
    """The losses of three epochs of a small GPT on a text that repeats."""
    config = models.GPTConfig(vocabulary=7, context=16, d=24, layers=2, heads=3)
    model = torch_models.GPT(config, rng=generator()).to("cuda")
    data = Windows(np.arange(1200) % 7, context=16, batch_size=8)
    history = fit(
        model,
        data,
        loss=lambda out, y: functional.cross_entropy(out.flatten(0, 1), y.flatten()),
        optimizer=torch.optim.AdamW(model.parameters(), lr=3e-3, fused=True),
        rng=generator(1),
        epochs=3,
        clip=1.0,
        unit="tokens",
        precision=precision,
        **changes,
    )
    return history["loss"]


def test_the_gpu_learns_what_the_cpu_learns():
    expected, _, history = train(Net(dtype=torch.float32))
    model, _, on_gpu = train(network())
    assert on_gpu["loss"] == pytest.approx(history["loss"], abs=1e-4)
    for name, tensor in moved(model).items():
        torch.testing.assert_close(tensor, expected.state_dict()[name], rtol=0, atol=1e-3)


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_short_types_learn_what_float32_learns(precision):
    """To two hundredths of the loss: bfloat16 has eight bits, which is four thousandths."""
    assert gpt_losses(precision) == pytest.approx(gpt_losses("float32"), rel=0.02)


def test_accumulation_is_the_same_batch():
    assert gpt_losses("float32", accumulate=3) == pytest.approx(gpt_losses("float32"), abs=1e-4)


def test_compiled_is_the_same_model():
    """Whether it compiles here or says in a sentence that it does not."""
    compiled = gpt_losses("float32", compiled=True)
    assert compiled == pytest.approx(gpt_losses("float32"), abs=1e-3)


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
def test_a_stopped_training_goes_on_to_the_same_bits(precision, tmp_path):
    """Dropout draws from the GPU's own generator, whose state is in the file too."""

    def run(name, seed, **changes):
        model = network(seed, dropout=0.3)
        seed_all(seed)
        path = tmp_path / name
        train(model, checkpoint=path, precision=precision, **changes)
        return checkpoint.read(path)

    whole = run("whole", 1)
    run("parts", 1, steps=7)
    assert equal(run("parts", 4, resume=True), whole)


def test_what_the_cpu_has_begun_the_gpu_can_finish(tmp_path):
    path = tmp_path / "run.pt"
    _, _, expected = train(Net(dtype=torch.float32))
    train(Net(dtype=torch.float32), checkpoint=path, steps=7)
    _, _, history = train(network(5), checkpoint=path, resume=True)
    assert history["loss"] == pytest.approx(expected["loss"], abs=1e-4)


def test_evaluate_measures_what_the_cpu_measures():
    data = Examples(*blobs(), batch_size=7)
    expected = evaluate(Net(dtype=torch.float32), data, loss=functional.cross_entropy)
    found = evaluate(network(), data, loss=functional.cross_entropy)
    assert found == pytest.approx(expected, abs=1e-5)


def test_a_loss_that_is_not_finite_is_found_within_ten_steps_and_before_the_file(tmp_path):
    path, calls = tmp_path / "run.pt", iter(range(99))

    def loss(out, y):
        return functional.cross_entropy(out, y) * (np.nan if next(calls) == 7 else 1)

    with pytest.raises(FloatingPointError, match="the loss is nan"):
        train(network(), loss=loss, checkpoint=path)
    assert next(calls) <= 7 + 10
    assert checkpoint.read(path)["place"]["step"] == 5
