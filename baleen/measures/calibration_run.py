"""A calibration from its tables: the labelled rows, the candidates on which the threshold in use lies, the figures."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Protocol

import numpy as np

from baleen.errors import Problem
from baleen.measures import candidates, people
from baleen.measures.calibration import (
    Labels,
    Plan,
    again,
    calibration,
    prior_weights,
    reached,
    score_in_use,
    scores_of,
)
from baleen.measures.columnar import Numbers
from baleen.measures.evaluation import Score
from baleen.measures.expressions import Value
from baleen.measures.filters import Fates, Rules
from baleen.measures.judges import different, judges, md5_of
from baleen.project import inputs
from baleen.tables import labels, rows
from baleen.tables.rows import Row

SWEPT = ("threshold", "kept", "rows", "precision", "precision_low", "precision_high", "recall")
TEXTS = ("instruction", "input", "response")


class Settings(Rules, Protocol):
    """The settings of `calibrate`, which says what each means."""

    input: str
    against: str
    people: bool
    label: str
    cluster: str
    scores: list[str]
    prior: float
    kappa: float
    again: str
    seed: int
    precision: float


@dataclass(frozen=True)
class Source:
    """The labelled rows, whatever they come from: labels, what is to be said of them, and what makes them stale."""

    labels: Labels
    notes: Row = field(default_factory=dict)
    stale: Sequence[str] = ()


def figures_of(options: Settings, where: str) -> Row:
    """Everything that data/<target>.json of a calibration holds."""
    path = rows.table_path(options.input)
    pool = rows.table_path(options.against or options.input)
    used, there = score_in_use(options), rows.schema(path).names
    scores = scores_of(options.scores, used, there)
    if not scores:
        raise Problem(f"{where}: {path} has none of the scores that could be measured; score it first")
    if used and used not in [one.text for one in scores]:
        raise Problem(f"{where}: {path} has no column for {used}, the score in use; score it as the candidates are")
    columns = {column for one in scores for column in one.value.columns}
    source = people_source(options, columns, path) if options.people else column_source(options, columns, path, where)
    mine, theirs = judges(path, columns), judges(pool, columns)
    stale = [*source.stale, *different(theirs, mine)]
    fates = candidates.fates_of(pool, options) if used and not options.precision else None
    threshold, more = on_candidates(pool, scores, used, fates, options)
    plan = Plan(scores, used, threshold, options.kappa, options.seed, stale)
    found = calibration(source.labels, plan) | source.notes | {"stale": stale}
    tables = {one.stem: md5_of(one) for one in dict.fromkeys([path, pool])}
    found["belongs_to"] = {"tables": tables, "judges": {name: list(pair) for name, pair in sorted(mine.items())}}
    if options.precision:
        found["target"] = target(found, used, options.precision, where)
    if options.again:
        every = [row for row in rows.read(path, columns=["id", options.again, *used_columns(scores, used)])]
        found["again"] = again(every, options.again, used or scores[0].text)
    return with_candidates(found, more, scores)


def used_columns(scores: Sequence[Score], used: str) -> list[str]:
    """The columns of the score in use, or of the first."""
    return list(next((one for one in scores if one.text == used), scores[0]).value.columns)


def column_source(options: Settings, columns: set[str], path: Path, where: str) -> Source:
    """Rows whose label stands in a column, weighted so that `prior` of them is good."""
    there = rows.schema(path, [options.label, *columns]).names
    wanted = {"id", options.label, *columns} | ({options.cluster, "kind"} & {*there})
    every = list(rows.read(path, columns=[name for name in there if name in wanted]))
    label = Value(options.label, "", (options.label,))  # a number, also where a file holds it as text
    table = [row for row in every if label.of(row) is not None]
    if not table:
        raise Problem(f"{where}: no row of {path} has a label in {options.label}")
    good = [bool(label.of(row)) for row in table]
    kinds = [str(row.get("kind") or ("good" if known else "bad")) for row, known in zip(table, good, strict=True)]
    clusters = [str(row.get(options.cluster) or row["id"]) for row in table]
    weights = prior_weights(good, kinds, options.prior)
    notes: Row = {"labels": "made", "prior": options.prior, "unlabelled": len(every) - len(table)}
    return Source(Labels(table, good, weights, clusters), notes)


def people_source(options: Settings, columns: set[str], path: Path) -> Source:
    """Rows that people labelled, each weighted by the rows of the table that it stands for."""
    file = inputs.reads(labels.path_of(options.input))
    if not file.is_file():
        raise Problem(f"no file {file}; label some rows with: baleen view {options.input} --label")
    given = labels.read(options.input)
    there, named = rows.schema(path, columns).names, {one.row for one in given}
    wanted = {"id", *TEXTS, *columns}
    table = [row for row in rows.read(path, columns=[n for n in there if n in wanted]) if row["id"] in named]
    found = people.judged(table, given, md5_of(path))
    if not found.labels.rows:
        raise Problem(f"{file}: none of its {len(given)} labels is of a text of {path}; label rows of this table")
    notes: Row = {"labels": "people", "labellers": found.agreement, "passed_over": found.passed_over}
    return Source(found.labels, notes, found.stale)


def on_candidates(
    pool: Path, scores: Sequence[Score], used: str, fates: Fates | None, options: Settings
) -> tuple[float | None, dict[str, Numbers]]:
    """The threshold in use, and the scores of the candidates by the name of each score."""
    there, found, threshold = rows.schema(pool).names, dict[str, Numbers](), None
    for score in scores:
        if all(column in there for column in score.value.columns):
            found[score.text] = candidates.values_of(pool, score)
            if score.text == used and fates is not None:
                threshold = candidates.cutoff(found[used], fates, score, options)
    return threshold, found


def with_candidates(figures: Row, values: dict[str, Numbers], scores: Sequence[Score]) -> Row:
    """The figures with the share of the candidates that each threshold keeps, and the histogram of each score."""
    for score in scores:
        if score.text in values:
            own, made = values[score.text], figures["scores"][score.text]
            for point in made["sweep"]:
                point["kept"] = candidates.share_kept(own, point["threshold"], score)
            chosen = (made.get("in_use") or {}).get("threshold")
            outside = np.zeros(len(own)) if chosen is None else (own < chosen if score.high else own > chosen)
            made["candidates"] = candidates.histogram(own, outside.astype(np.int16))
    return figures


def target(figures: Row, used: str, precision: float, where: str) -> Row:
    """The threshold that reaches a precision, or why none does."""
    try:
        return {"precision": precision, "point": reached(figures, used, precision, where)}
    except Problem as problem:
        return {"precision": precision, "reason": str(problem)}


def write_sweep(path: Path, figures: Row) -> None:
    """The sweep of the score in use, or of the first, as a table that `dvc plots` draws."""
    name = figures["in_use"] or next(iter(figures["scores"]))
    text = StringIO()
    writer = csv.DictWriter(text, SWEPT, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(figures["scores"][name]["sweep"])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.getvalue(), encoding="utf-8")
