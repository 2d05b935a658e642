"""Results as Gradescope reads them; `labkit.grading.report.autograder` makes what it runs.

The form is that of Gradescope's page "Autograder Specifications".
"""

from __future__ import annotations

from typing import Any

from labkit.grading.report.tally import Part, Result, Task, by_hand, held, split, state, worth
from labkit.grading.report.text import number, one_line, visible

STATUS = {"holds": "passed", "wrong": "failed", "open": "failed"}
DETAILS = ("problem", "tried", "came", "expected", "hint")


def results_json(result: Result, released: bool = False) -> dict[str, Any]:
    """Return the object that stands in ``results.json``.

    Visible checks are shown at once. The hidden ones of a task are one line that says how many
    hold, which only instructors see, unless they are ``released``: then each is there by name and
    is shown when the grades are published. The time is left out: a function can choose how long it
    takes, and so tell what it was called with.
    """
    tests: list[dict[str, Any]] = []
    for place, task in enumerate(result["tasks"], start=1):
        tests += _tests(task, place, released)
    return {
        "score": result["points"],
        "output": _about(result),
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": tests,
    }


def _about(result: Result) -> str:
    lines = [visible(message) for message in result["messages"]]
    lines += [f"Cell {n}: {visible(words)}" for n, words in result["cells"].items()]
    if by_hand(result):
        lines.append(f"{number(by_hand(result))} points are given by hand.")
    return "\n".join(lines)


def _tests(task: Task, place: int, released: bool) -> list[dict[str, Any]]:
    name = one_line(task["name"])
    if state(task) == "manual":
        return [_test(f"{name}: graded by hand", str(place), "", "visible")]
    shown, hidden = split(task)
    tests = [_check(task, part, f"{place}.{i}") for i, part in enumerate(shown, start=1)]
    if released:
        first = len(shown) + 1
        return tests + [_check(task, p, f"{place}.{i}") for i, p in enumerate(hidden, start=first)]
    if hidden:
        score = sum(worth(task, part) for part in hidden if part["state"] == "holds")
        tests.append(
            _test(f"{name}: hidden checks", f"{place}.{len(shown) + 1}", f"{held(hidden)} hold.")
            | _points(score, sum(worth(task, part) for part in hidden))
        )
    return tests


def _check(task: Task, part: Part, place: str) -> dict[str, Any]:
    """One check by its name, with what was tried and what came."""
    rows = [f"{term}: {visible(part[term])}" for term in DETAILS if part.get(term)]
    if part["state"] == "open":
        rows = ["not written yet"]
    most = worth(task, part)
    visibility = "after_published" if part["hidden"] else "visible"
    name = f"{one_line(task['name'])}: {one_line(part['says'])}"
    return (
        _test(name, place, "\n".join(rows), visibility)
        | _points(most if part["state"] == "holds" else 0, most)
        | {"status": STATUS[part["state"]]}
    )


def _test(name: str, place: str, output: str, visibility: str = "hidden") -> dict[str, Any]:
    return {
        "name": name,
        "number": place,
        "output": output,
        "output_format": "text",
        "visibility": visibility,
    }


def _points(score: float, most: float) -> dict[str, Any]:
    status = "passed" if score >= most else "failed"
    return {"score": round(score, 4), "max_score": round(most, 4), "status": status}
