"""The parts of a download that a server cannot show: the pace, the progress, the reasons."""

import itertools
import ssl
import sys

import pytest

from labkit.datasets import download


def test_slow_but_steady_mirror_is_waited_for(monkeypatch):
    clock = itertools.count(step=10)
    monkeypatch.setattr(download.time, "monotonic", lambda: next(clock))
    pace = download._Pace("http://a/b")
    for done in range(1_000, 10_000, 1_000):
        pace.check(done)

    def crawl():
        for done in range(9_001, 9_010):
            pace.check(done)

    with pytest.raises(download.MirrorError, match="under 1,000 bytes in 15 s"):
        crawl()


def test_progress_is_redrawn_on_a_terminal(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    clock = itertools.count(1)
    monkeypatch.setattr(download.time, "monotonic", lambda: next(clock))
    with download._Progress("http://a/b", shown=True) as bar:
        bar.update(1_000_000, 4_000_000)
        bar.update(4_000_000, 4_000_000)
    drawn = capsys.readouterr().err.split("\r")
    assert drawn[0] == "downloading http://a/b\n"
    assert drawn[1:3] == ["  1.0 of 4.0 MB,  25%", "  4.0 of 4.0 MB, 100%"]


def test_untrusted_certificate_is_said_so():
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_message = "self-signed certificate"
    wrapped = download.urllib.error.URLError(error)
    assert download._reason(wrapped) == "its certificate is not trusted: self-signed certificate"
