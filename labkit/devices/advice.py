"""Which device and type to use, and why, in a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from labkit.devices.frameworks import Framework
from labkit.devices.hardware import Accelerator

# How each framework spells a device; ROCm builds of torch answer to "cuda".
_SPELLING = {
    "torch": {"cuda": "cuda", "rocm": "cuda", "xpu": "xpu", "mps": "mps"},
    "torch_xla": {"tpu": "xla"},
    "jax": {"cuda": "cuda", "rocm": "rocm", "tpu": "tpu"},
    "tensorflow": {"cuda": "GPU:0", "rocm": "GPU:0", "tpu": "TPU:0"},
}

_TYPES = {
    "bfloat16": "keep weights in float32 and let the matrix products run in bfloat16 (autocast), "
    "which is fast on it and keeps float32's range",
    "float16": "keep weights in float32 and let the matrix products run in float16 (autocast, with "
    "a gradient scaler), which is fast on it, while bfloat16 is not",
    "float32": "stay with float32, since no shorter type is faster on it",
    "": "stay with float32, which always works",
}


@dataclass(frozen=True)
class Advice:
    """A device as its framework spells it, a type, and the reason for both."""

    device: str
    dtype: str
    why: str


def advise(hardware: Sequence[Accelerator], frameworks: Sequence[Framework]) -> Advice:
    """Choose by what a framework has said, else by what the files of both sides promise."""
    confirmed = list(_confirmed(frameworks))
    for framework, seen in confirmed:
        if not seen.trouble:
            device = _SPELLING[framework.name][seen.kind]
            why = f"{framework.name} {framework.version} sees {_called(seen)}: {_how(seen)}"
            return Advice(device, seen.dtype or "float32", why)
    for framework, seen in confirmed:
        return _cpu(f"{framework.name} sees {_called(seen)}, but {seen.trouble}")
    asked = [framework for framework in frameworks if framework.sees is not None]
    promised = [] if asked else _promised(hardware, frameworks)
    for framework, one in promised:
        why = (
            f"{_called(one)} is here ({one.evidence}) and {framework.name} is built for it; to "
            f"be sure, and to learn whether a shorter type is fast, {_asking(framework)}"
        )
        return Advice(_SPELLING[framework.name][one.kind], "float32", why)
    return _cpu(_why_not(hardware, frameworks, asked))


def _confirmed(frameworks: Sequence[Framework]) -> Iterator[tuple[Framework, Accelerator]]:
    for framework in frameworks:
        for seen in framework.sees or ():
            if seen.kind in _SPELLING.get(framework.name, {}):
                yield framework, seen


def _promised(
    hardware: Sequence[Accelerator], frameworks: Sequence[Framework]
) -> list[tuple[Framework, Accelerator]]:
    return [
        (framework, one)
        for framework in frameworks
        for one in hardware
        if not one.trouble and one.kind in (framework.built_for or ())
    ]


def _why_not(
    hardware: Sequence[Accelerator],
    frameworks: Sequence[Framework],
    asked: Sequence[Framework],
) -> str:
    """Say what stands between the user and an accelerator."""
    if not hardware:
        return "there is no sign of an accelerator"
    one = next((one for one in hardware if not one.trouble), hardware[0])
    here = f"{_called(one)} is here ({one.evidence})"
    if one.trouble:
        return f"{here}, but {one.trouble}"
    for framework in asked:
        if one.kind in (framework.built_for or ()):
            return f"{here}, but {framework.name} cannot use it: its driver may be missing or old"
    for framework in frameworks:
        if framework.built_for is not None:
            version = f"{framework.name} {framework.version}".strip()
            return f"{here}, but {version} is not built for it: install one that is"
    for framework in frameworks:
        if framework.installed and framework.sees is None and framework.name in _SPELLING:
            return f"{here}; to learn whether {framework.name} sees it, {_asking(framework)}"
    return f"{here}, but no framework that could use it is installed"


def _asking(framework: Framework) -> str:
    name = framework.name
    return f"run `labkit devices --ask {name}` or describe(ask=[{name!r}])"


def _cpu(reason: str) -> Advice:
    return Advice("cpu", "float32", f"{reason}; on the CPU, float32 is the fast type")


def _called(one: Accelerator) -> str:
    return f"{one.count} x {one.name}" if one.count > 1 else f"the {one.name}"


def _how(seen: Accelerator) -> str:
    extra = " (it has no float64)" if seen.kind == "mps" else ""
    return _TYPES[seen.dtype] + extra
