"""The conversation: a child for each start, the worker's imports kept, limits held."""

import time

import pytest

from labkit.grading.limits import Limits
from labkit.grading.remote import Namespace
from labkit.grading.sandbox import BACKENDS, contents_for
from labkit.grading.session import Session, Stopped
from labkit.grading.submission import Cell

WORKER = "import os, sys\ndef parent(): return os.getppid(), id(sys.modules['numpy'])\n"


def talk(code, **limits):
    session = Session(BACKENDS["trusted"], contents_for(), Limits(**limits))
    return session, Namespace(session, [Cell(1, WORKER), Cell(2, code)])


def test_a_second_child_has_the_worker_and_its_modules():
    session, space = talk("def die(): os._exit(3)")
    with session:
        before = space.answer("parent", None)()
        with pytest.raises(RuntimeError, match="ended"):
            space.answer("die", None)()
        assert session.deaths == 1
        assert space.answer("parent", None)() == before


def test_a_closed_session_starts_another_worker():
    session, space = talk("")
    with session:
        before = space.answer("parent", None)()
        session.close()
        assert space.answer("parent", None)()[0] != before[0]


def test_time_and_deaths_have_limits():
    session, space = talk("while True: pass", cell=0.3, deaths=1)
    with session:
        begun = time.monotonic()
        assert space.answer("parent", None)()
        assert time.monotonic() - begun < 10
        assert list(space.problems) == [2]
        for _ in range(2):
            session._lost()
        with pytest.raises(Stopped, match="too often"):
            space.answer("parent", None)
    session, space = talk("", total=0.01)
    time.sleep(0.02)
    with session, pytest.raises(Stopped, match="are over"):
        space.answer("parent", None)
