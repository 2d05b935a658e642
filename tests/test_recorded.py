"""`recorded` lets a number through only if what came now is near it."""

import numpy as np
import pytest

from labkit.recorded import recorded, results


def test_returns_what_was_recorded_not_what_came():
    assert recorded(0.5, 0.53, within=0.03125) == 0.5
    assert recorded((1, 2), np.array([1.25, 1.75]), within=0.25) == (1, 2)


@pytest.mark.parametrize("now", [0.76, 0.24, float("nan"), float("inf"), [0.5], [[0.5]]])
def test_far_undefined_or_misshapen_is_refused(now):
    with pytest.raises(ValueError, match=r"within 0\.25 of the recorded 0\.5; got"):
        recorded(0.5, now, within=0.25)


def test_a_result_that_nobody_recorded_is_refused():
    with pytest.raises(ValueError, match="name must be that of a recorded result; got 'digits'"):
        results("digits")


def test_every_run_says_how_it_was_made():
    made = {"script", "commit", "seed", "data_sha256", "versions", "machine", "train_cpu_seconds"}
    for run in results("digits_full"):
        assert made <= run.keys()
        right, total = run["test"]["correct"], run["test"]["total"]
        assert run["test"]["accuracy"] == right / total
