"""The right answers, the stubs and the wrong answers of every exercise, as the files hold them."""

import ast
import importlib.util
import json
import re
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]


def wrong_answers(topic):
    """The lists of <topic>.py and, for a topic with many exercises, of <topic>_chapter.py."""
    listed = {}
    for path in sorted(Path(__file__).parent.glob(f"{topic}*.py")):
        spec = importlib.util.spec_from_file_location(f"wrong_{path.stem}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        assert not set(listed) & set(module.WRONG)
        listed |= module.WRONG
    return listed


def code_cells(path):
    if path.exists():
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "code":
                yield cell["metadata"], "".join(cell["source"])


def is_solution(metadata):
    return metadata.get("nbgrader", {}).get("solution") or "solution" in metadata.get("tags", [])


def is_stub(metadata):
    return metadata.get("nbgrader", {}).get("solution") or "exercise" in metadata.get("tags", [])


def without_check(source):
    """The cell without its call of check, which would look for the answer in this process."""
    return re.sub(r"^check\(.*\)$", "", source, flags=re.MULTILINE)


def defines(source, name):
    targets = set()
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef):
            targets.add(node.name)
        elif isinstance(node, ast.Assign):
            targets |= {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    return name in targets


def imports(source):
    """The cell's imports of NumPy and labkit, which a solution may rely on."""
    if "%pip" in source:  # the setup cell is no plain Python
        return ""
    nodes = [
        node for node in ast.parse(source).body if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    lines = map(ast.unparse, nodes)
    return "\n".join(line for line in lines if line.split()[1].split(".")[0] in {"labkit", "numpy"})


def answers(name, topic, chosen, folders):
    """(source of the cell that answers the exercise, what a page runs before it)."""
    for folder in folders:
        before = []
        for metadata, source in code_cells(ROOT / folder / f"{topic}.ipynb"):
            before.append(imports(source))
            if not chosen(metadata):
                continue
            source = without_check(source)
            if defines(source, name):
                return source, before
            before.append(source)
    raise AssertionError(f"{name}: no answer in {' or '.join(folders)}")


def right_answer(exercise):
    folders = ("labs/source", "book")
    return answers(exercise.name, exercise.topic, is_solution, folders)


def run(source, before, name):
    """What ``name`` is after imports, earlier answers and the source have run."""
    namespace = {"np": np, "__name__": "answer"}
    for text in (*before, source):
        exec(compile(text, "<answer>", "exec"), namespace)
    return namespace[name]


def mutated(right, change):
    """A wrong answer from the right one; each text to be replaced must be there."""
    if isinstance(change, str):
        return change
    for old, new in change if isinstance(change, list) else [change]:
        assert old in right, f"{old!r} is not in the right answer"
        right = right.replace(old, new)
    return right
