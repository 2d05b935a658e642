"""Read the pages of the book the way a reader does: prose, equations, code, what it printed."""

import ast
import functools
import html
import io
import json
import re
import tokenize
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BOOK = ROOT / "book"
HTML = BOOK / "_build" / "html"
SETUP = "# Setup. Written by tools/address.py"

NOTEBOOKS = sorted(BOOK.glob("*.ipynb"))
LABS = sorted((ROOT / "labs" / "source").glob("*.ipynb"))
MARKDOWN = sorted(BOOK.glob("*.md"))


@dataclass
class Cell:
    """One cell: its number in the notebook, its text, and whether it belongs to a solution."""

    number: int
    kind: str
    source: str
    tags: list = field(default_factory=list)
    outputs: list = field(default_factory=list)
    in_solution: bool = False


def joined(text):
    return "".join(text) if isinstance(text, list) else text


@functools.cache
def cells(path):
    """The cells of a notebook; a Markdown page is one cell."""
    if path.suffix == ".md":
        return [Cell(0, "markdown", path.read_text(encoding="utf-8"))]
    result, inside = [], False
    for number, raw in enumerate(json.loads(path.read_text(encoding="utf-8"))["cells"]):
        source = joined(raw["source"])
        if "{solution-start}" in source:
            inside = True
        tags = raw["metadata"].get("tags", [])
        cell = Cell(number, raw["cell_type"], source, tags, raw.get("outputs", []), inside)
        if "{solution-end}" in source:
            inside = False
        result.append(cell)
    return result


def markdown_cells(path):
    return [cell for cell in cells(path) if cell.kind == "markdown"]


def code_cells(path):
    """The code cells that the reader sees: all but the setup."""
    return [c for c in cells(path) if c.kind == "code" and not c.source.startswith(SETUP)]


# --- live figures -------------------------------------------------------------------------------

LIVE = re.compile(r'data-live="(\w+)"|^```\{anywidget\} \S*?(\w+)\.js', re.M)


def live_figures():
    """For each page with live figures, by its address in the book, their names in order."""
    found = {}
    for path in [*NOTEBOOKS, *sorted(BOOK.rglob("*.md"))]:
        if "_build" in path.parts or "node_modules" in path.parts:
            continue
        names = LIVE.findall("\n".join(texts(path)))
        if names:
            found[path.relative_to(BOOK).with_suffix("").as_posix()] = [a or b for a, b in names]
    return found


def texts(path):
    """What a page says and what its cells put out as HTML."""
    for cell in cells(path):
        if cell.kind == "markdown":
            yield cell.source
        for output in cell.outputs:
            yield joined(output.get("data", {}).get("text/html", ""))


# --- prose --------------------------------------------------------------------------------------

NOT_PROSE = (
    r"code|code-block|code-cell|anywidget|bibliography|eval-rst|literalinclude|figure|toctree"
)
FENCED_CODE = re.compile(
    rf"^ *(?P<f>`{{3,}}|:{{3,}})(?:(?<=`)\w*|\{{(?:{NOT_PROSE})\}}[^\n]*)\n.*?^ *(?P=f) *$",
    re.M | re.S,
)
CITATION = re.compile(r"\{cite[\w:]*\}`[^`]*`")
DISPLAY = re.compile(r"\$\$(.*?)\$\$(?:[ \t]*\([\w-]+\))?", re.S)


def paragraphs(source):
    """The paragraphs of a Markdown text without its code, its addresses and its markup.

    Formulas and {cite} roles stay in.
    """
    text = re.sub(r"<!--.*?-->", "", source, flags=re.S)
    text = FENCED_CODE.sub("", text)
    text = re.sub(r"^ *[`:]{3,}(\{[\w:-]+\})?", "", text, flags=re.M)  # a box's fence and name
    text = re.sub(r"^ *:[\w-]+:.*$", "", text, flags=re.M)  # its options
    text = re.sub(r"^\([\w-]+\)= *$", "", text, flags=re.M)  # link targets
    text = re.sub(r"\$\$[ \t]*\([\w-]+\)", "$$", text)  # labels of equations
    text = re.sub(r"\{(?!cite)[\w:]+\}`[^`]*`", "", text)  # roles other than citations and math
    text = re.sub(r"(?<!\})(`+)(?!`).*?(?<!`)\1(?!`)", "", text)  # code
    text = re.sub(r"\]\([^)]*\)", "]", text)  # where links go
    text = re.sub(r"https?://\S+", "", text)
    return [p for p in re.split(r"\n\s*\n", text) if p.strip()]


def words(path):
    """The number of words of prose: no code, formulas, citations, ids of errata, solutions."""
    text = "\n\n".join(
        paragraph
        for cell in markdown_cells(path)
        if not cell.in_solution
        for paragraph in paragraphs(cell.source)
    )
    text = DISPLAY.sub(" ", CITATION.sub("", IDS.sub("", text)))
    text = re.sub(r"\$[^$]*\$", " x ", text)
    return len(re.findall(r"[^\W\d_][\w'’-]*", text))


# --- numbers ------------------------------------------------------------------------------------

IDS = re.compile(r"\b[A-Z]{1,2}\d{3}-\d+\b|\b[A-Z]-\d+\b|\bsources? 0\d\d\b")
CONVENTION = re.compile(r"\b95 ?\\?% (?=(\w+ )?(confidence|interval))")
NUMBER = re.compile(
    r"(?<![\w.])(?P<digits>\d+(?:\.\d+)?)(?P<power>e[+-]?\d+)?(?P<percent>[ \u00a0\u202f~]?\\?%)?"
    r"(?!\w)(?!\.\d)"
)


@dataclass(frozen=True)
class Number:
    """A number as a reader sees it: its text, its value, and the size of its last digit."""

    text: str
    value: float
    unit: float
    exact: bool  # a whole number or a power of ten: nothing may be rounded to it
    percent: bool = False

    def is_shown_by(self, shown):
        """Whether one of the numbers shown is this one, or rounds to it."""
        if self.percent:
            as_share = Number(self.text, self.value / 100, self.unit / 100, exact=False)
            plain = Number(self.text, self.value, self.unit, self.exact)
            return as_share.is_shown_by(shown) or plain.is_shown_by(shown)
        room = 1e-12 * self.value + (0 if self.exact else self.unit / 2 * (1 + 1e-9))
        return any(abs(abs(other) - self.value) <= room for other in shown)


def normal(text):
    """The text with one way to write a number."""
    text = text.replace("{,}", "").replace("\u2212", "-").replace("\\%", "%")
    text = re.sub(r"(?<=\d)(?:,|\\,|\u202f|\u2009)(?=\d{3}(?!\d))", "", text)
    times = r"(?:\\times|\\cdot|×|·|⋅)"
    text = re.sub(r"10\^(\d)(?!\d)", r"10^{\1}", text)
    text = re.sub(rf"(\d) *{times} *10\^\{{(-?\d+)\}}", r"\1e\2", text)
    return re.sub(r"(?<![\d.])10\^\{(-?\d+)\}", r"1e\1", text)


def numbers(text):
    """The numbers of a piece of prose, those that need no proof left out."""
    text = CONVENTION.sub("", IDS.sub("", normal(text)))
    for match in NUMBER.finditer(text):
        digits, power = match["digits"], match["power"] or ""
        decimals = len(digits.partition(".")[2])
        unit = float(f"1e{int(power[1:] or 0) - decimals}")
        exact = not decimals and (not power or digits == "1")
        yield Number(match[0], float(digits + power), unit, exact, bool(match["percent"]))


PRINTED = re.compile(r"(?<![\w.])\d[\d_]*\.?\d*(?:e[+-]?\d+)?", re.I)


def numbers_in_code(source):
    """The number literals of a piece of code; comments and strings do not count."""
    source = re.sub(r"^\s*[%!].*$", "", source, flags=re.M)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.NUMBER:
            yield float(abs(ast.literal_eval(token.string)))


def numbers_in_outputs(outputs):
    """The numbers that a cell printed; a figure prints none, its plain form is its alt text."""
    for output in outputs:
        data = output.get("data", {})
        texts = [output.get("text", ""), data.get("text/plain", "")]
        if "text/html" in data and "data-live" not in joined(data["text/html"]):
            texts.append(html.unescape(re.sub(r"<[^>]+>", " ", joined(data["text/html"]))))
        for text in map(joined, texts):
            if not text.startswith("Figure: "):
                yield from (float(found) for found in PRINTED.findall(normal(text)))


@functools.cache
def shown_numbers(path):
    """Every number that a page prints or computes with."""
    shown = set()
    for cell in code_cells(path):
        shown.update(numbers_in_code(cell.source), numbers_in_outputs(cell.outputs))
    return frozenset(shown)


# --- equations ----------------------------------------------------------------------------------

LABEL = re.compile(r"\$\$[ \t]*\(([\w-]+)\)|^ *:label: +(eq-[\w-]+)", re.M)
REFERENCE = re.compile(r":eq:`([\w-]+)`")


def labels(path):
    """The labels of the equations that a page defines."""
    return [a or b for cell in markdown_cells(path) for a, b in LABEL.findall(cell.source)]


@functools.cache
def owners():
    """For each label, the full names of the labkit functions whose docstrings name it."""
    found = {}
    for path in sorted((ROOT / "labkit").rglob("*.py")):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for name, node in definitions(ast.parse(path.read_text(encoding="utf-8")), module):
            for label in REFERENCE.findall(ast.get_docstring(node) or ""):
                found.setdefault(label, []).append(name)
    return found


def definitions(node, prefix):
    """Every function and class of a module with its full name, methods too."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.ClassDef):
            yield f"{prefix}.{child.name}", child
            yield from definitions(child, f"{prefix}.{child.name}")


def linked_functions(path):
    """The full names of the functions that a page links to."""
    role = re.compile(r"\{py:(?:func|class|meth|obj)\}`(?:[^`<]*<)?[~!]?([\w.]+)>?`")
    return {name for cell in markdown_cells(path) for name in role.findall(cell.source)}
