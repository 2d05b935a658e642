"""The recurrent language models of Shakespeare: the script works on a small scale."""

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from benchmarks import shakespeare  # noqa: E402
from labkit import datasets  # noqa: E402
from labkit.datasets import Text  # noqa: E402
from labkit.frameworks import torch_models  # noqa: E402
from labkit.tokenizers import CharTokenizer  # noqa: E402

RECORDED = json.loads(
    (Path(__file__).parents[1] / "benchmarks/results/shakespeare.json").read_text("utf-8")
)["runs"]


def abc(count=40):
    """A text in which every character but the first follows from the one before."""
    line = "abcdefg\n\n"
    return Text("abc", "a test", "nowhere", "none", line * count, line * 8, line * 9)


@pytest.fixture
def small(monkeypatch, tmp_path):
    monkeypatch.setattr(shakespeare, "RESULTS", tmp_path / "results" / "small.json")
    monkeypatch.setattr(shakespeare, "SIZES", {"d": 5, "hidden": 8})
    monkeypatch.setattr(shakespeare, "WINDOW", 6)
    monkeypatch.setattr(shakespeare, "EVERY", 20)
    monkeypatch.setattr(shakespeare, "LR", dict.fromkeys(shakespeare.KINDS, 0.05))
    return shakespeare


def test_windows_hold_each_characters_next_one(small):
    x, y = small.windows(np.arange(100), np.random.default_rng(0))
    assert x.shape == y.shape == (small.BATCH_SIZE, 6)
    assert torch.equal(y, x + 1)
    x, y = small.windows(np.arange(7), np.random.default_rng(0))  # only one window fits
    assert torch.equal(x, torch.arange(6).expand(small.BATCH_SIZE, 6))


@pytest.mark.parametrize("kind", shakespeare.KINDS)
def test_a_text_without_surprises_is_learned(small, kind):
    _, run = small.train(kind, 0, abc(), steps=60)
    assert [record["step"] for record in run["history"]] == [20, 40, 60]
    assert run["test"]["loss"] < 0.3
    assert run["test"]["of"] == 64  # of 81 characters, 32 rows of 2
    assert len(run["sample"]) == 402


def test_judged_is_the_mean_over_all_characters(small):
    ids = np.random.default_rng(1).integers(4, size=61)
    model = torch_models.RecurrentLM(vocabulary=4, rng=np.random.default_rng(0), d=5, hidden=8)
    found = small.judged(model, ids, rows=3)
    with torch.inference_mode():
        rows = [model(torch.from_numpy(ids[i : i + 20])[None])[0] for i in (0, 20, 40)]
        p = torch.cat(rows).softmax(dim=1).numpy()
    assert found["loss"] == pytest.approx(-np.log(p[np.arange(60), ids[1:]]).mean(), rel=1e-5)
    assert (found["right"], found["of"]) == ((p.argmax(axis=1) == ids[1:]).sum(), 60)


def test_a_sample_goes_on_from_an_empty_line(small):
    tokenizer = CharTokenizer("\nab")

    def model(ids):  # a after a line end, b after a, a line end after b
        return 50.0 * torch.nn.functional.one_hot((ids + 1) % 3, 3)

    text = small.written(model, tokenizer, np.random.default_rng(0), count=5)
    assert text == "\n\nab\nab"


def test_main_records_what_is_missing_with_its_circumstances(small, monkeypatch, capsys):
    monkeypatch.setattr(datasets, "load_text", lambda name: abc())
    monkeypatch.setattr(small, "train", lambda kind, seed, text: (None, {"test": {"loss": 1.0}}))
    monkeypatch.setattr("sys.argv", ["shakespeare", "--kinds", "gru", "rnn", "--seeds", "1"])
    small.main()
    assert capsys.readouterr().out == "gru, seed 1: test loss 1.000\nrnn, seed 1: test loss 1.000\n"
    runs = json.loads(small.RESULTS.read_text("utf-8"))["runs"]
    assert [(run["kind"], run["seed"]) for run in runs] == [("rnn", 1), ("gru", 1)]
    assert runs[0].keys() >= {"commit", "versions", "machine", "date", "data", "code_as_committed"}
    small.main()
    assert capsys.readouterr().out == ""  # nothing was missing


@pytest.mark.parametrize("run", RECORDED, ids=lambda run: f"{run['kind']}-{run['seed']}")
def test_a_recorded_run_is_complete_and_adds_up(run):
    assert run["code_as_committed"]
    assert run["steps"] == run["history"][-1]["step"] == shakespeare.STEPS
    assert run["test"]["of"] == 93_504
    assert run["data"] == datasets.load_text("shakespeare").provenance
    losses = [record["validation_loss"] for record in run["history"]]
    assert losses == sorted(losses, reverse=True) or min(losses) > losses[-1] - 0.02
    assert 0.4 < run["test"]["right"] / run["test"]["of"] < 0.6
    model = torch_models.RecurrentLM(
        vocabulary=80, kind=run["kind"], rng=np.random.default_rng(0), d=32, hidden=128
    )
    assert run["parameters"] == sum(p.numel() for p in model.parameters())


def test_every_kind_was_trained_from_three_starts():
    made = sorted((run["kind"], run["seed"]) for run in RECORDED)
    assert made == sorted((kind, seed) for kind in shakespeare.KINDS for seed in shakespeare.SEEDS)
