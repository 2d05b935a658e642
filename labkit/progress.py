"""A line that says how far a long work is."""

import time
from collections.abc import Iterable, Iterator
from typing import Literal, TextIO


class ProgressBar:
    """A line on a terminal that says how far the work is; anywhere else, nothing.

    ``shown="always"`` writes elsewhere too, as into the log of a job: a whole line every ten
    seconds and one at the end.

    Give it a ``label``, the ``total`` (0 if nobody knows) and, as the work goes on, a ``note``.
    """

    width, seconds_between, seconds_between_lines = 20, 0.1, 10.0

    def __init__(self, stream: TextIO | None, *, shown: bool | Literal["always"]) -> None:
        live = stream is not None and stream.isatty()
        self.stream = stream
        self.lines = stream is not None and not live and shown == "always"
        self.shown = (live and bool(shown)) or self.lines
        self.label, self.total, self.done = "", 0, 0
        self.note, self.text = "", ""

    def over(self, items: Iterable, *, done: int = 0) -> Iterator:
        """Yield the items, and draw after each how many are done, counting those done before."""
        start = drawn = time.monotonic()
        wait = self.seconds_between_lines if self.lines else self.seconds_between
        for new, item in enumerate(items, start=1):
            yield item
            self.done, now = done + new, time.monotonic()
            at_end = self.done == self.total and not self.lines  # there end_line writes the last
            if self.shown and (now - drawn > wait or at_end):
                drawn = now
                left = (now - start) / new * (self.total - self.done)
                self._draw(f"{self._bar()}  {self.note}  {_seconds(left)}")

    def end_line(self, note: str = "") -> None:
        """Leave the line as it stands, with the last note."""
        if self.lines and self.done:
            self._draw(f"{self._bar()}  {note or self.note}")
        elif self.text:
            if note:
                self._draw(f"{self._bar()}  {note}")
            self._write("\n")
        self.text, self.done = "", 0

    def _bar(self) -> str:
        if not self.total:
            return f"{self.label} {self.done}"
        filled = "#" * (self.width * self.done // self.total)
        return f"{self.label} [{filled:-<{self.width}}] {self.done}/{self.total}"

    def _draw(self, text: str) -> None:
        text = text.rstrip()
        padded = text.ljust(len(self.text))  # what is shorter must cover what was there
        self._write(f"{text}\n" if self.lines else f"\r{padded}")
        self.text = text

    def _write(self, text: str) -> None:
        if self.stream is not None:
            self.stream.write(text)
            self.stream.flush()


def brief(measured: dict[str, float]) -> str:
    """Return names and numbers as the note of a bar.

    >>> brief({"loss": 0.5, "validation_loss": 0.75})
    'loss 0.5000, validation loss 0.7500'
    """
    return ", ".join(f"{name.replace('_', ' ')} {value:.4f}" for name, value in measured.items())


def _seconds(left: float) -> str:
    return f"{left:.0f} s left" if left > 0 else ""
