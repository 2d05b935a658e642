"""Every public name of labkit is in the API reference of the book, on one page."""

import importlib
import re
from collections import Counter
from pathlib import Path

import pytest
from test_architecture import MODULES, RANKS
from witnesses import public_names

PAGES = Path(__file__).resolve().parents[1] / "book" / "api"
TEXT = "\n".join(page.read_text(encoding="utf-8") for page in sorted(PAGES.glob("*.md")))
LISTED = Counter(re.findall(r"^\.\. automodule:: (\S+)\n   :members:$", TEXT, re.MULTILINE))
CONSTANTS = re.findall(r"^\.\. autodata:: (\S+)$", TEXT, re.MULTILINE)
PROGRAMS = {"labkit.cli", "labkit.devices.__main__"}  # what they do, the command says
FRAMEWORKS = {"labkit.frameworks.torch_models", "labkit.frameworks.keras_models"}
PUBLIC = sorted(({m for m in RANKS if m.count(".")} | FRAMEWORKS) - PROGRAMS)


def test_a_module_is_listed_once_and_exists():
    assert set(LISTED) <= set(MODULES)
    assert set(LISTED.values()) == {1}


def test_every_page_is_in_the_table_of_pages():
    pages = {page.name for page in PAGES.glob("*.md")} - {"index.md"}
    assert set(re.findall(r"\((\w+\.md)\)", (PAGES / "index.md").read_text())) == pages


@pytest.mark.parametrize("module", PUBLIC)
def test_every_public_name_is_in_the_reference(module):
    """By the module that offers or defines it; a constant by a comment that Sphinx reads."""
    if module in FRAMEWORKS:
        pytest.importorskip("torch")
        pytest.importorskip("keras")
    imported = importlib.import_module(module)
    for name in public_names(module):
        home = getattr(getattr(imported, name), "__module__", None)
        assert {module, home} & set(LISTED) if home else is_described(module, name), name


def is_described(module, name):
    """Whether the constant is named in a page, or described in a listed module of the package."""
    sources = [
        MODULES[m].read_text(encoding="utf-8") for m in LISTED if f"{m}.".startswith(f"{module}.")
    ]
    named = any(c.startswith(f"{module}.") and c.endswith(f".{name}") for c in CONSTANTS)
    return named or any(re.search(rf"^#: .*\n{name}\b", s, re.MULTILINE) for s in sources)
