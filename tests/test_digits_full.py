"""The long run: its script works on a small scale, and what it recorded is consistent."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from labkit.datasets import catalog
from labkit.metrics import wilson_interval

ROOT = Path(__file__).resolve().parents[1]
RECORDED = json.loads((ROOT / "benchmarks/results/digits_full.json").read_text())["runs"]


@pytest.fixture(scope="module")
def script():
    pytest.importorskip("torch")
    path = ROOT / "benchmarks" / "digits_full.py"
    spec = importlib.util.spec_from_file_location("digits_full", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def small_data():
    rng = np.random.default_rng(0)
    x = rng.random((150, 1, 28, 28), np.float32)
    return x[:110], rng.integers(10, size=110), x[110:], rng.integers(10, size=40)


@pytest.fixture
def small(script, monkeypatch, tmp_path):
    experiment = script.Experiment("none", "digits_mlp", 2, 32, validation_size=30)
    monkeypatch.setitem(script.EXPERIMENTS, "small", experiment)
    monkeypatch.setattr(script, "RESULTS", tmp_path / "results" / "small.json")

    def run(library, seed=0, epochs=None):
        script.run_once("small", library, seed, small_data(), {"commit": "abc"}, epochs)
        return script.read_results()["runs"]

    return run


def test_a_small_run_is_recorded_with_everything_that_the_pages_read(small, capsys):
    (run,) = small("labkit")
    assert (run["library"], run["source"], run["network"], run["epochs"], run["seed"]) == (
        "labkit",
        "none",
        "digits_mlp",
        2,
        0,
    )
    assert run["finished"]
    assert [set(epoch) for epoch in run["history"]] == [{"train", "validation", "test"}] * 2
    totals = [run["history"][0][part]["total"] for part in ("train", "validation", "test")]
    assert totals == [80, 30, 40]
    assert run["test"].items() >= run["history"][-1]["test"].items()
    assert run["commit"] == "abc"
    assert isinstance(run["code_as_committed"], bool)
    assert "small labkit 0 epoch 2: test accuracy" in capsys.readouterr().out


def test_all_libraries_do_the_same_on_the_same_seed(small):
    pytest.importorskip("keras")
    for library in ("labkit", "torch", "keras"):
        runs = small(library)
    losses = {run["library"]: [part["train"]["loss"] for part in run["history"]] for run in runs}
    # Keras's Adam has another epsilon, which these gradients do not notice at this precision.
    assert losses["labkit"] == pytest.approx(losses["torch"], abs=1e-4)
    assert losses["labkit"] == pytest.approx(losses["keras"], abs=1e-3)


def test_a_run_replaces_the_one_of_the_same_kind_and_seed(small):
    small("labkit", seed=0)
    small("labkit", seed=1)
    runs = small("labkit", seed=0, epochs=1)
    assert [(run["seed"], run["epochs"]) for run in runs] == [(0, 1), (1, 2)]


def test_the_experiments_are_those_of_the_sources(script):
    steps = {
        name: -(-(60_000 - e.validation_size) // e.batch_size)
        for name, e in script.EXPERIMENTS.items()
    }
    assert steps == {"mlp": 938, "cnn": 938, "cnn-validated": 422}
    assert [e.epochs for e in script.EXPERIMENTS.values()] == [5, 5, 10]


# --- what was recorded -------------------------------------------------------------------------


def names(runs):
    return [f"{run['experiment']}-{run['library']}-{run['seed']}" for run in runs]


@pytest.mark.parametrize("run", RECORDED, ids=names(RECORDED))
def test_a_recorded_run_is_complete_and_adds_up(run):
    assert run["finished"]
    assert run["code_as_committed"]
    assert len(run["history"]) == run["epochs"]
    assert run["data_sha256"] == dict(catalog.ENTRIES["mnist"].full)
    for epoch in run["history"]:
        assert epoch["train"]["total"] == 60_000 - run["validation_size"]
        assert epoch["test"]["total"] == 10_000
        assert ("validation" in epoch) == (run["validation_size"] > 0)
        for part in epoch.values():
            assert part["accuracy"] == part["correct"] / part["total"]
    result = run["test"]
    assert result["wilson_95"] == pytest.approx(wilson_interval(result["correct"], 10_000))
    assert 0 < run["train_cpu_seconds"] < 3600


def test_every_network_was_trained_in_every_library_and_more_than_once_in_one():
    count = {}
    for run in RECORDED:
        key = run["experiment"], run["library"]
        count[key] = count.get(key, 0) + 1
    for experiment in ("mlp", "cnn"):
        for library in ("labkit", "torch", "keras"):
            assert count[experiment, library] >= 1
        assert count[experiment, "torch"] >= 3
    assert count["cnn-validated", "torch"] >= 2
