"""A lab as the grader sees it: what is asked, what it is worth, and what only the grader knows."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

from labkit.exercises import exercises
from labkit.exercises.exercise import Check, Exercise
from labkit.grading.inside.worker import python_of
from labkit.grading.testcells import is_written_out, names_given, names_used

CHECK = re.compile(r'^check\("(\w+)"\)$')
BEGIN = "### BEGIN SOLUTION"
PROVIDED = {"labkit", *sys.stdlib_module_names}


class LabError(ValueError):
    """A lab that cannot be graded; the message names the lab and the place."""


@dataclass(frozen=True)
class Task:
    """One thing that gives points: an exercise with its hidden checks, or a cell of tests.

    A task with neither is graded by hand.
    """

    name: str
    points: float
    exercise: Exercise | None = None
    hidden: tuple[Check, ...] = ()
    tests: str = ""


@dataclass(frozen=True)
class Lab:
    """The tasks of a lab, and the packages that its notebook imports.

    ``space`` holds what the notebook imports, for cells of tests; ``asked`` are the names that its
    solutions define, which come from the student even where Python or an import has such a name.
    """

    name: str
    tasks: tuple[Task, ...]
    packages: tuple[str, ...]
    space: dict[str, Any] = field(default_factory=dict, compare=False)
    asked: frozenset[str] = frozenset()

    @property
    def points(self) -> float:
        """What the lab is worth."""
        return sum(task.points for task in self.tasks)


@dataclass(frozen=True)
class Sources:
    """The texts that a lab is made of, so that it can be sent to another machine.

    ``notebook`` is the instructor's, with the solutions; ``hidden`` the file of hidden inputs.
    """

    name: str
    notebook: str
    hidden: str = ""

    def fingerprint(self) -> str:
        """Return a name for exactly these texts and the checks of this labkit."""
        import labkit.exercises

        seen = hashlib.sha256(f"{self.name}\0{self.notebook}\0{self.hidden}".encode())
        for path in sorted(Path(labkit.exercises.__file__).parent.rglob("*.py")):
            seen.update(path.read_bytes())
        return seen.hexdigest()


def sources_of(notebook: Path, hidden: Path | None = None) -> Sources:
    """Read the instructor's notebook and the hidden inputs, which by custom stand in ``hidden``.

    For ``labs/source/x.ipynb`` that is ``labs/hidden/x.py``; a notebook of another tool has none.

    Raises LabError if the notebook is not there, nor the hidden inputs where they are named.
    """
    if not notebook.is_file():
        raise LabError(f"lab must be the instructor's notebook; there is no file {notebook}")
    if hidden and not hidden.is_file():
        raise LabError(f"hidden must be a file of hidden inputs; there is no file {hidden}")
    hidden = hidden or notebook.parent.parent / "hidden" / f"{notebook.stem}.py"
    text = hidden.read_text("utf-8") if hidden.is_file() else ""
    return Sources(notebook.stem, notebook.read_text("utf-8"), text)


@lru_cache(maxsize=8)
def load(sources: Sources) -> Lab:
    """Return the lab; runs the solutions and the hidden file, which are the instructor's own.

    Raises LabError if a function has no hidden inputs, or a cell is not what it should be.
    """
    try:
        cells = json.loads(sources.notebook)["cells"]
    except (ValueError, KeyError, TypeError) as error:
        raise LabError(f"{sources.name} is not a notebook: {error}") from None
    for cell in cells:
        if cell["cell_type"] == "code":
            cell["source"] = python_of(text_of(cell))
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    checked = any(CHECK.match(text_of(cell).strip()) for cell in code)
    if checked:
        _must_hold_solutions(code, sources.name)
    solutions = _run(code, sources.name, _solution_or_imports) if checked else {}
    draws = _hidden_of(sources)
    asked = _asked(code)
    tasks = []
    for cell in cells:
        marks = cell["metadata"].get("nbgrader", {})
        if marks.get("grade"):
            task = _task(cell, marks, solutions, draws, sources.name)
            tasks.append(replace(task, tests=_given(code, task.tests, asked) + task.tests))
    if not tasks:
        raise LabError(f"{sources.name} has no cell that gives points")
    names = [task.name for task in tasks]
    if len(set(names)) < len(names):
        raise LabError(f"{sources.name} grades one thing twice: {names}")
    space = _run(code, sources.name, lambda cell: _imports(text_of(cell)))
    space = {name: thing for name, thing in space.items() if name not in asked}
    return Lab(sources.name, tuple(tasks), _packages(code), space, asked)


def _task(
    cell: dict[str, Any], marks: dict[str, Any], solutions: dict[str, Any], draws: Any, lab: str
) -> Task:
    source, points = text_of(cell), float(marks["points"])
    if marks.get("solution") or cell["cell_type"] != "code":
        return Task(marks["grade_id"], points)
    found = CHECK.match(source.strip())
    if not found:
        return Task(marks["grade_id"], points, tests=source)
    name = found[1]
    exercise = exercises().get(name)
    if exercise is None:
        raise LabError(f"{lab} checks {name}, and labkit has no exercise of that name")
    if exercise.form and name not in draws:
        raise LabError(f"{lab} has no hidden inputs for {name}; see labkit.grading.hidden")
    if name not in solutions:
        raise LabError(f"{lab} has no solution for {name}")
    hidden = tuple(draw.check(solutions[name]) for draw in draws.get(name, ()))
    return Task(name, points, exercise, hidden)


def _asked(code: list[dict[str, Any]]) -> frozenset[str]:
    """The names that the solutions define."""
    found: set[str] = set()
    for cell in code:
        if cell["metadata"].get("nbgrader", {}).get("solution"):
            with contextlib.suppress(SyntaxError):
                for node in ast.parse(text_of(cell)).body:
                    found |= names_given(node)
    return frozenset(found)


def _given(code: list[dict[str, Any]], tests: str, asked: frozenset[str]) -> str:
    """What the tests use of the instructor's, so that no student replaces it.

    These are functions, and data that is written out, as in ``x = np.array([1, 2])``.
    """
    found = ""
    for cell in reversed(code):
        marks = cell["metadata"].get("nbgrader", {})
        if tests and not marks.get("solution") and not marks.get("grade"):
            with contextlib.suppress(SyntaxError):
                for node in reversed(ast.parse(text_of(cell)).body):
                    given = names_given(node) - asked
                    plain = isinstance(node, ast.FunctionDef) or is_written_out(node)
                    if plain and given & set(names_used(found + tests)):
                        found = f"{ast.unparse(node)}\n{found}"
    return found


def _run(code: list[dict[str, Any]], lab: str, chosen: Callable[[Any], str]) -> dict[str, Any]:
    """What the chosen text of each cell defines."""
    space: dict[str, Any] = {"__name__": f"solutions_of_{lab}"}
    for cell in code:
        try:
            exec(compile(chosen(cell), f"<{lab}, cell {cell.get('id')}>", "exec"), space)
        except Exception as error:
            kind = type(error).__name__
            raise LabError(f"{lab}, cell {cell.get('id')}: {kind}: {error}") from None
    return space


def _must_hold_solutions(code: list[dict[str, Any]], lab: str) -> None:
    """A students' copy would run, and its stubs would be the reference."""
    for cell in code:
        if cell["metadata"].get("nbgrader", {}).get("solution") and BEGIN not in text_of(cell):
            where = f"{lab}, cell {cell.get('id')}"
            raise LabError(f"{where}: there is no solution; is this the students' copy?")


def _solution_or_imports(cell: dict[str, Any]) -> str:
    solution = cell["metadata"].get("nbgrader", {}).get("solution")
    return text_of(cell) if solution else _imports(text_of(cell))


def _imports(source: str) -> str:
    with contextlib.suppress(SyntaxError):
        body = ast.parse(source).body
        nodes = [node for node in body if isinstance(node, ast.Import | ast.ImportFrom)]
        return "\n".join(map(ast.unparse, nodes))
    return ""


def _packages(code: list[dict[str, Any]]) -> tuple[str, ...]:
    """What the notebook imports beside Python's own and labkit; NumPy in any case."""
    names = {"numpy"}
    for cell in code:
        for node in ast.walk(ast.parse(_imports(text_of(cell)))):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module.split(".")[0])
    return tuple(sorted(names - PROVIDED))


def _hidden_of(sources: Sources) -> dict[str, Any]:
    if not sources.hidden:
        return {}
    module = ModuleType(f"hidden_of_{sources.name}")
    exec(compile(sources.hidden, f"<hidden inputs of {sources.name}>", "exec"), vars(module))
    return module.HIDDEN


def text_of(cell: dict[str, Any]) -> str:
    """Return the text of a cell, which a notebook may hold as a list of lines."""
    source = cell["source"]
    return "".join(source) if isinstance(source, list) else source
