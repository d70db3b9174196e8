"""Transforms: what `map` can do to a row, or to a whole table, without asking a model.

One that works by row gets the row and returns the rows it becomes, or the reason why it leaves; one that works on the
`whole` table gets all rows and returns rows, each with '' or the reason why it leaves. One that takes a `number` is
written with it, like thinned(0.2).
"""

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import pyarrow as pa

from baleen.errors import Problem, unknown
from baleen.methods import air, crab, self_lengthen
from baleen.methods.air import ASKED, OPENED, REFINED
from baleen.methods.crab import CLAIMED, COMBINED
from baleen.methods.cycle import paragraphs, reworded
from baleen.methods.kun import roles, tidied
from baleen.methods.linguist import abroad, aligned, asked, lessons, relabelled, reprojected
from baleen.methods.round_trip import allotted, bare, mask, mask_response, onward, stay, unmask, unmask_response
from baleen.methods.self_lengthen import demand
from baleen.tables.rows import NUMBER, TEXT, TYPES, Row

TEXTS = pa.list_(TEXT)
LABELLED = {"language": TEXT, "intent": TEXT, "utterance": TEXT, "slots": TEXTS, "parse": TEXT}
SPEC = {"language": TEXT, "intent": TEXT, "include": TEXTS, "labels": TEXTS, "examples": TEXTS, "tagged": TEXT}
CONSTRAINTS = {"constraints": TYPES["constraints"]}
PAIR = ("instruction", "response", "constraints")
OPENING = dict.fromkeys(("initial", "outline", "opening"), TEXT)
NUMBERED = re.compile(r"(\w+)(?:\((\d+(?:\.\d+)?)\))?")
MESSAGES = pa.list_(pa.struct([("role", TEXT), ("content", TEXT)]))
TRIP = dict.fromkeys(("parent", "route", "original", "masked", "sent"), TEXT) | {"spans": TEXTS}
RETURNED = ("original", "sent", "spans", "back")
ABROAD = ("original", "sent", "spans", "abroad")
SIDES = {"instruction": TEXT, "response": TEXT}


class Transform(NamedTuple):
    """`reads` and `writes` are the columns `check` looks for and the schema of the table needs."""

    function: Callable[[Row], list[Row] | str] | None
    reads: tuple[str, ...]
    writes: dict[str, pa.DataType]
    whole: Callable[[list[Row]], list[tuple[Row, str]]] | None = None
    number: Callable[[Row, float], list[Row] | str] | None = None


def messages(row: Row) -> list[Row]:
    """The pair as a chat, the form that trainers read (`messages` beside `prompt_id`)."""
    turns = [("user", row["instruction"]), ("assistant", row["response"])]
    return [row | {"messages": [{"role": role, "content": text} for role, text in turns], "prompt_id": row["id"]}]


def tidy(row: Row) -> list[Row] | str:
    """The row with its instruction tidied; one that is empty then leaves."""
    said = tidied(row["instruction"] or "")
    return [row | {"instruction": said}] if said else "empty instruction"


def undo(row: Row) -> list[Row] | str:
    """The row as it was before its response was revised."""
    return [row | {"response": row["draft"]}] if row["draft"] else "no draft"


def document(row: Row) -> list[Row]:
    """The response kept as `document` too, for prompts that write a response of their own from it."""
    return [row | {"document": row["response"]}]


def named(text: str) -> Transform:
    """'tidy' or 'thinned(0.2)', read; one that takes no number, or needs one, is a Problem when written otherwise."""
    match = NUMBERED.fullmatch(text.strip())
    name, number = match.groups() if match else (text, None)
    if name not in TRANSFORMS:
        raise Problem(unknown("transform", name, list(TRANSFORMS)))
    found = TRANSFORMS[name]
    if (found.number is None) != (number is None):
        raise Problem(
            f"transform {text!r}: write {name}{'(number), such as ' + name + '(0.2)' if found.number else ''}"
        )
    return found._replace(function=partial(valued, found.number, float(number))) if found.number and number else found


def valued(function: Callable[[Row, float], list[Row] | str], number: float, row: Row) -> list[Row] | str:
    return function(row, number)


def reads(transforms: Sequence[Transform]) -> list[str]:
    """Columns of the table that the transforms need, those left out that an earlier one writes."""
    written = set[str]()
    found = dict[str, None]()
    for transform in transforms:
        found |= dict.fromkeys(column for column in transform.reads if column not in written)
        written |= transform.writes.keys()
    return list(found)


def writes(transforms: Sequence[Transform]) -> dict[str, pa.DataType]:
    """Columns that the transforms add or replace, with their types."""
    return {name: kind for transform in transforms for name, kind in transform.writes.items()}


TRANSFORMS = {
    "undo": Transform(undo, ("draft", "response"), {"response": TEXT}),
    "tidy": Transform(tidy, ("instruction",), {"instruction": TEXT}),
    "roles": Transform(
        None, ("instruction", "response"), dict.fromkeys(("prompt", "draft", "mark", "parent"), TEXT), whole=roles
    ),
    "messages": Transform(messages, ("instruction", "response"), {"messages": MESSAGES, "prompt_id": TEXT}),
    "specified": Transform(None, tuple(LABELLED), SPEC, lessons),
    "asked": Transform(None, tuple(LABELLED), SPEC | {"parent": TEXT}, asked),
    "abroad": Transform(None, (*LABELLED, "into"), SPEC, abroad),
    "aligned": Transform(None, (*LABELLED, "into", "translation"), LABELLED, aligned),
    "relabelled": Transform(relabelled, tuple(SPEC), LABELLED),
    "reprojected": Transform(reprojected, (*LABELLED, "back"), LABELLED),
    "measure": Transform(crab.measure, ("response", "constraints"), CONSTRAINTS),
    "claim": Transform(crab.claim, ("response", "constraints"), CLAIMED),
    "verify": Transform(
        None, ("parent", "constraints", "constraint", "holds", "probability"), CONSTRAINTS, crab.verify
    ),
    "distinct": Transform(crab.distinct, ("constraints",), CONSTRAINTS),
    "choose": Transform(crab.choose, ("constraints",), CONSTRAINTS),
    "demonstrate": Transform(None, PAIR, {"demonstrations": TEXT}, crab.demonstrate),
    "both": Transform(None, (*PAIR, "demonstrations"), COMBINED, crab.both),
    "forward": Transform(crab.forward, (*PAIR, "demonstrations"), COMBINED),
    "plain": Transform(crab.plain, ("instruction", "response"), COMBINED),
    "alone": Transform(crab.alone, ("demonstrations",), {"demonstrations": TEXT}),
    "examine": Transform(crab.examine, ("instruction", "reference"), CONSTRAINTS | {"bare": TEXT, "instruction": TEXT}),
    "begin": Transform(air.begin, ("instruction",), OPENED),
    "tighten": Transform(
        air.tighten,
        ("instruction", "bare", "constraints", "kinds", "kind", "addition", "reference", "answer"),
        REFINED | {"ended": TEXT},
    ),
    "complete": Transform(air.complete, ("instruction", "bare", "constraints"), {"instruction": TEXT}),
    "unrefined": Transform(air.unrefined, ("bare",), {"instruction": TEXT} | CONSTRAINTS),
    "part": Transform(air.part, ("constraints", "answer"), ASKED),
    "hard": Transform(None, ("parent", "constraints", "constraint", "holds", "rating"), CONSTRAINTS, air.hard),
    "relay": Transform(crab.relay, ("instruction", "response"), {"instruction": TEXT}),
    "sound": Transform(self_lengthen.checked, ("response",), {}),
    "lengthy": Transform(None, ("response",), {}, self_lengthen.lengthy),
    "first_half": Transform(self_lengthen.first_half, ("response",), OPENING),
    "outlined": Transform(self_lengthen.outlined, ("response",), OPENING),
    "two_thirds": Transform(self_lengthen.two_thirds, ("response", "longer"), {"outline": TEXT, "opening": TEXT}),
    "accepted": Transform(self_lengthen.accepted, ("response", "longer"), {"response": TEXT}),
    "grown": Transform(None, ("response", "initial"), {}, number=self_lengthen.grown),
    "thinned": Transform(
        None,
        ("response", "initial"),
        {"outline": TEXT, "opening": TEXT, "longer": TEXT},
        number=self_lengthen.thinned,
    ),
    "demand": Transform(None, ("instruction", "response"), {"instruction": TEXT, "limit": TEXT}, number=demand),
    "document": Transform(document, ("response",), {"document": TEXT}),
    "paragraphs": Transform(paragraphs, ("response",), SIDES | {"gold": TEXT, "page": TEXT, "asks": NUMBER}),
    "mask": Transform(mask, ("instruction", "pivot"), TRIP),
    "bare": Transform(bare, ("instruction", "pivot"), TRIP),
    "mask_response": Transform(mask_response, ("response", "pivot"), TRIP | {"draft": TEXT}),
    "onward": Transform(onward, ("route", "back", "pivot"), {"masked": TEXT, "route": TEXT}),
    "unmask": Transform(unmask, RETURNED, {"instruction": TEXT}),
    "stay": Transform(stay, ABROAD, {"instruction": TEXT}),
    "unmask_response": Transform(unmask_response, RETURNED, {"response": TEXT}),
    "allot": Transform(
        None,
        ("instruction", "pivot", *TRIP),
        dict.fromkeys(("pivot", "route", "masked", "instruction"), TEXT),
        allotted,
    ),
    "reworded": Transform(reworded, ("gold", "asks", "rewrite", *SIDES), SIDES | {"gold": TEXT, "reworded": NUMBER}),
}
