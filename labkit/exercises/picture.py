"""Small arrays as pictures that need numpy alone: squares in a notebook, letters in a terminal."""

import html

import numpy as np

SHADES = " .:-=+*#"


class Picture:
    """A two-dimensional array drawn as a grid: the larger a number, the larger its square.

    Negative numbers are hollow squares, and in text the letters o and O; so nothing is said by
    colour alone. ``alt`` says in a sentence what is to be seen.

    Raises ValueError if the array has not two axes or ``alt`` is empty.

    >>> Picture(np.array([[0.0, 0.5], [1.0, -1.0]]), alt="A step.")
    A step.
      ==
    ##OO
    """

    def __init__(self, array: np.ndarray, *, alt: str) -> None:
        array = np.asarray(array, dtype=np.float64)
        if array.ndim != 2 or array.size == 0:
            raise ValueError(f"array must have two axes and a number; got shape {array.shape}")
        if not alt:
            raise ValueError("alt must say in a sentence what the picture shows")
        largest = np.abs(array).max()
        self.levels = array / largest if largest > 0 else array  # -1 to 1
        self.alt = alt

    def __repr__(self) -> str:
        rows = ("".join(map(_letter, row)).rstrip() for row in self.levels)
        return "\n".join([self.alt, *rows])

    def _repr_html_(self) -> str:
        height, width = self.levels.shape
        squares = "".join(
            _square(row, column, level)
            for (row, column), level in np.ndenumerate(self.levels)
            if abs(level) > 0.02
        )
        return (
            f'<svg role="img" aria-label="{html.escape(self.alt)}" viewBox="0 0 {width} {height}" '
            f'width="{9 * width}" height="{9 * height}" style="max-width: 100%; background: white">'
            f"<title>{html.escape(self.alt)}</title>{squares}</svg>"
        )


def _letter(level: float) -> str:
    if level < -0.02:
        return "OO" if level < -0.5 else "oo"
    return 2 * SHADES[min(int(level * len(SHADES)), len(SHADES) - 1)] if level > 0 else "  "


def _square(row: int, column: int, level: float) -> str:
    side = 0.3 + 0.6 * abs(level)
    x, y = column + (1 - side) / 2, row + (1 - side) / 2
    fill = "#0072B2" if level > 0 else "none"
    edge = "" if level > 0 else ' stroke="#D55E00" stroke-width="0.2"'
    box = f'x="{x:.2f}" y="{y:.2f}" width="{side:.2f}" height="{side:.2f}"'
    return f'<rect {box} fill="{fill}"{edge}/>'
