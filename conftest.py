"""What every run of the tests shares: one thread, and a budget for each notebook it compares."""

import json
import os
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parent
collect_ignore = ["book/_build", "book/_ext", "book/node_modules"]
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy is imported: it reads them once
os.environ["KERAS_BACKEND"] = "torch"
os.environ["PYTHONHASHSEED"] = "0"
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests" / "book")]


def pytest_collection_modifyitems(items):
    """Put after the cells of each notebook one more test: what its kernel took."""
    last = {item.parent: i for i, item in enumerate(items) if hasattr(item, "cell_num")}
    for file, place in sorted(last.items(), key=lambda pair: -pair[1]):
        items.insert(place + 1, Budget.from_parent(file, name="budget"))


class Budget(pytest.Item):
    """The kernel of a notebook has used no more processor time and memory than a page may."""

    def runtest(self):
        """Compare with the limits, and leave the figures where tools/budget.py asks for them."""
        from limits import PEAK_MIB, SECONDS

        taken = measure(self.parent.kernel.km.provisioner.pid)
        folder = os.environ.get("BUDGET_FOLDER")
        if folder:
            name = self.path.relative_to(ROOT).as_posix()
            Path(folder, name.replace("/", "%")).write_text(json.dumps(taken))
        for taken_now, most, unit in (
            (taken["cpu_seconds"], SECONDS, "s of processor time"),
            (taken["peak_mib"], PEAK_MIB, "MiB"),
        ):
            if taken_now > most:
                raise pytest.fail.Exception(f"{taken_now} {unit}; a page may take {most}")

    def repr_failure(self, excinfo):
        """Say it in one sentence."""
        return f"{self.path.name} took {excinfo.value}"

    def reportinfo(self):
        """Name the file and the test."""
        return self.path, 0, f"{self.path.name}::budget"


def measure(pid):
    """Wall and processor seconds of a process since its start, and its peak memory in MiB."""
    import psutil

    process = psutil.Process(pid)
    used = process.cpu_times()
    peak = process.memory_info().rss
    status = Path(f"/proc/{pid}/status")
    if status.exists():
        line = next(x for x in status.read_text().splitlines() if x.startswith("VmHWM"))
        peak = int(line.split()[1]) * 1024
    return {
        "seconds": round(time.time() - process.create_time(), 1),
        "cpu_seconds": round(used.user + used.system + used.children_user, 1),
        "peak_mib": round(peak / 2**20),
    }
