"""Every live figure of every page in Chromium: mouse, finger and keyboard, and without scripts."""

import re
from contextlib import contextmanager

import figures
import pages
import pytest
from browser import Visit

LIVE = pages.live_figures()
each_page = pytest.mark.parametrize("name", LIVE)


@contextmanager
def opened(browser, address, name, **options):
    """A page whose figures are alive, and its figures."""
    with Visit(browser, f"{address}/{name}.html", **options) as visit:
        found = visit.page.locator("[data-live]")
        visit.page.wait_for_function(
            "() => [...document.querySelectorAll('[data-live]')].every((f) => f.dataset.ready)"
        )
        assert [figures.name_of(figure) for figure in found.all()] == LIVE[name]
        yield visit, found.all()
        assert visit.errors == []


def test_the_table_knows_every_figure_and_the_reference_shows_it():
    assert set(figures.ACTS) == set(LIVE["api/figures"])
    assert set().union(*LIVE.values()) == set(figures.ACTS)


@each_page
def test_every_figure_answers_the_keyboard(browser, address, name):
    with opened(browser, address, name) as (_, found):
        for figure in found:
            figures.check_arrows(figure)
            figures.check_focus(figure)
            figures.check_controls(figure)


@each_page
def test_every_figure_answers_the_mouse_and_plays(browser, address, name):
    with opened(browser, address, name, color_scheme="dark") as (_, found):
        for figure in found:
            figures.check_whole(figure)
            figures.check_press(figure, lambda part: part.click())
            figures.check_play(figure)


@each_page
def test_every_figure_answers_a_finger(browser, address, name):
    phone = {"width": 390, "has_touch": True, "is_mobile": True}
    with opened(browser, address, name, **phone) as (_, found):
        for figure in found:
            figures.check_whole(figure)
            figures.check_press(figure, lambda part: part.tap())


@each_page
def test_nothing_moves_by_itself_where_motion_is_unwelcome(browser, address, name):
    with opened(browser, address, name, reduced_motion="reduce") as (_, found):
        for figure in found:
            assert figure.get_by_role("button", name=re.compile("Play|Slide")).count() == 0
            for button in figure.locator("button").all():  # one step
                before = figures.state(figure)
                button.click()
                assert figures.changed(before, figures.state(figure)), figures.name_of(figure)


@each_page
def test_without_scripts_a_still_image_is_there(browser, address, name):
    options = {"width": 390, "java_script_enabled": False, "color_scheme": "dark"}
    with Visit(browser, f"{address}/{name}.html", **options) as visit:
        for figure in visit.page.locator("[data-live]").all():
            drawings = [d.bounding_box() for d in figure.locator("figure svg:visible").all()]
            assert len(drawings) >= 1
            assert all(box["width"] > 100 and box["x"] + box["width"] <= 390 for box in drawings)
            assert figure.get_by_text("Turn scripts on").is_visible()
            assert figure.locator("input, [data-set], [data-plane], [data-grip]").count() == 0


@each_page
def test_the_figures_live_in_a_file_opened_without_any_server(browser, name):
    with opened(browser, pages.HTML.as_uri(), name):
        pass


# --- what only some of them do --------------------------------------------------------------------


def test_the_formula_fills_in_when_sliders_are_moved(browser, address):
    with opened(browser, address, "convolution") as (_, [live, *_]):
        before = figures.state(live)
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
        after = figures.state(live)
        assert {key: after[key] for key in presses} == moved
        spread = after["dilation"] * (after["kernel_size"] - 1) + 1
        size = (after["size"] + 2 * after["padding"] - spread) // after["stride"] + 1
        assert f"= {size}" in " ".join(live.locator(".live-formula").inner_text().split())
        assert f"output {size} × {size}" in live.locator("figcaption").all_inner_texts()


def test_a_kernel_that_does_not_fit_is_said_to(browser, address):
    with opened(browser, address, "convolution") as (_, [live, *_]):
        for key, value in (("size", "2"), ("padding", "0"), ("dilation", "3")):
            live.locator(f"input[data-key={key}]").fill(value)
        assert "it fits nowhere" in live.locator(".live-arithmetic").inner_text()
        assert "output: no place" in live.locator("figcaption").all_inner_texts()


def middle(part, across=0, down=0):
    box = part.bounding_box()
    return box["x"] + box["width"] / 2 + across, box["y"] + box["height"] / 2 + down


def test_a_drag_goes_on_over_the_border_and_ends_when_the_button_is_let_go(browser, address):
    with opened(browser, address, "api/figures") as (visit, found):
        live = found[LIVE["api/figures"].index("optimizer_paths")]
        land, mouse = live.locator("[data-plane]"), visit.page.mouse
        land.scroll_into_view_if_needed()
        mouse.move(*middle(land))
        mouse.down()
        assert (figures.state(live)["x"], figures.state(live)["y"]) == (0, 0)
        mouse.move(*middle(land, 2000, 2000), steps=4)
        mouse.up()
        mouse.move(*middle(land))
        assert (figures.state(live)["x"], figures.state(live)["y"]) == (3, -2.25)


def swipe(visit, start, end):
    """One finger, from one point of the window to another."""
    devtools = visit.context.new_cdp_session(visit.page)

    def touch(kind, *points):
        touches = [{"x": x, "y": y} for x, y in points]
        devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})
        visit.page.wait_for_timeout(20)

    touch("touchStart", start)
    for i in range(1, 11):
        touch("touchMove", [a + (b - a) * i / 10 for a, b in zip(start, end, strict=True)])
    touch("touchEnd")


def test_a_finger_that_scrolls_the_page_changes_nothing(browser, address):
    phone = {"width": 390, "has_touch": True, "is_mobile": True}
    with opened(browser, address, "api/figures", **phone) as (visit, found):
        for live in found:
            drawing = live.locator("figure svg:visible").first
            drawing.scroll_into_view_if_needed()
            before, top = figures.state(live), visit.page.evaluate("window.scrollY")
            swipe(visit, middle(drawing), middle(drawing, 4, -150))
            visit.page.wait_for_function("(top) => window.scrollY > top + 50", arg=top)
            assert figures.state(live) == before, figures.name_of(live)


def test_a_finger_carries_the_handle_and_the_page_stays(browser, address):
    phone = {"width": 390, "has_touch": True, "is_mobile": True}
    with opened(browser, address, "api/figures", **phone) as (visit, found):
        live = found[LIVE["api/figures"].index("optimizer_paths")]
        handle = live.locator("[data-grip] circle").last
        handle.scroll_into_view_if_needed()
        before, top = figures.state(live), visit.page.evaluate("window.scrollY")
        swipe(visit, middle(handle), middle(handle, 30, 90))
        after = figures.state(live)
        assert after["x"] > before["x"]
        assert after["y"] < before["y"] - 1
        assert visit.page.evaluate("window.scrollY") == top
