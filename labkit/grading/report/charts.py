"""Two small drawings as SVG, each with a text that says the same."""

from __future__ import annotations

from labkit.grading.report.text import count, escaped, number

WIDTH = 340  # of a drawing, in units that are about a pixel on a phone
BINS = 10
HEIGHT = 110  # of the tallest column


def histogram(points: list[float], of: float) -> str:
    """Return the drawing of how many students have how many points.

    There are ten columns of equal width; all the points count into the last.
    """
    width = of / BINS or 1.0
    many = [0] * BINS
    for each in points:
        many[min(int(each / width + 1e-9), BINS - 1)] += 1
    tallest, step = max(*many, 1), WIDTH / BINS
    drawn = []
    for i, students in enumerate(many):
        height = HEIGHT * students / tallest
        x, y = i * step + 2, 16 + HEIGHT - height
        if students:
            drawn.append(_bar(x, y, step - 4, height))
            drawn.append(_text(i * step + step / 2, y - 4, str(students), "middle"))
    floor = 16 + HEIGHT
    drawn.append(f'<line class="axis" x1="0" x2="{WIDTH}" y1="{floor}" y2="{floor}"/>')
    for place, anchor in ((0.0, "start"), (0.5, "middle"), (1.0, "end")):
        drawn.append(_text(place * WIDTH, floor + 14, number(place * of), anchor))
    drawn.append(_text(WIDTH / 2, floor + 28, "points", "middle"))
    said = [
        f"{number(i * width)} to {number((i + 1) * width)} points: {count(students, 'student')}"
        for i, students in enumerate(many)
        if students
    ]
    return _drawing("spread", "Points of the class", said, floor + 34, drawn)


def bars(rows: list[tuple[str, float]]) -> str:
    """Return the drawing of one bar for each exercise, as long as the class's mean share."""
    drawn, said = [], []
    for i, (name, share) in enumerate(rows):
        y = 34 * i
        percent = f"{100 * share:.0f} %"
        shown = name if len(name) <= 40 else f"{name[:39]}…"
        drawn.append(_text(0, y + 12, shown, "start"))
        drawn.append(_text(WIDTH, y + 12, percent, "end"))
        drawn.append(f'<rect class="track" x="0" y="{y + 17}" width="{WIDTH}" height="9"/>')
        if share > 0:
            drawn.append(_bar(0, y + 17, WIDTH * share, 9))
        said.append(f"{name}: {percent}")
    return _drawing("means", "Mean share of the points", said, 34 * len(rows), drawn)


def _bar(x: float, y: float, width: float, height: float) -> str:
    return (
        f'<rect class="bar" x="{number(x)}" y="{number(y)}" width="{number(width)}" '
        f'height="{number(height)}"/>'
    )


def _text(x: float, y: float, words: str, anchor: str) -> str:
    return f'<text x="{number(x)}" y="{number(y)}" text-anchor="{anchor}">{escaped(words)}</text>'


def _drawing(name: str, title: str, said: list[str], height: float, drawn: list[str]) -> str:
    text = escaped(f"{'; '.join(said) or 'nothing to show'}.")
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" role="img" '
        f'viewBox="0 0 {WIDTH} {number(height)}" aria-labelledby="{name}-title {name}-text">\n'
        f'<title id="{name}-title">{title}</title>\n'
        f'<desc id="{name}-text">{text}</desc>\n' + "\n".join(drawn) + "\n</svg>"
    )
