"""A class is graded whole: side by side, after a crash, on a cluster, with the same result."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from grading import classes
from grading.watch import is_running

from labkit.cli import main
from labkit.grading import processes
from labkit.grading import run as running
from labkit.grading.grade import grade
from labkit.grading.handins import collect
from labkit.grading.lab import sources_of
from labkit.grading.limits import Limits
from labkit.grading.sandbox import BACKENDS, Missing

VERDICT = BACKENDS["bwrap"].verdict()
pytestmark = pytest.mark.skipif(not VERDICT.works, reason=f"bubblewrap: {VERDICT.reason}")
SLOW = "import time; time.sleep(20)"
SETTINGS = running.Settings("bwrap", Limits(cell=5, call=2, total=60))


@pytest.fixture
def lab():
    return sources_of(classes.LAB)


@pytest.fixture
def group(tmp_path):
    """Four students: one is right, one hands the bare copy in, one slips, one hangs."""
    place = tmp_path / "submitted"
    slip = classes.with_answer(
        classes.solved(), "return room // stride + 1", "return room // stride"
    )
    classes.hand_in(place, "ada", classes.solved())
    classes.hand_in(place, "bob", classes.bare())
    classes.hand_in(place, "eve", classes.with_cell(classes.solved(), "while True: pass"))
    classes.hand_in(place, "grace", slip)
    return place


def points(results):
    return {result["student"]: result["points"] for result in results}


def without_seconds(result):
    return {key: value for key, value in result.items() if key != "seconds"}


def test_each_gets_what_the_answers_deserve(lab, group, tmp_path):
    results, failed = running.run(collect(group, lab.name), lab, tmp_path / "out", SETTINGS)
    found = points(results)
    assert failed == []
    assert (found["ada"], found["bob"], found["eve"]) == (30, 0, 30)
    # One place too few: output_size keeps one visible check, the kernel that is too large, of six.
    tasks = {task["name"]: task for task in results[3]["tasks"]}
    assert tasks["output_size"]["points"] == round(2 * 0.5 / 6, 2)
    assert tasks["field_size"]["points"] == 2
    (said,) = results[2]["cells"].values()
    assert said == "it took more than 5 s; the notebook goes on without this cell"


def test_a_second_run_grades_only_what_is_new(lab, group, tmp_path):
    out = tmp_path / "out"
    hand_ins = [one for one in collect(group, lab.name) if one.student != "eve"]
    first, _ = running.run(hand_ins[:2], lab, out, SETTINGS)
    before = {path.name: path.stat().st_mtime_ns for path in (out / "results").glob("*.json")}
    second, _ = running.run(hand_ins, lab, out, SETTINGS)
    after = {path.name: path.stat().st_mtime_ns for path in (out / "results").glob("*.json")}
    assert second[:2] == first
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {"grace.json"}


def test_a_changed_notebook_is_graded_again(lab, group, tmp_path):
    (ada, bob, *_) = collect(group, lab.name)
    running.run([ada], lab, tmp_path / "out", SETTINGS)
    changed = running.HandIn("ada", bob.notebook)
    results, _ = running.run([changed], lab, tmp_path / "out", SETTINGS)
    assert points(results) == {"ada": 0}


def test_the_secret_is_the_class_s_own_and_nobody_else_can_read_it(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    secret = running.secret_in(tmp_path / "one")
    assert running.secret_in(tmp_path / "one") == secret != running.secret_in(tmp_path / "two")
    assert len(secret) == 64
    assert (tmp_path / "one" / running.SECRET).stat().st_mode & 0o777 == 0o600


def test_an_empty_secret_is_none(tmp_path):
    (tmp_path / running.SECRET).touch()
    with pytest.raises(ValueError, match="secret must not be empty"):
        running.secret_in(tmp_path)


def test_nothing_is_lost_when_the_run_is_killed(lab, tmp_path):
    place, out = tmp_path / "submitted", tmp_path / "out"
    for number in range(12):
        classes.hand_in(place, f"student{number:02}", classes.solved())
    command = [sys.executable, "-m", "labkit.grading", "run", str(classes.LAB), str(place)]
    command += ["--out", str(out), "--backend", "bwrap"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    first = subprocess.Popen(command, **quiet, cwd=classes.ROOT, start_new_session=True)
    while len(list((out / "results").glob("*.json"))) < 3:
        assert first.poll() is None
        time.sleep(0.02)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    kept = {path: path.read_bytes() for path in (out / "results").glob("*.json")}
    assert 3 <= len(kept) < 12
    subprocess.run(command, **quiet, cwd=classes.ROOT, check=True)
    results = sorted((out / "results").glob("*.json"))
    assert len(results) == 12
    assert all(path.read_bytes() == data for path, data in kept.items())
    assert {json.loads(path.read_text("utf-8"))["points"] for path in results} == {30.0}


def test_nothing_runs_on_when_the_run_is_killed(tmp_path):
    place = tmp_path / "submitted"
    for number in range(4):
        classes.hand_in(place, f"student{number}", classes.with_cell(classes.bare(), SLOW))
    command = [sys.executable, "-m", "labkit.grading", "run", str(classes.LAB), str(place)]
    command += ["--out", str(tmp_path / "out"), "--backend", "bwrap"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    first = subprocess.Popen(command, **quiet, cwd=classes.ROOT)
    until = time.monotonic() + 20
    while not any(map(processes._is_worker, started := descendants(first.pid))):
        assert time.monotonic() < until
        time.sleep(0.02)
    first.kill()
    first.wait()
    until = time.monotonic() + 5
    while any(map(is_running, started)) and time.monotonic() < until:
        time.sleep(0.02)
    assert not [one for one in started if is_running(one)]


def descendants(root):
    children = processes._children()
    found = list(children.get(root, []))
    for one in found:
        found += children.get(one, [])
    return found


def test_no_name_of_a_file_steers_the_terminal(tmp_path, capsys):
    place = tmp_path / "submitted"
    for name in ("a\n\x1b[31mb", "c"):
        classes.hand_in(place / "zoe\nada      30 of 30\x1b[2J", name, {"cells": []})
    options = ["--out", str(tmp_path / "out"), "--backend", "bwrap"]
    assert main(["grade", "run", str(classes.LAB), str(place), *options]) == 0
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert len(shown.splitlines()) == 3  # one student, what was noticed, and where the page is


def breaks_at_bob(packed):
    if running.Job.unpack(packed).student == "bob":
        raise RuntimeError("a mistake of ours")
    return grade(packed)


def has_no_room_for_bob(packed):
    if running.Job.unpack(packed).student == "bob":
        raise Missing("the sandbox did not start")
    return grade(packed)


def test_a_grading_that_raises_costs_nobody_else_a_grade(lab, group, tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(running, "grade", breaks_at_bob)
    hand_ins = [one for one in collect(group, lab.name) if one.student != "eve"]
    (tmp_path / "out/results").mkdir(parents=True)
    (tmp_path / "out/results/bob.json").write_text('{"points": 30}')  # of an earlier notebook
    results, failed = running.run(hand_ins, lab, tmp_path / "out", SETTINGS)
    assert failed == ["bob"]
    assert points(results)["ada"] == 30
    assert not (tmp_path / "out/results/bob.json").exists()
    assert "a mistake of ours" in capfd.readouterr().err


def test_a_sandbox_that_starts_for_all_but_one_costs_nobody_else_a_grade(
    lab, group, tmp_path, monkeypatch
):
    monkeypatch.setattr(running, "grade", has_no_room_for_bob)
    one = replace(SETTINGS, workers=1)
    ada, bob, _, grace = collect(group, lab.name)
    results, failed = running.run([ada, bob, grace], lab, tmp_path / "out", one)
    assert (len(results), failed) == (2, ["bob"])
    with pytest.raises(Missing):
        running.run([bob], lab, tmp_path / "out", one)


def kill_one(word):
    """Kill the first child process of this one whose command line holds the word."""
    children = Path(f"/proc/{os.getpid()}/task/{threading.main_thread().native_id}/children")
    for _ in range(500):
        for child in children.read_text().split():
            command = Path(f"/proc/{child}/cmdline").read_bytes()
            if word.encode() in command or command == Path("/proc/self/cmdline").read_bytes():
                os.kill(int(child), signal.SIGKILL)
                return
        time.sleep(0.01)


def test_dask_gives_the_same_results_and_survives_a_dead_worker(lab, group, tmp_path):
    distributed = pytest.importorskip("distributed", reason="pip install distributed")
    hand_ins = [one for one in collect(group, lab.name) if one.student != "eve"]
    here, _ = running.run(hand_ins, lab, tmp_path / "here", SETTINGS)
    (tmp_path / "there").mkdir()
    key = (tmp_path / "here" / running.SECRET).read_text()
    (tmp_path / "there" / running.SECRET).write_text(key)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None
    ) as cluster:
        victim = next(iter(cluster.workers.values())).pid
        threading.Timer(0.3, os.kill, (victim, signal.SIGKILL)).start()
        settings = running.Settings("bwrap", SETTINGS.limits, executor=cluster.scheduler_address)
        there, failed = running.run(hand_ins, lab, tmp_path / "there", settings)
    assert failed == []
    assert list(map(without_seconds, there)) == list(map(without_seconds, here))


def test_dask_says_what_no_notebook_can_help(lab, group, tmp_path, monkeypatch):
    """A machine of the cluster without walls gives nobody nothing; it stops the run."""
    distributed = pytest.importorskip("distributed", reason="pip install distributed")
    monkeypatch.setenv("PATH", str(tmp_path))  # of the workers, too
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, dashboard_address=None
    ) as cluster:
        settings = running.Settings("docker", SETTINGS.limits, executor=cluster.scheduler_address)
        with pytest.raises(Missing, match=r"the sandbox docker did not start: .*'docker'"):
            running.run(collect(group, lab.name), lab, tmp_path / "out", settings)
    assert not list((tmp_path / "out/results").iterdir())
