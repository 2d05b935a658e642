"""Fixtures of all tests, and how Hypothesis draws its examples."""

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
