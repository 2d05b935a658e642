"""Reports: numbers by hand, texts that want to do harm, and nothing hidden before its time."""

import copy
import csv
import html.parser
import io
import json
import re
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from labkit.exercises import exercises
from labkit.exercises.report import pointers
from labkit.grading.lab import LabError, Sources, sources_of
from labkit.grading.report import autograder_zip, results_json, slug, write_reports
from labkit.grading.report.roster import Roster, read_roster
from labkit.grading.report.tally import statistics
from labkit.grading.report.text import visible

ROOT = Path(__file__).resolve().parents[2]
SECRET = ("a hidden kind", "hidden_tried(3)", "a hidden problem", "hidden came", "hidden wish")
EVIL = '<script>alert("x")</script>\x1b[31mred\u202egnp.exe\ud800'


def part(says, state="holds", hidden=False, **words):
    return {"says": says, "hidden": hidden, "state": state} | words


def task(name, points, of, *parts):
    return {"name": name, "points": points, "of": of, "parts": list(parts)}


def result(student, points, *tasks, messages=(), cells=None, seconds=1.5):
    return {
        **{"format": 1, "key": "0", "student": student, "lab": "convolution"},
        **{"points": points, "of": sum(one["of"] for one in tasks), "messages": list(messages)},
        **{"cells": cells or {}, "tasks": list(tasks), "seconds": seconds},
    }


def hidden_wrong():
    words = dict(zip(("tried", "problem", "came", "expected"), SECRET[1:], strict=True))
    return part(SECRET[0], "wrong", True, hint="a hidden hint", **words)


ESSAY = task("essay", 0, 2, part("graded by hand", "manual"))
ADA = result(
    "ada",
    3.0,
    task("output_size", 2.0, 2, part("one"), part("two"), part("drawn", "holds", True)),
    task("size_by_hand", 1.0, 1, part("the number")),
    ESSAY,
)
# Half of two points for the visible checks, of which one of two holds, and half for the hidden
# ones, of which one of four holds: 2 * (1/2 * 1/2 + 1/2 * 1/4) = 0.75.
GRACE = result(
    "grace",
    0.75,
    task(
        "output_size",
        0.75,
        2,
        part("one"),
        part(
            "two",
            "wrong",
            tried="output_size(28, 5)",
            problem="That is not the number.",
            came="23",
            expected="24",
            hint="Count the first window, too.",
        ),
        part("another hidden kind", "holds", True),
        *[hidden_wrong() for _ in range(3)],
    ),
    task("size_by_hand", 0.0, 1, part("the number", "wrong", problem="3 of 4 are wrong.")),
    ESSAY,
    messages=["The file is not UTF-8."],
    cells={"4": "KeyError: 'w' at line 2"},
    seconds=2.25,
)
MALLORY = result(
    EVIL,
    0.0,
    task("output_size", 0.0, 2, part("one", "open"), part("two", "open"), hidden_wrong()),
    task(
        "size_by_hand", 0.0, 1, part("the number", "wrong", problem="1 of 4 are wrong.", came=EVIL)
    ),
    ESSAY,
    messages=['=HYPERLINK("http://evil","x")', EVIL],
    cells={"1": EVIL},
)
CLASS = [MALLORY, GRACE, ADA]


@pytest.fixture
def written(tmp_path):
    write_reports(CLASS, tmp_path)
    return tmp_path


def soup_of(path):
    return BeautifulSoup(path.read_bytes(), "html.parser", from_encoding="utf-8")


def rows_of(path):
    data = path.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))


def words_of(soup):
    return " ".join(soup.get_text(" ").split())


# --- files ------------------------------------------------------------------------------------


def test_the_files_are_those_and_the_same_every_time(tmp_path):
    paths = write_reports(CLASS, tmp_path / "one")
    students = {slug(one["student"]) for one in CLASS}
    assert {str(path.relative_to(tmp_path / "one")) for path in paths} == {
        *("overview.html", "grades.csv", "canvas.csv", "moodle.csv"),
        *(f"reports/{name}.html" for name in students),
        *(f"gradescope/{name}.json" for name in students),
    }
    again = write_reports(copy.deepcopy(CLASS[::-1]), tmp_path / "two")
    assert [path.read_bytes() for path in paths] == [path.read_bytes() for path in again]
    assert not [path for path in tmp_path.rglob("*") if ".part" in path.name]


@pytest.mark.parametrize("name", ["ada", "Ada.Lovelace-2", "s12345_6", "a" * 80])
def test_a_safe_name_stays(name):
    assert slug(name) == name


ODD = [
    *("../../etc/passwd", "..", "", "a b", "a/b", "\\\\host\\c", "\x00", "a" * 81, "nul"),
    *("CON.txt", "-rf", ".hidden", "dot.", "\ud800", "名前", slug("a b"), "a\n", "ada "),
]


@pytest.mark.parametrize("name", ODD)
def test_another_name_becomes_safe_and_stays_different(name):
    made = slug(name)
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,79}", made)
    assert made != name
    assert made == slug(name)


def test_two_names_that_look_alike_have_two_files(tmp_path):
    names = ["a b", "a/b", "a-b", "a:b", "../a b"]
    write_reports([{**ADA, "student": name} for name in names], tmp_path)
    assert len(list((tmp_path / "reports").iterdir())) == len(names)
    assert {p.parent.name for p in tmp_path.rglob("*.html")} == {"reports", tmp_path.name}


@pytest.mark.parametrize(
    ("results", "message"),
    [([], "none"), ([ADA, ADA], "twice there: ada"), ([ADA, {**GRACE, "lab": "x"}], "one lab")],
)
def test_what_is_no_class_is_refused(results, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        write_reports(results, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path, monkeypatch):
    write_reports([ADA], tmp_path)
    before = (tmp_path / "overview.html").read_bytes()

    def full(self, data):
        raise OSError("no space left")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="no space"):
        write_reports([GRACE], tmp_path)
    assert (tmp_path / "overview.html").read_bytes() == before


# --- what a student sees ----------------------------------------------------------------------


def test_a_student_reads_points_checks_and_where_to_read_on(written):
    soup = soup_of(written / "reports" / "grace.html")
    said = words_of(soup)
    assert soup.h1.get_text() == "Lab convolution: grace"
    assert "0.75 of 5 points" in said
    assert "2 of them are given by hand" in said
    assert "1 of 4 hidden checks hold." in said
    rows = [
        [" ".join(cell.get_text().split()) for cell in row.find_all(["th", "td"])]
        for row in soup.find_all("tr")
    ]
    assert rows[1:] == [
        ["✗ output_size", "0.75 of 2", "1 of 2", "1 of 4"],
        ["✗ size_by_hand", "0 of 1", "0 of 1", "–"],
        ["✎ essay", "– of 2", "by hand", "–"],
    ]
    terms = {dt.get_text(): dt.find_next_sibling("dd").get_text() for dt in soup.dl.find_all("dt")}
    assert terms == {
        "problem": "That is not the number.",
        "tried": "output_size(28, 5)",
        "came": "23",
        "expected": "24",
        "hint": "Count the first window, too.",
    }
    links = {link["href"] for link in soup.find_all("a")}
    for name in ("output_size", "size_by_hand"):
        assert {address for _, address in pointers(exercises()[name]) if address} <= links
        assert exercises()[name].asks.split()[0] in said
    assert len(links) >= 3
    assert "Cell 4: KeyError: 'w' at line 2" in said


@pytest.mark.parametrize("file", ["reports/grace.html", "gradescope/grace.json", "moodle.csv"])
def test_what_is_hidden_shows_only_once_it_is_released(written, tmp_path, file):
    text = (written / file).read_text("utf-8")
    assert not [word for word in (*SECRET, "a hidden hint", "another hidden kind") if word in text]
    write_reports(CLASS, tmp_path / "released", released=True)
    if file != "moodle.csv":
        text = (tmp_path / "released" / file).read_text("utf-8")
        assert all(word in text for word in (*SECRET, "another hidden kind"))


def test_only_the_overview_names_what_is_hidden(written):
    naming = {
        path.relative_to(written).as_posix()
        for path in written.rglob("*.*")
        if any(word.encode() in path.read_bytes() for word in SECRET)
    }
    assert naming == {"overview.html"}


def test_the_stub_is_not_written_rather_than_wrong(written):
    said = words_of(soup_of(written / "reports" / f"{slug(EVIL)}.html"))
    assert "○ one (not written yet)" in said
    assert "0 of 1 hidden check holds." in said


def test_what_is_the_same_for_every_check_is_said_once(tmp_path):
    words = {"problem": "There is no output_size here yet.", "hint": "Run its cell."}
    parts = [part(says, "wrong", **words) for says in ("one", "two", "three")]
    write_reports([result("ada", 0, task("output_size", 0, 2, *parts))], tmp_path)
    soup = soup_of(tmp_path / "reports" / "ada.html")
    assert len(soup.find_all("dl")) == 1
    assert words_of(soup).count("(for the same reason)") == 2


# --- harm -------------------------------------------------------------------------------------


def pages_of(folder):
    return sorted(folder.rglob("*.html"))


def test_no_page_runs_or_loads_anything(written):
    for path in pages_of(written):
        soup = soup_of(path)
        assert not soup.find_all(["script", "iframe", "object", "embed", "img", "base", "form"])
        assert [link["href"] for link in soup.find_all("link")] == []
        assert not [t for t in soup.find_all(True) for a in t.attrs if a.lower().startswith("on")]
        policy = soup.find("meta", {"http-equiv": "Content-Security-Policy"})
        assert policy["content"] == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
        assert all(
            a["href"].startswith(("https://", "reports/")) or a["href"].endswith(".csv")
            for a in soup.find_all("a")
        )


def test_no_file_holds_a_character_that_hides_or_steers(written):
    for path in written.rglob("*.*"):
        text = path.read_bytes().decode("utf-8-sig")
        assert not re.search(
            "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text.replace("\r\n", "\n")
        ), path


def test_what_a_student_wrote_is_shown_as_it_is(written):
    said = words_of(soup_of(written / "reports" / f"{slug(EVIL)}.html"))
    assert '<script>alert("x")</script>⟨U+001B⟩[31mred⟨U+202E⟩gnp.exe⟨U+D800⟩' in said


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x00b\x7f\x9b", "a⟨U+0000⟩b⟨U+007F⟩⟨U+009B⟩"),
        ("\u2066\u200f\ufeff\u2028", "⟨U+2066⟩⟨U+200F⟩⟨U+FEFF⟩⟨U+2028⟩"),
        ("نام\u200cها é 名 😀", "نام\u200cها é 名 😀"),
        ("x" * 601, "x" * 599 + "…"),
    ],
)
def test_controls_are_shown_and_letters_stay(text, shown):
    assert visible(text) == shown


@pytest.mark.parametrize(
    "name",
    [
        '=HYPERLINK("http://evil","x")',
        "-2+3",
        "+1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        " =1",
        "\n-1",
        "＝1",
    ],
)
def test_no_cell_is_a_formula(name, tmp_path):
    write_reports([{**ADA, "student": name, "messages": [name]}], tmp_path)
    for file in ("grades.csv", "canvas.csv", "moodle.csv"):
        cells = [cell for row in rows_of(tmp_path / file) for cell in row]
        assert not [cell for cell in cells if re.match(r"\s*[=+\-@＝]", cell)], file
        assert f"'{visible(name).strip()}" in cells


@pytest.mark.parametrize("name", ["Ada;=1+1", "Ada; +1", 'Ada;"@SUM(A1)', "Ada;\t-2+3;x"])
def test_no_cell_is_a_formula_where_semicolons_end_cells(name, tmp_path):
    write_reports([{**ADA, "student": name, "messages": [f"of {name}"]}], tmp_path)
    for file in ("grades.csv", "canvas.csv", "moodle.csv"):
        for row in rows_of(tmp_path / file):
            cells = ",".join(row).split(";")
            assert not [one for one in cells if re.match(r"[\s\"]*[=+\-@]", one)], file


def test_no_name_of_a_file_gives_the_hand_in_to_somebody_else():
    moodle = "Mallory_12_assignsubmission_file_Bob_77_assignsubmission_file_lab"
    assert Roster().person(moodle).identifier == "Participant 12"
    assert Roster().person("mallory_12_5_bob_77_6_lab").id == "12"


def test_nobody_can_be_called_points_possible(tmp_path):
    write_reports([{**ADA, "student": "Points Possible, Ada"}], tmp_path)
    rows = rows_of(tmp_path / "canvas.csv")
    assert [row[-1] for row in rows if "Points Possible" in row[0]] == ["5"]


# --- pages that everybody can read ------------------------------------------------------------


class Strict(html.parser.HTMLParser):
    """Sees that every element is closed where it should be."""

    VOID = {"meta", "wbr", "rect", "line", "br"}

    def __init__(self):
        super().__init__()
        self.open, self.headings, self.ids = [], [], []

    def handle_starttag(self, tag, attrs):
        self.ids += [value for key, value in attrs if key == "id"]
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        assert tag in self.VOID

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize("released", [False, True])
def test_pages_are_well_formed_and_say_what_they_draw(tmp_path, released):
    write_reports(CLASS, tmp_path, released=released)
    for path in pages_of(tmp_path):
        text, soup, parser = path.read_text("utf-8"), soup_of(path), Strict()
        parser.feed(text)
        assert text.startswith("<!DOCTYPE html>")
        assert parser.open == []
        assert parser.headings[0] == 1
        assert set(parser.headings[1:]) == {2}
        assert len(parser.ids) == len(set(parser.ids))
        assert soup.html["lang"] == "en"
        assert soup.title.get_text()
        assert soup.find("meta", {"name": "viewport"})
        assert all(cell.get("scope") for cell in soup.find_all("th"))
        assert all(div["aria-label"] and div["tabindex"] for div in soup.select(".scroll"))
        for drawn in soup.find_all("svg"):
            for name in drawn["aria-labelledby"].split():
                assert soup.find(id=name).get_text()
        for mark in soup.find_all("span", role="img"):
            assert mark["aria-label"]
            assert mark.get_text() in "✓✗○✎"


def test_the_style_is_made_for_the_dark_for_print_and_for_phones(written):
    style = soup_of(written / "overview.html").style.get_text()
    for rule in ("prefers-color-scheme: dark", "@media print", "max-width: 32rem"):
        assert rule in style
    assert "url(" not in style
    assert "@import" not in style


# --- the class --------------------------------------------------------------------------------


def test_statistics_by_hand():
    size, by_hand = statistics([ADA, GRACE, MALLORY])
    assert (size.name, size.students, size.of) == ("output_size", 3, 2)
    assert size.mean == pytest.approx(2.75 / 3)
    assert size.share == pytest.approx(2.75 / 6)
    assert (size.full, size.zero) == (pytest.approx(1 / 3), pytest.approx(1 / 3))
    assert size.problem == ("a hidden problem", 2)
    assert size.check == ("two (visible)", 2)
    assert (by_hand.full, by_hand.zero) == (pytest.approx(1 / 3), pytest.approx(2 / 3))
    assert by_hand.problem == ("3 of 4 are wrong.", 2)  # numbers apart they are the same


def test_the_overview_by_hand(written):
    soup = soup_of(written / "overview.html")
    said = words_of(soup)
    assert "3 students, mean 1.25, median 0.75 of 5 points" in said
    assert "2 of them are given by hand" in said
    spread, means = soup.find_all("svg")
    # three points can be given: a column is 0.3 wide, 0.75 is in the third and 3 in the last
    assert spread.desc.get_text() == (
        "0 to 0.3 points: 1 student; 0.6 to 0.9 points: 1 student; 2.7 to 3 points: 1 student."
    )
    assert len(spread.select("rect.bar")) == 3
    assert means.desc.get_text() == "output_size: 46 %; size_by_hand: 33 %."
    lengths = [float(bar["width"]) / 340 for bar in means.select("rect.bar")]
    assert lengths == pytest.approx([2.75 / 6, 1 / 3], abs=1e-3)
    exercise = [
        " ".join(cell.get_text().split()) for cell in soup.table.tbody.tr.find_all(["th", "td"])
    ]
    assert exercise[:4] == ["output_size", "0.92 of 2", "33 %", "33 %"]
    assert exercise[4] == "a hidden problem (2 students)"
    table = soup.select_one("table.class")
    rows = [
        [c.get_text() for c in row.find_all(["th", "td"])] for row in table.tbody.find_all("tr")
    ]
    assert rows[1:] == [
        ["ada", "3 of 5", "✓ 2", "✓ 1", "✎"],
        ["grace", "0.75 of 5", "✗ 0.75", "✗ 0", "✎"],
    ]
    assert "The file is not UTF-8." in said
    assert "Grading took 5.25 s over all notebooks, 2.25 s for the slowest." in said
    for link in table.find_all("a"):
        assert (written / link["href"]).is_file()


# --- tables -----------------------------------------------------------------------------------


def test_the_plain_table(written):
    rows = rows_of(written / "grades.csv")
    head, *_, grace = rows
    assert dict(zip(head, grace, strict=True)) == {
        **{"hand-in": "grace", "name": "grace", "id": "", "email": "", "lab": "convolution"},
        **{"points": "0.75", "of": "5", "output_size": "0.75", "size_by_hand": "0", "essay": ""},
        **{"seconds": "2.25", "messages": "The file is not UTF-8."},
    }
    assert [len(row) for row in rows] == [len(head)] * 4


def test_canvas_and_moodle_without_a_roster_know_what_the_hand_ins_say(tmp_path):
    names = ["lovelaceada_LATE_11_222_lab", "Grace Hopper_33_assignsubmission_file"]
    write_reports([{**ADA, "student": names[0]}, {**GRACE, "student": names[1]}], tmp_path)
    assert rows_of(tmp_path / "canvas.csv") == [
        ["Student", "ID", "SIS Login ID", "Section", "convolution"],
        ["Points Possible", "", "", "", "5"],
        ["Grace Hopper", "", "", "", "0.75"],
        [names[0], "11", "", "", "3"],
    ]
    head, grace, _ = rows_of(tmp_path / "moodle.csv")
    assert dict(zip(head, grace, strict=True)) == {
        **{"Identifier": "Participant 33", "Full name": "Grace Hopper", "Email address": ""},
        **{"ID number": "", "Grade": "0.75", "Maximum grade": "5"},
        "Feedback comments": (
            "output_size: 0.75 of 2 (visible checks 1 of 2, hidden checks 1 of 4); "
            "size_by_hand: 0 of 1 (visible checks 0 of 1); essay: graded by hand; "
            "2 points are still to be given by hand; The file is not UTF-8."
        ),
    }


def test_moodle_shows_the_whole_feedback_of_a_long_lab(tmp_path):
    tasks = [task(f"exercise_{i}", 1.0, 1, part("one")) for i in range(30)]
    write_reports([result("ada", 30.0, *tasks, ESSAY, messages=["The last word."])], tmp_path)
    (_, (*_, said)) = rows_of(tmp_path / "moodle.csv")
    assert said.count("1 of 1 (visible checks 1 of 1)") == 30
    assert said.endswith("2 points are still to be given by hand; The last word.")


@pytest.mark.parametrize(
    "roster",
    [
        "hand-in,name,id,login,email,section\nada,Ada L.,7,al,al@x.org,S1\n,Alan,8,at,a@x.org,S1\n",
        "Student;ID;SIS User ID;SIS Login ID;Section;Email\n    Points Possible;;;;;\n"
        "Ada L.;7;u7;al;S1;ada\nAlan;8;u8;at;S1;a@x.org\n",
        "\ufeffFirst name,Last name,ID number,Email address\nAda,L.,7,ada\nAlan,,8,a@x.org\n",
    ],
    ids=["own", "canvas", "moodle"],
)
def test_a_roster_says_who_is_who_and_who_is_missing(roster, tmp_path):
    path = tmp_path / "roster.csv"
    path.write_text(roster, "utf-8")
    write_reports([ADA], tmp_path / "out", roster=path)
    head, _, ada = rows_of(tmp_path / "out" / "canvas.csv")
    found = dict(zip(head, ada, strict=True))
    assert (found["Student"], found["ID"]) == ("Ada L.", "7")
    said = words_of(soup_of(tmp_path / "out" / "overview.html"))
    assert said.partition("handed in nothing")[2].split()[0] == "Alan"
    assert "Ada L." in words_of(soup_of(tmp_path / "out" / "reports" / "ada.html"))


def test_a_name_that_two_share_finds_nobody(tmp_path):
    path = tmp_path / "roster.csv"
    path.write_text("name,id\nAda,1\nAda,2\n", "utf-8")
    assert read_roster(path).person("ada").id == ""


def test_a_roster_without_a_column_that_is_known_is_refused(tmp_path):
    path = tmp_path / "roster.csv"
    path.write_text("colour,size\nred,3\n", "utf-8")
    with pytest.raises(ValueError, match=r"column hand-in, name, id.*roster\.csv has .*colour"):
        read_roster(path)


# --- Gradescope -------------------------------------------------------------------------------

KEYS = {"score", "output", "output_format", "visibility", "stdout_visibility"}
TEST_KEYS = {"score", "max_score", "status", "name", "number", "output", "output_format"}
SEEN = {"hidden", "after_due_date", "after_published", "visible"}


@pytest.mark.parametrize("released", [False, True])
def test_results_json_has_the_documented_form(released):
    found = results_json(GRACE, released=released)
    assert json.loads(json.dumps(found)) == found
    assert set(found) == KEYS | {"tests"}
    for test in found["tests"]:
        by_hand = {"score", "max_score", "status"} if "essay" in test["name"] else set()
        assert set(test) == TEST_KEYS - by_hand | {"visibility"}
        assert test["visibility"] in SEEN
        assert test.get("status", "passed") in ("passed", "failed")
    assert found["score"] == sum(test.get("score", 0) for test in found["tests"]) == 0.75
    assert sum(test.get("max_score", 0) for test in found["tests"]) == 3
    assert found["output"].splitlines()[-1] == "2 points are given by hand."


def test_results_json_by_hand():
    tests = {test["name"]: test for test in results_json(GRACE)["tests"]}
    assert list(tests) == [
        *("output_size: one", "output_size: two", "output_size: hidden checks"),
        *("size_by_hand: the number", "essay: graded by hand"),
    ]
    wrong, hidden = tests["output_size: two"], tests["output_size: hidden checks"]
    assert (wrong["score"], wrong["max_score"], wrong["visibility"]) == (0, 0.5, "visible")
    assert "came: 23\nexpected: 24" in wrong["output"]
    assert (hidden["score"], hidden["max_score"], hidden["visibility"]) == (0.25, 1, "hidden")
    assert hidden["output"] == "1 of 4 hold."
    shown = [t for t in results_json(GRACE, released=True)["tests"] if SECRET[0] in t["name"]]
    assert {test["visibility"] for test in shown} == {"after_published"}


@pytest.fixture(scope="module")
def lab():
    return sources_of(ROOT / "labs" / "source" / "convolution.ipynb")


@pytest.mark.parametrize("backend", ["bwrap", "trusted"])
def test_the_zip_holds_what_gradescope_runs(lab, tmp_path, backend):
    path = autograder_zip(lab, tmp_path / "auto.zip", backend=backend, secret="s")
    again = autograder_zip(lab, tmp_path / "again.zip", backend=backend, secret="s")
    assert path.read_bytes() == again.read_bytes()
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path)
        names = set(archive.namelist())
        for name in ("setup.sh", "run_autograder"):
            assert archive.getinfo(name).external_attr >> 16 & stat.S_IXUSR
            subprocess.run(["bash", "-n", tmp_path / name], check=True)
        texts = {name: archive.read(name).decode() for name in names if "whl" not in name}
    assert names - {name for name in names if name.endswith(".whl")} == {
        *("setup.sh", "run_autograder", "README.md", "lab/source/secret.key"),
        *("lab/source/convolution.ipynb", "lab/hidden/convolution.py"),
    }
    assert sources_of(tmp_path / "lab" / "source" / "convolution.ipynb") == lab
    assert not [name for name, text in texts.items() if re.search(r"@[A-Z]+@", text)]
    assert texts["setup.sh"].startswith("#!/usr/bin/env bash\n")
    assert "whl numpy" in texts["setup.sh"]
    assert f'if [ "{backend}" != trusted ]' in texts["run_autograder"]
    assert "--trusted" not in texts["run_autograder"]
    assert "refuses" in texts["README.md"]


def test_two_zips_draw_other_inputs(lab, tmp_path):
    keys = set()
    for name in ("one.zip", "two.zip"):
        with zipfile.ZipFile(autograder_zip(lab, tmp_path / name)) as archive:
            keys.add(archive.read("lab/source/secret.key"))
    assert len(keys) == 2


def test_the_wheel_in_the_zip_can_be_installed_and_grades(lab, tmp_path):
    with zipfile.ZipFile(autograder_zip(lab, tmp_path / "auto.zip")) as archive:
        (wheel,) = [name for name in archive.namelist() if name.endswith(".whl")]
        archive.extract(wheel, tmp_path)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"]
    subprocess.run([*pip, "--target", tmp_path / "site", tmp_path / wheel], check=True)
    code = (
        "import labkit.grading.report.page as p, sys; from labkit.grading import grade; "
        "assert p.__file__.startswith(sys.argv[1]); print(len(p.page('a', 'b')) > 1000)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "site")]
    run = subprocess.run(
        command,
        env={"PYTHONPATH": str(tmp_path / "site")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert (run.stdout.strip(), run.stderr) == ("True", "")


def test_another_backend_or_a_broken_lab_is_refused(lab, tmp_path):
    with pytest.raises(ValueError, match="backend must be one of bwrap, trusted; got 'docker'"):
        autograder_zip(lab, tmp_path / "auto.zip", backend="docker")
    with pytest.raises(LabError):
        autograder_zip(Sources("x", "{}"), tmp_path / "auto.zip")
    assert not list(tmp_path.iterdir())
