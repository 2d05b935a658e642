"""What `check` says: one short report, as text and as HTML, the same in every run."""

import html
import importlib
import re
from dataclasses import dataclass

from labkit.exercises.compare import Wrong
from labkit.exercises.exercise import Check, Exercise

MARKS = {"holds": "✓", "wrong": "✗", "open": "○"}
WORDS = {"holds": "So far so good", "wrong": "Not yet", "open": "Not written yet"}


@dataclass(frozen=True)
class Outcome:
    """One check of the exercise ``name``: ``state`` is holds, wrong or open (not written)."""

    name: str
    check: Check
    state: str
    wrong: Wrong | None = None
    tried: str = ""
    printed: str = ""
    inputs: tuple[tuple, dict] = ((), {})


@dataclass(frozen=True)
class Report:
    """The outcomes of an exercise's visible checks; shows itself at the end of a cell.

    ``unfit`` says why nothing could be tried at all.
    """

    exercise: Exercise
    outcomes: tuple[Outcome, ...]
    unfit: Wrong | None = None

    @property
    def passed(self) -> int:
        """How many visible checks hold."""
        return sum(outcome.state == "holds" for outcome in self.outcomes)

    @property
    def state(self) -> str:
        """``holds`` if every visible check does, ``open`` for the stub, else ``wrong``."""
        states = {"wrong"} if self.unfit else {outcome.state for outcome in self.outcomes}
        return states.pop() if len(states) == 1 else "wrong"

    @property
    def first_wrong(self) -> Outcome | None:
        """The first check that found something."""
        return next((outcome for outcome in self.outcomes if outcome.wrong), None)

    @property
    def inputs(self) -> tuple[tuple, dict]:
        """Positional and keyword arguments of the call that is shown, to try it again."""
        return self.first_wrong.inputs if self.first_wrong else ((), {})

    def _head(self) -> str:
        return f"visible {self.passed} of {len(self.outcomes)}"

    def _closing(self) -> str:
        if self.state == "open":
            return f"To write: {self.exercise.asks}"
        if self.state == "wrong":
            return ""
        if not self.exercise.form:
            return "It holds here. Could you tell somebody why?"
        if self.exercise.graded:
            return "These are samples; more is checked after you hand in."
        return "These are samples: they can show a mistake, not that there is none."

    def __repr__(self) -> str:
        lines = [f"{MARKS[self.state]} {WORDS[self.state]}: {self.exercise.name}, {self._head()}"]
        if self.state == "wrong":
            lines += [f"  {term:10}{text}" for term, text in details(self.unfit)]
            for outcome in self.outcomes if not self.unfit else ():
                lines.append(f"  {MARKS[outcome.state]} {outcome.check.says}")
                if outcome is self.first_wrong:
                    rows = details(outcome.wrong, outcome)
                    lines += [f"      {term:10}{text}" for term, text in rows]
            look = "; ".join(text for text, _ in pointers(self.exercise))
            lines += [f"  look up: {look}"] if look else []
        return "\n".join([*lines, f"  {self._closing()}"] if self._closing() else lines)

    def _repr_html_(self) -> str:
        head = (
            f"<p><strong>{MARKS[self.state]} {WORDS[self.state]}:</strong> "
            f"<code>{html.escape(self.exercise.name)}</code>, {self._head()}</p>"
        )
        body = ""
        if self.state == "wrong":
            items = [_item(outcome, outcome is self.first_wrong) for outcome in self.outcomes]
            listed = f"<ul {LIST_STYLE}>{''.join(items)}</ul>"
            look = "; ".join(_link(*pointer) for pointer in pointers(self.exercise))
            body = (
                _table(details(self.unfit)) if self.unfit else listed
            ) + f"<p>Look up: {look}</p>"
        closing = f"<p>{html.escape(self._closing())}</p>" if self._closing() else ""
        return f'<div class="labkit-check" {BOX_STYLE}>{head}{body}{closing}</div>'


LONGEST = 300

# The page of the API reference that shows a module, where it does not bear the module's name.
API_PAGES = {
    "gradcheck": "autograd",
    **dict.fromkeys(
        ("dataloader", "metrics", "models", "optim", "schedules", "sizing"), "training"
    ),
    **dict.fromkeys(("compression", "lora"), "efficiency"),
    **dict.fromkeys(("privacy", "interpretability", "fairness"), "responsibility"),
    **dict.fromkeys(("datasets", "devices"), "data"),
    **dict.fromkeys(("generation", "tokenizers"), "text"),
}
BOX_STYLE = 'style="border-left: 4px solid currentColor; padding-left: 0.8em"'
LIST_STYLE = 'style="list-style: none; padding-left: 0"'
CELL_STYLE = 'style="text-align: left; vertical-align: top; white-space: normal"'


def details(wrong: Wrong | None, outcome: Outcome | None = None) -> list[tuple[str, str]]:
    """What was tried, what came, what was expected to hold, and a hint: (term, text) pairs."""
    if wrong is None:
        return []
    rows = [("problem", wrong.problem), ("came", wrong.came or ""), ("expected", wrong.expected)]
    if outcome:
        rows = [("tried", outcome.tried), *rows]
        if "<array" in outcome.tried or "<dict" in outcome.tried:
            rows.append(("inputs", f"check({outcome.name!r}).inputs has the values of this call"))
        if outcome.printed and "printed" not in (wrong.came or ""):
            rows.append(("printed", outcome.printed))
    rows.append(("hint", wrong.hint or (outcome.check.hint if outcome else "")))
    return [(term, _one_line(text)) for term, text in rows if text]


def _one_line(text: str) -> str:
    """The text without what differs from run to run, and no longer than a few lines."""
    text = re.sub(r"\b0x[0-9a-fA-F]{6,}", "0x…", " ".join(text.split()))
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _item(outcome: Outcome, in_full: bool) -> str:
    says = f"{MARKS[outcome.state]} {html.escape(outcome.check.says)}"
    return f"<li>{says}{_table(details(outcome.wrong, outcome)) if in_full else ''}</li>"


def _table(rows: list[tuple[str, str]]) -> str:
    return (
        "<table>"
        + "".join(
            f'<tr><th scope="row" {CELL_STYLE}>{term}</th>'
            f"<td {CELL_STYLE}>{html.escape(text)}</td></tr>"
            for term, text in rows
        )
        + "</table>"
    )


def _link(text: str, address: str) -> str:
    text = html.escape(text)
    return f'<a href="{html.escape(address)}">{text}</a>' if address else text


def pointers(exercise: Exercise) -> list[tuple[str, str]]:
    """Where to read on: (text, address) pairs; the address is empty where none is known."""
    page = f"{exercise.topic}.html"
    found = []
    if exercise.section:
        anchor = re.sub(r"[^a-z0-9]+", "-", exercise.section.lower()).strip("-")
        found.append(
            (
                f"the section “{exercise.section}” of the chapter {exercise.topic}",
                f"{page}#{anchor}",
            )
        )
    if exercise.equation:
        found.append((f"equation {exercise.equation}", f"{page}#equation-{exercise.equation}"))
    if exercise.see:
        found.append((f"help({exercise.see})", _docstring_page(exercise.see)))
    book = book_address()
    return [(text, book + address if book and address else "") for text, address in found]


def _docstring_page(name: str) -> str:
    """The page of the book that shows a name's docstring."""
    module, _, attribute = name.rpartition(".")
    home = getattr(importlib.import_module(module), attribute).__module__
    page = API_PAGES.get(home.split(".")[1], home.split(".")[1])
    return f"api/{page}.html#{home}.{attribute}"


def book_address() -> str:
    """The address of the published book, from the package's metadata; empty if not installed."""
    from importlib import metadata  # it imports threading, which the core does without

    try:
        lines = metadata.metadata("labkit-course").get_all("Project-URL") or []
    except metadata.PackageNotFoundError:
        return ""
    links = dict(line.split(", ", 1) for line in lines)
    found = re.fullmatch(r"https://github\.com/([^/]+)/([^/]+)/?", links.get("Repository", ""))
    return f"https://{found[1].lower()}.github.io/{found[2]}/" if found else ""
