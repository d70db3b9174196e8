"""Self-Lengthen: requests for long texts that the model itself writes, after given ones (release, step 0).

A given request has an empty `example`; a new one was written after two examples, and its judge has said in `suited`
whether it is fit. The release tries up to ten times for each new request and replaces its examples by new ones as it
goes (Qwen's copy; that for Llama keeps them, as here); here what is not fit leaves.
"""

import re

from baleen.measures.words import chance, words
from baleen.tables.exports import transform
from baleen.tables.rows import TEXT, Row, row_id

__all__ = ["exemplified", "of_round", "wanted"]
YES = re.compile(r"\W*(?:yes\b|是(?!否)|适合)", re.IGNORECASE)
ROUNDS = 3  # of the method, each with new requests of its own


@transform(("instruction", "more"), {"example": TEXT, "other": TEXT}, "whole")
def exemplified(table: list[Row]) -> list[tuple[Row, str]]:
    """The requests; where their column `more` is not empty, also a row for each in which a new one is written after it
    and another, drawn by chance."""
    made = [(row | {"example": "", "other": ""}, "") for row in table]
    for at, row in enumerate(table):
        if row["more"] and len(table) > 1:
            other = table[(at + 1 + int(chance(f"other {row['id']}") * (len(table) - 1))) % len(table)]
            pair = {"example": row["instruction"], "other": other["instruction"], "instruction": ""}
            made.append((row | pair | {"id": row_id(str(row["id"]), "more")}, ""))
    return made


@transform(("instruction", "example", "suited"), {})
def wanted(row: Row) -> list[Row] | str:
    """The row when its request is a given one, or a new one of 4 to 499 words that its judge calls fit for a long text
    (release, step 0); else the reason."""
    if not row["example"]:
        return [row]
    if not 3 < words(row["instruction"]) < 500:
        return "not 4 to 499 words"
    return [row] if YES.match(str(row["suited"])) else "not fit for a long text"


@transform(("instruction", "example"), {}, "number")
def of_round(row: Row, number: float) -> list[Row] | str:
    """The row when its request is a given one, or a new one of this round of three; else the reason."""
    own = 1 + int(ROUNDS * chance(f"round {row['id']}"))
    return [row] if not row["example"] or own == number else "of another round"
