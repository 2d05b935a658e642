"""A training that is stopped goes on to the same bits, and its file is what it should be."""

import io
import os
import pickle
import random
import signal
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the loop is PyTorch's, which is not installed")

import trainings  # noqa: E402  (it needs it)
from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402
from trainings import (  # noqa: E402
    BATCH,
    STEPS,
    Net,
    adamw,
    blobs,
    equal,
    generator,
    random_training,
    restless,
    sgd,
    train,
)

from labkit.frameworks.torch_training import Examples, checkpoint, load  # noqa: E402
from labkit.frameworks.torch_training.interruption import Interruption  # noqa: E402
from labkit.training import History  # noqa: E402


def contents(path):
    return torch.load(path, weights_only=True)


def draws():
    """What comes next from every generator."""
    return [random.random(), np.random.random(), torch.rand(()).item()]  # noqa: NPY002


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The training that never stopped: its file, its history, and what is drawn after it."""
    path = tmp_path_factory.mktemp("whole") / "run.pt"
    _, _, history = random_training(path)
    return contents(path), history, draws()


# --- the same bits ----------------------------------------------------------------------------


@pytest.mark.parametrize("stop", range(1, STEPS))
def test_a_stopped_training_goes_on_to_the_same_bits(stop, whole, tmp_path):
    """Wherever it stops; and all that the new process began with, other seeds, does not count."""
    expected, history, drawn = whole
    path = tmp_path / "run.pt"
    random_training(path, steps=stop)
    _, _, went_on = random_training(path, seeds=99, resume=True)
    assert equal(contents(path), expected)
    assert went_on == history
    assert draws() == drawn


def test_it_may_stop_as_often_as_it_likes(whole, tmp_path):
    path = tmp_path / "run.pt"
    for steps in (2, 3, 5, 9, 10, None):
        random_training(path, seeds=1 if steps == 2 else 7, steps=steps, resume=True)
    assert equal(contents(path), whole[0])


def test_float16_goes_on_with_its_scale(tmp_path):
    """The loss is so large that the scale falls, at another step each time."""
    chosen = {"loss": lambda out, y: functional.cross_entropy(out, y) * 3, "precision": "float16"}

    def run(name, seed=1, **changes):
        torch.manual_seed(seed)
        model = Net(seed, dropout=0.3, dtype=torch.float32)
        return train(model, checkpoint=tmp_path / name, **chosen | changes)

    run("whole")
    run("parts", steps=7)
    run("parts", seed=4, resume=True)
    assert equal(contents(tmp_path / "parts"), contents(tmp_path / "whole"))
    assert contents(tmp_path / "whole")["scaler"]["scale"] < 65536


@pytest.mark.parametrize("kind", ["PCG64", "MT19937", "Philox", "SFC64"])
def test_the_order_of_the_data_goes_on_with_every_kind_of_generator(kind, tmp_path):
    def run(name, seed, **changes):
        rng = np.random.Generator(getattr(np.random, kind)(seed))
        rng.integers(9, dtype=np.int32)  # half of a word is left for the next one
        path = tmp_path / name
        return train(rng=rng, checkpoint=path, **changes), rng.integers(9, size=9, dtype=np.int32)

    _, expected = run("whole", 1)
    run("parts", 1, steps=8)
    _, went_on = run("parts", 5, resume=True)
    assert equal(contents(tmp_path / "parts"), contents(tmp_path / "whole"))
    np.testing.assert_array_equal(went_on, expected)


def test_data_that_draw_as_they_come_and_tell_no_length(tmp_path):
    x, y = blobs()

    def data(*, rng):
        for part in np.array_split(rng.permutation(len(x)), 4):
            yield x[part] + rng.normal(0, 0.1, size=(len(part), 2)), y[part]

    expected, _, history = train(data=data, checkpoint=tmp_path / "whole")
    train(data=data, checkpoint=tmp_path / "parts", steps=6)
    model, _, went_on = train(
        data=data, checkpoint=tmp_path / "parts", rng=generator(5), resume=True
    )
    assert equal(model.state_dict(), expected.state_dict())
    assert went_on == history


def test_more_epochs_than_were_meant_at_first(tmp_path):
    expected, _, history = train(epochs=3)
    train(epochs=2, checkpoint=tmp_path / "run.pt")
    model, _, went_on = train(Net(7), epochs=3, checkpoint=tmp_path / "run.pt", resume=True)
    assert equal(model.state_dict(), expected.state_dict())
    assert went_on == history


def test_a_training_that_is_done_is_only_read(tmp_path):
    path, held_out = tmp_path / "run.pt", Examples(*blobs(9), batch_size=4)
    expected, _, history = train(steps=7, checkpoint=path, validation=held_out)
    before = path.read_bytes()
    chosen = {"steps": 7, "checkpoint": path, "validation": held_out, "resume": True}
    model, _, again = train(Net(7), **chosen)
    assert equal(model.state_dict(), expected.state_dict())
    assert again == history
    assert path.read_bytes() == before


# --- the file ---------------------------------------------------------------------------------


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "run.pt"
    train(checkpoint=path, epochs=1)
    return path


def test_it_is_written_after_each_epoch_or_so_many_steps_and_at_the_end(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(checkpoint, "write", lambda path, state: seen.append(state["place"]))
    places = lambda: [(p["step"], p["epoch"], p["batch"]) for p in seen]  # noqa: E731
    train(checkpoint=tmp_path / "run.pt")
    assert places() == [(5, 1, 0), (10, 2, 0), (15, 3, 0)]
    seen.clear()
    train(checkpoint=tmp_path / "run.pt", save_every=4, steps=13)
    assert places() == [(4, 0, 4), (8, 1, 3), (12, 2, 2), (13, 2, 3)]
    seen.clear()
    train(checkpoint=tmp_path / "run.pt", epochs=0)
    train()
    assert seen == []


def test_another_training_does_not_write_over_it(saved):
    before = saved.read_bytes()
    with pytest.raises(FileExistsError, match=r"'.*run.pt' is there already: go on from it with r"):
        train(checkpoint=saved)
    assert saved.read_bytes() == before


def test_resume_without_a_file_begins(saved, tmp_path):
    expected, _, _ = train(epochs=1)
    model, _, _ = train(epochs=1, checkpoint=tmp_path / "new.pt", resume=True)
    assert equal(model.state_dict(), expected.state_dict())
    assert equal(contents(tmp_path / "new.pt"), contents(saved))


def test_load_reads_weights_and_history_for_use(saved):
    expected, _, history = train(epochs=1)
    model = Net(7)
    assert load(saved, model) == history
    assert isinstance(load(saved, model), History)
    assert equal(model.state_dict(), expected.state_dict())


def test_a_write_that_fails_leaves_the_older_file_and_no_rubbish(saved, monkeypatch):
    before, real = saved.read_bytes(), torch.save

    def full_disk(state, file):
        file.write(b"half")
        raise OSError("no space left on device")

    monkeypatch.setattr(torch, "save", full_disk)
    with pytest.raises(OSError, match="no space left"):
        train(checkpoint=saved, resume=True)
    monkeypatch.setattr(torch, "save", real)
    assert saved.read_bytes() == before
    assert [file.name for file in saved.parent.iterdir()] == ["run.pt"]


def test_it_has_its_name_only_when_it_is_on_the_disk(saved, monkeypatch):
    done, replace = [], Path.replace
    monkeypatch.setattr(os, "fsync", lambda number: done.append("on the disk"))
    monkeypatch.setattr(Path, "replace", lambda a, b: done.append("named") or replace(a, b))
    checkpoint.write(saved, {})
    assert done == ["on the disk", "named"]


def test_weights_that_are_not_finite_are_not_written(saved):
    """The loss of the last step was finite: the step itself spoils the weights."""
    before = saved.read_bytes()
    rate = lambda t: 1e300 if t == 9 else 0.01  # noqa: E731
    loss = lambda out, y: functional.cross_entropy(out, y) * 1e20  # noqa: E731
    chosen = {"checkpoint": saved, "resume": True, "schedule": rate, "clip": None, "loss": loss}
    with pytest.raises(
        FloatingPointError, match=r"a weight is not finite after step 10, so '.*run"
    ):
        train(make=adamw, **chosen)
    assert saved.read_bytes() == before


def test_a_damaged_file_is_refused_wherever_it_is_damaged(saved):
    """Each flipped bit either is refused, with the name of the file, or is none that counts."""
    content, expected = saved.read_bytes(), contents(saved)
    refused = 0
    places = range(0, len(content), 61)
    for place in places:
        damaged = bytearray(content)
        damaged[place] ^= 0x10
        saved.write_bytes(damaged)
        try:
            assert equal(checkpoint.read(saved), expected)
        except ValueError as error:
            assert "run.pt' must be a checkpoint" in str(error)  # noqa: PT017  (either will do)
            refused += 1
    assert refused > 0.7 * len(places)  # the rest is padding, and names that are written twice


def test_a_flipped_bit_of_a_weight_is_found_although_pytorch_would_take_it(saved):
    with zipfile.ZipFile(saved) as archive:
        largest = max(
            archive.infolist(), key=lambda part: part.file_size * ("/data/" in part.filename)
        )
        weights = archive.read(largest)
    content = bytearray(saved.read_bytes())
    content[content.index(weights) + 5] ^= 1
    saved.write_bytes(content)
    contents(saved)  # as if nothing were wrong
    model, before = Net(7), Net(7)
    with pytest.raises(ValueError, match=r"run.pt' must be a checkpoint.* is damaged"):
        load(saved, model)
    assert equal(model.state_dict(), before.state_dict())


@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.99])
def test_half_a_file_is_refused(share, saved):
    saved.write_bytes(saved.read_bytes()[: int(saved.stat().st_size * share)])
    with pytest.raises(ValueError, match=r"run.pt' must be a checkpoint"):
        train(checkpoint=saved, resume=True)


class Trap:
    """What runs when it is unpickled."""

    def __reduce__(self):
        return os.mkdir, (str(Trap.folder),)


def archive(state):
    content = io.BytesIO()
    torch.save(state, content)
    return content.getvalue()


def test_nothing_in_a_file_is_run(tmp_path):
    path, Trap.folder = tmp_path / "run.pt", tmp_path / "sprung"
    for content in (archive({"format": checkpoint.FORMAT, "model": Trap()}), pickle.dumps(Trap())):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"run.pt' must be a checkpoint.*"):
            train(checkpoint=path, resume=True)
    assert not Trap.folder.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"a text",
        archive({"weight": torch.ones(2)}),
        archive([1]),
        archive({"format": "other"}),
    ],
    ids=["empty", "text", "weights", "list", "version"],
)
def test_a_foreign_file_is_refused(content, tmp_path):
    (tmp_path / "run.pt").write_bytes(content)
    with pytest.raises(ValueError, match=r"run.pt' must be a checkpoint"):
        train(checkpoint=tmp_path / "run.pt", resume=True)


class Other(Net):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(5, 4, dtype=torch.float64)


class More(Net):
    def __init__(self):
        super().__init__()
        self.more = nn.Linear(1, 1, bias=False, dtype=torch.float64)


def partly(model):
    return torch.optim.AdamW(model.head.parameters())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": Other()}, r"the model has \(4,\) for 'head.bias', the file \(3,\)"),
        ({"model": More()}, r"the model has \(1, 1\) for 'more.weight', the file nothing"),
        ({"make": sgd}, "the optimizer is SGD, the file's AdamW"),
        ({"make": partly}, r"the optimizer moves \[2\] tensors, the file's \[6\]"),
        ({"data": Examples(*blobs(), batch_size=4)}, "its epochs have 5 batches, data has 6"),
    ],
)
def test_a_file_of_another_training_is_refused_and_nothing_is_changed(changes, message, saved):
    model = changes.pop("model", None) or Net(7)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with pytest.raises(ValueError, match=f"run.pt' must be a checkpoint.*{message}"):
        train(model, checkpoint=saved, resume=True, **changes)
    assert equal(dict(model.state_dict()), before)


def test_another_kind_of_generator_and_fewer_batches_are_named(saved, tmp_path):
    rng = np.random.Generator(np.random.MT19937(0))
    with pytest.raises(ValueError, match="rng must be a PCG64 generator, as before; got MT19937"):
        train(checkpoint=saved, resume=True, rng=rng)
    batch = next(Examples(*blobs(), batch_size=BATCH)())
    train(data=lambda *, rng: [batch] * 4, checkpoint=tmp_path / "four", steps=3)
    with pytest.raises(ValueError, match="data gave 1 batches, fewer than the 3 before"):
        train(data=lambda *, rng: [batch], checkpoint=tmp_path / "four", resume=True)


# --- Ctrl-C and SIGTERM -----------------------------------------------------------------------


def signalling(step, *numbers, base=restless, pieces=2):
    """The loss, in the midst of which the signals come."""
    calls = iter(range(1, 10_000))

    def loss(out, y):
        if next(calls) == pieces * step:
            for number in numbers:
                signal.raise_signal(number)
        return base(out, y)

    return loss


ENDS = {signal.SIGINT: (KeyboardInterrupt, None), signal.SIGTERM: (SystemExit, 143)}


@pytest.mark.parametrize("number", ENDS)
@pytest.mark.parametrize("step", [1, 5, 8])
def test_a_signal_lets_the_step_finish_and_the_training_can_go_on(
    number, step, whole, tmp_path, capsys
):
    kind, code = ENDS[number]
    before, history, path = signal.getsignal(number), History(), tmp_path / "run.pt"
    with pytest.raises(kind) as caught:
        random_training(path, loss=signalling(step, number), history=history)
    assert getattr(caught.value, "code", None) == code
    assert f"run.pt' is of step {step}, and resume=True" in caught.value.__notes__[0]
    assert signal.getsignal(number) == before
    assert f"{number.name}: the step is finished first" in capsys.readouterr().err
    assert contents(path)["place"]["step"] == step
    assert history.epochs == (step - 1) // 5  # those that were finished
    random_training(path, seeds=99, resume=True)
    assert equal(contents(path), whole[0])


def test_a_second_ctrl_c_stops_at_once(whole, tmp_path):
    path = tmp_path / "run.pt"
    with pytest.raises(KeyboardInterrupt) as caught:
        random_training(path, loss=signalling(8, signal.SIGINT, signal.SIGINT))
    assert "epoch 2/3; " in caught.value.__notes__[0]
    assert contents(path)["place"]["step"] == 5  # the end of the first epoch: the step is lost
    random_training(path, seeds=99, resume=True)
    assert equal(contents(path), whole[0])
    with pytest.raises(KeyboardInterrupt) as caught:
        train(loss=signalling(1, signal.SIGINT, signal.SIGINT), checkpoint=tmp_path / "new.pt")
    assert "new.pt' was not written yet." in caught.value.__notes__[0]


def test_without_a_checkpoint_the_model_keeps_what_it_has_learned():
    expected, model = train(steps=7)[0], Net()
    loss = signalling(7, signal.SIGINT, base=functional.cross_entropy, pieces=1)
    with pytest.raises(KeyboardInterrupt) as caught:
        train(model, loss=loss)
    assert caught.value.__notes__ == ["Training stopped; the model is as 7 steps have left it."]
    assert equal(model.state_dict(), expected.state_dict())
    assert not model.training


def test_a_signal_in_the_validation_of_the_last_epoch_is_not_forgotten(tmp_path):
    def held_out(*, rng=None):
        signal.raise_signal(signal.SIGTERM)
        return Examples(*blobs(), batch_size=9)()

    with pytest.raises(SystemExit):
        train(epochs=1, validation=held_out, checkpoint=tmp_path / "run.pt")
    assert contents(tmp_path / "run.pt")["place"]["epoch"] == 1


def test_in_another_thread_signals_are_left_alone():
    results = []
    thread = threading.Thread(target=lambda: results.append(train()[2]))
    thread.start()
    thread.join()
    assert results == [train()[2]]


def test_what_was_there_before_is_there_again():
    before = [signal.getsignal(number) for number in ENDS]
    with Interruption():
        assert signal.getsignal(signal.SIGINT) != before[0]
    assert [signal.getsignal(number) for number in ENDS] == before


@pytest.mark.parametrize("number", ENDS)
def test_a_process_that_is_told_to_stop_can_be_replaced(number, whole, tmp_path):
    """A real process, a real signal: what it leaves leads to the same bits."""
    path = tmp_path / "run.pt"
    process = subprocess.Popen(
        [sys.executable, trainings.__file__, path],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        for _ in range(13):  # pieces: it is in the seventh step, in the second epoch
            assert process.stdout.readline() == "step\n"
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert f"{number.name}: the step is finished first" in err
    assert "resume=True goes on from there" in err or number == signal.SIGTERM
    assert process.returncode == 143 if number == signal.SIGTERM else process.returncode != 0
    assert 7 <= contents(path)["place"]["step"] < 10
    random_training(path, seeds=99, resume=True)
    assert equal(contents(path), whole[0])
