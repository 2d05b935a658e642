"""Many processes as one: each takes its part of every batch, and all take the same step."""

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import torch
from torch import distributed as dist
from torch import nn

from labkit import devices


@contextlib.contextmanager
def processes(device: str | None = None) -> Iterator[torch.device]:
    """Join the processes that torchrun has started, and yield the device that is this one's.

    Without torchrun there is one process, and nothing is joined. The device is what
    `labkit.devices` advises, unless it is given as "cuda" or "cpu"; of several GPUs each process
    takes the one with its number.

    Raises ValueError if there are more processes than GPUs on this machine.

    >>> with processes("cpu") as device:
    ...     print(device)
    cpu
    """
    kind = device or devices.describe(ask="torch").device
    if not {"RANK", "WORLD_SIZE", "MASTER_ADDR"} <= os.environ.keys():
        yield torch.device(kind)
        return
    own = torch.device(kind)
    if kind == "cuda":
        own = torch.device(kind, _own_gpu())
        torch.cuda.set_device(own)
    dist.init_process_group("cpu:gloo,cuda:nccl" if kind == "cuda" else "gloo")
    try:
        yield own
    finally:
        dist.destroy_process_group()


def _own_gpu() -> int:
    number, count = int(os.environ.get("LOCAL_RANK", 0)), torch.cuda.device_count()
    if number >= count:
        raise ValueError(f"each process needs a GPU of its own; got number {number} of {count}")
    return number


def shard(model: nn.Module) -> nn.Module:
    """Divide the model's weights among the processes (FSDP), block by block; return the model.

    Each process then keeps its part of the weights, of the gradients and of the optimizer's
    memory, and the whole of a block only while it computes with it. Do this before the optimizer
    is made. All start from the weights of process 0. A process that is alone keeps the model whole.

    >>> shard(nn.Linear(2, 3))
    Linear(in_features=2, out_features=3, bias=True)

    [Rajbhandari et al. 2020, section 5.3]
    """
    if not _joined() or dist.get_world_size() == 1:
        return model
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    for tensor in model.state_dict().values():
        dist.broadcast(tensor, src=0)
    kind = next(model.parameters()).device.type
    mesh = init_device_mesh(kind, (dist.get_world_size(),))
    lists = [module for module in model.modules() if isinstance(module, nn.ModuleList)]
    for block in (block for blocks in lists for block in blocks):
        fully_shard(block, mesh=mesh)
    fully_shard(model, mesh=mesh)
    return model


class Team:
    """The processes that train a model together, or this one alone.

    rank is the number of this process, size how many there are. Processes that share a model keep
    equal copies (DDP) unless it was given to `shard`.

    Raises ValueError if the model has no parameters, or the processes were joined in a way that has
    no word for numbers on the CPU.
    """

    def __init__(self, model: nn.Module) -> None:
        self.rank, self.size = (dist.get_rank(), dist.get_world_size()) if _joined() else (0, 1)
        self.model: Any = model  # one that is sharded has methods of FSDPModule
        parameters = list(model.parameters())
        if not parameters:
            raise ValueError("model must have parameters to train; got none")
        self.like = parameters[0]  # the data must have its dtype, and be on its device
        self.device = self.like.device
        self.sharded = any(is_sharded(parameter) for parameter in parameters)
        if self.size > 1 and "cpu:" not in str(dist.get_backend_config()):
            raise ValueError(
                "processes must be joined with gloo for the CPU, as `processes` does; "
                f"got {dist.get_backend_config()}"
            )

    def wrapped(self) -> nn.Module:
        """Return what to call in training, so that the backward pass averages the gradients."""
        if self.size == 1 or self.sharded:
            return self.model
        own = [self.device.index] if self.device.type == "cuda" else None
        return nn.parallel.DistributedDataParallel(self.model, device_ids=own)

    @contextlib.contextmanager
    def exchanging(self, module: Any, *, last: bool) -> Iterator[None]:
        """In the block a backward pass exchanges gradients only if it is the last of the step."""
        if self.size == 1 or last:
            if self.sharded:
                self.model.set_requires_gradient_sync(True)
            yield
        elif self.sharded:
            self.model.set_requires_gradient_sync(False)
            yield
        else:
            with module.no_sync():
                yield

    def total(self, numbers: torch.Tensor) -> torch.Tensor:
        """Return the sum over the processes."""
        if self.size > 1:
            dist.all_reduce(numbers)
        return numbers

    def largest(self, number: int) -> int:
        """Return the largest number that a process has; all wait for each other."""
        if self.size == 1:
            return int(number)
        numbers = torch.tensor(int(number))
        dist.all_reduce(numbers, dist.ReduceOp.MAX)
        return int(numbers)

    def gathered(self, item: Any) -> list:
        """Return what each process has, in the order of their numbers."""
        if self.size == 1:
            return [item]
        items = [None] * self.size
        dist.all_gather_object(items, item)
        return items


def is_sharded(tensor: Any) -> bool:
    """Say whether this process has only a part of the tensor."""
    return hasattr(tensor, "full_tensor")


def whole(tensor: Any) -> Any:
    """Return all of a tensor, on the CPU, even if this process has a part; all must call this."""
    if not isinstance(tensor, torch.Tensor):
        return tensor
    full: Any = tensor
    full = full.full_tensor() if is_sharded(tensor) else full
    return full.detach().cpu()


def divided(tensor: Any, like: Any) -> Any:
    """Return this process's part of the tensor if ``like`` is a part and as large as a whole."""
    if not is_sharded(like) or getattr(tensor, "shape", None) != like.shape:
        return tensor
    from torch.distributed.tensor import distribute_tensor

    return distribute_tensor(
        tensor.to(like.device), like.device_mesh, like.placements, src_data_rank=None
    )


def _joined() -> bool:
    return dist.is_available() and dist.is_initialized()
