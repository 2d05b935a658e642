"""Training at real scale in PyTorch: one loop, from a laptop's CPU to a machine full of GPUs.

A batch is one step. How it is computed is said beside it: in how many pieces, by how many
processes, in how many bits; none of it changes what is learned, beyond rounding. A training can be
stopped at any step and goes on from its file as if it had never stopped.

`python -m labkit.frameworks.torch_training --help` trains a small GPT with it, and under torchrun
on several GPUs; its source, `command.py`, is an example of use.
"""

from labkit.frameworks.torch_training.checkpoint import load
from labkit.frameworks.torch_training.data import Epoch, Examples, Windows
from labkit.frameworks.torch_training.distributed import processes, shard
from labkit.frameworks.torch_training.loop import fit
from labkit.frameworks.torch_training.measure import evaluate
from labkit.frameworks.torch_training.precision import Precision

__all__ = [
    "Epoch",
    "Examples",
    "Precision",
    "Windows",
    "evaluate",
    "fit",
    "load",
    "processes",
    "shard",
]
