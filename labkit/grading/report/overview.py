"""The page of the class, for its instructors: points, exercises, and what went wrong where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from labkit.grading.report.charts import bars, histogram
from labkit.grading.report.names import slug
from labkit.grading.report.page import bullets, key, link, mark, page, person
from labkit.grading.report.tally import Result, Statistics, by_hand, state, statistics
from labkit.grading.report.text import breakable, count, escaped, number, one_line


def overview_page(
    results: Sequence[Result],
    *,
    names: Mapping[str, str] | None = None,
    missing: Sequence[str] = (),
) -> bytes:
    """Return the page of a class; it shows what is hidden from the students.

    ``names`` says what a student is called, ``missing`` who handed in nothing.
    """
    found = statistics(results)
    lab = one_line(results[0]["lab"])
    body = [
        f"<h1>Lab {escaped(lab)}: the class</h1>",
        "<p><strong>For instructors.</strong> This page names the hidden checks.</p>",
        _summary(results),
        _points(results),
        _exercises(found),
        _students(results, names or {}),
        _messages(results, names or {}),
        _missing(missing),
        _footer(results),
    ]
    return page(f"{lab}: the class", "\n".join(filter(None, body)))


def _summary(results: Sequence[Result]) -> str:
    points = sorted(result["points"] for result in results)
    half = len(points) // 2
    median = points[half] if len(points) % 2 else (points[half - 1] + points[half]) / 2
    of = max(result["of"] for result in results)
    manual = max(by_hand(result) for result in results)
    left = f" {number(manual)} of them are given by hand and are in no number here."
    return (
        f'<p class="points">{count(len(results), "student")}, mean '
        f"{number(sum(points) / len(points))}, median {number(median)} of {number(of)} points</p>"
        + (f"<p>{left.strip()}</p>" if manual else "")
    )


def _points(results: Sequence[Result]) -> str:
    of = max(result["of"] - by_hand(result) for result in results)
    drawing = histogram([result["points"] for result in results], of)
    return (
        f"<h2>Points</h2>\n<figure>{drawing}\n<figcaption>How many students have how many "
        "points.</figcaption></figure>"
    )


def _exercises(found: list[Statistics]) -> str:
    if not found:
        return ""
    heads = ("Exercise", "Mean", "All points", "No points", "Most frequent problem", "Fails most")
    rows = []
    for one in found:
        numbers = (
            f"{number(one.mean)} of {number(one.of)}",
            _percent(one.full),
            _percent(one.zero),
        )
        cells = [("number", text) for text in numbers]
        cells += [("words", _words(one.problem)), ("words", _words(one.check))]
        # On a phone the heads are not there, and each cell says its own.
        told = zip(heads[1:], cells, strict=True)
        row = (f'<td class="{kind}" data-label="{head}">{text}</td>' for head, (kind, text) in told)
        rows.append(f'<tr><th scope="row">{breakable(one.name)}</th>{"".join(row)}</tr>')
    drawing = bars([(one_line(one.name), one.share) for one in found])
    table = _table("Exercises", "exercises", heads, rows, (1, 2, 3))
    return (
        f"<h2>Exercises</h2>\n<figure>{drawing}\n<figcaption>The mean share of the points of each "
        f"exercise.</figcaption></figure>\n{table}"
    )


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _words(found: tuple[str, int]) -> str:
    words, many = found
    return (
        f'{escaped(words)} <span class="quiet">({count(many, "student")})</span>' if many else "–"
    )


def _students(results: Sequence[Result], names: Mapping[str, str]) -> str:
    tasks = list(dict.fromkeys(task["name"] for result in results for task in result["tasks"]))
    rows = []
    for result in results:
        student = result["student"]
        done = {task["name"]: task for task in result["tasks"]}
        cells = [
            f"<td>{mark(state(done[name]))} {number(done[name]['points'])}</td>"
            if name in done and state(done[name]) != "manual"
            else f"<td>{mark('manual') if name in done else '–'}</td>"
            for name in tasks
        ]
        shown = person(names.get(student) or student)
        rows.append(
            f'<tr><th scope="row"><a href="reports/{slug(student)}.html">{shown}</a></th>'
            f'<td class="number">{number(result["points"])} of {number(result["of"])}</td>'
            + "".join(cells)
            + "</tr>"
        )
    heads = ("Student", "Points", *map(breakable, tasks))
    return f"<h2>Students</h2>\n{_table('Students', 'class', heads, rows, (1,))}\n{key()}"


def _table(
    name: str, kind: str, heads: Sequence[str], rows: list[str], numbers: Sequence[int]
) -> str:
    """A table that scrolls sideways where it is too wide."""
    head = "".join(
        f'<th scope="col"{" class=number" if i in numbers else ""}>{text}</th>'
        for i, text in enumerate(heads)
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{name}">'
        f"<table class={kind}><thead><tr>{head}</tr></thead>\n<tbody>\n"
        + "\n".join(rows)
        + "\n</tbody></table></div>"
    )


def _messages(results: Sequence[Result], names: Mapping[str, str]) -> str:
    """The hand-ins of which something was noticed."""
    items = []
    for result in results:
        said = [escaped(message) for message in result["messages"]]
        said += [f"cell {escaped(n)}: {escaped(one_line(w))}" for n, w in result["cells"].items()]
        if said:
            name = names.get(result["student"]) or result["student"]
            items.append(f"{person(name)}\n{bullets(said, most=5)}")
    listed = bullets(items, most=len(items)) if items else "<p>Nothing was noticed.</p>"
    return f"<h2>Notes on the hand-ins</h2>\n{listed}"


def _missing(missing: Sequence[str]) -> str:
    if not missing:
        return ""
    listed = bullets([person(name) for name in missing], most=len(missing))
    return f"<h2>In the roster, but handed in nothing</h2>\n{listed}"


def _footer(results: Sequence[Result]) -> str:
    seconds = sum(result["seconds"] for result in results)
    slowest = max(results, key=lambda result: result["seconds"])
    tables = ", ".join(link(name, name) for name in ("grades.csv", "canvas.csv", "moodle.csv"))
    return (
        f"<footer><p>Grading took {number(seconds)} s over all notebooks, "
        f"{number(slowest['seconds'])} s for the slowest. Tables: {tables}.</p></footer>"
    )
