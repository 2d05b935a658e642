"""What of labkit needs no NumPy passes its own tests in the browser's Python: Pyodide, under Node.

No registry has a NumPy for Pyodide, so these parts are all that can be tried there. That the others
use no threads, processes, connections or compiled code is in test_architecture.py.
"""

import ast
import json
import shutil
import subprocess
from importlib.metadata import files
from pathlib import Path

import pytest
from test_architecture import MODULES, WITHOUT_NUMPY

browser_python = pytest.importorskip("browser_python")
TESTS = Path(__file__).resolve().parent
FILES = (
    "ops/test_sizes.py",
    "metrics/test_text.py",
    "sizing/test_budget.py",
    "sizing/test_transformer.py",
    "test_schedules.py",
    "test_tokenizers.py",
)
PYTEST = ("pytest", "pluggy", "iniconfig", "packaging", "pygments")  # pure Python, all of them
OPTIONS = (
    *("--rootdir", "/course", "--noconftest", "-c", "/dev/null", "--import-mode", "importlib"),
    *("-p", "stand_ins", "-p", "no:cacheprovider", "-p", "no:faulthandler", "-W", "error"),
    *("--capture", "no", "--quiet", "-rfE", "--doctest-modules"),
)


def node():
    """The program Node; the test skips with a sentence where it or Pyodide is missing."""
    if not browser_python.is_there():
        pytest.skip(browser_python.HOW)
    try:
        return browser_python.node_folder() / "node"
    except SystemExit as missing:
        pytest.skip(str(missing))


def lay_out(folder):
    """Copy pytest and what it needs into the folder, without anything that is compiled."""
    for distribution in PYTEST:
        for file in files(distribution):
            if file.suffix == ".py" and ".." not in file.parts:
                (folder / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file.locate(), folder / file)


def test_it_passes_its_tests_in_the_browsers_python(tmp_path):
    program = node()
    lay_out(tmp_path)
    course = {"/course/labkit": MODULES["labkit"].parent, "/course/tests": TESTS}
    mounts = {"/packages": tmp_path, **course}
    sources = [f"/course/{MODULES[name].relative_to(TESTS.parent)}" for name in WITHOUT_NUMPY]
    settings = {
        "mounts": {inside: str(outside) for inside, outside in mounts.items()},
        "path": ["/packages", "/course", "/course/tests", "/course/tests/pyodide"],
        "arguments": [
            *OPTIONS,
            *(f"--without-numpy={name}" for name in WITHOUT_NUMPY),
            *(f"/course/tests/{file}" for file in FILES),
            *sources,
        ],
    }
    command = [program, TESTS / "pyodide" / "run.mjs", json.dumps(settings)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=900)
    lines = [line for line in run.stdout.splitlines() if line.startswith("counts ")]
    assert run.returncode == 0, run.stdout + run.stderr
    counts = ast.literal_eval(lines[0].removeprefix("counts "))
    print(f"In Pyodide: {counts['passed']} passed, {counts['skipped']} need what is not there.")
    assert counts["passed"] >= 150
    assert set(counts) == {"passed", "skipped"}
