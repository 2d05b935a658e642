"""A class of made-up students, for the tests of the grader."""

import json
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LAB = ROOT / "labs/source/convolution.ipynb"
RELEASE = ROOT / "labs/release/convolution.ipynb"


def solved():
    """The lab with every solution."""
    return json.loads(LAB.read_text("utf-8"))


def bare():
    """The lab as it is handed out."""
    return json.loads(RELEASE.read_text("utf-8"))


def with_cell(notebook, source, at=3):
    """The notebook with one more cell of code."""
    cell = {"cell_type": "code", "id": "more", "metadata": {}, "outputs": [], "source": source}
    notebook["cells"].insert(at, cell | {"execution_count": None})
    return notebook


def with_answer(notebook, old, new):
    """The notebook with a text of its cells replaced."""
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if old in source:
            cell["source"] = source.replace(old, new)
            return notebook
    raise AssertionError(f"{old!r} is in no cell")


def hand_in(folder, student, notebook):
    """Put a notebook where nbgrader's students put theirs."""
    place = folder / student / "convolution.ipynb"
    place.parent.mkdir(parents=True)
    place.write_text(json.dumps(notebook), encoding="utf-8")
