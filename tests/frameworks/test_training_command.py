"""The command that trains a small GPT: it learns, goes on, writes, and says what is wrong."""

import signal
from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch", reason="the loop is PyTorch's, which is not installed")

from labkit import datasets, devices  # noqa: E402  (they need it)
from labkit.frameworks.torch_training import checkpoint, command  # noqa: E402

SMALL = ("--device=cpu", "--width=12", "--layers=1", "--heads=2", "--context=8", "--batch-size=4")


@pytest.fixture
def text(tmp_path):
    """A text in which every letter has one that always follows it."""
    path = tmp_path / "text.txt"
    path.write_text("abcde\n" * 100, encoding="utf-8")
    return path


def trained(*arguments):
    return command.main([*SMALL, "--warmup=2", *map(str, arguments)])


def test_it_learns_a_text_and_writes_in_its_manner(text, capsys):
    assert trained("--data", text, "--steps", 80, "--lr", 0.03, "--sample", 40) == 0
    out, err = capsys.readouterr()
    assert err == ""
    first, heading, *rows = out.split("\n\n")[0].splitlines()
    # 6 letters and 8 places of width 12; a block of 12 d^2 + 13 d; a last norm of 2 d
    assert first == f"{6 * 12 + 8 * 12 + 12 * 144 + 13 * 12 + 24:,} parameters on cpu"
    assert heading == "epoch    loss  validation_loss"
    losses = [float(row.split()[1]) for row in rows]
    assert losses[-1] < 0.3 * losses[0]
    sample = out.split("\n\n", 1)[1].removesuffix("\n")
    assert len(sample) == 40
    assert "abcde" in sample


def test_it_goes_on_from_its_checkpoint(text, tmp_path, monkeypatch, capsys):
    whole, parts = tmp_path / "whole.pt", tmp_path / "parts.pt"
    chosen = ["--data", text, "--dropout", 0.2, "--accumulate", 2, "--sample", 0, "--steps", 20]
    assert trained(*chosen, "--checkpoint", whole) == 0
    calls, loss = iter(range(1, 100)), command.token_loss

    def interrupted(out, y):
        if next(calls) == 2 * 9:  # two pieces for each step
            signal.raise_signal(signal.SIGINT)
        return loss(out, y)

    monkeypatch.setattr(command, "token_loss", interrupted)
    assert trained(*chosen, "--checkpoint", parts) == 130
    assert "parts.pt' is of step 9, and resume=True goes on" in capsys.readouterr().err
    monkeypatch.setattr(command, "token_loss", loss)
    assert trained(*chosen, "--checkpoint", parts) == 1
    assert "parts.pt' is there already: go on from it with resume" in capsys.readouterr().err
    assert trained(*chosen, "--checkpoint", parts, "--resume") == 0
    first, second = (checkpoint.read(path) for path in (whole, parts))
    assert all(torch.equal(first["model"][name], second["model"][name]) for name in first["model"])
    assert first["history"] == second["history"]


def test_a_signal_to_end_ends_it_with_the_systems_status(text, monkeypatch, capsys):
    def told(out, y):
        signal.raise_signal(signal.SIGTERM)
        return out.sum()

    monkeypatch.setattr(command, "token_loss", told)
    assert trained("--data", text) == 143
    assert "Training stopped; the model is as 1 steps have left it." in capsys.readouterr().err


def test_what_is_wrong_is_said_in_one_line(tmp_path, capsys):
    assert trained("--data", "no such text") == 2
    name = "python -m labkit.frameworks.torch_training"
    said = "--data must be a text file or one of shakespeare, tang_quatrains; got 'no such text'\n"
    assert capsys.readouterr() == ("", f"{name}: {said}")
    (tmp_path / "short").write_text("short", encoding="utf-8")
    assert trained("--data", tmp_path / "short") == 2
    assert "ids must hold 2 * context tokens or more" in capsys.readouterr().err


def test_the_default_is_shakespeare_in_its_own_parts():
    tokenizer, train, validation = command.read(command.parser().parse_args([]).data)
    text = datasets.load_text("shakespeare")
    assert tokenizer.decode(train.tolist()) == text.train
    assert tokenizer.decode(validation.tolist()) == text.validation
    assert len(tokenizer) == len(set(text.text))


def test_a_file_keeps_its_last_tenth_for_validation(text):
    tokenizer, train, validation = command.read(str(text))
    assert tokenizer.decode([*train, *validation]) == "abcde\n" * 100
    assert len(validation) == 60


@pytest.mark.parametrize(
    ("asked", "advice", "expected"),
    [
        ("auto", ("cuda", "bfloat16"), "bfloat16"),
        ("auto", ("mps", "float32"), "float32"),  # another device was asked for
        ("float16", ("cuda", "bfloat16"), "float16"),
    ],
)
def test_the_precision_is_the_devices_unless_it_is_asked_for(asked, advice, expected, monkeypatch):
    device, dtype = advice
    machine = SimpleNamespace(device=device, dtype=dtype)
    monkeypatch.setattr(devices, "describe", lambda ask: machine)
    assert command.precision(asked, torch.device("cuda", 1)) == expected


def test_every_argument_is_explained_and_torchrun_takes_it_for_ours(capsys):
    """Torchrun has names of its own, and takes the beginning of one for the whole."""
    from torch.distributed.run import get_args_parser

    parser = command.parser()
    actions = [action for action in parser._actions if action.dest != "help"]
    assert all(action.help for action in actions)
    theirs = [name for action in get_args_parser()._actions for name in action.option_strings]
    for action in actions:
        assert not [name for name in theirs if name.startswith(action.option_strings[0])]
    assert "torchrun --nproc-per-node" in parser.format_help()
