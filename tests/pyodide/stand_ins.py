"""A plugin of pytest for a Python that lacks NumPy: what uses what is absent skips.

The tests that run there are the ordinary ones, whose files import libraries with compiled parts.
Each of those is stood in for by a module that gives itself for every name, and that skips the test
in which it is called.
"""

import importlib.machinery
import os
import sys
from types import ModuleType

import pytest

ABSENT = {"hypothesis", "numpy", "torch"}


class StandIn(ModuleType):
    """A module, and everything in it, that is not there."""

    __path__: list = []

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *arguments, **settings):
        reason = f"needs {self.__name__.partition('.')[0]}"
        if "PYTEST_CURRENT_TEST" in os.environ:
            pytest.skip(reason)
        made = arguments[0] if arguments else None  # as a decorator: of a test, or of its helper
        if getattr(made, "__name__", "").startswith("test_"):
            return pytest.mark.skip(reason)(made)
        return self

    def __or__(self, other):
        return self


class Finder:
    """Finds the libraries that are absent."""

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ABSENT:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec):
        return StandIn(spec.name)

    def exec_module(self, module):
        pass


def pytest_configure(config):
    """Make sure that they are absent; import what must do without them; then stand in."""
    for name in sorted(ABSENT):
        with pytest.raises(ModuleNotFoundError):
            __import__(name)
    for name in config.getoption("without_numpy"):
        __import__(name)
    sys.meta_path.append(Finder())


def pytest_addoption(parser):
    parser.addoption(
        "--without-numpy", action="append", default=[], help="a module to import first"
    )


def pytest_terminal_summary(terminalreporter):
    """Say in one line how it went, for the test outside to read."""
    counts = {kind: len(reports) for kind, reports in terminalreporter.stats.items() if kind}
    terminalreporter.write_line("counts " + repr(counts))
