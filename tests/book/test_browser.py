"""The built book as a reader sees it in Chromium: on a desk, on a phone, by day and by night."""

import pages
import pytest
from browser import Visit

SEEN = [path.stem for path in pages.NOTEBOOKS + pages.MARKDOWN]
SEEN += ["api/index", "api/ops", "api/figures"]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", SEEN)
def test_page_is_whole(browser, address, name, width, theme):
    with Visit(browser, f"{address}/{name}.html", width=width, color_scheme=theme) as visit:
        page = visit.page
        assert visit.external == []
        assert visit.failed == []
        assert visit.errors == []
        assert page.evaluate("document.documentElement.dataset.theme") == theme
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate("[...document.images].every((i) => !i.complete || i.naturalWidth > 0)")
        fonts = "[...document.fonts].filter((f) => f.status === 'error').length"
        assert page.evaluate(fonts) == 0
        idle = "[...document.querySelectorAll('[data-live]')].filter((f) => !f.dataset.ready)"
        assert page.evaluate(f"{idle}.length") == 0


# For each numbered formula its rightmost visible part and the left end of its number; for each
# short formula with punctuation behind it, where the two end and begin.
NUMBERS = """[...document.querySelectorAll('div.math .eqno')].map((number) => {
    const box = number.parentElement.querySelector('.katex-html').getBoundingClientRect();
    return [box.right, number.getBoundingClientRect().left] })"""
MARKS = """[...document.querySelectorAll('.together')].map((kept) => {
    const range = document.createRange(); range.selectNodeContents(kept.lastChild);
    const bases = kept.querySelectorAll('.base');
    return [bases[bases.length - 1].getBoundingClientRect().right,
            range.getBoundingClientRect().left] })"""


@pytest.mark.parametrize("path", pages.NOTEBOOKS, ids=lambda path: path.stem)
def test_on_a_phone_no_formula_lies_under_its_number_or_loses_its_comma(browser, address, path):
    with Visit(browser, f"{address}/{path.stem}.html", width=390) as visit:
        numbers, marks = visit.page.evaluate(f"[{NUMBERS}, {MARKS}]")
        assert marks or "$, " not in path.read_text("utf-8")
        assert [pair for pair in numbers if pair[0] > pair[1] + 1] == []
        assert [pair for pair in marks if pair[1] < pair[0] - 3] == []


@pytest.mark.parametrize("path", pages.NOTEBOOKS, ids=lambda path: path.stem)
def test_figures_lie_on_white_in_the_dark(browser, address, path):
    with Visit(browser, f"{address}/{path.stem}.html", color_scheme="dark") as visit:
        look = """[...document.querySelectorAll('.cell_output img')].map((i) => {
            const s = getComputedStyle(i); return s.backgroundColor + ' ' + s.filter })"""
        assert set(visit.page.evaluate(look)) <= {"rgb(255, 255, 255) none"}


def test_a_prediction_or_a_solution_opens_by_a_click(browser, address):
    with Visit(browser, f"{address}/convolution.html") as visit:
        folded = visit.page.locator(".solution.dropdown").first
        output = folded.locator(".cell_output").first
        assert not output.is_visible()
        folded.locator("button, summary").first.click()
        assert output.is_visible()
