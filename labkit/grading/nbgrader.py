"""A plug-in for nbgrader: its gradebook, its formgrader and its feedback, and our walls.

In ``nbgrader_config.py`` of the course::

    c.Autograde.autograde_preprocessors = [
        "labkit.grading.nbgrader.SafeExecute",
        "nbgrader.preprocessors.LimitOutput",
        "nbgrader.preprocessors.SaveAutoGrades",
        "nbgrader.preprocessors.CheckCellMetadata",
    ]
    c.SafeExecute.backend = "bwrap"
    c.SafeExecute.secret = "a line of your own; who knows it knows the hidden inputs"

The student's notebook then never runs in a kernel of the teacher's. Notebooks with nbgrader's own
tests need no change; of hidden tests, neither the student's code nor the feedback sees the text.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nbformat.v4 import new_output
from nbgrader.preprocessors import ClearHiddenTests, NbGraderPreprocessor
from traitlets import Unicode

from labkit.grading.grade import Job, grade, seed_for
from labkit.grading.lab import sources_of
from labkit.grading.run import secret_in
from labkit.grading.sandbox import choose

#: What a cell gets that the instructor's notebook does not grade: without an output, all points.
UNKNOWN: dict[str, Any] = {"points": 0, "parts": []}
MARKS = {"holds": "✓", "wrong": "✗", "open": "○", "manual": "…"}


class SafeExecute(NbGraderPreprocessor):
    """Takes the place of nbgrader's ``Execute``."""

    backend = Unicode("", help="bwrap, podman or docker; empty: the first that works").tag(
        config=True
    )
    source_directory = Unicode("source", help="where the instructor's notebooks stand").tag(
        config=True
    )
    hidden_directory = Unicode("hidden", help="where the files of hidden inputs stand").tag(
        config=True
    )
    secret = Unicode(
        "", help="whoever knows it knows the hidden inputs; empty: the source directory's own key"
    ).tag(config=True)

    def preprocess(self, notebook: Any, resources: Any) -> tuple[Any, Any]:
        """Grade the notebook and put each result where nbgrader looks for one.

        Raises LabError or Missing, which stop the run, if the lab or the walls are broken.
        """
        about = resources["nbgrader"]
        name = about["notebook"]
        source = Path(self.source_directory, about["assignment"], f"{name}.ipynb")
        hidden = Path(self.hidden_directory, f"{name}.py")
        lab = sources_of(source, hidden if hidden.is_file() else None)
        secret = self.secret.encode() or secret_in(Path(self.source_directory))
        seed = seed_for(secret, about["student"])
        self._clear_hidden_tests(notebook)
        data = json.dumps(notebook).encode()
        result = json.loads(
            grade(Job(about["student"], data, lab, seed, choose(self.backend).name).pack())
        )
        tasks = {task["name"]: task for task in result["tasks"]}
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs = []
                marks = cell.metadata.get("nbgrader", {})
                if marks.get("grade") and not marks.get("solution"):
                    name = str(marks.get("grade_id", ""))
                    task = tasks.get(name) or tasks.get(name.removeprefix("check_"))
                    cell.outputs = outputs_of(task or UNKNOWN)
        return notebook, resources

    def _clear_hidden_tests(self, notebook: Any) -> None:
        """Take out what nbgrader has put back: the student's code could read it, and the feedback.

        Whatever nbgrader finds wrong with a region, the cell keeps nothing.
        """
        clear = ClearHiddenTests(parent=self)
        for cell in notebook.cells:
            if cell.metadata.get("nbgrader", {}).get("grade"):
                try:
                    clear.preprocess_cell(cell, {}, 0)
                except RuntimeError:
                    cell.source = ""


def outputs_of(task: dict[str, Any]) -> list[Any]:
    """Return what nbgrader reads as the points of a cell, with a line for each visible check."""
    seen = [part for part in task["parts"] if not part["hidden"]]
    unseen = [part["state"] == "holds" for part in task["parts"] if part["hidden"]]
    lines = [f"{MARKS[part['state']]} {part['says']}" for part in seen]
    if unseen:
        lines.append(f"{sum(unseen)} of {len(unseen)} hidden checks hold")
    text = "\n".join(lines) + "\n"
    if task["points"] <= 0:  # nbgrader gives nothing for an error and everything for a zero
        return [new_output("error", ename="NotYet", evalue="", traceback=lines)]
    points = new_output("execute_result", {"text/plain": repr(float(task["points"]))})
    return [new_output("stream", name="stdout", text=text), points]
