"""The conversation: a child for each start, the worker's imports kept, limits held."""

import time

import numpy as np
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


SLOPES = {
    "torch": "import torch\ndef slope(x):\n    x = torch.tensor(x, requires_grad=True)\n"
    "    (x**3).sum().backward()\n    return x.grad.numpy()",
    "keras": "import keras\ndef slope(x):\n"
    "    return keras.ops.convert_to_numpy(3 * keras.ops.square(x))",
}


@pytest.mark.parametrize("package", SLOPES)
def test_a_framework_is_imported_once_and_is_there_in_each_child(package):
    """The import takes seconds; a child that follows a dead one has it at once."""
    pytest.importorskip("torch", reason="pip install 'labkit-course[torch]'")
    if package == "keras":
        pytest.importorskip("keras", reason="pip install 'labkit-course[keras]'")
    walls = BACKENDS["bwrap" if BACKENDS["bwrap"].verdict().works else "trusted"]
    warm = f"import os, sys\nassert {package!r} in sys.modules\ndef die(): os._exit(1)"
    session = Session(walls, contents_for(("numpy", package)), modules=("numpy", package))
    with session:
        space = Namespace(session, [Cell(1, WORKER), Cell(2, warm), Cell(3, SLOPES[package])])
        slope = space.answer("slope", None)
        assert slope(np.array([1.0, -2.0])).tolist() == [3.0, 12.0]
        before = space.answer("parent", None)()
        with pytest.raises(RuntimeError, match="ended"):
            space.answer("die", None)()
        assert slope(np.array([0.5])).tolist() == [0.75]
        assert space.answer("parent", None)() == before
        assert space.problems == {}


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
