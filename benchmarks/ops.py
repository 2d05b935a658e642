"""How fast labkit's operations are beside PyTorch's: one thread, CPU time, forward and backward.

    python benchmarks/ops.py            half a minute; prints a table

The two take turns, round after round, and the ratio of a case is the median of its rounds' ratios:
what disturbs the machine disturbs both. CPU time does not count the time spent waiting. Before it
is timed, every case is compared: value and gradients must agree.
"""

# ruff: noqa: E402
import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy reads them; see README.md on two threads

import argparse
import time

import numpy as np
import torch
import torch.nn.functional as F

from labkit import models, ops, optim
from labkit.autograd import Tensor
from labkit.frameworks import torch_models
from labkit.gradcheck import relative_error

TOLERANCE = {"float32": 2e-4, "float64": 1e-9}


def operation(ours, theirs, *shapes):
    """A case: the same function in both, on random arrays of these shapes."""

    def make(dtype):
        rng = np.random.default_rng(0)
        arrays = [rng.normal(size=shape).astype(dtype) for shape in shapes]
        tensors = [Tensor(array, requires_grad=True) for array in arrays]
        their_tensors = [torch.tensor(array, requires_grad=True) for array in arrays]
        g = rng.normal(size=ours(*arrays).shape).astype(dtype)
        their_g = torch.tensor(g)

        def run():
            out = ours(*tensors)
            out.backward(g)
            gradients = [tensor.grad for tensor in tensors]
            for tensor in tensors:
                tensor.grad = None
            return [out.data, *gradients]

        def their_run():
            out = theirs(*their_tensors)
            out.backward(their_g)
            gradients = [tensor.grad for tensor in their_tensors]
            for tensor in their_tensors:
                tensor.grad = None
            return [out.detach(), *gradients]

        return run, their_run

    return make


def convolution(x, w, **config):
    return operation(
        lambda x, w: ops.conv2d(x, w, **config), lambda x, w: F.conv2d(x, w, **config), x, w
    )


def cross_entropy(dtype):
    target = np.random.default_rng(1).integers(1000, size=256)
    make = operation(
        lambda logits: ops.cross_entropy(logits, target),
        lambda logits: F.cross_entropy(logits, torch.tensor(target)),
        (256, 1000),
    )
    return make(dtype)


def adam(dtype):
    """One step on a million weights."""
    start, g = np.random.default_rng(0).normal(size=(2, 1_000_000)).astype(dtype)
    w, their_w = Tensor(start.copy(), requires_grad=True), torch.tensor(start, requires_grad=True)
    w.grad, their_w.grad = g, torch.tensor(g)
    ours, theirs = optim.Adam([w]), torch.optim.Adam([their_w])

    def run():
        ours.step()
        return [w.data]

    def their_run():
        theirs.step()
        return [their_w.detach()]

    return run, their_run


def cnn_step(dtype):
    """One training step of the sources' CNN on 64 images."""
    rng = np.random.default_rng(0)
    x, y = rng.random((64, 1, 28, 28)).astype(dtype), rng.integers(10, size=64)
    model = models.digits_cnn(rng=np.random.default_rng(1), dtype=dtype)
    theirs = torch_models.digits_cnn(rng=np.random.default_rng(1), dtype=dtype)
    sgd = optim.SGD(model.parameters(), lr=0.01)
    their_sgd = torch.optim.SGD(theirs.parameters(), lr=0.01)
    their_x, their_y = torch.tensor(x), torch.tensor(y)

    def run():
        loss = ops.cross_entropy(model(x), y)
        sgd.zero_grad()
        loss.backward()
        sgd.step()
        return [loss.data]

    def their_run():
        loss = F.cross_entropy(theirs(their_x), their_y)
        their_sgd.zero_grad()
        loss.backward()
        their_sgd.step()
        return [loss.detach()]

    return run, their_run


CASES = {
    "conv2d 64x1x28x28, 32x1x3x3": convolution((64, 1, 28, 28), (32, 1, 3, 3)),
    "conv2d 64x32x13x13, 64x32x3x3": convolution((64, 32, 13, 13), (64, 32, 3, 3)),
    "conv2d 32x64x16x16, 128x64x3x3, stride 2, padding 1": convolution(
        (32, 64, 16, 16), (128, 64, 3, 3), stride=2, padding=1
    ),
    "conv2d 32x64x16x16, 128x64x3x3, dilation 2, padding 2": convolution(
        (32, 64, 16, 16), (128, 64, 3, 3), dilation=2, padding=2
    ),
    "max_pool2d 64x32x26x26, 2x2": operation(
        lambda x: ops.max_pool2d(x, kernel_size=2), lambda x: F.max_pool2d(x, 2), (64, 32, 26, 26)
    ),
    "cross_entropy 256x1000": cross_entropy,
    "Adam, 1,000,000 weights": adam,
    "training step of digits_cnn, 64 images": cnn_step,
}


def compare(make, dtype, rounds):
    """Return the median milliseconds of both and the median ratio, after checking equality."""
    run, their_run = make(dtype)
    for ours, theirs in zip(run(), their_run(), strict=True):
        error = relative_error(ours, theirs.numpy())
        if not error < TOLERANCE[dtype]:
            raise ValueError(f"the results must agree to {TOLERANCE[dtype]}; got {error:.1e}")
    times = np.empty((rounds, 2))
    for i in range(rounds):
        for j in (0, 1) if i % 2 else (1, 0):
            times[i, j] = cpu_milliseconds((run, their_run)[j])
    ours, theirs = np.median(times, axis=0)
    ratio = np.median(times[:, 0] / times[:, 1])
    return ours, theirs, ratio


def cpu_milliseconds(run, at_least=0.02):
    """Return the CPU time of one call, from as many calls as fill some milliseconds."""
    start, calls = time.process_time(), 0
    while calls == 0 or time.process_time() - start < at_least:
        run()
        calls += 1
    return (time.process_time() - start) / calls * 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    print(
        f"{'labkit / PyTorch, CPU ms, forward and backward':54}  {'float32':>24}  {'float64':>24}"
    )
    for name, make in CASES.items():
        line = f"{name:54}"
        for dtype in ("float32", "float64"):
            ours, theirs, ratio = compare(make, dtype, rounds)
            line += f"  {ours:7.2f} / {theirs:6.2f} = {ratio:5.2f}"
        print(line)


if __name__ == "__main__":
    main()
