"""The built book, served on this machine, and a browser to look at it."""

import pages
import pytest
from browser import chromium, serving


@pytest.fixture(scope="module")
def browser():
    with chromium() as program:
        yield program


@pytest.fixture(scope="module")
def address():
    if not (pages.HTML / "index.html").exists():
        pytest.fail("the book is not built; run: make book")
    with serving(pages.HTML) as root:
        yield root
