"""Comparing: two tables row by row, by id: two rounds, two runs, or a table before and after a step."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from baleen.errors import Problem, unknown
from baleen.measures.kappa import agreement_of_counts, in_words
from baleen.viewer import questions
from baleen.viewer.drawing import DrawingPlan
from baleen.viewer.engine import Array, Engine, in_order
from baleen.viewer.sources import Source, footer

ABSENT, KEPT, DROPPED = 0, 1, 2
FATES = ("absent", "kept", "dropped")
GROUPS: dict[str, Callable[[Array, Array], Array]] = {
    "all": lambda left, right: left >= ABSENT,
    "both kept": lambda left, right: (left == KEPT) & (right == KEPT),
    "only left kept": lambda left, right: (left == KEPT) & (right != KEPT),
    "only right kept": lambda left, right: (left != KEPT) & (right == KEPT),
    "neither kept": lambda left, right: (left != KEPT) & (right != KEPT),
}


@dataclass(frozen=True)
class Joined:
    """The rows of two sources by id: on both sides their numbers, -1 where a side has none, what became of each, and a
    score, NaN where there is none."""

    left: Array
    right: Array
    fates: tuple[Array, Array]
    scores: tuple[Array, Array]


def joined(engine: Engine, left: Source, right: Source, score: str) -> Joined:
    """Two sources joined by id, in the order of the left one, then what only the right one has."""
    found: Joined = engine.result(
        (left.stamp, right.stamp, "joined", score), lambda _: computed(engine, left, right, score)
    )
    return found


def computed(engine: Engine, left: Source, right: Source, score: str) -> Joined:
    a, b = matched(*(keys(engine, source, side) for side, source in enumerate((left, right))))
    j, k = (scores(engine, source, score, places) for source, places in ((left, a), (right, b)))
    return Joined(a, b, (fate(a, left), fate(b, right)), (j, k))


def matched(left: Array, right: Array) -> tuple[Array, Array]:
    """The places of what is equal on two sides, in the order of the left one, -1 where the right one has none; then
    what only the right one has. Four fifths of the time of a join in SQL."""
    own, other = in_order(left), in_order(right)
    ordered, first, after = right[other], np.zeros(len(left), np.int64), np.zeros(len(left), np.int64)
    first[own] = np.searchsorted(ordered, left[own], side="left")
    after[own] = np.searchsorted(ordered, left[own], side="right")
    times = np.maximum(after - first, 1)  # a row without an equal one comes once, too
    a = np.repeat(np.arange(len(left)), times)
    place = first[a] + np.arange(len(a)) - (np.cumsum(times) - times)[a]
    b = np.append(other, -1)[np.where(place < after[a], place, len(other))]
    alone = np.ones(len(right), np.bool_)
    alone[b[b >= 0]] = False
    rest = np.flatnonzero(alone)
    return np.concatenate([a, np.full(len(rest), -1)]), np.concatenate([b, rest])


def keys(engine: Engine, source: Source, side: int) -> Array:
    """A hash of 64 bits of every id: that two of a million ids have the same happens once in 10^7 tables. A row without
    an id is like no other one."""
    parts = list[Array]()
    for path in source.files:
        if "id" not in footer(path)[1]:
            raise Problem(f"{path} has no column id; tables are compared by it")
        own = f"hash({side}, {len(parts)}, file_row_number)"
        parts.append(questions.each_row(engine, path, f"CASE WHEN id IS NULL THEN {own} ELSE hash(id) END"))
    return np.concatenate([*parts, np.zeros(0, np.uint64)])


def scores(engine: Engine, source: Source, score: str, places: Array) -> Array:
    """The score of the rows at these places, NaN where there is none."""
    if source.columns.get(score) != "number":
        return np.full(len(places), np.nan)
    return np.append(questions.values_of(engine, source, score), np.nan)[places]


def fate(numbers: Array, source: Source) -> Array:
    """What became of each row on a side."""
    return np.where(numbers < 0, ABSENT, np.where(numbers < source.sizes[0], KEPT, DROPPED))


def compared(
    engine: Engine, sides: tuple[Source, Source], score: str, group: str, by_change: bool, at: slice
) -> dict[str, Any]:
    """A page of the rows of two sources: those of a group, in the order of the left one or the largest change of the
    score first, with the numbers of rows in every group."""
    if group not in GROUPS:
        raise Problem(unknown("group", group, list(GROUPS)))
    found = joined(engine, *sides, score)
    places = np.flatnonzero(GROUPS[group](*found.fates))
    if by_change:
        key = (sides[0].stamp, sides[1].stamp, "changes", score, group)
        places = engine.result(key, lambda _: places[changes_first(found, places)])
    shown = places[at]
    pages = [
        {row["n"]: row for row in questions.page(engine, source, [int(n) for n in numbers[shown] if n >= 0])}
        for source, numbers in zip(sides, (found.left, found.right), strict=True)
    ]
    rows = [
        {"left": pages[0].get(int(found.left[place])), "right": pages[1].get(int(found.right[place]))}
        for place in shown
    ]
    counts = {name: int(np.count_nonzero(test(*found.fates))) for name, test in GROUPS.items()}
    return {"total": len(places), "groups": counts, "rows": rows}


def changes_first(found: Joined, places: Array) -> Array:
    """The order in which the largest changes of the score among these rows come first."""
    change = np.abs(found.scores[1] - found.scores[0])[places]
    return in_order(-np.nan_to_num(change, nan=-1.0))


def decisions_agree(engine: Engine, sides: tuple[Source, Source], cut: DrawingPlan) -> str:
    """How far two tables agree on which rows to keep, in words: by what became of each row where both have dropped
    some, else by one threshold of the score on both sides, as for a judge that was asked twice; '' without either."""
    found = joined(engine, *sides, cut.column)
    both = (found.left >= 0) & (found.right >= 0)
    if all(sum(source.sizes[1:]) for source in sides):
        stays = [own[both] == KEPT for own in found.fates]
    else:
        both &= ~np.isnan(found.scores[0]) & ~np.isnan(found.scores[1])
        stays = [(own >= cut.threshold if cut.highest else own <= cut.threshold)[both] for own in found.scores]
    counts = np.bincount(2 * stays[0].astype(int) + stays[1], minlength=4)
    agreed = agreement_of_counts([int(count) for count in counts])
    return in_words(agreed) if agreed else ""
