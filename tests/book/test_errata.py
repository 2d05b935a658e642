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
}
ROW = re.compile(
    r"^\| (?P<ids>[A-Z]\S*-\d+(?:, \S+)*) \| (?P<says>.+) \| (?P<holds>.+) \| (?P<where>.+) \|$",
    re.M,
)
LINK = re.compile(r"\[[^]]+\]\((?P<page>[\w/]+)\.ipynb#(?P<anchor>[\w-]+)\)")


def rows():
    """(ids, verdict, page, anchor) of each row of the errata."""
    for row in ROW.finditer(ERRATA.read_text(encoding="utf-8")):
        link = LINK.search(row["where"])
        verdict = re.match(r"\*\*([\w ]+)\.\*\*", row["holds"])
        yield row["ids"].split(", "), verdict and verdict[1], link["page"], link["anchor"]


def anchors(page):
    """The headings of a page as its addresses spell them."""
    text = "\n\n".join(cell.source for cell in pages.markdown_cells(pages.BOOK / f"{page}.ipynb"))
    for heading in re.findall(r"^#+ (.+)$", text, re.M):
        yield re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


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
        assert anchor in set(anchors(page)), f"{ids}: {page} has no section {anchor}"
