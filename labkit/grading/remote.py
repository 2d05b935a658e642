"""A student's functions and values, reached over the pipe."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable, Sequence
from typing import Any

from labkit.grading.inside import wire
from labkit.grading.session import Session, Stopped
from labkit.grading.submission import Cell

LONGEST_WORDS = 2_000  # characters of what a process says of an error
PATIENCE = 2  # deaths of one function's process before its other calls are given up


class Unreadable:
    """A value that cannot be handed over; equal to nothing."""


class Namespace:
    """What a notebook defines, in a process of its own that is started again when it dies.

    ``run`` executes the cells; a cell in which the process dies is left out afterwards.
    ``problems`` says what went wrong in which cell.
    """

    def __init__(self, session: Session, cells: Sequence[Cell]) -> None:
        self.session = session
        self.cells = list(cells)
        self.problems: dict[int, str] = {}
        self.deadly: set[int] = set()

    def run(self) -> None:
        """Execute the cells in a new child, until they come to their end.

        Raises Stopped if the process dies too often.
        """
        while not self._pass():
            pass

    def _pass(self) -> bool:
        """Execute the cells that have killed nothing; False if one of them does now."""
        self.session.fresh()
        for cell in self.cells:
            if cell.number in self.deadly:
                continue
            seconds = self.session.limits.cell
            try:
                reply = self.session.ask("cell", seconds, cell=cell.number, source=cell.source)
            except (Stopped, wire.WireError) as error:
                self.problems[cell.number] = f"{error}; the notebook goes on without this cell"
                self.deadly.add(cell.number)
                return False
            if "error" in reply:
                self.problems[cell.number] = words_of(reply["error"])
        return True

    def ask(self, op: str, seconds: float, **what: Any) -> dict[str, Any]:
        """Ask the child, a new one with the same cells if the last has died."""
        if not self.session.alive:
            self.run()
        return self.session.ask(op, seconds, **what)

    def answer(self, name: str, missing: Any, *, strict: bool = True) -> Any:
        """Return what the notebook defines under a name, a function as a `Remote`.

        ``missing`` is returned if there is none. Without ``strict``, a function may let numbers
        leave their range, as any Python may.

        Raises Stopped if the process dies too often.
        """
        try:
            reply = self.ask("look", self.session.limits.call, name=name)
            kind = reply.get("kind")
            if kind == "value":
                return wire.decode(reply["value"])
        except (wire.WireError, KeyError):
            return Unreadable()
        if kind == "missing":
            return missing
        if kind == "class":
            return Unreadable
        return Remote(self, name, strict) if kind == "function" else Unreadable()


class Remote:
    """A function of the student's; to call it sends the arguments and returns what comes.

    ``changed`` says which arguments the last call changed in place. What the function raises is
    raised here as the nearest exception that Python itself has, with its ``place`` in the cell.
    """

    def __init__(self, space: Namespace, name: str, strict: bool = True) -> None:
        self.space = space
        self.name = name
        self.strict = strict
        self.changed: tuple[int, ...] = ()
        self.deaths = 0

    def __call__(self, *args: Any, **config: Any) -> Any:
        """Call the function; raises RuntimeError where its process dies or hangs."""
        self.changed = ()
        if self.deaths >= PATIENCE:
            raise placed(RuntimeError("an earlier call was given up, so this one was not made"))
        sent = {"args": wire.encode(args), "config": wire.encode(config)}
        try:
            seconds = self.space.session.limits.call
            reply = self.space.ask("call", seconds, name=self.name, strict=self.strict, **sent)
        except Stopped as error:
            self.deaths += 1
            raise placed(RuntimeError(str(error))) from None
        if type(printed := reply.get("printed")) is str:
            sys.stdout.write(printed)
        if "error" in reply:
            raise error_of(reply["error"])
        changed = reply.get("changed", ())
        count = len(args) + len(config)
        self.changed = tuple(i for i in changed if type(i) is int and 0 <= i < count)
        return wire.decode(reply.get("value"))


def error_of(sent: Any) -> Exception:
    """Return the exception that a description stands for.

    >>> error_of({"types": ["MyError", "KeyError"], "words": "a", "place": ""})
    KeyError('a')
    """
    types, words, place = parts_of(sent)
    for name in types:
        if name == "StopIteration":  # in a map, it would end the tests, and they would hold
            return placed(RuntimeError(f"the code raises {name}"), place)
        found: Any = getattr(builtins, name, None)
        if isinstance(found, type) and issubclass(found, Exception) and accepts_words(found):
            return placed(found(words), place)
        if name in ("SystemExit", "KeyboardInterrupt"):
            return placed(RuntimeError(f"the code ends Python with {name}"))
    return placed(RuntimeError("an error in no known form"))


def accepts_words(kind: Callable) -> bool:
    """Whether an exception can be made from its words alone; those about texts cannot.

    >>> accepts_words(KeyError), accepts_words(UnicodeDecodeError), accepts_words(ExceptionGroup)
    (True, False, False)
    """
    try:
        kind("")
        return True
    except TypeError:
        return False


def placed(error: Exception, place: str = "") -> Exception:
    """Return the error with the place in the student's cell."""
    error.place = place  # type: ignore[attr-defined]
    return error


def words_of(sent: Any) -> str:
    """Return one line that says what went wrong.

    >>> words_of({"types": ["KeyError"], "words": "'w'", "place": " at line 2"})
    "KeyError: 'w' at line 2"
    """
    types, words, place = parts_of(sent)
    if not types:
        return "an error in no known form"
    return f"{types[0]}{': ' if words else ''}{words}{place}"


def parts_of(sent: Any) -> tuple[list[str], str, str]:
    """Return the types, the words and the place of an error; empty is what is not in that form.

    >>> parts_of({"types": {"0": 1}, "words": [[]]})
    ([], '', '')
    """
    given = sent if type(sent) is dict else {}
    types, words, place = (given.get(key) for key in ("types", "words", "place"))
    return (
        [name for name in types if type(name) is str] if type(types) is list else [],
        words[:LONGEST_WORDS] if type(words) is str else "",
        place[:LONGEST_WORDS] if type(place) is str else "",
    )
