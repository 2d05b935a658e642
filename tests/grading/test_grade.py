"""The grade: full points for the solution, none for the stub, shares by hand, the same again."""

import json
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from labkit.grading.grade import Job, grade, seed_for
from labkit.grading.lab import LabError, Sources, load, sources_of

ROOT = Path(__file__).resolve().parents[2]
LABS = sorted(path.stem for path in (ROOT / "labs/source").glob("*.ipynb"))


def job_of(lab, notebook, seed=7):
    return Job("ada", notebook, lab, seed, "trusted")


def graded(job):
    return json.loads(grade(job.pack()))


def sources(lab):
    return sources_of(ROOT / f"labs/source/{lab}.ipynb")


def small(*cells):
    return json.dumps({"cells": [cell | {"cell_type": "code"} for cell in cells]})


def cell(source, **marks):
    return {"source": source, "metadata": {"nbgrader": marks} if marks else {}}


def asserts(source, points):
    return cell(source, grade=True, solution=False, grade_id="t", points=points)


@pytest.mark.parametrize("lab", LABS)
def test_the_solution_has_all_points_and_the_released_copy_none(lab):
    for kind, share in (("source", 1), ("release", 0)):
        notebook = (ROOT / f"labs/{kind}/{lab}.ipynb").read_bytes()
        result = graded(job_of(sources(lab), notebook))
        assert result["points"] == share * result["of"] > 0 or share == 0
        assert result["points"] == share * result["of"], result


def test_visible_and_hidden_checks_count_half_each():
    right_but_for_dilation = (
        "def output_size(size, kernel_size, stride=1, padding=0, dilation=1):\n"
        "    if size + 2 * padding < kernel_size: raise ValueError\n"
        "    return (size + 2 * padding - kernel_size) // stride + 1"
    )
    result = graded(job_of(sources("convolution"), small(cell(right_but_for_dilation)).encode()))
    task = next(task for task in result["tasks"] if task["name"] == "output_size")
    states = [part["state"] for part in task["parts"]]
    assert states == ["holds"] * 3 + ["wrong", "wrong", "holds", "wrong"]
    assert task["points"] == round(2 * 0.5 * 4 / 6, 2)


def test_an_nbgrader_notebook_unchanged():
    lab = small(
        cell("import math"),
        cell("def near(a, b):\n    return abs(a - b) < 1e-9"),
        cell("def area(r):\n    return math.pi * r * r", grade=False, solution=True, grade_id="a"),
        asserts(
            "assert near(area(1), 3.141592653589793)\n### BEGIN HIDDEN TESTS\nassert area(0) == 0\n### END HIDDEN TESTS",  # noqa: E501
            3,
        ),
    )
    right = small(
        cell(
            "import math\ndef area(r): return math.pi * r**2\ndef near(a, b): return abs(a - b) < 1e-9"  # noqa: E501
        )
    )
    wrong = small(cell("def near(a, b): return True\ndef area(r): return 0"))
    own = Sources("circle", lab)
    assert graded(job_of(own, right.encode()))["points"] == 3
    assert graded(job_of(own, wrong.encode()))["points"] == 0  # a helper of the instructor's counts


def test_numbers_may_leave_their_range_where_tests_of_nbgrader_ask_for_it():
    answer = "import numpy as np\ndef logs(x): return np.log(x)"
    lab = small(
        cell(answer, grade=False, solution=True, grade_id="a"),
        asserts("assert logs(np.zeros(1))[0] == -np.inf", 3),
    )
    assert graded(job_of(Sources("logs", lab), small(cell(answer)).encode()))["points"] == 3


def test_an_answer_cannot_end_the_loop_of_the_tests():
    lab = small(
        cell("def twice(n):\n    return 2 * n", grade=False, solution=True, grade_id="a"),
        asserts("for came in map(twice, [1, 2]):\n    assert came in (2, 4)", 3),
    )
    wrong = small(cell("def twice(n): raise StopIteration"))
    own = Sources("loop", lab)
    assert graded(job_of(own, small(cell("def twice(n): return n + n")).encode()))["points"] == 3
    assert graded(job_of(own, wrong.encode()))["points"] == 0


def test_what_the_instructor_imports_beside_a_line_for_the_notebook_alone_is_there():
    lab = small(
        cell("%matplotlib inline\nimport numpy as np"),
        cell("def zeros(n):\n    return [0] * n", grade=False, solution=True, grade_id="a"),
        asserts("!true\nassert np.allclose(zeros(2), 0)", 3),
    )
    right = small(cell("def zeros(n): return n * [0]"))
    assert graded(job_of(Sources("magic", lab), right.encode()))["points"] == 3


@pytest.mark.parametrize(
    ("given", "asked", "tests", "cheat"),
    [
        ("", "def sum(x): return x[0]", "assert sum([1, 2]) == 3", "x = 1"),
        (
            "from math import sqrt",
            "def sqrt(x): return 1",
            "assert abs(sqrt(4) - 2) < 1e-9",
            "def sqrt(x): return 1",
        ),
        (
            "import numpy as np\nx = np.array([1.0, 3.0])",
            "def centred(x): return x - x.mean()",
            "assert np.allclose(centred(x), [-1, 1])",
            "import numpy as np\nx = np.array([-1, 1])\ndef centred(x): return x",
        ),
        (
            "%matplotlib inline\ndef near(a, b): return abs(a - b) < 1e-9",
            "def area(r): return 3 * r * r",
            "assert near(area(1), 3)",
            "def near(a, b): return True\ndef area(r): return 0",
        ),
    ],
    ids=(
        "a name of Python's",
        "an imported name",
        "data of the instructor's",
        "a helper beside a line for the notebook alone",
    ),
)
def test_what_tests_ask_for_is_the_students_and_what_they_give_the_instructors(
    given, asked, tests, cheat
):
    lab = Sources(
        "lab",
        small(
            cell(given), cell(asked, grade=False, solution=True, grade_id="a"), asserts(tests, 3)
        ),
    )
    assert graded(job_of(lab, small(cell(cheat)).encode()))["points"] == 0


def test_the_same_job_gives_the_same_result_and_another_seed_other_inputs():
    wrong = small(cell("def correlate(image, kernel, stride=1): return image")).encode()
    job = job_of(sources("convolution"), wrong)
    first, again, other = (
        graded(one) | {"seconds": 0, "key": ""} for one in (job, job, replace(job, seed=8))
    )
    assert first == again
    assert first != other
    assert job.key() != replace(job, seed=8).key() == replace(job, seed=8).key()


def test_in_another_thread_the_grade_is_the_same():
    job = job_of(sources("convolution"), small(cell("size_by_hand = 16")).encode())
    found = []
    for one in (job, replace(job, lab=Sources("broken", "[]"))):
        thread = threading.Thread(target=lambda one=one: found.append(attempt(one)))
        thread.start()
        thread.join()
    assert found[0]["points"] == 1
    assert isinstance(found[1], LabError)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the limit is Linux's")
def test_a_small_answer_cannot_swell_in_the_grading_process():
    import resource  # not everywhere

    texts = "edge_kernel = ['a' * 10**6] + ['b'] * 1000"  # NumPy would make 4 GB of it
    job = job_of(sources("convolution"), small(cell(texts)).encode())
    thread = threading.Thread(target=attempt, args=(job,))  # so it has a process of its own
    thread.start()
    thread.join()
    kib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert kib < 1.5 * 2**20


def attempt(job):
    try:
        return graded(job)
    except LabError as error:
        return error


def test_the_seed_is_the_students_own():
    assert seed_for(b"a", "ada") != seed_for(b"b", "ada")
    assert seed_for(b"a", "\udce4") >= 0  # a name that is no UTF-8


def test_the_lab_is_checked():
    with pytest.raises(LabError, match="no cell that gives points"):
        load(Sources("empty", small(cell("x = 1"))))
