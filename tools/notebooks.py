"""Keep every notebook in one canonical form, so that a change shows as itself and as nothing else.

    python tools/notebooks.py --check [NOTEBOOK ...]   say what is not canonical, and fail
    python tools/notebooks.py --write [NOTEBOOK ...]   make it so
    python tools/notebooks.py --run NOTEBOOK ...       recompute all outputs, then make it so

Without names, every notebook in book/ and labs/. Canonical: no times and no editor's metadata;
code cells that were run are counted from one; a cell keeps the id it has, and gets one from its
text if it has none; pieces of one printed text are one output; a live figure keeps its page form
and not its kernel's.
"""

import argparse
import copy
import hashlib
import itertools
import json
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ["book", "labs/source", "labs/release"]
NOTEBOOK_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
CELL_METADATA = ("nbgrader", "tags")
WIDGET = "application/vnd.jupyter.widget-view+json"
OUTPUT_BYTES = 400_000  # of one output
PAGE_BYTES = 1_500_000  # of all outputs of a page
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "KERAS_BACKEND": "torch",
    "PYTHONHASHSEED": "0",
}


def joined(text):
    """A text that a notebook may hold as a list of lines."""
    return "".join(text) if isinstance(text, list) else text


def lines(text):
    """The text as a notebook holds it."""
    return text.splitlines(keepends=True)


def canonical_output(output, count):
    """One output without what differs from run to run."""
    output = dict(output)
    if output["output_type"] == "stream":
        return output | {"text": lines(joined(output["text"]))}
    if output["output_type"] == "execute_result":
        output["execution_count"] = count
    data = {
        mime: lines(joined(value)) if mime.startswith("text/") else value
        for mime, value in output.get("data", {}).items()
        if mime != WIDGET
    }
    for mime in data:
        if mime.startswith("image/") and mime != "image/svg+xml":
            data[mime] = joined(data[mime]).replace("\n", "")
    return output | {"data": data} if "data" in output else output


def merged(outputs):
    """The outputs, with neighbouring pieces of the same stream as one."""
    result = []
    for output in outputs:
        last = result[-1] if result else {}
        if output["output_type"] == "stream" and last.get("name") == output["name"]:
            last["text"] = lines(joined(last["text"]) + joined(output["text"]))
        else:
            result.append(copy.deepcopy(output))
    return result


def canonical_cell(cell, taken, count):
    """One cell in canonical form; ``taken`` holds the ids of the cells before it."""
    source = joined(cell["source"]).strip("\n")
    name = cell.get("id") or hashlib.sha256(source.encode()).hexdigest()[:8]
    while name in taken:
        name = hashlib.sha256(name.encode()).hexdigest()[:8]
    taken.add(name)
    kept = {k: v for k, v in cell.get("metadata", {}).items() if k in CELL_METADATA and v}
    result = {"cell_type": cell["cell_type"], "id": name, "metadata": kept}
    if cell["cell_type"] == "code":
        outputs = merged(canonical_output(output, count) for output in cell["outputs"])
        result |= {"execution_count": count, "outputs": outputs}
    if cell.get("attachments"):
        result["attachments"] = cell["attachments"]
    return result | {"source": lines(source)}


def canonical(notebook):
    """The notebook in canonical form."""
    taken, counter = set(), itertools.count(1)
    ran = any(cell.get("outputs") for cell in notebook["cells"])
    counts = [
        next(counter) if ran and cell["cell_type"] == "code" else None for cell in notebook["cells"]
    ]
    return {
        "cells": [
            canonical_cell(cell, taken, count)
            for cell, count in zip(notebook["cells"], counts, strict=True)
        ],
        "metadata": NOTEBOOK_METADATA,
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def text_of(notebook):
    """The file that holds the notebook."""
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def faults(notebook):
    """What no rewriting can mend: outputs that are too large, failed, or written to stderr."""
    total = 0
    for number, cell in enumerate(notebook["cells"]):
        if not joined(cell["source"]).strip():
            yield f"cell {number} is empty"
        for output in cell.get("outputs", []):
            size = len(json.dumps(output))
            total += size
            if size > OUTPUT_BYTES:
                yield f"cell {number}: an output of {size:,} bytes; at most {OUTPUT_BYTES:,}"
            if output["output_type"] == "error":
                yield f"cell {number}: failed with {output['ename']}: {output['evalue']}"
            if output.get("name") == "stderr":
                yield f"cell {number}: wrote to stderr: {joined(output['text'])[:200]!r}"
    if total > PAGE_BYTES:
        yield f"outputs of {total:,} bytes; at most {PAGE_BYTES:,}"


def run(path):
    """Execute the notebook from top to bottom in a fresh kernel, one thread, and store it."""
    import nbformat
    from nbclient import NotebookClient

    os.environ.update(ENVIRONMENT)
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    resources = {"metadata": {"path": str(path.parent)}}
    try:
        NotebookClient(notebook, timeout=300, resources=resources).execute()
    finally:
        path.write_text(text_of(canonical(json.loads(nbformat.writes(notebook)))), "utf-8")


def main(arguments):
    """Check, write or run; see the top of this file."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    mode = parser.add_mutually_exclusive_group(required=True)
    for flag in ("--check", "--write", "--run"):
        mode.add_argument(flag, action="store_true")
    parser.add_argument("notebooks", nargs="*", type=Path)
    chosen = parser.parse_args(arguments)
    if chosen.run and not chosen.notebooks:
        parser.error("--run wants the names of notebooks")
    every = (path for folder in FOLDERS for path in sorted((ROOT / folder).glob("*.ipynb")))
    failed = False
    for path in chosen.notebooks or every:
        if chosen.run:
            run(path)
        old = path.read_text(encoding="utf-8")
        new = text_of(canonical(json.loads(old)))
        if chosen.check and new != old:
            print(f"{path}: not in canonical form; python tools/notebooks.py --write {path}")
            failed = True
        elif new != old:
            path.write_text(new, encoding="utf-8")
            print(f"wrote {path}")
        for fault in faults(json.loads(new)):
            print(f"{path}: {fault}")
            failed = True
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
