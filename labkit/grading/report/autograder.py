"""The zip that an instructor gives to Gradescope: labkit, the lab, and what starts the grader."""

from __future__ import annotations

import base64
import hashlib
import io
import secrets as random_secrets
import zipfile
from importlib import metadata
from pathlib import Path

import labkit
from labkit.grading.lab import Sources, load
from labkit.grading.report.names import write_atomically

BACKENDS = ("bwrap", "trusted")
DATE = (1980, 1, 1, 0, 0, 0)  # the first that a zip can name: the same bytes every day

SETUP = """#!/usr/bin/env bash
# Gradescope runs this once, as root, when it builds the image.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends bubblewrap util-linux
find_python() {
  for python in python3.13 python3.12 python3.11; do
    if command -v "$python" && "$python" -c 'import ensurepip, venv' 2>/dev/null; then return; fi
  done
  return 1
}
find_python || apt-get install -y --no-install-recommends python3.11 python3.11-venv
"$(find_python | tail -n 1)" -m venv /autograder/venv
/autograder/venv/bin/python -m pip install --quiet /autograder/source/*.whl @PACKAGES@
chmod -R go-rwx /autograder/source
"""

RUN = """#!/usr/bin/env bash
# Gradescope runs this for each hand-in. Without results.json it reports that the grader failed,
# which is better than a wrong grade.
set -uo pipefail
python=/autograder/venv/bin/python
works() {
  "$python" -c "import sys; from labkit.grading.sandbox import BACKENDS
verdict = BACKENDS['bwrap'].verdict()
print(verdict.reason, file=sys.stderr)
sys.exit(not verdict.works)"
}
backend=bwrap
if ! works; then
  if [ "@BACKEND@" != trusted ]; then
    echo "REFUSED: bubblewrap does not work in this container, so nothing would stand between a" >&2
    echo "student's code and the grade. See README.md in the zip of the autograder." >&2
    exit 1
  fi
  echo "WARNING: graded WITHOUT WALLS, as the instructor chose when the zip was made." >&2
  backend=trusted
fi
chmod -R go-rwx /autograder/source
cd /
exec "$python" -m labkit.grading gradescope /autograder/source/lab/source/@LAB@.ipynb \\
  /autograder/submission /autograder/results/results.json --backend "$backend"
"""

README = """# Autograder for the lab @LAB@

Made by labkit. Upload the zip as it is: Configure Autograder, "Zip file upload", base image Ubuntu
22.04 or newer. `setup.sh` needs the network while the image is built; grading needs none.

**This zip holds the solutions and the hidden inputs. Keep it.**

## What stands between a student's code and the grade

The code runs in bubblewrap: a process without network, without the files of the grader, and with
limits. The verdict is formed outside it. That needs user namespaces, and a container of
Gradescope's, in which the grader is root, may forbid them. `run_autograder` tries it for each
hand-in. Where it does not work it **refuses**: no grade is written, and the output, which only
instructors see, says why. Then there are two ways:

1. Grade on a machine of yours with `labkit grade run`, and upload the points.
2. If you trust the students, make the zip again with the backend `trusted`. Then the code runs
   with the rights of the grader: it can read the hidden inputs and the solutions, and it can write
   its own `results.json`. This zip was made with the backend **@BACKEND@**.

We have not run this on Gradescope itself. Try it with a hand-in of your own first.

## What students see

Visible checks at once; the hidden ones are a line that only instructors see. Every hand-in meets
the same hidden inputs, drawn from the key beside the lab.
"""


def autograder_zip(
    lab_sources: Sources,
    path: Path,
    *,
    wheel: Path | None = None,
    backend: str = "bwrap",
    secret: str = "",
) -> Path:
    """Write the zip for Gradescope and return its path.

    ``wheel`` is labkit's; without one the labkit that runs here is packed. The ``backend`` is
    ``trusted`` only for an instructor who has read what that means, in the zip's README.
    ``secret`` draws the hidden inputs; without one it is random.

    Raises ValueError for another backend, and LabError if the lab is broken.
    """
    if backend not in BACKENDS:
        raise ValueError(f"backend must be one of {', '.join(BACKENDS)}; got {backend!r}")
    lab = load(lab_sources)
    words = {"@LAB@": lab.name, "@BACKEND@": backend, "@PACKAGES@": " ".join(lab.packages)}
    name, packed = (wheel.name, wheel.read_bytes()) if wheel else _wheel()
    files = {
        "setup.sh": _filled(SETUP, words),
        "run_autograder": _filled(RUN, words),
        "README.md": _filled(README, words),
        name: packed,
        f"lab/source/{lab.name}.ipynb": lab_sources.notebook.encode(),
        f"lab/hidden/{lab.name}.py": lab_sources.hidden.encode(),
        "lab/source/secret.key": f"{secret or random_secrets.token_hex(32)}\n".encode(),
    }
    return write_atomically(path, _zip(files, executable=("setup.sh", "run_autograder")))


def _filled(text: str, words: dict[str, str]) -> bytes:
    for key, word in words.items():
        text = text.replace(key, word)
    return text.encode()


def _zip(files: dict[str, bytes], executable: tuple[str, ...] = ()) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, DATE)
            entry.create_system = 3  # Unix, whose permissions follow
            entry.external_attr = (0o100755 if name in executable else 0o100644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return out.getvalue()


def _wheel() -> tuple[str, bytes]:
    """The labkit that runs here as a wheel, and its name; the data sets stay at home."""
    found = metadata.distribution("labkit-course")
    folder = Path(labkit.__file__).parent
    files = {
        f"labkit/{file.relative_to(folder).as_posix()}": file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.suffix in (".py", ".js", ".css", ".typed")
    }
    stem = f"labkit_course-{found.version}"
    info = f"{stem}.dist-info"
    files[f"{info}/METADATA"] = (found.read_text("METADATA") or "").encode()
    files[f"{info}/WHEEL"] = (
        b"Wheel-Version: 1.0\nGenerator: labkit\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    record = [f"{name},sha256={_checksum(data)},{len(data)}" for name, data in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,", ""]).encode()
    return f"{stem}-py3-none-any.whl", _zip(files)


def _checksum(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
