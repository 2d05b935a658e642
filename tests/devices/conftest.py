"""A machine that we do not have, made up from files, variables and modules that only pretend."""

from pathlib import Path

import pytest

from labkit.devices.system import System


@pytest.fixture
def machine(tmp_path):
    """Make up a machine: `files` are its text files, `packages` map names to file texts."""

    def refuse(name):
        raise AssertionError(f"imported {name} without being asked")

    def make(files=None, environ=None, packages=None, modules=None, programs=None, **options):
        for path, text in (files or {}).items():
            target = tmp_path / "root" / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        folders = {}
        for name, text in (packages or {}).items():
            folders[name] = tmp_path / "packages" / name
            folders[name].mkdir(parents=True, exist_ok=True)
            (folders[name] / "version.py").write_text(text)
        programs = programs or {}
        settings = {
            "root": tmp_path / "root",
            "environ": environ or {},
            "platform": "linux",
            "architecture": "x86_64",
            "cores": 8,
            "affinity": None,
            "installed_memory": lambda: None,
            "package_folder": folders.get,
            "package_version": lambda name: "1.2.3",
            "find_program": lambda name: f"/bin/{name}" if name in programs else None,
            "run_program": lambda path, *rest: programs[Path(path).name](*rest),
            "import_module": modules.__getitem__ if modules is not None else refuse,
        }
        return System(**{**settings, **options})

    return make
