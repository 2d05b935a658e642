"""The built book as a reader sees it in Chromium: on a desk, on a phone, by day and by night."""

import json

import pages
import pytest
from browser import Visit, chromium, serving

HTML = pages.BOOK / "_build" / "html"
SEEN = [path.stem for path in pages.NOTEBOOKS + pages.MARKDOWN] + ["api/index", "api/ops"]
LIVE = [path.stem for path in pages.NOTEBOOKS if "ConvolutionExplorer(" in path.read_text()]


@pytest.fixture(scope="module")
def browser():
    with chromium() as program:
        yield program


@pytest.fixture(scope="module")
def address():
    if not (HTML / "index.html").exists():
        pytest.fail("the book is not built; run: make book")
    with serving(HTML) as root:
        yield root


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


@pytest.mark.parametrize("path", pages.NOTEBOOKS, ids=lambda path: path.stem)
def test_figures_lie_on_white_in_the_dark(browser, address, path):
    with Visit(browser, f"{address}/{path.stem}.html", color_scheme="dark") as visit:
        look = """[...document.querySelectorAll('.cell_output img')].map((i) => {
            const s = getComputedStyle(i); return s.backgroundColor + ' ' + s.filter })"""
        assert set(visit.page.evaluate(look)) <= {"rgb(255, 255, 255) none"}


@pytest.fixture(params=LIVE)
def live(request, browser, address):
    with Visit(browser, f"{address}/{request.param}.html") as visit:
        visit.page.wait_for_selector(".live[data-ready]")
        yield visit.page.locator(".live").first


def state(figure):
    return json.loads(figure.get_attribute("data-state"))


def test_a_figure_moves_by_the_arrow_keys(live):
    start = state(live)
    stage = live.locator(".live-stage")
    stage.focus()
    stage.press("ArrowRight")
    stage.press("ArrowDown")
    stage.press("ArrowDown")
    assert state(live) == start | {"row": 2, "column": 1}
    stage.press("Home")
    assert state(live) == start | {"row": 0, "column": 0}
    assert "row 0, column 0" in live.locator(".live-summary").inner_text().lower()


def test_the_page_does_not_scroll_under_the_arrow_keys(live):
    live.locator(".live-stage").focus()
    before = live.evaluate("() => window.scrollY")
    for _ in range(5):
        live.locator(".live-stage").press("ArrowDown")
    assert live.evaluate("() => window.scrollY") == before


def test_the_formula_fills_in_when_sliders_are_moved(live):
    before = state(live)
    presses = {"stride": "Home", "padding": "ArrowRight", "kernel_size": "ArrowRight"}
    for key, press in presses.items():
        slider = live.locator(f"input[data-key={key}]")
        slider.focus()
        slider.press(press)
    moved = {
        "stride": 1,
        "padding": before["padding"] + 1,
        "kernel_size": before["kernel_size"] + 1,
    }
    after = state(live)
    assert {key: after[key] for key in presses} == moved
    spread = after["dilation"] * (after["kernel_size"] - 1) + 1
    size = (after["size"] + 2 * after["padding"] - spread) // after["stride"] + 1
    assert f"= {size}" in " ".join(live.locator(".live-formula").inner_text().split())
    assert f"output {size} × {size}" in live.locator("figcaption").all_inner_texts()


def test_tab_reaches_every_control_and_the_focus_is_seen(live):
    reached = set()
    live.locator("input").first.focus()
    for _ in range(9):
        focused = "() => document.activeElement.dataset.key ?? document.activeElement.className"
        key = live.evaluate(focused)
        outline = live.evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
        if key and outline == "solid":
            reached.add(key)
        live.page.keyboard.press("Tab")
    sliders = {"size", "kernel_size", "stride", "padding", "dilation", "kernel"}
    assert sliders | {"live-stage"} <= reached


def test_the_mouse_moves_the_window(live):
    cells = live.locator(".live-panel").nth(2).locator(".live-cell")
    cells.nth(1).click()
    assert (state(live)["row"], state(live)["column"]) == (0, 1)
    first, last = cells.first.bounding_box(), cells.nth(3).bounding_box()
    mouse = live.page.mouse
    mouse.move(first["x"] + 8, first["y"] + 8)
    mouse.down()
    mouse.move(last["x"] + 8, last["y"] + 8, steps=6)
    mouse.up()
    assert (state(live)["row"], state(live)["column"]) == (0, 3)


def test_a_finger_moves_the_window(browser, address):
    visit = Visit(browser, f"{address}/{LIVE[0]}.html", width=390, has_touch=True, is_mobile=True)
    with visit:
        visit.page.wait_for_selector(".live[data-ready]")
        figure = visit.page.locator(".live").first
        figure.locator(".live-panel").nth(2).locator(".live-cell").nth(2).tap()
        assert (state(figure)["row"], state(figure)["column"]) == (0, 2)


def test_the_window_slides_by_itself_unless_motion_is_unwelcome(browser, address, live):
    live.get_by_role("button", name="Slide the window").click()
    live.page.wait_for_function(
        "() => JSON.parse(document.querySelector('.live').dataset.state).column"
    )
    live.get_by_role("button", name="Pause").click()
    with Visit(browser, f"{address}/{LIVE[0]}.html", reduced_motion="reduce") as visit:
        calm = visit.page.locator(".live").first
        assert calm.get_by_role("button", name="Slide the window").count() == 0
        calm.get_by_role("button", name="Next place").click()
        assert state(calm)["column"] == 1


def test_a_kernel_that_does_not_fit_is_said_to(live):
    for key, value in (("size", "2"), ("padding", "0"), ("dilation", "3")):
        live.locator(f"input[data-key={key}]").fill(value)
    assert "it fits nowhere" in live.locator(".live-arithmetic").inner_text()
    assert "output: no place" in live.locator("figcaption").all_inner_texts()


@pytest.mark.parametrize("name", LIVE)
def test_without_scripts_a_still_image_is_there(browser, address, name):
    visit = Visit(browser, f"{address}/{name}.html", width=390, java_script_enabled=False)
    with visit:
        figure = visit.page.locator(".live").first
        assert figure.locator("svg").count() == 3
        assert figure.locator("svg").first.bounding_box()["width"] > 100
        assert figure.get_by_text("Turn scripts on").is_visible()
        assert figure.locator("input").count() == 0


@pytest.mark.parametrize("name", LIVE)
def test_the_figure_lives_in_a_file_opened_without_any_server(browser, name):
    with Visit(browser, (HTML / f"{name}.html").as_uri()) as visit:
        visit.page.wait_for_selector(".live[data-ready]", timeout=10_000)


def test_a_prediction_or_a_solution_opens_by_a_click(browser, address):
    with Visit(browser, f"{address}/{LIVE[0]}.html") as visit:
        folded = visit.page.locator(".solution.dropdown").first
        output = folded.locator(".cell_output").first
        assert not output.is_visible()
        folded.locator("button, summary").first.click()
        assert output.is_visible()
