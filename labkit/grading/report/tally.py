"""What a result says in numbers: of one task, of one student, and of the class."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from labkit.grading.grade import SHARE

Result = dict[str, Any]
Task = dict[str, Any]
Part = dict[str, Any]

MARKS = {"holds": "✓", "wrong": "✗", "open": "○", "manual": "✎"}
WORDS = {"holds": "holds", "wrong": "not yet", "open": "not written", "manual": "by hand"}


def state(task: Task) -> str:
    """Return holds if every part does, open for the stub, manual if it is graded by hand.

    >>> state({"parts": [{"state": "holds"}, {"state": "open"}]})
    'wrong'
    """
    states = {part["state"] for part in task["parts"]}
    return states.pop() if len(states) == 1 else "wrong"


def split(task: Task) -> tuple[list[Part], list[Part]]:
    """Return the visible parts and the hidden ones."""
    visible = [part for part in task["parts"] if not part["hidden"]]
    return visible, [part for part in task["parts"] if part["hidden"]]


def held(parts: list[Part]) -> str:
    """Return how many of the parts hold, in words.

    >>> held([{"state": "holds"}, {"state": "wrong"}])
    '1 of 2'
    """
    return f"{sum(part['state'] == 'holds' for part in parts)} of {len(parts)}" if parts else ""


def worth(task: Task, part: Part) -> float:
    """Return the points that one part of a task can give.

    >>> parts = [{"hidden": False}, {"hidden": True}, {"hidden": True}]
    >>> [worth({"of": 4, "parts": parts}, part) for part in parts]
    [2.0, 1.0, 1.0]
    """
    visible, hidden = split(task)
    peers = hidden if part["hidden"] else visible
    share = (SHARE if part["hidden"] else 1 - SHARE) if visible and hidden else 1.0
    return task["of"] * share / len(peers)


def by_hand(result: Result) -> float:
    """Return the points that somebody still has to give by hand."""
    return sum(task["of"] for task in result["tasks"] if state(task) == "manual")


@dataclass(frozen=True)
class Statistics:
    """How the class did at one task; the shares are parts of one.

    ``problem`` is the sentence that most students got, ``check`` what fails most often, each with
    the number of students; they are empty where nothing went wrong.
    """

    name: str
    of: float
    students: int
    mean: float
    full: float
    zero: float
    problem: tuple[str, int]
    check: tuple[str, int]

    @property
    def share(self) -> float:
        """The mean as a part of the points."""
        return self.mean / self.of if self.of else 0.0


def statistics(results: Iterable[Result]) -> list[Statistics]:
    """Return the statistics of every task that is not graded by hand, in the order of the lab."""
    tasks: dict[str, list[Task]] = {}
    for result in results:
        for task in result["tasks"]:
            if state(task) != "manual":
                tasks.setdefault(task["name"], []).append(task)
    return [_of(name, those) for name, those in tasks.items()]


def _of(name: str, tasks: list[Task]) -> Statistics:
    points = [task["points"] for task in tasks]
    return Statistics(
        name,
        max(task["of"] for task in tasks),
        len(tasks),
        sum(points) / len(points),
        sum(task["points"] >= task["of"] for task in tasks) / len(tasks),
        sum(task["points"] <= 0 for task in tasks) / len(tasks),
        _most_frequent(_problems(task) for task in tasks),
        _most_frequent(_failing(task) for task in tasks),
    )


def _problems(task: Task) -> dict[str, str]:
    """The problems of one student, under what is left without numbers and quoted texts."""
    found: dict[str, str] = {}
    for part in task["parts"]:
        words = "not written yet" if part["state"] == "open" else part.get("problem", "")
        if words:
            found.setdefault(re.sub(r"\d+(\.\d+)?|'[^']*'", "#", words), words)
    return found


def _failing(task: Task) -> dict[str, str]:
    says = [
        f"{part['says']} ({'hidden' if part['hidden'] else 'visible'})"
        for part in task["parts"]
        if part["state"] in ("wrong", "open")
    ]
    return dict(zip(says, says, strict=True))


def _most_frequent(found: Iterable[dict[str, str]]) -> tuple[str, int]:
    """The text that most students have, as the first of them has it; each student counts once."""
    many: Counter[str] = Counter()
    first: dict[str, str] = {}
    for texts in found:
        for key, words in texts.items():
            many[key] += 1
            first.setdefault(key, words)
    if not many:
        return "", 0
    key, number = many.most_common(1)[0]
    return first[key], number
