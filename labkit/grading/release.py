"""Make the students' copies of the labs: the notebooks without solutions and outputs.

A solution stands in a cell that nbgrader's metadata marks as one, between the lines
``### BEGIN SOLUTION`` and ``### END SOLUTION``. Inside a function the copy raises
NotImplementedError in its place; at the top level it keeps the names: ``answer = ...``
Hidden tests of nbgrader, between ``### BEGIN HIDDEN TESTS`` and ``### END HIDDEN TESTS``, go.
"""

from __future__ import annotations

import ast
import copy
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from labkit.grading.lab import BEGIN, LabError, text_of

END = "### END SOLUTION"
HIDDEN = re.compile(r"^ *### BEGIN HIDDEN TESTS$.*?^ *### END HIDDEN TESTS$\n?", re.M | re.S)
#: What nbgrader takes for a mark, in whatever spelling: none may be left in a copy.
MARK = re.compile(r"(BEGIN|END) (SOLUTION|HIDDEN TESTS)", re.IGNORECASE)
KEYS = {"grade", "grade_id", "locked", "schema_version", "solution", "task"}

Notebook = dict[str, Any]


def released(notebook: Notebook, name: str) -> Notebook:
    """Return the student's copy of a notebook; ``name`` is for messages.

    Raises LabError where a solution is not marked, not closed, or cannot be taken out, and where a
    mark is left that is not spelt as it should be.
    """
    result = copy.deepcopy(notebook)
    check_metadata(result, name)
    for cell in result["cells"]:
        source = text_of(cell)
        where = f"{name}, cell {cell.get('id')}"
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
        if cell["metadata"].get("nbgrader", {}).get("solution"):
            source = stubbed(source, where)
        elif BEGIN in source or END in source:
            raise LabError(f"{where}: a solution in a cell that is not marked as one")
        source = HIDDEN.sub("", source)
        if left := MARK.search(source):
            raise LabError(f"{where}: {left[0]} stands in no line of the form ### {left[0]}")
        cell["source"] = source.splitlines(keepends=True)
    return result


def stubbed(source: str, where: str) -> str:
    """Return the source of a solution cell with a stub in the place of each solution."""
    kept: list[str] = []
    region: list[str] = []
    begun = 0
    for number, line in enumerate(source.splitlines(), start=1):
        if line.strip() == BEGIN:
            if begun:
                raise LabError(f"{where}, line {number}: a solution inside the one of line {begun}")
            region, begun = [line], number
        elif line.strip() == END:
            if not begun:
                raise LabError(f"{where}, line {number}: {END} without {BEGIN}")
            kept += stub([*region, line], where)
            begun = 0
        elif BEGIN in line or END in line:
            raise LabError(f"{where}, line {number}: the mark must stand alone on its line")
        else:
            (region if begun else kept).append(line)
    if begun:
        raise LabError(f"{where}, line {begun}: {BEGIN} without {END}")
    if not any(BEGIN in line for line in source.splitlines()):
        raise LabError(f"{where}: marked as a solution, but holds no {BEGIN}")
    return "\n".join(kept)


def stub(region: list[str], where: str) -> list[str]:
    """Return the lines that stand for a solution in the student's copy."""
    indent = region[0][: len(region[0]) - len(region[0].lstrip())]
    if indent:
        return [f"{indent}raise NotImplementedError  # your code here"]
    names = []
    for statement in ast.parse("\n".join(region)).body:
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        found = [target.id for target in targets if isinstance(target, ast.Name)]
        if not found or len(found) < len(targets):
            raise LabError(f"{where}: a solution at the top level may only give values to names")
        names += found
    return [f"{name} = ...  # your answer here" for name in names]


def check_metadata(notebook: Notebook, name: str) -> None:
    """Raise LabError where nbgrader's metadata is incomplete or an id is there twice."""
    seen: set[str] = set()
    for cell in notebook["cells"]:
        if (marks := cell["metadata"].get("nbgrader")) is None:
            continue
        where = f"{name}, cell {cell['id']}"
        wanted = KEYS | ({"points"} if marks.get("grade") else set())
        if set(marks) != wanted or marks["schema_version"] != 3:
            raise LabError(f"{where}: nbgrader's metadata must have {sorted(wanted)}, version 3")
        if marks["grade_id"] in seen:
            raise LabError(f"{where}: the grade_id {marks['grade_id']} is there twice")
        seen.add(marks["grade_id"])


def release(sources: Iterable[Path], folder: Path, *, check: bool = False) -> list[str]:
    """Write the copies of the notebooks into a folder, and return a line for each that changed.

    With ``check`` nothing is written, and the lines name the copies that are stale or missing, and
    those that have no source.

    Raises LabError if there is none or one of them cannot be released; then none is written.
    """
    wanted = {}
    for path in sorted(sources):
        try:
            notebook = json.loads(path.read_text("utf-8"))
        except OSError as error:
            raise LabError(f"{path} cannot be read: {error.strerror}") from None
        except ValueError as error:
            raise LabError(f"{path} is not a notebook: {error}") from None
        bare = released(notebook, path.name)
        text = json.dumps(bare, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
        wanted[folder / path.name] = text
    if not wanted:
        raise LabError("there is no notebook to release: name one, or go to where labs/source is")
    lines = []
    for path, text in wanted.items():
        if path.exists() and path.read_text("utf-8") == text:
            continue
        lines.append(f"{'stale: ' if check else 'wrote '}{path}")
        if not check:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    left = sorted(set(folder.glob("*.ipynb")) - set(wanted)) if check else []
    return lines + [f"no source: {path}" for path in left]
