"""Plant small faults, one at a time, and count how many the tests find.

    python tools/mutate.py rules      every gradient times 1.001, an argument at a time (seconds)
    python tools/mutate.py sources [FILE ...]
                                      a number, operator, comparison or statement of the source at a
                                      time, in these files (a quarter of a second each); without
                                      files in all whose code has changed since
    python tools/mutate.py sources --all
                                      in every file that has to have an entry (ten minutes)
    python tools/mutate.py report     what was found, a line for each file

Prints what was not found, and the score. `rules` ends with 1 if a fault was not found. `sources`
writes its results to tests/mutants.json; tests/mutants.toml says by hand why a fault that was not
found changes nothing that anyone could notice. tests/test_mutants.py holds both to the sources.
"""

import argparse
import datetime
import importlib
import json
import resource
import subprocess
import sys
import tomllib
from pathlib import Path

from faults import fingerprint
from hunt import hunt

ROOT = Path(__file__).resolve().parents[1]
REPORT = ROOT / "tests" / "mutants.json"
VERDICTS = ROOT / "tests" / "mutants.toml"
# Every file of these packages has to have an entry, and each of these files.
SOURCES = ("labkit/metrics", "labkit/ops", "labkit/optim")
SOURCES += ("labkit/generation.py", "labkit/schedules.py", "labkit/tokenizers.py")
SCALE = 1.001


# --- rules ------------------------------------------------------------------------------------


def mutate_rules():
    """Scale each gradient of each rule; return what was planted and whether it was found."""
    # The package is the thing under test, so it is loaded by name, as the tests would.
    primitives = importlib.import_module("labkit.autograd").PRIMITIVES
    testing = importlib.import_module("labkit.testing")
    results = []
    for name, function in sorted(primitives.items()):
        for i in with_gradient(testing, name, function):
            try:
                testing.check_vjp(name, scaled(function.vjp, i))
                found = False
            except testing.Mismatch:
                found = True
            results.append({"fault": f"{name}: gradient {i + 1} times {SCALE}", "found": found})
    return results


def with_gradient(testing, name, function):
    """Return the positions of the arguments that have a gradient in some case of the table."""
    seen = set()

    def watched(g, out, *args, **config):
        given = function.vjp(g, out, *args, **config)
        seen.update(i for i, gradient in enumerate(given[: len(args)]) if gradient is not None)
        return given

    testing.check_vjp(name, watched)
    return sorted(seen)


def scaled(rule, which):
    """The rule with one of its gradients off by a thousandth."""

    def wrong(g, out, *args, **config):
        given = rule(g, out, *args, **config)
        return tuple(v * SCALE if i == which and v is not None else v for i, v in enumerate(given))

    return wrong


# --- sources ----------------------------------------------------------------------------------


def sources():
    """Return every file that has to have an entry in the report, from the root."""
    paths = [ROOT / name for name in SOURCES]
    files = [f for p in paths for f in (p.rglob("[!_]*.py") if p.is_dir() else [p])]
    return sorted(f.relative_to(ROOT).as_posix() for f in files)


def read_report():
    """Return the entry of each file: how many faults were planted and found, and the others."""
    return json.loads(REPORT.read_text(encoding="utf-8")) if REPORT.exists() else {}


def read_verdicts():
    """Return for each file the faults that change nothing, (where, code, change), and why."""
    table = tomllib.loads(VERDICTS.read_text(encoding="utf-8"))
    return {
        file: {
            (verdict["where"], verdict["code"], change): verdict["why"]
            for verdict in verdicts
            for change in verdict["changes"]
        }
        for file, verdicts in table.items()
    }


def survivors(entry):
    """Return the names of the faults that were not found."""
    return {(each["where"], each["code"], each["change"]) for each in entry["survivors"]}


def is_stale(file, entry):
    """Whether the code of a file is another than the one that its entry is about."""
    return entry["source"] != fingerprint((ROOT / file).read_text(encoding="utf-8"))


def mutate_source(file):
    """Plant each fault in a file; return its entry of the report."""
    before = processor_seconds()
    planted, missed = 0, []
    for fault, found, reached in hunt(file):
        planted += 1
        if not found:
            where, code, change = fault.key
            missed.append({"line": fault.line, "where": where, "code": code, "change": change})
            unseen = "" if reached else "; no test comes here"
            print(f"  not found: {file}:{fault.line}: {code}   [{change}{unseen}]", flush=True)
    commit = ["git", "-C", ROOT, "log", "-1", "--format=%h", "--", file]
    return {
        "source": fingerprint((ROOT / file).read_text(encoding="utf-8")),
        "date": datetime.date.today().isoformat(),
        "commit": subprocess.run(commit, capture_output=True, text=True).stdout.strip(),
        "cpu_seconds": round(processor_seconds() - before),
        "planted": planted,
        "found": planted - len(missed),
        "survivors": missed,
    }


def processor_seconds():
    """Return what this process and its children that ended have used."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def mutate_sources(files):
    """Plant faults in these files, and write each one's entry as soon as it is there."""
    for file in files:
        entry = mutate_source(file)
        print(score(file, entry["found"], entry["planted"]), flush=True)
        report = {**read_report(), file: entry}
        report = {name: report[name] for name in sources() if name in report}
        REPORT.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


# --- what is printed --------------------------------------------------------------------------


def score(what, found, planted):
    """Return one line: how many faults were planted, and how many of them were found."""
    return f"{what}: {found} of {planted} faults found ({found / max(planted, 1):.1%})"


def print_report():
    """Print a line for each file, the faults that wait for a test or a verdict, and the sums."""
    report, verdicts = read_report(), read_verdicts()
    totals = {}
    for file, entry in report.items():
        unseen = survivors(entry) - set(verdicts.get(file, {}))
        print(score(file, entry["found"], entry["planted"]), "(stale)" * is_stale(file, entry))
        for each in entry["survivors"]:
            if (each["where"], each["code"], each["change"]) in unseen:
                print(f"  open: {file}:{each['line']}: {each['code']}   [{each['change']}]")
        for what in (file.rpartition("/")[0], "all"):
            found, planted, open_ = totals.get(what, (0, 0, 0))
            sums = found + entry["found"], planted + entry["planted"], open_ + len(unseen)
            totals[what] = sums
    for what, (found, planted, open_) in totals.items():
        same = planted - found - open_
        print(f"{score(what, found, planted)}; {same} change nothing, {open_} are open")


def main():
    """Plant, run, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=["rules", "sources", "report"])
    parser.add_argument("files", nargs="*", help="sources to plant faults in, from the root")
    parser.add_argument("--all", action="store_true", help="in every file, changed or not")
    options = parser.parse_args()
    if options.what == "report":
        print_report()
    elif options.what == "sources":
        report = read_report()
        changed = [f for f in sources() if f not in report or is_stale(f, report[f])]
        mutate_sources(options.files or (sources() if options.all else changed))
    else:
        results = mutate_rules()
        for result in results:
            if not result["found"]:
                print(f"  not found: {result['fault']}")
        found = sum(result["found"] for result in results)
        print(score("gradient rules", found, len(results)), flush=True)
        return int(found < len(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
