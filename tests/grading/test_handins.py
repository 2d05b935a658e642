"""What students hand in is found in every usual arrangement, and nothing else is touched."""

import json
import zipfile

import pytest

from labkit.grading.handins import collect, collect_one
from labkit.grading.submission import MOST_BYTES, read


def notebook(source="x = 1"):
    return json.dumps({"cells": [{"cell_type": "code", "source": source}]}).encode()


def put(place, data=b"{}"):
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)


def test_one_file_is_one_student(tmp_path):
    put(tmp_path / "ada.ipynb", notebook())
    (found,) = collect(tmp_path / "ada.ipynb", "convolution")
    assert (found.student, found.notebook) == ("ada", notebook())


def test_files_belong_to_their_names_and_folders_to_theirs(tmp_path):
    put(tmp_path / "grace.ipynb", notebook())
    put(tmp_path / "ada" / "convolution" / "convolution.ipynb", notebook())
    put(tmp_path / "README.txt")
    put(tmp_path / "ada" / ".ipynb_checkpoints" / "convolution.ipynb")
    assert [found.student for found in collect(tmp_path, "convolution")] == ["ada", "grace"]


def test_of_several_notebooks_the_one_called_like_the_lab_counts(tmp_path):
    put(tmp_path / "ada" / "a.ipynb")
    put(tmp_path / "ada" / "convolution.ipynb", notebook())
    put(tmp_path / "ada" / "notes.pdf")
    (found,) = collect(tmp_path, "convolution")
    assert found.notebook == notebook()
    assert found.messages == (
        "There are 2 notebooks; ada/convolution.ipynb was graded.",
        "1 other file was not read.",
    )


def test_two_files_of_one_student_of_canvas_or_moodle_are_one_hand_in(tmp_path):
    for name in ("lovelaceada_LATE_1815_31_notes", "lovelaceada_LATE_1815_32_convolution"):
        put(tmp_path / f"{name}.ipynb", name.encode())
    for name in ("a", "b"):
        put(tmp_path / f"Grace Hopper_1906_assignsubmission_file_{name}.ipynb", name.encode())
    put(tmp_path / "hoppergrace_1906_33_convolution.ipynb", b"another")
    found = {one.student: one for one in collect(tmp_path, "convolution")}
    assert [one.notebook for one in found.values()] == [
        b"a",
        b"another",
        b"lovelaceada_LATE_1815_32_convolution",
    ]
    assert found["lovelaceada_LATE_1815_31_notes"].messages == (
        "There are 2 notebooks; lovelaceada_LATE_1815_32_convolution.ipynb was graded.",
    )


def test_a_folder_without_a_notebook_is_a_student_with_a_message(tmp_path):
    put(tmp_path / "ada" / "answers.py")
    (found,) = collect(tmp_path, "convolution")
    assert found.messages == ("There is no notebook, only ada/answers.py.",)
    assert read(found.notebook).cells == ()


def test_a_whole_folder_can_be_one_student_s(tmp_path):
    put(tmp_path / "draft.ipynb")
    put(tmp_path / "Convolution" / "convolution.ipynb", notebook())
    assert collect_one(tmp_path, "convolution").notebook == notebook()
    (tmp_path / "empty").mkdir()
    nothing = collect_one(tmp_path / "empty", "convolution")
    assert nothing.messages == ("There is no notebook, and nothing else.",)
    assert nothing.notebook == b""


def test_links_are_not_followed(tmp_path):
    put(tmp_path / "secret" / "secret.ipynb", notebook())
    put(tmp_path / "class" / "grace" / "convolution.ipynb", notebook())
    (tmp_path / "class" / "ada").mkdir()
    (tmp_path / "class" / "ada" / "convolution.ipynb").symlink_to(tmp_path / "secret/secret.ipynb")
    (tmp_path / "class" / "bob").symlink_to(tmp_path / "secret")
    assert [found.student for found in collect(tmp_path / "class", "convolution")] == ["grace"]


def test_a_zip_is_read_where_it_lies(tmp_path):
    place = tmp_path / "submissions.zip"
    with zipfile.ZipFile(place, "w") as archive:
        archive.writestr("ada_12_34_convolution.ipynb", notebook())
        archive.writestr(
            "Grace Hopper_7_assignsubmission_file/convolution.ipynb", notebook("y = 2")
        )
        archive.writestr("../../etc/eve/convolution.ipynb", notebook())
        archive.writestr("/root/mal/convolution.ipynb", notebook())
        archive.writestr("__MACOSX/._ada.ipynb", b"")
    found = collect(place, "convolution")
    students = [one.student for one in found]
    grace = "Grace Hopper_7_assignsubmission_file"
    assert students == [grace, "ada_12_34_convolution", "etc", "root"]
    assert read(found[0].notebook).cells[0].source == "y = 2"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["submissions.zip"]


def test_a_zip_that_swells_is_read_no_further_than_the_limit(tmp_path):
    place = tmp_path / "bomb.zip"
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ada.ipynb", b" " * (MOST_BYTES + 5_000_000))
    (found,) = collect(place, "convolution")
    assert len(found.notebook) == MOST_BYTES + 1


def test_only_the_notebook_that_counts_is_read(tmp_path, monkeypatch):
    place = tmp_path / "many.zip"
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(20):
            archive.writestr(f"eve/{number}.ipynb", b" " * 10**6)
        archive.writestr("eve/convolution.ipynb", notebook())
    opened, real = [], zipfile.ZipFile.open
    monkeypatch.setattr(
        zipfile.ZipFile, "open", lambda self, entry: (opened.append(entry), real(self, entry))[1]
    )
    (found,) = collect(place, "convolution")
    assert found.notebook == notebook()
    assert [entry.filename for entry in opened] == ["eve/convolution.ipynb"]


def test_a_damaged_entry_costs_the_others_nothing(tmp_path):
    place = tmp_path / "damaged.zip"
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ada.ipynb", notebook("x = 1" * 99))
        archive.writestr("grace.ipynb", notebook())
    data = bytearray(place.read_bytes())
    start = data.find(b"ada.ipynb") + len(b"ada.ipynb")
    data[start : start + 9] = b"\xff" * 9  # no kind of block that there is
    place.write_bytes(data)
    assert [one.notebook for one in collect(place, "convolution")] == [b"", notebook()]


def test_a_notebook_that_is_a_zip_as_well_is_one_student_s(tmp_path):
    place = tmp_path / "eve.ipynb"
    put(place, notebook())
    with zipfile.ZipFile(place, "a") as archive:
        archive.writestr("ada/convolution.ipynb", notebook())
    assert [found.student for found in collect(place, "convolution")] == ["eve"]


@pytest.mark.parametrize("name", ["missing", "empty"])
def test_nothing_to_grade_is_said(tmp_path, name):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=rf"submissions must .*{name}"):
        collect(tmp_path / name, "convolution")
