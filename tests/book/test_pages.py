"""Every page keeps its promises: its numbers are printed, its equations owned, its figures told."""

import itertools
import json
import re
import statistics
import subprocess
import sys
from pathlib import Path

import budget
import limits
import pages
import pytest

from labkit.autograd import PRIMITIVES

ROOT = pages.ROOT
EVERY_NOTEBOOK = pages.NOTEBOOKS + pages.LABS
CHAPTERS = [path for path in pages.NOTEBOOKS if path.stem in limits.CHAPTERS]


def each(paths):
    return pytest.mark.parametrize("path", paths, ids=[path.stem for path in paths])


# --- numbers ------------------------------------------------------------------------------------


def unproven(path):
    """Say where each number stands that the page neither prints nor cites."""
    shown = pages.shown_numbers(path)
    for cell in pages.markdown_cells(path):
        for paragraph in pages.paragraphs(cell.source):
            if "{cite" in paragraph:
                continue
            for number in pages.numbers(paragraph):
                if number.exact and not number.percent and number.value in limits.FREE_INTEGERS:
                    continue
                if not number.is_shown_by(shown):
                    sentence = " ".join(pages.normal(paragraph).split())
                    at = sentence.find(number.text.strip())
                    near = sentence[max(at - 60, 0) : at + 50]
                    yield f"{number.text} in cell {cell.number}: …{near}…"


@each(pages.NOTEBOOKS)
def test_numbers(path):
    found = list(unproven(path))
    assert not found, (
        f"{path.name}: {len(found)} numbers in the prose are neither printed by a cell of the page "
        "nor in a paragraph with a {cite}:\n" + "\n".join(found)
    )


@pytest.mark.parametrize(
    ("prose", "printed", "proven"),
    [
        ("it takes 864 cases", {864.0}, True),
        ("it takes 864 cases", {865.0}, False),
        ("has 101,770 parameters", {101770.0}, True),
        ("has $101{,}770$ parameters", {101770.0}, True),
        ("reaches 98.5 %", {0.985}, True),
        ("reaches 98.5 %", {98.5}, True),
        ("reaches 98.5 %", {0.9849}, True),
        ("reaches 98.5 %", {0.986}, False),
        ("reaches $98.5\\%$", {0.98512}, True),
        ("a loss of 0.35", {0.3468}, True),
        ("a loss of 0.35", {0.36}, False),
        ("to $10^{-6}$", {1e-6}, True),
        ("to $10^{-6}$", {1e-5}, False),
        ("$3 \\times 10^4$ steps", {30000.0}, True),
        ("$4 \\cdot 10^{-6}$ of it", {3.81e-6}, True),
        ("$4 \\cdot 10^{-6}$ of it", {3.4e-6}, False),
        ("2.3e-11 away", {2.34e-11}, True),
        ("2.3e-11 away", {2.4e-11}, False),
        ("falls to −17", {-17.0}, True),
        ("17 is not 17.4", {17.4}, False),
        ("a $28 \\times 28$ image", {28.0}, True),
        ("a 28×28 image", {27.0}, False),
    ],
)
def test_a_number_is_recognised_in_every_form(prose, printed, proven):
    [*found] = pages.numbers(prose)
    assert all(number.is_shown_by(printed) for number in found[:1]) is proven
    assert found


@pytest.mark.parametrize(
    "prose",
    [
        "`conv2d(x, 99)` and conv2d and float32",
        "see {eq}`eq-99-things` and [here](page-99.html)",
        "(F001-14, D-23) in source 001",
        "the 95 % interval",
        "```python\nx = 99\n```",
        ":::{note}\n:class: c99\n:::",
        "$$\nx = y\n$$ (eq-layer-99)",
        "(target-99)=",
        "https://example.org/99",
    ],
)
def test_what_is_not_a_claim_is_no_number(prose):
    assert not [n for p in pages.paragraphs(prose) for n in pages.numbers(p)]


def test_what_stands_behind_a_box_is_read():
    text = ":::{note}\n97\n:::\n\nThen 98.\n\n:::{note}\n99\n:::"
    found = [n.text for p in pages.paragraphs(text) for n in pages.numbers(p)]
    assert found == ["97", "98", "99"]


def test_comments_strings_and_alt_texts_prove_nothing():
    assert list(pages.numbers_in_code('x = 3  # 99\nprint("98")\n%pip install 97')) == [3.0]
    figure = {"data": {"text/plain": ["Figure: 99 dots"]}}
    stream = {"text": ["loss 0.25 [1.0e-03 7.]\n"]}
    assert list(pages.numbers_in_outputs([figure, stream])) == [0.25, 1e-3, 7.0]


# --- equations ----------------------------------------------------------------------------------


def test_every_equation_has_an_owner_that_the_page_links_to():
    for path in pages.NOTEBOOKS + pages.MARKDOWN:
        linked = pages.linked_functions(path)
        for label in pages.labels(path):
            owners = pages.owners().get(label, [])
            assert owners, f"{path.name}: no docstring of labkit says :eq:`{label}`"
            assert linked & set(owners), f"{path.name} does not link {label} to {owners[0]}"


def test_every_equation_is_defined_once_and_every_docstring_names_one_that_is():
    defined = [x for path in pages.NOTEBOOKS + pages.MARKDOWN for x in pages.labels(path)]
    assert sorted(set(defined)) == sorted(defined)
    missing = {x: names for x, names in pages.owners().items() if x not in defined}
    assert not missing, "\n".join(
        f"{x} of {', '.join(n)} is on no page" for x, n in missing.items()
    )


def test_a_module_that_names_equations_names_one_for_each_primitive_and_its_rule():
    owned = {name for names in pages.owners().values() for name in names}
    modules = {name.rpartition(".")[0] for name in owned}
    for primitive in PRIMITIVES.values():
        if primitive.__module__ in modules:
            for function in (primitive, primitive.vjp):
                name = f"{function.__module__}.{function.__name__}"
                assert name in owned, f"the docstring of {name} names no equation"


# --- form ---------------------------------------------------------------------------------------


@each(EVERY_NOTEBOOK + sorted((ROOT / "labs" / "release").glob("*.ipynb")))
def test_notebook_is_canonical(path):
    command = [sys.executable, ROOT / "tools" / "notebooks.py", "--check", path]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


@each(EVERY_NOTEBOOK)
def test_nothing_is_left_out_of_the_comparison(path):
    skips = re.compile(r"NBVAL_|PYTEST_VALIDATE")
    for cell in pages.code_cells(path):
        assert not skips.search(cell.source), f"cell {cell.number} hides from the comparison"
        hidden = {"nbval-ignore-output", "nbval-skip", "raises-exception"} & set(cell.tags)
        assert not hidden, f"cell {cell.number} hides from the comparison: {hidden}"


@each(pages.NOTEBOOKS)
def test_cells_are_short(path):
    for cell in pages.code_cells(path):
        count = len(cell.source.splitlines())
        assert count <= limits.CELL_LINES, f"cell {cell.number} has {count} lines"


@each(CHAPTERS)
def test_chapter_has_the_size_of_a_chapter(path):
    low, high = limits.WORDS
    assert low <= pages.words(path) <= high, f"{pages.words(path)} words; {low} to {high}"
    aside = {"exercise", "hide-input"}  # stubs are the reader's cells; folded ones only draw
    shown = [c for c in pages.code_cells(path) if not c.in_solution and not aside & set(c.tags)]
    low, high = limits.CODE_CELLS
    assert low <= len(shown) <= high, f"{len(shown)} code cells; {low} to {high}"
    lengths = [sum(bool(line.strip()) for line in cell.source.splitlines()) for cell in shown]
    assert statistics.median(lengths) <= limits.MEDIAN_LINES, f"cells are long: {sorted(lengths)}"


@each(pages.NOTEBOOKS)
def test_headings_go_down_one_step_at_a_time(path):
    text = "\n\n".join(pages.FENCED_CODE.sub("", c.source) for c in pages.markdown_cells(path))
    depths = [len(marks) for marks in re.findall(r"^(#+) ", text, re.M)]
    assert depths[:1] == [1]
    assert depths.count(1) == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(depths)), depths


@each(pages.NOTEBOOKS)
def test_setup_comes_first(path):
    first = next(cell for cell in pages.cells(path) if cell.kind == "code")
    assert first.source.startswith(pages.SETUP)
    assert first.tags == ["remove-cell"]


@each(pages.NOTEBOOKS)
def test_every_exercise_has_an_executed_solution(path):
    text = "\n".join(cell.source for cell in pages.markdown_cells(path))
    exercises = re.findall(r"\{exercise\}.*?:label: +([\w-]+)", text, re.S)
    assert sorted(re.findall(r"\{solution-start\} +([\w-]+)", text)) == sorted(exercises)
    assert text.count("{solution-end}") == len(exercises)


def test_every_page_is_in_the_table_of_contents():
    listed = set(re.findall(r"(?:file|root): (\S+)", (pages.BOOK / "_toc.yml").read_text()))
    there = {p.stem for p in pages.NOTEBOOKS + pages.MARKDOWN}
    there |= {f"api/{path.stem}" for path in (pages.BOOK / "api").glob("*.md")}
    assert listed == there


# --- figures ------------------------------------------------------------------------------------


@each(EVERY_NOTEBOOK)
def test_every_picture_says_what_it_shows(path):
    for cell in pages.cells(path):
        for output in cell.outputs:
            for mime in output.get("data", {}):
                if mime.startswith("image/"):
                    alt = output["metadata"].get(mime, {}).get("alt", "")
                    told = len(alt.split()) >= limits.ALT_WORDS
                    assert told, f"cell {cell.number}: a picture with alt text {alt!r}"
        for alt in re.findall(r"!\[([^]]*)\]\(", cell.source if cell.kind == "markdown" else ""):
            assert len(alt.split()) >= limits.ALT_WORDS, f"cell {cell.number}: alt text {alt!r}"


# --- budget -------------------------------------------------------------------------------------


@each(EVERY_NOTEBOOK)
def test_the_budget_of_the_page_is_recorded_and_kept(path):
    name = path.relative_to(ROOT).as_posix()
    record = json.loads((pages.BOOK / "budget.json").read_text())["pages"].get(name)
    assert record, f"run: python tools/budget.py {name}"
    assert record["code"] == budget.code_hash(path), f"stale; run: python tools/budget.py {name}"
    assert record["seconds"] <= limits.SECONDS
    assert record["peak_mib"] <= limits.PEAK_MIB


def test_no_budget_is_kept_for_a_page_that_is_gone():
    record = json.loads((pages.BOOK / "budget.json").read_text())
    assert set(record["pages"]) <= {p.relative_to(ROOT).as_posix() for p in EVERY_NOTEBOOK}


def test_a_change_of_code_makes_the_budget_stale(tmp_path):
    page = {"cells": [{"cell_type": "code", "source": ["x = 1"]}]}
    path = Path(tmp_path, "page.ipynb")
    path.write_text(json.dumps(page))
    before = budget.code_hash(path)
    page["cells"].append({"cell_type": "markdown", "source": ["words"]})
    path.write_text(json.dumps(page))
    assert budget.code_hash(path) == before
    page["cells"][0]["source"] = ["x = 2"]
    path.write_text(json.dumps(page))
    assert budget.code_hash(path) != before


# --- order ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("page", "after"), list(itertools.pairwise(limits.CHAPTERS)))
def test_neighbours_name_each_other(page, after):
    for one, other in ((page, after), (after, page)):
        text = "\n".join(cell.source for cell in pages.markdown_cells(pages.BOOK / f"{one}.ipynb"))
        assert f"]({other}.ipynb" in text, f"{one} does not lead to {other}"
