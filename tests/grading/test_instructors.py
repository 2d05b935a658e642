"""The page for instructors, step by step as it stands there."""

import re
import shutil

import pytest
from grading import classes

from labkit.cli import main
from labkit.grading.sandbox import BACKENDS

PAGE = (classes.ROOT / "book/instructors.md").read_text("utf-8")
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


def test_a_lab_that_is_not_there_is_named(checkout, capsys):
    words = ["grade", "run", "labs/source/nothing.ipynb", "labs/class", "--out", "graded"]
    assert main([*words, "--trusted"]) == 2
    assert "there is no file labs/source/nothing.ipynb" in capsys.readouterr().err
