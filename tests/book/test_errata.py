"""Each formula and claim of the sources in a chapter's topic is judged, and the page shows why."""

import re

import pages
import pytest

ERRATA = pages.BOOK / "errata.md"
VERDICTS = ("Right", "Corrected", "Not reproducible")
# What the five articles hold on each topic, by the ids of our audit of them.
IDS = {
    "backpropagation": (
        "F000-3 F000-4 F001-1 F001-2 F001-3 F001-4 F002-1 F002-2 F002-3 F002-4 F002-5 F002-6 "
        "F002-7 F002-8 F003-1 F003-2 F003-4 F003-5 F003-6 F003-7 F004-6"
    ),
    "optimizers": "E-28 F003-10 F003-11 F003-12 F003-13 F003-14 F003-15",
    "initialization": "F004-2 F004-3 F004-4",
    "regularization": "E-24 E-26 E-27 E-38",
    "convolution": "F000-1 F000-2 F000-5 F004-1 F004-5 D-02",
    "recurrent": (
        "F004-7 F004-8 C002-1 C002-2 C002-3 C002-4 C002-5 C002-6 C002-7 C002-8 C002-9 C002-10 "
        "C002-11 C002-12 D-10 D-11"
    ),
    "attention": "F004-9",
    "transformers": "F004-10 F004-11",
    "languagemodels": "D-01 D-05 D-20 E-23 E-25 E-49",
    "listings": (
        "C000-1 C000-2 C000-3 C000-5 C000-6 C000-7 C000-8 C001-1 C001-2 C001-3 C001-5 C001-6 "
        "C001-8 C001-9 C003-1 C003-2 C003-3 C003-4 C003-7 C003-8 C003-9 C003-10 C004-1 C004-2 "
        "C004-3 C004-4 C004-5 C004-6 C004-7 C004-8 C004-9 C004-10 C004-11 C004-12 D-01 D-03 D-04 "
        "D-18 D-19 D-21 E-18 E-26 E-31 E-32 E-33 E-35 E-36"
    ),
}
# How many findings the audit numbers: by article of formulas and programs, in all of the rest.
AUDIT = {
    "F000": 6,
    "F001": 8,
    "F002": 8,
    "F003": 15,
    "F004": 11,
    "C000": 8,
    "C001": 9,
    "C002": 12,
    "C003": 10,
    "C004": 12,
}
AUDIT_OF_ALL = {"D": 25, "E": 56}
ROW = re.compile(
    r"^\| (?P<ids>[A-Z]\S*-\d+(?:, \S+)*) \| (?P<says>.+) \| (?P<holds>.+) \| (?P<where>.+) \|$",
    re.M,
)
ELSEWHERE = re.compile(r"^- (?P<ids>[A-Z]\S*-\d+(?:, [A-Z]\S*-\d+)*): (?P<reason>.+)$", re.M)
NAMED = re.compile(r"\b(?:[CF]\d{3}|[DE])-\d+\b")
LINK = re.compile(r"\[[^]]+\]\((?P<page>[\w/]+)\.ipynb#(?P<anchor>[\w-]+)\)")


def rows():
    """(ids, verdict, page, anchor) of each row of the errata."""
    for row in ROW.finditer(ERRATA.read_text(encoding="utf-8")):
        link = LINK.search(row["where"])
        verdict = re.match(r"\*\*([\w ]+)\.\*\*", row["holds"])
        yield row["ids"].split(", "), verdict and verdict[1], link["page"], link["anchor"]


def sections(page):
    """The text of each section of a page, by its heading as an address spells it."""
    cells = pages.markdown_cells(pages.BOOK / f"{page}.ipynb")
    text = "\n\n".join(pages.FENCED_CODE.sub("", cell.source) for cell in cells)
    _, *found = re.split(r"^#+ (.+)$", text, flags=re.M)
    names = (re.sub(r"[^\w -]", "", name.lower()).replace(" ", "-") for name in found[::2])
    return dict(zip(names, found[1::2], strict=True))


def named(text):
    """The ids that a text names, those between "C002-1 to C002-7" too."""
    found = set(NAMED.findall(text))
    for part, first, last in re.findall(r"\b([A-Z]\d*)-(\d+) to \1-(\d+)", text):
        found |= {f"{part}-{i}" for i in range(int(first), int(last) + 1)}
    return found


@pytest.mark.parametrize("topic", IDS)
def test_every_id_of_a_topic_is_judged_and_shown_there(topic):
    shown = {i for ids, _, page, _ in rows() if page == topic for i in ids}
    assert not set(IDS[topic].split()) - shown


def test_every_row_has_a_verdict_and_leads_to_a_section_that_is_there():
    found = list(rows())
    table_lines = [x for x in ERRATA.read_text("utf-8").splitlines() if re.match(r"\| [A-Z]", x)]
    assert len(found) == len(table_lines)
    for ids, verdict, page, anchor in found:
        assert verdict in VERDICTS, ids
        assert anchor in sections(page), f"{ids}: {page} has no section {anchor}"


def test_every_row_leads_to_a_section_that_names_its_ids():
    for ids, _, page, anchor in rows():
        missing = set(ids) - named(sections(page)[anchor])
        assert not missing, f"{page}, {anchor}, does not name {missing}"


@pytest.mark.parametrize("path", pages.NOTEBOOKS, ids=[path.stem for path in pages.NOTEBOOKS])
def test_a_page_that_names_an_id_leads_to_its_row_and_to_where_it_is_shown(path):
    text = "\n\n".join(cell.source for cell in pages.markdown_cells(path))
    shown = {i: page for ids, _, page, _ in rows() for i in ids}
    here = {i for ids, _, page, _ in rows() if page == path.stem for i in ids}
    assert "](errata.md#" in text or not named(text)
    for i in named(text) - here:
        assert f"]({shown[i]}.ipynb" in text, f"{i} is shown in {shown[i]}, which has no link"


def test_every_id_of_the_audit_is_judged_or_said_to_be_left_out():
    numbered = {f"{part}-{i}" for part, count in AUDIT.items() for i in range(1, count + 1)}
    for part, count in AUDIT_OF_ALL.items():
        numbered |= {f"{part}-{i:02}" for i in range(1, count + 1)}
    judged = {i for ids, *_ in rows() for i in ids}
    left_out = [
        i
        for line in ELSEWHERE.finditer(ERRATA.read_text(encoding="utf-8"))
        for i in line["ids"].split(", ")
    ]
    assert len(left_out) == len(set(left_out))
    assert judged | set(left_out) == numbered
    assert not judged & set(left_out), "judged after all: take it out of the list below"
    formulas_and_programs = {i for i in numbered if i[0] in "FC"}
    assert not formulas_and_programs & set(left_out), "every formula and program is judged"
