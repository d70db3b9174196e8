"""Constraints that code can check: written as a sentence, parsed from it, checked on a text, measured on a text.

Every wording can be parsed, so a constraint is checked in the same way whoever wrote it, and every measured one is
checked on its own text. The families are in `families.py`; `baleen.measures.words.words` counts words everywhere.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from random import Random
from typing import NamedTuple

from baleen.measures.words import is_chinese
from baleen.methods.families import FAMILIES, Slots
from baleen.methods.lengths import read_length
from baleen.tables.rows import Row

__all__ = ["followed", "met"]
Results = list[tuple[Row, str]]  # a row, and '' or the reason why it leaves


class Constraint(NamedTuple):
    """A parsed constraint: its family and the values of its blanks."""

    family: str
    slots: Slots

    def holds(self, text: str) -> bool:
        return FAMILIES[self.family].holds(text, self.slots)


@lru_cache(4096)
def parse_constraint(text: str) -> Constraint | None:
    """The constraint of a sentence, or None when no wording of a family matches and it is no length."""
    sentence = re.sub(r"^[-*•]\s+|[\s.。!！]+$", "", text.strip())
    for pattern, family in wording_patterns():
        if match := pattern.fullmatch(sentence):
            blanks = match.groupdict()
            n, m = (int(blanks.get(name) or 0) for name in ("n", "m"))
            return Constraint(family, Slots(n, m, (blanks.get("word") or "").lower()))
    length = read_length(sentence)
    return Constraint(*length) if length else None


@cache
def wording_patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """(regular expression of a wording, name of its family), for all wordings."""
    return tuple(
        (re.compile(family.pattern(wording), re.IGNORECASE), name)
        for name, family in FAMILIES.items()
        for wording in (*family.wordings, *family.chinese)
    )


def state(family: str, slots: Slots, text: str, rng: Random) -> str:
    """A wording of the constraint, in Chinese for a Chinese text."""
    wordings = FAMILIES[family].chinese if is_chinese(text) else FAMILIES[family].wordings
    return rng.choice(wordings).format(**slots._asdict())


def measure(text: str, rng: Random) -> list[str]:
    """Constraints that the text meets: at most one of each kind, and each is checked.

    A family of a kind is drawn at random, so that a text does not always get the first.
    """
    kinds = dict.fromkeys(family.kind for family in FAMILIES.values())
    sentences = (drawn_constraint(text, kind, rng) for kind in kinds)
    return [one for one in sentences if one and (parsed := parse_constraint(one)) and parsed.holds(text)]


def drawn_constraint(text: str, kind: str, rng: Random) -> str | None:
    """A constraint of this kind that the text meets, of a family drawn at random; None when no family fits."""
    names = [name for name, family in FAMILIES.items() if family.kind == kind and family.measured]
    fitting = [(n, slots) for n in names if (slots := FAMILIES[n].find(text, rng)) is not None]
    return state(*rng.choice(fitting), text, rng) if fitting else None


def corrected(sentence: str, text: str, rng: Random) -> str | None:
    """A sentence of the same family that the text meets; None when code cannot parse it or no values fit the text."""
    wanted = parse_constraint(sentence)
    slots = FAMILIES[wanted.family].find(text, rng) if wanted else None
    new = state(wanted.family, slots, text, rng) if wanted and slots is not None else None
    return new if new and (parsed := parse_constraint(new)) and parsed.holds(text) else None


def weight(sentence: str) -> float:
    """The weight with which a constraint is drawn; 0.8 for those that code cannot parse (Crab, table 4: 0.7 to 1)."""
    parsed = parse_constraint(sentence)
    return FAMILIES[parsed.family].weight if parsed else 0.8


def checks(constraints: list[str], text: str) -> list[bool]:
    """For each constraint that code can parse, whether the text meets it."""
    return [parsed.holds(text) for one in constraints if (parsed := parse_constraint(one))]


def met(constraints: list[str], text: str) -> float | None:
    """Share of the constraints that the text meets, of those that code can parse; None when there are none."""
    held = checks(constraints, text)
    return sum(held) / len(held) if held else None


def followed(constraints: list[str], text: str) -> float | None:
    """1.0 when the text meets all constraints that code can parse, else 0.0; None when there are none."""
    held = checks(constraints, text)
    return float(all(held)) if held else None


def join_by_parent(table: list[Row], why_not: Callable[[Row], str]) -> Results:
    """Rows of one constraint each joined by parent, wherever they stand: a row with all constraints for which `why_not`
    is ''."""
    groups = defaultdict[str, list[Row]](list)
    for row in table:
        groups[row["parent"]].append(row)
    return [result for group in groups.values() for result in join_group(group, why_not)]


def join_group(claims: list[Row], why_not: Callable[[Row], str]) -> Iterator[tuple[Row, str]]:
    true = [row for row in claims if not why_not(row)]
    kept = list(dict.fromkeys(row["constraint"] for row in true))
    for row in claims:
        if why := why_not(row):
            yield row, why
        elif row is true[0]:
            yield row | {"id": row["parent"], "constraints": kept}, ""
        else:
            yield row, f"part of {row['parent']}"
