"""Texts of a student's, made harmless: on a page, in a table, on a terminal."""

from __future__ import annotations

import html
import unicodedata

LONGEST = 600  # characters of one text
KEPT = "\n\t\u200c\u200d"  # the last two join letters in scripts that need it
SHOWN_BY_NUMBER = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}  # controls, directions, halves of letters


def visible(text: object, longest: int = LONGEST) -> str:
    """Return the text with every character that could hide or steer something made visible.

    Escape sequences of terminals, signs that turn the direction of reading, and halves of letters
    become signs that only stand for them. What is longer than ``longest`` letters is cut.

    >>> visible(chr(27) + "[31mred" + chr(0x202E))
    '⟨U+001B⟩[31mred⟨U+202E⟩'
    """
    whole = str(text).replace("\r\n", "\n")
    cut = whole if len(whole) <= longest else f"{whole[: longest - 1]}…"
    return "".join(map(_shown, cut))


def _shown(letter: str) -> str:
    if letter in KEPT or unicodedata.category(letter) not in SHOWN_BY_NUMBER:
        return letter
    return f"⟨U+{ord(letter):04X}⟩"


def one_line(text: object, longest: int = LONGEST) -> str:
    r"""Return the visible text on one line.

    >>> one_line("Ada\n\tLovelace ")
    'Ada Lovelace'
    """
    return " ".join(visible(text, longest).split())


def escaped(text: object) -> str:
    """Return the visible text as HTML that shows it and nothing else.

    >>> escaped("<b>")
    '&lt;b&gt;'
    """
    return html.escape(visible(text))


def breakable(name: object) -> str:
    """Return a name as HTML that may go on in the next line after an underscore.

    >>> breakable("conv_forward")
    'conv_<wbr>forward'
    """
    return escaped(one_line(name)).replace("_", "_<wbr>")


def number(value: float) -> str:
    """Return a number with at most two decimals.

    >>> number(7.5), number(10.0), number(2 / 3)
    ('7.5', '10', '0.67')
    """
    return f"{value:.2f}".rstrip("0").rstrip(".")


def count(many: int, what: str) -> str:
    """Return a number of things, in the singular where there is one.

    >>> count(1, "student"), count(2, "student")
    ('1 student', '2 students')
    """
    return f"{many} {what}{'' if many == 1 else 's'}"
