"""`labkit devices`: show what this machine has and what to use."""

from __future__ import annotations

import argparse

from labkit.devices import ASKABLE, describe

ALL = "all"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options to its parser."""
    parser.epilog = (
        "Without --ask, only files and environment variables are read, which takes no time. "
        "With it, the framework is imported and says itself what it sees: some seconds."
    )
    parser.add_argument(
        "--ask",
        nargs="+",
        default=[],
        choices=[*ASKABLE, ALL],
        metavar="NAME",
        help=f"ask these too: {', '.join(ASKABLE)}, or all",
    )


def run(args: argparse.Namespace) -> int:
    """Print the description."""
    print(describe(ASKABLE if ALL in args.ask else args.ask))
    return 0
