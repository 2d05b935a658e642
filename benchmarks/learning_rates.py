"""Search the best learning rate of every optimizer on Fashion-MNIST, then test it, and record all.

    python -m benchmarks.learning_rates                     whatever is not recorded yet
    python -m benchmarks.learning_rates --rules SGD Adam

Each rule is tried at 21 rates, from five starts, without a schedule and with one. The images are
those that come with labkit: 4,000 to train on and 1,000 to choose the rate by. The 1,000 test
images are read once the rate is chosen, by networks from five other starts. The results go to
results/learning_rates.json after every search and every test.
"""

# ruff: noqa: E402
import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy reads them; see README.md on two threads

import argparse
import json
import time
from pathlib import Path

import numpy as np

from benchmarks.provenance import code_as_committed, made_with
from labkit import datasets, models, optim, schedules
from labkit.dataloader import batches, train_test_split
from labkit.ops import cross_entropy
from labkit.training import predict

RESULTS = Path(__file__).parent / "results" / "learning_rates.json"
RULES = {
    "SGD": ("SGD", {}),
    "momentum": ("SGD", {"momentum": 0.9}),
    "Nesterov": ("SGD", {"momentum": 0.9, "nesterov": True}),
    "Adagrad": ("Adagrad", {}),
    "RMSprop": ("RMSprop", {}),
    "Adadelta": ("Adadelta", {}),
    "Adam": ("Adam", {}),
    "AdamW": ("AdamW", {}),
}
RATES = [float(f"{10 ** (k / 4):.2g}") for k in range(-16, 5)]  # four in every factor of ten
SIZES, EPOCHS, BATCH_SIZE, SEEDS, TEST_SEEDS = (784, 64, 10), 5, 50, range(5), range(10, 15)
STEPS, WARMUP_STEPS = 400, 80
SCHEDULES = {
    "constant": lambda t, lr: lr,
    "warm-up and cosine": lambda t, lr: schedules.warmup_cosine(
        t, lr=lr, warmup_steps=WARMUP_STEPS, steps=STEPS
    ),
}


def train(x, y, rule, lr, schedule, seed, epochs=EPOCHS):
    """Return the trained network, or None if its loss has left all bounds."""
    rng = np.random.default_rng(seed)
    model = models.mlp(SIZES, rng=rng)
    name, config = RULES[rule]
    optimizer = getattr(optim, name)(model.parameters(), lr=lr, **config)
    parts = (part for _ in range(epochs) for part in batches(x, y, batch_size=BATCH_SIZE, rng=rng))
    for t, (x_part, y_part) in enumerate(parts):
        loss = cross_entropy(model(x_part), y_part)
        if not loss.item() < 1000:
            return None
        optimizer.lr = SCHEDULES[schedule](t, lr)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model


def judged(model, x, y):
    """Return the mean loss and how many are right; None and 0 for a network that was lost."""
    logits = None if model is None else predict(model, x)
    if logits is None or not np.isfinite(logits).all():
        return None, 0
    return float(cross_entropy(logits, y)), int((logits.argmax(axis=1) == y).sum())


def search(rule, schedule, data, rates, seeds):
    """Try all rates; the best one has the least mean loss on the validation images."""
    x, x_valid, y, y_valid = data
    start = time.process_time()
    with np.errstate(all="ignore"):  # what diverges overflows
        tried = [
            [judged(train(x, y, rule, lr, schedule, seed), x_valid, y_valid) for seed in seeds]
            for lr in rates
        ]
    losses = [[loss for loss, _ in runs] for runs in tried]
    means = [np.inf if None in runs else float(np.mean(runs)) for runs in losses]
    return {
        "rule": rule,
        "schedule": schedule,
        "optimizer": f"labkit.optim.{RULES[rule][0]}",
        "config": RULES[rule][1],
        "rates": list(rates),
        "seeds": list(seeds),
        "validation_loss": [[None if x is None else round(x, 4) for x in runs] for runs in losses],
        "validation_correct": [[correct for _, correct in runs] for runs in tried],
        "best_rate": rates[int(np.argmin(means))],
        "cpu_seconds": round(time.process_time() - start, 1),
    }


def tested(run, data, test_data, seeds):
    """Train at the best rate, from starts that the search did not see; count what is read right."""
    x, _, y, _ = data
    how = run["rule"], run["best_rate"], run["schedule"]
    judgements = [judged(train(x, y, *how, seed), *test_data) for seed in seeds]
    return {
        "test_seeds": list(seeds),
        "test_correct": [correct for _, correct in judgements],
        "test_total": len(test_data[1]),
    }


def fashion():
    """Return x and y to train on and to choose by, 4,000 and 1,000 rows, and 1,000 to test with."""
    bundled = datasets.load("fashion_mnist")
    x, x_test = (a.reshape(-1, 784) / np.float32(255) for a in (bundled.x_train, bundled.x_test))
    rng = np.random.default_rng(0)
    data = train_test_split(x, bundled.y_train, test_size=1000, rng=rng, stratify=True)
    return data, (x_test, bundled.y_test)


def read_results():
    return json.loads(RESULTS.read_text())["runs"] if RESULTS.exists() else []


def save_run(run):
    """Put the search into the file of results, in the order of the tables above."""
    runs = {(old["rule"], old["schedule"]): old for old in [*read_results(), run]}
    order = [runs[rule, name] for rule in RULES for name in SCHEDULES if (rule, name) in runs]
    lines = ",\n".join(json.dumps(one, ensure_ascii=False) for one in order)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text('{"runs": [\n' + lines + "\n]}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rules", nargs="+", choices=RULES, default=[*RULES])
    options = parser.parse_args()
    setting = {"sizes": SIZES, "epochs": EPOCHS, "batch_size": BATCH_SIZE}
    about = made_with("benchmarks/learning_rates.py", ("numpy",))
    about |= {"data": "Fashion-MNIST, the images that come with labkit: 4,000 and 1,000"}
    data, test_data = fashion()
    for rule in options.rules:
        for schedule in SCHEDULES:
            done = {(run["rule"], run["schedule"]): run for run in read_results()}
            run = done.get((rule, schedule))
            if run is None:
                run = search(rule, schedule, data, RATES, SEEDS) | setting | about
                save_run(run | {"code_as_committed": code_as_committed(__file__)})
                print(f"{rule}, {schedule}: {run['best_rate']} in {run['cpu_seconds']} s")
            if "test_correct" not in run:
                run |= tested(run, data, test_data, TEST_SEEDS)
                save_run(run | {"code_as_committed": code_as_committed(__file__)})
                print(f"{rule}, {schedule}: {run['test_correct']} of {run['test_total']}")


if __name__ == "__main__":
    main()
