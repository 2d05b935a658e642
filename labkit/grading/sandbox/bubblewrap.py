"""Linux: new namespaces of every kind, made by bubblewrap."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from labkit.grading.limits import Limits
from labkit.grading.sandbox.base import ENVIRONMENT, HOME, NOBODY, Verdict, prlimit
from labkit.grading.sandbox.contents import Contents

#: Process 1 inside is bwrap itself, and its environment can be read there.
CLEAN = ("env", "-i", f"PATH={os.environ.get('PATH', os.defpath)}")
PYTHON = "/python"
STAGE = "/mnt"  # where root lays things out for the user who runs the sandbox
USERS = (1_000_000, 1_000_000_000)  # numbers that belong to nobody
SHARED_MEMORY = 2**20  # of /dev/shm
PATIENCE = 20  # seconds to start nothing
PROGRAMS = {"bwrap": "on Debian and Ubuntu: apt install bubblewrap"} | dict.fromkeys(
    ("prlimit", "setpriv"), "it is part of util-linux"
)
NAMESPACES = (
    "this system forbids user namespaces to programs; on Ubuntu 23.10 and later: sysctl -w "
    "kernel.apparmor_restrict_unprivileged_userns=0, or give bwrap an AppArmor profile"
)


class Bubblewrap:
    """No network, no files but those that are shown, read-only, a user of its own."""

    name = "bwrap"
    visible = True

    def verdict(self) -> Verdict:
        """Start a program in it."""
        if not sys.platform.startswith("linux"):
            return Verdict(False, "only Linux has it")
        for program, advice in PROGRAMS.items():
            if not shutil.which(program):
                return Verdict(False, f"the program {program} is not there; {advice}")
        tried = subprocess.run(
            [*walls([], Limits()), "/usr/bin/true"],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        if tried.returncode:
            said = tried.stderr.strip().splitlines() or ["no message"]
            return Verdict(False, f"{said[-1]}; {NAMESPACES}")
        version = subprocess.run(["bwrap", "--version"], capture_output=True, text=True)
        return Verdict(True, version.stdout.strip())

    @contextlib.contextmanager
    def command(self, contents: Contents, limits: Limits) -> Iterator[list[str]]:
        """Give the command line; it needs no files."""
        items = [*contents.libraries, *contents.ours]
        shown = [(str(path), f"{HOME}/{place}") for path, place in items]
        python = f"{PYTHON}/bin/{VERSION}"
        worker = [python, "-I", "-S", f"{HOME}/worker.py", HOME, f"{HOME}/site"]
        # Inside the walls, because processes are counted for a user, and there it has its own.
        yield [
            *walls(shown, limits),
            *prlimit(limits),
            f"--nproc={limits.processes}",
            "--",
            *worker,
        ]


VERSION = f"python{sys.version_info.major}.{sys.version_info.minor}"


def walls(shown: list[tuple[str, str]], limits: Limits) -> list[str]:
    """Return the command line of bwrap, up to the program that runs behind it.

    ``shown`` pairs files and folders with their places inside. What can be written is a folder in
    memory of the size that the limits allow.

    Root lays the files out first, in a view of its own, and goes on as a user that nobody is: the
    kernel limits no processes of root's, and the user may not be able to enter root's folders. The
    view has a space of processes of its own: when root's program dies, the kernel ends all of it,
    while the signal of a dying root without rights would not reach another user.
    """
    shown = [(sys.base_prefix, PYTHON), *shown]
    if os.geteuid():
        return [*CLEAN, *_closed(shown, limits), "--"]
    staged = [(path, f"{STAGE}/{number}") for number, (path, _) in enumerate(shown)]
    laid = [word for path, stage in staged for word in ("--ro-bind", path, stage)]
    onward = [(stage, place) for (_, stage), (_, place) in zip(staged, shown, strict=True)]
    user = str(USERS[0] + secrets.randbelow(USERS[1]))
    return [
        *CLEAN,
        *("bwrap", "--unshare-pid", "--die-with-parent", "--dev-bind", "/", "/", "--chdir", "/"),
        *("--tmpfs", STAGE, *laid, "--"),
        *("setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--"),
        *_closed(onward, limits),
        "--",
    ]


def _closed(shown: list[tuple[str, str]], limits: Limits) -> list[str]:
    base = Path(sys.base_prefix)
    folders = [f"lib/{VERSION}/site-packages", "lib/python3/dist-packages", "local"]
    folders += ["envs", "pkgs"]  # of conda
    masks = [f"{PYTHON}/{folder}" for folder in folders if (base / folder).is_dir()]
    inside = [*ENVIRONMENT.items(), ("PATH", "/usr/bin")]
    masks += [f"/usr/{folder}" for folder in folders if Path("/usr", folder).is_dir()]
    return [
        *("bwrap", "--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent"),
        *("--new-session", "--clearenv", "--cap-drop", "ALL", "--uid", NOBODY, "--gid", NOBODY),
        *("--hostname", "sandbox", "--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin"),
        *("--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64"),
        *("--proc", "/proc", "--dev", "/dev"),
        *(word for path, place in shown for word in ("--ro-bind", path, place)),
        *(word for path in masks for word in ("--tmpfs", path, "--remount-ro", path)),
        *("--size", str(limits.files), "--tmpfs", "/tmp", "--chdir", "/tmp"),
        *("--size", str(SHARED_MEMORY), "--tmpfs", "/dev/shm"),
        *("--remount-ro", "/dev", "--remount-ro", "/"),
        *(word for name, value in inside for word in ("--setenv", name, value)),
    ]
