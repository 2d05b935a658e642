"""Where and with what a result was made."""

import datetime
import importlib.metadata
import os
import platform
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def made_with(script, packages):
    """Return the commit, the day, the versions and the kind of machine."""
    return {
        "script": script,
        "commit": git("rev-parse", "HEAD").stdout.strip(),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "versions": {"python": platform.python_version()}
        | {name: importlib.metadata.version(name) for name in packages},
        "machine": f"{os.cpu_count()}-core {platform.machine()} {platform.system()} machine, "
        "one thread, shared with other work",
    }


def code_as_committed(*files):
    """Return whether these files, and all loaded of labkit and benchmarks, are the commit's."""
    names = {"labkit", "benchmarks"}
    modules = [module for name, module in sys.modules.items() if name.split(".")[0] in names]
    files = [*files, *(module.__file__ for module in modules if module.__file__)]
    return git("diff", "--quiet", "HEAD", "--", *files).returncode == 0


def git(*arguments):
    """Run git in the repository."""
    return subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True)
