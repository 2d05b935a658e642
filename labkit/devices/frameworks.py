"""Which framework is installed and sees which accelerator.

`look` reads the files of an installed package and imports nothing. `ask` imports the framework
and takes its own word for it, which costs seconds and is therefore done only on demand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from labkit.devices.hardware import KINDS, Accelerator
from labkit.devices.system import System


@dataclass(frozen=True)
class Framework:
    """A framework, the kinds of accelerator that its build supports, and what it sees.

    `built_for` is None where only asking could tell. `sees` is None until it is asked; an empty
    tuple means that it was asked and sees the CPU only. `note` is a sentence for the reader.
    """

    name: str
    version: str = ""
    installed: bool = False
    built_for: tuple[str, ...] | None = None
    sees: tuple[Accelerator, ...] | None = None
    note: str = ""


NAMES = ("torch", "torch_xla", "keras", "jax", "tensorflow")


def look(system: System, name: str) -> Framework:
    """Describe a framework from its files, without importing it."""
    folder = system.package_folder(name)
    if folder is None:
        return Framework(name)
    found = Framework(name, system.package_version(name), installed=True)
    if name == "torch":
        return replace(found, built_for=_torch_build(system, folder))
    if name == "torch_xla":
        return replace(found, built_for=("tpu",))
    if name == "keras":
        backend = _keras_backend(system)
        missing = system.package_folder(backend) is None
        advice = ", which is not installed: set KERAS_BACKEND=torch" if missing else ""
        return replace(found, note=f"computes with {backend}{advice}")
    if name == "jax":
        return replace(found, built_for=_jax_build(system))
    return found


def _torch_build(system: System, folder: Path) -> tuple[str, ...]:
    """Read torch/version.py, which says for what it was built: cuda = '12.6' or None."""
    try:
        text = (folder / "version.py").read_text()
    except OSError:
        return ()
    built = dict(re.findall(r"^(cuda|hip|xpu)\b[^=\n]*=\s*['\"]([^'\"]+)['\"]", text, re.MULTILINE))
    kinds = [
        kind for key, kind in (("cuda", "cuda"), ("hip", "rocm"), ("xpu", "xpu")) if key in built
    ]
    if (system.platform, system.architecture) == ("darwin", "arm64"):
        kinds.append("mps")  # every build for Apple silicon has it
    return tuple(kinds)


def _jax_build(system: System) -> tuple[str, ...]:
    plugins = {
        "cuda": ("jax_cuda12_plugin", "jax_cuda13_plugin"),
        "rocm": ("jax_rocm60_plugin", "jax_rocm7_plugin"),
        "tpu": ("libtpu",),
    }
    return tuple(
        kind for kind, names in plugins.items() if any(system.package_folder(n) for n in names)
    )


def _keras_backend(system: System) -> str:
    """Find the backend as keras does: the variable, then keras.json, then "tensorflow"."""
    if chosen := system.environ.get("KERAS_BACKEND"):
        return chosen
    home = system.environ.get("KERAS_HOME") or f"{system.environ.get('HOME', '')}/.keras"
    try:
        return str(json.loads(system.read(f"{home}/keras.json"))["backend"])
    except (ValueError, KeyError, TypeError):
        return "tensorflow"


def ask(system: System, found: Framework) -> Framework:
    """Import the framework and let it say what it sees; what goes wrong becomes its note."""
    if not found.installed:
        return replace(found, note="asked, but it is not installed")
    try:
        if found.name == "keras":
            return _ask_keras(system, found)
        sees = _ASK[found.name](system.import_module)
    except Exception as error:  # a broken installation may raise anything, and that is an answer
        failure = f"it could not be asked: {type(error).__name__}: {error}"
        return replace(found, note=f"{found.note}; {failure}" if found.note else failure)
    return replace(found, sees=tuple(sees))


Import = Callable[[str], Any]


def _ask_keras(system: System, found: Framework) -> Framework:
    """Keras sees what its backend sees."""
    keras: Any = system.import_module("keras")
    backend = keras.config.backend()
    if backend not in _ASK:
        return replace(found, sees=(), note=f"computes with {backend}")
    sees = _ASK[backend](system.import_module)
    return replace(found, sees=tuple(sees), note=f"computes with {backend}")


def _ask_torch(load: Import) -> list[Accelerator]:
    torch = load("torch")
    found = []
    if torch.cuda.is_available():
        found.append(_torch_gpu(torch))
    xpu = getattr(torch, "xpu", None)
    if xpu is not None and xpu.is_available():
        card = xpu.get_device_properties(0)
        dtype = "bfloat16" if xpu.is_bf16_supported() else "float32"
        count, size = xpu.device_count(), card.total_memory
        found.append(Accelerator("xpu", card.name, "torch.xpu", count, size, dtype))
    mps = getattr(torch.backends, "mps", None)
    if mps is not None and mps.is_available():
        found.append(Accelerator("mps", KINDS["mps"], "torch.backends.mps", dtype="float32"))
    return found


def _torch_gpu(torch: Any) -> Accelerator:
    """Describe GPU 0. ROCm builds answer in torch.cuda's name, and say so in torch.version.hip."""
    kind = "rocm" if getattr(torch.version, "hip", None) else "cuda"
    card = torch.cuda.get_device_properties(0)
    found = Accelerator(kind, card.name, "torch.cuda", torch.cuda.device_count(), card.total_memory)
    if kind == "rocm":
        return replace(found, dtype=_rocm_dtype(str(getattr(card, "gcnArchName", ""))))
    capability = (card.major, card.minor)
    if not _has_kernels(torch.cuda.get_arch_list(), capability):
        number = f"{capability[0]}.{capability[1]}"
        return replace(found, trouble=f"this torch has no code for its compute capability {number}")
    return replace(found, dtype=cuda_dtype(capability))


def cuda_dtype(capability: tuple[int, int]) -> str:
    """Give the shortest type that a GPU multiplies fast, by its compute capability.

    Tensor cores came with 7.0 for float16 and with 8.0 for bfloat16, which does not overflow.

    >>> cuda_dtype((7, 5)), cuda_dtype((8, 0))
    ('float16', 'bfloat16')
    """
    if capability >= (8, 0):
        return "bfloat16"
    return "float16" if capability >= (7, 0) else "float32"


def _rocm_dtype(architecture: str) -> str:
    """Matrix cores take bfloat16 from CDNA (gfx908) and RDNA 3 (gfx11) on."""
    fast = ("gfx908", "gfx90a", "gfx94", "gfx95", "gfx11", "gfx12")
    return "bfloat16" if architecture.startswith(fast) else "float16"


def _has_kernels(built: list[str], capability: tuple[int, int]) -> bool:
    """Say whether a build's list, such as ["sm_75", "sm_80", "compute_90"], covers a GPU.

    Code for sm_80 also runs on 8.6, not on 9.0; compute_80 is compiled anew for anything later.
    """
    for entry in built:
        kind, _, digits = entry.partition("_")
        digits = digits.rstrip("af")  # sm_90a: for that chip alone
        if not digits.isdigit():
            continue
        offered = int(digits[:-1]), int(digits[-1])
        if kind == "compute" and offered <= capability:
            return True
        if kind == "sm" and offered[0] == capability[0] and offered[1] <= capability[1]:
            return True
    return not built


def _ask_xla(load: Import) -> list[Accelerator]:
    runtime = load("torch_xla.runtime")
    if runtime.device_type() != "TPU":
        return []
    count = runtime.global_runtime_device_count()
    return [Accelerator("tpu", KINDS["tpu"], "torch_xla", count, dtype="bfloat16")]


def _ask_jax(load: Import) -> list[Accelerator]:
    devices = [device for device in load("jax").devices() if device.platform != "cpu"]
    if not devices:
        return []
    first = devices[0]
    if first.platform == "tpu":
        return [Accelerator("tpu", first.device_kind, "jax", len(devices), dtype="bfloat16")]
    rocm = "rocm" in str(first.client.platform_version).lower()
    capability = str(getattr(first, "compute_capability", ""))
    dtype = "" if rocm else _dtype_of(capability)
    kind = "rocm" if rocm else "cuda"
    return [Accelerator(kind, first.device_kind, "jax", len(devices), dtype=dtype)]


def _ask_tensorflow(load: Import) -> list[Accelerator]:
    tf = load("tensorflow")
    if tpus := tf.config.list_physical_devices("TPU"):
        return [Accelerator("tpu", KINDS["tpu"], "tensorflow", len(tpus), dtype="bfloat16")]
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        return []
    kind = "rocm" if tf.test.is_built_with_rocm() else "cuda"
    details = tf.config.experimental.get_device_details(gpus[0])
    capability = details.get("compute_capability")
    dtype = cuda_dtype(tuple(capability)) if capability and kind == "cuda" else ""
    name = details.get("device_name", KINDS[kind])
    return [Accelerator(kind, name, "tensorflow", len(gpus), dtype=dtype)]


def _dtype_of(capability: str) -> str:
    major, _, minor = capability.partition(".")
    known = major.isdigit() and minor.isdigit()
    return cuda_dtype((int(major), int(minor))) if known else ""


_ASK: dict[str, Callable[[Import], list[Accelerator]]] = {
    "torch": _ask_torch,
    "torch_xla": _ask_xla,
    "jax": _ask_jax,
    "tensorflow": _ask_tensorflow,
}
