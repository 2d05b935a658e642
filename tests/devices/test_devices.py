"""The whole description: of this machine, of odd ones, and as a table."""

import dataclasses
import os
import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from labkit import devices
from labkit.devices import hardware
from labkit.devices import system as system_module
from labkit.devices.system import System

GIB = 2**30
FILES = {
    "/proc/driver/nvidia/gpus/0000:00:04.0/information": "Model: \t\t Tesla T4\nIRQ: \t 10\n",
    "/proc/meminfo": "MemTotal:       16777216 kB\nMemFree:  1024 kB\n",
    "/sys/fs/cgroup/cpu.max": "150000 100000",
}


def test_this_machine_and_nothing_imported():
    code = """
import sys
from labkit import devices
print(devices.describe())
heavy = {"torch", "keras", "jax", "tensorflow", "numpy", "subprocess"} & set(sys.modules)
sys.exit(f"imported {heavy}" if heavy else 0)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    for label in ("Where", "CPU", "Memory", "CUDA", "ROCm", "MPS", "XPU", "TPU", "Use", "Why"):
        assert f"\n{label}" in f"\n{run.stdout}"
    assert run.stdout.isascii()


def test_this_process_may_use_some_of_the_cores():
    cpu = devices.describe().cpu
    assert 0 < cpu.usable <= cpu.total


def test_memory_of_this_machine_agrees_with_its_pages():
    if not hasattr(os, "sysconf"):
        pytest.skip("needs os.sysconf, which Windows lacks")
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert system_module.installed_memory() == pages
    assert hardware.memory(System()).total == pytest.approx(pages, rel=0.01)


def test_system_without_any_of_the_calls(monkeypatch):
    for name in ("sched_getaffinity", "uname", "sysconf"):
        monkeypatch.delattr(os, name, raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    monkeypatch.setenv("PROCESSOR_ARCHITECTURE", "AMD64")
    found = devices.describe(system=System(root=Path("/nowhere"), environ={}))
    assert (found.cpu.total, found.memory.usable) == (1, None)
    assert found.system.endswith("amd64")
    assert "unknown" in str(found)


def test_windows_memory(monkeypatch):
    import ctypes

    def status(reference):
        reference._obj.total = 7 * GIB
        return 1

    windll = SimpleNamespace(kernel32=SimpleNamespace(GlobalMemoryStatusEx=status))
    monkeypatch.setattr(ctypes, "windll", windll, raising=False)
    monkeypatch.setattr(sys, "platform", "win32")
    assert system_module.installed_memory() == 7 * GIB


def test_unreadable_files_are_no_error(machine, tmp_path):
    (tmp_path / "root/proc/meminfo").mkdir(parents=True)  # a folder where a file should be
    (tmp_path / "root/proc/self").mkdir()
    (tmp_path / "root/proc/cpuinfo").write_bytes(b"\xff\xfe model name : \x80")
    assert devices.describe(system=machine()).device == "cpu"


def test_folders_that_may_not_be_listed_are_no_error(machine, monkeypatch):
    def denied(self, pattern):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "glob", denied)
    assert devices.describe(system=machine()).accelerators == ()


def test_memory_reads_well(machine):
    for files, total, text in [
        ({"/sys/fs/cgroup/memory.max": str(GIB)}, 4 * GIB, "1.0 GiB of 4.0 GiB (control group)"),
        ({"/sys/fs/cgroup/memory.max": str(GIB)}, None, "1.0 GiB"),
    ]:
        system = machine(files, installed_memory=lambda total=total: total)
        assert f"Memory       {text}\n" in str(devices.describe(system=system))


def test_package_that_cannot_be_looked_up(monkeypatch):
    # A module put into sys.modules by hand has no __spec__, and find_spec then raises.
    module = SimpleNamespace(__spec__=None)
    monkeypatch.setitem(sys.modules, "handmade", module)
    assert system_module.package_folder("handmade") is None
    assert system_module.package_folder("no_such_package") is None
    assert system_module.package_version("no_such_package") == ""


def test_program_is_found_and_run():
    found = system_module.find_program(Path(sys.executable).name) or sys.executable
    assert system_module.run_program(found, "-c", "print(6 * 7)") == "42\n"
    assert system_module.find_program("no_such_program") is None


def test_table_reads_well(machine):
    none = SimpleNamespace(is_available=lambda: False)
    card = SimpleNamespace(name="Tesla T4", major=7, minor=5, total_memory=16 * GIB)
    cuda = SimpleNamespace(
        is_available=lambda: True,
        device_count=lambda: 2,
        get_device_properties=lambda index: card,
        get_arch_list=lambda: ["sm_75"],
    )
    torch = SimpleNamespace(
        cuda=cuda, backends=SimpleNamespace(mps=none), version=SimpleNamespace(hip=None)
    )
    system = machine(
        FILES,
        {"COLAB_RELEASE_TAG": "1"},
        {"torch": "cuda: Optional[str] = '12.6'\n"},
        modules={"torch": torch},
    )
    text = str(devices.describe(["torch"], system=system))
    assert "Where        Google Colab (COLAB_RELEASE_TAG is set)\n" in text
    assert "CPU          1.5 of 8 cores (control group)\n" in text
    assert "Memory       16.0 GiB\n" in text
    assert "CUDA         1 x Tesla T4, by /proc/driver/nvidia\n" in text
    assert "ROCm         no AMD GPU\n" in text
    assert "1.2.3; built for NVIDIA GPUs; asked: it sees 2 x Tesla T4, 16.0 GiB" in text
    assert "Use          device 'cuda', dtype 'float16'\n" in text
    assert "Tip" not in text  # it has its GPU
    assert max(map(len, text.splitlines())) <= 88


def test_description_is_frozen(machine):
    with pytest.raises(dataclasses.FrozenInstanceError):
        devices.describe(system=machine()).device = "cuda"


def test_python_m_labkit_devices(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["labkit.devices"])
    with pytest.raises(SystemExit) as caught:
        runpy.run_module("labkit.devices", run_name="__main__", alter_sys=False)
    assert caught.value.code == 0
    assert capsys.readouterr().out.startswith("Where")
