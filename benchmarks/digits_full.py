"""Train the sources' two digit networks on all 60,000 images of MNIST, and record what came out.

    python benchmarks/digits_full.py                          every run that is not recorded yet
    python benchmarks/digits_full.py --libraries torch --experiments mlp --seeds 0 1

The results go to results/digits_full.json after every epoch, so that stopping loses at most one.
In all three libraries a seed means the same starting weights and the same order of the images:
the weights are those of `labkit.models`, the batches those of `labkit.dataloader.batches`.
The loader fetches the data set once; a copy that you have may lie in the folder $LABKIT_DATA.
"""

# ruff: noqa: E402
import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy reads them; see README.md on two threads
os.environ["KERAS_BACKEND"] = "torch"

import argparse
import hashlib
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.provenance import code_as_committed, made_with
from labkit import datasets, models, optim
from labkit.dataloader import batches
from labkit.metrics import wilson_interval

RESULTS = Path(__file__).parent / "results" / "digits_full.json"


@dataclass(frozen=True)
class Experiment:
    """What a source trains, and how: its listing's network, epochs, batch size and split."""

    source: str
    network: str
    epochs: int
    batch_size: int
    validation_size: int = 0  # from the end of the training set, as Keras's validation_split


EXPERIMENTS = {
    "mlp": Experiment("001 §5.2", "digits_mlp", epochs=5, batch_size=64),
    "cnn": Experiment("000 §5.2", "digits_cnn", epochs=5, batch_size=64),
    "cnn-validated": Experiment(
        "003 §5.2", "digits_cnn", epochs=10, batch_size=128, validation_size=6000
    ),
}


class Labkit:
    """One batch in labkit: its mean loss, and how many images were classified correctly."""

    optimizer_name = "labkit.optim.Adam(lr=0.001, eps=1e-08)"

    def __init__(self, network, rng):
        from labkit import autograd, ops

        self.model = getattr(models, network)(rng=rng)
        self.optimizer = optim.Adam(self.model.parameters(), lr=0.001)
        self.cross_entropy, self.no_grad = ops.cross_entropy, autograd.no_grad

    def train(self, x, y):
        logits = self.model(x)
        loss = self.cross_entropy(logits, y)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.item(), (logits.data.argmax(axis=1) == y).sum()

    def test(self, x, y):
        with self.no_grad():
            logits = self.model(x)
            loss = self.cross_entropy(logits, y)
        return loss.item(), (logits.data.argmax(axis=1) == y).sum()


class Torch:
    """One batch in PyTorch: its mean loss, and how many images were classified correctly."""

    optimizer_name = "torch.optim.Adam(lr=0.001, eps=1e-08, fused=True)"

    def __init__(self, network, rng):
        import torch

        from labkit.frameworks import torch_models

        torch.set_num_threads(1)
        self.torch, self.layout = torch, torch.channels_last  # the faster layout on a CPU
        self.model = getattr(torch_models, network)(rng=rng).to(memory_format=self.layout)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=0.001, fused=True)

    def _loss(self, x, y):
        logits = self.model(self.torch.from_numpy(x).to(memory_format=self.layout))
        y = self.torch.from_numpy(y)
        correct = (logits.argmax(dim=1) == y).sum().item()
        return self.torch.nn.functional.cross_entropy(logits, y), correct

    def train(self, x, y):
        loss, correct = self._loss(x, y)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.item(), correct

    def test(self, x, y):
        with self.torch.inference_mode():
            loss, correct = self._loss(x, y)
        return loss.item(), correct


class Keras:
    """One batch in Keras: its mean loss, and how many images were classified correctly."""

    optimizer_name = "keras.optimizers.Adam(0.001, epsilon=1e-07)"

    def __init__(self, network, rng):
        import keras
        import torch

        from labkit.frameworks import keras_models

        torch.set_num_threads(1)
        self.model = getattr(keras_models, network)(rng=rng)
        self.model.compile(
            optimizer=keras.optimizers.Adam(0.001),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )

    def train(self, x, y):
        loss, accuracy = self.model.train_on_batch(x, y)
        return float(loss), round(float(accuracy) * len(y))

    def test(self, x, y):
        loss, accuracy = self.model.test_on_batch(x, y)
        return float(loss), round(float(accuracy) * len(y))


LIBRARIES = {"labkit": Labkit, "torch": Torch, "keras": Keras}


def pass_over(step, parts):
    """Apply step to every batch; return the mean loss, the accuracy, correct and total."""
    loss = correct = total = 0
    for x, y in parts:
        batch_loss, batch_correct = step(x, y)
        loss += batch_loss * len(y)
        correct += int(batch_correct)
        total += len(y)
    return {"loss": loss / total, "accuracy": correct / total, "correct": correct, "total": total}


def train(trainer, experiment, order_rng, data, epochs):
    """Train one network, and yield what is known after every epoch."""
    x, y, x_test, y_test = data
    end = len(x) - experiment.validation_size
    run = {"optimizer": trainer.optimizer_name, "epochs": epochs, "history": []}
    wall = cpu = 0
    for _ in range(epochs):
        wall_start, cpu_start = time.perf_counter(), time.process_time()
        shuffled = batches(x[:end], y[:end], batch_size=experiment.batch_size, rng=order_rng)
        record = {"train": pass_over(trainer.train, shuffled)}
        wall += time.perf_counter() - wall_start
        cpu += time.process_time() - cpu_start
        if end < len(x):
            held_out = batches(x[end:], y[end:], batch_size=1000)
            record["validation"] = pass_over(trainer.test, held_out)
        record["test"] = pass_over(trainer.test, batches(x_test, y_test, batch_size=1000))
        run["history"].append(record)
        run |= {"train_wall_seconds": round(wall, 1), "train_cpu_seconds": round(cpu, 1)}
        run["test"] = record["test"] | {"wilson_95": wilson_of(record["test"])}
        yield run


def wilson_of(result):
    return list(wilson_interval(result["correct"], result["total"]))


def network_input(mnist):
    """Return images (n, 1, 28, 28) in [0, 1] and labels, for training and for testing."""
    x, x_test = (images[:, None] / np.float32(255) for images in (mnist.x_train, mnist.x_test))
    return x, mnist.y_train, x_test, mnist.y_test


def sha256(mnist):
    """Return the SHA-256 of each array of bytes, as the loader checks it."""
    names = ("x_train", "y_train", "x_test", "y_test")
    contents = {name: getattr(mnist, name).astype(np.uint8).tobytes() for name in names}
    return {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}


def provenance(mnist):
    """Return where and with what a run is made."""
    return made_with("benchmarks/digits_full.py", ("numpy", "torch", "keras")) | {
        "data": "MNIST, 60,000 training and 10,000 test images",
        "data_sha256": sha256(mnist),
    }


def save_run(run):
    """Put the run into the file of results, replacing an earlier one of the same kind and seed."""
    runs = [old for old in read_results()["runs"] if identity(old) != identity(run)]
    runs = sorted([*runs, run], key=identity)
    text = json.dumps({"runs": runs}, indent=1, ensure_ascii=False) + "\n"
    RESULTS.parent.mkdir(exist_ok=True)
    temporary = RESULTS.with_suffix(".tmp")
    temporary.write_text(text)
    temporary.replace(RESULTS)


def identity(run):
    return run["experiment"], run["library"], run["seed"]


def read_results():
    return json.loads(RESULTS.read_text()) if RESULTS.exists() else {"runs": []}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--experiments", nargs="+", choices=EXPERIMENTS, default=[*EXPERIMENTS])
    parser.add_argument("--libraries", nargs="+", choices=LIBRARIES, default=[*LIBRARIES])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--epochs", type=int, help="stop after so many, not the source's number")
    options = parser.parse_args()
    done = {identity(run) for run in read_results()["runs"] if run["finished"]}
    mnist = datasets.load("mnist", size="full")
    data, about = network_input(mnist), provenance(mnist)
    for name in options.experiments:
        for library in options.libraries:
            for seed in options.seeds:
                if (name, library, seed) not in done:
                    run_once(name, library, seed, data, about, options.epochs)


def run_once(name, library, seed, data, about, epochs):
    """Make one run, and record it after every epoch."""
    experiment = EXPERIMENTS[name]
    weight_rng, order_rng = (np.random.default_rng([seed, i]) for i in (0, 1))
    trainer = LIBRARIES[library](experiment.network, weight_rng)
    about = about | {"code_as_committed": code_as_committed(__file__)}
    labels = {"experiment": name, "library": library, "seed": seed}
    epochs = epochs or experiment.epochs
    for run in train(trainer, experiment, order_rng, data, epochs):
        done = len(run["history"])
        save_run(labels | asdict(experiment) | run | {"finished": done == epochs} | about)
        print(name, library, seed, f"epoch {done}: test accuracy {run['test']['accuracy']:.4f}")


if __name__ == "__main__":
    main()
