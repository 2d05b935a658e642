"""The page for instructors, step by step as it stands there."""

import json
import re
import shutil
import zipfile

import pytest
from grading import classes

from labkit.cli import main
from labkit.grading.sandbox import BACKENDS

PAGE = (classes.ROOT / "book/instructors.md").read_text("utf-8").replace("\\\n", "")
VERDICT = BACKENDS["bwrap"].verdict()


def commands(step):
    """The page's calls of one step."""
    return [line.split()[1:] for line in re.findall(rf"^labkit grade {step}.*$", PAGE, re.M)]


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    shutil.copytree(classes.ROOT / "labs", tmp_path / "labs")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.skipif(not VERDICT.works, reason=f"bubblewrap: {VERDICT.reason}")
def test_the_class_of_five_is_handed_out_graded_and_reported(checkout, capsys):
    (doctor,), releases = commands("doctor"), commands("release")
    assert main(doctor) == 0
    assert [main(words) for words in releases] == [0, 0]
    capsys.readouterr()
    (grade,) = commands("run")
    assert main(grade) == 0
    (shown,) = re.findall(r"^```text\n(.*?)^```$", PAGE, re.M | re.S)
    assert capsys.readouterr().out == shown
    for place in ("overview.html", "reports/eve.html", "canvas.csv", "gradescope/ada.json"):
        assert (checkout / "graded" / place).is_file()
    before = (checkout / "graded/reports/bob.html").read_text("utf-8")
    (report,) = commands("report")
    assert main(report) == 0
    after = (checkout / "graded/reports/bob.html").read_text("utf-8")
    assert "other sizes and settings" not in before
    assert "other sizes and settings" in after


def test_the_zip_for_gradescope_is_made_as_the_page_says(checkout):
    (lines,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.M | re.S)
    exec(lines, {})
    with zipfile.ZipFile("autograder.zip") as archive:
        assert {"setup.sh", "run_autograder", "README.md"} <= set(archive.namelist())


def test_nothing_is_graded_without_walls_unless_told(checkout, capsys, monkeypatch):
    monkeypatch.setenv("PATH", "")
    (grade,) = commands("run")
    assert main(grade) == 2
    assert "nothing here can lock up a student's code" in capsys.readouterr().err
    assert not (checkout / "graded").exists()


def test_trusted_must_be_said(checkout, capsys):
    (grade,) = commands("run")
    assert main([*grade, "--backend", "trusted"]) == 2
    assert "say --trusted if the notebooks are yours" in capsys.readouterr().err


LAB, CLASS = "labs/source/convolution.ipynb", "labs/class"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run", "labs/source/nothing.ipynb", CLASS], "no file labs/source/nothing.ipynb"),
        (["run", "labs/release/convolution.ipynb", CLASS], "is this the students' copy?"),
        (["run", LAB, "labs/README.md"], "must be a folder, a zip or a notebook"),
        (["run", LAB, CLASS, "--hidden", "nothing.py"], "there is no file nothing.py"),
        (["run", LAB, CLASS, "--roster", "labs/README.md"], "roster must have a column"),
        (
            ["run", LAB, CLASS, "--out", "earlier"],
            "out must hold no results of another lab; earlier has some of losses",
        ),
        (["release", "labs/source/nothing.ipynb"], "labs/source/nothing.ipynb cannot be read: No"),
        (["release", "labs/README.md"], "labs/README.md is not a notebook"),
    ],
)
def test_a_wrong_name_is_said_before_anything_is_graded(checkout, capsys, words, message):
    (checkout / "earlier/results").mkdir(parents=True)
    (checkout / "earlier/results/ada.json").write_text('{"lab": "losses"}')
    out = [] if words[0] == "release" else ["--out", "graded", "--trusted"]
    assert main(["grade", words[0], *out, *words[1:]]) == 2
    assert message in capsys.readouterr().err
    assert not (checkout / "graded").exists()


def test_nothing_to_release_is_an_error_and_nothing_to_write_is_said(checkout, capsys, monkeypatch):
    assert main(["grade", "release", "--check"]) == 0
    assert capsys.readouterr().out == "The students' copies are up to date.\n"
    monkeypatch.chdir(checkout / "labs")
    assert main(["grade", "release"]) == 2
    assert "there is no notebook to release" in capsys.readouterr().err


def test_a_hand_in_of_another_lab_is_noticed_and_a_name_steers_no_terminal(checkout, capsys):
    name = "mallory\x1b[2J"
    (checkout / "late" / name).mkdir(parents=True)
    shutil.copy("labs/release/losses.ipynb", checkout / "late" / name)
    assert main(["grade", "run", LAB, "late", "--out", "graded", "--trusted"]) == 0
    first, second, _ = capsys.readouterr().out.splitlines()
    assert first.split() == ["mallory⟨U+001B⟩[2J", "0", "of", "30"]
    assert second.strip() == (
        "No exercise of the lab convolution is in this notebook; is it another lab's?"
    )


def test_the_page_quotes_the_record_of_the_benchmark():
    (run,) = json.loads((classes.ROOT / "benchmarks/results/grading.json").read_text("utf-8"))[
        "runs"
    ]
    ours, theirs = run["labkit"], run["nbgrader"]
    assert (
        f"took {ours['seconds']:.0f} s for {ours['hand_ins']} hand-ins of this lab, "
        f"{ours['hostile']} of them hostile: {ours['seconds_each']} s each. In the same run "
        f"nbgrader's autograder took {theirs['seconds_each']} s each for {theirs['hand_ins']} "
    ) in PAGE
    assert run["graded"] == ours["hand_ins"]
    assert run["not what the answers deserve"] == []
