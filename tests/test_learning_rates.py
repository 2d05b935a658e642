"""The search for learning rates: its script works on a small scale, what it recorded is whole."""

import json

import numpy as np
import pytest

from benchmarks import learning_rates
from labkit.ops import cross_entropy
from labkit.recorded import results
from labkit.training import predict

RECORDED = results("learning_rates")


def few():
    rng = np.random.default_rng(0)
    x = rng.random((130, 784), np.float32)
    y = rng.integers(10, size=130)
    return x[:100], x[100:], y[:100], y[100:]


@pytest.fixture
def small(monkeypatch, tmp_path):
    monkeypatch.setattr(learning_rates, "RESULTS", tmp_path / "results" / "small.json")
    return learning_rates


def test_a_search_finds_the_rate_with_the_least_loss_and_says_which_runs_were_lost(small):
    run = small.search("momentum", "constant", few(), rates=[1e6, 0.003, 1e-6], seeds=[0, 1])
    assert run["best_rate"] == 0.003
    assert run["validation_loss"][0] == [None, None]
    assert run["validation_correct"][0] == [0, 0]
    x, x_valid, y, y_valid = few()
    model = small.train(x, y, "momentum", 0.003, "constant", 1)
    assert run["validation_loss"][1][1] == pytest.approx(
        float(cross_entropy(predict(model, x_valid), y_valid)), abs=1e-4
    )


def test_the_schedule_is_asked_at_every_step_and_obeyed(small, monkeypatch):
    asked = []
    monkeypatch.setitem(small.SCHEDULES, "never", lambda t, lr: asked.append((t, lr)) or 0.0)
    x, _, y, _ = few()
    start = small.models.mlp(small.SIZES, rng=np.random.default_rng(3)).parameters()
    end = small.train(x, y, "SGD", 0.1, "never", 3, epochs=2).parameters()
    assert asked == [(0, 0.1), (1, 0.1), (2, 0.1), (3, 0.1)]
    assert all(np.array_equal(a.data, b.data) for a, b in zip(start, end, strict=True))
    rates = [small.SCHEDULES["warm-up and cosine"](t, 0.1) for t in (0, 40, 80, 240, 400)]
    assert rates == pytest.approx([0, 0.05, 0.1, 0.05, 0])


def test_searches_are_kept_in_order_and_a_new_one_replaces_the_old(small):
    for rule, schedule, found in (
        ("Adam", "constant", 1),
        ("SGD", "constant", 2),
        ("Adam", "constant", 3),
    ):
        small.save_run({"rule": rule, "schedule": schedule, "best_rate": found})
    assert [(run["rule"], run["best_rate"]) for run in small.read_results()] == [
        ("SGD", 2),
        ("Adam", 3),
    ]


def test_a_test_trains_at_the_rate_that_was_chosen_and_counts(small):
    x, x_test, y, y_test = few()
    run = {"rule": "Adam", "schedule": "constant", "best_rate": 0.002}
    found = small.tested(run, few(), (x_test, y_test), [7, 8])
    right = [
        int((predict(model, x_test).argmax(axis=1) == y_test).sum())
        for model in (small.train(x, y, "Adam", 0.002, "constant", seed) for seed in (7, 8))
    ]
    assert found == {"test_seeds": [7, 8], "test_correct": right, "test_total": 30}


def test_main_records_what_is_missing_with_its_circumstances(small, monkeypatch, capsys):
    _, x_test, _, y_test = few()
    monkeypatch.setattr(small, "fashion", lambda: (few(), (x_test, y_test)))
    for name, value in (("RATES", [0.01]), ("SEEDS", range(1)), ("TEST_SEEDS", range(2))):
        monkeypatch.setattr(small, name, value)
    monkeypatch.setattr("sys.argv", ["learning_rates", "--rules", "Adagrad"])
    small.main()
    assert capsys.readouterr().out.startswith("Adagrad, constant: 0.01 in ")
    runs = json.loads(small.RESULTS.read_text())["runs"]
    assert [run["schedule"] for run in runs] == ["constant", "warm-up and cosine"]
    assert runs[0].keys() >= {"commit", "versions", "machine", "date", "data", "code_as_committed"}
    assert [len(run["test_correct"]) for run in runs] == [2, 2]
    small.main()
    assert capsys.readouterr().out == ""  # nothing was missing
    del runs[1]["test_correct"]
    small.save_run(runs[1])
    small.main()
    assert capsys.readouterr().out.startswith("Adagrad, warm-up and cosine: [")


def test_every_search_is_recorded_by_committed_code():
    searched = [(run["rule"], run["schedule"]) for run in RECORDED]
    assert searched == [
        (rule, s) for rule in learning_rates.RULES for s in learning_rates.SCHEDULES
    ]
    assert all(run["code_as_committed"] for run in RECORDED)


@pytest.mark.parametrize("run", RECORDED, ids=lambda run: f"{run['rule']}-{run['schedule']}")
def test_the_best_rate_recorded_has_the_least_loss_and_lies_inside_the_range(run):
    means = [np.inf if None in losses else np.mean(losses) for losses in run["validation_loss"]]
    best = int(np.argmin(means))
    assert run["best_rate"] == run["rates"][best]
    assert 0 < best < len(means) - 1
    assert run["rates"] == learning_rates.RATES
    assert {len(losses) for losses in run["validation_loss"]} == {len(run["seeds"])}
    assert len(run["test_correct"]) == len(run["test_seeds"]) == 5
    assert not set(run["test_seeds"]) & set(run["seeds"])
