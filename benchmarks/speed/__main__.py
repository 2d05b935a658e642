"""Measure the speed of labkit beside PyTorch and beside what else a reader could have picked.

    python -m benchmarks.speed                  some minutes; prints a line for each figure
    python -m benchmarks.speed --json           also writes results/speed.json
    python -m benchmarks.speed --only attention --rounds 3

One thread, processor time, interleaved rounds; every result is compared before it is timed. Peers
that are not installed are left out, and the file says so; `make speed` installs them first.
"""

# ruff: noqa: E402
import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy reads them; see README.md on two threads
os.environ["KERAS_BACKEND"] = "torch"

import argparse
import json
import sys
import time
import warnings

import torch

from benchmarks.provenance import ROOT, code_as_committed, made_with
from benchmarks.speed import peers
from benchmarks.speed.cases import cases
from benchmarks.speed.measure import measure

RESULTS = ROOT / "benchmarks" / "results" / "speed.json"
PEERS = ROOT / "build" / "peers"


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--json", action="store_true", help=f"write {RESULTS.relative_to(ROOT)}")
    parser.add_argument("--only", default="", help="the cases whose group or name contains this")
    parser.add_argument("--rounds", type=int, default=11)
    options = parser.parse_args()
    if options.json and options.only:
        parser.error("--json needs all cases; leave out --only")
    sys.path.append(str(PEERS))  # behind everything else: only what is nowhere else comes from here
    warnings.simplefilter("ignore")  # what the peers import and compute is not ours to mend
    torch.set_num_threads(1)
    chosen = [case for case in cases() if options.only in f"{case.group}: {case.name}"]
    record = run(chosen, options.rounds)
    if options.json:
        RESULTS.write_text(json.dumps({"runs": [record]}, indent=1, ensure_ascii=False) + "\n")


def run(chosen, rounds):
    """Measure the cases; return everything that is recorded of them."""
    load, start = os.getloadavg(), time.process_time()
    figures = []
    for case in chosen:
        for dtype in case.dtypes:
            found = measure(case, dtype, rounds=rounds)
            print(*map(line, found), sep="\n", flush=True)
            figures += found
    return made_with("benchmarks.speed", ["numpy", "torch"]) | {
        "code_as_committed": code_as_committed(),
        "peers": peers.versions(),
        "failures": peers.failures(),
        "rounds": rounds,
        "load_average": {"before": load, "after": os.getloadavg()},
        "cpu_seconds": round(time.process_time() - start),
        "figures": figures,
    }


def line(figure):
    """Return a figure as a line of text."""
    target = "" if figure["target"] is None else f"  at most {figure['target']}"
    return (
        f"{figure['case']:52} {figure['part']:20} {figure['dtype']:8} "
        f"{figure['implementation']:22} {figure['milliseconds']:9.2f} ms {figure['ratio']:8.2f}"
        f"{target}"
    )


if __name__ == "__main__":
    main()
