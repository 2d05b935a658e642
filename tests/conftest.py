"""Fixtures of all tests, and how Hypothesis draws its examples."""

from itertools import groupby

import numpy as np
import pytest
from hypothesis import settings

# The same examples in every run, however slow the machine.
settings.register_profile("course", derandomize=True, deadline=None, max_examples=50)
settings.load_profile("course")


@pytest.fixture
def rng():
    """A generator with a fixed seed; a test never draws from anything else."""
    return np.random.default_rng(0)


def pytest_terminal_summary(terminalreporter):
    """Print, for each wrong answer that an exercise has, the checks that caught it."""
    reports = [one for state in ("passed", "failed") for one in terminalreporter.getreports(state)]
    rows = [text for one in reports for key, text in one.user_properties if key == "matrix"]
    if rows:
        terminalreporter.section(
            f"{len(rows)} wrong answers, by the checks that catch them (h: hidden)"
        )
    for name, group in groupby(sorted(rows), key=lambda row: row.partition("|")[0]):
        caught = [row.partition("|")[2] for row in group]
        terminalreporter.write_line(f"{name:20} {len(caught):3}: {' · '.join(caught)}")
