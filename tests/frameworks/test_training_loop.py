"""The loop in PyTorch: the numbers of a plain loop, whatever it is computed in and by."""

import copy
import io
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the loop is PyTorch's, which is not installed")

from torch import nn  # noqa: E402  (they need it)
from torch.nn import functional  # noqa: E402
from trainings import (  # noqa: E402
    BATCH,
    STEPS,
    Net,
    adamw,
    blobs,
    equal,
    generator,
    settings,
    sgd,
    train,
    warmup,
)

from labkit.dataloader import batches  # noqa: E402
from labkit.frameworks.torch_training import Examples, Windows, evaluate, fit  # noqa: E402
from labkit.progress import ProgressBar  # noqa: E402
from labkit.training import History  # noqa: E402


def weights(model):
    return {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}


def close(first, second, atol):
    for name, tensor in weights(first).items():
        torch.testing.assert_close(weights(second)[name], tensor, rtol=0, atol=atol)


def line(*, dtype=torch.float64, unit_y=1.0, **changes):
    """One weight, 0, and the points (1, 2), (2, 4), (3, 6): the gradient is -56/3."""
    model = nn.Linear(1, 1, bias=False, dtype=dtype)
    nn.init.zeros_(model.weight)
    x, y = np.array([[1.0], [2.0], [3.0]]), np.array([[2.0], [4.0], [6.0]]) * unit_y
    chosen = {
        "loss": functional.mse_loss,
        "optimizer": torch.optim.SGD(model.parameters(), lr=0.03),
        "rng": generator(),
        "epochs": 1,
    }
    history = fit(model, Examples(x, y, batch_size=3), **chosen | changes)
    return model.weight.item(), history


# --- what is computed -------------------------------------------------------------------------


def test_one_step_by_hand():
    w, history = line()
    assert w == pytest.approx(0.03 * 56 / 3)
    assert history == {"loss": [pytest.approx((4 + 16 + 36) / 3)]}  # before the step


def test_the_numbers_of_a_plain_loop_in_pytorch_to_the_last_bit():
    model, _, history = train()
    (x, y), theirs, order = blobs(), Net(), generator(2)
    optimizer, t, losses, hits = adamw(theirs), 0, [], []
    for _ in range(3):
        for part in batches(x, y, batch_size=BATCH, rng=order):
            inputs, targets = map(torch.tensor, part)
            optimizer.param_groups[0]["lr"] = warmup(t)
            out = theirs(inputs)
            loss = functional.cross_entropy(out, targets)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(theirs.parameters(), 0.4)
            optimizer.step()
            t += 1
            losses += [loss.item()] * len(targets)
            hits += (out.argmax(1) == targets).tolist()
    assert equal(weights(model), weights(theirs))
    assert history["loss"] == pytest.approx(
        [np.mean(part) for part in np.split(np.array(losses), 3)]
    )
    assert history["accuracy"] == [np.mean(part) for part in np.split(np.array(hits), 3)]


@pytest.mark.parametrize("accumulate", [2, 3, 4, 9])  # of 5 and 3 rows: pieces of 0, 1, 2 and 3
def test_a_batch_in_pieces_is_the_same_batch(accumulate):
    whole, _, expected = train()
    pieces, _, history = train(accumulate=accumulate)
    close(pieces, whole, 1e-13)
    assert history["accuracy"] == expected["accuracy"]
    assert history["loss"] == pytest.approx(expected["loss"], abs=1e-13)


def test_the_model_sees_pieces_and_not_the_whole():
    model, rows = Net(), []
    model.register_forward_hook(lambda module, args, out: rows.append(len(args[0])))
    train(model, accumulate=2, epochs=1)
    assert rows == [2, 3] * 4 + [1, 2]


def padded(n=6, t=4):
    """Token sequences of many lengths; one row has no target at all, and is a piece of its own."""
    rng = generator()
    x, y = rng.integers(7, size=(n, t)), rng.integers(7, size=(n, t))
    for row, length in enumerate([4, 1, 0, 3, 2, 4]):
        y[row, length:] = -100
    return x, y


def token_loss(out, y):
    return functional.cross_entropy(out.flatten(0, 1), y.flatten())


@pytest.mark.parametrize("accumulate", [1, 2, 3, 6])
def test_tokens_weigh_alike_wherever_they_are_padded(accumulate):
    x, y = padded()
    torch.manual_seed(0)
    model = nn.Sequential(nn.Embedding(7, 5), nn.Linear(5, 7)).double()
    expected = copy.deepcopy(model)
    out = expected(torch.tensor(x))
    real = [(i, j) for i in range(6) for j in range(4) if y[i, j] >= 0]
    loss = -sum(torch.log_softmax(out[i, j], 0)[y[i, j]] for i, j in real) / len(real)
    loss.backward()
    torch.optim.SGD(expected.parameters(), lr=0.5).step()

    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    chosen = {"loss": token_loss, "optimizer": optimizer, "unit": "tokens", "rng": generator()}
    data = Examples(x, y, batch_size=6)
    history = fit(model, data, accumulate=accumulate, epochs=1, **chosen)
    close(model, expected, 1e-14)
    assert history == {"loss": [pytest.approx(loss.item())]}


def test_a_model_with_two_inputs_and_one_with_two_outputs():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(torch.zeros(1, dtype=torch.float64))

        def forward(self, x, factor):
            return self.w * x * factor, self.w

    model, data = Two(), Examples(np.ones(3), np.full(3, 2), np.ones(3), batch_size=3)
    chosen = {"optimizer": torch.optim.SGD(model.parameters(), lr=0.25), "rng": generator()}
    fit(model, data, loss=lambda out, y: functional.mse_loss(out[0], y), epochs=1, **chosen)
    assert model.w.item() == 0.25 * 2 * 2  # the gradient is 2 (2 w - 1) 2 = -4


def test_numbers_take_the_dtype_of_the_weights():
    x, y = blobs(dtype=np.float64)
    x.flags.writeable = False  # which PyTorch would warn of
    model, _, _ = train(Net(dtype=torch.float32), data=Examples(x, y, batch_size=5))
    assert {tensor.dtype for tensor in model.parameters()} == {torch.float32}


# --- schedule and clipping --------------------------------------------------------------------


def test_the_schedule_sets_the_rate_of_every_step_and_group():
    model, seen = Net(), []
    groups = [{"params": model.blocks.parameters(), "lr": 9.0}, {"params": model.head.parameters()}]
    optimizer = torch.optim.SGD(groups, lr=7.0)
    optimizer.register_step_pre_hook(lambda o, *_: seen.append([g["lr"] for g in o.param_groups]))
    fit(model, Examples(*blobs(), batch_size=5), optimizer=optimizer, **settings())
    assert seen == [[warmup(t)] * 2 for t in range(STEPS)]


def test_without_a_schedule_the_rates_stay():
    _, optimizer, _ = train(schedule=None)
    assert optimizer.param_groups[0]["lr"] == 0.05


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
def test_a_long_gradient_is_shortened_to_the_length_asked_for(precision):
    """In float16 it is 65,536 times as long until the scale is taken off: that must come first."""
    chosen = {"dtype": torch.float32, "unit_y": 0.01, "precision": precision}
    w, _ = line(clip=0.05, **chosen)
    assert w == pytest.approx(0.03 * 0.05, rel=1e-4)
    w, _ = line(clip=0.5, **chosen)
    assert w == pytest.approx(0.03 * 0.56 / 3, rel=4e-3)  # bfloat16 has eight bits


# --- mixed precision --------------------------------------------------------------------------


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_short_types_learn_what_float32_learns(precision):
    expected, _, history = train(Net(dtype=torch.float32))
    kinds = set()

    def loss(out, y):
        kinds.add(out.dtype)
        return functional.cross_entropy(out, y)

    model, optimizer, short = train(Net(dtype=torch.float32), loss=loss, precision=precision)
    assert kinds == {getattr(torch, precision)}  # it is computed in that type
    held = [*model.parameters(), *(m for s in optimizer.state.values() for m in s.values())]
    assert {tensor.dtype for tensor in held} == {torch.float32}  # and kept in this one
    assert short["loss"] == pytest.approx(history["loss"], rel=0.02)
    assert short["loss"] != history["loss"]
    close(model, expected, 0.02)


def test_float16_keeps_gradients_that_it_has_no_number_for():
    """The gradient before the product is 1e-9 at most, and 6e-8 is float16's smallest number."""
    moved = {}
    for precision in ("float32", "float16"):
        model = Net(dtype=torch.float32)
        before = weights(model)
        loss = lambda out, y: functional.cross_entropy(out, y) * 1e-8  # noqa: E731
        optimizer = lambda m: torch.optim.SGD(m.parameters(), lr=1e8)  # noqa: E731
        chosen = {"schedule": None, "clip": None, "steps": 1, "precision": precision}
        train(model, loss=loss, make=optimizer, **chosen)
        moved[precision] = {k: weights(model)[k] - before[k] for k in before}
    for name, step in moved["float32"].items():
        assert step.abs().max() > 1e-3
        torch.testing.assert_close(moved["float16"][name], step, rtol=0.02, atol=0.02)


def test_a_step_whose_gradients_overflow_is_left_out(tmp_path):
    model, factors = Net(dtype=torch.float32), iter([1e36, 1.0])
    before, path = weights(model), tmp_path / "run.pt"
    loss = lambda out, y: functional.cross_entropy(out, y) * next(factors)  # noqa: E731
    chosen = {"loss": loss, "precision": "float16", "checkpoint": path, "make": sgd}
    train(model, steps=1, **chosen)
    assert equal(weights(model), before)
    assert torch.load(path, weights_only=True)["scaler"]["scale"] == 65536 / 2
    train(model, steps=2, resume=True, **chosen)
    assert not equal(weights(model), before)
    assert torch.load(path, weights_only=True)["scaler"]["scale"] == 65536 / 2


def test_a_precision_that_this_pytorch_lacks_is_refused_with_the_reason(monkeypatch):
    with pytest.raises(ValueError, match=r"precision must be one of float32.*got 'half'"):
        train(precision="half")
    with pytest.raises(ValueError, match=r"'bfloat16' needs weights in float32; got torch.float64"):
        train(precision="bfloat16")
    with pytest.raises(ValueError, match=r"'float16' needs weights in float32; got torch.bfloat16"):
        train(Net(dtype=torch.bfloat16), precision="float16")

    def old(self, outputs):
        if self.is_enabled():
            raise RuntimeError("not implemented for 'Half'")
        return outputs

    monkeypatch.setattr(torch.amp.GradScaler, "scale", old)
    match = r"'float16' is not there on cpu in PyTorch .*: not implemented for 'Half'"
    with pytest.raises(ValueError, match=match):
        train(Net(dtype=torch.float32), precision="float16")
    train(Net(dtype=torch.float32), precision="bfloat16", steps=1)  # which scales nothing

    monkeypatch.setattr(torch, "autocast", lambda kind, dtype, enabled: _nothing())
    with pytest.raises(ValueError, match=r"its product of matrices gives torch.float32"):
        train(Net(dtype=torch.float32), precision="bfloat16")


class _nothing:
    def __enter__(self):
        return None

    def __exit__(self, *error):
        return None


# --- torch.compile ----------------------------------------------------------------------------


class Compiler:
    """Stands for torch.compile: the model itself, which fails where it is told to."""

    def __init__(self, fails=""):
        self.fails, self.calls = fails, 0

    def __call__(self, model):
        if self.fails == "at once":
            raise RuntimeError("no compiler\nand a long story")

        def compiled(x):
            self.calls += 1
            out = model(x)
            if self.fails == "forward":
                raise RuntimeError("no compiler\nand a long story")
            if self.fails == "backward":
                out.register_hook(self.stop)
            return out

        return compiled

    def stop(self, gradient):
        raise RuntimeError("no compiler\nand a long story")


def lively():
    """A model on which a trial would leave its traces: drawn numbers, running means, gradients."""
    model = Net(dropout=0.3, norm=True)
    torch.manual_seed(5)
    return model


def test_a_model_that_compiles_is_called_compiled(monkeypatch, capsys):
    expected, _, _ = train(lively(), progress=False)
    compiler = Compiler()
    monkeypatch.setattr(torch, "compile", compiler)
    model, _, _ = train(lively(), compiled=True, progress=False)
    assert compiler.calls == 1 + STEPS  # the trial, and all batches
    assert equal(weights(model), weights(expected))
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("fails", ["at once", "forward", "backward"])
def test_where_compiling_fails_one_sentence_says_so_and_training_goes_on(
    fails, monkeypatch, capsys
):
    expected, _, _ = train(lively(), progress=False)
    compiler = Compiler(fails)
    monkeypatch.setattr(torch, "compile", compiler)
    model, _, _ = train(lively(), compiled=True, progress=False)
    assert compiler.calls == (0 if fails == "at once" else 1)
    assert equal(weights(model), weights(expected))
    sentence = "The model runs without torch.compile, which failed: RuntimeError: no compiler\n"
    assert capsys.readouterr() == ("", sentence)


def test_nothing_is_compiled_unless_asked_for(monkeypatch):
    monkeypatch.setattr(torch, "compile", None)
    train()


# --- history, evaluation, ends ----------------------------------------------------------------


def test_history_has_the_validation_of_each_epoch():
    x, y = blobs(17)
    held_out = Examples(x, y, batch_size=4)
    model, _, history = train(validation=held_out, epochs=2)
    assert list(history) == ["loss", "accuracy", "validation_loss", "validation_accuracy"]
    assert history.epochs == 2
    with torch.no_grad():
        out = model(torch.tensor(x))
    last = functional.cross_entropy(out, torch.tensor(y)).item()
    assert history["validation_loss"][1] == pytest.approx(last)
    assert history["validation_accuracy"][1] == np.mean(out.argmax(1).numpy() == y)
    assert history["validation_loss"][0] != history["validation_loss"][1]


def test_evaluate_switches_dropout_off_and_leaves_no_trace():
    data = Examples(*blobs(), batch_size=7)
    model = Net(dropout=0.5)
    first = evaluate(model, data, loss=functional.cross_entropy)
    assert first == evaluate(model, data, loss=functional.cross_entropy)
    assert model.training
    assert all(parameter.grad is None for parameter in model.parameters())
    assert first == pytest.approx(evaluate(Net(), data, loss=functional.cross_entropy))
    with pytest.raises(ValueError, match="data must have at least one batch; got none"):
        evaluate(model, lambda *, rng=None: [], loss=functional.cross_entropy)
    with pytest.raises(FloatingPointError, match="the loss is inf"):
        evaluate(model, data, loss=lambda out, y: out.sum() * 0 + np.inf)


def test_evaluate_takes_a_precision_and_a_unit():
    x, y = padded()
    torch.manual_seed(0)
    model = nn.Sequential(nn.Embedding(7, 5), nn.Linear(5, 7))
    chosen = {"loss": token_loss, "unit": "tokens"}
    whole = evaluate(model, Examples(x, y, batch_size=6), **chosen)
    parts = evaluate(model, Examples(x, y, batch_size=4), **chosen)
    assert parts == pytest.approx(whole, abs=1e-6)
    short = evaluate(model, Examples(x, y, batch_size=6), precision="bfloat16", **chosen)
    assert short != whole
    assert short == pytest.approx(whole, rel=0.01)


def test_accuracy_is_measured_of_classes_only():
    assert list(line()[1]) == ["loss"]
    x, y = blobs()
    whole = np.arange(46).reshape(23, 2)
    for target in (y.astype(float), whole):
        loss = lambda out, y: ((out.sum(1) - y.reshape(len(y), -1).sum(1)) ** 2).mean()  # noqa: E731
        assert list(train(data=Examples(x, target, batch_size=5), loss=loss)[2]) == ["loss"]


def test_steps_end_a_training_in_the_middle_of_an_epoch():
    model, _, history = train(epochs=None, steps=7)
    same, _, _ = train(epochs=9, steps=7)
    assert equal(weights(model), weights(same))
    assert history.epochs == 2
    assert history["loss"][0] == train(epochs=1)[2]["loss"][0]
    _, _, longer = train(epochs=None, steps=10)
    assert longer.epochs == 2
    assert longer["loss"][1] == train(epochs=2)[2]["loss"][1]


def test_a_history_is_continued_and_no_training_adds_nothing():
    history = History()
    model, optimizer, first = train(history=history, epochs=1)
    assert first is history
    fit(
        model,
        Examples(*blobs(), batch_size=5),
        optimizer=optimizer,
        **settings(epochs=2, history=history),
    )
    assert history.epochs == 3
    before = weights(model)
    for changes in ({"epochs": 0}, {"steps": 0}, {"epochs": 0, "steps": 0}):
        assert train(model, **changes)[2] == {}
    assert equal(weights(model), before)


def test_the_model_is_left_ready_for_use_and_without_gradients():
    model, _, _ = train()
    assert not model.training
    assert all(parameter.grad is None for parameter in model.parameters())
    model = Net()
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)  # left from before: it must not count
    assert equal(weights(train(model)[0]), weights(train()[0]))


def test_a_loss_that_is_not_finite_stops_before_the_step_and_before_the_file(tmp_path):
    calls = iter(range(99))
    loss = lambda out, y: functional.cross_entropy(out, y) * (np.nan if next(calls) == 6 else 1)  # noqa: E731
    model, expected = Net(), train(steps=6)[0]
    path = tmp_path / "run.pt"
    with pytest.raises(FloatingPointError, match="the loss is nan; a smaller") as caught:
        train(model, loss=loss, checkpoint=path)
    assert "epoch 2/3" in caught.value.__notes__[0]
    assert "is of step 5, and resume=True goes on from there" in caught.value.__notes__[0]
    assert equal(weights(model), weights(expected))
    assert not model.training


# --- what is shown ----------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self):
        return True


def seen_by(monkeypatch, **changes):
    """What a terminal is sent by a training, and its history."""
    terminal = Terminal()
    monkeypatch.setattr(ProgressBar, "seconds_between", 0.0)
    monkeypatch.setattr(sys, "stderr", terminal)
    history = train(**changes)[2]
    return terminal.getvalue(), history


def test_a_terminal_sees_how_far_it_is_how_well_and_how_fast(monkeypatch):
    chosen = {"epochs": 2, "validation": Examples(*blobs(9), batch_size=9)}
    seen, history = seen_by(monkeypatch, **chosen)
    first, second, end = (line.split("\r")[-1].rstrip() for line in seen.split("\n"))
    means = ", ".join(f"{k.replace('_', ' ')} {v[0]:.4f}" for k, v in history.items())
    assert first == f"epoch 1/2 [{'#' * 20}] 5/5  {means}"
    assert second.startswith(f"epoch 2/2 [{'#' * 20}] 5/5  loss ")
    assert end == ""
    assert "epoch 1/2 [########------------] 2/5  loss " in seen
    assert " examples/s  " in seen
    assert "s left" in seen


def test_the_bar_of_an_epoch_that_steps_end_is_as_long_as_they_are(monkeypatch):
    seen, _ = seen_by(monkeypatch, epochs=None, steps=7)
    lines = [line.split("\r")[-1] for line in seen.split("\n")]
    assert lines[0].startswith("epoch 1 [####################] 5/5")
    assert lines[1].startswith("epoch 2 [####################] 2/2")


@pytest.mark.parametrize("progress", [True, False])
def test_nothing_is_written_where_there_is_no_terminal(progress, capsys):
    train(progress=progress)
    assert capsys.readouterr() == ("", "")


def test_a_log_gets_lines_and_standard_output_a_table_if_asked_for(capsys):
    train(progress="always", epochs=2)
    out, lines = capsys.readouterr()
    assert out == ""
    assert [line[:12] for line in lines.splitlines()] == ["epoch 1/2 [#", "epoch 2/2 [#"]
    _, _, history = train(progress="table")
    assert capsys.readouterr() == (history.table() + "\n", "")


# --- data -------------------------------------------------------------------------------------


def test_examples_may_be_tensors_and_bad_ones_are_named():
    x, y = blobs()
    model, _, _ = train(data=Examples(torch.tensor(x), torch.tensor(y), batch_size=BATCH))
    assert equal(weights(model), weights(train()[0]))
    match = r"arrays must be inputs and targets, equally many and not none; got \[{}\]"
    for arrays, lengths in (((x,), "23"), ((x, y[1:]), "23, 22"), ((x[:0], y[:0]), "0, 0")):
        with pytest.raises(ValueError, match=match.format(lengths)):
            Examples(*arrays, batch_size=5)
    with pytest.raises(ValueError, match="batch_size must be a positive integer; got 0"):
        Examples(x, y, batch_size=0)


def test_windows_show_each_token_once_and_behind_it_the_next(tmp_path):
    text = np.arange(50, dtype=np.uint16)
    text.tofile(tmp_path / "text")
    ids = np.memmap(tmp_path / "text", dtype=np.uint16, mode="r")  # longer than memory, perhaps
    data, rng, starts = Windows(ids, context=7, batch_size=4), generator(), set()
    for _ in range(40):
        parts = list(data(rng=rng))
        assert [x.shape for x, _ in parts] == [(4, 7), (2, 7)]
        assert len(parts) == len(data)
        x, y = (np.concatenate(part) for part in zip(*parts, strict=True))
        assert x.dtype == np.int64
        np.testing.assert_array_equal(y, x + 1)
        tokens = np.sort(x.ravel())
        np.testing.assert_array_equal(tokens, np.arange(tokens[0], tokens[0] + 42))
        starts.add(int(tokens[0]))
        assert np.diff(x[:, 0]).min() < 0  # shuffled
    assert starts == set(range(7))
    np.testing.assert_array_equal(np.concatenate([x for x, _ in data()])[:, 0], range(0, 42, 7))


@pytest.mark.parametrize(("length", "context"), [(13, 7), (5, 0), (0, 1)])
def test_a_text_must_have_room_for_its_windows(length, context):
    with pytest.raises(ValueError, match=f"ids must hold .* got {length} for {context}"):
        Windows(np.arange(length), context=context, batch_size=2)
    assert len(Windows(np.arange(14), context=7, batch_size=2)) == 1


# --- arguments that cannot be -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epochs": None}, "epochs or steps must say when training ends; got neither"),
        ({"epochs": -1}, "epochs must be an integer from 0 up; got -1"),
        ({"epochs": 2.5}, "epochs must be an integer from 0 up; got 2.5"),
        ({"steps": True}, "steps must be an integer from 0 up; got True"),
        ({"save_every": 0}, "save_every must be an integer from 1 up; got 0"),
        ({"accumulate": 0}, "accumulate must be a positive integer; got 0"),
        ({"accumulate": 1.5}, "accumulate must be a positive integer; got 1.5"),
        ({"clip": 0}, "clip must be positive, or None; got 0"),
        ({"unit": "words"}, "unit must be one of examples, tokens; got 'words'"),
        ({"loss": lambda out, y: out}, r"loss must give one number; got shape \(5, 3\)"),
    ],
)
def test_bad_arguments_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        train(**changes)


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        ((np.ones((3, 2)),), r"data must give tuples.*got \[3\]"),
        ((np.ones((3, 2)), np.ones(2)), r"data must give tuples.*got \[3, 2\]"),
        (np.ones((3, 2)), "data must give tuples.*got ndarray"),
        ((np.ones((0, 2)), np.ones(0)), "each batch must have examples to learn from; got none"),
    ],
)
def test_bad_batches_are_named(batch, message):
    with pytest.raises(ValueError, match=message):
        train(data=lambda *, rng: [batch])


def test_a_model_without_parameters_is_named():
    with pytest.raises(ValueError, match="model must have parameters to train; got none"):
        evaluate(nn.Tanh(), Examples(*blobs(), batch_size=5), loss=functional.cross_entropy)


def test_an_epoch_without_batches_is_named():
    with pytest.raises(ValueError, match="data must have at least one batch; got none"):
        train(data=lambda *, rng: [])
