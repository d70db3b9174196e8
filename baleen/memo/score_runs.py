"""Runs that score a table: its rows in order with their scores, and what is wrong where one could not be read."""

import json
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain, islice
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from baleen.engines.protocol import TOO_LONG
from baleen.errors import Problem
from baleen.memo import queries
from baleen.memo.ask import EngineQuery
from baleen.memo.dry_run import Estimate
from baleen.memo.queries import Pair, Queries
from baleen.memo.replies import Answered, answers
from baleen.memo.scores import Scored, Scorer
from baleen.project.settings import Once
from baleen.tables import rows
from baleen.tables.rows import Output, Row


class Names(Protocol):
    """The settings of `score` that name a table, a model and an engine."""

    input: str
    model: str
    engine: str


@dataclass(frozen=True)
class ScoreRun:
    """A run over a table: the target, what its settings name, and how rows are scored."""

    target: str
    names: Names
    scorer: Scorer
    once: Once

    @property
    def where(self) -> str:
        return f"score {self.target}"

    @cached_property
    def table(self) -> Path:
        return rows.table_path(self.names.input)

    @cached_property
    def query(self) -> EngineQuery:
        engine, model = self.names.engine, self.names.model
        return queries.engine_query(engine, model, self.scorer.kind, self.scorer.sampling, self.once)

    def schema(self) -> pa.Schema:
        """The columns of the output; a Problem when the table lacks one that is read."""
        there = rows.schema(self.table, [*self.scorer.chat.prompt.reads, *self.scorer.graded])
        return rows.extend_schema(there, {**self.scorer.columns, "lineage": rows.LINEAGE})

    def questions(self, aside: deque[Row | None]) -> Iterator[Pair]:
        """Every request of every row that can be scored, with its row; `aside` gets the others, and None for each of
        these."""
        table = queries.input_rows(self.table, self.once)
        return chain.from_iterable(self.scorer.pairs(row, aside) for row in table)

    def passes(self) -> dict[str, Queries]:
        """What each pass over the table would query, by its name."""
        count, passes = len(self.scorer.passes), enumerate(self.scorer.passes)
        return {name: (self.query, islice(self.questions(deque()), place, None, count)) for place, name in passes}

    def estimate(self) -> Estimate:
        """What all passes over the table would query."""
        return queries.estimated(self.query, self.questions(deque()))

    def print_dry_run(self, others: Mapping[str, Scorer]) -> None:
        """Print what it would cost, and what with other scorers, by their names."""
        self.schema()
        more = {name: replace(self, scorer=scorer).passes()[""] for name, scorer in others.items()}
        passes = self.passes()
        queries.print_dry_run(self.where, self.names.model, *passes.pop(""), passes | more)

    def source(self) -> Row:
        """What the entries of this run in the lineage of all rows share."""
        written, sampling = ",".join(self.scorer.columns), json.dumps(dict(self.scorer.settings))
        digest = self.scorer.chat.prompt.digest
        known = {"target": self.target, "columns": written, "prompt": digest, "model": self.query.identity}
        return known | {"sampling": sampling}

    def write(self, min_readable: float) -> None:
        """Write the table with its scores; a Problem when a smaller share of them can be read."""
        aside, total = deque[Row | None](), rows.size(self.table) * len(self.scorer.passes)
        with Output(queries.output_path(self.target, self.once), self.schema()) as output:
            pairs, unreadable = self.questions(aside), self.scorer.is_unreadable
            answered = answers(self.query, pairs, output, total, self.once, unreadable)
            flaws = finish(output, self.scorer.in_order(answered, aside), self.scorer, self.source())
            gate(self.where, output, flaws, min_readable)


def flaw(replies: Sequence[Answered], scorer: Scorer) -> str:
    """What is wrong with a row that has no score, and what to do about it."""
    if not replies:
        return f"without {', '.join(scorer.graded)}, which is NULL (take them out with a filter)"
    if any(one.reply.finish == TOO_LONG.finish for one in replies):
        return "longer than the model reads (take them out with a filter)"
    return scorer.flaw


def finish(output: Output, scored: Iterable[Scored], scorer: Scorer, source: Row) -> Counter[str]:
    """Keep every row with its score and lineage; what is wrong where one could not be read comes back, counted."""
    flaws = Counter[str]()
    for row, replies in scored:
        columns = scorer.read([one.reply for one in replies]) if replies else dict.fromkeys(scorer.columns)
        steps = [one.step(source) for one in replies]
        if columns[scorer.score] is None:
            flaws[flaw(replies, scorer)] += 1
        output.keep(row | columns | {"lineage": [*(row.get("lineage") or []), *steps]})
    return flaws


def gate(where: str, output: Output, flaws: Counter[str], min_readable: float) -> None:
    """A Problem when too few scores could be read: a selection on the rest would be chance."""
    output.require_rows(where, "the input table is empty")
    readable = 1 - flaws.total() / output.kept.rows
    output.notes["readable"] = round(readable, 4)
    if readable < min_readable:
        counted = ", ".join(f"{n} {wrong}" for wrong, n in flaws.most_common())
        raise Problem(
            f"{where}: only {readable:.0%} of {output.kept.rows} scores could be read, min_readable is "
            f"{min_readable:.0%}; {counted}"
        )
