"""Who a hand-in belongs to: from its name, as Canvas and Moodle give it, and from a roster."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from labkit.grading.report.text import one_line

# lovelaceada_LATE_1234_567_lab, with the student's number first
CANVAS = re.compile(r"[^_]+(?:_LATE)?_(\d+)_\d+_.*", re.DOTALL)
# Ada Lovelace_1234_assignsubmission_file, with the participant's number; without folders, a name of
# the student's own comes behind it
MOODLE = re.compile(r"(.+?)_(\d+)_assignsubmission_.*", re.DOTALL)

# The names of columns that are known, in small letters; those of Canvas and Moodle are among them.
COLUMNS = {
    "hand_in": ("hand-in", "hand_in", "handin", "submission", "file"),
    "name": ("name", "student", "full name"),
    "id": ("id", "student id", "id number", "student_id"),
    "login": ("sis login id", "login", "login id", "username", "user name"),
    "email": ("email", "e-mail", "email address"),
    "section": ("section", "group"),
    "identifier": ("identifier",),
}


@dataclass(frozen=True)
class Person:
    """A student as the tables name one; what is not known is empty."""

    hand_in: str = ""
    name: str = ""
    id: str = ""
    login: str = ""
    email: str = ""
    section: str = ""
    identifier: str = ""


@dataclass(frozen=True)
class Roster:
    """The people of a class by each of their names in small letters; shared names are left out."""

    people: tuple[Person, ...] = ()
    by_name: dict[str, Person] = field(default_factory=dict)

    def person(self, hand_in: str) -> Person:
        """Return whose hand-in it is; of somebody unknown, what its name says."""
        canvas, moodle = CANVAS.fullmatch(hand_in), MOODLE.fullmatch(hand_in)
        tried = [hand_in]
        guess = Person(name=hand_in)
        if canvas:
            tried.append(canvas[1])
            guess = Person(name=hand_in, id=canvas[1])
        elif moodle:
            tried += [f"Participant {moodle[2]}", moodle[1]]
            guess = Person(name=moodle[1], identifier=f"Participant {moodle[2]}")
        for name in map(_key, tried):
            if name in self.by_name:
                return self.by_name[name]
        return guess

    def missing(self, hand_ins: Iterable[str]) -> list[str]:
        """Return the names of those of whom there is no hand-in."""
        there = {self.person(hand_in) for hand_in in hand_ins}
        return [_called(person) for person in self.people if person not in there]


def owner(hand_in: str) -> str:
    """Return what is the same in the names of all files of one student.

    >>> owner("lovelaceada_1815_7_lab"), owner("lovelaceada_1815_8_lab-1"), owner("ada")
    ('Canvas 1815', 'Canvas 1815', 'ada')
    """
    if canvas := CANVAS.fullmatch(hand_in):
        return f"Canvas {canvas[1]}"
    if moodle := MOODLE.fullmatch(hand_in):
        return f"Moodle {moodle[2]}"
    return hand_in


def read_roster(path: Path) -> Roster:
    """Read a CSV with a heading for each column: a student's hand-in, name, id, login, email...

    An export of the gradebook of Canvas or of the participants of Moodle is one.

    Raises ValueError if no column is known.
    """
    text = path.read_text("utf-8-sig")
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    heads = [head.strip().lower() for head in rows[0]] if rows else []
    places = {
        key: heads.index(name)
        for key, names in COLUMNS.items()
        for name in reversed(names)
        if name in heads
    }
    first_last = [heads.index(name) for name in ("first name", "last name") if name in heads]
    if not places and not first_last:
        known = ", ".join(names[0] for names in COLUMNS.values())
        raise ValueError(f"roster must have a column {known}; {path.name} has {rows[:1]}")
    people = []
    for row in rows[1:]:
        cells = {key: _cell(row, place) for key, place in places.items()}
        if len(first_last) == 2 and not cells.get("name"):
            cells["name"] = " ".join(_cell(row, place) for place in first_last).strip()
        if any(cells.values()) and not cells.get("name", "").startswith("Points Possible"):
            people.append(Person(**cells))
    return Roster(tuple(people), _by_name(people))


def _cell(row: list[str], place: int) -> str:
    return row[place].strip() if place < len(row) else ""


def _by_name(people: list[Person]) -> dict[str, Person]:
    owners: dict[str, set[Person]] = {}
    for person in people:
        surname, _, given = person.name.partition(", ")
        names = {person.hand_in, person.name, person.id, person.login, person.email}
        names |= {person.identifier, f"{given} {surname}" if given else ""}
        for name in filter(None, map(_key, names)):
            owners.setdefault(name, set()).add(person)
    return {name: those.pop() for name, those in owners.items() if len(those) == 1}


def _key(name: str) -> str:
    return " ".join(name.split()).casefold()


def _called(person: Person) -> str:
    return one_line(person.name or person.email or person.login or person.id or person.hand_in)
