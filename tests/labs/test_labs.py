"""The labs as a teacher hands them out and as a student opens them."""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from labkit.exercises import exercises

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "labs/source").glob("*.ipynb"))
RELEASES = sorted((ROOT / "labs/release").glob("*.ipynb"))
README = (ROOT / "labs/README.md").read_text(encoding="utf-8")
EXERCISES = exercises()
FOREIGN = ["torch", "keras", "tensorflow", "matplotlib", "scipy", "IPython", "anywidget"]
WORDS_IN_A_ROW = 6

# Runs the cells of a notebook as a kernel would, in a process that has NumPy and nothing else, and
# prints for each cell what its last line shows.
RUN_CELLS = """
import ast, json, sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in BLOCKED:
            raise ModuleNotFoundError(f"{name} is blocked")

sys.meta_path.insert(0, Blocked())
notebook = json.load(open(sys.argv[1], encoding="utf-8"))
namespace, shown = {"__name__": "__main__"}, {}
for cell in notebook["cells"]:
    if cell["cell_type"] != "code":
        continue
    source = "".join(cell["source"]).replace("%pip", "raise SystemExit #")
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, cell["id"], "exec"), namespace)
    if last:
        value = eval(compile(ast.Expression(last.value), cell["id"], "eval"), namespace)
        shown[cell["id"]] = None if value is None else repr(value)
json.dump(shown, open(sys.argv[2], "w", encoding="utf-8"))
"""


def cells_of(path):
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def source_of(cell):
    return "".join(cell["source"])


def marks_of(path):
    return [c["metadata"]["nbgrader"] for c in cells_of(path) if "nbgrader" in c["metadata"]]


def run_cells(path, folder):
    """What every cell shows, run with NumPy alone."""
    script = folder / "run_cells.py"
    script.write_text(RUN_CELLS.replace("BLOCKED:", f"{FOREIGN!r}:"), encoding="utf-8")
    shown = folder / "shown.json"
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script), str(path), str(shown)],
        capture_output=True,
        text=True,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(shown.read_text(encoding="utf-8")), done.stdout


def names_checked(path):
    return re.findall(r'^check\("(\w+)"\)$', "\n".join(map(source_of, cells_of(path))), re.M)


def test_every_lab_is_released():
    assert [path.name for path in SOURCES] == [path.name for path in RELEASES]
    assert "convolution.ipynb" in [path.name for path in SOURCES]


def test_the_released_copies_are_fresh():
    tool = [sys.executable, "-m", "labkit.grading", "release", "--check"]
    done = subprocess.run(tool, capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stdout) == (0, "The students' copies are up to date.\n")


@pytest.mark.parametrize("path", RELEASES, ids=lambda path: path.stem)
def test_one_click_opens_a_lab_from_its_first_cell_and_from_the_readme(path):
    (row,) = re.findall(rf"^\| \[{path.stem}\].*$", README, re.M)
    colab, binder = f"/blob/main/labs/release/{path.name})", f"labs%2Frelease%2F{path.name})"
    for text in (row, source_of(cells_of(path)[0])):
        assert text.count("https://colab.research.google.com/github/") == text.count(colab) == 1
        assert text.count("https://mybinder.org/v2/gh/") == text.count(binder) == 1


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_solutions_pass_with_numpy_alone(path, tmp_path):
    shown, printed = run_cells(path, tmp_path)
    names = names_checked(path)
    assert len(names) >= 6
    for name in names:
        assert shown[f"check-{name.replace('_', '-')}"].startswith(f"✓ So far so good: {name},")
    assert "✗" not in printed
    assert "○" not in printed


@pytest.mark.parametrize("path", RELEASES, ids=lambda path: path.stem)
def test_the_bare_copy_runs_to_its_end_and_every_check_is_kind(path, tmp_path):
    shown, printed = run_cells(path, tmp_path)
    for name in names_checked(path):
        said = shown[f"check-{name.replace('_', '-')}"]
        checks = len(EXERCISES[name].checks)
        assert said.startswith(f"○ Not written yet: {name}, visible 0 of {checks}\n  To write: ")
    assert "✓" not in printed
    assert "✗" not in printed


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_checks_and_points_are_those_of_the_exercises(path):
    graded = {m["grade_id"]: m["points"] for m in marks_of(path) if m["grade"]}
    names = names_checked(path)
    assert graded == {f"check_{name}": EXERCISES[name].points for name in names}
    solutions = [marks["grade_id"] for marks in marks_of(path) if marks["solution"]]
    assert solutions == names
    assert all(EXERCISES[name].topic == path.stem for name in names)


@pytest.mark.parametrize("path", [*SOURCES, *RELEASES], ids=lambda path: str(path.parent.name))
def test_nbgrader_can_read_it(path):
    marks = marks_of(path)
    ids = [one["grade_id"] for one in marks]
    assert len(set(ids)) == len(ids) > 0
    for one in marks:
        assert one["schema_version"] == 3
        assert one["locked"] == one["grade"] != one["solution"]
        assert re.fullmatch(r"[A-Za-z0-9_-]+", one["grade_id"])
        assert ("points" in one) == one["grade"]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_each_check_follows_its_answer(path):
    marked = [cell for cell in cells_of(path) if "nbgrader" in cell["metadata"]]
    for answer, checked in zip(marked[::2], marked[1::2], strict=True):
        name = answer["metadata"]["nbgrader"]["grade_id"]
        assert source_of(checked) == f'check("{name}")'
        form = EXERCISES[name].form
        if form:
            (function,) = ast.parse(source_of(answer)).body
            assert f"{name}({ast.unparse(function.args)})".replace("=", " = ") == form.replace(
                "=", " = "
            )


def runs_of_words(text):
    found = re.findall(r"\w+", text)
    return {tuple(found[i : i + WORDS_IN_A_ROW]) for i in range(len(found) - WORDS_IN_A_ROW + 1)}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_nothing_of_a_solution_is_left(path):
    """No six words of a solution in a row stand anywhere in the copy, outputs and all."""
    released = json.loads((ROOT / "labs/release" / path.name).read_text(encoding="utf-8"))
    left = runs_of_words("\n".join(map(source_of, released["cells"])))
    assert not any(cell.get("outputs") for cell in released["cells"])
    for cell in cells_of(path):
        for region in re.findall(
            r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", source_of(cell), re.DOTALL
        ):
            assert not runs_of_words(region) & left
    assert "SOLUTION" not in json.dumps(released)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_the_setup_cell_stands_first(path):
    first = next(cell for cell in cells_of(path) if cell["cell_type"] == "code")
    assert source_of(first).startswith("# Setup. Written by tools/address.py")
