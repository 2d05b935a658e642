"""Training: the numbers of a loop in PyTorch, honest history, clean ends, files that survive."""

import contextlib
import io
import json
import os
import sys

import numpy as np
import pytest

from labkit import models, nn, ops, optim
from labkit.dataloader import batches
from labkit.progress import ProgressBar
from labkit.training import History, evaluate, fit, load, predict, save


def rng(seed=0):
    return np.random.default_rng(seed)


def blobs(n=90, seed=0):
    """Three classes around three points of the plane."""
    draw = rng(seed)
    y = draw.integers(3, size=n)
    centres = np.array([[0.0, 2.0], [2.0, -1.0], [-2.0, -1.0]])
    return centres[y] + draw.normal(size=(n, 2)), y


def network(seed=1, dtype=np.float64):
    return models.mlp((2, 5, 3), rng=rng(seed), dtype=dtype)


def settings(model, **changes):
    chosen = {
        "loss": ops.cross_entropy,
        "optimizer": optim.Adam(model.parameters(), lr=0.05),
        "epochs": 3,
        "batch_size": 20,
        "rng": rng(2),
    }
    return chosen | changes


# --- what is computed --------------------------------------------------------------------------


def test_one_step_by_hand():
    # w = 0, loss = mean (w x - y)^2, gradient = mean 2 (w x - y) x = mean of -4, -16, -36 = -56/3
    model = nn.Linear(1, 1, rng=rng(), bias=False, init=nn.zeros, dtype=np.float64)
    x, y = np.array([[1.0], [2.0], [3.0]]), np.array([[2.0], [4.0], [6.0]])
    sgd = optim.SGD(model.parameters(), lr=0.03)
    chosen = settings(model, loss=ops.mean_squared_error, optimizer=sgd, epochs=1, batch_size=3)
    history = fit(model, x, y, **chosen)
    assert model.weight.data.item() == pytest.approx(0.03 * 56 / 3)
    assert history == {"loss": [pytest.approx((4 + 16 + 36) / 3)]}  # before the step


def test_the_same_history_as_a_loop_in_pytorch():
    torch = pytest.importorskip("torch")
    from labkit.frameworks import torch_models

    x, y = blobs()
    x_held, y_held = blobs(31, seed=5)
    model, theirs = network(), torch_models.mlp((2, 5, 3), rng=rng(1), dtype=np.float64)
    history = fit(model, x, y, **settings(model), validation=(x_held, y_held))

    optimizer, order = torch.optim.Adam(theirs.parameters(), lr=0.05), rng(2)
    expected = {"loss": [], "accuracy": [], "validation_loss": [], "validation_accuracy": []}
    for _ in range(3):
        losses, hits = [], []
        for part in batches(x, y, batch_size=20, rng=order):
            inputs, targets = map(torch.tensor, part)
            each = torch.nn.functional.cross_entropy(theirs(inputs), targets, reduction="none")
            hits += (theirs(inputs).argmax(1) == targets).tolist()
            losses += each.tolist()
            optimizer.zero_grad()
            each.mean().backward()
            optimizer.step()
        with torch.no_grad():
            logits, targets = theirs(torch.tensor(x_held)), torch.tensor(y_held)
        expected["loss"].append(np.mean(losses))
        expected["accuracy"].append(np.mean(hits))
        held = torch.nn.functional.cross_entropy(logits, targets).item()
        expected["validation_loss"].append(held)
        expected["validation_accuracy"].append((logits.argmax(1) == targets).double().mean().item())
    assert list(history) == list(expected)
    for name, values in expected.items():
        assert history[name] == pytest.approx(values, abs=1e-9)


def test_evaluate_weighs_the_last_batch_by_its_size():
    logits = np.log([[0.9, 0.1], [0.8, 0.2], [0.5, 0.5]])
    y = np.array([0, 1, 1])
    expected = -(np.log(0.9) + np.log(0.2) + np.log(0.5)) / 3
    measured = evaluate(nn.Sequential(), logits, y, loss=ops.cross_entropy, batch_size=2)
    assert measured == {"loss": pytest.approx(expected), "accuracy": pytest.approx(1 / 3)}


def test_accuracy_is_measured_of_classes_only():
    x, y = rng().normal(size=(8, 3)), rng(1).normal(size=(8, 2))
    model = nn.Linear(3, 2, rng=rng(), dtype=np.float64)
    assert list(evaluate(model, x, y, loss=ops.mean_squared_error)) == ["loss"]
    whole = np.arange(16).reshape(8, 2)  # integers, but no class ids of shape (n,)
    assert list(evaluate(model, x, whole, loss=lambda a, b: (a * b).mean())) == ["loss"]


def test_evaluate_and_predict_switch_dropout_off_and_leave_no_trace():
    model = nn.Sequential(nn.Dropout(0.5, rng=rng()), network())
    x, y = blobs()
    first = evaluate(model, x, y, loss=ops.cross_entropy, batch_size=7)
    assert first == evaluate(model, x, y, loss=ops.cross_entropy, batch_size=7)
    assert model.training
    assert all(p.grad is None for p in model.parameters())
    np.testing.assert_allclose(predict(model, x, batch_size=7), network()(x).data, atol=1e-15)


def test_predict_gives_an_array_in_the_order_of_the_examples():
    x = np.arange(10.0)[:, np.newaxis]
    out = predict(nn.Sequential(), x, batch_size=3)
    assert isinstance(out, np.ndarray)
    np.testing.assert_array_equal(out, x)


def test_float32_stays_float32():
    x, y = blobs()
    model = network(dtype=np.float32)
    fit(model, x.astype(np.float32), y, **settings(model))
    assert {p.dtype for p in model.parameters()} == {np.dtype(np.float32)}


def test_the_same_seed_gives_the_same_history():
    x, y = blobs()
    first, second = network(), network()
    assert fit(first, x, y, **settings(first)) == fit(second, x, y, **settings(second))
    third = network()
    other = fit(third, x, y, **settings(third, rng=rng(3)))
    assert other != fit(first, x, y, **settings(first))


def test_training_learns():
    x, y = blobs(300)
    model = network()
    history = fit(model, x, y, **settings(model, epochs=10))
    assert history["loss"][-1] < 0.4 * history["loss"][0]
    assert history["accuracy"][-1] > 0.85
    assert not model.training  # ready for use


def test_no_epochs_is_no_training():
    x, y = blobs()
    model = network()
    assert fit(model, x, y, **settings(model, epochs=0)) == {}
    np.testing.assert_array_equal(model(x).data, network()(x).data)


def test_a_history_is_continued():
    x, y = blobs()
    model = network()
    chosen = settings(model)
    history = fit(model, x, y, **chosen)
    again = fit(model, x, y, **chosen | {"epochs": 2}, history=history)
    assert again is history
    assert history.epochs == 5
    whole = network()
    assert fit(whole, x, y, **settings(whole, epochs=5)) == history


# --- how it ends -------------------------------------------------------------------------------


def stop_at(call, action):
    """A loss that does something else at its so-manieth call."""
    calls = iter(range(1, 10_000))

    def loss(out, y):
        return action() if next(calls) == call else ops.cross_entropy(out, y)

    return loss


def ctrl_c():
    raise KeyboardInterrupt


def test_ctrl_c_keeps_what_was_learned_and_the_finished_epochs():
    x, y = blobs(90)  # 5 batches of 20 in an epoch: the third of the second epoch is the eighth
    model, reference = network(), network()
    history = History()
    chosen = settings(model, loss=stop_at(8, ctrl_c))
    with pytest.raises(KeyboardInterrupt) as caught:
        fit(model, x, y, **chosen, history=history)
    assert "epoch 2/3" in caught.value.__notes__[0]
    assert not model.training
    assert all(p.grad is None for p in model.parameters())

    assert history == fit(reference, x, y, **settings(reference, epochs=1))
    changed = np.abs(model(x).data - reference(x).data).max()
    assert changed > 1e-3  # the two finished steps of the second epoch
    fit(model, x, y, **chosen, history=history)
    assert history.epochs == 4


def test_a_loss_that_is_not_finite_stops_the_training_at_once():
    x, y = blobs()
    model = network()
    parameters = model.state_dict()
    chosen = settings(model, loss=lambda out, y: (out * np.nan).sum())
    with pytest.raises(FloatingPointError, match="the loss is nan; a smaller learning rate"):
        fit(model, x, y, **chosen)
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, parameters[name])
    with pytest.raises(FloatingPointError, match="the loss is inf"):
        evaluate(model, x, y, loss=lambda out, y: out.sum() * 0 + np.inf)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epochs": -1}, "epochs must be an integer from 0 up; got -1"),
        ({"epochs": 2.5}, "epochs must be an integer from 0 up; got 2.5"),
        ({"batch_size": 0}, "batch_size must be a positive integer"),
    ],
)
def test_bad_arguments_are_named(changes, message):
    model = network()
    with pytest.raises(ValueError, match=message):
        fit(model, *blobs(), **settings(model, **changes))


def test_examples_are_needed():
    model, x, y = network(), np.zeros((0, 2)), np.zeros(0, int)
    with pytest.raises(ValueError, match="x must hold at least one example"):
        fit(model, x, y, **settings(model))
    with pytest.raises(ValueError, match="x must hold at least one example"):
        evaluate(model, x, y, loss=ops.cross_entropy)
    with pytest.raises(ValueError, match="x must hold at least one example"):
        predict(model, x)
    with pytest.raises(ValueError, match="same length; got 90 and 89"):
        fit(model, blobs()[0], blobs()[1][:-1], **settings(model))


# --- what is shown -----------------------------------------------------------------------------


class Terminal(io.StringIO):
    """A stream that says it is a terminal, and what would be seen on it."""

    def isatty(self):
        return True

    def seen(self):
        """The lines as a terminal shows them: after a carriage return the new text is on top."""
        lines = []
        for line in self.getvalue().split("\n"):
            shown = ""
            for text in line.split("\r"):
                shown = text + shown[len(text) :]
            lines.append(shown.rstrip())
        return lines


def test_a_terminal_sees_one_line_for_each_epoch(monkeypatch, capsys):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(ProgressBar, "seconds_between", 0.0)
    model = network()
    history = fit(model, *blobs(), **settings(model, epochs=2))
    first, second, end = terminal.seen()
    loss, accuracy = history["loss"][0], history["accuracy"][0]
    bar = "#" * 20
    assert first == f"epoch 1/2 [{bar}] 5/5  loss {loss:.4f}, accuracy {accuracy:.4f}"
    assert second.startswith(f"epoch 2/2 [{bar}] 5/5  loss ")
    assert end == ""
    assert "epoch 1/2 [########------------] 2/5" in terminal.getvalue()
    assert "s left" in terminal.getvalue()
    assert capsys.readouterr().out == ""


def test_the_line_is_ended_when_training_is_stopped(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(ProgressBar, "seconds_between", 0.0)
    model = network()
    with pytest.raises(KeyboardInterrupt):
        fit(model, *blobs(), **settings(model, loss=stop_at(4, ctrl_c)))
    assert terminal.getvalue().endswith("\n")
    assert terminal.seen()[0].startswith("epoch 1/3 [############--------] 3/5")


@pytest.mark.parametrize("progress", [True, False])
def test_nothing_is_written_where_there_is_no_terminal(progress, capsys):
    model = network()
    fit(model, *blobs(), **settings(model), progress=progress)
    assert capsys.readouterr() == ("", "")


def test_no_bar_if_not_wanted_or_without_stderr(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    model = network()
    fit(model, *blobs(), **settings(model), progress=False)
    fit(model, *blobs(), **settings(model), progress="table")
    assert terminal.getvalue() == ""
    monkeypatch.setattr(sys, "stderr", None)  # as under pythonw
    fit(model, *blobs(), **settings(model))


def test_the_table_is_printed_line_by_line_and_repeats(capsys):
    model = network()
    history = fit(model, *blobs(), **settings(model), validation=blobs(20, 3), progress="table")
    assert capsys.readouterr().out == history.table() + "\n"
    fit(
        model,
        *blobs(),
        **settings(model, epochs=1),
        validation=blobs(20, 3),
        history=history,
        progress="table",
    )
    heading, row, end = capsys.readouterr().out.split("\n")
    assert heading == history.heading()
    assert row.split()[0] == "4"
    assert end == ""


def test_a_table_by_hand():
    history = History()
    assert history.table() == "epoch"
    for loss in (2.0, 12.5):
        history.append({"loss": loss, "validation_loss": loss / 3})
    assert history.table().split("\n") == [
        "epoch    loss  validation_loss",
        "    1  2.0000           0.6667",
        "    2  12.5000           4.1667",
    ]


def test_history_is_plain_data():
    history = History()
    history.append({"loss": np.float32(0.5)})
    assert json.loads(json.dumps(history)) == {"loss": [0.5]}
    assert history.epochs == 1
    with pytest.raises(ValueError, match=r"measured must have the names \['loss'\]; got \['los'\]"):
        history.append({"los": 1.0})


# --- files -------------------------------------------------------------------------------------


def trained(epochs=2):
    model = network()
    chosen = settings(model, epochs=epochs)
    history = fit(model, *blobs(), **chosen)
    return model, chosen["optimizer"], history


def test_a_saved_run_goes_on_as_if_nothing_had_happened(tmp_path):
    model, optimizer, history = trained()
    save(tmp_path / "run.npz", model, optimizer=optimizer, history=history)
    expected = fit(model, *blobs(), **settings(model, optimizer=optimizer, rng=rng(9)))

    copy = network(seed=77)
    adam = optim.Adam(copy.parameters(), lr=0.05)
    assert load(tmp_path / "run.npz", copy, optimizer=adam) == history
    assert fit(copy, *blobs(), **settings(copy, optimizer=adam, rng=rng(9))) == expected
    np.testing.assert_array_equal(copy(blobs()[0]).data, model(blobs()[0]).data)


def test_a_file_may_have_any_name_and_replaces_an_older_one(tmp_path):
    path = tmp_path / "weights of today"
    save(os.fspath(path), network(seed=1))
    save(path, network(seed=2))
    copy = network(seed=3)
    assert load(path, copy) == {}
    np.testing.assert_array_equal(copy[0].weight.data, network(seed=2)[0].weight.data)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_the_file_holds_arrays_and_text_but_no_pickle(tmp_path):
    model, optimizer, history = trained()
    save(tmp_path / "run.npz", model, optimizer=optimizer, history=history)
    with np.load(tmp_path / "run.npz", allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    assert "model/0.weight" in arrays
    assert "optimizer/0.m" in arrays
    assert {array.dtype.kind for array in arrays.values()} == {"f", "i", "U"}


def test_a_save_that_fails_leaves_the_older_file_and_no_rubbish(tmp_path, monkeypatch):
    save(tmp_path / "run.npz", network(seed=1))

    def full_disk(file, **arrays):
        file.write(b"half")
        raise OSError("no space left on device")

    monkeypatch.setattr(np, "savez", full_disk)
    with pytest.raises(OSError, match="no space left"):
        save(tmp_path / "run.npz", network(seed=2))
    copy = network(seed=3)
    load(tmp_path / "run.npz", copy)
    np.testing.assert_array_equal(copy[0].weight.data, network(seed=1)[0].weight.data)
    assert [p.name for p in tmp_path.iterdir()] == ["run.npz"]


def cut(path):
    path.write_bytes(path.read_bytes()[:-200])


def flip_a_weight(path):
    content = bytearray(path.read_bytes())
    content[200] ^= 0xFF
    path.write_bytes(content)


def as_array(path):
    with path.open("wb") as file:
        np.save(file, np.ones(3))


def as_other_archive(path):
    with path.open("wb") as file:
        np.savez(file, x=np.ones(3))


def as_pickle(path):
    with path.open("wb") as file:
        np.savez(file, history=np.array([object()], dtype=object))


DAMAGES = [
    cut,
    flip_a_weight,
    lambda path: path.write_bytes(b""),
    lambda path: path.write_text("no archive at all"),
    as_array,
    as_other_archive,
    as_pickle,
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_or_foreign_file_is_refused_and_changes_nothing(tmp_path, damage):
    path = tmp_path / "run.npz"
    save(path, network(seed=1))
    damage(path)
    copy = network(seed=3)
    with pytest.raises(ValueError, match=r"run.npz' must be a file of labkit.training.save"):
        load(path, copy)
    np.testing.assert_array_equal(copy[0].weight.data, network(seed=3)[0].weight.data)


def test_a_file_that_does_not_fit_changes_nothing(tmp_path):
    model, _, history = trained()
    save(tmp_path / "run.npz", model, history=history)
    with pytest.raises(ValueError, match=r"state does not fit Sequential: '0.weight' has"):
        load(tmp_path / "run.npz", models.mlp((4, 5, 3), rng=rng()))
    copy = network(seed=3)
    adam = optim.Adam(copy.parameters())
    with pytest.raises(ValueError, match="state must have the names"):
        load(tmp_path / "run.npz", copy, optimizer=adam)  # none was saved
    np.testing.assert_array_equal(copy[0].weight.data, network(seed=3)[0].weight.data)


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "nothing.npz", network())


def test_a_real_interrupt_ends_the_training_of_another_process(tmp_path):
    """SIGINT, as Ctrl-C sends it: the program goes on after its except, with a usable model."""
    import signal
    import subprocess

    if os.name == "nt":
        pytest.skip("Windows has no SIGINT between processes")
    program = """
import signal
import numpy as np
from labkit import models, ops, optim, training

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it

rng = np.random.default_rng(0)
x, y = rng.normal(size=(64, 4)), rng.integers(3, size=64)
model = models.mlp((4, 3), rng=rng, dtype=np.float64)

def loss(out, y):
    print("training", flush=True)
    return ops.cross_entropy(out, y)

try:
    training.fit(model, x, y, loss=loss, optimizer=optim.SGD(model.parameters(), lr=0.1),
                 epochs=10**6, batch_size=8, rng=rng)
except KeyboardInterrupt as interrupt:
    print(interrupt.__notes__[0])
print(np.isfinite(training.predict(model, x)).all(), model.training)
"""
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with process, contextlib.ExitStack() as stack:
        stack.callback(process.kill)
        assert process.stdout.readline() == "training\n"
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=60)
    assert errors == ""
    *_, note, last = out.splitlines()
    assert note.startswith("Training ended in epoch ")
    assert last == "True False"
