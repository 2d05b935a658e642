"""A deliberate error of a thousandth in any gradient rule must be found, and mutants be mutants."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[1] / "tools" / "mutate.py"
specification = importlib.util.spec_from_file_location("mutate", TOOL)
mutate = importlib.util.module_from_spec(specification)
specification.loader.exec_module(mutate)


def test_every_thousandth_in_every_gradient_is_found():
    run = subprocess.run(
        [sys.executable, TOOL, "rules"], capture_output=True, text=True, timeout=300, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    found, planted = re.fullmatch(
        r"gradient rules: (\d+) of (\d+) faults found \(100\.0%\)\n", run.stdout
    ).groups()
    assert found == planted
    assert int(planted) >= 54


def test_a_fault_that_is_not_found_is_counted(monkeypatch):
    """With a thousandth of nothing the rules are right, so nothing may be found."""
    monkeypatch.setattr(mutate, "SCALE", 1.0)
    assert not any(result["found"] for result in mutate.mutate_rules())


@pytest.mark.parametrize(
    ("source", "faults"),
    [
        ("a + b", ["a - b"]),
        ("a * b", ["a / b"]),
        ("a ** 2", ["a * 2", "3"]),
        ("a < b", ["a <= b"]),
        ("a == b", ["a != b"]),
        ("a is None", ["a is not None"]),
        ("a and b", ["a or b"]),
        ("-a", ["+a"]),
        ("f(True)", ["False"]),
        ("f(0.5)", ["1.5"]),
        ("a if b else c", ["a if not b else c"]),
        ("a += 1", ["a -= 1", "2"]),
        ("raise ValueError(f'{a + 1}')", []),
        ("'a + b'", []),
        ("import a", []),
        ("@f(1)\ndef g(): return 2", ["3"]),
    ],
)
def test_mutants_by_hand(source, faults):
    assert [after for _, _, after, _ in mutate.mutants(source)] == faults


def test_a_mutant_differs_in_one_place():
    source = "def f(a):\n    return a + 1 - a * 2"
    texts = [text for *_, text in mutate.mutants(source)]
    assert texts == [
        "def f(a):\n    return a + 1 + a * 2",
        "def f(a):\n    return a - 1 - a * 2",
        "def f(a):\n    return a + 2 - a * 2",
        "def f(a):\n    return a + 1 - a / 2",
        "def f(a):\n    return a + 1 - a * 3",
    ]


def test_a_test_without_end_is_ended(monkeypatch):
    monkeypatch.setattr(mutate, "TIME_LIMIT", 0.1)
    child = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    assert mutate.wait(child.pid) == -1
    child.returncode = -9  # it was waited for already
    with pytest.raises(ProcessLookupError):
        os.kill(child.pid, 0)
