"""Fetch a full data set from the first mirror that gives it whole.

Nothing reaches its final name before both of its checksums are right: a file is written under a
temporary name of its own and then renamed, so that a break, a crash or a second process at the
same work never leaves half a file behind. This is the only module of the core that opens a
connection, and it is imported only when a download begins.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import socket
import ssl
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import BinaryIO

from labkit.datasets.catalog import Entry, Mirror
from labkit.datasets.files import MAX_BYTES, Arrays, CorruptFile, read_verified

TIMEOUT = 15.0  # seconds without an answer, or without SLOWEST bytes
SLOWEST = 1_000  # bytes that must come in every TIMEOUT seconds
ATTEMPTS = 4  # per file and mirror; every attempt after the first goes on where the last one broke
STALE = 24 * 3600.0  # seconds after which a temporary file has certainly been abandoned


class DownloadError(OSError):
    """No mirror gave the data; the message names each one, why it failed, and what to do."""


class MirrorError(Exception):
    """One mirror failed, for the reason given."""

    def __init__(self, url: str, reason: str):
        super().__init__(f"{url}: {reason}")
        self.reason = reason


class Broken(MirrorError):
    """The connection broke in the middle of a file, so that asking for the rest may help."""


def fetch(entry: Entry, folder: Path, *, progress: bool) -> tuple[Arrays, str]:
    """Download the full set of `entry` into `folder`; give its arrays and the mirror's address.

    Raises DownloadError if every mirror failed, OSError if `folder` cannot be written.
    """
    _remove_abandoned(folder)
    failures = []
    for mirror in entry.mirrors:
        try:
            return _fetch_mirror(entry, mirror, folder, progress=progress), mirror.base
        except MirrorError as error:
            failures.append(str(error))
            if progress:
                print(f"  failed: {error.reason}", file=sys.stderr)
    raise DownloadError(_explain(entry, failures))


def _fetch_mirror(entry: Entry, mirror: Mirror, folder: Path, *, progress: bool) -> Arrays:
    arrays: Arrays = {}
    for file, checksum in mirror.files.items():
        target = folder / file
        try:  # it may be there from an interrupted run, or from another process a moment ago
            arrays |= read_verified(target, entry.full)
        except (FileNotFoundError, CorruptFile):
            arrays |= _fetch_file(entry, mirror.base + file, checksum, target, progress=progress)
    return arrays


def _fetch_file(
    entry: Entry, url: str, checksum: str | None, target: Path, *, progress: bool
) -> Arrays:
    """Download one file, prove it twice, and only then give it its name."""
    part = target.with_name(f"{target.name}.{os.urandom(4).hex()}.part")
    try:
        _download(url, part, progress=progress)
        _check_digest(url, part, checksum)
        try:
            arrays = read_verified(part, entry.full, name=target.name)
        except CorruptFile as error:
            raise MirrorError(url, str(error).replace(str(part), "the file")) from error
        _rename(part, target)
    finally:
        part.unlink(missing_ok=True)
    return arrays


def _rename(part: Path, target: Path) -> None:
    try:
        part.replace(target)
    except PermissionError:  # Windows, while another process reads the same, equally good, file
        if not target.exists():
            raise


def _download(url: str, part: Path, *, progress: bool) -> None:
    """Write the file at `url` to `part`; if it breaks off, ask for the rest while that helps."""
    with part.open("wb") as out, _Progress(url, shown=progress) as bar:
        for attempt in range(1, ATTEMPTS + 1):
            before = out.tell()
            try:
                _write_rest(url, out, bar)
                return
            except Broken:
                if attempt == ATTEMPTS or out.tell() <= before:
                    raise


def _write_rest(url: str, out: BinaryIO, bar: _Progress) -> None:
    """Write what is missing in `out`: the rest if the server can send it, else all again."""
    with _open(url, offset=out.tell()) as response:
        if response.status != 206:  # 206 is "partial content", the answer to a request for a rest
            out.truncate(out.seek(0))
        length = response.headers.get("Content-Length", "")
        total = out.tell() + int(length) if length.isdigit() else None
        pace = _Pace(url)
        while chunk := _read(url, response):
            out.write(chunk)
            pace.check(out.tell())
            bar.update(out.tell(), total)
    if total is not None and out.tell() < total:
        raise Broken(url, f"the connection closed after {out.tell():,} of {total:,} bytes")


class _Pace:
    """Refuse a mirror that sends far too much, or so slowly that it would never end."""

    def __init__(self, url: str):
        self.url, self.since, self.mark = url, time.monotonic(), 0

    def check(self, done: int) -> None:
        if done > MAX_BYTES:
            raise MirrorError(self.url, f"sent more than {MAX_BYTES:,} bytes, so it is not it")
        if time.monotonic() - self.since > TIMEOUT:
            if done - self.mark < SLOWEST:
                raise MirrorError(self.url, f"under {SLOWEST:,} bytes in {TIMEOUT:g} s")
            self.since, self.mark = time.monotonic(), done


def _open(url: str, *, offset: int) -> http.client.HTTPResponse:
    headers = {"User-Agent": "labkit"} | ({"Range": f"bytes={offset}-"} if offset else {})
    try:
        request = urllib.request.Request(url, headers=headers)
        return urllib.request.urlopen(request, timeout=TIMEOUT)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise MirrorError(url, _reason(error)) from error


def _read(url: str, response: http.client.HTTPResponse) -> bytes:
    """Give what has come, without waiting for a full buffer: a slow mirror must be noticed."""
    try:
        return response.read1(2**16)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Broken(url, _reason(error)) from error


def _reason(error: BaseException) -> str:
    """Say in words what a student can act on what went wrong with a connection."""
    if isinstance(error, urllib.error.HTTPError):
        error.close()
        return f"the server answered {error.code} {error.reason}"
    if isinstance(error, urllib.error.URLError) and isinstance(error.reason, BaseException):
        return _reason(error.reason)
    if isinstance(error, TimeoutError):
        return f"no answer within {TIMEOUT:g} s"
    if isinstance(error, socket.gaierror):
        return "the name of the server is not found (is there a network?)"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if isinstance(error, ConnectionError):
        return f"the connection failed: {error.strerror or error}"
    return f"{type(error).__name__}: {error}"


def _check_digest(url: str, path: Path, checksum: str | None) -> None:
    if checksum is None:
        return
    algorithm, expected = checksum.split(":")
    with path.open("rb") as file:
        found = hashlib.file_digest(file, algorithm).hexdigest()
    if found != expected:
        raise MirrorError(
            url,
            f"{algorithm.upper()} {found[:12]}... instead of {expected[:12]}..., "
            "so this is not the file",
        )


def _remove_abandoned(folder: Path) -> None:
    """Remove temporary files of runs that were killed, never those of one that may still run."""
    for part in folder.glob("*.part"):
        try:
            if time.time() - part.stat().st_mtime > STALE:
                part.unlink()
        except OSError:  # another process was quicker
            continue


def _explain(entry: Entry, failures: list[str]) -> str:
    tried = "\n".join(f"  {number}. {text}" for number, text in enumerate(failures, 1))
    return (
        f"the full {entry.name} could not be downloaded. Tried, in this order:\n{tried}\n"
        "What you can do:\n"
        f'  - go on with load("{entry.name}"): the bundled part needs no network;\n'
        "  - check the network, and set HTTPS_PROXY if you are behind a proxy, then try again:\n"
        "    files that arrived whole are kept;\n"
        f"  - get the files in another way, put them in a folder named {entry.name}, and set\n"
        f"    LABKIT_DATA to the folder around it. {entry.name}.npz will do, and so will the four\n"
        "    *-ubyte.gz files; they are checked, wherever they are from."
    )


class _Progress:
    """One line on stderr: redrawn in place on a terminal or in a notebook, else once per file."""

    def __init__(self, url: str, *, shown: bool):
        self.url, self.shown = url, shown
        notebook = type(sys.stderr).__module__.startswith("ipykernel")
        self.live = notebook or sys.stderr.isatty()
        self.drawn, self.line = 0.0, ""

    def __enter__(self) -> _Progress:
        if self.shown:
            print(f"downloading {self.url}", file=sys.stderr)
        return self

    def update(self, done: int, total: int | None) -> None:
        share = f" of {total / 1e6:.1f} MB, {done / max(total, 1):4.0%}" if total else " MB"
        self.line = f"  {done / 1e6:.1f}{share}"
        if self.shown and self.live and time.monotonic() - self.drawn > 0.2:
            print(f"\r{self.line}", end="", file=sys.stderr, flush=True)
            self.drawn = time.monotonic()

    def __exit__(self, *_: object) -> None:
        if self.shown and self.line:
            print(f"\r{self.line}" if self.live else self.line, file=sys.stderr)
