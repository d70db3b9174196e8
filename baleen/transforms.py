"""Transforms: what `map` can do to a row, or to a whole table, without a model: generic ones and the lookup.

One that works by row gets the row and returns the rows it becomes, or the reason why it leaves; one that works on the
`whole` table gets all rows and returns rows, each with '' or the reason why it leaves. One that takes a `number` is
written with it, like self_lengthen.thinned(0.2).
"""

import re
from collections.abc import Callable, Sequence
from functools import partial

import pyarrow as pa

from baleen.errors import Problem, unknown
from baleen.project.lookup import Named
from baleen.tables.exports import Transform, transform
from baleen.tables.rows import TEXT, Row

__all__ = ["document", "messages", "undo"]
MESSAGES = pa.list_(pa.struct([("role", TEXT), ("content", TEXT)]))
NUMBERED = re.compile(r"([\w.]+)(?:\((\d+(?:\.\d+)?)\))?")
TRANSFORMS = Named[Transform]("transform", lambda function: function.transform)


@transform(("instruction", "response"), {"messages": MESSAGES, "prompt_id": TEXT})
def messages(row: Row) -> list[Row]:
    """The pair as a chat, the form that trainers read (`messages` beside `prompt_id`)."""
    turns = [("user", row["instruction"]), ("assistant", row["response"])]
    return [row | {"messages": [{"role": role, "content": text} for role, text in turns], "prompt_id": row["id"]}]


@transform(("draft", "response"), {"response": TEXT})
def undo(row: Row) -> list[Row] | str:
    """The row as it was before its response was revised."""
    return [row | {"response": row["draft"]}] if row["draft"] else "no draft"


@transform(("response",), {"document": TEXT})
def document(row: Row) -> list[Row]:
    """The response kept as `document` too, for prompts that write a response of their own from it."""
    return [row | {"document": row["response"]}]


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
