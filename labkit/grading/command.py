"""`labkit grade`: hand a lab out, grade what comes back, report."""

from __future__ import annotations

import argparse
import json
from importlib import metadata
from pathlib import Path

from labkit.grading import run as running
from labkit.grading.grade import Job, grade, seed_for
from labkit.grading.handins import collect, collect_one
from labkit.grading.lab import load, sources_of
from labkit.grading.limits import Limits
from labkit.grading.release import release
from labkit.grading.report import write_reports
from labkit.grading.report.gradescope import results_json
from labkit.grading.report.roster import read_roster
from labkit.grading.report.text import one_line
from labkit.grading.sandbox import BACKENDS, choose

HELP = {
    "release": "write the students' copies: the notebooks without their solutions",
    "run": "grade what the students handed in",
    "report": "write the pages and tables again, for instance with the hidden checks shown",
    "doctor": "say which walls work on this machine, and why the others do not",
    "gradescope": "grade one hand-in inside Gradescope's container",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's steps to its parser."""
    parser.epilog = "A class from the first step to the last: the page For instructors of the book."
    steps = parser.add_subparsers(title="steps", dest="step", metavar="STEP", required=True)
    found = {name: steps.add_parser(name, help=text) for name, text in HELP.items()}
    _release_options(found["release"])
    _run_options(found["run"])
    _report_options(found["report"])
    inside = found["gradescope"]
    inside.add_argument("lab", type=Path, help="the instructor's notebook")
    inside.add_argument("submission", type=Path, help="the folder that holds the hand-in")
    inside.add_argument("results", type=Path, help="the file to write, results.json")
    _backend_option(inside)


def _release_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "notebooks", nargs="*", type=Path, help="without names: those in labs/source"
    )
    parser.add_argument(
        "--to", type=Path, default=Path("labs/release"), help="the folder of the copies"
    )
    parser.add_argument("--check", action="store_true", help="write nothing; name stale copies")


def _run_options(parser: argparse.ArgumentParser) -> None:
    limits = Limits()
    parser.add_argument("lab", type=Path, help="the instructor's notebook, with the solutions")
    parser.add_argument(
        "submissions", type=Path, help="a folder, a zip from Canvas or Moodle, or one notebook"
    )
    parser.add_argument(
        "--out", type=Path, required=True, help="the folder of the results; each lab has its own"
    )
    parser.add_argument(
        "--hidden", type=Path, metavar="FILE", help="hidden inputs; by custom ../hidden/LAB.py"
    )
    _backend_option(parser)
    parser.add_argument(
        "--trusted", action="store_true", help="no walls at all: for notebooks of your own"
    )
    parser.add_argument(
        "--workers", type=int, default=2, metavar="N", help="notebooks at a time (%(default)s)"
    )
    parser.add_argument(
        "--executor", default="", help="dask, or the address of a Dask scheduler; else processes"
    )
    for name, seconds, what in (
        ("cell", limits.cell, "one cell"),
        ("call", limits.call, "one call of a function"),
        ("total", limits.total, "a whole notebook"),
    ):
        text = f"the most that {what} may take (%(default)g)"
        parser.add_argument(
            f"--{name}-seconds", type=float, default=seconds, metavar="S", help=text
        )
    parser.add_argument(
        "--memory-mib",
        type=int,
        default=limits.memory >> 20,
        metavar="MIB",
        help="the most memory that a notebook may use (%(default)s)",
    )
    _report_options(parser, out=False)


def _backend_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--backend",
        default="",
        choices=BACKENDS,
        help="which walls to use; without it the first of them that works here",
    )


def _report_options(parser: argparse.ArgumentParser, *, out: bool = True) -> None:
    if out:
        parser.add_argument("out", type=Path, help="the folder that `run` wrote")
    parser.add_argument(
        "--show-hidden", action="store_true", help="show the hidden checks to the students"
    )
    parser.add_argument(
        "--roster",
        type=Path,
        metavar="CSV",
        help="who is who: an export of Canvas's gradebook or of Moodle's participants, or columns "
        "such as hand-in, name, id, email",
    )


def run(args: argparse.Namespace) -> int:
    """Take one step and give its exit status."""
    steps = {
        "release": _release,
        "run": _run,
        "report": _report,
        "doctor": _doctor,
        "gradescope": _gradescope,
    }
    return steps[args.step](args)


def _release(args: argparse.Namespace) -> int:
    lines = release(
        args.notebooks or Path("labs/source").glob("*.ipynb"), args.to, check=args.check
    )
    print(*(lines or ["The students' copies are up to date."]), sep="\n")
    return int(args.check and bool(lines))


def _run(args: argparse.Namespace) -> int:
    if args.workers < 1:
        raise ValueError(f"--workers must be at least 1; got {args.workers}")
    backend = choose("trusted" if args.trusted else args.backend)
    if backend.name == "trusted" and not args.trusted:
        raise ValueError("--backend trusted has no walls; say --trusted if the notebooks are yours")
    limits = Limits(
        cell=args.cell_seconds,
        call=args.call_seconds,
        total=args.total_seconds,
        memory=args.memory_mib << 20,
    )
    if args.roster:
        read_roster(args.roster)  # before a long run, rather than after it
    lab = sources_of(args.lab, args.hidden)
    hand_ins = collect(args.submissions, lab.name)
    settings = running.Settings(backend.name, limits, args.workers, args.executor)
    results, failed = running.run(hand_ins, lab, args.out, settings)
    _reports(args)
    of = load(lab).points
    for result in results:
        print(f"{one_line(result['student']):24} {result['points']:6g} of {of:g}")
        for message in result["messages"]:
            print(f"    {one_line(message)}")
    for student in failed:
        print(f"{one_line(student):24}  not graded: the grading process itself died")
    print(f"{len(results)} graded with {backend.name}; see {args.out / 'overview.html'}")
    return int(bool(failed))


def _report(args: argparse.Namespace) -> int:
    for path in _reports(args):
        print(path)
    return 0


def _reports(args: argparse.Namespace) -> list[Path]:
    paths = sorted((args.out / "results").glob("*.json"))
    if not paths:
        raise ValueError(f"out must hold results; there are none in {args.out / 'results'}")
    results = [json.loads(path.read_text("utf-8")) for path in paths]
    return write_reports(results, args.out, released=args.show_hidden, roster=args.roster)


def _doctor(args: argparse.Namespace) -> int:
    works = False
    for name, backend in BACKENDS.items():
        verdict = backend.verdict()
        works = works or (verdict.works and name != "trusted")
        print(f"{'✓' if verdict.works else '✗'} {name:8} {verdict.reason}")
    for package in ("numpy", "distributed", "nbgrader"):
        try:
            print(f"✓ {package:8} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            print(f"○ {package:8} is not installed")
    if not works:
        print("No walls work here: do not grade other people's notebooks on this machine.")
    return int(not works)


def _gradescope(args: argparse.Namespace) -> int:
    lab = sources_of(args.lab)
    hand_in = collect_one(args.submission, lab.name)
    seed = seed_for(running.secret_in(args.lab.parent), "")
    job = Job(hand_in.student, hand_in.notebook, lab, seed, choose(args.backend).name)
    result = json.loads(grade(job.pack()))
    result["messages"] = [*hand_in.messages, *result["messages"]]
    args.results.write_text(json.dumps(results_json(result)), encoding="utf-8")
    return 0
