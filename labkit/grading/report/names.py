"""Names of files, and writing them: safe whatever a student is called."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from pathlib import Path
from unicodedata import combining, normalize

LONGEST = 80
SAFE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
TAKEN = re.compile(
    r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?"  # devices of Windows
    r"|.*\."  # a dot at the end, which Windows drops
    r"|.*-[0-9a-f]{12}",  # the names that are given here
    re.IGNORECASE,
)


def slug(student: str) -> str:
    """Return a name for a student's files: letters, digits, dots, dashes, underscores, at most 80.

    A name that is safe stays as it is. Another gets a part of its checksum, so that different
    students have different files.

    >>> slug("ada.lovelace")
    'ada.lovelace'
    >>> slug("../../etc/passwd"), slug("etc passwd")
    ('etc-passwd-3754d6cb3a38', 'etc-passwd-3bdf92e5ecc6')
    """
    if len(student) <= LONGEST and SAFE.fullmatch(student) and not TAKEN.fullmatch(student):
        return student
    checksum = hashlib.sha256(student.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    bare = "".join(c for c in normalize("NFKD", student) if not combining(c))
    kept = re.sub(r"[^A-Za-z0-9._]+", "-", bare).strip(".-")[: LONGEST - 13].rstrip(".-")
    return f"{kept or 'student'}-{checksum}"


def write_atomically(path: Path, data: bytes) -> Path:
    """Write a file so that it is there whole or not at all; its folder is made if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        draft.write_bytes(data)
        draft.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise
    return path
