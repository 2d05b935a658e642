"""How long a class takes: labkit beside nbgrader on the same notebooks, in one run.

    python -m benchmarks.grading [--students 200] [--beside 20] [--json]

One student in ten is hostile: a loop without end, an exit, memory, forks. nbgrader gets the first
`--beside` honest notebooks only, because a hostile one would run with the rights of whoever calls
this. Needs labkit-course[grading] and bubblewrap.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.provenance import made_with

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks/results/grading.json"
LAB = ROOT / "labs/source/convolution.ipynb"
RELEASE = ROOT / "labs/release/convolution.ipynb"
HOSTILE = (
    "while True:\n    pass",
    "import os\nos._exit(0)",
    "held = []\nwhile True:\n    held.append(bytearray(10**8))",
    "import os\nwhile True:\n    os.fork()",
)


def hand_in(folder, number):
    """Two of three are right, one of three is the bare copy; one in ten is hostile as well."""
    notebook = json.loads((LAB if number % 3 else RELEASE).read_text("utf-8"))
    if number % 10 == 9:
        source = HOSTILE[number // 10 % len(HOSTILE)]
        cell = {"cell_type": "code", "id": "hostile", "metadata": {}, "outputs": []}
        notebook["cells"].insert(3, cell | {"execution_count": None, "source": source})
    place = folder / f"student{number:03}" / "convolution.ipynb"
    place.parent.mkdir(parents=True)
    place.write_text(json.dumps(notebook), encoding="utf-8")


def seconds_of_labkit(submitted, out):
    """Seconds for the class, and the points of each student."""
    command = [sys.executable, "-m", "labkit.grading", "run", str(LAB), str(submitted)]
    begun = time.perf_counter()
    subprocess.run([*command, "--out", str(out), "--cell-seconds", "10"], check=True, cwd=ROOT)
    seconds = time.perf_counter() - begun
    results = [json.loads(p.read_text("utf-8")) for p in sorted((out / "results").glob("*.json"))]
    return seconds, {result["student"]: result["points"] for result in results}


def seconds_of_nbgrader(submitted, course, students):
    """Seconds for the first honest students, in a course made for them."""
    (course / "source/ps1").mkdir(parents=True)
    shutil.copy(LAB, course / "source/ps1")
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    quiet = {"cwd": course, "env": environment, "check": True, "capture_output": True}
    subprocess.run(["nbgrader", "generate_assignment", "ps1"], **quiet)
    for student in students:
        shutil.copytree(submitted / student, course / "submitted" / student / "ps1")
    begun = time.perf_counter()
    subprocess.run(["nbgrader", "autograde", "ps1"], **quiet)
    return time.perf_counter() - begun


def main():
    """Measure, print, and record if that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--students", type=int, default=200)
    parser.add_argument("--beside", type=int, default=20)
    parser.add_argument("--json", action="store_true", help="write benchmarks/results/grading.json")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        submitted = folder / "submitted"
        for number in range(chosen.students):
            hand_in(submitted, number)
        seconds, points = seconds_of_labkit(submitted, folder / "out")
        honest = [f"student{n:03}" for n in range(chosen.students) if n % 10 != 9]
        theirs = seconds_of_nbgrader(submitted, folder / "course", honest[: chosen.beside])
    wrong = [s for s, p in points.items() if p != (30.0 if int(s[7:]) % 3 else 0.0)]
    found = {
        "labkit": told(chosen.students, chosen.students // 10, 2, seconds),
        "nbgrader": told(chosen.beside, 0, 1, theirs),
        "graded": len(points),
        "not what the answers deserve": wrong,
    }
    print(json.dumps(found, indent=1))
    if chosen.json:
        made = made_with("benchmarks/grading.py", ("numpy", "nbgrader"))
        RESULTS.write_text(json.dumps({"runs": [made | found]}, indent=1) + "\n", "utf-8")


def told(count, hostile, workers, seconds):
    """What is recorded of one grader."""
    return {
        "hand_ins": count,
        "hostile": hostile,
        "workers": workers,
        "seconds": round(seconds, 1),
        "seconds_each": round(seconds / count, 2),
    }


if __name__ == "__main__":
    main()
