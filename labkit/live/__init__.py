"""Live figures: one ES module each, in anywidget's shape, served by the book and by JupyterLab.

``NAME.js`` holds one figure, ``shared.js`` what all of them need, ``live.css`` their looks. A
figure is a pure function from its state to HTML, so that the same code draws the still image of a
page without scripts; `labkit.widgets` holds the class of each.

For authors of chapters:

- End a cell with ``widgets.NAME(...)``, in the state that the page is speaking of.
- Before it, say what to turn and ask what will happen; after it, say what was to be seen.
- Use one where turning a knob teaches more than a picture does, and one for an idea.
- The page must hold without it: its still shows the state you gave, and no claim rests on more.
- Its numbers are labkit's, and a test says so; a number that you quote is printed by the page.
"""

import re
from pathlib import Path

FOLDER = Path(__file__).parent
IMPORT = re.compile(r'^import \{[^}]*\} from "\./shared\.js";\n', re.MULTILINE)


def figures() -> list[str]:
    """Return the names of all live figures.

    >>> "convolution_explorer" in figures()
    True
    """
    return sorted(path.stem for path in FOLDER.glob("*.js") if path.stem != "shared")


def module(name: str) -> str:
    """Return a figure as one self-contained ES module: what it shares is written into it.

    Raises ValueError if there is no such figure.

    >>> module("convolution_explorer").count("export default")
    1
    """
    if name not in figures():
        raise ValueError(f"name must be one of {', '.join(figures())}; got {name!r}")
    shared = (FOLDER / "shared.js").read_text(encoding="utf-8")
    source = (FOLDER / f"{name}.js").read_text(encoding="utf-8")
    return IMPORT.sub(lambda _: re.sub(r"^export ", "", shared, flags=re.MULTILINE), source)


def script(name: str) -> str:
    """Return a figure as a classic script, which a page opened from a file may load.

    It puts the module's default export into ``window.liveFigures``.
    """
    source = re.sub(r"^export default ", "liveFigures[name] = ", module(name), flags=re.MULTILINE)
    source = re.sub(r"^export ", "", source, flags=re.MULTILINE)
    source = source.replace("liveFigures[name]", f'(window.liveFigures ??= {{}})["{name}"]')
    return f"(() => {{\n{source}}})();\n"


def style() -> str:
    """Return the style sheet of all live figures."""
    return (FOLDER / "live.css").read_text(encoding="utf-8")
