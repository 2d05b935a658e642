"""Whole steps: an optimizer's, a network's, a token's, and the import before all of them."""

import resource
import subprocess
import sys

import numpy as np
import torch
import torch.nn.functional as F

from benchmarks.speed import peers
from benchmarks.speed.measure import Case
from labkit import generation, models, ops, optim
from labkit.autograd import Tensor
from labkit.frameworks import torch_models

STEP = "step"


# --- optimizers ---------------------------------------------------------------------------------


def optimizers():
    largest = {"float32": 1.3, "float64": 1.3}
    for pieces in (1, 64):
        name = f"Adam, 1,048,576 weights in {pieces}"
        yield Case("optimizer", name, STEP, lambda dtype, k=pieces: adam_steps(dtype, k), largest)


def adam_steps(dtype, pieces):
    rng = np.random.default_rng(0)
    weights, gradients = rng.normal(size=(2, pieces, 2**20 // pieces)).astype(dtype)
    runs = {
        "PyTorch": torch_adam(weights, gradients),
        "PyTorch, fused": torch_adam(weights, gradients, fused=True),
        "labkit": labkit_adam(weights, gradients),
        "numpy-ml": peers.adam(weights, gradients),
    }
    return {name: run for name, run in runs.items() if run}


def labkit_adam(weights, gradients):
    own = [Tensor(w.copy(), requires_grad=True) for w in weights]
    for tensor, g in zip(own, gradients, strict=True):
        tensor.grad = g
    optimizer = optim.Adam(own)

    def run():
        optimizer.step()
        return {"w": own[0]}

    return run


def torch_adam(weights, gradients, **how):
    own = [torch.tensor(w, requires_grad=True) for w in weights]
    for tensor, g in zip(own, gradients, strict=True):
        tensor.grad = torch.tensor(g)
    optimizer = torch.optim.Adam(own, **how)

    def run():
        optimizer.step()
        return {"w": own[0]}

    return run


# --- training steps -----------------------------------------------------------------------------


def steps():
    cnn = {"float32": 2.0, "float64": 2.0}
    yield Case("training", "digits_cnn, 64 images, SGD", STEP, cnn_steps, cnn)
    yield Case("training", "GPT 4 layers, D128, B12 T64, AdamW", STEP, gpt_steps)
    yield Case("training", "MLP 2-16-16-1, 32 points, SGD", STEP, mlp_steps, dtypes=("float64",))


def labkit_step(model, loss_of, optimizer):
    def run():
        loss = loss_of(model)
        optimizer.zero_grad()
        loss.backward()
        gradient = model.parameters()[0].grad
        optimizer.step()
        return {"loss": loss, "gradient": gradient, "weight": model.parameters()[0]}

    return run


def torch_step(model, loss_of, optimizer, turned=False):
    """turned: the first weight is that of a linear layer, which PyTorch keeps transposed."""
    first = next(model.parameters())

    def run():
        loss = loss_of(model)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        weight, gradient = (first.T, first.grad.T) if turned else (first, first.grad)
        return {"loss": loss, "gradient": gradient, "weight": weight}

    return run


def cnn_steps(dtype):
    """One step of the sources' network for digits."""
    rng = np.random.default_rng(0)
    x, y = rng.random((64, 1, 28, 28)).astype(dtype), rng.integers(10, size=64)
    their_x, their_y = torch.tensor(x), torch.tensor(y)

    def made(library):
        return library.digits_cnn(rng=np.random.default_rng(1), dtype=dtype)

    ours, theirs = made(models), made(torch_models)
    last = made(torch_models).to(memory_format=torch.channels_last)
    last_x = their_x.to(memory_format=torch.channels_last)
    runs = {
        "PyTorch": torch_step(
            theirs, lambda m: F.cross_entropy(m(their_x), their_y), torch_sgd(theirs)
        ),
        "PyTorch, channels last": torch_step(
            last, lambda m: F.cross_entropy(m(last_x), their_y), torch_sgd(last)
        ),
        "labkit": labkit_step(
            ours, lambda m: ops.cross_entropy(m(x), y), optim.SGD(ours.parameters(), lr=0.01)
        ),
    }
    keras = peers.module("Keras") if dtype == "float32" else None  # it computes in no other
    return runs | ({"Keras on PyTorch": keras_step(keras, made, x, y)} if keras else {})


def torch_sgd(model):
    return torch.optim.SGD(model.parameters(), lr=0.01)


def keras_step(keras, made, x, y):
    from labkit.frameworks import keras_models  # Keras may be missing

    model = made(keras_models)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.SGD(0.01), loss=loss)
    return lambda: {"loss": model.train_on_batch(x, y)}


def gpt_steps(dtype):
    """One step of nanoGPT's configuration for a processor."""
    config = models.GPTConfig(vocabulary=65, context=64, d=128, layers=4, heads=4)
    ids = np.random.default_rng(0).integers(65, size=(12, 65))
    x, y = ids[:, :-1], ids[:, 1:]
    their_x, their_y = torch.tensor(x), torch.tensor(y).flatten()
    ours = models.GPT(config, rng=np.random.default_rng(1), dtype=dtype)
    theirs = torch_models.GPT(config, rng=np.random.default_rng(1), dtype=dtype)
    adamw = torch.optim.AdamW(theirs.parameters(), lr=0.001, fused=True)
    return {
        "PyTorch": torch_step(
            theirs, lambda m: F.cross_entropy(m(their_x).flatten(0, 1), their_y), adamw
        ),
        "labkit": labkit_step(
            ours,
            lambda m: ops.cross_entropy(m(x), y),
            optim.AdamW(ours.parameters(), lr=0.001),
        ),
    }


# --- the smallest network: numbers one by one, or arrays ----------------------------------------


def mlp_steps(dtype):
    """One step on the mean squared error of micrograd's example network."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(32, 2)), rng.choice([-1.0, 1.0], size=(32, 1))
    their_x, their_y = torch.tensor(x), torch.tensor(y)

    def made(library):
        return library.mlp((2, 16, 16, 1), rng=np.random.default_rng(1), dtype=dtype)

    ours, theirs = made(models), made(torch_models)
    sgd = optim.SGD(ours.parameters(), lr=0.01)
    runs = {
        "PyTorch": torch_step(
            theirs, lambda m: F.mse_loss(m(their_x), their_y), torch_sgd(theirs), turned=True
        ),
        "labkit": labkit_step(ours, lambda m: ops.mean_squared_error(m(x), y), sgd),
        "micrograd": peers.micrograd_step(ours.state_dict(), x, y, lr=0.01),
    }
    return {name: run for name, run in runs.items() if run}


# --- generation ---------------------------------------------------------------------------------


def generating():
    """With a cache the model reads each token once; it must be three times as fast, or more."""
    yield Case(
        "generation",
        "GPT 4 layers, D128, 240 tokens after 16",
        "greedy",
        generation_runs,
        {"float32": 0.33, "float64": 0.33},
        base="labkit, no cache",
        at_least=0.0,
    )


def generation_runs(dtype):
    config = models.GPTConfig(vocabulary=65, context=256, d=128, layers=4, heads=4)
    model = models.GPT(config, rng=np.random.default_rng(1), dtype=dtype)
    start = np.random.default_rng(0).integers(65, size=(1, 16))

    def run(cached):
        return lambda: {"ids": generation.generate(model, start, count=240, cached=cached)}

    return {"labkit, no cache": run(False), "labkit": run(True)}


# --- imports ------------------------------------------------------------------------------------

IMPORTS = {
    "NumPy": "numpy",
    "labkit": "labkit.ops",
    "labkit, everything": "labkit.models, labkit.training",  # and with them nn and optim
    "PyTorch": "torch",
}


def imports():
    """What a learner waits for before the first line, in fresh processes."""
    yield Case(
        "import",
        "import in a fresh process",
        "import",
        import_runs,
        {"float32": 1.3},
        dtypes=("float32",),
        base="NumPy",
        clock=children_seconds,
        at_least=0.0,
    )


def import_runs(_dtype):
    def run(modules):
        command = [sys.executable, "-c", f"import {modules}"]
        return lambda: subprocess.run(command, check=True) and {}

    runs = {name: run(modules) for name, modules in IMPORTS.items()}
    return runs | ({"Keras on PyTorch": run("keras")} if peers.installed("Keras") else {})


def children_seconds():
    """Return the processor seconds of all processes that this one has started and waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
