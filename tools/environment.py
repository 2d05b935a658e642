"""Create the environment that make uses, or say in one sentence what this machine lacks.

python3 tools/environment.py .venv

Runs on the machine's own Python, before anything is installed: standard library only, and syntax
that an old Python can still read far enough to print the sentence.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
import venv

OLDEST = (3, 11)


def refuse(sentence):
    """Stop with one sentence that says what to do."""
    sys.exit("\n" + sentence + "\n")


def check_version():
    """Refuse a Python older than OLDEST."""
    if sys.version_info < OLDEST:
        refuse(
            "The course needs Python {}.{} or newer, and {} is {}.{}.{}. "
            "Name a newer one: make book PYTHON=python3.12".format(
                *OLDEST, sys.executable, *sys.version_info[:3]
            )
        )


def check_ensurepip():
    """Debian ships Python without ensurepip: install it where that is allowed, else say how."""
    if importlib.util.find_spec("ensurepip"):
        return
    package = "python{}.{}-venv".format(*sys.version_info[:2])
    if hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing " + package + ", which Debian keeps apart from Python ...", flush=True)
        command = ["apt-get", "install", "-qq", "-y", "--no-install-recommends", package]
        subprocess.run(["apt-get", "update", "-qq"], check=False)
        if subprocess.run(command, check=False).returncode == 0:
            return
    refuse(
        "This Python cannot make environments: its module ensurepip is missing. "
        "On Debian or Ubuntu: sudo apt-get install " + package
    )


def main(folder):
    """Make the environment in folder; an existing one is kept and repaired."""
    check_version()
    check_ensurepip()
    print(
        "Making the environment {} with Python {}.{}.{} ...".format(folder, *sys.version_info[:3])
    )
    venv.EnvBuilder(with_pip=True, symlinks=os.name != "nt").create(folder)


if __name__ == "__main__":
    main(sys.argv[1])
