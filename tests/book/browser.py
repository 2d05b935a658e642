"""A headless Chromium and a small server, for the tests that look at pages as a reader does."""

import contextlib
import ctypes
import functools
import http.server
import shutil
import sys
import threading

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NO_BROWSER = "no Chromium on this machine: install it (Debian: apt-get install chromium)"
NO_ATOMIC = "Playwright needs the library libatomic (Debian: apt-get install libatomic1)"


@contextlib.contextmanager
def chromium():
    """Chromium, driven by Playwright; the test skips with a sentence where one is missing."""
    reason = "Playwright comes with the test extra: pip install -e .[test]"
    playwright = pytest.importorskip("playwright.sync_api", reason=reason)
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip(NO_BROWSER)
    if sys.platform == "linux":
        try:
            ctypes.CDLL("libatomic.so.1")
        except OSError:
            pytest.skip(NO_ATOMIC)
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serve files and keep no log."""

    def log_message(self, *arguments):
        """Say nothing."""


@contextlib.contextmanager
def serving(folder):
    """The address under which a folder is served on this machine alone."""
    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class Visit:
    """One page in one window, and everything that went wrong on the way."""

    def __init__(self, browser, address, *, width=1280, **options):
        height = 900 if width > 600 else 844
        self.context = browser.new_context(viewport={"width": width, "height": height}, **options)
        self.external, self.failed, self.errors = [], [], []
        self.context.route("**/*", self._only_here)
        self.page = self.context.new_page()
        self.page.on("response", self._note_failure)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._note_console)
        self.page.goto(address, wait_until="load")

    def _only_here(self, route):
        url = route.request.url
        if url.startswith(("http://127.0.0.1:", "file://", "data:", "blob:")):
            route.continue_()
        else:
            self.external.append(url)
            route.abort()

    def _note_failure(self, response):
        if response.status >= 400:
            self.failed.append(f"{response.status} {response.url}")

    def _note_console(self, message):
        if message.type == "error":
            self.errors.append(message.text)

    def __enter__(self):
        """Return the visit itself."""
        return self

    def __exit__(self, *exception):
        """Close the window."""
        self.context.close()
