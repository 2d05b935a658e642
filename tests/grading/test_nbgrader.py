"""nbgrader with our walls: its own commands, its gradebook, points from outside the kernel."""

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from grading import classes

from labkit.grading.run import SECRET
from labkit.grading.sandbox import BACKENDS

pytest.importorskip("nbgrader", reason="pip install 'labkit-course[grading]'")
import nbformat
from nbformat.v4 import new_code_cell, new_notebook

from labkit.grading.nbgrader import SafeExecute, outputs_of

VERDICT = BACKENDS["bwrap"].verdict()
CONFIG = """
c = get_config()
c.CourseDirectory.course_id = "course"
c.Autograde.autograde_preprocessors = [
    "labkit.grading.nbgrader.SafeExecute",
    "nbgrader.preprocessors.LimitOutput",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.CheckCellMetadata",
]
"""
ANSWER = "def area(r): return r**2"
FAKE = "import os\nprint('30.0')\nos._exit(0)"


@pytest.mark.skipif(not VERDICT.works, reason=f"bubblewrap: {VERDICT.reason}")
def test_its_gradebook_gets_the_points_that_were_formed_outside(tmp_path):
    (tmp_path / "source/ps1").mkdir(parents=True)
    shutil.copy(classes.LAB, tmp_path / "source/ps1/convolution.ipynb")
    shutil.copytree(classes.ROOT / "labs/hidden", tmp_path / "hidden")
    (tmp_path / "nbgrader_config.py").write_text(CONFIG)
    here = Path(sys.executable).parent
    environment = os.environ | {"PATH": f"{here}:{os.environ['PATH']}", "PYTHONWARNINGS": "ignore"}

    def nbgrader(*words):
        subprocess.run(
            ["nbgrader", *words], cwd=tmp_path, env=environment, check=True, capture_output=True
        )

    nbgrader("generate_assignment", "ps1")
    for student in ("ada", "bob"):
        shutil.copytree(
            classes.ROOT / "labs/class" / student, tmp_path / f"submitted/{student}/ps1"
        )
    classes.hand_in(tmp_path / "eve", "ps1", classes.with_cell(classes.bare(), FAKE))
    shutil.move(tmp_path / "eve", tmp_path / "submitted/eve")
    nbgrader("autograde", "ps1")
    nbgrader("export")
    rows = csv.DictReader((tmp_path / "grades.csv").read_text("utf-8").splitlines())
    assert {row["student_id"]: float(row["score"]) for row in rows} == {
        "ada": 30.0,
        "bob": 4.47,
        "eve": 0.0,
    }


@pytest.mark.skipif(not VERDICT.works, reason=f"bubblewrap: {VERDICT.reason}")
def test_a_cell_that_is_graded_has_an_output_whatever_it_is_called(tmp_path):
    def notebook(answer, *names):
        cells = [new_code_cell(answer, metadata={"nbgrader": {"grade": False, "solution": True}})]
        for name in names:
            marks = {"grade": True, "solution": False, "grade_id": name, "points": 2}
            cells.append(new_code_cell("assert area(2) == 4", metadata={"nbgrader": marks}))
        return new_notebook(cells=cells)

    (tmp_path / "ps1").mkdir()
    source = notebook("def area(r): return r * r", "check_area", "test_area")
    (tmp_path / "ps1/lab.ipynb").write_text(nbformat.writes(source))
    about = {"nbgrader": {"assignment": "ps1", "notebook": "lab", "student": "eve"}}
    for answer, outputs in (("area = min", ["error"] * 3), (ANSWER, ["stream"] * 2 + ["error"])):
        handed_in = notebook(answer, "check_area", "test_area", "check_more")
        plug_in = SafeExecute(source_directory=str(tmp_path))
        done, _ = plug_in.preprocess(handed_in, about)
        assert [cell.outputs[0].output_type for cell in done.cells[1:]] == outputs
    assert len((tmp_path / SECRET).read_text()) == 65  # nobody can tell the hidden inputs


@pytest.mark.skipif(not VERDICT.works, reason=f"bubblewrap: {VERDICT.reason}")
def test_the_text_of_hidden_tests_is_neither_run_inside_nor_left_for_the_feedback(tmp_path):
    hidden = (
        "assert area(2) == 4\n### BEGIN HIDDEN TESTS\nassert area(7) == 49\n### END HIDDEN TESTS"
    )
    reads = """
import linecache, re
def area(r):
    texts = "".join("".join(entry[2]) for entry in linecache.cache.values())
    return int(re.search(rf"area\\({r}\\) == (\\d+)", texts)[1])
"""

    def notebook(answer):
        marks = {"grade": True, "solution": False, "grade_id": "test_area", "points": 2}
        tests = new_code_cell(hidden, metadata={"nbgrader": marks})
        solution = {"nbgrader": {"grade": False, "solution": True}}
        return new_notebook(cells=[new_code_cell(answer, metadata=solution), tests])

    (tmp_path / "ps1").mkdir()
    (tmp_path / "ps1/lab.ipynb").write_text(nbformat.writes(notebook(ANSWER)))
    about = {"nbgrader": {"assignment": "ps1", "notebook": "lab", "student": "eve"}}
    plug_in = SafeExecute(source_directory=str(tmp_path))
    done, _ = plug_in.preprocess(notebook(reads), about)  # nbgrader has put the tests back
    assert done.cells[1].outputs[0].output_type == "error"
    assert done.cells[1].source == "assert area(2) == 4"
    done, _ = plug_in.preprocess(notebook(ANSWER), about)
    assert done.cells[1].outputs[-1]["data"]["text/plain"] == "2.0"


def test_no_points_are_an_error_for_it_and_some_are_a_number():
    part = {"says": "one place", "hidden": False, "state": "wrong"}
    hidden = {"says": "a secret kind", "hidden": True, "state": "holds"}
    (nothing,) = outputs_of({"points": 0.0, "parts": [part]})
    assert nothing["output_type"] == "error"
    said, points = outputs_of({"points": 1.5, "parts": [part, hidden]})
    assert points["data"]["text/plain"] == "1.5"
    assert said["text"] == "✗ one place\n1 of 1 hidden checks hold\n"
