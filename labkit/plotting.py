"""Figures of one look: a colour-blind safe palette, and never colour alone.

Every function returns a matplotlib figure; `show` displays it and carries its alt text. Matplotlib
is imported when the first figure is drawn, and its defaults are set to `STYLE` then.
"""

import ast
import base64
import inspect
import io
import math
import textwrap

import numpy as np

from labkit.metrics import wilson_interval

BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, RED, PINK = PALETTE = (
    "#000000",
    "#e69f00",
    "#56b4e9",
    "#009e73",
    "#f0e442",
    "#0072b2",
    "#d55e00",
    "#cc79a7",
)  # Okabe and Ito 2008
LINE_COLORS = (BLUE, RED, GREEN, PINK, BLACK, ORANGE)
LINE_STYLES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)))
MARKERS = ("o", "s", "^", "D", "v", "P")
HATCHES = ("", "///", "...", "xx", "\\\\\\", "++")
DPI = 160
WIDTH = 6.2
"""The width of a page in inches, at which type can be read on a phone too."""
ALT_WORDS = 8
"""The least number of words that says what a figure shows and what to see in it."""

STYLE = {
    "figure.facecolor": "white",
    "figure.constrained_layout.use": True,
    "font.family": "DejaVu Sans",
    "font.size": 11.5,
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#d8d8d8",
    "grid.linewidth": 0.7,
    "lines.linewidth": 2.0,
    "legend.frameon": False,
    "image.interpolation": "nearest",
}


def figure(rows=1, columns=1, *, size=None, **options):
    """Return a new figure and its axes, in our style; options go to matplotlib's ``subplots``.

    size is (width, height) in inches; a page of the book is `WIDTH` wide. Lines drawn one after
    another differ in colour and in line style.
    """
    import matplotlib
    from matplotlib.figure import Figure

    matplotlib.rcParams.update(STYLE)
    look = matplotlib.cycler(color=LINE_COLORS, linestyle=LINE_STYLES)
    matplotlib.rcParams["axes.prop_cycle"] = look
    fig = Figure(figsize=size or (WIDTH, 3.2 * rows))
    return fig, fig.subplots(rows, columns, **options)


def png(fig):
    """Return the figure as PNG bytes that depend on nothing but its content."""
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
    return buffer.getvalue()


def show(fig, *, alt):
    """Display a figure; ``alt`` says in a sentence or two what it shows and what to see in it.

    The text goes into the output's metadata, from which the book gives it to the image, and into
    the output's plain-text form. Raises ValueError if it has fewer than eight words.
    """
    if len(alt.split()) < ALT_WORDS:
        raise ValueError(
            f"alt must say what the figure shows in {ALT_WORDS} words or more: {alt!r}"
        )
    from IPython.display import display

    image = base64.b64encode(png(fig)).decode()
    width = round(fig.get_figwidth() * 96)
    display(
        {"image/png": image, "text/plain": f"Figure: {alt}"},
        metadata={"image/png": {"alt": alt, "width": width}},
        raw=True,
    )


def source(*functions, docstring=False):
    """Return the source of functions as they stand in labkit, without their docstrings.

    >>> print(source(png).splitlines()[0])
    def png(fig):
    """
    return "\n\n".join(_source(function, docstring) for function in functions)


def _source(function, docstring):
    text = textwrap.dedent(inspect.getsource(function)).rstrip()
    body = ast.parse(text).body[0].body
    if docstring or not ast.get_docstring(ast.parse(text).body[0]) or len(body) == 1:
        return text
    lines = text.splitlines()
    first, last = body[0].lineno, body[0].end_lineno
    return "\n".join(lines[: first - 1] + lines[last:])


def show_source(*functions, docstring=False):
    """Display the source of labkit's functions, highlighted, under the path of their file."""
    from IPython.display import display

    modules = dict.fromkeys(inspect.unwrap(f).__module__ for f in functions)
    paths = ", ".join(module.replace(".", "/") + ".py" for module in modules)
    text = f"# {paths}\n{source(*functions, docstring=docstring)}"
    display({"text/markdown": f"```python\n{text}\n```", "text/plain": text}, raw=True)


def grids(arrays, titles=None, *, highlight=None, form="g", limit=None):
    """Draw matrices side by side, each number written in its cell.

    highlight maps the position of an array to cells (row, column) that get a thick frame.
    limit is the value of the strongest colour; left out, the largest number of all.
    """
    arrays = [np.atleast_2d(a) for a in arrays]
    limit = limit or max(float(np.abs(a).max()) for a in arrays) or 1.0
    widths = [a.shape[1] for a in arrays]
    unit = min(0.46, (WIDTH - 0.4) / (sum(widths) + len(arrays) - 1))
    height = unit * max(a.shape[0] for a in arrays) + 0.5
    size = (unit * (sum(widths) + len(arrays) - 1) + 0.4, height)
    fig, axes = figure(1, len(arrays), size=size, width_ratios=widths, squeeze=False)
    for i, (ax, a) in enumerate(zip(axes[0], arrays, strict=True)):
        _grid(ax, a, limit, form, (highlight or {}).get(i, ()), 22 * unit)
        ax.set_title(titles[i] if titles else "")
    return fig


def _grid(ax, a, limit, form, cells, fontsize):
    ax.imshow(a, cmap="PuOr", vmin=-2 * limit, vmax=2 * limit)  # pale: black text is legible
    for (row, column), value in np.ndenumerate(a):
        ax.text(column, row, format(value, form), ha="center", va="center", fontsize=fontsize)
    for row, column in cells:
        _frame(ax, row, column)
    ax.set_xticks(np.arange(a.shape[1] + 1) - 0.5, [])
    ax.set_yticks(np.arange(a.shape[0] + 1) - 0.5, [])
    ax.grid(color="#9a9a9a", linewidth=0.6)
    ax.set_axisbelow(False)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)


def _frame(ax, row, column):
    from matplotlib.patches import Rectangle

    corner = (column - 0.5, row - 0.5)
    ax.add_patch(Rectangle(corner, 1, 1, fill=False, edgecolor=RED, linewidth=2.5, zorder=3))


def images(pictures, captions=None, *, columns=None, cmap="gray_r"):
    """Draw pictures (h, w) in rows, each with its caption under it, all on one grey scale."""
    columns = columns or min(len(pictures), 8)
    rows = math.ceil(len(pictures) / columns)
    unit = min(WIDTH / columns, 1.8)
    size = (unit * columns, rows * unit * (1.25 if captions else 1.05))
    fig, axes = figure(rows, columns, size=size, squeeze=False)
    low = min(float(np.min(p)) for p in pictures)
    high = max(float(np.max(p)) for p in pictures)
    for ax in axes.flat:
        ax.axis("off")
    for i, (ax, picture) in enumerate(zip(axes.flat, pictures, strict=False)):
        ax.imshow(picture, cmap=cmap, vmin=low, vmax=high)
        if captions:
            ax.text(0.5, -0.06, captions[i], transform=ax.transAxes, ha="center", va="top")
    return fig


def curves(series, *, x=None, xlabel="", ylabel="", title="", log=False):
    """Draw named curves; one with several runs (runs, n) is drawn as their mean and their range.

    series maps a name to n values, or to runs of n values. log makes the vertical axis one.
    """
    fig, ax = figure()
    for i, (name, values) in enumerate(series.items()):
        runs = np.atleast_2d(np.asarray(values, dtype=float))
        at = np.arange(1, runs.shape[1] + 1) if x is None else np.asarray(x)
        marker = MARKERS[i % len(MARKERS)]
        every = max(1, len(at) // 10)
        (line,) = ax.plot(at, runs.mean(axis=0), label=name, marker=marker, markevery=every)
        if len(runs) > 1:
            band = {"color": line.get_color(), "alpha": 0.2, "linewidth": 0}
            ax.fill_between(at, runs.min(axis=0), runs.max(axis=0), **band)
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title, yscale="log" if log else "linear")
    if x is None:
        ax.xaxis.get_major_locator().set_params(integer=True)
    if len(series) > 1:
        ax.legend()
    return fig


def confusion(counts, labels=None, *, title=""):
    """Draw a confusion matrix (k, k): true classes are rows, predicted ones are columns.

    Each cell holds its count; its shade is the share of its row.
    """
    counts = np.asarray(counts)
    k = len(counts)
    labels = range(k) if labels is None else labels
    fig, ax = figure(size=(min(WIDTH, 0.48 * k + 1.4), min(5.8, 0.44 * k + 1.2)))
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    ax.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        color = "white" if share[row, column] > 0.72 else "black"
        ax.text(column, row, f"{count:d}", ha="center", va="center", color=color, fontsize=8.5)
    ax.set_xticks(range(k), labels)
    ax.set_yticks(range(k), labels)
    ax.grid(False)
    ax.set(xlabel="predicted", ylabel="true", title=title)
    return fig


def estimates(rows, *, xlabel="", title=""):
    """Draw estimates with their intervals, one under the other: name -> (value, low, high).

    A missing low or high (None) draws the point alone, hollow: a claim without an interval.
    """
    fig, ax = figure(size=(WIDTH, 0.42 * len(rows) + 1.0))
    for i, (value, low, high) in enumerate(rows.values()):
        known = low is not None and high is not None
        if known:
            ax.plot([low, high], [i, i], color=BLUE, linestyle="-", linewidth=3, alpha=0.6)
        ax.plot(value, i, marker="o", color=BLUE, markerfacecolor=BLUE if known else "white")
    ax.set_yticks(range(len(rows)), list(rows))
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.grid(axis="y", visible=False)
    ax.set(xlabel=xlabel, title=title)
    return fig


def accuracies(rows, *, xlabel="accuracy", title=""):
    """Draw accuracies with their 95 % intervals: name -> (number right, number of examples)."""
    drawn = {name: (right / n, *wilson_interval(right, n)) for name, (right, n) in rows.items()}
    return estimates(drawn, xlabel=xlabel, title=title)


def boundaries(models, x, y):
    """Draw side by side which points of the plane each model calls positive, and the examples.

    models maps a title to a function from points (n, 2) to scores (n,). x (n, 2) are the examples,
    y (n,) or (n, 1) their labels, positive (triangles) or not (circles).
    """
    fig, axes = figure(1, len(models), size=(WIDTH, WIDTH / len(models) + 0.1), squeeze=False)
    y, low, high = np.ravel(y), x.min() - 0.1, x.max() + 0.1
    line = np.linspace(low, high, 160)
    points = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    for ax, (title, model) in zip(axes[0], models.items(), strict=True):
        positive = np.reshape(model(points), (160, 160)) > 0
        ax.contourf(line, line, positive, levels=[-1, 0.5, 2], colors=[SKY, ORANGE], alpha=0.4)
        for marker, color, chosen in (("^", RED, y > 0), ("o", BLUE, y <= 0)):
            ax.scatter(*x[chosen].T, s=14, marker=marker, color=color)
        ax.set(title=title, aspect="equal", xticks=[], yticks=[])
    return fig


def paths(panels, *, to=(0.0, 0.0)):
    """Draw side by side how walks go down a loss of two weights, over its contour lines.

    panels maps a title to (loss, walks): loss takes points (..., 2) and returns their losses, walks
    maps a name to the points (steps, 2) of one walk. A star stands at ``to``, the lowest point.
    """
    fig, axes = figure(1, len(panels), size=(WIDTH, WIDTH / len(panels) + 0.7), squeeze=False)
    everything = np.concatenate([w for _, walks in panels.values() for w in walks.values()])
    far = 1.1 * float(np.abs(everything - to).max())
    grid = [at + np.linspace(-far, far, 120) for at in to]
    for ax, (title, (loss, walks)) in zip(axes[0], panels.items(), strict=True):
        heights = loss(np.stack(np.meshgrid(*grid), axis=-1))  # (120, 120)
        levels = float(heights.max()) * 4.0 ** np.arange(-7, 0)
        ax.contour(*grid, heights, levels=levels, colors="#b0b0b0", linestyles="-", linewidths=0.8)
        for i, (name, walk) in enumerate(walks.items()):
            ax.plot(*walk.T, label=name, marker=MARKERS[i], markersize=3.5, linewidth=1.3)
        ax.plot(*to, marker="*", markersize=13, color=BLACK, linestyle="")
        ax.set(title=title, aspect="equal", xlabel="$w_1$", ylabel="$w_2$")
        ax.grid(False)
    handles, names = axes[0][0].get_legend_handles_labels()
    fig.legend(handles, names, loc="outside lower center", ncols=len(names))
    return fig


def graph(nodes, edges, *, size=None):
    """Draw a computation from left to right.

    nodes maps a name to its text (several lines allowed) or to (text, note), where the note, such
    as a gradient, is written below the box. edges are pairs of names, or triples with a note to be
    written on the arrow; a node stands one column right of the last node it depends on.
    """
    column = {name: _depth(name, edges) for name in nodes}
    where = _places(column)
    width = max(column.values()) + 1
    height = max(list(column.values()).count(c) for c in range(width))
    fig, ax = figure(size=size or (WIDTH, 0.95 * height + 0.3))
    ax.set(xlim=(-0.5, width - 0.5), ylim=(-height / 2, height / 2))
    ax.axis("off")
    boxes = {name: _box(ax, where[name], text) for name, text in nodes.items()}
    for start, end, *notes in edges:
        arrow = {"arrowstyle": "-|>", "color": "#555555", "linewidth": 1.4, "shrinkA": 2}
        arrow |= {"patchA": boxes[start], "patchB": boxes[end], "shrinkB": 2}
        ax.annotate("", xy=where[end], xytext=where[start], arrowprops=arrow)
        middle = np.add(where[start], where[end]) / 2
        style = {"color": "#555555", "fontsize": 10.5, "ha": "center", "va": "center"}
        style["bbox"] = {"facecolor": "white", "edgecolor": "none", "pad": 1}
        for note in notes:
            ax.text(*middle, note, **style)
    return fig


def _depth(name, edges):
    before = [start for start, end, *_ in edges if end == name]
    return 1 + max(_depth(start, edges) for start in before) if before else 0


def _places(column):
    columns = [[name for name in column if column[name] == c] for c in set(column.values())]
    height = max(map(len, columns))
    return {
        name: (column[name], height * ((len(names) - 1) / 2 - i) / len(names))
        for names in columns
        for i, name in enumerate(names)
    }


def _box(ax, place, text):
    text, note = (text, "") if isinstance(text, str) else text
    look = {"boxstyle": "round,pad=0.4", "facecolor": "#eaf3fa", "edgecolor": BLUE}
    box = ax.text(*place, text, ha="center", va="center", bbox=look, zorder=3)
    if note:
        below = (0, -13 - 6.5 * text.count("\n"))
        style = {"color": RED, "fontsize": 10.5, "ha": "center", "va": "top", "zorder": 3}
        ax.annotate(note, place, below, textcoords="offset points", **style)
    return box.get_bbox_patch()
