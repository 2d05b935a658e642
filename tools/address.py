"""Write the project's public address wherever a reader follows it.

The address stands once, in pyproject.toml under [project.urls]. From it follow the book on Pages,
the wheel that lies beside the book, and the Colab and Binder links. (The book's own buttons read
pyproject.toml when it is built, see book/_ext/course.py.)

    python tools/address.py           print the addresses
    python tools/address.py --check   name every file that does not follow, and fail if there is one
    python tools/address.py --write   rewrite those files
"""

import json
import os
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = "pyproject.toml"
TEXT = {"", ".cff", ".css", ".ipynb", ".js", ".json", ".md", ".py", ".sh", ".toml", ".txt", ".yaml"}
TEXT |= {".yml"}
SKIPPED_FOLDERS = {
    "class",
    "node_modules",
    "build",
    "dist",
    "vendor",
    "_build",
}  # class: made-up hand-ins, one of them damaged

SETUP_MARK = "# Setup. Written by tools/address.py"
SETUP_CELL = """\
# Setup. Written by tools/address.py: installs labkit where it is missing, as on Colab.
import importlib.util
import os

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["KERAS_BACKEND"] = "torch"
if importlib.util.find_spec("labkit") is None:
    %pip install --quiet {more}{wheel}"""
WIDGETS = "labkit.widgets"  # what needs anywidget as well

# What a line looks like, and the address that belongs in its group.
RULES = [
    (r"^\[repository\]: (\S+)", "{repository}"),
    (r"^\[issues\]: (\S+)", "{repository}/issues"),
    (r"^\[book\]: (\S+)", "{book}"),
    (r"^\[tests\]: (\S+)", "{repository}/actions/workflows/publish.yml"),
    (r"^\[tests badge\]: (\S+)", "{repository}/actions/workflows/publish.yml/badge.svg"),
    (r"^git clone (\S+)", "{repository}"),
    (r"(https://colab\.research\.google\.com/github/[\w.-]+/[\w.-]+)/", "{colab}"),
    (r"(https://mybinder\.org/v2/gh/[\w.-]+/[\w.-]+)/", "{binder}"),
    (r"^repository-code: (\S+)", "{repository}"),
    (r"^url: (\S+)", "{book}"),
]


def addresses(root: Path = ROOT) -> dict[str, str]:
    """Every address, derived from the one in pyproject.toml."""
    project = tomllib.loads((root / SOURCE).read_text(encoding="utf-8"))["project"]
    repository = project["urls"]["Repository"].rstrip("/")
    found = re.fullmatch(r"https://github\.com/([\w.-]+)/([\w.-]+)", repository)
    if not found:
        raise ValueError(f"Repository must be https://github.com/OWNER/NAME, not {repository}")
    owner, name = found.groups()
    book = f"https://{owner.lower()}.github.io/{name}/"
    wheel = f"{project['name'].replace('-', '_')}-{project['version']}-py3-none-any.whl"
    return {
        "repository": repository,
        "book": book,
        "wheel": f"{book}wheels/{wheel}",
        "colab": f"https://colab.research.google.com/github/{owner}/{name}",
        "binder": f"https://mybinder.org/v2/gh/{owner}/{name}",
    }


def text_files(root: Path) -> Iterator[Path]:
    """Every text file of the project, without what is installed or built."""
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = sorted(
            name
            for name in subfolders
            if name not in SKIPPED_FOLDERS and (name[0] != "." or name in {".ci", ".github"})
        )
        for name in sorted(names):
            if Path(name).suffix in TEXT and not name.startswith(".coverage"):
                yield Path(folder, name)


def follow_rules(text: str, known: dict[str, str]) -> str:
    """The text with every address that a rule knows replaced by ours."""
    for pattern, address in RULES:
        new = address.format(**known)
        text = re.sub(
            pattern, lambda m, new=new: m[0].replace(m[1], new, 1), text, flags=re.MULTILINE
        )
    return text


def follow_setup(text: str, known: dict[str, str]) -> str:
    """The notebook with its setup cell as SETUP_CELL says."""
    notebook = json.loads(text)
    sources = ["".join(cell["source"]) for cell in notebook["cells"]]
    more = "anywidget " if any(WIDGETS in source for source in sources) else ""
    source = SETUP_CELL.format(more=more, **known)
    changed = False
    for cell, old in zip(notebook["cells"], sources, strict=True):
        if old.startswith(SETUP_MARK) and old != source:
            cell["source"] = source.splitlines(keepends=True)
            changed = True
    dump = json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True)
    return dump + "\n" if changed else text


def follow_notebook(text: str, known: dict[str, str]) -> str:
    """The notebook with its setup cell and with its links, as to itself on Colab."""
    return follow_rules(follow_setup(text, known), known)


def rewriter(path: Path) -> Callable[[str, dict[str, str]], str] | None:
    """The function that brings this kind of file up to date, if there is one."""
    kinds = {".ipynb": follow_notebook, ".md": follow_rules, ".cff": follow_rules}
    return kinds.get(path.suffix)


def stale_files(root: Path) -> dict[Path, str]:
    """The files that do not follow pyproject.toml, each with the text that it should hold."""
    known = addresses(root)
    stale = {}
    for path in text_files(root):
        if rewrite := rewriter(path):
            old = path.read_text(encoding="utf-8")
            if (new := rewrite(old, known)) != old:
                stale[path] = new
    return stale


def typed_by_hand(root: Path) -> list[str]:
    """FILE:LINE of every mention of our address that no rule would change."""
    known = addresses(root)
    ours = (known["repository"].removeprefix("https://github.com/"), known["book"].split("/")[2])
    moved = {name: f"https://example.org/{name}" for name in known}
    found = []
    for path in text_files(root):
        text = path.read_text(encoding="utf-8")
        if rewrite := rewriter(path):
            text = rewrite(text, moved)
        for number, line in enumerate(text.splitlines(), start=1):
            if path != root / SOURCE and any(address in line for address in ours):
                found.append(f"{path.relative_to(root)}:{number}")
    return found


def main(arguments: list[str], root: Path = ROOT) -> int:
    """Print, check or write; see the top of this file."""
    if arguments not in ([], ["--check"], ["--write"]):
        print(__doc__)
        return 2
    if not arguments:
        for name, address in addresses(root).items():
            print(f"{name:12}{address}")
        return 0
    stale = stale_files(root)
    for path, text in stale.items():
        if arguments == ["--write"]:
            path.write_text(text, encoding="utf-8")
        print(f"{'wrote' if arguments == ['--write'] else 'stale'} {path.relative_to(root)}")
    loose = typed_by_hand(root)
    for place in loose:
        print(f"{place}: the project's address is typed by hand; see {Path(__file__).name}")
    return 1 if loose or (stale and arguments == ["--check"]) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
