"""`labkit data`: list the data sets, show one, fetch one in full."""

from __future__ import annotations

import argparse

from labkit.datasets.loader import Dataset, cache_folder, full_paths, load, names, where


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    parser.epilog = (
        "Downloads are kept in $LABKIT_CACHE, else $XDG_CACHE_HOME/labkit, else ~/.cache/labkit. "
        "Files that you have already are found in the folder that $LABKIT_DATA names."
    )
    parser.add_argument("name", nargs="?", help=f"one of: {', '.join(names())}")
    parser.add_argument(
        "--full",
        action="store_true",
        help="find the full set on this machine, or download it, and check it",
    )


def run(args: argparse.Namespace) -> int:
    """Print the list, or one data set."""
    if args.name:
        print(_one(load(args.name, size="full" if args.full else "bundled")))
    elif args.full:
        raise ValueError(f"--full needs a name, one of: {', '.join(names())}")
    else:
        print("\n\n".join(_summary(load(name)) for name in names()))
        print(f"\nDownloads are kept in {cache_folder()}")
    return 0


def _summary(data: Dataset) -> str:
    paths = full_paths(data.name)
    full = where(paths) if paths else f"not on this machine yet: labkit data {data.name} --full"
    train, test = len(data.y_train), len(data.y_test)
    return "\n".join(
        [
            f"{data.name}: {data.origin}",
            f"  bundled  {train:,} to train on, {test:,} to test on: ready, no network needed",
            f"  full     {data.full_count:,}: {full}",
            f"  licence  {data.licence}",
            f'  Python   from labkit import datasets; data = datasets.load("{data.name}")',
        ]
    )


def _one(data: Dataset) -> str:
    rows = [("origin", data.origin), ("source", data.source), ("licence", data.licence)]
    if data.classes != tuple(map(str, range(len(data.classes)))):
        listed = ", ".join(f"{number} {name}" for number, name in enumerate(data.classes))
        rows.append(("classes", listed))
    return "\n".join([str(data), *(f"  {name:8} {text}" for name, text in rows)])
