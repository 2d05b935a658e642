"""Write the students' copies of the labs: the source notebooks without solutions and outputs.

    python tools/release_labs.py [--write]   write labs/release from labs/source
    python tools/release_labs.py --check     name the copies that are stale, missing or left over

A solution stands in a cell that nbgrader's metadata marks as one, between the lines
``### BEGIN SOLUTION`` and ``### END SOLUTION``. Inside a function the copy raises
NotImplementedError in its place; at the top level it keeps the names: ``answer = ...``
"""

import ast
import json
import sys
from pathlib import Path

from notebooks import canonical, joined, lines, text_of

ROOT = Path(__file__).resolve().parents[1]
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
KEYS = {"grade", "grade_id", "locked", "schema_version", "solution", "task"}


class LabError(ValueError):
    """A source notebook that cannot be released; the message names the notebook and the cell."""


def released(notebook, name):
    """The student's copy of a source notebook."""
    bare = [c | {"outputs": []} if c["cell_type"] == "code" else c for c in notebook["cells"]]
    copy = canonical(notebook | {"cells": bare})
    check_metadata(copy, name)
    for cell in copy["cells"]:
        source = joined(cell["source"])
        where = f"{name}, cell {cell['id']}"
        if cell["metadata"].get("nbgrader", {}).get("solution"):
            cell["source"] = lines(stubbed(source, where))
        elif BEGIN in source or END in source:
            raise LabError(f"{where}: a solution in a cell that is not marked as one")
    return copy


def stubbed(source, where):
    """The source of a solution cell with a stub in the place of each solution."""
    kept, region, begun = [], [], 0
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


def stub(region, where):
    """The lines that stand for a solution in the student's copy."""
    indent = region[0][: len(region[0]) - len(region[0].lstrip())]
    if indent:
        return [f"{indent}raise NotImplementedError  # your code here"]
    names = []
    for statement in ast.parse("\n".join(region)).body:
        targets = statement.targets if isinstance(statement, ast.Assign) else [None]
        if not all(isinstance(target, ast.Name) for target in targets):
            raise LabError(f"{where}: a solution at the top level may only give values to names")
        names += [target.id for target in targets]
    return [f"{name} = ...  # your answer here" for name in names]


def check_metadata(notebook, name):
    """Raise LabError where nbgrader's metadata is incomplete or an id is there twice."""
    seen = set()
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


def copies(root):
    """The path of every released notebook, with the text that it should have."""
    for path in sorted((root / "labs/source").glob("*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        yield root / "labs/release" / path.name, text_of(released(notebook, path.name))


def main(arguments, root=ROOT):
    """Write or check; see the top of this file."""
    if arguments not in ([], ["--write"], ["--check"]):
        print(__doc__)
        return 2
    try:
        wanted = dict(copies(root))
    except LabError as error:
        print(error)
        return 1
    failed = False
    for path, text in wanted.items():
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        failed = arguments == ["--check"]
        if not failed:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        print(f"{'stale: ' if failed else 'wrote '}{path.relative_to(root)}")
    for path in sorted((root / "labs/release").glob("*.ipynb")):
        if path not in wanted:
            print(f"no source: {path.relative_to(root)}")
            failed = True
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
