"""Transforms: what `map` can do to a row, or to a whole table, without asking a model.

One that works by row gets the row and returns the rows it becomes, or the reason why it leaves; one that works on the
`whole` table gets all rows and returns rows, each with '' or the reason why it leaves.
"""

from collections.abc import Callable
from typing import NamedTuple

import pyarrow as pa

from baleen import constrained, refined
from baleen.alignment import aligned
from baleen.constrained import CLAIMED, COMBINED
from baleen.paragraphs import paragraphs, reworded
from baleen.phrases import tidied
from baleen.refined import ASKED, OPENED, REFINED
from baleen.roles import roles
from baleen.rows import NUMBER, TEXT, TYPES, Row
from baleen.specs import abroad, asked, lessons, relabelled, reprojected

TEXTS = pa.list_(TEXT)
LABELLED = {"language": TEXT, "intent": TEXT, "utterance": TEXT, "slots": TEXTS, "parse": TEXT}
SPEC = {"language": TEXT, "intent": TEXT, "include": TEXTS, "labels": TEXTS, "examples": TEXTS, "tagged": TEXT}
CONSTRAINTS = {"constraints": TYPES["constraints"]}
PAIR = ("instruction", "response", "constraints")
MESSAGES = pa.list_(pa.struct([("role", TEXT), ("content", TEXT)]))
SIDES = {"instruction": TEXT, "response": TEXT}


class Transform(NamedTuple):
    """`reads` and `writes` are the columns `check` looks for and the schema of the table needs."""

    function: Callable[[Row], list[Row] | str] | None
    reads: tuple[str, ...]
    writes: dict[str, pa.DataType]
    whole: Callable[[list[Row]], list[tuple[Row, str]]] | None = None


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


TRANSFORMS = {
    "undo": Transform(undo, ("draft", "response"), {"response": TEXT}),
    "tidy": Transform(tidy, ("instruction",), {"instruction": TEXT}),
    "roles": Transform(
        None, ("instruction", "response"), dict.fromkeys(("prompt", "draft", "mark"), TEXT), whole=roles
    ),
    "messages": Transform(messages, ("instruction", "response"), {"messages": MESSAGES, "prompt_id": TEXT}),
    "specified": Transform(None, tuple(LABELLED), SPEC, lessons),
    "asked": Transform(None, tuple(LABELLED), SPEC, asked),
    "abroad": Transform(None, (*LABELLED, "into"), SPEC, abroad),
    "aligned": Transform(None, (*LABELLED, "into", "translation"), LABELLED, aligned),
    "relabelled": Transform(relabelled, tuple(SPEC), LABELLED),
    "reprojected": Transform(reprojected, (*LABELLED, "back"), LABELLED),
    "measure": Transform(constrained.measure, ("response", "constraints"), CONSTRAINTS),
    "claim": Transform(constrained.claim, ("response", "constraints"), CLAIMED),
    "verify": Transform(
        None, ("parent", "constraints", "constraint", "holds", "probability"), CONSTRAINTS, constrained.verify
    ),
    "distinct": Transform(constrained.distinct, ("constraints",), CONSTRAINTS),
    "choose": Transform(constrained.choose, ("constraints",), CONSTRAINTS),
    "demonstrate": Transform(None, PAIR, {"demonstrations": TEXT}, constrained.demonstrate),
    "both": Transform(None, (*PAIR, "demonstrations"), COMBINED, constrained.both),
    "forward": Transform(constrained.forward, (*PAIR, "demonstrations"), COMBINED),
    "plain": Transform(constrained.plain, ("instruction", "response"), COMBINED),
    "alone": Transform(constrained.alone, ("demonstrations",), {"demonstrations": TEXT}),
    "examine": Transform(
        constrained.examine, ("instruction", "reference"), CONSTRAINTS | {"bare": TEXT, "instruction": TEXT}
    ),
    "begin": Transform(refined.begin, ("instruction",), OPENED),
    "tighten": Transform(
        refined.tighten,
        ("instruction", "bare", "constraints", "kinds", "kind", "constraint", "reference", "answer"),
        REFINED | {"ended": TEXT},
    ),
    "part": Transform(refined.part, ("constraints", "answer"), ASKED),
    "hard": Transform(None, ("parent", "constraints", "constraint", "holds", "rating"), CONSTRAINTS, refined.hard),
    "relay": Transform(constrained.relay, ("instruction", "response"), {"instruction": TEXT}),
    "document": Transform(document, ("response",), {"document": TEXT}),
    "paragraphs": Transform(paragraphs, ("response",), SIDES | {"gold": TEXT, "page": TEXT, "asks": NUMBER}),
    "reworded": Transform(reworded, ("gold", "asks", "rewrite", *SIDES), SIDES | {"gold": TEXT, "reworded": NUMBER}),
}
