"""nbgrader with our walls: its own commands, its gradebook, points from outside the kernel."""

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from grading import classes

from labkit.grading.sandbox import BACKENDS

pytest.importorskip("nbgrader", reason="pip install 'labkit-course[grading]'")
from labkit.grading.nbgrader import outputs_of

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
        "bob": 4.17,
        "eve": 0.0,
    }


def test_no_points_are_an_error_for_it_and_some_are_a_number():
    part = {"says": "one place", "hidden": False, "state": "wrong"}
    hidden = {"says": "a secret kind", "hidden": True, "state": "holds"}
    (nothing,) = outputs_of({"points": 0.0, "parts": [part]})
    assert nothing["output_type"] == "error"
    said, points = outputs_of({"points": 1.5, "parts": [part, hidden]})
    assert points["data"]["text/plain"] == "1.5"
    assert said["text"] == "✗ one place\n1 of 1 hidden checks hold\n"
