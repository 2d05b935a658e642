"""What this machine has, which framework sees it, and which device and type to use.

>>> from labkit import devices
>>> machine = devices.describe()
>>> machine.cpu.usable >= 0.01 and machine.device in ("cpu", "cuda", "xpu", "mps", "xla", "tpu")
True

`print(machine)` shows all of it, and so do `labkit devices` and `python -m labkit.devices`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from labkit.devices import advice, frameworks, hardware
from labkit.devices.frameworks import Framework
from labkit.devices.hardware import Accelerator, Cpu, Memory, Place
from labkit.devices.system import System

__all__ = ["ASKABLE", "Accelerator", "Cpu", "Framework", "Machine", "Memory", "Place", "describe"]

#: What `describe` can be told to ask.
ASKABLE = (*frameworks.NAMES, "nvidia-smi")


@dataclass(frozen=True)
class Machine:
    """Everything that `describe` found; `device`, `dtype` and `why` are its advice."""

    place: Place
    system: str
    cpu: Cpu
    memory: Memory
    accelerators: tuple[Accelerator, ...]
    frameworks: tuple[Framework, ...]
    device: str
    dtype: str
    why: str

    def __str__(self) -> str:
        from labkit.devices.report import table

        return table(self)


def describe(ask: Collection[str] = (), *, system: System | None = None) -> Machine:
    """Describe this machine, and say which device and type to use and why.

    Unless asked, it reads files and environment variables only: it imports no framework and runs
    no program, so that it takes milliseconds. `ask` names those whose own word is wanted, of
    "torch", "torch_xla", "keras", "jax", "tensorflow" and "nvidia-smi"; each takes seconds.
    `system` stands for the machine itself and can be a made-up one.

    It never fails because of the machine: what cannot be found out is None, "" or a note.
    Raises ValueError if `ask` names anything else.
    """
    ask = (ask,) if isinstance(ask, str) else tuple(ask)
    for name in ask:
        if name not in ASKABLE:
            raise ValueError(f"ask must name some of {', '.join(ASKABLE)}, got {name!r}")
    system = system or System()
    found = hardware.accelerators(system, ask_nvidia_smi="nvidia-smi" in ask)
    known = tuple(frameworks.look(system, name) for name in frameworks.NAMES)
    known = tuple(frameworks.ask(system, one) if one.name in ask else one for one in known)
    chosen = advice.advise(found, known)
    return Machine(
        place=hardware.place(system),
        system=f"{system.platform} {system.architecture}",
        cpu=hardware.cpu(system),
        memory=hardware.memory(system),
        accelerators=found,
        frameworks=known,
        device=chosen.device,
        dtype=chosen.dtype,
        why=chosen.why,
    )
