"""Tables of points for a gradebook, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence

from labkit.grading.report.roster import Person
from labkit.grading.report.tally import Result, by_hand, held, split, state
from labkit.grading.report.text import number, one_line

ROOM = 4_000  # letters of a cell; shown by number they are 32,000, and Excel holds 32,767
MARK = "\ufeff"  # by which Excel knows UTF-8
FORMULA = (*"=+-@", *"＝＋－＠", "\t", "\r")  # some spreadsheets read wide signs, too
#: Where a comma is the sign of decimals, a spreadsheet takes a semicolon for the end of a cell.
NEXT_CELL = re.compile(r"(;[\s\"']*)(?=[=+\-@＝＋－＠])")

Row = Sequence[str | float]


def safe(cell: str | float) -> str:
    """Return a cell that a spreadsheet does not take for a formula; numbers stay numbers.

    >>> safe("=1+1"), safe(-2.5), safe("Ada"), safe("Ada;=1+1")
    ("'=1+1", '-2.5', 'Ada', "Ada;'=1+1")
    """
    if not isinstance(cell, str):
        return number(cell)
    text = NEXT_CELL.sub(r"\1'", one_line(cell, ROOM))
    return f"'{text}" if cell.startswith(FORMULA) or text.startswith(FORMULA) else text


def table(rows: Sequence[Row]) -> bytes:
    """Return the rows as CSV: commas, quotes where they are needed, UTF-8."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerows([safe(cell) for cell in row] for row in rows)
    return (MARK + out.getvalue()).encode()


def grades(results: Sequence[Result], people: Sequence[Person]) -> bytes:
    """Return the plain table: the hand-in, who it is, the points of each task, the seconds.

    A task that is graded by hand has an empty cell.
    """
    tasks = list(dict.fromkeys(task["name"] for result in results for task in result["tasks"]))
    rows: list[Row] = [
        ("hand-in", "name", "id", "email", "lab", "points", "of", *tasks, "seconds", "messages")
    ]
    for result, person in zip(results, people, strict=True):
        done = {t["name"]: t["points"] for t in result["tasks"] if state(t) != "manual"}
        rows.append(
            (
                *(result["student"], person.name, person.id, person.email, result["lab"]),
                *(result["points"], result["of"], *(done.get(name, "") for name in tasks)),
                *(result["seconds"], "; ".join(result["messages"])),
            )
        )
    return table(rows)


def canvas(results: Sequence[Result], people: Sequence[Person], assignment: str = "") -> bytes:
    """Return the table that Canvas's gradebook imports.

    ``assignment`` is the heading of the column, such as ``convolution (1234)`` with Canvas's number
    of an assignment that is there; without one Canvas asks where the points belong.
    """
    column = assignment or results[0]["lab"]
    rows: list[Row] = [
        ("Student", "ID", "SIS Login ID", "Section", column),
        ("Points Possible", "", "", "", max(result["of"] for result in results)),
    ]
    for result, person in zip(results, people, strict=True):
        name = person.name.replace("Points Possible", "Points-Possible")  # this row is no student's
        rows.append((name, person.id, person.login, person.section, result["points"]))
    return table(rows)


def moodle(results: Sequence[Result], people: Sequence[Person]) -> bytes:
    """Return the table that Moodle's gradebook imports; map the identifier or the email, not both.

    The feedback says of the hidden checks only how many hold.
    """
    rows: list[Row] = [
        (
            "Identifier",
            "Full name",
            "Email address",
            "ID number",
            "Grade",
            "Maximum grade",
            FEEDBACK,
        )
    ]
    for result, person in zip(results, people, strict=True):
        known = (person.identifier, person.name, person.email, person.id)
        rows.append((*known, result["points"], result["of"], feedback(result)))
    return table(rows)


FEEDBACK = "Feedback comments"


def feedback(result: Result) -> str:
    """Return a result in a line that a student may read."""
    said = []
    for task in result["tasks"]:
        if state(task) == "manual":
            said.append(f"{task['name']}: graded by hand")
            continue
        kinds = zip(("visible", "hidden"), split(task), strict=True)
        checks = ", ".join(f"{kind} checks {held(parts)}" for kind, parts in kinds if parts)
        said.append(f"{task['name']}: {number(task['points'])} of {number(task['of'])} ({checks})")
    if by_hand(result):
        said.append(f"{number(by_hand(result))} points are still to be given by hand")
    return "; ".join([*said, *result["messages"]])
