"""The walls: which work here and why not, the command lines, and what becomes of a container.

Where neither Podman nor Docker is, a program of that name plays its part: it notes what it is
asked and runs the worker without walls.
"""

import json
import os
import stat
import sys
from pathlib import Path

import pytest
from grading import classes

from labkit.cli import main
from labkit.grading.grade import Job, grade
from labkit.grading.lab import sources_of
from labkit.grading.limits import Limits
from labkit.grading.sandbox import BACKENDS, Container, Missing, bubblewrap, choose, contents_for
from labkit.grading.session import Session, Stopped

LIMITS = Limits(memory=2**30, processes=9, files=2**20, total=77)
FAKE = """#!{python}
import os, sys
words = sys.argv[1:]
with open({notes!r}, "a") as notes:
    print(*words, file=notes)
if words[0] == "image" and {image} != words[2]:
    sys.exit(f"Error: {{words[2]}}: image not known")
if words[0] == "version" and not {answers}:
    sys.exit("Cannot connect to the daemon")
if words[0] == "run" and {breaks}:
    sys.exit("no such image")
if words[0] == "run":
    shown = {{}}
    for word, what in zip(words, words[1:]):
        if word == "--volume":
            path, place, _ = what.split(":")
            link = {folder!r} + place
            os.makedirs(os.path.dirname(link), exist_ok=True)
            os.path.lexists(link) or os.symlink(path, link)
    start = words.index("python")
    home = {folder!r} + words[start + 3]
    os.execv({python!r}, [{python!r}, "-P", home + "/worker.py", home, home + "/site"])
"""


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """Put a podman in the place of all programs, and return what it was asked."""

    def put(*, answers=True, image="labkit-grading", breaks=False):
        program, notes = tmp_path / "bin" / "podman", tmp_path / "notes"
        program.parent.mkdir(exist_ok=True)
        program.write_text(
            FAKE.format(
                python=sys.executable,
                notes=str(notes),
                folder=str(tmp_path / "inside"),
                answers=answers,
                breaks=breaks,
                image=repr(image),
            )
        )
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", str(program.parent))
        return lambda: notes.read_text().splitlines()

    return put


def values_of(words, option):
    """What stands behind each use of an option."""
    return [words[i + 1] for i, word in enumerate(words) if word == option]


def test_a_container_has_no_network_no_rights_and_limits(fake):
    asked = fake()
    with Container("podman").command(contents_for(), LIMITS) as words:
        assert words[:2] == ["podman", "run"]
        for option, value in {
            "--network": "none",
            "--user": "65534:65534",
            "--cap-drop": "ALL",
            "--security-opt": "no-new-privileges",
            "--memory": "1073741824",
            "--memory-swap": "1073741824",
            "--pids-limit": "9",
            "--tmpfs": "/tmp:size=1048576",
            "--shm-size": "1m",
        }.items():
            assert values_of(words, option) == [value]
        assert {"--rm", "--read-only", "--interactive"} < set(words)
        assert not {"--privileged", "--tty", "--env-file", "--pid", "--ipc"} & set(words)
        volumes = values_of(words, "--volume")
        assert all(volume.endswith(":ro") for volume in volumes)
        assert {volume.split(":")[1] for volume in volumes} == {
            f"/grader/{place}" for _, place in contents_for().ours
        }
        assert not any("PATH" in value for value in values_of(words, "--env"))
        image = words.index("labkit-grading")
        assert words[image + 1 : image + 4] == ["timeout", "--signal=KILL", "137"]  # 77 + 60
        assert {"prlimit", "--as=1073741824", "--cpu=77", "--nofile=128"} < set(words[image:])
        (name,) = values_of(words, "--name")
    assert asked() == [f"rm --force {name}"]


def test_two_containers_have_two_names(fake):
    fake()
    names = set()
    for _ in range(2):
        with Container("podman").command(contents_for(), LIMITS) as words:
            names |= set(values_of(words, "--name"))
    assert len(names) == 2


def test_a_session_in_a_container_answers_starts_again_and_is_removed(fake):
    asked = fake()
    with Session(Container("podman"), contents_for(), LIMITS) as session:
        session.fresh()
        session.ask("cell", 5, cell=1, source="def double(x): return 2 * x")
        sent = {"args": {"tuple": [21]}, "config": {"dict": []}, "strict": True}
        assert session.ask("call", 5, name="double", **sent)["value"] == 42
        with pytest.raises(Stopped):
            session.ask("cell", 5, cell=2, source="import os; os._exit(1)")
        session.fresh()
        assert session.ask("look", 5, name="double")["kind"] == "missing"
    started = [line.split() for line in asked() if line.startswith("run")]
    removed = [line.split()[-1] for line in asked() if line.startswith("rm --force")]
    assert [values_of(words, "--name")[0] for words in started] == removed
    assert len(removed) == 2


def test_walls_that_do_not_come_up_cost_nobody_points(fake):
    """Not even where a check expects a refusal, and the error of ours is one."""
    fake(breaks=True)
    lab = sources_of(classes.LAB)
    job = Job("ada", json.dumps(classes.solved()).encode(), lab, 7, "podman", LIMITS)
    with pytest.raises(Missing, match="the sandbox podman did not start: no such image"):
        grade(job.pack())


@pytest.mark.parametrize(
    ("how", "works", "says"),
    [
        ({}, True, "image labkit-grading"),
        ({"image": "another"}, False, "the image is not there: printf 'FROM"),
        ({"answers": False}, False, "does not answer (Cannot connect to the daemon)"),
    ],
    ids=["works", "no image", "no service"],
)
def test_a_container_says_whether_it_works(fake, how, works, says):
    fake(**how)
    verdict = Container("podman").verdict()
    assert verdict.works is works
    assert says in verdict.reason


def test_doctor_names_each_kind_of_walls_and_fails_where_none_works(fake, capsys):
    fake(image="another")  # and no bwrap on the path
    assert main(["grade", "doctor"]) == 1
    said = capsys.readouterr().out
    assert "✗ bwrap    the program bwrap is not there; on Debian and Ubuntu: apt install" in said
    assert "✗ podman   the image is not there" in said
    assert "✗ docker   the program docker is not there" in said
    assert "do not grade other people's notebooks on this machine" in said
    fake()
    assert main(["grade", "doctor"]) == 0
    assert "✓ podman" in capsys.readouterr().out


def test_without_walls_nothing_is_chosen_unless_it_is_named(fake):
    fake(answers=False)
    with pytest.raises(Missing, match=r"(?s)bwrap: .*\n  podman: .*\n  docker: "):
        choose()
    assert choose("trusted").name == "trusted"
    fake()
    assert choose().name == "podman"
    with pytest.raises(ValueError, match="backend must be one of bwrap, podman, docker, trusted"):
        choose("chroot")


def test_bubblewrap_says_what_the_kernel_forbids(tmp_path, monkeypatch):
    if os.geteuid() == 0 and not Path("/usr/bin/setpriv").exists():
        pytest.skip("root needs setpriv here")
    for program, code in {
        "bwrap": "echo 'bwrap: setting up uid map: Permission denied' >&2; exit 1",
        "prlimit": "",
        "setpriv": "",
        "env": f'PATH={tmp_path}:$PATH; shift 2; exec "$@"',
    }.items():
        path = tmp_path / program
        path.write_text(f"#!/bin/sh\n{code}\n")
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    verdict = BACKENDS["bwrap"].verdict()
    assert not verdict.works
    assert verdict.reason.startswith("bwrap: setting up uid map: Permission denied; this system ")
    assert "apparmor_restrict_unprivileged_userns=0" in verdict.reason


@pytest.mark.parametrize("user", [0, 1000])
def test_behind_bubblewrap_all_is_read_only_but_a_folder_in_memory(user, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: user)
    words = bubblewrap.walls([("/data", "/grader/data")], LIMITS)
    inner = words[len(words) - words[::-1].index("bwrap") - 1 :]
    assert "--bind" not in words
    assert {"--unshare-all", "--disable-userns", "--die-with-parent", "--new-session"} < set(inner)
    assert {"--clearenv"} < set(inner)
    assert values_of(inner, "--cap-drop") == ["ALL"]
    assert values_of(inner, "--tmpfs")[-2:] == ["/tmp", "/dev/shm"]
    assert values_of(inner, "--size") == ["1048576", "1048576"]
    assert values_of(inner, "--remount-ro")[-2:] == ["/dev", "/"]
    assert "/grader/data" in inner
    assert ("setpriv" in words) is (user == 0)
    if user == 0:
        outer = words[: words.index("setpriv")]
        assert {"--unshare-pid", "--die-with-parent"} < set(outer)
