"""A description of the machine that a person can read."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from labkit.devices.frameworks import Framework
from labkit.devices.hardware import KINDS, Accelerator, Cpu, Memory

if TYPE_CHECKING:
    from labkit.devices import Machine

WIDTH = 88
INDENT = 13
_LABELS = {"cuda": "CUDA", "rocm": "ROCm", "tpu": "TPU", "xpu": "XPU", "mps": "MPS"}


def table(machine: Machine) -> str:
    """Give the whole description, one fact a line, in ASCII."""
    place = f"{machine.place.name} ({machine.place.evidence})"
    rows = [("Where", place), ("System", machine.system), ("CPU", _cpu(machine.cpu))]
    rows.append(("Memory", _memory(machine.memory)))
    found = {one.kind: one for one in machine.accelerators}
    rows += [
        (_LABELS[kind], _accelerator(found.get(kind)) or f"no {KINDS[kind]}") for kind in KINDS
    ]
    rows += [(one.name, _framework(one)) for one in machine.frameworks]
    rows += [("Use", f"device {machine.device!r}, dtype {machine.dtype!r}"), ("Why", machine.why)]
    if machine.place.tip and machine.device == "cpu":
        rows.append(("Tip", machine.place.tip))
    return "\n".join(_row(name, text) for name, text in rows)


def _row(name: str, text: str) -> str:
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=f"{name:{INDENT}}",
        subsequent_indent=" " * INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _cpu(cpu: Cpu) -> str:
    cores = "core" if cpu.total == 1 else "cores"
    share = f"{cpu.usable:g} of {cpu.total} {cores} ({cpu.limit})" if cpu.limit else ""
    text = share or f"{cpu.total} {cores}"
    return f"{text}, {cpu.model}" if cpu.model else text


def _memory(memory: Memory) -> str:
    if memory.usable is None:
        return "unknown"
    if memory.limit and memory.total is not None:
        return f"{_gib(memory.usable)} of {_gib(memory.total)} ({memory.limit})"
    return _gib(memory.usable)


def _gib(size: int) -> str:
    return f"{size / 2**30:.1f} GiB"


def _accelerator(one: Accelerator | None) -> str:
    if one is None:
        return ""
    text = f"{one.count} x {one.name}" + (f", {_gib(one.memory)}" if one.memory else "")
    return f"{text}, by {one.evidence}" + (f"; {one.trouble}" if one.trouble else "")


def _framework(one: Framework) -> str:
    if not one.installed:
        return one.note or "not installed"
    parts = [one.version or "installed"]
    if one.built_for is not None:
        kinds = " and ".join(f"{KINDS[kind]}s" for kind in one.built_for)
        parts.append(f"built for {kinds or 'the CPU only'}")
    if one.note:
        parts.append(one.note)
    if one.sees is not None:
        seen = ", ".join(_accelerator(each) for each in one.sees)
        parts.append(f"asked: it sees {seen or 'the CPU only'}")
    return "; ".join(parts)
