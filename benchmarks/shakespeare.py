"""Train recurrent language models on Shakespeare's characters, and record what came out.

    python -m benchmarks.shakespeare                          every run that is not recorded yet
    python -m benchmarks.shakespeare --kinds lstm --seeds 0 1

The text comes with labkit. A seed means starting weights and windows; the weights are those of
`labkit.models.RecurrentLM`, trained in PyTorch. The results go to results/shakespeare.json after
every run. Test losses are recorded to be read, not to choose by: the number of steps was fixed.
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
import torch
from torch.nn.functional import cross_entropy

from benchmarks.provenance import code_as_committed, made_with
from labkit import dataloader, datasets
from labkit.frameworks import torch_models
from labkit.generation import sample
from labkit.schedules import warmup_cosine
from labkit.tokenizers import CharTokenizer

RESULTS = Path(__file__).parent / "results" / "shakespeare.json"
KINDS, SEEDS = ("rnn", "gru", "lstm"), (0, 1, 2)
SIZES = {"d": 32, "hidden": 128}
STEPS, BATCH_SIZE, WINDOW = 2000, 32, 64
LR = {"rnn": 0.006, "gru": 0.01, "lstm": 0.015}
CLIP, EVERY = 1.0, 250


def windows(ids, rng):
    """Return inputs and targets (n, t): windows from anywhere, and each one's next characters."""
    pair = dataloader.windows(ids, n=BATCH_SIZE, t=WINDOW, rng=rng)
    return [torch.from_numpy(array) for array in pair]


def judged(model, ids, rows=32):
    """Return mean loss and share of likeliest characters that came, read in a few long rows."""
    t = (len(ids) - 1) // rows
    x, y = (torch.from_numpy(ids[i : i + rows * t].reshape(rows, t)) for i in (0, 1))
    with torch.inference_mode():
        logits = model(x).flatten(0, 1)
    right = (logits.argmax(dim=1) == y.flatten()).sum().item()
    return {"loss": cross_entropy(logits, y.flatten()).item(), "right": right, "of": y.numel()}


def train(kind, seed, text, steps=STEPS):
    """Return the trained model, and what was seen on the way."""
    rng = np.random.default_rng(seed)
    tokenizer = CharTokenizer(text.text)
    parts = (text.train, text.validation, text.test)
    ids, validation, test = (np.array(tokenizer.encode(part)) for part in parts)
    model = torch_models.RecurrentLM(vocabulary=len(tokenizer), kind=kind, rng=rng, **SIZES)
    optimizer = torch.optim.Adam(model.parameters(), lr=LR[kind])
    history, start = [], time.process_time()
    for t in range(steps):
        optimizer.param_groups[0]["lr"] = warmup_cosine(
            t, lr=LR[kind], warmup_steps=steps // 20, steps=steps
        )
        x, y = windows(ids, rng)
        loss = cross_entropy(model(x).flatten(0, 1), y.flatten())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimizer.step()
        if (t + 1) % EVERY == 0:
            history.append({"step": t + 1, "validation_loss": judged(model, validation)["loss"]})
    run = {
        "parameters": sum(p.numel() for p in model.parameters()),
        "history": history,
        "test": judged(model, test),
        "cpu_seconds": round(time.process_time() - start, 1),
        "sample": written(model, tokenizer, rng),
    }
    return model, run


def written(model, tokenizer, rng, count=400, temperature=0.7):
    """Return text that the model goes on with after an empty line, one character at a time."""
    ids = np.array([tokenizer.encode("\n\n")])
    for _ in range(count):
        with torch.inference_mode():
            logits = model(torch.from_numpy(ids))[:, -1].numpy()
        chosen = sample(logits, rng=rng, temperature=temperature)
        ids = np.concatenate([ids, chosen[:, np.newaxis]], axis=1)
    return tokenizer.decode(ids[0])


def read_results():
    return json.loads(RESULTS.read_text("utf-8"))["runs"] if RESULTS.exists() else []


def save_run(run):
    """Put the run into the file of results, replacing an earlier one of the same kind and seed."""
    runs = {(old["kind"], old["seed"]): old for old in [*read_results(), run]}
    order = [runs[kind, seed] for kind in KINDS for seed in SEEDS if (kind, seed) in runs]
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps({"runs": order}, indent=1, ensure_ascii=False) + "\n", "utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=[*KINDS])
    parser.add_argument("--seeds", nargs="+", type=int, choices=SEEDS, default=[*SEEDS])
    options = parser.parse_args()
    torch.set_num_threads(1)
    text = datasets.load_text("shakespeare")
    done = {(run["kind"], run["seed"]) for run in read_results()}
    setting = {"steps": STEPS, "batch_size": BATCH_SIZE, "window": WINDOW, "clip": CLIP, **SIZES}
    about = made_with("benchmarks/shakespeare.py", ("numpy", "torch"))
    for seed in options.seeds:
        for kind in options.kinds:
            if (kind, seed) not in done:
                _, run = train(kind, seed, text)
                labels = {"kind": kind, "seed": seed, "lr": LR[kind], "data": text.provenance}
                save_run(
                    labels
                    | setting
                    | run
                    | about
                    | {"code_as_committed": code_as_committed(__file__)}
                )
                print(f"{kind}, seed {seed}: test loss {run['test']['loss']:.3f}")


if __name__ == "__main__":
    main()
