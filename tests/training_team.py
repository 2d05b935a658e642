"""What two processes do for the tests of distributed training: `torchrun training_team.py FOLDER`.

Process 0 writes what came of it to FOLDER/team.pt; the checkpoints that it finds and leaves there
are those of a process that is alone.
"""

import itertools
import signal
import sys
from pathlib import Path

import numpy as np
import torch
from torch import distributed as dist
from torch import nn
from torch.nn import functional
from trainings import Net, blobs, equal, generator, restless, seed_all, sgd, train

from labkit.frameworks.torch_training import Examples, checkpoint, evaluate, fit, processes, shard

KINDS = {"copies": lambda model: model, "shards": shard}


def padded(n=7, t=4):
    """Token sequences of many lengths: the first two rows have nothing to learn from."""
    rng = generator()
    x, y = rng.integers(7, size=(n, t)), rng.integers(7, size=(n, t))
    for row, length in enumerate([0, 0, 1, 4, 2, 3, 4]):
        y[row, length:] = -100
    return x, y


def token_loss(out, y):
    return functional.cross_entropy(out.flatten(0, 1), y.flatten())


def token_training(wrap=lambda model: model):
    torch.manual_seed(0)
    model = wrap(nn.Sequential(nn.Embedding(7, 5), nn.Linear(5, 7)).double())
    data = Examples(*padded(), batch_size=4)
    chosen = {"loss": token_loss, "unit": "tokens", "optimizer": sgd(model), "rng": generator()}
    history = fit(model, data, epochs=2, **chosen)
    return checkpoint.weights_of(model), history


def uneven():
    """Batches of 7, 7, 7 and a last one of 1, of which one process has nothing."""
    return Examples(*blobs(22), batch_size=7)


def alone_or_together(wrap=lambda model: model, *, dtype=torch.float64, **changes):
    """Return the weights and the history of a training of uneven batches."""
    chosen = {"data": uneven(), "validation": Examples(*blobs(5), batch_size=3), **changes}
    model, _, history = train(wrap(Net(dtype=dtype)), **chosen)
    return checkpoint.weights_of(model), history


def overflowing():
    """A loss whose first gradients float16 has no numbers for, but only of the class 2."""
    factors = itertools.chain([1e36], itertools.repeat(0.0))

    def loss(out, y):
        return functional.cross_entropy(out, y) * (0.1 + next(factors) * (y == 2).double().mean())

    return loss


def results(folder):
    found = {}
    for kind, wrap in KINDS.items():
        found[kind] = alone_or_together(wrap)
        found[f"{kind}, pieces"] = alone_or_together(wrap, accumulate=2)
        found[f"{kind}, tokens"] = token_training(wrap)
        half = {"dtype": torch.float32, "precision": "float16", "loss": overflowing()}
        path = folder / f"{kind}-half.pt"
        found[f"{kind}, float16"] = alone_or_together(wrap, checkpoint=path, make=sgd, **half)
        # Begun here, to be finished by one process; begun by one, to be finished here.
        alone_or_together(wrap, checkpoint=folder / f"{kind}-of-two.pt", steps=6)
        path = folder / f"{kind}-of-one.pt"
        found[f"{kind}, from one"] = alone_or_together(wrap, checkpoint=path, resume=True)
        found[f"{kind}, same bits"] = stopped_and_not(wrap, folder, kind)
    found["evaluated"] = evaluate(Net(), uneven(), loss=functional.cross_entropy)
    found["masks"] = dropped()
    found["generators"] = refusal()
    found["signal"] = one_is_told(folder / "told.pt")
    found["missing"] = file_of_one(folder)
    return found


def stopped_and_not(wrap, folder, kind):
    """Whether a training with dropout goes on to the same bits, with as many processes."""

    def run(name, seed, **changes):
        model = wrap(Net(seed, dropout=0.3))
        seed_all(seed)
        path = folder / f"{kind}-{name}.pt"
        train(model, data=uneven(), loss=restless, checkpoint=path, **changes)
        return checkpoint.read(path)

    whole = run("whole", 1)
    run("parts", 1, steps=6)
    return equal(run("parts", 4, resume=True), whole)


def dropped():
    """Which numbers dropout has set to zero in each process."""
    seen = []

    class Dropped(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(torch.ones(1))

        def forward(self, x):
            out = functional.dropout(self.w * x, 0.5)
            seen.append((out == 0).tolist())
            return out

    torch.manual_seed(0)
    data = Examples(np.ones((2, 16)), np.ones((2, 16)), batch_size=2)
    train(Dropped(), make=sgd, data=data, loss=functional.mse_loss, steps=1)
    masks = [None, None]
    dist.all_gather_object(masks, seen[0])
    return masks


def refusal():
    """What is said if the processes would go through the data in different orders."""
    try:
        train(rng=generator(dist.get_rank()))
    except ValueError as error:
        return str(error)
    return ""


def one_is_told(path):
    """Process 1 alone is told to stop, in its third step; what each of the two then did."""
    calls = iter(range(1, 100))

    def loss(out, y):
        if next(calls) == 3 and dist.get_rank() == 1:
            signal.raise_signal(signal.SIGTERM)
        return functional.cross_entropy(out, y)

    try:
        train(loss=loss, checkpoint=path, progress=False)
    except SystemExit as stop:
        own = [stop.code, *stop.__notes__]
    ends = [None, None]
    dist.all_gather_object(ends, own)
    return ends


def file_of_one(folder):
    """What is said if a checkpoint is not on a disk that all see."""
    own = folder / f"{dist.get_rank()}.pt"
    if dist.get_rank() == 0:
        own.write_text("here")
    try:
        train(checkpoint=own, resume=True)
    except ValueError as error:
        return str(error)
    return ""


if __name__ == "__main__":
    torch.set_num_threads(1)
    with processes("cpu") as device:
        assert (device.type, dist.get_world_size()) == ("cpu", 2)
        found = results(Path(sys.argv[1]))
        if dist.get_rank() == 0:
            torch.save(found, Path(sys.argv[1]) / "team.pt")
