"""Who else says so: for every public name, the tests that compare it with something independent.

`python tests/witnesses.py` prints the table: a name in each row, a witness in each column, ● where
a test compares the two, and a letter where none can, with the reason below. The tests stand in
`witnesses.toml`: the entries of a name, else those of its module, else those of the package above;
"otherwise" stands for every witness not named beside it. `test_witnesses.py` holds the file to what
is there.
"""

import ast
import importlib
import re
import string
import tomllib
from collections import defaultdict
from functools import cache
from pathlib import Path

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent
TABLE = tomllib.loads((TESTS / "witnesses.toml").read_text(encoding="utf-8"))

# Of each witness: the head of its column, and what a test that asks it cannot but mention.
WITNESSES = {
    "differences": ("differences", {"numerical_gradient", "check_vjp"}),
    "torch": ("PyTorch", {"torch", "torch_models"}),
    "keras": ("Keras", {"keras", "keras_models"}),
    "scipy": ("SciPy", {"scipy", "sklearn"}),
    "hand": ("hand, paper", set()),
}


def is_test(cell):
    """A cell holds the place of a test, or else the reason why there is none."""
    return "::" in cell


def packages():
    """The modules that have a table, without those whose names a package above shows."""
    return [name for name in TABLE if name.rpartition(".")[0] not in TABLE]


def public_names(package):
    """What a module offers: its ``__all__``, or what it defines without an underscore."""
    module = importlib.import_module(package)
    defined = [n for n, v in vars(module).items() if getattr(v, "__module__", "") == package]
    return sorted(n for n in getattr(module, "__all__", defined) if not n.startswith("_"))


def tables(package, name):
    """The tables that serve a name, nearest first: its module's, then those of packages above."""
    module = getattr(getattr(importlib.import_module(package), name), "__module__", package)
    module = module if module.startswith(package) else package
    parts = module.split(".")
    above = [".".join(parts[:i]) for i in range(len(parts), 0, -1)]
    return [TABLE[module] for module in above if module in TABLE]


def cells(package, name):
    """What stands in the row of a name: for each witness, a test or a reason."""
    near = tables(package, name)
    levels = [near[0].get(name, {}), *near]
    return {
        witness: next((e[key] for e in levels for key in (witness, "otherwise") if key in e), None)
        for witness in WITNESSES
    }


# --- what a test speaks of ----------------------------------------------------------------------


@cache
def tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def definitions(path):
    """The statements at the top of a file that define each name; the imports are anywhere in it."""
    found = defaultdict(list)
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                came = (getattr(node, "module", alias.name), alias.name)
                found[(alias.asname or alias.name).partition(".")[0]].append(came)
    for node in tree(path).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found[node.name].append(node)
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            for target in getattr(node, "targets", None) or [node.target]:
                for part in ast.walk(target):
                    if isinstance(part, ast.Name):
                        found[part.id].append(node)
    return found


def helper(module):
    """The file of a helper in tests/ or of labkit's table of cases, None of anything else."""
    inside = module.replace(".", "/")
    for path in (TESTS / f"{inside}.py", ROOT / f"{inside}.py", ROOT / inside / "__init__.py"):
        if path.exists() and (path.parent == TESTS or module.startswith("labkit.testing")):
            return path
    return None


@cache
def words(path, name):
    """Every name and every word of a string in a test, and in what it uses of its helpers."""
    found, seen, waiting = set(), set(), [(path, name)]
    while waiting:
        place = waiting.pop()
        if place in seen:
            continue
        seen.add(place)
        for node in definitions(place[0])[place[1]]:
            if isinstance(node, tuple):
                found |= set(".".join(node).split("."))
                waiting += [(helper(node[0]), node[1])] if helper(node[0]) else []
                continue
            for part in ast.walk(node):
                found |= words_of(part)
                if isinstance(part, ast.Name):
                    waiting.append((place[0], part.id))
    return frozenset(found)


def words_of(node):
    """The words that one node of the tree holds."""
    if isinstance(node, ast.Name):
        return {node.id}
    if isinstance(node, ast.Attribute):
        return {node.attr}
    if isinstance(node, ast.Import | ast.ImportFrom):
        names = [getattr(node, "module", ""), *(alias.name for alias in node.names)]
        return set(".".join(names).split("."))
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return set(re.findall(r"\w+", node.value))
    return set()


# --- the table ----------------------------------------------------------------------------------


def letters():
    """a, b, ..., z, aa, ab, ...: one for each reason."""
    yield from string.ascii_lowercase
    yield from (a + b for a in string.ascii_lowercase for b in string.ascii_lowercase)


def main():
    """Print a row for each name, and the reasons below."""
    heads = [head for head, _ in WITNESSES.values()]
    reasons, names = {}, letters()
    for package in packages():
        print(f"\n{package:32}" + "".join(f"{head:^13}" for head in heads))
        for name in public_names(package):
            row = cells(package, name)
            for cell in row.values():
                if not is_test(cell) and cell not in reasons:
                    reasons[cell] = next(names)
            marks = ["●" if is_test(cell) else reasons[cell] for cell in row.values()]
            print(f"  {name:30}" + "".join(f"{mark:^13}" for mark in marks).rstrip())
    print()
    for reason, letter in reasons.items():
        print(f"{letter:>2}  {reason}")


if __name__ == "__main__":
    main()
