"""Figures: told in words, the same bytes each time, never by colour alone."""

import base64
import itertools

import numpy as np
import pytest

from labkit import plotting
from labkit.ops import conv_output_size

pytest.importorskip("matplotlib", reason="matplotlib comes with: pip install -e .[plot]")

ALT = "Two lines over three epochs, the second below the first everywhere."
FIGURES = {
    "grids": lambda: plotting.grids([np.eye(3), -np.eye(2)], ["a", "b"], highlight={0: [(0, 1)]}),
    "images": lambda: plotting.images([np.zeros((4, 4)), np.ones((4, 4))], ["dark", "light"]),
    "curves": lambda: plotting.curves({"a": [3, 2, 1], "b": [[2, 1, 1], [3, 2, 1]]}, ylabel="loss"),
    "confusion": lambda: plotting.confusion([[5, 0], [2, 3]], ["cat", "dog"]),
    "estimates": lambda: plotting.estimates(
        {"ours": (0.9, 0.8, 0.95), "claim": (0.99, None, None)}
    ),
    "accuracies": lambda: plotting.accuracies({"ours": (90, 100), "theirs": (50, 100)}),
    "graph": lambda: plotting.graph({"x": "x", "y": ("y = 2x", "1")}, [("x", "y", "× 2")]),
    "boundaries": lambda: plotting.boundaries(
        {"right of the axis": lambda at: at[:, 0]}, np.array([[1.0, 2.0], [-2.0, 0.5]]), [1, -1]
    ),
    "paths": lambda: plotting.paths(
        {"bowl": (lambda at: (at**2).sum(axis=-1), {"a walk": np.array([[2.0, -1.0], [1.0, 0.0]])})}
    ),
}


@pytest.fixture
def displayed(monkeypatch):
    display = pytest.importorskip("IPython.display", reason="pip install -e .[notebook]")
    shown = []
    monkeypatch.setattr(display, "display", lambda *args, **kwargs: shown.append((args, kwargs)))
    return shown


def test_a_figure_carries_its_alt_text(displayed):
    plotting.show(FIGURES["curves"](), alt=ALT)
    [((data,), options)] = displayed
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert options["metadata"]["image/png"]["alt"] == ALT
    assert data["text/plain"] == f"Figure: {ALT}"


def test_a_figure_without_words_is_not_shown(displayed):
    with pytest.raises(ValueError, match="alt must say what the figure shows in 8 words or more"):
        plotting.show(FIGURES["curves"](), alt="Loss curves")
    assert displayed == []


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_the_same_bytes_each_time_and_fits_the_page(name):
    first, second = FIGURES[name](), FIGURES[name]()
    assert plotting.png(first) == plotting.png(second)
    assert first.get_figwidth() <= 6.81
    assert len(plotting.png(first)) < 200_000


def test_drawing_leaves_no_figure_behind():
    from matplotlib import pyplot

    before = pyplot.get_fignums()
    for draw in FIGURES.values():
        draw()
    assert pyplot.get_fignums() == before


def test_lines_differ_in_more_than_colour():
    fig = plotting.curves({str(i): [i, i + 1] for i in range(6)})
    lines = fig.axes[0].get_lines()
    assert len({line.get_marker() for line in lines}) == 6
    assert len({str(line._unscaled_dash_pattern) for line in lines}) >= 4


def luminance(color):
    """The relative luminance of a colour, as the accessibility guidelines define it."""
    from matplotlib.colors import to_rgb

    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


def test_lines_stand_out_from_the_paper():
    for color in plotting.LINE_COLORS[:5]:
        assert (luminance("white") + 0.05) / (luminance(color) + 0.05) >= 2.8, color


def test_every_number_of_a_grid_is_written_in_its_cell_and_legible():
    values = np.array([[1.5, -200.0], [0.0, 77.0]])
    [axes] = plotting.grids([values]).axes
    assert [text.get_text() for text in axes.texts] == ["1.5", "-200", "0", "77"]
    ground = axes.images[0].cmap(axes.images[0].norm(values)).reshape(-1, 4)
    for color, text in zip(ground, axes.texts, strict=True):
        light, dark = luminance(color[:3]), luminance(text.get_color())
        assert (max(light, dark) + 0.05) / (min(light, dark) + 0.05) >= 4.5


def test_confusion_numbers_are_legible_on_their_shade():
    counts = np.array([[a, 100 - a] for a in range(0, 101, 5)])
    square = np.zeros((21, 21), dtype=int)
    square[:, :2] = counts
    [axes] = plotting.confusion(square).axes
    for text, (row, column) in zip(
        axes.texts, itertools.product(range(21), range(21)), strict=True
    ):
        ground = luminance(axes.images[0].cmap(square[row, column] / 100)[:3])
        ink = luminance(text.get_color())
        assert (max(ink, ground) + 0.05) / (min(ink, ground) + 0.05) >= 4.4


def test_a_claim_without_an_interval_is_drawn_hollow():
    axes = FIGURES["estimates"]().axes[0]
    known, claimed = [line for line in axes.get_lines() if line.get_marker() == "o"]
    assert known.get_markerfacecolor() != "white"
    assert claimed.get_markerfacecolor() == "white"


def test_source_is_shown_as_it_stands_without_its_docstring(displayed):
    shown = plotting.source(conv_output_size)
    assert shown.splitlines()[0].startswith("def conv_output_size(size, kernel_size, *")
    assert '"""' not in shown
    assert shown.splitlines()[-1].strip().startswith("return")
    assert '"""' in plotting.source(conv_output_size, docstring=True)
    plotting.show_source(conv_output_size)
    [((data,), _)] = displayed
    assert data["text/markdown"] == f"```python\n# labkit/ops/sizes.py\n{shown}\n```"


def test_the_source_of_a_rule_comes_with_its_function():
    from labkit.ops import relu

    shown = plotting.source(relu, relu.vjp)
    assert shown.startswith("@primitive\ndef relu(x):")
    assert "@relu.defvjp\ndef relu_vjp(g, out, x):" in shown


def test_a_note_stands_in_the_middle_of_its_arrow():
    [ax] = plotting.graph({"x": "x", "y": "y", "z": "z"}, [("x", "z", "× 2"), ("y", "z")]).axes
    [note] = [text for text in ax.texts if text.get_text() == "× 2"]
    assert note.get_position() == (0.5, 0.25)  # x at (0, 1/2), z at (1, 0)


def test_a_map_colours_what_the_model_says_and_marks_the_examples_by_their_label():
    points = np.array([[1.0, 2.0], [-2.0, 0.5], [3.0, -1.0]])
    labels = np.array([[1.0], [-1.0], [1.0]])
    [ax] = plotting.boundaries({"right half": lambda at: at[:, 0]}, points, labels).axes
    areas, triangles, circles = ax.collections
    left, right = (path.vertices[:, 0] for path in areas.get_paths())
    assert left.max() == pytest.approx(right.min(), abs=0.05)  # the boundary, at 0
    assert right.min() == pytest.approx(0, abs=0.05)
    assert triangles.get_offsets().tolist() == [[1.0, 2.0], [3.0, -1.0]]
    assert circles.get_offsets().tolist() == [[-2.0, 0.5]]


def test_walks_are_drawn_where_they_went_over_their_own_loss():
    walks = {"first": np.array([[3.0, 1.0], [1.0, 0.5]]), "second": np.array([[-1.0, 2.0]])}
    panels = {
        "steep in w_2": (lambda at: at[..., 0] ** 2 + 9 * at[..., 1] ** 2, walks),
        "steep in w_1": (
            lambda at: 9 * at[..., 0] ** 2 + at[..., 1] ** 2,
            {"first": -walks["first"]},
        ),
    }
    fig = plotting.paths(panels, to=(0.5, -0.5))
    left, right = fig.axes
    drawn = [(line.get_label(), line.get_xydata().tolist()) for line in left.lines[:2]]
    assert drawn == [("first", [[3.0, 1.0], [1.0, 0.5]]), ("second", [[-1.0, 2.0]])]
    assert right.lines[0].get_xydata().tolist() == [[-3.0, -1.0], [-1.0, -0.5]]
    assert left.lines[-1].get_xydata().tolist() == [[0.5, -0.5]]
    for ax, wider in ((left, 0), (right, 1)):
        contour = ax.collections[0].get_paths()[2]  # an ellipse: small, and not too small
        extent = np.ptp(contour.vertices, axis=0)
        assert extent[wider] == pytest.approx(3 * extent[1 - wider], rel=0.05)
    [legend] = fig.legends
    assert [text.get_text() for text in legend.get_texts()] == ["first", "second"]
