"""Ctrl-C and SIGTERM, put off until the step is done and written down."""

import contextlib
import signal
import sys
import threading
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """Inside the block the first Ctrl-C or SIGTERM only leaves word in ``asked``.

    The second one does at once what it would have done without us. `carry_out` does late what the
    first one asked for: a Ctrl-C raises KeyboardInterrupt, and a SIGTERM ends the program as the
    system would have, with the status 143.

    Only the main thread can do this; in others signals do what they always do.

    >>> with Interruption(aloud=False) as interruption:
    ...     signal.raise_signal(signal.SIGINT)
    ...     print(interruption.asked == signal.SIGINT)
    True
    """

    def __init__(self, *, aloud: bool = True) -> None:
        self.asked, self.aloud = 0, aloud
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Interruption":
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._note) for number in SIGNALS}
        return self

    def __exit__(self, *error: object) -> None:
        self._let_through()

    def carry_out(self, number: int, note: str) -> None:
        """End as the signal would have ended the program, and say what became of the training."""
        if number == signal.SIGINT:
            error: BaseException = KeyboardInterrupt()
        else:
            error = SystemExit(128 + number)
        error.add_note(note)
        raise error

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.asked = number
        self._let_through()
        if self.aloud:
            name = signal.Signals(number).name
            with contextlib.suppress(RuntimeError):  # it came while that stream was written to
                print(
                    f"\n{name}: the step is finished first; once more stops at once",
                    file=sys.stderr,
                )

    def _let_through(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        self._before = {}
