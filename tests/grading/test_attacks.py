"""No hostile notebook gets a point, learns a secret, leaves a trace, or stops the grading.

LABKIT_WALLS=podman pytest tests/grading/test_attacks.py   tries them in containers
"""

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from grading.attacks import ATTACKS, HONEST, WRONG
from grading.watch import is_running

from labkit.grading.grade import Job, grade
from labkit.grading.lab import Sources
from labkit.grading.limits import Limits
from labkit.grading.processes import PROC, inside_of
from labkit.grading.sandbox import BACKENDS, bubblewrap

ROOT = Path(__file__).resolve().parents[2]
WALLS = os.environ.get("LABKIT_WALLS", "bwrap")
VERDICT = BACKENDS[WALLS].verdict()
pytestmark = pytest.mark.skipif(
    not VERDICT.works, reason=f"NO ATTACK WAS TRIED: {WALLS} does not work: {VERDICT.reason}"
)
LIMITS = Limits(cell=2, call=0.7, total=10, memory=2**29, processes=24, files=2**23, deaths=5)
BOUND = 15 if WALLS == "bwrap" else 60  # seconds
SEED = 987654321012345
KEY = "the-key-of-the-grader"
ABSTRACT = f"\0labkit-attack-{os.getpid()}"
USER = 1_234_000_000 + os.getpid()  # tests that run at the same time do not meet
ASKED = ("size_by_hand", "output_size", "pool_size")
MARK = "770000"  # every hidden size begins so
HIDDEN_INPUTS = """
from labkit.grading.hidden import Draw
def large(rng):
    return (7_700_000_000 + int(rng.integers(10_000)), int(rng.integers(2, 9))), {"stride": 2}
HIDDEN = {name: (Draw("other sizes", large, times=4),) for name in ("output_size", "pool_size")}
"""


def small_lab():
    """Three tasks of the lab `convolution`, with hidden inputs that can be recognized."""
    notebook = json.loads((ROOT / "labs/source/convolution.ipynb").read_text("utf-8"))
    ids = {name.replace("_", "-") for name in ASKED}
    ids |= {f"check-{one}" for one in ids}
    imports = {"cell_type": "code", "id": "imports", "metadata": {}, "source": "import numpy as np"}
    notebook["cells"] = [imports, *(c for c in notebook["cells"] if c["id"] in ids)]
    return Sources("small", json.dumps(notebook), HIDDEN_INPUTS)


LAB = small_lab()


def graded(*sources, student="ada", limits=LIMITS):
    cells = [{"cell_type": "code", "metadata": {}, "source": source} for source in sources]
    job = Job(student, json.dumps({"cells": cells}).encode(), LAB, SEED, WALLS, limits)
    result = grade(job.pack())
    result.decode("utf-8")
    return json.loads(result)


def points(result):
    return {task["name"]: task["points"] for task in result["tasks"]}


def seen_by_student(result):
    """The result without the parts that are the instructor's."""
    tasks = [
        task | {"parts": [part for part in task["parts"] if not part["hidden"]]}
        for task in result["tasks"]
    ]
    return json.dumps(result | {"tasks": tasks, "key": ""}, ensure_ascii=False)


def left_over():
    """The processes of the sandbox's user, and those that this process has started.

    What has ended and waits for init to take note of it is no process any more.
    """
    every = [int(folder.name) for folder in PROC.iterdir() if folder.name.isdigit()]
    found = inside_of(os.getpid())[1:] + [
        process for process in every if is_of_the_sandbox(process)
    ]
    return [process for process in found if is_running(process)]


def is_of_the_sandbox(process):
    """By what it runs as; the folder in /proc is root's where a process may not be looked into."""
    try:
        return f"Uid:\t{USER}\t".encode() in (PROC / str(process) / "status").read_bytes()
    except OSError:
        return False


@pytest.fixture(scope="module", autouse=True)
def one_user():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bubblewrap, "USERS", (USER, 1))
        patch.setenv("LABKIT_KEY", KEY)
        yield


@pytest.fixture(scope="module")
def baseline():
    result = graded(HONEST, WRONG)
    assert points(result) == {"size_by_hand": 1, "pool_size": 2, "output_size": 0.17}  # 2 / 2 / 6
    return result


@pytest.fixture(scope="module")
def doors(tmp_path_factory):
    """Files and sockets of this machine that a notebook may not reach."""
    folder = tmp_path_factory.mktemp("watched")
    (folder / "grace.ipynb").write_text("the work of another student")
    (folder / "key").write_text(KEY)
    servers = [socket.socket(), socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)]
    servers[0].bind(("127.0.0.1", 0))
    servers[1].bind(str(folder / "socket"))
    servers[2].bind(ABSTRACT)
    for server in servers:
        server.listen()
        threading.Thread(target=greet, args=(server,), daemon=True).start()
    paths = [
        *map(str, folder.iterdir()),
        str(ROOT / "labs/hidden/convolution.py"),
        str(ROOT / "labs/source/convolution.ipynb"),
        str(ROOT / "labkit/exercises/convolution/sizes.py"),
        "/etc/passwd",
        "/etc/hostname",
    ]
    text = (
        f"PATHS, HOME = {paths!r}, {str(Path.home())!r}\n"
        f"SOCKET, PORT = {str(folder / 'socket')!r}, {servers[0].getsockname()[1]}\n"
        f"ABSTRACT = {ABSTRACT!r}\n"
    )
    yield folder, text
    for server in servers:
        server.close()


def greet(server):
    while True:
        try:
            server.accept()[0].sendall(KEY.encode())
        except OSError:
            return


SECRETS = (KEY, MARK, str(SEED), "another student", "do not fit into", "HIDDEN =", "864 settings,")


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_attack(attack, baseline, doors):
    folder, text = doors
    before = sorted((p, p.stat().st_mtime, p.stat().st_size) for p in folder.rglob("*"))
    begun = time.monotonic()
    result = graded(HONEST + text, *attack.cells, attack.answer)
    assert time.monotonic() - begun < BOUND, result["seconds"]

    scored, fair = points(result), points(baseline)
    assert scored["output_size"] <= fair["output_size"], result
    assert result["points"] <= baseline["points"]
    if attack.spares:
        assert scored["size_by_hand"] == 1, result
        assert scored["pool_size"] == 2, result
    shown = seen_by_student(result)
    assert not [secret for secret in SECRETS if secret in shown], shown
    assert "\x1b" not in shown
    assert len(shown) < 30_000
    found = [said for said in result["cells"].values() if "FOUND" in said]
    assert not found or attack in ALLOWED or "FOUND []" in found[0], found

    assert sorted((p, p.stat().st_mtime, p.stat().st_size) for p in folder.rglob("*")) == before
    for trace in ("/srv/trace", "/var/tmp/labkit-trace", "/tmp/labkit-trace"):
        assert not Path(trace).exists()
    assert_nothing_is_left()


def assert_nothing_is_left():
    until = time.monotonic() + 2  # the kernel ends them one after the other
    while left_over() and time.monotonic() < until:
        time.sleep(0.01)
    assert not left_over()


GRADE_FOR_EVER = f"""
import sys
from grading.test_attacks import Limits, bubblewrap, graded
bubblewrap.USERS = ({USER}, 1)
graded(sys.argv[1], limits=Limits())
"""


@pytest.mark.skipif(WALLS != "bwrap", reason="a container ends by its own clock")
@pytest.mark.parametrize("cell", ["while True: pass", "import os; os._exit(1)\nwhile True: pass"])
def test_a_grader_that_is_killed_leaves_nothing(cell):
    """Whatever is under way inside ends with the process that grades."""
    command = [sys.executable, "-c", GRADE_FOR_EVER, cell]
    for seconds in (0.0, 0.1, 0.5):
        grader = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": f"{ROOT}/tests:{ROOT}"})
        until = time.monotonic() + BOUND
        while not left_over()[1:] and time.monotonic() < until:  # beside the grader itself
            time.sleep(0.01)
        time.sleep(seconds)
        grader.kill()
        grader.wait()
        assert_nothing_is_left()


# What these find is no secret: error numbers, an environment that is empty, 24 processes. In a
# container the limits are not those that a process may raise.
NO_SECRET = {"paths", "environment", "command lines", "fork bomb"}
NO_SECRET |= set() if WALLS == "bwrap" else {"raises its limits", "every core"}
ALLOWED = [attack for attack in ATTACKS if attack.name in NO_SECRET]


@pytest.mark.skipif(WALLS != "bwrap", reason="a container's memory is counted by the kernel")
def test_files_that_hold_nothing_count_as_memory():
    flood = "import os\nfor n in range(10**6): os.symlink('x' * 99, f'/tmp/{n}')"
    result = graded(HONEST, flood, WRONG, limits=replace(LIMITS, cell=8, total=20, memory=2**28))
    said = result["cells"]["2"]
    assert re.match(r"it uses \d+ MiB; 256 may be used", said), said
    assert points(result)["pool_size"] == 2


def test_there_are_many_attacks_and_each_says_what_it_tries():
    assert len(ATTACKS) >= 40
    assert (
        len({attack.name for attack in ATTACKS}) == len({a.tries for a in ATTACKS}) == len(ATTACKS)
    )
