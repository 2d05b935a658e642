"""What a grading leaves behind: a page for each student, one for the class, tables, Gradescope."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from labkit.grading.report.autograder import autograder_zip
from labkit.grading.report.gradescope import results_json
from labkit.grading.report.names import slug, write_atomically
from labkit.grading.report.overview import overview_page
from labkit.grading.report.roster import Roster, read_roster
from labkit.grading.report.student import student_page
from labkit.grading.report.tables import canvas, grades, moodle

__all__ = ["autograder_zip", "results_json", "slug", "write_reports"]


def write_reports(
    results: Sequence[dict[str, Any]],
    out: Path,
    *,
    released: bool = False,
    roster: Path | None = None,
) -> list[Path]:
    """Write everything about the results of one lab into a folder, and return the files.

    ``reports/<student>.html`` is what a student may see: of the hidden checks only how many hold,
    unless they are ``released``. ``overview.html``, ``grades.csv`` and ``canvas.csv`` are for the
    instructors; ``moodle.csv`` holds feedback that students may see, ``gradescope/<student>.json``
    is a ``results.json``. The ``roster`` is a CSV that says who is who. The same results give the
    same bytes.

    Raises ValueError if there is no result, if they are of several labs, if a student has two, or
    if the roster has no column that is known.
    """
    _must_be_one_class(results)
    results = sorted(results, key=lambda r: (r["student"].casefold(), r["student"]))
    known = read_roster(roster) if roster else Roster()
    people = [known.person(result["student"]) for result in results]
    names = {r["student"]: p.name for r, p in zip(results, people, strict=True) if p.name}
    missing = known.missing(result["student"] for result in results)
    files = {
        "overview.html": overview_page(results, names=names, missing=missing),
        "grades.csv": grades(results, people),
        "canvas.csv": canvas(results, people),
        "moodle.csv": moodle(results, people),
    }
    for result in results:
        student = result["student"]
        name = names.get(student, "")
        files[f"reports/{slug(student)}.html"] = student_page(result, released=released, name=name)
        for_gradescope = json.dumps(results_json(result, released), indent=1)
        files[f"gradescope/{slug(student)}.json"] = f"{for_gradescope}\n".encode()
    return [write_atomically(out / name, data) for name, data in files.items()]


def _must_be_one_class(results: Sequence[dict[str, Any]]) -> None:
    if not results:
        raise ValueError("results must hold at least one; there is none")
    labs = sorted({result["lab"] for result in results})
    if len(labs) > 1:
        raise ValueError(f"results must be of one lab; got {', '.join(labs)}")
    students = [result["student"] for result in results]
    twice = sorted({name for name in students if students.count(name) > 1})
    if twice:
        raise ValueError(f"results must have each student once; twice there: {', '.join(twice)}")
