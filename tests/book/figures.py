"""What each live figure does when it is touched, and what every one of them must do."""

import json
from dataclasses import dataclass

VERTICAL = ("ArrowUp", "ArrowDown")


@dataclass
class Acts:
    """The keys of the state that change: by arrow keys across, up and down, and by a press.

    arrows: all four, in an order that leads away from the start and back to it. press: the part to
    press, as Playwright finds it.
    """

    across: str
    up: str
    arrows: str
    press: str
    pressed: set


ACTS = {
    "convolution_explorer": Acts(
        "column",
        "row",
        "Right Down Left Up",
        ".live-panel >> nth=2 >> .live-cell >> nth=2",
        {"column"},
    ),
    "optimizer_paths": Acts("x", "y", "Right Down Left Up", "[data-plane]", {"x", "y"}),
    "schedule_explorer": Acts("step", "step", "Right Down Left Up", "[data-plane=log]", {"step"}),
    "softmax_temperature": Acts(
        "logits", "selected", "Right Left Down Up", "[data-plane='1']", {"logits", "selected"}
    ),
    "attention_map": Acts("query", "query", "Left Up Right Down", "[data-set] >> nth=2", {"query"}),
    "backprop_graph": Acts(
        "step", "w1", "Left Up Right Down", ".live-box[data-set]:visible >> nth=2", {"knob"}
    ),
    "receptive_field": Acts(
        "unit", "layer", "Right Down Left Up", "tr[data-set] >> nth=2", {"layer"}
    ),
}


def state(figure):
    """The state that a figure on a page is in."""
    return json.loads(figure.get_attribute("data-state"))


def changed(before, after):
    return {key for key in before if before[key] != after[key]}


def name_of(figure):
    return figure.get_attribute("data-live")


def check_arrows(figure):
    """Each arrow key changes what it should, and says so; the page stays where it is."""
    acts, start = ACTS[name_of(figure)], state(figure)
    stage, spoken = figure.locator(".live-stage"), figure.locator(".live-summary")
    stage.focus()
    at = figure.evaluate("() => window.scrollY")
    for key in (f"Arrow{way}" for way in acts.arrows.split()):
        before, said = state(figure), spoken.text_content()
        stage.press(key)
        expected = acts.up if key in VERTICAL else acts.across
        assert changed(before, state(figure)) == {expected}, f"{name_of(figure)}: {key}"
        assert spoken.text_content() != said, f"{name_of(figure)}: {key} is not told"
    assert state(figure) == start, f"{name_of(figure)}: the arrows do not undo each other"
    for key in ("Home", "End"):
        stage.press(key)
    assert figure.evaluate("() => window.scrollY") == at, f"{name_of(figure)}: the page scrolled"
    assert figure.evaluate("() => document.activeElement.className") == "live-stage"


def check_controls(figure):
    """Every control that is there answers to a key, and is told what it stands at."""
    for control in figure.locator("[data-key]").all():
        if not control.is_visible():
            continue
        before, key = state(figure), control.get_attribute("data-key")
        control.focus()
        kind = control.evaluate("(c) => c.type")
        if kind == "range":
            least = control.evaluate("(c) => c.value === c.min")
            control.press("ArrowRight" if least else "ArrowLeft")
            assert control.get_attribute("aria-valuetext"), f"{name_of(figure)}: {key} is not told"
        elif kind == "checkbox":
            control.press("Space")
        else:
            last = control.evaluate("(c) => c.selectedIndex === c.length - 1")
            control.press("ArrowUp" if last else "ArrowDown")
        assert changed(before, state(figure)), f"{name_of(figure)}: {key} changes nothing"


def check_focus(figure):
    """Tab reaches every control, button and the stage, and each shows that it has the focus."""
    there = (
        "[...el.querySelectorAll('[data-key], button, .live-stage')].filter((e) => e.offsetParent)"
    )
    count = figure.evaluate(f"(el) => {there}.length")
    figure.evaluate(f"(el) => {there}[0].focus({{ focusVisible: true }})")
    for i in range(count):
        seen = figure.evaluate(
            f"(el) => {there}[{i}] === document.activeElement"
            " && getComputedStyle(document.activeElement).outlineStyle === 'solid'"
        )
        assert seen, f"{name_of(figure)}: Tab, pressed {i} times, does not show the next control"
        figure.page.keyboard.press("Tab")
    assert not figure.evaluate("(el) => el.contains(document.activeElement)"), "Tab cannot leave"


def check_press(figure, press):
    """A press on a part changes what it should; ``press`` clicks or taps."""
    acts, before = ACTS[name_of(figure)], state(figure)
    press(figure.locator(acts.press))
    assert changed(before, state(figure)) == acts.pressed, f"{name_of(figure)}: {acts.press}"


def check_play(figure):
    """The first button sets the figure going, and stops it."""
    button = figure.locator("button").first
    if not button.count():
        return
    before, play = state(figure), button.inner_text()
    button.click()
    assert button.inner_text() == "Pause"
    for _ in range(2):
        figure.page.wait_for_function(
            "([el, before]) => el.dataset.state !== before",
            arg=[figure.element_handle(), figure.get_attribute("data-state")],
        )
    button.click()
    assert button.inner_text() == play
    assert changed(before, state(figure)), name_of(figure)
    assert figure.locator(".live-summary").text_content()


WHOLE = """(el) => {
  const shown = (part) => part.getClientRects().length && !part.closest('.live-summary');
  const parts = (kind) => [...el.querySelectorAll(kind)].filter(shown);
  const within = (part, whole) => {
    const [inner, outer] = [part.getBoundingClientRect(), whole.getBoundingClientRect()];
    return inner.left > outer.left - 1 && inner.right < outer.right + 1;
  };
  const letters = parts('svg text').filter((text) => text.textContent.trim());
  const size = (text) => {
    const { a, b } = text.getScreenCTM();
    return parseFloat(getComputedStyle(text).fontSize) * Math.hypot(a, b);
  };
  const out = [
    ...parts('svg, table, p, label').filter((part) => !within(part, el)),
    ...letters.filter((text) => !within(text, text.ownerSVGElement)),
  ];
  return { out: out.map((part) => part.outerHTML.slice(0, 90)),
           smallest: Math.min(...letters.map(size)) };
}"""
CONTRAST = """(el) => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 1, height: 1 });
  const context = canvas.getContext('2d');
  const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const light = (name) => {
    context.fillStyle = getComputedStyle(el).getPropertyValue(`--live-${name}`);
    context.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...context.getImageData(0, 0, 1, 1).data].map((v) => linear(v / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
  };
  const paper = light('paper');
  return ['ink', 'muted', 'window', 'result'].map(light)
    .map((x) => Math.max(x, paper) / Math.min(x, paper));
}"""


def check_whole(figure):
    """Nothing sticks out, the smallest letters can be read, and colours stand off the paper."""
    seen = figure.evaluate(WHOLE)
    assert not seen["out"], f"{name_of(figure)}: {seen['out']}"
    assert seen["smallest"] >= 9, f"{name_of(figure)}: letters of {seen['smallest']:.1f} pixels"
    assert min(figure.evaluate(CONTRAST)) >= 4.5, name_of(figure)
