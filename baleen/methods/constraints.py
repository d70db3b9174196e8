"""Constraints that code can check: stated as a sentence, read back from it, checked on a text, measured on a text.

A wording reads back, so a constraint is checked in the same way whoever wrote it, and every measured one is checked on
the text it came from. The families are in `families.py`; words are counted by `counting.words` everywhere.
"""

import re
from functools import cache
from random import Random
from typing import NamedTuple

from baleen.measures.words import chinese
from baleen.methods.families import FAMILIES, Slots


class Constraint(NamedTuple):
    """A constraint that was read: its family and what stands in the blanks."""

    family: str
    slots: Slots

    def holds(self, text: str) -> bool:
        return FAMILIES[self.family].holds(text, self.slots)


def read(text: str) -> Constraint | None:
    """The constraint that a sentence states, or None when code cannot read it."""
    said = re.sub(r"^[-*•]\s+|[\s.。!！]+$", "", text.strip())
    for pattern, family in readers():
        if match := pattern.fullmatch(said):
            found = match.groupdict()
            n, m = (int(found.get(name) or 0) for name in ("n", "m"))
            return Constraint(family, Slots(n, m, (found.get("word") or "").lower()))
    return None


@cache
def readers() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple(
        (re.compile(family.pattern(wording), re.IGNORECASE), name)
        for name, family in FAMILIES.items()
        for wording in (*family.wordings, *family.chinese)
    )


def state(family: str, slots: Slots, text: str, rng: Random) -> str:
    """A wording of the constraint, in Chinese for a Chinese text."""
    known = FAMILIES[family]
    return rng.choice(known.chinese if chinese(text) else known.wordings).format(**slots._asdict())


def measure(text: str, rng: Random) -> list[str]:
    """Constraints that the text meets, one of each kind that says anything about it; each is checked before it counts.

    Of the families of a kind one is drawn, so that a text does not always get the first.
    """
    kinds = dict.fromkeys(family.kind for family in FAMILIES.values())
    found = (measured(text, kind, rng) for kind in kinds)
    return [said for said in found if said and (back := read(said)) and back.holds(text)]


def measured(text: str, kind: str, rng: Random) -> str | None:
    names = [name for name, family in FAMILIES.items() if family.kind == kind]
    able = [(n, slots) for n in names if (slots := FAMILIES[n].find(text, rng)) is not None]
    return state(*rng.choice(able), text, rng) if able else None


def corrected(said: str, text: str, rng: Random) -> str | None:
    """The sentence's family stated so that the text meets it; None when code cannot read it or it says nothing."""
    wanted = read(said)
    slots = FAMILIES[wanted.family].find(text, rng) if wanted else None
    again = state(wanted.family, slots, text, rng) if wanted and slots is not None else None
    return again if again and (back := read(again)) and back.holds(text) else None


def weight(said: str) -> float:
    """How likely a constraint is chosen; those that only a model can write count 0.8 (Crab, table 4: 0.7 to 1)."""
    found = read(said)
    return FAMILIES[found.family].weight if found else 0.8


def checks(constraints: list[str], text: str) -> list[bool]:
    """Whether the text meets each of the constraints that code can read."""
    return [found.holds(text) for said in constraints if (found := read(said))]


def met(constraints: list[str], text: str) -> float | None:
    """Share of the constraints that the text meets, of those that code can read; None when it can read none."""
    found = checks(constraints, text)
    return sum(found) / len(found) if found else None


def followed(constraints: list[str], text: str) -> float | None:
    """1.0 when the text meets all constraints that code can read."""
    found = checks(constraints, text)
    return float(all(found)) if found else None
