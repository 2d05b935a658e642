"""Every graded exercise through the grader: processes, pipe, hidden inputs, result, page.

A hand-in holds wrong answers to several exercises, none of which needs another of them; all other
answers are right, and must keep their points unless they stand on a wrong one.
"""

import html
import json
from functools import cache
from itertools import zip_longest
from pathlib import Path

import pytest
from exercises.answers import is_solution, mutated, right_answer, wrong_answers

from labkit.exercises import exercises
from labkit.grading.grade import Job, grade
from labkit.grading.lab import sources_of
from labkit.grading.report.student import student_page
from labkit.grading.sandbox import BACKENDS
from labkit.grading.testcells import names_used

ROOT = Path(__file__).resolve().parents[2]
LABS = sorted(path.stem for path in (ROOT / "labs/source").glob("*.ipynb"))
EXERCISES = exercises()
WALLS = "bwrap" if BACKENDS["bwrap"].verdict().works else "trusted"


def names_of(lab):
    return [one.name for one in EXERCISES.values() if one.graded and one.topic == lab]


@cache
def answers_of(lab):
    """For each exercise the right answer and, by what is wrong with them, the wrong ones."""
    listed = wrong_answers(lab)
    found = {}
    for name in names_of(lab):
        right, _ = right_answer(EXERCISES[name])
        found[name] = (right, {what: mutated(right, how) for what, how in listed[name].items()})
    return found


def needs(name, answers):
    """The lab's exercises that an answer uses, those included that these use."""
    right, wrong = answers[name]
    used = {other for text in (right, *wrong.values()) for other in names_used(text)}
    used &= set(answers) - {name}
    return used.union(*(needs(other, answers) for other in used))


def hand_ins(lab):
    """What is wrong in each hand-in: exercise by exercise, one of its wrong answers."""
    answers = answers_of(lab)
    levels = {}
    for name in answers:
        levels.setdefault(len(needs(name, answers)), []).append(name)
    for names in levels.values():
        for row in zip_longest(*(answers[name][1] for name in names)):
            yield {name: what for name, what in zip(names, row, strict=True) if what}


CASES = [(lab, number, wrong) for lab in LABS for number, wrong in enumerate(hand_ins(lab))]


def notebook_with(lab, wrong):
    """The lab's solution with wrong answers in the place of some."""
    notebook = json.loads((ROOT / f"labs/source/{lab}.ipynb").read_text("utf-8"))
    for cell in notebook["cells"]:
        if is_solution(cell["metadata"]):
            name = cell["metadata"]["nbgrader"]["grade_id"]
            if name in wrong:
                cell["source"] = answers_of(lab)[name][1][wrong[name]]
    return notebook


def graded(lab, notebook):
    data = json.dumps(notebook).encode()
    lab = sources_of(ROOT / f"labs/source/{lab}.ipynb")
    return json.loads(grade(Job("ada", data, lab, 20, WALLS).pack()))


@pytest.mark.parametrize(
    ("lab", "number", "wrong"), CASES, ids=[f"{lab}-{number}" for lab, number, _ in CASES]
)
def test_no_wrong_answer_survives_and_no_other_answer_suffers(lab, number, wrong, record_property):
    result = graded(lab, notebook_with(lab, wrong))
    assert (result["messages"], result["cells"]) == ([], {})
    page = html.unescape(student_page(result).decode())
    for task in result["tasks"]:
        name, parts = task["name"], task["parts"]
        seen = [part for part in parts if not part["hidden"]]
        marks = [str(i + 1) for i, part in enumerate(seen) if part["state"] != "holds"]
        unseen = [part for part in parts if part["hidden"]]
        hidden = [f"h{i + 1}" for i, part in enumerate(unseen) if part["state"] != "holds"]
        if name not in wrong:
            if needs(name, answers_of(lab)) & set(wrong):
                continue  # right, on wrong ground
            lost = [part for part in parts if part["state"] != "holds"]
            assert (lost, task["points"]) == ([], task["of"]), f"{name} loses by {wrong}"
            continue
        record_property("matrix", f"{name}|{' '.join(marks + hidden) or 'SURVIVES'}")
        assert marks, f"{name}: {wrong[name]} passes its visible checks"
        assert task["points"] < task["of"]
        for mark in marks:
            assert seen[int(mark) - 1]["says"] in page


@pytest.mark.parametrize("lab", LABS)
def test_the_solution_has_every_point_and_the_bare_copy_none(lab):
    full = graded(lab, notebook_with(lab, {}))
    assert full["points"] == full["of"] == sum(EXERCISES[name].points for name in names_of(lab))
    bare = graded(lab, json.loads((ROOT / f"labs/release/{lab}.ipynb").read_text("utf-8")))
    assert (bare["points"], bare["of"]) == (0, full["of"])
    states = {(part["hidden"], part["state"]) for task in bare["tasks"] for part in task["parts"]}
    assert states <= {(False, "open"), (True, "open"), (True, "wrong")}
