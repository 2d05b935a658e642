"""The tool that plants faults: which there are, and that it finds what a test finds, in time."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import faults
import hunt
import mutate
import pytest

TOOLS = Path(mutate.__file__).parent


# --- in gradient rules --------------------------------------------------------------------------


def test_every_thousandth_in_every_gradient_is_found():
    run = subprocess.run(
        [sys.executable, TOOLS / "mutate.py", "rules"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
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


# --- which faults there are ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "changes"),
    [
        ("a + b", ["a + b -> a - b"]),
        ("a * b", ["a * b -> a / b"]),
        ("a ** 2", ["a ** 2 -> a * 2", "2 -> 3", "2 -> 1"]),
        ("a < b <= c", ["a < b <= c -> a <= b <= c", "a < b <= c -> a < b < c"]),
        ("a == b", ["a == b -> a != b"]),
        ("a is None", ["a is None -> a is not None"]),
        ("a not in b", ["a not in b -> a in b"]),
        ("a and b", ["a and b -> a or b"]),
        ("-a", ["-a -> a"]),
        ("not a", ["not a -> a"]),
        ("x = f(True)", ["True -> False"]),
        ("x = f(0.5, 0.0)", ["0.5 -> 1.0", "0.0 -> 1.0"]),
        ("x = a if b else c", ["a if b else c -> a if not b else c"]),
        ("a += 1", ["a += 1 -> dropped", "a += 1 -> a -= 1", "1 -> 2", "1 -> 0"]),
        ("x = a[1:-1]", ["1 -> 2", "1 -> 0", "-1 -> 1", "1 -> 2 (2)", "1 -> 0 (2)"]),
        ("f(a)", ["f(a) -> dropped"]),
        ("a[i] = b", ["a[i] = b -> dropped"]),
        ("x = max(a, b)", ["max(a, b) -> min(a, b)"]),
        ("x = a.any()", ["a.any -> a.all"]),
        ("x = np.floor(a)", ["np.floor -> np.ceil"]),
        ("x = a.sum(axis)", ["a.sum -> a.mean"]),
        ("x = a.reshape(-1, n)", ["-1 -> 1"]),
        (
            "if f(a):\n    raise ValueError(1 + 1)",
            ["if f(a): -> dropped", "if f(a): -> if not f(a):"],
        ),
        (
            "for a in b:\n    if a:\n        break",
            ["if a: -> dropped", "if a: -> if not a:", "break -> drop"],
        ),
        ("raise ValueError(f'{a + 1}')", []),
        ("'a + b'", []),
        ("import a", []),
        ("if TYPE_CHECKING:\n    import a", []),
        ("a: tuple[1, 2]", []),
        ("x = zip(a, strict=True)", []),
        ("@f(1)\ndef g():\n    return 2", ["2 -> 3", "2 -> 1"]),
        ("def g(a: f(1), *, b=0) -> f(2):\n    return a", ["b=0 -> 1", "b=0 -> -1"]),
        ("def g(a):\n    return f(a)", ["return f(a) -> return"]),
    ],
)
def test_faults_by_hand(source, changes):
    found = [fault.change for fault in faults.faults(source)]
    assert len(found) == len(changes)
    assert all(a.startswith(b) for a, b in zip(found, changes, strict=True)), found


def test_a_fault_is_one_change_and_knows_its_place():
    source = "class A:\n    def f(self, a):\n        return a + 1 - a * 2"
    tree = ast.parse(source)
    every = faults.faults(source)
    assert [ast.unparse(fault.planted(tree)).splitlines()[-1].strip() for fault in every] == [
        "return a + 1 + a * 2",
        "return a - 1 - a * 2",
        "return a + 2 - a * 2",
        "return a + 0 - a * 2",
        "return a + 1 - a / 2",
        "return a + 1 - a * 3",
        "return a + 1 - a * 1",
    ]
    assert ast.dump(tree) == ast.dump(ast.parse(source))
    assert {(f.line, f.where, f.code) for f in every} == {(3, "A.f", "return a + 1 - a * 2")}
    assert len({fault.key for fault in every}) == len(every)


def test_prose_may_change_and_code_may_not():
    source = '"""Some."""\nA = 1\n\n\ndef f():\n    """Do."""\n    return A  # so\n'
    prose = '"""Other\n\nwords."""\nimport b\n# One.\nA = 1\n\ndef f():\n    return A  # so\n'
    assert faults.fingerprint(prose) == faults.fingerprint(source)
    assert faults.fingerprint(source.replace("A = 1", "A = 2")) != faults.fingerprint(source)


# --- the hunt -----------------------------------------------------------------------------------

THING = '''
"""Some functions."""

LIMIT = 3


def clamp(x, *, low=0):
    """Return x, no less than low and no more than LIMIT.

    >>> clamp(7)
    3
    """
    if x < low:
        return low
    while x > LIMIT:
        x -= 1
    return x


class Pair:
    def __init__(self, a, b=5):
        self.a, self.b = a, b

    def total(self):
        def add(a, b):
            return a + b

        return add(self.a, self.b)


def alone(x):
    return x * 2
'''
TESTS = """
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.thing import Pair, clamp


def test_clamp():
    assert clamp(2) == 2
    assert clamp(-1) == 0


@given(st.integers(0, 9))
def test_pair(a):
    assert Pair(a).total() == a + 5


def test_skipped():
    pytest.skip("nothing to see")
"""


@pytest.fixture
def shop(tmp_path):
    """A package with a module and its tests."""
    for file, text in (("shop/thing.py", THING), ("tests/test_thing.py", TESTS)):
        (tmp_path / file).parent.mkdir()
        (tmp_path / file).write_text(text, encoding="utf-8")
    (tmp_path / "shop" / "__init__.py").touch()
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --doctest-modules\n")
    return tmp_path


def hunted(root):
    """What a process that does nothing else finds there."""
    script = (
        "import json, pathlib, sys\n"
        f"sys.path.insert(0, {str(TOOLS)!r})\n"
        "import hunt\n"
        f"hunt.ROOT = pathlib.Path({str(root)!r})\n"
        "for fault, *answer in hunt.hunt('shop/thing.py'):\n"
        "    print(json.dumps([fault.change, *answer]))\n"
    )
    command = [sys.executable, "-W", "ignore", "-c", script]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    return [json.loads(line) for line in run.stdout.splitlines()], run.stderr


def test_what_a_test_sees_is_found_and_nothing_else(shop):
    answers, errors = hunted(shop)
    assert errors == ""
    assert answers == [
        ["3 -> 4", True, True],  # of LIMIT, which the example sees
        ["3 -> 2", True, True],
        ["low=0 -> 1", True, True],
        ["low=0 -> -1", True, True],
        ["if x < low: -> dropped", True, True],
        ["x < low -> x <= low", False, True],  # low is low, by either way
        ["x > LIMIT -> x >= LIMIT", True, True],
        ["x -= 1 -> dropped", True, True],  # never ends, and is ended
        ["x -= 1 -> x += 1", True, True],
        ["1 -> 2", False, True],  # from 7 it comes to 3 too
        ["1 -> 0", True, True],
        ["b=5 -> 6", True, True],
        ["b=5 -> 4", True, True],
        ["a + b -> a - b", True, True],
        ["x * 2 -> x / 2", False, False],  # no test comes here
        ["2 -> 3", False, False],
        ["2 -> 1", False, False],
        ["return add(self.a, self.b) -> return", True, True],  # nothing else can be changed
    ]


def test_tests_that_fail_anyway_find_nothing(shop):
    path = shop / "tests" / "test_thing.py"
    path.write_text(path.read_text().replace("clamp(2) == 2", "clamp(2) == 1"))
    answers, errors = hunted(shop)
    assert answers == []
    assert "tests fail without a fault: tests/test_thing.py::test_clamp" in errors


def test_the_tests_of_a_module():
    assert hunt.tests_of("labkit/ops/losses.py") == [
        "tests/ops/test_losses.py",
        "tests/test_ops.py",
        "labkit/ops/losses.py",
    ]
    assert hunt.tests_of("labkit/tokenizers.py")[0] == "tests/test_tokenizers.py"
    for file in mutate.sources():
        assert len(hunt.tests_of(file)) >= 2, "its examples alone"


# --- the report ---------------------------------------------------------------------------------


def test_a_refreshed_entry_takes_its_place_and_leaves_the_others(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(mutate, "REPORT", tmp_path / "mutants.json")
    monkeypatch.setattr(mutate, "VERDICTS", tmp_path / "mutants.toml")
    first, second = mutate.sources()[:2]
    source = (mutate.ROOT / first).read_text(encoding="utf-8")
    few = faults.faults(source)[:3]

    def pretended(file):
        return [(few[0], True, True), (few[1], False, True), (few[2], False, False)]

    monkeypatch.setattr(mutate, "hunt", pretended)
    mutate.mutate_sources([second])
    mutate.mutate_sources([first])
    report = mutate.read_report()
    assert list(report) == [first, second]
    entry = report[first]
    assert (entry["planted"], entry["found"]) == (3, 1)
    assert mutate.survivors(entry) == {few[1].key, few[2].key}
    assert not mutate.is_stale(first, entry)
    assert mutate.is_stale(first, {**entry, "source": "0"})
    assert "; no test comes here]" in capsys.readouterr().out

    where, code, change = few[1].key
    mutate.VERDICTS.write_text(
        f'[["{first}"]]\nwhere = {json.dumps(where)}\ncode = {json.dumps(code)}\n'
        f'changes = [{json.dumps(change)}]\nwhy = "it is"\n'
    )
    assert mutate.read_verdicts() == {first: {few[1].key: "it is"}}
    mutate.print_report()
    shown = capsys.readouterr().out
    assert f"{first}: 1 of 3 faults found (33.3%)" in shown
    assert shown.count("  open: ") == 3
    assert "all: 2 of 6 faults found (33.3%); 1 change nothing, 3 are open" in shown
