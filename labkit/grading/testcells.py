"""Cells of tests from an nbgrader notebook, unchanged: they run here, what they test runs there."""

from __future__ import annotations

import ast
import builtins
from typing import Any

from labkit.exercises import MISSING
from labkit.grading.remote import Namespace


def run_tests(tests: str, imports: dict[str, Any], space: Namespace) -> None:
    """Run a cell of tests on what a student's notebook defines.

    ``imports`` are the instructor's; every other name that the tests use is the student's: a
    function is called over the pipe, a value is handed over. Raises what the tests raise.
    """
    found = {name: space.answer(name, MISSING) for name in names_used(tests) if name not in imports}
    known = {name: thing for name, thing in found.items() if thing is not MISSING}
    exec(compile(tests, "<tests>", "exec"), {**imports, **known, "__name__": "tests"})


def names_used(source: str) -> list[str]:
    """Return the names that a text uses and neither defines nor has from Python itself.

    >>> names_used("y = area(2)\\nassert abs(y - pi * 4) < 1e-9")
    ['area', 'pi']
    """
    used: set[str] = set()
    defined = set(dir(builtins))
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
