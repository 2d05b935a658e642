"""A page of HTML that stands alone: no script, no picture or font from elsewhere."""

from __future__ import annotations

from pathlib import Path

from labkit.grading.report.tally import MARKS, WORDS
from labkit.grading.report.text import escaped

STYLE = Path(__file__).with_name("page.css")
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def page(title: str, body: str) -> bytes:
    """Return the page; ``title`` is a text, ``body`` is HTML."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{escaped(title)}</title>\n<style>\n{STYLE.read_text('utf-8')}</style>\n"
        f"</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    ).encode()


def mark(state: str) -> str:
    """Return the sign of a state with its words for those who listen.

    >>> mark("holds")
    '<span class="holds" role="img" aria-label="holds">✓</span>'
    """
    return f'<span class="{state}" role="img" aria-label="{WORDS[state]}">{MARKS[state]}</span>'


def link(text: str, address: str) -> str:
    """Return a link, or the text alone where no address is known.

    >>> link("a < b", "")
    'a &lt; b'
    """
    return f'<a href="{escaped(address)}">{escaped(text)}</a>' if address else escaped(text)


def person(name: str) -> str:
    """Return a name that cannot turn the direction of what stands around it."""
    return f"<bdi>{escaped(' '.join(name.split()))}</bdi>"


def bullets(items: list[str], most: int = 30) -> str:
    """Return a list of HTML items; of many only the first.

    >>> bullets(["a", "b"], most=1)
    '<ul>\\n<li>a</li>\\n<li>and 1 more</li>\\n</ul>'
    """
    left = len(items) - most
    shown = items[:most] + ([f"and {left} more"] if left > 0 else [])
    return "\n".join(["<ul>", *(f"<li>{item}</li>" for item in shown), "</ul>"])


def key() -> str:
    """Return what the signs mean."""
    pairs = (f"{mark(state)} {WORDS[state]}" for state in MARKS)
    return f'<p class="key">{", ".join(pairs)}</p>'
