"""Fetch the browser's Python, Pyodide, for the test that runs labkit in it.

It comes from the npm registry, in the version that tests/pyodide/package.json names, into a folder
beside it; Node as in tools/book.py.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from book import node_folder, npm

FOLDER = Path(__file__).resolve().parents[1] / "tests" / "pyodide"
HOW = "Pyodide, the browser's Python, is not here: make pyodide fetches it from the npm registry"


def is_there() -> bool:
    """Whether the wanted version lies in the folder."""
    installed = FOLDER / "node_modules" / "pyodide" / "package.json"
    wanted = json.loads((FOLDER / "package.json").read_text())["dependencies"]["pyodide"]
    return installed.exists() and json.loads(installed.read_text())["version"] == wanted


def main() -> None:
    """Fetch it, unless it is there."""
    if is_there():
        return
    print("Fetching Pyodide, 14 MB ...", flush=True)
    node = node_folder()
    path = f"{node}{os.pathsep}{os.environ['PATH']}"
    command = [*npm(node), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    if subprocess.run(command, cwd=FOLDER, env=os.environ | {"PATH": path}).returncode:
        sys.exit("Pyodide could not be fetched: the npm registry does not answer.")


if __name__ == "__main__":
    main()
