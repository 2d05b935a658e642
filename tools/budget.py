"""Measure what each page takes on this machine, and record it in book/budget.json.

    python tools/budget.py [NOTEBOOK ...]    without names: every notebook in book/ and labs/source/

Each notebook runs by itself, in the same strict comparison as `make test`, in one thread. The book
shows the figures on its pages; a test fails when a page's code has changed since.
"""

import hashlib
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RECORD = ROOT / "book" / "budget.json"
SETUP = "# Setup. Written by tools/address.py"


def code_hash(path):
    """A hash of the code that a page runs; the setup cell and the text do not count."""
    notebook = json.loads(Path(path).read_text(encoding="utf-8"))
    sources = ("".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "code")
    code = "\n\n".join(source for source in sources if not source.startswith(SETUP))
    return hashlib.sha256(code.encode()).hexdigest()[:16]


def machine():
    """The class of this machine, in words."""
    cores = os.cpu_count()
    python = ".".join(platform.python_version_tuple()[:2])
    return f"{cores} CPU cores ({platform.system()}, {platform.machine()}, Python {python})"


def measured(path):
    """What a page takes: the figures that the notebook's own test run leaves behind."""
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"BUDGET_FOLDER": folder}
        command = [sys.executable, "-m", "pytest", "--nbval", "-q", str(path)]
        if subprocess.run(command, cwd=ROOT, env=environment).returncode:
            sys.exit(f"{path} does not pass; nothing recorded")
        [left] = Path(folder).iterdir()
        return json.loads(left.read_text())


def main(arguments):
    """Measure and record."""
    every = [*(ROOT / "book").glob("*.ipynb"), *(ROOT / "labs" / "source").glob("*.ipynb")]
    record = json.loads(RECORD.read_text()) if RECORD.exists() else {"machine": "", "pages": {}}
    known = {path.relative_to(ROOT).as_posix() for path in every}
    pages = {name: kept for name, kept in record["pages"].items() if name in known}
    for path in [Path(name).resolve() for name in arguments] or sorted(every):
        name = path.relative_to(ROOT).as_posix()
        pages[name] = {"code": code_hash(path)} | measured(path)
        print(name, pages[name])
    new = {"machine": machine(), "pages": dict(sorted(pages.items()))}
    RECORD.write_text(json.dumps(new, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
