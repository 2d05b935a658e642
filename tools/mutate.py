"""Plant small faults, one at a time, and count how many the tests find.

    python tools/mutate.py            both of the below
    python tools/mutate.py rules      every gradient times 1.001, an argument at a time (seconds)
    python tools/mutate.py sources [FILE ...]
                                      an operator, number or comparison of the source at a time,
                                      by default in all of labkit/ops (an hour; author's command)

Prints what was not found and the score; writes all of it as JSON (--report FILE). Ends with 1 if
a gradient's fault was not found. Faults in the source go into a copy of the package; that some of
them change nothing that anyone could notice is why their score need not be 100 %.
"""

import argparse
import ast
import copy
import importlib
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SCALE = 1.001
TIME_LIMIT = 120  # seconds for the tests of one fault; a loop without end counts as found
HEAVY = ("numpy", "pytest", "hypothesis", "scipy.signal", "torch", "keras")
SWAPPED = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitOr,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}


# --- rules ------------------------------------------------------------------------------------


def mutate_rules():
    """Scale each gradient of each rule; return what was planted and whether it was found."""
    # The package is the thing under test, so it is loaded by name, as the tests would.
    primitives = importlib.import_module("labkit.autograd").PRIMITIVES
    testing = importlib.import_module("labkit.testing")
    results = []
    for name, function in sorted(primitives.items()):
        for i in with_gradient(testing, name, function):
            try:
                testing.check_vjp(name, scaled(function.vjp, i))
                found = False
            except testing.Mismatch:
                found = True
            results.append({"fault": f"{name}: gradient {i + 1} times {SCALE}", "found": found})
    return results


def with_gradient(testing, name, function):
    """Return the positions of the arguments that have a gradient in some case of the table."""
    seen = set()

    def watched(g, out, *args, **config):
        given = function.vjp(g, out, *args, **config)
        seen.update(i for i, gradient in enumerate(given[: len(args)]) if gradient is not None)
        return given

    testing.check_vjp(name, watched)
    return sorted(seen)


def scaled(rule, which):
    """The rule with one of its gradients off by a thousandth."""

    def wrong(g, out, *args, **config):
        given = rule(g, out, *args, **config)
        return tuple(v * SCALE if i == which and v is not None else v for i, v in enumerate(given))

    return wrong


# --- sources ----------------------------------------------------------------------------------


def mutants(source):
    """Yield (line, before, after, mutated source) for every small fault that can be planted."""
    tree = ast.parse(source)
    for index, node in enumerate(list(places(tree))):
        for change in changes(node):
            mutated = copy.deepcopy(tree)
            target = list(places(mutated))[index]
            before = ast.unparse(target).splitlines()[0]
            change(target)
            yield node.lineno, before, ast.unparse(target).splitlines()[0], ast.unparse(mutated)


def places(tree):
    """Walk through the code that computes: no messages, no documentation, no decorators."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.Raise, ast.JoinedStr, ast.Import, ast.ImportFrom)):
            continue
        if isinstance(tree, ast.FunctionDef) and node in tree.decorator_list:
            continue
        if isinstance(node, ast.keyword) and node.arg == "strict":
            continue  # guards the author of a zip; nothing a caller passes can reach it
        if hasattr(node, "lineno"):
            yield node
        yield from places(node)


def changes(node):
    """Return the functions that would each plant one fault in a node."""
    found = []
    if isinstance(node, (ast.BinOp, ast.AugAssign, ast.BoolOp)) and type(node.op) in SWAPPED:
        found.append(lambda n: setattr(n, "op", SWAPPED[type(n.op)]()))
    if isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPPED:
        found.append(lambda n: n.ops.__setitem__(0, SWAPPED[type(n.ops[0])]()))
    if isinstance(node, ast.UnaryOp):
        found.append(lambda n: setattr(n, "op", ast.UAdd()))
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        found.append(lambda n: setattr(n, "value", not n.value))
    elif isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        found.append(lambda n: setattr(n, "value", n.value + 1))
    if isinstance(node, (ast.If, ast.IfExp)) and not isinstance(node.test, ast.Compare):
        found.append(lambda n: setattr(n, "test", ast.UnaryOp(ast.Not(), n.test)))
    return found


def mutate_sources(files):
    """Plant each fault in a copy of the package and run the tests that should find it."""
    for name in HEAVY:
        importlib.import_module(name)  # once, here: each fault then starts from a fork of it
    results = []
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        for part in ("labkit", "tests"):
            shutil.copytree(
                ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__")
            )
        shutil.copy(ROOT / "pyproject.toml", folder)
        for file in files:
            source = (ROOT / file).read_text()
            if not passes(folder, file):
                sys.exit(f"the tests of {file} fail before any fault is planted")
            for line, before, after, mutated in mutants(source):
                (folder / file).write_text(mutated)
                found = not passes(folder, file)
                results.append({"fault": f"{file}:{line}: {before} -> {after}", "found": found})
                if not found:
                    print(f"  not found: {results[-1]['fault']}", flush=True)
            (folder / file).write_text(source)
            here = [r for r in results if r["fault"].startswith(f"{file}:")]
            print(score(file, here), flush=True)
    return results


def passes(folder, file):
    """Whether all tests of one module pass: its own first, then the table of all functions."""
    own = f"tests/ops/test_{Path(file).stem}.py"
    if not (folder / own).exists():
        own = "tests/ops"
    return run_tests(folder, file, [own, file]) and run_tests(folder, file, ["tests/test_ops.py"])


def run_tests(folder, file, tests):
    """Run tests of one module in a child process; return whether they all pass."""
    child = os.fork()
    if child == 0:
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 1)
            os.dup2(nowhere.fileno(), 2)
        os.chdir(folder)
        sys.path.insert(0, str(folder))
        sys.dont_write_bytecode = True
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # they take longer than the tests
        options = ["-x", "-q", "-p", "no:cacheprovider", "-k", names_in(ROOT / file)]
        os._exit(importlib.import_module("pytest").main([*options, *tests]))
    return wait(child) == 0


def names_in(path):
    """The expression that selects a module's tests: its own name, or that of a function in it."""
    if path.stem == "windows":
        return "conv or pool or windows"
    names = [n.name for n in ast.parse(path.read_text()).body if isinstance(n, ast.FunctionDef)]
    return " or ".join([path.stem, *(n for n in names if not n.startswith("_"))])


def wait(child):
    """Return the exit status of a child process; end it when its time is up."""
    end = time.monotonic() + TIME_LIMIT
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return -1


# --- report -----------------------------------------------------------------------------------


def score(what, results):
    """Return one line: how many faults were planted, and how many of them were found."""
    found = sum(r["found"] for r in results)
    return f"{what}: {found} of {len(results)} faults found ({found / max(len(results), 1):.1%})"


def main():
    """Plant, run, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", nargs="?", choices=["rules", "sources", "both"], default="both")
    parser.add_argument("files", nargs="*", help="sources to plant faults in, from the root")
    parser.add_argument("--report", type=Path, help="where to write the results as JSON")
    options = parser.parse_args()
    report = {}
    if options.what != "sources":
        report["rules"] = mutate_rules()
        for result in report["rules"]:
            if not result["found"]:
                print(f"  not found: {result['fault']}")
        print(score("gradient rules", report["rules"]), flush=True)
    if options.what != "rules":
        every = sorted(p.relative_to(ROOT) for p in (ROOT / "labkit/ops").glob("[!_]*.py"))
        report["sources"] = mutate_sources(options.files or [p.as_posix() for p in every])
        print(score("sources", report["sources"]))
    if options.report:
        options.report.write_text(json.dumps(report, indent=1) + "\n")
    return int(not all(r["found"] for r in report.get("rules", [])))


if __name__ == "__main__":
    sys.exit(main())
