"""The `labkit` command: one word, then the name of what you want.

A command is a line in COMMANDS: its name, its module and its help. The module gives
`configure(parser)`, which adds the arguments, and `run(args)`, which returns the exit status; it is
imported when its command is called, so that the others cost nothing.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

COMMANDS: dict[str, tuple[str, str]] = {
    "devices": ("labkit.devices.command", "say what this machine has and which device to use"),
    "data": ("labkit.datasets.command", "list the data sets, show one, or fetch one in full"),
    "grade": ("labkit.grading.command", "hand labs out, grade what comes back, report"),
}

DISTRIBUTION = "labkit-course"


class _Parser(argparse.ArgumentParser):
    """A parser whose errors say what to try next."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}\nTry: {self.prog} --help\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and give its exit status: 0 done, 1 failed, 2 called wrongly."""
    argv = list(sys.argv[1:] if argv is None else argv)
    parser = build_parser(argv)
    args = parser.parse_args(argv)
    if args.command is None:
        parser.print_help()
        return 0
    return _run(args)


def build_parser(argv: Sequence[str]) -> argparse.ArgumentParser:
    """Give the parser, with the arguments of the command that `argv` calls."""
    parser = _Parser(
        prog="labkit",
        description="Look at the machine and the data of the course; grade its labs.",
        epilog="labkit COMMAND --help says more about one of them.",
    )
    parser.add_argument("--version", action="version", version=f"labkit {_version()}")
    commands = parser.add_subparsers(title="commands", dest="command", metavar="COMMAND")
    called = next((word for word in argv if not word.startswith("-")), None)
    if called is not None and called not in COMMANDS:
        parser.error(_unknown(called))
    for name, (module, text) in COMMANDS.items():
        sub = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        if name == called:
            importlib.import_module(module).configure(sub)
    return parser


def _unknown(called: str) -> str:
    import difflib

    near = difflib.get_close_matches(called, COMMANDS, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"there is no command {called!r}, only {', '.join(COMMANDS)}{hint}"


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return "(a copy that is not installed)"


def _run(args: argparse.Namespace) -> int:
    """Run the command; what the user can put right is a message, not a traceback."""
    try:
        status = importlib.import_module(COMMANDS[args.command][0]).run(args)
        sys.stdout.flush()
        return status
    except ValueError as error:
        print(f"labkit {args.command}: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # `labkit data | head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        print(f"labkit {args.command}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"\nlabkit {args.command}: stopped", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
