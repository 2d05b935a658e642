"""A term of the glossary leads to the pages that explain it, and those say it."""

import re

import pages
import pytest

GLOSSARY = (pages.BOOK / "glossary.md").read_text(encoding="utf-8")
ENTRY = re.compile(r"^(?P<term>\S.*?) \((?P<chinese>.+)\)\n  (?P<says>.+)$", re.M)
LINK = re.compile(r"\[\]\((\w+\.(?:ipynb|md))\)")
ENTRIES = {entry["term"]: entry["says"] for entry in ENTRY.finditer(GLOSSARY)}


def key(term):
    return re.sub(r"[^a-z0-9 ]", "", re.sub("[-–]", " ", term.lower()))


def said(name, text):
    """Whether each word of the name begins a word of the text; its last letters may differ."""
    words = re.findall(r"[^\W_]+", text.lower())
    stems = [part[: max(4, len(part) - 4)] for part in re.findall(r"[^\W_]+", name.lower())]
    return all(any(word.startswith(stem) for word in words) for stem in stems)


@pytest.mark.parametrize("term", ENTRIES)
def test_the_pages_of_a_term_say_it(term):
    links = LINK.findall(ENTRIES[term])
    assert links, "no page explains it"
    for link in links:
        text = "\n".join(cell.source for cell in pages.markdown_cells(pages.BOOK / link))
        text = pages.FENCED_CODE.sub("", text)
        names = re.split(r", | and ", term)
        assert any(said(name, text) for name in names), f"{link} does not say {term}"


def test_every_entry_is_read_and_they_stand_in_order():
    _, body = GLOSSARY.split(":::{glossary}\n")
    assert body.count("\n\n") + 1 == len(ENTRIES)
    assert list(ENTRIES) == sorted(ENTRIES, key=key)
