"""The progress bar where a loop of the course cannot reach: in a log, and without a total."""

import io

import pytest

from labkit.progress import ProgressBar


@pytest.fixture
def clock(monkeypatch):
    """Time goes on by four seconds whenever it is asked for."""
    seconds = iter(range(0, 10_000, 4))
    monkeypatch.setattr("time.monotonic", lambda: next(seconds))


def test_a_log_gets_a_whole_line_every_ten_seconds_and_one_at_the_end(clock):
    log = io.StringIO()
    bar = ProgressBar(log, shown="always")
    bar.label, bar.total, bar.note = "epoch 2/3", 9, "loss 1.5000"
    for _ in bar.over(range(5), done=4):  # a run that goes on: 4 of 9 were done before
        pass
    bar.end_line("loss 1.2500, validation loss 1.3000")
    assert log.getvalue().splitlines() == [
        # 12 s for three batches; at four seconds for each, eight are left
        "epoch 2/3 [###############-----] 7/9  loss 1.5000  8 s left",
        "epoch 2/3 [####################] 9/9  loss 1.2500, validation loss 1.3000",
    ]


def test_where_nobody_knows_the_total_it_counts(clock):
    log = io.StringIO()
    bar = ProgressBar(log, shown="always")
    bar.label, bar.note = "epoch 1", "loss 1.5000"
    for _ in bar.over(range(3)):
        pass
    bar.end_line()
    assert log.getvalue().splitlines() == ["epoch 1 3  loss 1.5000"] * 2


@pytest.mark.parametrize("shown", [True, False])
def test_a_log_gets_nothing_unless_it_is_asked_for(shown, clock):
    log = io.StringIO()
    bar = ProgressBar(log, shown=shown)
    bar.total = 2
    assert list(bar.over("ab")) == ["a", "b"]
    bar.end_line("the end")
    assert log.getvalue() == ""


def test_it_takes_no_stream_for_an_answer():
    bar = ProgressBar(None, shown="always")
    assert list(bar.over("ab")) == ["a", "b"]
    bar.end_line("the end")
