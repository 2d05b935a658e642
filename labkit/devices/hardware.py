"""What the machine has, read from files and environment variables alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from labkit.devices.system import System

UNLIMITED = 2**60  # control groups of version 1 write "no limit" as a number about this large

KINDS = {
    "cuda": "NVIDIA GPU",
    "rocm": "AMD GPU",
    "tpu": "Google TPU",
    "xpu": "Intel GPU",
    "mps": "Apple GPU",
}


@dataclass(frozen=True)
class Place:
    """Where this program runs, how we know, and how to get an accelerator there."""

    name: str
    evidence: str
    tip: str = ""


@dataclass(frozen=True)
class Cpu:
    """`usable` of `total` cores, because of `limit`; a quota may allow a fraction of a core."""

    total: int
    usable: float
    limit: str = ""
    model: str = ""


@dataclass(frozen=True)
class Memory:
    """Bytes of memory; None where the system does not say."""

    total: int | None
    usable: int | None
    limit: str = ""


@dataclass(frozen=True)
class Accelerator:
    """One kind of accelerator: "cuda", "rocm", "tpu", "xpu" or "mps".

    `evidence` is the file, variable or framework that shows it. `dtype` is the shortest type that
    it multiplies fast, and `trouble` why it cannot be used; both are "" when not known.
    """

    kind: str
    name: str
    evidence: str
    count: int = 1
    memory: int | None = None
    dtype: str = ""
    trouble: str = ""


# The first line of which a variable is set tells. Kaggle's image sets some of Colab's variables,
# Binder is a JupyterHub, and Codespaces and CI are containers: hence the order.
_PLACES = (
    ("Kaggle", ("KAGGLE_KERNEL_RUN_TYPE",), "Settings > Accelerator gives a GPU or a TPU"),
    (
        "Google Colab",
        ("COLAB_RELEASE_TAG", "COLAB_BACKEND_VERSION", "COLAB_GPU"),
        "Runtime > Change runtime type gives a GPU or a TPU",
    ),
    ("Binder", ("BINDER_SERVICE_HOST", "BINDER_LAUNCH_HOST", "BINDER_REPO_URL"), ""),
    ("GitHub Codespaces", ("CODESPACES", "CODESPACE_NAME"), ""),
    ("GitHub Actions", ("GITHUB_ACTIONS",), ""),
    ("a Slurm cluster", ("SLURM_JOB_ID",), "a job gets the GPUs that it asks for with --gpus"),
    ("JupyterHub", ("JUPYTERHUB_USER",), ""),
)
_LAPTOPS = {"8", "9", "10", "14", "30", "31", "32"}  # SMBIOS chassis types: portable to detachable
_SERVERS = {"17", "23", "25", "28", "29"}  # rack mounts, multi-system and blade chassis


def place(system: System) -> Place:
    """Say where we are: a hosted notebook, a container, a laptop, a server or just a computer."""
    if system.platform == "emscripten":
        return Place("a web browser", "Python runs as WebAssembly")
    for name, variables, tip in _PLACES:
        for variable in variables:
            if system.environ.get(variable):
                return Place(name, f"{variable} is set", tip)
    for path in ("/.dockerenv", "/run/.containerenv"):
        if system.exists(path):
            return Place("a container", f"{path} is there")
    chassis = system.read("/sys/class/dmi/id/chassis_type")
    if chassis in _LAPTOPS or system.glob("/sys/class/power_supply/BAT*"):
        return Place("a laptop", "its chassis type" if chassis in _LAPTOPS else "it has a battery")
    if chassis in _SERVERS:
        return Place("a server", "its chassis type")
    return Place("a plain computer", "no sign of a hosted notebook or a container")


def cpu(system: System) -> Cpu:
    """Count the cores that this process may use, by affinity and by the quota of its group."""
    usable, limit = float(system.cores), ""
    if system.affinity is not None and system.affinity < usable:
        usable, limit = float(system.affinity), "affinity"
    quota = min(_quotas(system), default=usable)
    if quota < usable:
        usable, limit = quota, "control group"
    return Cpu(system.cores, usable, limit, _field(system.read("/proc/cpuinfo"), "model name"))


def _quotas(system: System) -> Iterator[float]:
    """Give every quota above this process, in cores: microseconds of CPU per microseconds."""
    for group in _groups(system, "cpu"):
        quota, _, period = system.read(f"{group}/cpu.max").partition(" ")
        if not quota:
            quota = system.read(f"{group}/cpu.cfs_quota_us")
            period = system.read(f"{group}/cpu.cfs_period_us")
        if quota.isdigit() and period.isdigit() and int(quota) and int(period):
            yield int(quota) / int(period)


def _groups(system: System, controller: str) -> Iterator[str]:
    """Give the folder of this process's control group and of every group around it.

    Version 2 has one tree ("0::/a/b"), version 1 one per controller ("4:cpu,cpuacct:/a/b"). In a
    container the path may be the host's and not exist; the root is then the container's own.
    """
    for line in system.read("/proc/self/cgroup").splitlines() or ["0::/"]:
        _, controllers, path = ([*line.split(":", 2), "", ""])[:3]
        if controllers and controller not in controllers.split(","):
            continue
        base = f"/sys/fs/cgroup/{controller}" if controllers else "/sys/fs/cgroup"
        parts = [part for part in path.split("/") if part]
        for depth in range(len(parts), -1, -1):
            yield "/".join([base, *parts[:depth]])


def memory(system: System) -> Memory:
    """Give the memory that this process may use."""
    installed = _field(system.read("/proc/meminfo"), "MemTotal").removesuffix(" kB")
    total = int(installed) * 1024 if installed.isdigit() else system.installed_memory()
    files = ("memory.max", "memory.limit_in_bytes")
    texts = [
        system.read(f"{group}/{file}") for group in _groups(system, "memory") for file in files
    ]
    limits = [int(text) for text in texts if text.isdigit() and int(text) < UNLIMITED]
    if limits and (total is None or min(limits) < total):
        return Memory(total, min(limits), "control group")
    return Memory(total, total)


def _field(table: str, name: str) -> str:
    """Give the value of the first line "name : value"."""
    for line in table.splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""


def accelerators(system: System, *, ask_nvidia_smi: bool = False) -> tuple[Accelerator, ...]:
    """Give the accelerators that the system's own files show; nothing is asked or run."""
    cuda = (_nvidia_smi(system) if ask_nvidia_smi else None) or _cuda(system)
    found = (cuda, _rocm(system), _tpu(system), _xpu(system), _mps(system))
    return tuple(_hidden(system, one) for one in found if one)


_HIDING = {
    "cuda": ("CUDA_VISIBLE_DEVICES",),
    "rocm": ("HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES"),
}


def _hidden(system: System, found: Accelerator) -> Accelerator:
    for variable in _HIDING.get(found.kind, ()):
        value = system.environ.get(variable)
        if value is not None and value.strip() in ("", "-1"):
            return replace(found, trouble=f"it is hidden by {variable}={value!r}")
    return found


def _cuda(system: System) -> Accelerator | None:
    cards = system.glob("/proc/driver/nvidia/gpus/*/information")
    if cards:
        name = _field(system.read(cards[0]), "Model") or KINDS["cuda"]
        return Accelerator("cuda", name, "/proc/driver/nvidia", len(cards))
    nodes = system.glob("/dev/nvidia[0-9]*")
    if nodes:
        return Accelerator("cuda", KINDS["cuda"], nodes[0], len(nodes))
    # Windows and WSL show no such file; there the program comes with the driver.
    windows = system.platform == "win32" or system.exists("/usr/lib/wsl/lib/nvidia-smi")
    if windows and (program := _nvidia_smi_path(system)):
        return Accelerator("cuda", KINDS["cuda"], program)
    return None


def _nvidia_smi_path(system: System) -> str | None:
    wsl = "/usr/lib/wsl/lib/nvidia-smi"
    return system.find_program("nvidia-smi") or (wsl if system.exists(wsl) else None)


def _nvidia_smi(system: System) -> Accelerator | None:
    """Run nvidia-smi, which knows names and memory without any framework."""
    program = _nvidia_smi_path(system)
    if program is None:
        return None
    try:
        query = "--query-gpu=name,memory.total"
        out = system.run_program(program, query, "--format=csv,noheader,nounits")
        rows = [line.rsplit(",", 1) for line in out.splitlines() if "," in line]
        name, mib = rows[0][0].strip(), rows[0][1].strip()
    except Exception:  # whatever goes wrong with a driver: the files still tell something
        return None
    size = int(mib) * 2**20 if mib.isdigit() else None
    return Accelerator("cuda", name, "nvidia-smi", len(rows), size)


def _rocm(system: System) -> Accelerator | None:
    if not system.exists("/dev/kfd"):
        return None
    # Every node of the topology is a processor; those of CPUs have the id 0.
    ids = [system.read(path) for path in system.glob("/sys/class/kfd/kfd/topology/nodes/*/gpu_id")]
    gpus = [one for one in ids if one not in ("", "0")]
    return Accelerator("rocm", KINDS["rocm"], "/dev/kfd", len(gpus)) if gpus else None


def _tpu(system: System) -> Accelerator | None:
    kind = system.environ.get("TPU_ACCELERATOR_TYPE")
    chips = system.glob("/dev/accel[0-9]*")
    name = f"{KINDS['tpu']} {kind}" if kind else KINDS["tpu"]
    if chips:
        return Accelerator("tpu", name, chips[0], len(chips))
    for variable in ("TPU_ACCELERATOR_TYPE", "COLAB_TPU_ADDR", "TPU_WORKER_ID"):
        if system.environ.get(variable):
            return Accelerator("tpu", name, f"{variable} is set")
    return None


def _xpu(system: System) -> Accelerator | None:
    for path in system.glob("/sys/class/drm/card[0-9]*/device/vendor"):
        if system.read(path) == "0x8086":
            return Accelerator("xpu", "Intel graphics", path)
    return None


def _mps(system: System) -> Accelerator | None:
    if (system.platform, system.architecture) == ("darwin", "arm64"):
        return Accelerator("mps", KINDS["mps"], "macOS on Apple silicon")
    return None
