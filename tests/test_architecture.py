"""What may import what, and what every module owes its reader."""

import ast
import importlib
import json
import pkgutil
import subprocess
import sys
import tomllib
from collections import defaultdict
from pathlib import Path

import pytest

import labkit
from labkit.autograd import PRIMITIVES

ROOT = Path(__file__).resolve().parents[1]

# A module imports from its own rank or a lower one.
RANKS = {
    "labkit": 0,
    "labkit.autograd": 0,
    "labkit.gradcheck": 0,
    "labkit.fairness": 0,
    "labkit.metrics": 0,
    "labkit.datasets": 0,
    "labkit.dataloader": 0,
    "labkit.devices": 0,
    "labkit.progress": 0,
    "labkit.recorded": 0,
    "labkit.tokenizers": 0,
    "labkit.schedules": 0,
    "labkit.ops": 1,
    "labkit.nn": 2,
    "labkit.optim": 2,
    "labkit.generation": 3,
    "labkit.models": 3,
    "labkit.compression": 3,
    "labkit.interpretability": 3,
    "labkit.lora": 3,
    "labkit.privacy": 3,
    "labkit.sizing": 3,
    "labkit.training": 3,
    "labkit.testing": 3,
    "labkit.exercises": 4,
    "labkit.grading": 4,
    "labkit.cli": 4,
    "labkit.devices.__main__": 4,
    "labkit.plotting": 4,
    "labkit.live": 4,
    "labkit.widgets": 4,
    "labkit.frameworks": 4,
}
# These may import what their extra installs. Every other module is core: it needs NumPy and nothing
# else, and imports matplotlib or anywidget only inside the function that was asked for it.
EXTRAS = {
    "labkit.frameworks": {"torch", "keras"},
    "labkit.grading.nbgrader": {"nbformat", "nbgrader", "traitlets"},
}
# What a page or a learner calls: each public function here shows an example of its use.
NUMERIC = {
    "labkit.generation",
    "labkit.tokenizers",
    "labkit.autograd",
    "labkit.gradcheck",
    "labkit.metrics",
    "labkit.dataloader",
    "labkit.schedules",
    "labkit.compression",
    "labkit.fairness",
    "labkit.interpretability",
    "labkit.lora",
    "labkit.privacy",
    "labkit.sizing",
    "labkit.ops",
    "labkit.nn",
    "labkit.optim",
    "labkit.models",
    "labkit.training",
}
# Libraries of the standard library that open connections, start threads or processes, or call
# compiled code: a plain import of the core brings none of them, so that it also runs in a browser.
HEAVY = {
    *("asyncio", "concurrent", "ctypes", "http", "mmap", "multiprocessing", "pty", "queue"),
    *("sched", "signal", "socket", "ssl", "subprocess", "threading", "webbrowser"),
}
# Who imports one after all, inside a function or as a module that is itself imported inside one.
MAY = {
    "labkit.datasets.download": {"http", "socket", "ssl"},  # a data set that was asked for
    "labkit.grading.grade": {"signal", "subprocess", "threading"},  # checks that take too long
    "labkit.grading.inside.doors": {"ctypes"},  # what the kernel refuses
    "labkit.grading.processes": {"socket"},  # a name that one process holds until it ends
    "labkit.grading.run": {"concurrent", "multiprocessing", "threading"},  # many at a time
    "labkit.grading.session": {"signal", "subprocess"},  # a student's process
    "labkit.grading.sandbox.bubblewrap": {"subprocess"},
    "labkit.grading.sandbox.container": {"subprocess"},
    "labkit.devices.system": {"ctypes", "subprocess"},  # a machine that is asked what it has
}
# These run where Python has no NumPy; tests/test_pyodide.py runs their tests in a browser's Python.
WITHOUT_NUMPY = (
    "labkit.ops.sizes",
    "labkit.metrics.text",
    "labkit.sizing.budget",
    "labkit.sizing.transformer",
    "labkit.schedules",
    "labkit.tokenizers",
    "labkit.live",
    "labkit.widgets",
)

MAX_FILE = 400
MAX_FUNCTION = 40


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted((ROOT / "labkit").rglob("*.py"))}
SCRIPTS = sorted(
    path
    for folder in ("tools", "benchmarks", "book/_ext")
    for path in (ROOT / folder).rglob("*.py")
)


def tree(path):
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def table_entry(name, table):
    """The longest entry of the table that covers the module."""
    while name and name not in table:
        name = name.rpartition(".")[0]
    return name or None


def imported(path):
    """Every module that a file imports, at its top or inside a function."""
    found = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: write the import in full"
            found |= {
                f"{node.module}.{alias.name}"
                if f"{node.module}.{alias.name}" in MODULES
                else node.module
                for alias in node.names
            }
    return found


def functions(path):
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [node for node in ast.walk(tree(path)) if isinstance(node, kinds)]


def public(path):
    """The public functions and classes that a module defines at its top."""
    kinds = (ast.FunctionDef, ast.ClassDef)
    return [
        node
        for node in tree(path).body
        if isinstance(node, kinds) and not node.name.startswith("_")
    ]


def lines_without_docstring(node):
    first = node.body[0]
    lines = node.end_lineno - node.lineno + 1
    return lines - (first.end_lineno - first.lineno + 1 if ast.get_docstring(node) else 0)


# --- who imports whom -------------------------------------------------------------------------


def test_every_module_has_a_rank_and_every_rank_a_module():
    assert {".".join(name.split(".")[:2]) for name in MODULES} <= set(RANKS)
    assert set(RANKS) <= set(MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_imports_go_to_the_same_rank_or_a_lower_one(name):
    rank = RANKS[table_entry(name, RANKS)]
    above = {
        other
        for other in imported(MODULES[name])
        if other.split(".")[0] == "labkit" and RANKS[table_entry(other, RANKS)] > rank
    }
    assert not above


@pytest.mark.parametrize("name", MODULES)
def test_a_module_imports_numpy_and_what_its_extra_installs(name):
    allowed = {"numpy", "labkit"} | EXTRAS.get(table_entry(name, EXTRAS), set())
    top = {
        alias
        for node in tree(MODULES[name]).body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in ([node.module] if isinstance(node, ast.ImportFrom) else names_of(node))
    }
    assert {module.split(".")[0] for module in top} <= allowed | sys.stdlib_module_names


def names_of(node):
    return [alias.name for alias in node.names]


@pytest.mark.parametrize("name", MODULES)
def test_labkit_knows_nothing_of_the_book_the_labs_and_the_tools(name):
    folders = {"benchmarks", "book", "labs", "tests", "tools"}
    assert not {module.split(".")[0] for module in imported(MODULES[name])} & folders


@pytest.mark.parametrize("path", sorted((ROOT / "tools").glob("*.py")), ids=lambda p: p.stem)
def test_a_tool_works_where_labkit_is_broken(path):
    assert "labkit" not in {module.split(".")[0] for module in imported(path)}


def loaded_by(*modules):
    """The modules that a fresh interpreter holds after importing these; programs are left out."""
    modules = [name for name in modules if not name.endswith("__main__")]
    code = f"import {', '.join(['json', 'sys', *modules])}; print(json.dumps(sorted(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(run.stdout))


@pytest.fixture(scope="module")
def numpy_loads():
    return loaded_by("numpy", "numpy.random")


CORE = sorted(set(RANKS) - set(EXTRAS))


@pytest.mark.parametrize("entry", CORE)
def test_the_core_needs_numpy_and_nothing_else(entry, numpy_loads):
    modules = [name for name in MODULES if table_entry(name, RANKS) == entry]
    modules = [name for name in modules if not table_entry(name, EXTRAS)]
    new = {module.split(".")[0] for module in loaded_by(*modules) - numpy_loads}
    assert new - sys.stdlib_module_names <= {"labkit", "__mp_main__"}  # multiprocessing makes it


@pytest.mark.parametrize("entry", CORE)
def test_importing_the_core_opens_no_way_out(entry, numpy_loads):
    """What does open one, the download of a data set, is imported when it is asked for."""
    new = {module.split(".")[0] for module in loaded_by(entry) - numpy_loads}
    assert not new & HEAVY


@pytest.mark.parametrize("name", [name for name in MODULES if not table_entry(name, EXTRAS)])
def test_threads_processes_connections_and_compiled_code_have_their_places(name):
    """Anywhere in a file, also inside a function: what is not named above imports none of them."""
    used = {module.split(".")[0] for module in imported(MODULES[name])} & HEAVY
    assert used == MAY.get(name, set())


@pytest.mark.parametrize("name", [name for name in MODULES if not table_entry(name, EXTRAS)])
def test_no_import_hides_from_these_tests(name):
    """What is imported by a name that is computed would not be seen above; few places do that."""
    calls = {ast.unparse(n.func) for n in ast.walk(tree(MODULES[name])) if isinstance(n, ast.Call)}
    hidden = {"__import__", "importlib.import_module", "import_module", "eval"} & calls
    assert not hidden or name in {
        "labkit.cli",  # the modules of the commands
        "labkit.exercises",  # the module of a topic
        "labkit.exercises.report",  # the page of a function
        "labkit.devices.frameworks",  # what a machine has
        "labkit.grading.inside.worker",  # what a lab imports, before the student does
    }


def test_labkit_is_python_alone():
    """No file is compiled, neither in the package nor when its wheel is built."""
    kinds = {path.suffix for path in (ROOT / "labkit").rglob("*.*") if path.is_file()}
    assert kinds - {".pyc"} == {".py", ".js", ".css", ".typed"}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["build-system"]["requires"] == ["hatchling>=1.25"]
    assert "hooks" not in project["tool"]["hatch"]["build"]["targets"]["wheel"]


def test_what_needs_no_numpy_runs_without_it():
    """And what needs it says so by its own name; here NumPy is hidden, as if it were not there."""
    code = f"""
import sys
sys.modules["numpy"] = None
import {", ".join(WITHOUT_NUMPY)}
from labkit.ops import conv_output_size
from labkit.metrics import edit_distance
from labkit.sizing import gpt_parameters
for name, package in (("relu", "ops"), ("accuracy", "metrics"), ("layer_table", "sizing")):
    try:
        exec(f"from labkit.{{package}} import {{name}}")
    except ModuleNotFoundError as error:
        print(error)
assert not [name for name in sys.modules if name.startswith("numpy.")]
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines() == [
        f"labkit.{name} needs NumPy: pip install numpy"
        for name in ("ops.relu", "metrics.accuracy", "sizing.layer_table")
    ]


def test_another_missing_module_is_not_taken_for_numpy():
    with pytest.raises(ModuleNotFoundError, match="something"):
        labkit._without_numpy("labkit.ops", ModuleNotFoundError("something", name="something"))


# --- what every module owes its reader --------------------------------------------------------


@pytest.mark.parametrize("name", MODULES)
def test_the_library_raises_and_never_asserts(name):
    lines = [node.lineno for node in ast.walk(tree(MODULES[name])) if isinstance(node, ast.Assert)]
    assert not lines


@pytest.mark.parametrize(
    "path", [*MODULES.values(), *SCRIPTS], ids=lambda p: str(p.relative_to(ROOT))
)
def test_a_file_and_its_functions_can_be_read_in_one_go(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_FILE
    long = {f.name: lines_without_docstring(f) for f in functions(path)}
    assert not {name: lines for name, lines in long.items() if lines > MAX_FUNCTION}


@pytest.mark.parametrize("name", MODULES)
def test_everything_public_says_what_it_does(name):
    assert ast.get_docstring(tree(MODULES[name])), "the module itself"
    assert not [node.name for node in public(MODULES[name]) if not ast.get_docstring(node)]


@pytest.mark.parametrize("name", [name for name in MODULES if table_entry(name, NUMERIC)])
def test_everything_numeric_shows_an_example(name):
    """All but gradient rules, which their functions stand for, records and base classes."""
    definitions = public(MODULES[name])
    bases = {base.id for node in definitions for base in getattr(node, "bases", []) if named(base)}
    silent = [
        node.name
        for node in definitions
        if not (node.name.endswith("_vjp") or node.name in bases or is_record(node))
        and ">>> " not in ast.get_docstring(node)
    ]
    assert not silent


def named(node):
    return isinstance(node, ast.Name)


def is_record(node):
    decorators = [ast.unparse(decorator) for decorator in node.decorator_list]
    return any(decorator.startswith("dataclass") for decorator in decorators)


def test_a_definition_exists_once():
    places = defaultdict(list)
    for path in [*MODULES.values(), *SCRIPTS]:
        for node in functions(path):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            if len(body) >= 3:
                places[ast.dump(ast.Module(body, []))].append(f"{path.name}:{node.name}")
    assert not [copies for copies in places.values() if len(copies) > 1]


# --- a function and its derivative ------------------------------------------------------------


def import_core():
    for module in pkgutil.walk_packages(labkit.__path__, "labkit."):
        if not table_entry(module.name, EXTRAS) and not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def test_every_primitive_has_its_gradient_rule_beside_it():
    import_core()
    assert len(PRIMITIVES) >= 20
    for name, function in PRIMITIVES.items():
        assert function.__name__ == name
        assert function.vjp.__name__ == f"{name}_vjp"
        assert function.vjp.__module__ == function.__module__


def test_every_decorated_function_is_registered():
    import_core()
    decorated = {
        node.name
        for path in MODULES.values()
        for node in tree(path).body
        if isinstance(node, ast.FunctionDef)
        for decorator in node.decorator_list
        if isinstance(decorator, ast.Name) and decorator.id == "primitive"
    }
    assert decorated == set(PRIMITIVES)
