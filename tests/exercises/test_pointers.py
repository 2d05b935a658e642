"""An exercise points to places that exist, and its answer is not one call away."""

import importlib
import json
import pkgutil
import re
from pathlib import Path

import pytest

import labkit
from labkit.exercises import TOPICS, examine, exercises
from labkit.exercises import report as reports

ROOT = Path(__file__).resolve().parents[2]
EXERCISES = exercises()


def markdown_of(topic):
    path = ROOT / "book" / f"{topic}.ipynb"
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")


def modules_of(package):
    yield package
    for info in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        yield importlib.import_module(info.name)


@pytest.mark.parametrize("name", EXERCISES)
def test_section_and_equation_are_in_the_chapter(name):
    exercise = EXERCISES[name]
    text = markdown_of(exercise.topic)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    assert exercise.section in headings
    assert headings.count(exercise.section) == 1
    if exercise.equation:
        assert f"({exercise.equation})" in text


@pytest.mark.parametrize("name", EXERCISES)
def test_docstring_is_there_and_in_the_book(name):
    see = EXERCISES[name].see
    if not see:
        return
    module, _, attribute = see.rpartition(".")
    found = getattr(importlib.import_module(module), attribute)
    assert len(found.__doc__) > 100
    address = dict(reports.pointers(EXERCISES[name]))[f"help({see})"]
    page, anchor = address.split("/api/")[1].split(".html#")
    assert anchor == f"{found.__module__}.{attribute}"
    text = (ROOT / "book/api" / f"{page}.md").read_text(encoding="utf-8")
    assert f"automodule:: {found.__module__}\n" in text


def test_anchors_are_those_of_the_book():
    nodes = pytest.importorskip("docutils.nodes")
    for exercise in EXERCISES.values():
        (address,) = [a for text, a in reports.pointers(exercise) if text.startswith("the section")]
        assert address.split("#")[1] == nodes.make_id(exercise.section)


def test_addresses_are_those_of_pyproject(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    address = importlib.import_module("address")
    assert reports.book_address() == address.addresses()["book"]


def test_without_an_installed_package_there_are_no_links(monkeypatch):
    def missing(name):
        raise reports.importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(reports.importlib.metadata, "metadata", missing)
    exercise = EXERCISES["output_size"]
    assert [address for _, address in reports.pointers(exercise)] == ["", "", ""]
    markup = examine(exercise, 3)._repr_html_()
    assert "<a " not in markup
    assert "help(labkit.ops.conv_output_size)" in markup


@pytest.mark.parametrize("name", EXERCISES)
def test_no_function_beside_the_checks_answers_the_exercise(name):
    """Nothing in labkit.exercises passes; and labkit has no name that would be taken for it."""
    exercise = EXERCISES[name]
    if not exercise.form:
        return
    for topic in TOPICS:
        package = importlib.import_module(f"labkit.exercises.{topic}")
        for module in modules_of(package) if hasattr(package, "__path__") else [package]:
            for thing in vars(module).values():
                if callable(thing) and getattr(thing, "__module__", "") == module.__name__:
                    assert examine(exercise, thing).state != "holds", thing


def test_no_name_of_labkit_answers_an_exercise():
    for module in modules_of(importlib.import_module("labkit.ops")):
        assert not set(EXERCISES) & set(vars(module))
    for name in ("nn", "optim", "metrics", "models", "training", "sizing", "dataloader"):
        assert not set(EXERCISES) & set(vars(importlib.import_module(f"labkit.{name}")))
    assert not set(EXERCISES) & set(vars(labkit))
