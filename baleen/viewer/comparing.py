"""Comparing: two tables row by row, by id: two rounds, two runs, or a table before and after a step."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from baleen.errors import Problem, unknown
from baleen.measures.kappa import agreement_of_counts, in_words
from baleen.viewer import questions
from baleen.viewer.drawing import DrawingPlan
from baleen.viewer.engine import Array, Engine
from baleen.viewer.held import quoted
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
    sides = [side_sql(engine, source, score) for source in (left, right)]
    pairs = f"SELECT a.n AS a, b.n AS b, a.k AS j, b.k AS k FROM ({sides[0]}) a FULL JOIN ({sides[1]}) b ON a.id = b.id"
    taken = (
        "coalesce(a, -1) AS a, coalesce(b, -1) AS b, coalesce(j, 'nan'::DOUBLE) AS j, coalesce(k, 'nan'::DOUBLE) AS k"
    )
    sql = f"SELECT {taken} FROM ({pairs}) ORDER BY a < 0, a, b"
    a, b, j, k = (np.asarray(column) for column in engine.query(sql, []).fetchnumpy().values())
    return Joined(a, b, (fate(a, left), fate(b, right)), (j, k))


def fate(numbers: Array, source: Source) -> Array:
    """What became of each row on a side."""
    return np.where(numbers < 0, ABSENT, np.where(numbers < source.sizes[0], KEPT, DROPPED))


def side_sql(engine: Engine, source: Source, score: str) -> str:
    """The ids, numbers and scores of a source in SQL."""
    selects, first = list[str](), 0
    for path in source.files:
        columns = footer(path)[1]
        if "id" not in columns:
            raise Problem(f"{path} has no column id; tables are compared by it")
        key = f"{quoted(score)}::DOUBLE" if columns.get(score) == "number" else "NULL::DOUBLE"
        selects.append(f"SELECT id, file_row_number + {first} AS n, {key} AS k FROM {engine.held.table(path)}")
        first += footer(path)[0]
    return " UNION ALL ".join(selects)


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
        change = np.abs(found.scores[1] - found.scores[0])[places]
        places = places[np.argsort(-np.nan_to_num(change, nan=-1.0), kind="stable")]
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
