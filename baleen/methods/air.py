"""Transforms of AIR (arXiv:2502.17787): an instruction that gets one more constraint each round, found by a judge.

A row keeps its first instruction in `bare`, what it has got in `constraints`, and in `kinds`, a line each, the kinds of
constraint that are left to it; without kinds it is finished and later rounds change nothing.
"""

import re
from random import Random

import pyarrow as pa

from baleen.measures.overlap import supported
from baleen.measures.words import common, words
from baleen.methods import constraints
from baleen.methods.crab import gathered
from baleen.tables.rows import NUMBER, TEXT, TYPES, Row, row_id

KINDS = (
    "data format", "document structure", "domain format", "exclusion", "inclusion", "citation", "prior condition",
    "audience", "tone", "emotion", "linguistic", "multilingual",
)  # fmt: skip
SHORTEST, LONGEST = 3, 26  # words of a constraint
ALIKE = 0.6  # ROUGE-L F of two constraints that say the same; AIR asks the model, Crab has this number
MET = 2.5  # expected mark from 0 to 3 from which a constraint counts as met: nearer to 3 than to 2
SAID = 0.8  # share of a text's words from which another one says it too; ours, no source checks what a merge keeps
TALK = re.compile(  # of the two answers; "answer in 20 words" and "cite a reference" do not
    r"\b(answer|output|response|reference) ?[12]\b|\bthe (other|first|second|reference) (answer|output|response)\b"
    r"|\bthe reference\b|^\W*none\b(?! of the \w+s\b)",
    re.IGNORECASE,
)
REFINED: dict[str, pa.DataType] = {"constraints": TYPES["constraints"], "kinds": TEXT, "instruction": TEXT}
OPENED = REFINED | {"bare": TEXT, "ended": TEXT}
ASKED = {"parent": TEXT, "constraint": TEXT, "holds": NUMBER}


def begin(row: Row) -> list[Row]:
    """The row before the first round, all kinds open to it in an order of its own."""
    kinds = "\n".join(Random(f"kinds {row['id']}").sample(KINDS, len(KINDS)))
    return [row | {"bare": row["instruction"], "constraints": [], "kinds": kinds, "ended": ""}]


def tighten(row: Row) -> list[Row]:
    """The row with the judge's constraint, if it can be accepted; else it is finished, and `ended` says why."""
    if not row["kinds"].strip():
        return [row]
    if why := refused(row):
        return [row | {"kinds": "", "ended": why}]
    found = [*row["constraints"], row["addition"]]
    left = [kind for kind in row["kinds"].split("\n") if kind != row["kind"]]
    return [row | {"constraints": found, "kinds": "\n".join(left), "instruction": appended(row["bare"], found)}]


def refused(row: Row) -> str:
    """Why a constraint is not accepted, or ''. What code can read must hold of the reference and not of the answer."""
    said = row["addition"]
    if not said:
        return "none found"
    if row["kind"] not in row["kinds"].split("\n"):
        return "no open kind"
    if not SHORTEST <= words(said) <= LONGEST or TALK.search(said):
        return "no constraint"
    if any(common(said, other) > ALIKE for other in row["constraints"]):
        return "said before"
    if constraints.met([said], row["reference"]) == 0:
        return "false of the reference"
    return "met already" if constraints.met([said], row["answer"]) == 1 else ""


def appended(instruction: str, some: list[str]) -> str:
    return "\n".join([instruction, *(f"- {text}" for text in some)])


def complete(row: Row) -> list[Row]:
    """The merged instruction if it has an end and says the first one and every constraint, else the first one with a
    list of them: what a merge forgets would be asked of nobody, and graded all the same."""
    merged = row["instruction"] or ""
    said = [supported(text, merged) >= SAID for text in (row["bare"], *row["constraints"])]
    whole = all(said) and not merged.endswith("…")
    return [row if whole else row | {"instruction": appended(row["bare"], row["constraints"])}]


def unrefined(row: Row) -> list[Row]:
    """The row with its first instruction and no constraint."""
    return [row | {"instruction": row["bare"], "constraints": list[str]()}]


def part(row: Row) -> list[Row] | str:
    """A row for each constraint, told whether code says that the student's answer meets it."""
    return [
        row | {"id": row_id(row["id"], "constraint", text), "parent": row["id"], "constraint": text, "holds": holds}
        for text in row["constraints"]
        for holds in (constraints.met([text], row["answer"]),)
    ] or "no constraint"


def hard(table: list[Row]) -> list[tuple[Row, str]]:
    """Rows put together again with the constraints that the student fails, by code where it can read, else by mark."""
    return gathered(table, easy)


def easy(row: Row) -> str:
    """Why a constraint is left out, or ''."""
    if row["holds"] is not None:
        return "met by code" if row["holds"] else ""
    if row["rating"] is None:
        return "mark unreadable"
    return "met by mark" if row["rating"] >= MET else ""
