"""Agreement on a table: of every two labellers, and of the score in use with people."""

from dataclasses import asdict
from itertools import combinations
from typing import Any

from baleen.measures.kappa import Agreement, agreement, in_words
from baleen.tables import labels
from baleen.tables.labels import Label
from baleen.viewer.drawing import DrawingPlan, text_rows
from baleen.viewer.engine import Engine
from baleen.viewer.questions import page
from baleen.viewer.sources import Source, footer

Decisions = dict[tuple[str, str], dict[str, bool]]


def report(engine: Engine, source: Source, given: list[Label], cut: DrawingPlan | None) -> list[dict[str, Any]]:
    """A line for every two labellers with rows in common, and one for score and people."""
    decided = labels.by_text(given)
    names = sorted({label.labeller for label in given})
    lines = [line(f"{a} and {b}", pair(decided, a, b)) for a, b in combinations(names, 2)]
    if cut:
        lines.append(
            line(f"{cut.column} at {cut.threshold:.4g} and people", score_and_people(engine, source, given, cut))
        )
    return [one for one in lines if one]


def line(who: str, found: Agreement | None) -> dict[str, Any]:
    return {"who": who, "words": in_words(found), **asdict(found)} if found else {}


def pair(decided: Decisions, first: str, second: str) -> Agreement | None:
    """The agreement of two labellers on the texts that both have labelled."""
    both = [(said[first], said[second]) for said in decided.values() if first in said and second in said]
    return agreement([a for a, _ in both], [b for _, b in both])


def consensus(given: list[Label]) -> list[tuple[Label, bool]]:
    """One label of each text with what most labellers say of it; texts on which as many say one as the other are left
    out."""
    decided, last = labels.by_text(given), {(label.row, label.text): label for label in given}
    votes = {key: sum(said.values()) - len(said) / 2 for key, said in decided.items()}
    return [(last[key], vote > 0) for key, vote in votes.items() if vote]


def score_and_people(engine: Engine, source: Source, given: list[Label], cut: DrawingPlan) -> Agreement | None:
    """The agreement of a threshold with what most people say, of the rows whose text is still the one labelled; each
    row weighs as many rows as it stands for."""
    known = {(label.row, label.text): (label, good) for label, good in consensus(given)}
    numbers = [n for n in rows_with(engine, source, sorted({row for row, _ in known}))]
    texts, scored = text_rows(engine, source, numbers), page(engine, source, numbers, clip=1)
    values = {row["n"]: row["numbers"].get(cut.column) for row in scored}
    rows = [
        (known[key], values[n])
        for n, row in texts.items()
        if (key := (str(row["id"]), labels.text_hash(row))) in known and values[n] is not None
    ]
    stays = [value >= cut.threshold if cut.highest else value <= cut.threshold for _, value in rows]
    return agreement(stays, [good for (_, good), _ in rows], labels.weights(label for (label, _), _ in rows))


def rows_with(engine: Engine, source: Source, ids: list[str]) -> list[int]:
    """The numbers of the rows that have these ids."""
    found, first = list[int](), 0
    for path in source.files:
        sql = f"SELECT file_row_number FROM {engine.held.table(path)} WHERE id IN (SELECT unnest(?::VARCHAR[]))"
        found += [first + int(n) for n in engine.numbers(sql, [ids])]
        first += footer(path)[0]
    return found
