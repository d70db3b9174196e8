"""Drawing: in which order the rows of a table are shown to people who label them.

The order depends on ids alone, so that two labellers get the same rows, and its beginning is a sample wherever it ends.
docs/labels.md says what the plans mean.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from baleen.errors import Problem
from baleen.tables import labels
from baleen.tables.labels import Label
from baleen.tables.rows import Row
from baleen.viewer.cutting import ranked
from baleen.viewer.engine import Array, Engine, in_order
from baleen.viewer.questions import each_row
from baleen.viewer.sources import Source, footer

SALT = "baleen labels"
NEAR = 10  # of a hundred rows of the table, on each side of the threshold
STRATA = ("kept near", "dropped near", "kept far", "dropped far", "no score")
LOOKED_AT = 50  # rows read at once to find one that is not labelled


@dataclass(frozen=True)
class DrawingPlan:
    """How rows are drawn: `uniform`, or `near` a threshold of a score."""

    kind: str = "uniform"
    column: str = ""
    threshold: float = 0.0
    highest: bool = False

    @property
    def words(self) -> str:
        """What stands in a label's `plan`."""
        return "uniform" if self.kind == "uniform" else f"near {self.column} {self.threshold:.6g}"


@dataclass(frozen=True)
class Sequence:
    """The rows of a source in the order in which they are shown, with the stratum of each and the sizes of all."""

    rows: Array
    strata: Array
    names: tuple[str, ...]
    sizes: tuple[int, ...]

    def stratum(self, place: int) -> tuple[str, int]:
        """The stratum of the row at a place of the order, and how many rows it has."""
        number = int(self.strata[place])
        return self.names[number], self.sizes[number]


def sequence(engine: Engine, source: Source, plan: DrawingPlan) -> Sequence:
    """The order of a plan; rows of all strata in turn."""
    if plan.kind not in ("uniform", "near"):
        raise Problem(f"unknown plan {plan.kind!r}; write uniform or near")
    if not any(source.columns.get(name) == "text" for name in labels.TEXTS):
        raise Problem(f"{source.name} has no {', '.join(labels.TEXTS)}; label the table that it is made from")
    shuffled: Array = engine.result((source.stamp, "shuffled"), lambda _: by_chance(engine, source))
    if plan.kind == "uniform":
        return Sequence(shuffled, np.zeros(len(shuffled), np.int8), ("all",), (len(shuffled),))
    scored = ranked(engine, source, plan.column, plan.highest)
    kept = scored.kept(plan.threshold)

    def compute(_: object) -> Sequence:
        strata = strata_of(scored.rows, kept, len(shuffled))[shuffled]
        sizes = np.bincount(strata, minlength=len(STRATA))
        turns = np.zeros(len(strata), np.int64)
        for number in range(len(STRATA)):
            turns[strata == number] = np.arange(sizes[number])
        places = np.lexsort((strata, turns))
        return Sequence(shuffled[places], strata[places], STRATA, tuple(int(size) for size in sizes))

    found: Sequence = engine.result((source.stamp, plan), compute)
    return found


def by_chance(engine: Engine, source: Source) -> Array:
    """All rows in the order of the MD5 of their ids, of which the first 64 bits are sorted as a number: that those of
    two of a million ids are the same happens once in 10^7 tables."""
    parts = list[Array]()
    for path in source.files:
        if "id" not in footer(path)[1]:
            raise Problem(f"{path} has no column id; only tables of this project can be labelled")
        parts.append(each_row(engine, path, f"('0x' || left(md5(id || '{SALT}'), 16))::UBIGINT"))
    return in_order(np.concatenate([*parts, np.zeros(0, np.uint64)]))


def strata_of(best_first: Array, kept: int, size: int) -> Array:
    """The number of the stratum of each row of the table."""
    near, strata = max(1, size * NEAR // 100), np.full(size, STRATA.index("no score"), np.int8)
    strata[best_first[:kept]] = STRATA.index("kept far")
    strata[best_first[kept:]] = STRATA.index("dropped far")
    strata[best_first[max(0, kept - near) : kept]] = STRATA.index("kept near")
    strata[best_first[kept : kept + near]] = STRATA.index("dropped near")
    return strata


def text_rows(engine: Engine, source: Source, numbers: list[int]) -> dict[int, Row]:
    """The id and the whole texts of rows."""
    found, first = dict[int, Row](), 0
    for path, size in zip(source.files, source.sizes, strict=True):
        names = [name for name in ("id", *labels.TEXTS) if footer(path)[1].get(name) == "text"]
        inside = [n - first for n in numbers if first <= n < first + size]
        if inside:
            sql = f"SELECT file_row_number, {', '.join(names)} FROM {engine.held.rows(path, inside)}"
            for n, *values in engine.query(sql, []).fetchall():
                found[first + n] = dict(zip(names, values, strict=True))
        first += size
    return found


def unlabelled(
    engine: Engine, source: Source, order: Sequence, known: set[tuple[str, str]], start: int
) -> Iterator[tuple[int, int, Row]]:
    """(place in the order, number, row) of each row from a place on whose text is not among the known ones."""
    for first in range(start, len(order.rows), LOOKED_AT):
        numbers = [int(n) for n in order.rows[first : first + LOOKED_AT]]
        found = text_rows(engine, source, numbers)
        for at, n in enumerate(numbers, first):
            if (str(found[n]["id"]), labels.text_hash(found[n])) not in known:
                yield at, n, found[n]


def texts_labelled(given: list[Label], labeller: str) -> set[tuple[str, str]]:
    """The rows and texts that somebody has labelled."""
    return {(label.row, label.text) for label in given if label.labeller == labeller}


def summary(given: list[Label]) -> dict[str, Any]:
    """How many labels each labeller has given, and how many of them are good."""
    counts = dict[str, dict[str, int]]()
    for label in labels.latest(given):
        one = counts.setdefault(label.labeller, {"good": 0, "bad": 0})
        one[label.label] += 1
    return counts
