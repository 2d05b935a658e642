"""Downloads from a server on this machine that misbehaves in every way we could think of."""

import dataclasses
import json
import re
import socket
import subprocess
import sys
import time

import numpy as np
import pytest

from labkit import datasets
from labkit.datasets import catalog, download, loader

IDX_NAMES = list(catalog.IDX_FILES.values())


def load_full(**options):
    return datasets.load("mnist", size="full", **options)


def assert_full(data, arrays):
    for key, array in arrays.items():
        np.testing.assert_array_equal(getattr(data, key), array)


def cached(tmp_path):
    folder = tmp_path / "cache/mnist"
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


@pytest.mark.parametrize(
    "behaviour",
    ["good", "good:idx", "moved", "moved:idx", "unsized", "resumes", "resumes:idx", "restarts"],
)
def test_download_arrives_whole_and_only_once(behaviour, mirrors, server, arrays, tmp_path):
    mirrors(behaviour)
    assert_full(load_full(), arrays)
    assert cached(tmp_path) == sorted(IDX_NAMES if ":idx" in behaviour else ["mnist.npz"])
    requests = server.seen.total()
    data = load_full()
    assert_full(data, arrays)
    assert str(tmp_path / "cache") in data.provenance
    assert server.seen.total() == requests  # the second time there was no request
    assert server.agents == {"labkit"}


# How each behaviour is named. A hanging server is noticed after 1.5 s here, after 15 s in life.
FAILURES = {
    "missing": "the server answered 404 Not Found",
    "broken": "the server answered 503 Service Unavailable",
    "wrong": r"SHA256 [0-9a-f]{12}\.\.\. instead of [0-9a-f]{12}\.\.\., so this is not the file",
    "login": ".* so this is not the file",
    "half": r"the connection closed after [\d,]+ of [\d,]+ bytes",
    "silent_half": ".* so this is not the file",
    "lies": ".* so this is not the file",
    "reset": "the connection failed: Connection reset by peer",
    "hangs": r"no answer within 1\.5 s",
    "stalls": r"no answer within 1\.5 s",
    "drips": r"(under 1,000 bytes in|no answer within) 1\.5 s",
    "endless": "sent more than 1,000,000 bytes",
    "circles": "the server answered 302 .*infinite loop",
    "elsewhere": "the server answered 302 .*not allowed",
}


@pytest.mark.parametrize("behaviour", FAILURES)
def test_bad_mirror_is_passed_over(behaviour, mirrors, arrays, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(download, "MAX_BYTES", 1_000_000)
    if behaviour in ("hangs", "stalls", "drips"):
        monkeypatch.setattr(download, "TIMEOUT", 1.5)
    mirrors(behaviour, "good")
    assert_full(load_full(), arrays)
    assert cached(tmp_path) == ["mnist.npz"]
    assert re.search(f"failed: {FAILURES[behaviour]}", capsys.readouterr().err, re.DOTALL)


@pytest.mark.parametrize("behaviour", ["missing", "wrong", "half", "reset", "circles"])
def test_last_bad_mirror_ends_in_an_error_that_helps(behaviour, mirrors, tmp_path):
    mirrors(behaviour, "missing:idx")
    with pytest.raises(download.DownloadError) as caught:
        load_full(progress=False)
    message = str(caught.value)
    assert re.search(rf"1\. http\S+/{behaviour}/mnist.npz: .*{FAILURES[behaviour]}", message, re.S)
    assert re.search(r"2\. http\S+/missing/train-images-idx3-ubyte\.gz: the server ans", message)
    for advice in ('load("mnist")', "HTTPS_PROXY", "LABKIT_DATA"):
        assert advice in message
    assert cached(tmp_path) == []


@pytest.mark.parametrize("behaviour", ["wrong", "login", "silent_half"])
def test_wrong_bytes_are_noticed_where_no_checksum_is_published(behaviour, mirrors, tmp_path):
    mirrors(behaviour, published=False)
    with pytest.raises(download.DownloadError, match="the file is damaged: it is not a complete"):
        load_full(progress=False)
    assert cached(tmp_path) == []


def test_other_data_with_the_published_checksum_is_noticed(
    mirrors, server, arrays, write_npz, tmp_path
):
    # The container is what its mirror says it is; only its content is not MNIST.
    write_npz(tmp_path / "o/mnist.npz", {**arrays, "y_test": arrays["y_test"] ^ np.uint8(1)})
    server.files["mnist.npz"] = (tmp_path / "o/mnist.npz").read_bytes()
    mirrors("good")
    with pytest.raises(
        download.DownloadError, match="the file holds another y_test than it should"
    ):
        load_full(progress=False)
    assert cached(tmp_path) == []


@pytest.mark.parametrize(("behaviour", "requests"), [("half", 2), ("crawls", 4), ("missing", 1)])
def test_the_rest_is_asked_for_while_that_helps(behaviour, requests, mirrors, server):
    # "half" answers with the first half again, which is no progress; "crawls" gets on a little.
    mirrors(behaviour)
    with pytest.raises(download.DownloadError):
        load_full(progress=False)
    assert server.seen[f"/{behaviour}/mnist.npz"] == requests


def test_files_that_arrived_stay_for_the_next_try(mirrors, server, arrays, tmp_path):
    third = server.files[IDX_NAMES[2]]
    mirrors("good:idx")
    server.files[IDX_NAMES[2]] = third[:-1]
    with pytest.raises(download.DownloadError):
        load_full(progress=False)
    assert cached(tmp_path) == sorted(IDX_NAMES[:2])
    server.files[IDX_NAMES[2]] = third
    assert_full(load_full(), arrays)
    assert [server.seen[f"/good/{name}"] for name in IDX_NAMES] == [1, 1, 2, 1]


@pytest.mark.parametrize("layout", ["good", "good:idx"])
def test_damaged_cache_is_repaired(layout, mirrors, server, arrays, tmp_path, capsys):
    mirrors(layout)
    load_full()
    name = IDX_NAMES[1] if "idx" in layout else "mnist.npz"
    path = tmp_path / "cache/mnist" / name
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    capsys.readouterr()
    assert_full(load_full(), arrays)
    assert path.read_bytes() == whole
    assert f"removed from the cache, to be fetched again: {path}" in capsys.readouterr().err
    twice = [name for name, count in server.seen.items() if count == 2]
    assert twice == [f"/good/{name}"]  # and nothing else was fetched again


def test_damaged_file_goes_although_others_take_its_place(mirrors, arrays, tmp_path):
    damaged = tmp_path / "cache/mnist/mnist.npz"
    damaged.parent.mkdir(parents=True)
    damaged.write_bytes(b"half")
    mirrors("good:idx")
    assert_full(load_full(), arrays)
    assert cached(tmp_path) == sorted(IDX_NAMES)


def test_damaged_part_of_a_download_that_never_ended_is_replaced(mirrors, arrays, tmp_path):
    folder = tmp_path / "cache/mnist"
    folder.mkdir(parents=True)
    (folder / IDX_NAMES[0]).write_bytes(b"half")
    mirrors("good:idx")
    assert_full(load_full(), arrays)
    assert cached(tmp_path) == sorted(IDX_NAMES)
    assert_full(load_full(), arrays)


def test_cache_that_may_not_be_read_is_not_removed(
    mirrors, arrays, write_npz, tmp_path, monkeypatch
):
    path = tmp_path / "cache/mnist/mnist.npz"
    write_npz(path, arrays)
    mirrors("good")

    def denied(paths, checksums):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(loader, "read_all", denied)
    with pytest.raises(PermissionError, match="Permission denied"):
        load_full()
    assert path.exists()


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("nonsense", "ValueError: unknown url type: 'nonsense/mnist.npz'"),
        ("http://[", "ValueError: "),
    ],
)
def test_address_that_is_none(url, reason, tiny, monkeypatch):
    mirror = catalog.Mirror(f"{url}/", {"mnist.npz": None})
    monkeypatch.setitem(catalog.ENTRIES, "mnist", dataclasses.replace(tiny, mirrors=(mirror,)))
    with pytest.raises(download.DownloadError, match=re.escape(reason)):
        load_full(progress=False)


def test_interrupted_download_leaves_nothing_and_is_repaired(
    mirrors, arrays, tmp_path, monkeypatch
):
    mirrors("good")

    def interrupt(*args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(download._Pace, "check", interrupt)
        with pytest.raises(KeyboardInterrupt):
            load_full()
    assert cached(tmp_path) == []
    assert_full(load_full(), arrays)


def test_killed_download_is_cleaned_up_a_day_later(mirrors, tmp_path):
    import os

    folder = tmp_path / "cache/mnist"
    folder.mkdir(parents=True)
    for name, age in (("mnist.npz.0a.part", 2 * 24 * 3600), ("mnist.npz.0b.part", 60)):
        (folder / name).write_bytes(b"half")
        os.utime(folder / name, (time.time() - age,) * 2)
    mirrors("good")
    load_full()
    assert cached(tmp_path) == ["mnist.npz", "mnist.npz.0b.part"]


CHILD = """
import dataclasses, json, sys
from labkit import datasets
from labkit.datasets import catalog
given = json.load(sys.stdin)
mirrors = (catalog.Mirror(given["base"], given["files"]),)
catalog.ENTRIES["mnist"] = dataclasses.replace(catalog.MNIST, full=given["full"], mirrors=mirrors)
print(datasets.load("mnist", size="full", progress=False).y_train.tolist())
"""


def test_two_processes_at_once_both_succeed(mirrors, server, arrays, tmp_path):
    mirror = (entry := mirrors("together")).mirrors[0]
    given = json.dumps({"base": mirror.base, "files": mirror.files, "full": entry.full})
    children = [
        subprocess.Popen(
            [sys.executable, "-c", CHILD],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for child in children:
        child.stdin.write(given)
        child.stdin.close()
        child.stdin = None
    for child in children:
        out, err = child.communicate(timeout=60)
        assert (child.returncode, err) == (0, "")
        assert json.loads(out) == arrays["y_train"].tolist()
    assert server.seen["/together/mnist.npz"] == 2
    assert cached(tmp_path) == ["mnist.npz"]


def test_no_network_at_all(mirrors, monkeypatch):
    mirrors("good", "good:idx")

    def unreachable(*args, **kwargs):
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", unreachable)
    with pytest.raises(download.DownloadError) as caught:
        load_full()
    assert str(caught.value).count("the name of the server is not found (is there a network") == 2


def test_refused_connection(mirrors, server, tiny, monkeypatch):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        mirror = catalog.Mirror(f"http://127.0.0.1:{unused.getsockname()[1]}/", {"mnist.npz": None})
        entry = dataclasses.replace(tiny, mirrors=(mirror,))
        monkeypatch.setitem(catalog.ENTRIES, "mnist", entry)
        with pytest.raises(download.DownloadError, match=r"the connection failed: .*refused"):
            load_full(progress=False)


def test_no_progress_is_quiet(mirrors, capsys):
    mirrors("missing", "good")
    load_full(progress=False)
    assert capsys.readouterr() == ("", "")


def test_progress_is_one_line_a_file_where_nobody_watches(mirrors, server, capsys):
    mirrors("good")
    load_full()
    out, err = capsys.readouterr()
    assert out == ""
    lines = err.splitlines()
    assert lines[0] == f"downloading {server.base}/good/mnist.npz"
    assert re.fullmatch(r"  0\.0 of 0\.0 MB, 100%", lines[1])
    assert len(lines) == 2


def test_cache_that_cannot_be_written_is_done_without(mirrors, arrays, tmp_path, capsys):
    (tmp_path / "cache").write_text("a file is in the way")
    mirrors("good")
    assert_full(load_full(), arrays)
    message = capsys.readouterr().err
    assert f"{tmp_path / 'cache/mnist'} cannot be written (Not a directory)" in message
    assert "set LABKIT_CACHE" in message


def test_read_only_cache_is_done_without(mirrors, arrays, monkeypatch, capsys, tmp_path):
    import errno
    from pathlib import Path

    def read_only(self, *args, **kwargs):
        raise OSError(errno.EROFS, "Read-only file system", str(self))

    monkeypatch.setattr(Path, "touch", read_only)
    mirrors("good:idx")
    assert_full(load_full(), arrays)
    assert cached(tmp_path) == []
    assert "cannot be written (Read-only file system)" in capsys.readouterr().err


def test_full_disk_is_not_blamed_on_the_mirror(mirrors, monkeypatch, tmp_path):
    mirrors("good", "good:idx")

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(download._Pace, "check", full)
    with pytest.raises(OSError, match="No space left on device") as caught:
        load_full()
    assert not isinstance(caught.value, download.DownloadError)
    assert cached(tmp_path) == []


def test_file_in_use_on_windows_is_kept(mirrors, arrays, monkeypatch, tmp_path):
    from pathlib import Path

    def in_use(self, target):
        Path(target).write_bytes(self.read_bytes())  # the other process's, equally good
        raise PermissionError(13, "The process cannot access the file", str(target))

    mirrors("good")
    monkeypatch.setattr(Path, "replace", in_use)
    assert_full(load_full(), arrays)
    assert cached(tmp_path) == ["mnist.npz"]


def test_name_that_may_not_be_given_is_an_error(mirrors, monkeypatch, tmp_path):
    from pathlib import Path

    def denied(self, target):
        raise PermissionError(13, "Permission denied", str(target))

    mirrors("good")
    monkeypatch.setattr(Path, "replace", denied)
    with pytest.raises(PermissionError):
        load_full()
    assert cached(tmp_path) == []


def test_a_page_in_a_browser_says_what_to_do(tiny, monkeypatch):
    monkeypatch.setattr(loader.sys, "platform", "emscripten")
    with pytest.raises(OSError, match=r'cannot download the full mnist; use load\("mnist"\)'):
        load_full()
