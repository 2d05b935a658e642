"""The states of all that draws random numbers, as data that can be written down and put back."""

import json
import random
from typing import Any

import numpy as np
import torch


def written(rng: np.random.Generator) -> str:
    """Return the state of a generator as text.

    >>> rng = np.random.default_rng(0)
    >>> before = written(rng)
    >>> first = rng.random()
    >>> put_back(rng, before)
    >>> rng.random() == first
    True
    """
    return _text(rng.bit_generator.state)


def put_back(rng: np.random.Generator, state: str) -> None:
    """Give a generator the state that `written` returned.

    Raises ValueError if it is that of another kind of generator.
    """
    saved, own = json.loads(state), rng.bit_generator
    if saved.get("bit_generator") != own.state["bit_generator"]:
        raise ValueError(
            f"rng must be a {saved.get('bit_generator')} generator, as before; "
            f"got {own.state['bit_generator']}"
        )
    own.state = saved


def capture(device: torch.device) -> dict[str, Any]:
    """Return the states of PyTorch, on the CPU and on the device, of NumPy and of Python."""
    state = {
        "torch": torch.get_rng_state(),
        "numpy": _text(np.random.get_state(legacy=False)),  # noqa: NPY002  (others may draw from it)
        "python": json.dumps(random.getstate()),
    }
    if device.type != "cpu":
        state[device.type] = torch.get_device_module(device).get_rng_state(*_number(device))
    return state


def restore(state: dict[str, Any], device: torch.device) -> None:
    """Put the states of `capture` back; a device that it did not know is left alone."""
    torch.set_rng_state(state["torch"])
    np.random.set_state(json.loads(state["numpy"]))  # noqa: NPY002
    version, words, gauss = json.loads(state["python"])
    random.setstate((version, tuple(words), gauss))
    if device.type in state:
        torch.get_device_module(device).set_rng_state(state[device.type], *_number(device))


def _number(device: torch.device) -> tuple[torch.device, ...]:
    """Return the device if there can be several of its kind, each with a state of its own."""
    return () if device.type == "mps" else (device,)


def _text(state: Any) -> str:
    return json.dumps(state, default=lambda array: array.tolist())
