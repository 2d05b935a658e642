"""Read what a student handed in, as far as it can be read, and say what is wrong with it."""

from __future__ import annotations

import codecs
import json
import re
from dataclasses import dataclass
from typing import Any

MOST_BYTES = 50 * 2**20  # of one notebook
MOST_PARTS = 5_000_000  # lists, dicts and commas: each takes time and memory to read
MOST_CELLS = 2_000
HUGE_OUTPUTS = 5 * 2**20
DEFINES = re.compile(r"^def (\w+)\(", re.MULTILINE)


@dataclass(frozen=True)
class Cell:
    """A cell of code: its number in the notebook, counted from 1, and its text."""

    number: int
    source: str


@dataclass(frozen=True)
class Submission:
    """The code cells of one notebook, and what its author and the grader should know of it."""

    cells: tuple[Cell, ...]
    messages: tuple[str, ...] = ()


def read(data: bytes) -> Submission:
    """Return what a notebook holds.

    Never raises: a notebook that is no notebook is one without cells, and a message.

    >>> read(b'{"cells": [{"cell_type": "code", "source": "x = 1"}]}').cells
    (Cell(number=1, source='x = 1'),)
    >>> read(b"").messages
    ('The file is empty.',)
    """
    try:
        return _read(data)
    except (RecursionError, MemoryError):
        return Submission((), ("The file is nested too deep, or too large, to be a notebook.",))


def _read(data: bytes) -> Submission:
    if not data.strip():
        return Submission((), ("The file is empty.",))
    if len(data) > MOST_BYTES:
        mib = len(data) >> 20
        return Submission((), (f"The file has {mib} MiB; at most {MOST_BYTES >> 20} are read.",))
    if sum(data.count(sign) for sign in (b"{", b"[", b",")) > MOST_PARTS:
        return Submission((), (f"The file has more than {MOST_PARTS:,} parts; it was not read.",))
    text, messages = _text(data)
    found, problem = _parsed(text)
    messages += problem
    if found is None:
        return Submission((), tuple(messages))
    messages += _about(found)
    cells = tuple(_code_cells(found, messages))
    return Submission(cells, tuple(messages + _repeated(cells)))


def _text(data: bytes) -> tuple[str, list[str]]:
    """The file as text, whatever its encoding."""
    for mark, name in ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")):
        if data.startswith(mark):
            return data.decode(name, errors="replace"), ["The file is UTF-16; UTF-8 is usual."]
    try:
        return data.decode("utf-8-sig"), []
    except UnicodeDecodeError:
        message = "The file is not UTF-8; it was read as Latin-1, and letters may be wrong."
        return data.decode("latin-1"), [message]


def _parsed(text: str) -> tuple[dict[str, Any] | None, list[str]]:
    """The notebook, or those cells of a broken one that are whole."""
    try:
        found = json.loads(text)
    except RecursionError:
        return None, ["The file is nested too deep to be a notebook."]
    except ValueError as error:
        cells = _whole_cells(text)
        if not cells:
            return None, [f"The file is not a notebook: {error}."]
        where = f" in line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        return {"cells": cells}, [
            f"The notebook is damaged{where}; its first {len(cells)} cells were read."
        ]
    if not isinstance(found, dict):
        return None, ["The file is not a notebook: it holds no cells."]
    sheets = found.get("worksheets")  # the form of IPython 2
    if isinstance(sheets, list) and "cells" not in found:
        inside = [sheet.get("cells") for sheet in sheets if isinstance(sheet, dict)]
        found["cells"] = [cell for cells in inside if isinstance(cells, list) for cell in cells]
    if not isinstance(found.get("cells"), list):
        return None, ["The file is not a notebook: it holds no cells."]
    return found, []


def _whole_cells(text: str) -> list[Any]:
    """The cells before the place where the text breaks."""
    decoder, cells = json.JSONDecoder(), []
    at = text.find("[", text.find('"cells"')) + 1
    while at > 0:
        while at < len(text) and text[at] in " \t\r\n,":
            at += 1
        try:
            cell, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            break
        cells.append(cell)
    return [cell for cell in cells if isinstance(cell, dict)]


def _about(notebook: dict[str, Any]) -> list[str]:
    """What is odd, though it can be graded."""
    messages = []
    metadata = notebook.get("metadata")
    kernel = metadata.get("kernelspec") if isinstance(metadata, dict) else None
    language = (
        str(kernel.get("language") or kernel.get("name") or "") if isinstance(kernel, dict) else ""
    )
    if language and "python" not in language.lower():
        messages.append(f"The notebook names the language {language!r}; it was run as Python.")
    size = sum(len(json.dumps(c.get("outputs"))) for c in notebook["cells"] if isinstance(c, dict))
    if size > HUGE_OUTPUTS:
        messages.append(f"The outputs take {size >> 20} MiB; they were not read.")
    return messages


def _code_cells(notebook: dict[str, Any], messages: list[str]) -> list[Cell]:
    cells: list[Cell] = []
    for number, cell in enumerate(notebook["cells"], start=1):
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        source = cell.get("source", cell.get("input", ""))
        if isinstance(source, list):
            source = "".join(map(str, source))
        if not isinstance(source, str):
            messages.append(f"Cell {number} holds no text.")
        elif len(cells) == MOST_CELLS:
            messages.append(f"Only the first {MOST_CELLS:,} cells of code were read.")
            break
        elif source.strip():
            cells.append(Cell(number, source))
    return cells


def _repeated(cells: tuple[Cell, ...]) -> list[str]:
    """Functions that are defined in two cells, as in a copy that was left behind."""
    places: dict[str, list[int]] = {}
    for cell in cells:
        for name in dict.fromkeys(DEFINES.findall(cell.source)):
            places.setdefault(name, []).append(cell.number)
    return [
        f"{name} is defined in the cells {', '.join(map(str, where))}; the last one counts."
        for name, where in places.items()
        if len(where) > 1
    ]
