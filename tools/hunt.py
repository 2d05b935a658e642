"""Run the tests of a module once for each fault planted in it, in a few milliseconds each.

Everything is imported and collected once. Then each fault gets a fork of that process, in which
the code of the functions is exchanged in place, so that whoever imported them has the fault too. Of
the tests, those that reach the faulty line run, the quickest first, until one fails.
"""

import ast
import functools
import gc
import importlib
import json
import os
import resource
import signal
import sys
import time
import types
from collections.abc import Iterator
from pathlib import Path

from faults import FUNCTIONS, Fault, faults

ROOT = Path(__file__).resolve().parents[1]
HEAVY = ("hypothesis", "scipy.signal", "sklearn.metrics", "torch", "keras")
MEMORY = 16 * 2**30  # bytes of addresses: a list that grows without end counts as found
LEAST, TIMES = 1.0, 10  # seconds of processor time that a test may take, or so often its usual time
PATIENCE = 300  # seconds by the clock for all tests of one fault
PASSED, FOUND, NOT_PLANTED = 0, 1, 2  # what a fork ends with; by a signal when its time is up
# Tests of a module that are not in the file of its name.
ALSO = {
    "labkit/ops/positions.py": ("tests/ops/test_attention.py",),
    "labkit/optim": ("tests/test_optim.py", "tests/test_optim_modern.py"),
}
TABLE = "tests/test_ops.py"  # of all functions; those of the module are chosen by name
PLACE = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "KERAS_BACKEND": "torch",
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # they take longer than the tests
}


def tests_of(file: str) -> list[str]:
    """Return the files that test a module: its mirror, the table, its own examples."""
    path = Path(file)
    mirror = Path("tests", *path.parts[1:-1], f"test_{path.stem}.py").as_posix()
    also = ALSO.get(file, ALSO.get(path.parent.as_posix(), ()))
    table = [TABLE] if path.parts[1] == "ops" else []
    return [*(f for f in (mirror, *also) if (ROOT / f).exists()), *table, file]


def hunt(file: str) -> Iterator[tuple[Fault, bool, bool]]:
    """Yield each fault of a module, whether a test found it, and whether one reached it.

    Raises RuntimeError if a test fails before a fault is planted, or one cannot be planted.
    """
    os.environ.update(PLACE)
    texts = [(ROOT / name).read_text(encoding="utf-8") for name in tests_of(file)]
    for name in HEAVY:
        if any(name.split(".")[0] in text for text in texts):
            importlib.import_module(name)  # once, here: each fault then starts from a fork of it
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        try:
            run(file, os.fdopen(writer, "w"))
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answers:
        for fault in faults((ROOT / file).read_text(encoding="utf-8")):
            answer = json.loads(answers.readline() or '"pytest ended too early"')
            if isinstance(answer, str):
                raise RuntimeError(f"{file}: {answer}")
            yield fault, *answer
    os.waitpid(child, 0)


def run(file: str, answers) -> None:
    """Start pytest in this process, with the hunt in place of its loop over the tests."""
    import pytest

    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    sys.dont_write_bytecode = True
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    pytest.main(["-q", "-p", "no:cacheprovider", *tests_of(file)], plugins=[Hunt(file, answers)])


class Hunt:
    """A plugin of pytest: what it does once the tests are collected."""

    def __init__(self, file: str, answers):
        self.path, self.answers = str(ROOT / file), answers
        self.source = (ROOT / file).read_text(encoding="utf-8")
        self.tree = ast.parse(self.source)
        self.in_fork = False
        self.failed: list[str] = []

    def pytest_sessionstart(self):
        """An example that fails is enough: Hypothesis need not look for a smaller one."""
        from hypothesis import Phase, settings

        phases = (Phase.explicit, Phase.generate)
        settings.register_profile("hunt", settings(), phases=phases, deadline=None)
        settings.load_profile("hunt")

    def pytest_runtest_makereport(self, item, call):
        """In a fork, the first failure is the answer."""
        import pytest

        if call.excinfo and not call.excinfo.errisinstance(pytest.skip.Exception):
            if self.in_fork:
                os._exit(FOUND)
            self.failed.append(f"{item.nodeid}: {call.excinfo.value!r}")

    def pytest_runtestloop(self, session):
        """Watch all tests once, then run for each fault those that it concerns."""
        items = [item for item in session.items if self.concerned(item)]
        reached, seconds = self.watch(items)
        items.sort(key=seconds.__getitem__)
        functions = functions_of(self.path)
        forget()
        if self.failed or self.end_of(None, functions, items, seconds) != PASSED:
            self.say("tests fail without a fault: " + "; ".join(self.failed or ["in a fork"]))
            return True
        for fault in faults(self.source):
            chosen = [i for i in items if not fault.where or reached[i] & set(fault.lines)]
            end = self.end_of(fault, functions, chosen, seconds)
            not_planted = f"{fault.key} cannot be planted in a running program"
            self.say(not_planted if end == NOT_PLANTED else (end != PASSED, bool(chosen)))
        return True

    def say(self, answer):
        """Write a line to the process that waits."""
        print(json.dumps(answer), file=self.answers, flush=True)

    def concerned(self, item) -> bool:
        """Whether a test is in a file of the module's own, or names one of its functions."""
        names = [node.name for node in self.tree.body if isinstance(node, FUNCTIONS)]
        return not item.nodeid.startswith(TABLE) or any(name in item.nodeid for name in names)

    def watch(self, items) -> tuple[dict, dict]:
        """Return which lines of the module each test reaches, and what it takes."""
        reached, seconds = {}, {}
        names = {item: dict(item.dtest.globs) for item in items if hasattr(item, "dtest")}
        for item, following in after_each(items):
            lines = reached[item] = set()
            start = time.process_time()
            sys.settrace(tracer(self.path, lines))
            item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
            sys.settrace(None)
            seconds[item] = time.process_time() - start
        for item, known in names.items():
            item.dtest.globs.update(known)  # an example forgets them once it has run
        return reached, seconds

    def end_of(self, fault, functions, items, seconds) -> int:
        """Plant a fault in a fork and run the tests there; return what the fork ended with."""
        child = os.fork()
        if child:
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        end = NOT_PLANTED
        try:
            self.in_fork = True
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            signal.alarm(PATIENCE)
            if fault is None or plant(fault, self.tree, self.path, functions):
                end = FOUND
                for item, following in after_each(items):
                    signal.setitimer(signal.ITIMER_PROF, max(LEAST, TIMES * seconds[item]))
                    item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
                end = PASSED
        finally:
            os._exit(end)


def after_each(items: list) -> list[tuple]:
    """Return each test with the one that comes after it, which says what may be taken down."""
    return list(zip(items, [*items[1:], None], strict=False))


def forget() -> None:
    """Empty every cache of what the right code has answered, and leave nothing to collect."""
    for each in gc.get_objects():
        if type(each) is functools._lru_cache_wrapper:
            each.cache_clear()
    gc.collect()
    gc.freeze()


def tracer(path: str, lines: set):
    """Return a trace function that notes which lines of a file are run."""

    def inside(frame, event, argument):
        if event == "line":
            lines.add(frame.f_lineno)
        return inside

    def outside(frame, event, argument):
        if frame.f_code.co_filename != path:
            return None
        lines.add(frame.f_code.co_firstlineno)
        return inside

    return outside


def functions_of(path: str) -> list[types.FunctionType]:
    """Return every function that was made from a file, whoever holds it."""
    every = [each for each in gc.get_objects() if type(each) is types.FunctionType]
    return [function for function in every if function.__code__.co_filename == path]


# --- exchanging code in place -----------------------------------------------------------------


def plant(fault: Fault, tree: ast.Module, path: str, functions: list) -> bool:
    """Give every function of the file the code, the defaults and the constants with the fault.

    Return whether anything has changed by that.
    """
    faulty = fault.planted(tree)
    new = dict(codes(compile(faulty, path, "exec")))
    if not fault.where:
        return set_constants(fault, faulty, path)
    changed = False
    for function in functions:
        old = function.__code__
        code = new.get(old.co_qualname, old).replace(co_freevars=old.co_freevars)
        if code != old:
            function.__code__, changed = code, True
        if old.co_qualname == fault.where and fault.code.startswith("def "):
            changed |= set_defaults(function, faulty)
    return changed


def codes(code: types.CodeType) -> Iterator[tuple[str, types.CodeType]]:
    """Yield the name and the code of everything defined in a piece of code."""
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield constant.co_qualname, constant
            yield from codes(constant)


def set_defaults(function: types.FunctionType, tree: ast.Module) -> bool:
    """Give a function the defaults that it has in a tree; return whether they are others."""
    node = tree
    for name in function.__qualname__.split("."):
        node = next(n for n in node.body if getattr(n, "name", None) == name)

    def value(default):
        return eval(compile(ast.Expression(default), "", "eval"), function.__globals__)

    before = repr((function.__defaults__, function.__kwdefaults__))
    given = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
    function.__defaults__ = tuple(map(value, node.args.defaults)) or None
    function.__kwdefaults__ = {a.arg: value(d) for a, d in given if d is not None} or None
    return before != repr((function.__defaults__, function.__kwdefaults__))


def set_constants(fault: Fault, tree: ast.Module, path: str) -> bool:
    """Run one statement of the module anew, and give its results to all who imported them."""
    modules = [m for m in list(sys.modules.values()) if type(m) is types.ModuleType]
    (statement,) = (n for n in tree.body if n.lineno in fault.lines)
    changed = False
    for own in [m for m in modules if getattr(m, "__file__", None) == path]:
        after = dict(vars(own))
        exec(compile(ast.Module([statement], []), path, "exec"), after)
        for name in {n.id for n in ast.walk(statement) if isinstance(n, ast.Name)} & set(vars(own)):
            before = vars(own)[name]
            for module in modules:
                if after[name] is not before and vars(module).get(name) is before:
                    setattr(module, name, after[name])
                    changed = True
    return changed
