"""Cutting: how many rows stay at a threshold of a score, and which rows lie next to it."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from baleen.errors import Problem
from baleen.viewer import questions
from baleen.viewer.engine import Array, Engine, in_order
from baleen.viewer.sources import Project, Source

STEPS = 200  # of the slider, in equal numbers of rows
BARS = 48
NEIGHBOURS = 5  # rows on each side of a threshold


@dataclass(frozen=True)
class Ranked:
    """The rows of a source that have a score, the best first: their numbers and their scores."""

    rows: Array
    scores: Array
    highest: bool
    without: int  # rows that have no score

    def kept(self, threshold: float) -> int:
        """How many rows are at least as good as a threshold."""
        return self.kept_at([threshold])[0]

    def kept_at(self, thresholds: list[float]) -> list[int]:
        """How many rows are at least as good as each of some thresholds."""
        sign = -1 if self.highest else 1
        return [int(n) for n in np.searchsorted(sign * self.scores, sign * np.array(thresholds), side="right")]


def ranked(engine: Engine, source: Source, column: str, highest: bool) -> Ranked:
    """The rows of a source by a score; rows of the same score in the order of the file."""

    def compute(_: object) -> Ranked:
        values = questions.values_of(engine, source, column)
        known = np.flatnonzero(~np.isnan(values))
        rows = known[in_order(-values[known] if highest else values[known])]
        return Ranked(rows, values[rows], highest, len(values) - len(rows))

    found: Ranked = engine.result((source.stamp, "ranked", column, highest), compute)
    return found


def worst(engine: Engine, source: Source, column: str, highest: bool) -> float | None:
    """The worst score of a source, which takes no order of its rows; None without any score."""

    def compute(_: object) -> float | None:
        values = questions.values_of(engine, source, column)
        known = values[~np.isnan(values)]
        return float(known.min() if highest else known.max()) if len(known) else None

    found: float | None = engine.result((source.stamp, "worst", column, highest), compute)
    return found


def threshold_of(engine: Engine, project: Project, name: str, column: str, highest: bool) -> float | None:
    """The score of the worst row that is kept now, by the filter that wrote a table or that reads it; else the median,
    and None without any score."""
    filter_ = (project.described(name).get("cut") or {}).get("filter", "")
    for target in dict.fromkeys([name, filter_]):
        if target and target in project.names() and len(project.files(target)) > 1:
            kept = project.source(target)
            if column in kept.columns and (target == filter_ or project.source(target, "dropped").sizes != [0]):
                last = worst(engine, kept, column, highest)
                if last is not None:
                    return last
    found = ranked(engine, project.source(name, "all"), column, highest).scores
    return float(found[len(found) // 2]) if len(found) else None


def overview(engine: Engine, source: Source, column: str, highest: bool) -> dict[str, Any]:
    """What a slider needs to answer by itself: thresholds at equal numbers of rows with the rows kept at each, and the
    counts of a histogram."""
    found = ranked(engine, source, column, highest)
    if not len(found.rows):
        raise Problem(f"{source.name} has no row with a {column}; choose another score")
    places = np.unique(np.linspace(0, len(found.rows) - 1, STEPS + 1).astype(int))
    steps = list(dict.fromkeys(float(found.scores[place]) for place in places))
    low, high = np.sort(found.scores[[len(found.rows) // 200, -1 - len(found.rows) // 200]])
    counts, edges = np.histogram(np.clip(found.scores, low, high), bins=BARS)
    return {
        "steps": [{"threshold": step, "kept": n} for step, n in zip(steps, found.kept_at(steps), strict=True)],
        "bars": counts.tolist(),
        "edges": edges.tolist(),
        "rows": len(found.rows) + found.without,
        "without": found.without,
    }


def at_threshold(engine: Engine, source: Source, column: str, highest: bool, threshold: float) -> dict[str, Any]:
    """How many rows stay at a threshold, and the rows next to it on both sides, from better to worse."""
    found = ranked(engine, source, column, highest)
    kept = found.kept(threshold)
    inside, outside = found.rows[max(0, kept - NEIGHBOURS) : kept], found.rows[kept : kept + NEIGHBOURS]
    return {
        "threshold": threshold,
        "kept": kept,
        "dropped": len(found.rows) - kept,
        "without": found.without,
        "above": questions.page(engine, source, inside.tolist()),
        "below": questions.page(engine, source, outside.tolist()),
    }
