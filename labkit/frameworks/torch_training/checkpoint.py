"""A training in one file: written whole or not at all, read without running anything in it."""

import os
import pickle
import zipfile
import zlib
from pathlib import Path
from typing import Any

import torch
from torch import nn

from labkit.frameworks.torch_training.distributed import divided, whole
from labkit.training import History

FORMAT = "labkit.frameworks.torch_training 1"
State = dict[str, Any]


def write(path: str | os.PathLike, state: State) -> None:
    """Write the state to a file, which has its name only when it is whole and on the disk."""
    partial = Path(f"{os.fspath(path)}.partial")
    try:
        with partial.open("wb") as file:
            torch.save({"format": FORMAT, **state}, file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def read(path: str | os.PathLike) -> State:
    """Read what `write` wrote; nothing in the file is run, and each byte is proven.

    Raises ValueError if the file is damaged or is none of `write`, FileNotFoundError if there is
    none.
    """
    try:
        with open(path, "rb") as file:
            with zipfile.ZipFile(file) as archive:  # torch.load does not compare the checksums
                if damaged := archive.testzip():
                    raise ValueError(f"its part {damaged} is damaged")
            file.seek(0)
            state = torch.load(file, map_location="cpu", weights_only=True)
        if not isinstance(state, dict) or state.get("format") != FORMAT:
            raise ValueError("it is of another program or version")
    except (
        ValueError,
        RuntimeError,
        EOFError,
        LookupError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise refused(path, error) from error
    except (NotImplementedError, pickle.UnpicklingError) as error:
        raise refused(path, "it holds more than numbers and text") from error
    return state


def load(path: str | os.PathLike, model: nn.Module) -> History:
    """Read the weights of a checkpoint of `fit` into the model, to use it. Return the history.

    To go on with the training, call `fit` with ``resume=True`` instead.

    Raises ValueError if the file is damaged, is no checkpoint or does not fit the model, which is
    then left as it was; FileNotFoundError if there is none.
    """
    state = read(path)
    put_weights(path, state, model)
    return History(state["history"])


def weights_of(model: nn.Module) -> State:
    """Return the model's weights, whole and on the CPU."""
    return {name: whole(tensor) for name, tensor in model.state_dict().items()}


def memory_of(optimizer: torch.optim.Optimizer) -> State:
    """Return the optimizer's kind, settings and memory, whole and on the CPU."""
    state = optimizer.state_dict()
    memory = {
        i: {name: whole(value) for name, value in own.items()} for i, own in state["state"].items()
    }
    return {**state, "state": memory, "kind": type(optimizer).__name__}


def put_back(
    path: str | os.PathLike, state: State, model: nn.Module, optimizer: torch.optim.Optimizer
) -> None:
    """Copy a checkpoint into model and optimizer, or say why not and leave both as they were."""
    _check_weights(path, state, model)
    _check_memory(path, state, optimizer)
    put_weights(path, state, model)
    saved = state["optimizer"]
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    memory = {
        i: {name: divided(value, parameters[i]) for name, value in own.items()}
        for i, own in saved["state"].items()
    }
    optimizer.load_state_dict({"state": memory, "param_groups": saved["param_groups"]})


def put_weights(path: str | os.PathLike, state: State, model: nn.Module) -> None:
    """Copy the weights of a checkpoint into the model, or say why not and leave it as it was."""
    _check_weights(path, state, model)
    own, saved = model.state_dict(), state["model"]
    model.load_state_dict({name: divided(saved[name], own[name]) for name in own})


def _check_weights(path: str | os.PathLike, state: State, model: nn.Module) -> None:
    own, saved = model.state_dict(), state["model"]
    for name in sorted(own.keys() | saved.keys()):
        here, there = (_shape(weights, name) for weights in (own, saved))
        if here != there:
            raise refused(path, f"the model has {here} for {name!r}, the file {there}")


def _check_memory(path: str | os.PathLike, state: State, optimizer: torch.optim.Optimizer) -> None:
    saved, own = state["optimizer"], optimizer.state_dict()
    here, there = type(optimizer).__name__, saved["kind"]
    if here != there:
        raise refused(path, f"the optimizer is {here}, the file's {there}")
    moved, before = ([len(g["params"]) for g in s["param_groups"]] for s in (own, saved))
    if moved != before:
        raise refused(path, f"the optimizer moves {moved} tensors, the file's {before}")


def _shape(weights: State, name: str) -> tuple | str:
    return tuple(getattr(weights[name], "shape", ())) if name in weights else "nothing"


def refused(path: str | os.PathLike, why: object) -> ValueError:
    """Return the error that says why a file is no checkpoint, or none of this training."""
    return ValueError(
        f"{os.fspath(path)!r} must be a checkpoint of labkit.frameworks.torch_training that fits; "
        f"{why}"
    )
