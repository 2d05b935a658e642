"""A "full set" of eight small images, a machine without a copy of it, and a server of it."""

import dataclasses
import gzip
import hashlib
import http.server
import io
import re
import socket
import struct
import threading
from collections import Counter

import numpy as np
import pytest

from labkit.datasets import catalog, loader

SHAPES = {"x_train": (6, 5, 7), "y_train": (6,), "x_test": (2, 5, 7), "y_test": (2,)}


@pytest.fixture
def arrays():
    rng = np.random.default_rng(0)
    return {k: rng.integers(0, 256, shape).astype(np.uint8) for k, shape in SHAPES.items()}


@pytest.fixture
def tiny(arrays, monkeypatch, tmp_path):
    """Make `arrays` the full set of "mnist", and an empty folder the home."""
    full = {key: hashlib.sha256(a.tobytes()).hexdigest() for key, a in arrays.items()}
    entry = dataclasses.replace(catalog.MNIST, full=full, counts=(6, 2), mirrors=())
    monkeypatch.setitem(catalog.ENTRIES, "mnist", entry)
    for variable in ("LABKIT_DATA", "XDG_CACHE_HOME", "KERAS_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    monkeypatch.setenv("LABKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(loader, "SYSTEM_FOLDER", tmp_path / "system")
    monkeypatch.chdir(tmp_path)
    return entry


@pytest.fixture
def write_npz():
    def write(path, arrays):
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, **arrays)

    return write


@pytest.fixture
def write_idx():
    def write(folder, arrays, *, packed=True):
        folder.mkdir(parents=True, exist_ok=True)
        for key, name in catalog.IDX_FILES.items():
            array = arrays[key]
            header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
            raw = header + array.tobytes()
            if packed:
                (folder / name).write_bytes(gzip.compress(raw))
            else:
                (folder / name.removesuffix(".gz")).write_bytes(raw)

    return write


class Misbehaving(http.server.BaseHTTPRequestHandler):
    """Serve /<behaviour>/<file>; the server has `files`, `seen`, `barrier` and `stop`."""

    def log_message(self, *args):
        """Say nothing on stderr, which the tests read."""

    def do_GET(self):
        _, behaviour, name = self.path.split("/")
        self.server.seen[self.path] += 1
        self.server.agents.add(self.headers["User-Agent"])
        self.first = self.server.seen[self.path] == 1
        getattr(self, f"do_{behaviour}")(name, self.server.files[name])

    def head(self, length, status=200, **headers):
        self.send_response(status)
        if length is not None:
            self.send_header("Content-Length", str(length))
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()

    def whole(self, raw):
        self.head(len(raw))
        self.wfile.write(raw)

    def do_good(self, name, raw):
        self.whole(raw)

    def do_missing(self, name, raw):
        self.send_error(404)

    def do_broken(self, name, raw):
        self.send_error(503)

    def do_wrong(self, name, raw):
        self.whole(bytes(len(raw)))

    def do_login(self, name, raw):
        self.whole(b"<!doctype html><title>Please sign in to this network</title>")

    def do_unsized(self, name, raw):
        self.head(None)
        self.wfile.write(raw)

    def do_half(self, name, raw):
        self.head(len(raw))
        self.wfile.write(raw[: len(raw) // 2])

    def do_silent_half(self, name, raw):
        self.head(None)
        self.wfile.write(raw[: len(raw) // 2])

    def do_resumes(self, name, raw):
        """Break off the first time, then send the rest when asked for it."""
        if self.first:
            return self.do_half(name, raw)
        start = int(re.fullmatch(r"bytes=(\d+)-", self.headers["Range"])[1])
        assert start == len(raw) // 2
        self.head(len(raw) - start, 206, Content_Range=f"bytes {start}-{len(raw) - 1}/{len(raw)}")
        return self.wfile.write(raw[start:])

    def do_restarts(self, name, raw):
        """Break off the first time, then send everything again although only the rest is asked."""
        return self.do_half(name, raw) if self.first else self.whole(raw)

    def do_lies(self, name, raw):
        """Break off the first time, then send a "rest" that is none."""
        if self.first:
            return self.do_half(name, raw)
        self.head(len(raw) // 2, 206)
        return self.wfile.write(raw[: len(raw) // 2])

    def do_crawls(self, name, raw):
        """Break off every time, some bytes further on."""
        start = int(self.headers.get("Range", "bytes=0-")[6:-1])
        self.head(len(raw) - start, 206 if start else 200)
        self.wfile.write(raw[start : start + 20])

    def do_reset(self, name, raw):
        self.head(len(raw))
        self.wfile.write(raw[:10])
        self.wfile.flush()
        # Lingering for zero seconds closes with RST instead of FIN.
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.close()
        self.wfile = io.BytesIO()

    def do_hangs(self, name, raw):
        self.server.stop.wait(30)

    def do_stalls(self, name, raw):
        self.head(len(raw))
        self.wfile.write(raw[:100])
        self.wfile.flush()
        self.server.stop.wait(30)

    def do_drips(self, name, raw):
        """Send a byte now and then: never silent, never done."""
        self.head(1_000_000)
        for _ in range(2_000):
            self.wfile.write(b"\0")
            self.wfile.flush()
            if self.server.stop.wait(0.01):
                return

    def do_endless(self, name, raw):
        self.head(None)
        for _ in range(10_000):
            self.wfile.write(bytes(2**16))

    def do_moved(self, name, raw):
        self.head(0, 302, Location=f"/good/{name}")

    def do_circles(self, name, raw):
        self.head(0, 302, Location=self.path)

    def do_elsewhere(self, name, raw):
        self.head(0, 302, Location="file:///etc/hostname")

    def do_together(self, name, raw):
        """Send the second half only when two clients have had the first."""
        self.head(len(raw))
        self.wfile.write(raw[: len(raw) // 2])
        self.wfile.flush()
        self.server.barrier.wait(30)
        self.wfile.write(raw[len(raw) // 2 :])


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A client that turns away is what some of the tests are about."""


@pytest.fixture
def server(tiny, arrays, write_npz, write_idx, tmp_path, monkeypatch):
    write_npz(tmp_path / "served/mnist.npz", arrays)
    write_idx(tmp_path / "served", arrays)
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    with Server(("127.0.0.1", 0), Misbehaving) as running:
        running.files = {path.name: path.read_bytes() for path in (tmp_path / "served").iterdir()}
        running.seen, running.agents = Counter(), set()
        running.barrier, running.stop = threading.Barrier(2), threading.Event()
        running.base = f"http://127.0.0.1:{running.server_port}"
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.stop.set()
        running.shutdown()
        thread.join()


@pytest.fixture
def mirrors(server, tiny, monkeypatch):
    """Make the mirrors of "mnist" these behaviours; "name:idx" serves the four files."""

    def use(*behaviours, published=True):
        made = []
        for behaviour in behaviours:
            kind, _, layout = behaviour.partition(":")
            names = list(catalog.IDX_FILES.values()) if layout == "idx" else ["mnist.npz"]
            digest = {n: f"sha256:{hashlib.sha256(server.files[n]).hexdigest()}" for n in names}
            listed = digest if published else dict.fromkeys(names)
            made.append(catalog.Mirror(f"{server.base}/{kind}/", listed))
        entry = dataclasses.replace(tiny, mirrors=tuple(made))
        monkeypatch.setitem(catalog.ENTRIES, "mnist", entry)
        return entry

    return use
