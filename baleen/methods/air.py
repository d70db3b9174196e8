"""Transforms of AIR (arXiv:2502.17787): an instruction that gets one more constraint each round, written by a judge.

A row has its first instruction in `bare`, its constraints in `constraints`, and in `kinds`, a line each, the kinds of
constraint that it can still get. Without kinds it is finished, and later rounds do not change it.
"""

import re
from random import Random

import pyarrow as pa

from baleen.measures.overlap import supported
from baleen.measures.words import rouge_l, words
from baleen.methods import constraints
from baleen.tables.exports import transform
from baleen.tables.rows import NUMBER, TEXT, TYPES, Row, row_id

__all__ = ["begin", "complete", "hard", "part", "tighten", "unrefined"]


KINDS = (
    "data format", "document structure", "domain format", "exclusion", "inclusion", "citation", "prior condition",
    "audience", "tone", "emotion", "linguistic", "multilingual",
)  # fmt: skip
SHORTEST, LONGEST = 3, 26  # words of a constraint
SIMILAR = 0.6  # ROUGE-L F above which two constraints are the same; AIR queries the model, the number is Crab's
MET = 2.5  # expected rating (0 to 3) from which a constraint counts as met: nearer to 3 than to 2
KEPT = 0.8  # a merged text keeps a constraint when it has this share of its words; our number, AIR has no check
TALK = re.compile(  # mentions the two answers; "answer in 20 words" and "cite a reference" do not
    r"\b(answer|output|response|reference) ?[12]\b|\bthe (other|first|second|reference) (answer|output|response)\b"
    r"|\bthe reference\b|^\W*none\b(?! of the \w+s\b)",
    re.IGNORECASE,
)
REFINED: dict[str, pa.DataType] = {"constraints": TYPES["constraints"], "kinds": TEXT, "instruction": TEXT}
OPENED = REFINED | {"bare": TEXT, "ended": TEXT}
JUDGED = ("instruction", "bare", "constraints", "kinds", "kind", "addition", "reference", "answer")
ASKED = {"parent": TEXT, "constraint": TEXT, "holds": NUMBER}


@transform(("instruction",), OPENED)
def begin(row: Row) -> list[Row]:
    """The row before the first round, with all kinds in an order that depends on its id."""
    kinds = "\n".join(Random(f"kinds {row['id']}").sample(KINDS, len(KINDS)))
    return [row | {"bare": row["instruction"], "constraints": [], "kinds": kinds, "ended": ""}]


@transform(
    ("instruction", "bare", "constraints", "kinds", "kind", "addition", "reference", "answer"),
    REFINED | {"ended": TEXT},
)
def tighten(row: Row) -> list[Row]:
    """The row with the judge's constraint when that is accepted; else it is finished, and `ended` is the reason."""
    if not row["kinds"].strip():
        return [row]
    if why := refusal(row):
        return [row | {"kinds": "", "ended": why}]
    some = [*row["constraints"], row["addition"]]
    left = [kind for kind in row["kinds"].split("\n") if kind != row["kind"]]
    return [row | {"constraints": some, "kinds": "\n".join(left), "instruction": with_list(row["bare"], some)}]


def refusal(row: Row) -> str:
    """Why a constraint is not accepted, or ''. If code can parse it, the reference must meet it and the answer not."""
    addition = row["addition"]
    if not addition:
        return "none found"
    if row["kind"] not in row["kinds"].split("\n"):
        return "no open kind"
    if not SHORTEST <= words(addition) <= LONGEST or TALK.search(addition):
        return "no constraint"
    if any(rouge_l(addition, other) > SIMILAR for other in row["constraints"]):
        return "said before"
    if constraints.met([addition], row["reference"]) == 0:
        return "false of the reference"
    return "met already" if constraints.met([addition], row["answer"]) == 1 else ""


def with_list(instruction: str, some: list[str]) -> str:
    """The instruction with its constraints as a list, a line each."""
    return "\n".join([instruction, *(f"- {text}" for text in some)])


@transform(("instruction", "bare", "constraints"), {"instruction": TEXT})
def complete(row: Row) -> list[Row]:
    """The merged instruction when it is not cut off and keeps the first instruction and every constraint; else the
    first instruction with a list of the constraints. A constraint lost in the merge would still be graded."""
    merged = row["instruction"] or ""
    kept = [supported(text, merged) >= KEPT for text in (row["bare"], *row["constraints"])]
    complete = all(kept) and not merged.endswith("…")
    return [row if complete else row | {"instruction": with_list(row["bare"], row["constraints"])}]


@transform(("bare",), {"instruction": TEXT, "constraints": TYPES["constraints"]})
def unrefined(row: Row) -> list[Row]:
    """The row with its first instruction and no constraint."""
    return [row | {"instruction": row["bare"], "constraints": list[str]()}]


@transform(("constraints", "answer"), ASKED)
def part(row: Row) -> list[Row] | str:
    """A row for each constraint; `holds` says whether the student's answer meets it, NULL when code cannot parse it."""
    return [
        row | {"id": row_id(row["id"], "constraint", text), "parent": row["id"], "constraint": text, "holds": holds}
        for text in row["constraints"]
        for holds in (constraints.met([text], row["answer"]),)
    ] or "no constraint"


@transform(("parent", "constraints", "constraint", "holds", "rating"), {"constraints": TYPES["constraints"]}, "whole")
def hard(table: list[Row]) -> list[tuple[Row, str]]:
    """The rows of `part` joined again, with the constraints that the student's answer does not meet: by code where it
    can parse them, else by the rating."""
    return constraints.join_by_parent(table, met_reason)


def met_reason(row: Row) -> str:
    """Why a constraint is left out (the answer meets it), or ''."""
    if row["holds"] is not None:
        return "met by code" if row["holds"] else ""
    if row["rating"] is None:
        return "mark unreadable"
    return "met by mark" if row["rating"] >= MET else ""
