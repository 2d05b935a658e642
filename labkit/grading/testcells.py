"""Cells of tests from an nbgrader notebook, unchanged: they run here, what they test runs there."""

from __future__ import annotations

import ast
import builtins
from typing import Any

from labkit.exercises import MISSING
from labkit.grading.remote import Namespace


def run_tests(
    tests: str, imports: dict[str, Any], space: Namespace, asked: frozenset[str] = frozenset()
) -> None:
    """Run a cell of tests on what a student's notebook defines.

    ``imports`` are the instructor's; every other name that the tests use is the student's: a
    function is called over the pipe, a value is handed over. So is what was ``asked`` for, even if
    Python has such a name. Raises what the tests raise.
    """
    names = [name for name in names_used(tests, asked) if name not in imports]
    found = {name: space.answer(name, MISSING, strict=False) for name in names}
    for name, thing in found.items():
        if thing is MISSING and hasattr(builtins, name):
            raise NameError(f"{name} is not defined")
    known = {name: thing for name, thing in found.items() if thing is not MISSING}
    exec(compile(tests, "<tests>", "exec"), {**imports, **known, "__name__": "tests"})


def names_used(source: str, asked: frozenset[str] = frozenset()) -> list[str]:
    """Return the names that a text uses and neither defines nor has from Python itself.

    Of Python's names only those are returned that are ``asked`` for.

    >>> names_used("y = area(2)\\nassert abs(y - pi * 4) < 1e-9")
    ['area', 'pi']
    """
    used: set[str] = set()
    defined = set(dir(builtins)) - asked
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else defined).add(node.id)
        elif isinstance(node, ast.arg):
            defined.add(node.arg)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            defined.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            defined |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    return sorted(used - defined)


def names_given(node: ast.stmt) -> set[str]:
    """Return the names that a statement at the top level defines.

    >>> sorted(names_given(ast.parse("a = b, c = 1, 2").body[0]))
    ['a', 'b', 'c']
    """
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else []
    parts = [part for target in targets for part in ast.walk(target)]
    return {part.id for part in parts if isinstance(part, ast.Name)}


def is_written_out(node: ast.stmt) -> bool:
    """Return whether a statement gives a name to data that stands in it, and reads no file.

    >>> [is_written_out(ast.parse(text).body[0]) for text in ("x = np.eye(3)", "x = load('y')")]
    [True, False]
    """
    if not isinstance(node, ast.Assign):
        return False
    parts = list(ast.walk(node.value))
    calls = any(isinstance(part, ast.Call) for part in parts)
    texts = any(isinstance(part, ast.Constant) and type(part.value) is str for part in parts)
    loose = {part.id for part in parts if isinstance(part, ast.Name)} - {"np", "numpy", "math"}
    return not loose and not (calls and texts)
