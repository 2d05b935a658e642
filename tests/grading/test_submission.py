"""Notebooks as they are handed in: whole, broken, copied, of another age."""

import codecs
import json

import pytest

from labkit.grading.submission import read

CELL = {"cell_type": "code", "metadata": {}, "outputs": [], "source": ["x = 1\n", "y = 'ä'"]}


def notebook(*cells, **more):
    return json.dumps({"cells": cells, "nbformat": 4, **more}, ensure_ascii=False)


def sources(data):
    return [cell.source for cell in read(data).cells]


@pytest.mark.parametrize(
    "encoded",
    [
        notebook(CELL).encode(),
        codecs.BOM_UTF8 + notebook(CELL).encode(),
        notebook(CELL).encode("utf-16"),
        notebook(CELL).encode("latin-1"),
    ],
    ids=["UTF-8", "BOM", "UTF-16", "Latin-1"],
)
def test_encodings(encoded):
    assert sources(encoded) == ["x = 1\ny = 'ä'"]


def test_cut_off_and_merged():
    text = notebook(CELL, CELL, CELL)
    assert len(sources(text[: len(text) - 60].encode())) == 2
    conflict = text.replace('{"cell_type"', '\n<<<<<<< HEAD\n{"cell_type"', 3)
    conflict = conflict.replace("\n<<<<<<< HEAD\n", "", 2)
    found = read(conflict.encode())
    assert len(found.cells) == 2
    assert "damaged" in found.messages[0]


def test_old_form():
    old = {"cell_type": "code", "input": "z = 3"}
    assert sources(json.dumps({"worksheets": [{"cells": [old]}]}).encode()) == ["z = 3"]


def test_what_is_odd_is_said():
    outputs = [{"text": "x" * 6_000_000}]
    function = CELL | {"source": "def f(x):\n    return x"}
    kernel = {"kernelspec": {"name": "ir", "language": "R"}}
    found = read(notebook(function, function | {"outputs": outputs}, metadata=kernel).encode())
    assert [message[:20] for message in found.messages] == [
        "The notebook names t",
        "The outputs take 5 M",
        "f is defined in the ",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n",
        "no notebook",
        "[]",
        "{}",
        '{"cells": 3}',
        '{"worksheets": 5}',
        '{"worksheets": [{"cells": 7}, 3]}',
        '{"worksheets": [], "cells": "x"}',
        '{"cells": [1, null, {"cell_type": "code", "source": 5}]}',
        "[" * 100_000,
        '{"cells": ' + "[" * 100_000,
        '{"cells": [{"cell_type": "code", "outputs": ' + "[" * 950 + "]" * 950 + "}]}",
        '{"cells": [' + "9" * 5000 + "]}",
    ],
    ids=lambda text: text[:30],
)
def test_no_notebook_is_said_and_never_raised(text):
    found = read(text.encode())
    assert found.cells == ()
    assert all(isinstance(message, str) for message in found.messages)
