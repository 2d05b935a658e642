"""Make dates.tsv, byte for byte, with Babel 2.18.0, which knows how each language writes a date.

Run in this folder::

    pip install babel==2.18.0
    python derive.py dates.tsv
"""

import datetime
import random
import sys

import babel
from babel.dates import format_date

# The patterns of the CLDR for these locales. Left out are those with a two-digit year and those
# that put the month first in digits, so that each date can be read in one way only.
PATTERNS = {
    "en_US": ("EEEE, MMMM d, y", "MMMM d, y", "MMM d, y"),
    "en_GB": ("EEEE, d MMMM y", "d MMMM y", "d MMM y", "dd/MM/y"),
    "fr": ("EEEE d MMMM y", "d MMMM y", "d MMM y"),
    "de": ("EEEE, d. MMMM y", "d. MMMM y", "dd.MM.y"),
    "zh": ("y年M月d日EEEE", "y年M月d日", "y/M/d"),
}
FIRST, LAST = datetime.date(1950, 1, 1), datetime.date(2049, 12, 31)
COUNT = 12_000


def draw(rng):
    """Give a date in the words of a random locale, and the same date in ISO 8601."""
    locale = rng.choice(list(PATTERNS))
    pattern = rng.choice(PATTERNS[locale])
    day = FIRST + datetime.timedelta(days=rng.randrange((LAST - FIRST).days + 1))
    return format_date(day, pattern, locale=locale), day.isoformat()


def main(out):
    """Write 12,000 pairs, no source twice, in the order in which they were drawn."""
    if babel.__version__ != "2.18.0":
        raise ValueError(f"made with Babel 2.18.0, this is {babel.__version__}")
    rng, pairs = random.Random(0), {}
    while len(pairs) < COUNT:
        source, target = draw(rng)
        pairs[source] = target
    with open(out, "w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{source}\t{target}\n" for source, target in pairs.items())


if __name__ == "__main__":
    main(*sys.argv[1:])
