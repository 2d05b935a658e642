"""The page that a student gets: what holds, what does not, and where to read on."""

from __future__ import annotations

from labkit.exercises import exercises
from labkit.exercises.report import pointers
from labkit.grading.report.names import slug
from labkit.grading.report.page import bullets, key, link, mark, page, person
from labkit.grading.report.tally import Part, Result, Task, by_hand, held, split, state
from labkit.grading.report.text import breakable, escaped, number, one_line

DETAILS = ("problem", "tried", "came", "expected", "hint")


def student_page(result: Result, *, released: bool = False, name: str = "") -> bytes:
    """Return the page of one result.

    Of the hidden checks it says only how many hold, unless they are ``released``. ``name`` is what
    the student is called in the roster, where that is not the name of the hand-in.
    """
    name = name or result["student"]
    lab = escaped(one_line(result["lab"]))
    parts = [
        f"<h1>Lab {lab}: {person(name)}</h1>",
        f'<p class="points">{number(result["points"])} of {number(result["of"])} points</p>',
        _hand(result),
        _messages(result),
        _overview(result),
        *(_task(task, released) for task in result["tasks"]),
        _footer(),
    ]
    return page(f"{one_line(result['lab'])}: {one_line(name)}", "\n".join(filter(None, parts)))


def _hand(result: Result) -> str:
    points = by_hand(result)
    if not points:
        return ""
    return f"<p>{number(points)} of them are given by hand and are not in this sum.</p>"


def _messages(result: Result) -> str:
    """What was noticed in the file, and the cells that stopped."""
    said = [escaped(message) for message in result["messages"]]
    said += [f"Cell {escaped(n)}: <code>{escaped(w)}</code>" for n, w in result["cells"].items()]
    if not said:
        return ""
    return f"<h2>What your notebook did</h2>\n{bullets(said)}"


def _overview(result: Result) -> str:
    rows = []
    for task in result["tasks"]:
        visible, hidden = split(task)
        manual = state(task) == "manual"
        cells = ("by hand", "") if manual else (held(visible), held(hidden))
        points = "–" if manual else number(task["points"])
        rows.append(
            f'<tr><th scope="row">{mark(state(task))}&nbsp;{breakable(task["name"])}</th>'
            f'<td class="number">{points} of {number(task["of"])}</td>'
            + "".join(f"<td>{cell or '–'}</td>" for cell in cells)
            + "</tr>"
        )
    heads = ("Exercise", "Points", "Visible checks", "Hidden checks")
    head = "".join(
        f'<th scope="col"{" class=number" if name == "Points" else ""}>{name}</th>'
        for name in heads
    )
    return (
        '<h2>Points</h2>\n<div class="scroll" tabindex="0" role="region" aria-label="Points">'
        f"<table><thead><tr>{head}</tr></thead>\n<tbody>\n" + "\n".join(rows) + "\n</tbody></table>"
        f"</div>\n{key()}"
    )


def _task(task: Task, released: bool) -> str:
    """One exercise: what was asked, the checks, and where to read on."""
    name, now = task["name"], state(task)
    head = f'<h2 id="{slug(name)}">{mark(now)} {breakable(name)}</h2>'
    if now == "manual":
        return f"{head}\n<p>Graded by hand: up to {number(task['of'])} points.</p>"
    exercise = exercises().get(name)
    visible, hidden = split(task)
    lines = [head, f"<p>{number(task['points'])} of {number(task['of'])} points."]
    lines[-1] += f" Asked: {escaped(exercise.asks)}</p>" if exercise else "</p>"
    if visible:
        lines.append(_checks(visible))
    if hidden and released:
        lines += [f"<p>Hidden checks, {held(hidden)} hold:</p>", _checks(hidden)]
    elif hidden:
        lines.append(f"<p>{_hidden(hidden)}</p>")
    if exercise and now != "holds":
        look = "; ".join(link(*pointer) for pointer in pointers(exercise))
        lines.append(f"<p>Look up: {look}</p>" if look else "")
    return "\n".join(filter(None, lines))


def _hidden(parts: list[Part]) -> str:
    checks = "hidden check holds" if len(parts) == 1 else "hidden checks hold"
    return f"{held(parts)} {checks}."


def _checks(parts: list[Part]) -> str:
    items, before = [], ""
    for part in parts:
        rows = "".join(
            f"<dt>{term}</dt><dd>{_value(term, part[term])}</dd>"
            for term in DETAILS
            if part.get(term)
        )
        rows = rows if part["state"] == "wrong" else ""
        listed = f"<dl>{rows}</dl>" if rows and rows != before else ""
        more = " (not written yet)" if part["state"] == "open" else ""
        more = more or (" (for the same reason)" if rows and rows == before else "")
        before = rows
        says = f"{mark(part['state'])}<span>{escaped(part['says'])}{more}</span>"
        items.append(f'<li class="check">{says}{listed}</li>')
    return "\n".join(['<ul class="checks">', *items, "</ul>"])


def _value(term: str, text: str) -> str:
    """Code as code, sentences as sentences."""
    shown = escaped(text)
    return f"<code>{shown}</code>" if term in ("tried", "came", "expected") else shown


def _footer() -> str:
    return (
        "<footer><p>Hidden checks try your functions on inputs that the notebook does not show. "
        "Where an exercise has both kinds, the visible checks give half of its points and the "
        "hidden ones the other half.</p></footer>"
    )
