"""labkit grade release: students get the copy without solutions, and a bad source is refused."""

import copy
import json
import re

import pytest

from labkit.cli import main
from labkit.grading import release as release_module

MARKED = {
    "grade": False,
    "grade_id": "area",
    "locked": False,
    "schema_version": 3,
    "solution": True,
    "task": False,
}
SOLUTION = """\
import math

def area(radius):
    \"\"\"Return the area of a disc.\"\"\"
    ### BEGIN SOLUTION
    if radius < 0:
        raise ValueError(radius)
    return math.pi * radius**2
    ### END SOLUTION
"""


@pytest.fixture
def tool():
    return release_module


def cell(source, marks=None, cell_type="code", name="disc"):
    found = {"cell_type": cell_type, "id": name, "metadata": {}, "source": source}
    if marks:
        found["metadata"] = {"nbgrader": dict(marks)}
    if cell_type == "code":
        found |= {"execution_count": 7, "outputs": [{"output_type": "stream", "text": "3.14"}]}
        found["outputs"][0]["name"] = "stdout"
    return found


def notebook(*cells):
    return {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def release_one(tool, source, marks=MARKED):
    (released,) = tool.released(notebook(cell(source, marks)), "disc.ipynb")["cells"]
    return released


def test_a_function_keeps_its_head_and_raises(tool):
    released = release_one(tool, SOLUTION)
    assert "".join(released["source"]) == (
        "import math\n\ndef area(radius):\n"
        '    """Return the area of a disc."""\n'
        "    raise NotImplementedError  # your code here"
    )
    assert released["outputs"] == []
    assert released["execution_count"] is None
    assert released["metadata"]["nbgrader"] == MARKED


def test_values_keep_their_names_only(tool):
    source = "### BEGIN SOLUTION\n# seven steps\nwidth = 3 + 4\nheight = width\n### END SOLUTION\n1"
    text = "".join(release_one(tool, source)["source"])
    assert text == "width = ...  # your answer here\nheight = ...  # your answer here\n1"


def test_two_solutions_in_one_cell(tool):
    inner = "    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION\n"
    text = "".join(release_one(tool, f"def a():\n{inner}def b():\n{inner}")["source"])
    assert text.count("raise NotImplementedError") == 2
    assert "return" not in text


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("### BEGIN SOLUTION\na = 1", "line 1: ### BEGIN SOLUTION without ### END SOLUTION"),
        ("a = 1\n### END SOLUTION", "line 2: ### END SOLUTION without ### BEGIN SOLUTION"),
        (
            "### BEGIN SOLUTION\na = 1\n### BEGIN SOLUTION\n### END SOLUTION\n### END SOLUTION",
            "line 3: a solution inside the one of line 1",
        ),
        ("a = 1  ### BEGIN SOLUTION", "line 1: the mark must stand alone on its line"),
        ("a = 1", "marked as a solution, but holds no ### BEGIN SOLUTION"),
        (
            "### BEGIN SOLUTION\ndef a():\n    return 1\n### END SOLUTION",
            "a solution at the top level may only give values to names",
        ),
        (
            "### BEGIN SOLUTION\na, b = 1, 2\n### END SOLUTION",
            "a solution at the top level may only give values to names",
        ),
    ],
)
def test_a_bad_region_is_refused_and_named(tool, source, message):
    with pytest.raises(tool.LabError, match=f"^disc.ipynb, cell disc.*{re.escape(message)}$"):
        release_one(tool, source)


@pytest.mark.parametrize("cell_type", ["code", "markdown"])
def test_a_solution_outside_a_solution_cell_is_refused(tool, cell_type):
    lost = cell("### BEGIN SOLUTION\nthe answer\n### END SOLUTION", cell_type=cell_type)
    with pytest.raises(tool.LabError, match="cell disc: a solution in a cell that is not marked"):
        tool.released(notebook(lost), "disc.ipynb")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema_version": 2}, "must have .* version 3"),
        ({"grade": True}, "'points'"),
        ({"note": "x"}, "must have"),
    ],
)
def test_metadata_that_nbgrader_would_not_read_is_refused(tool, change, message):
    with pytest.raises(tool.LabError, match=message):
        release_one(tool, SOLUTION, MARKED | change)


def test_a_grade_id_that_is_there_twice_is_refused(tool):
    both = [cell(SOLUTION, MARKED, name="one"), cell(SOLUTION, MARKED, name="two")]
    with pytest.raises(tool.LabError, match="cell two: the grade_id area is there twice"):
        tool.released(notebook(*both), "disc.ipynb")


def test_the_source_is_left_as_it_was(tool):
    source = notebook(cell(SOLUTION, MARKED))
    before = copy.deepcopy(source)
    tool.released(source, "disc.ipynb")
    assert source == before


@pytest.fixture
def labs(tmp_path, monkeypatch):
    (tmp_path / "labs/source").mkdir(parents=True)
    (tmp_path / "labs/release").mkdir()
    text = json.dumps(notebook(cell(SOLUTION, MARKED)))
    (tmp_path / "labs/source/disc.ipynb").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_write_then_check(labs, capsys):
    assert main(["grade", "release", "--check"]) == 1
    assert capsys.readouterr().out == "stale: labs/release/disc.ipynb\n"
    assert main(["grade", "release"]) == 0
    assert capsys.readouterr().out == "wrote labs/release/disc.ipynb\n"
    assert main(["grade", "release", "--check"]) == 0
    text = (labs / "labs/release/disc.ipynb").read_text(encoding="utf-8")
    assert "math.pi" not in text


def test_check_sees_every_stale_copy_and_writes_nothing(labs, capsys):
    other = (labs / "labs/source/disc.ipynb").read_text(encoding="utf-8")
    (labs / "labs/source/zoo.ipynb").write_text(other, encoding="utf-8")
    main(["grade", "release"])
    stale = labs / "labs/release/disc.ipynb"
    stale.write_text(stale.read_text(encoding="utf-8") + " ", encoding="utf-8")
    capsys.readouterr()
    assert main(["grade", "release", "--check"]) == 1
    assert capsys.readouterr().out == "stale: labs/release/disc.ipynb\n"
    assert stale.read_text(encoding="utf-8").endswith(" ")


def test_a_copy_without_a_source_is_named(labs, capsys):
    main(["grade", "release"])
    (labs / "labs/source/disc.ipynb").rename(labs / "labs/source/ring.ipynb")
    main(["grade", "release"])
    capsys.readouterr()
    assert main(["grade", "release", "--check"]) == 1
    assert capsys.readouterr().out == "no source: labs/release/disc.ipynb\n"


def test_a_bad_source_writes_nothing(labs, capsys):
    bad = notebook(cell(SOLUTION.replace("### END SOLUTION", ""), MARKED))
    (labs / "labs/source/zoo.ipynb").write_text(json.dumps(bad), encoding="utf-8")
    assert main(["grade", "release"]) == 2
    assert "zoo.ipynb, cell disc, line 5" in capsys.readouterr().err
    assert not list((labs / "labs/release").glob("*"))


def test_another_folder_and_one_notebook(labs, capsys):
    assert main(["grade", "release", "labs/source/disc.ipynb", "--to", "handout"]) == 0
    assert capsys.readouterr().out == "wrote handout/disc.ipynb\n"


@pytest.mark.parametrize(
    "mark", ["### BEGIN HIDDEN TESTS ", "# BEGIN HIDDEN TESTS", "###begin hidden tests"]
)
def test_no_hidden_test_is_handed_out_for_a_slip_in_its_mark(tool, mark):
    tests = f"assert a() == 1\n{mark}\nassert a() < 2\n### END HIDDEN TESTS\n"
    marks = MARKED | {"solution": False, "grade": True, "locked": True, "points": 1}
    with pytest.raises(tool.LabError, match=r"(?i)disc.*hidden tests"):
        release_one(tool, tests, marks)


def test_no_solution_is_handed_out_for_a_slip_in_its_mark(tool):
    slip = "\ndef side(a):\n    # BEGIN SOLUTION\n    return a\n    # END SOLUTION\n"
    with pytest.raises(tool.LabError, match=r"disc.*BEGIN SOLUTION"):
        release_one(tool, SOLUTION + slip)


def test_hidden_tests_of_nbgrader_go(tool):
    tests = "assert a() == 1\n### BEGIN HIDDEN TESTS\nassert a() < 2\n### END HIDDEN TESTS\n"
    marks = MARKED | {"solution": False, "grade": True, "locked": True, "points": 1}
    assert "".join(release_one(tool, tests, marks)["source"]) == "assert a() == 1\n"
