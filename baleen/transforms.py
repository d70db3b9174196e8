"""Transforms: what `map` can do to a row, or to a whole table, without a model: generic ones and the lookup.

One that works by row gets the row and returns the rows it becomes, or the reason why it leaves; one that works on the
`whole` table gets all rows and returns rows, each with '' or the reason why it leaves. One that takes a `number` is
written with it, like self_lengthen.thinned(0.2).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from baleen.errors import Problem, unknown
from baleen.measures.contrast import contrasted
from baleen.project.lookup import Named
from baleen.tables import rows
from baleen.tables.exports import Batch, Transform, transform
from baleen.tables.rows import NUMBER, TEXT, Row, row_id

Fate = tuple[Row, str]  # a row, and why it leaves or ''
__all__ = ["best_and_worst", "both_orders", "contrast", "document", "messages", "rated_before", "undo"]
MESSAGES = pa.list_(pa.struct([("role", TEXT), ("content", TEXT)]))
NUMBERED = re.compile(r"([\w.]+)(?:\((\d+(?:\.\d+)?)\))?")
TRANSFORMS = Named[Transform]("transform", lambda function: function.transform)


def chats(columns: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
    """`messages` of many rows."""
    count, texts = len(columns["id"]), pa.concat_arrays([columns["instruction"], columns["response"]])
    in_turn = texts.take(pa.array(np.arange(2 * count).reshape(2, count).T.ravel()))
    turns = pa.StructArray.from_arrays([pa.array(["user", "assistant"] * count, TEXT), in_turn], ["role", "content"])
    starts = pa.array(np.arange(0, 2 * count + 1, 2), pa.int32())
    return {"messages": pa.ListArray.from_arrays(starts, turns).cast(MESSAGES), "prompt_id": columns["id"]}


@transform(("instruction", "response"), {"messages": MESSAGES, "prompt_id": TEXT}, batch=chats)
def messages(row: Row) -> list[Row]:
    """The pair as a chat, the form that trainers read (`messages` beside `prompt_id`)."""
    turns = [("user", row["instruction"]), ("assistant", row["response"])]
    return [row | {"messages": [{"role": role, "content": text} for role, text in turns], "prompt_id": row["id"]}]


@transform(("draft", "response"), {"response": TEXT})
def undo(row: Row) -> list[Row] | str:
    """The row as it was before its response was revised."""
    return [row | {"response": row["draft"]}] if row["draft"] else "no draft"


@transform(("response",), {"document": TEXT}, batch=lambda columns: {"document": columns["response"]})
def document(row: Row) -> list[Row]:
    """The response kept as `document` too, for prompts that write a response of their own from it."""
    return [row | {"document": row["response"]}]


@transform(("instruction", "response"), {"good": NUMBER, "kind": TEXT, "pair": TEXT}, takes="whole")
def contrast(table: list[Row]) -> list[Fate]:
    """Each pair, and wrong ones made of it, to measure scores on: baleen/measures/contrast.py."""
    return list(contrasted(table))


@transform(("instruction", "response"), {"rejected": TEXT}, takes="whole")
def best_and_worst(table: list[Row]) -> list[Fate]:
    """For each response with several instructions the row of the best one, the worst one as its `rejected`, by the
    score that the rows have: the gain or the rating, highest best, or the loss, lowest best."""
    score = next((name for name in BEST_HIGH if any(row.get(name) is not None for row in table)), "")
    ranked = dict[str, list[tuple[float, int]]]()
    for at, row in enumerate(table):
        if (value := row.get(score or "loss")) is not None:
            ranked.setdefault(row["response"], []).append((float(value) if score else -float(value), -at))
    ends = {response: (-max(scores)[1], -min(scores)[1]) for response, scores in ranked.items()}
    return [beaten(at, row, table, ends.get(row["response"])) for at, row in enumerate(table)]


BEST_HIGH = ("gain", "rating")


def beaten(at: int, row: Row, table: list[Row], ends: tuple[int, int] | None) -> Fate:
    """The row with the worst instruction for its response, or why it leaves; `ends` are the places of both."""
    best, worst = ends or (-1, -1)
    other = table[worst]["instruction"] if at == best else None
    made = row | {"rejected": other}
    if at != best:
        return made, "the rejected one" if at == worst else "between best and worst" if ends else "no score"
    return made, "" if other != row["instruction"] else "no other instruction"


@transform(("rating",), {"first_rating": NUMBER})
def rated_before(row: Row) -> list[Row]:
    """The rating kept as `first_rating` too, before the judge is asked again."""
    return [row | {"first_rating": row["rating"]}]


@transform(("answer", "rival"), {"first": TEXT, "second": TEXT, "order": NUMBER, "pair": TEXT})
def both_orders(row: Row) -> list[Row] | str:
    """Two rows for a judge: the rival's answer first (order 1), then second (order 2). `pair` is the row's own id."""
    mine, theirs = row["answer"], row["rival"]
    if not mine or not theirs:
        return "no answer to compare"
    pairs = ((theirs, mine), (mine, theirs))
    return [
        row | {"id": row_id(row["id"], str(n)), "pair": row["id"], "order": float(n), "first": a, "second": b}
        for n, (a, b) in enumerate(pairs, 1)
    ]


def parse_transform(text: str) -> Transform:
    """Parse 'tidy' or 'thinned(0.2)'; a missing or unexpected number is a Problem."""
    match = NUMBERED.fullmatch(text.strip())
    name, number = match.groups() if match else (text, None)
    if name not in TRANSFORMS:
        raise Problem(unknown("transform", name, list(TRANSFORMS)))
    found = TRANSFORMS[name]
    if (found.number is None) != (number is None):
        raise Problem(
            f"transform {text!r}: write {name}{'(number), such as ' + name + '(0.2)' if found.number else ''}"
        )
    return (
        found._replace(function=partial(apply_with_number, found.number, float(number)))
        if found.number and number
        else found
    )


def apply_with_number(function: Callable[[Row, float], list[Row] | str], number: float, row: Row) -> list[Row] | str:
    return function(row, number)


def columns_read(transforms: Sequence[Transform]) -> list[str]:
    """Columns that the table must have for the transforms: without those that an earlier transform writes."""
    written = set[str]()
    found = dict[str, None]()
    for one in transforms:
        found |= dict.fromkeys(column for column in one.reads if column not in written)
        written |= one.writes.keys()
    return list(found)


def columns_written(transforms: Sequence[Transform]) -> dict[str, pa.DataType]:
    """Columns that the transforms add or replace, with their types."""
    return {name: kind for one in transforms for name, kind in one.writes.items()}


def mapped(table: Iterable[Row], transform: Transform) -> Iterator[Fate]:
    """The rows that the rows become, in order, each with the reason why it leaves or ''."""
    if transform.whole:
        yield from transform.whole(list(table))
        return
    assert transform.function
    for row in table:
        fate = transform.function(row)
        yield from [(row, fate)] if isinstance(fate, str) else ((new, "") for new in fate)


def chained(table: Iterable[Row], transforms: Sequence[Transform]) -> Iterator[Fate]:
    """The same for several transforms: each gets the rows that the one before it has left."""
    if not transforms:
        yield from ((row, "") for row in table)
        return
    gone = list[Fate]()
    yield from mapped(staying(chained(table, transforms[:-1]), gone), transforms[-1])
    yield from gone


def staying(fates: Iterable[Fate], gone: list[Fate]) -> Iterator[Row]:
    """The rows without a reason to leave; the others go to `gone`."""
    for row, reason in fates:
        if reason:
            gone.append((row, reason))
        else:
            yield row


def by_columns(
    path: Path, given: dict[str, str], made: Sequence[Batch], columns: pa.Schema
) -> Iterator[pa.RecordBatch]:
    """The rows of a table with the columns that the functions make of those before."""
    for batch in rows.read_batches(path):
        arrays = dict(zip(batch.schema.names, batch.columns, strict=True))
        arrays |= {name: pa.array([text] * len(batch), rows.TEXT) for name, text in given.items()}
        for function in made:
            arrays |= function(arrays)
        yield pa.RecordBatch.from_arrays([arrays[name] for name in columns.names], schema=columns)


def by_rows(fates: Iterable[Fate], blank: Row, output: rows.Output) -> None:
    """Keep or drop each row; `blank` has the columns that a row lacks when it leaves early."""
    for row, reason in fates:
        if reason:
            output.drop(blank | row, reason, counted=reason.partition(" of ")[0])
        else:
            output.keep(row)
