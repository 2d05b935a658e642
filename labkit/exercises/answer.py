"""The learner's function, watched: each call that goes wrong says in a sentence how."""

import contextlib
import copy
import io
import linecache
import traceback
from collections.abc import Callable
from typing import Any

import numpy as np

from labkit.exercises.compare import Unwritten, Wrong, bracketed, show
from labkit.exercises.strict import strict_numbers

LONGEST_PRINT = 200
LONGEST_DICT = 120


class Answer:
    """A function to be checked; calling it runs the learner's function on copies, and watches.

    ``tried`` says what the last call was, ``inputs`` keeps its arguments, ``result`` what came and
    ``printed`` what it printed. A call raises `Unwritten` for the stub and `Wrong` for whatever is
    no usable result.

    >>> answer = Answer("half", lambda x: x / 2)
    >>> answer(3), answer.tried
    (1.5, 'half(3)')
    """

    def __init__(self, name: str, function: Callable) -> None:
        self.name = name
        self.function = function
        self.tried = ""
        self.printed = ""
        self.inputs: tuple[tuple, dict] = ((), {})
        self.result: Any = None

    def __call__(self, *args: Any, **config: Any) -> Any:
        """Call the function with copies of the arguments and return what it returns."""
        self.tried = call_text(self.name, args, config)
        self.inputs = (args, config)
        self.printed = ""
        given = copy.deepcopy((args, config))
        out = io.StringIO()
        try:
            with strict_numbers(), contextlib.redirect_stdout(out):
                result = self.function(*given[0], **given[1])
        except Exception as error:
            raise self._trouble(error) from None
        except SystemExit as error:
            raise Wrong("The code ends Python with exit() or quit().", error=error) from None
        finally:
            self.printed = out.getvalue().strip()[:LONGEST_PRINT]
        if result is ...:
            raise Unwritten
        if result is None:
            raise self._nothing_returned()
        self._leave_inputs_alone(given)
        self.result = result
        return result

    def _nothing_returned(self) -> Wrong:
        if self.printed:
            return Wrong(
                f"{self.name} prints its result and returns nothing.",
                f"None; printed: {self.printed}",
                "a returned result",
                hint="print shows a number to people; return gives it to the program.",
            )
        return Wrong(
            f"{self.name} returns nothing.",
            "None",
            "a returned result",
            hint="Does every path through the function end with return?",
        )

    def _leave_inputs_alone(self, given: tuple[tuple, dict]) -> None:
        args, config = self.inputs
        before = [*args, *config.values()]
        after = [*given[0], *given[1].values()]
        elsewhere = getattr(self.function, "changed", ())  # by a function in another process
        for position, (old, new) in enumerate(zip(before, after, strict=True)):
            if position in elsewhere or not _equal(old, new):
                after_it = "another" if position in elsewhere else show(new)
                raise Wrong(
                    f"{self.name} changes its input number {position + 1} in place.",
                    f"after the call it is {after_it}",
                    "inputs are left as they were",
                    hint="x += 1 and x[...] = 1 write into the caller's array; work on a new one.",
                )

    def _trouble(self, error: Exception) -> Exception:
        place = _last_line(error, self.function)
        if isinstance(error, NotImplementedError):
            return Unwritten()
        if isinstance(error, TypeError) and not place:
            return Wrong(
                f"{self.name} does not take these arguments: {error}.",
                "a TypeError",
                error=error,
                hint="Keep the names and the order of the arguments that the exercise gives.",
            )
        if isinstance(error, RecursionError):
            return Wrong(
                f"{self.name} calls itself without end.",
                f"a RecursionError{place}",
                error=error,
                hint="A function that calls itself needs a case in which it does not.",
            )
        if isinstance(error, FloatingPointError | OverflowError | RuntimeWarning):
            return Wrong(
                f"The numbers leave the range of floats: {error}.",
                f"{type(error).__name__}{place}",
                "every step stays finite",
                error=error,
                hint="Rewrite the step so that it cannot grow so large or divide by zero.",
            )
        words = f": {error}" if str(error) else ""
        return Wrong(
            f"The code stops with {type(error).__name__}{words}.",
            f"{type(error).__name__}{place}",
            error=error,
            hint="Make this call in a cell of its own to see the whole message.",
        )


def call_text(name: str, args: tuple, config: dict) -> str:
    """Return the call as the learner would write it, what is too long for a line in brackets.

    >>> call_text("f", (3, np.zeros((4, 9))), {"stride": (1, 2)})
    'f(3, <array of shape (4, 9)>, stride=(1, 2))'
    """
    shown = [_argument(a) for a in args] + [f"{k}={_argument(a)}" for k, a in config.items()]
    return f"{name}({', '.join(shown)})"


def _argument(argument: Any) -> str:
    if isinstance(argument, np.ndarray) and argument.ndim:
        if argument.size > 16:
            return f"<array of shape {argument.shape}>"
        if not argument.size:
            return f"np.zeros({argument.shape})"
        return f"np.array({show(argument.tolist())})"
    if isinstance(argument, list | tuple) and 0 < len(argument) <= 16:
        return bracketed(argument, ", ".join(map(_argument, argument)))
    if isinstance(argument, dict):
        text = f"{{{', '.join(f'{key!r}: {_argument(part)}' for key, part in argument.items())}}}"
        return text if len(text) <= LONGEST_DICT else f"<dict of {', '.join(map(str, argument))}>"
    return show(argument)


def _equal(old: Any, new: Any) -> bool:
    if isinstance(old, np.ndarray):
        return old.shape == new.shape and np.array_equal(old, new)
    if isinstance(old, list | tuple):
        return len(old) == len(new) and all(map(_equal, old, new))
    if isinstance(old, dict):
        return old.keys() == new.keys() and all(_equal(old[key], new[key]) for key in old)
    return bool(old == new)


def _last_line(error: Exception, function: Callable) -> str:
    """The learner's line on which the error arose, or nothing if the call itself failed."""
    if (place := getattr(error, "place", None)) is not None:  # it arose in another process
        return place
    steps = traceback.extract_tb(error.__traceback__)[1:]
    if not steps:
        return ""
    code = getattr(function, "__code__", None)
    own = [step for step in steps if code is not None and step.filename == code.co_filename]
    last = (own or steps)[-1]
    text = linecache.getline(last.filename, last.lineno or 0).strip()
    return f" at line {last.lineno} of the cell{': ' + text if text else ''}"
