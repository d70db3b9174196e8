"""Transforms of rows with constraints: measure, verify, choose, show, and put them to an instruction.

Steps of Crab (arXiv:2410.24175). All randomness comes from the id of the row, so a row's fate depends on no other
row but for demonstrations.
"""

from collections.abc import Callable, Iterator
from itertools import groupby
from random import Random

import pyarrow as pa

from baleen.measures.words import chance, common
from baleen.methods import constraints
from baleen.methods.families import BULLETED, NUMBERED
from baleen.tables.rows import NUMBER, TEXT, Row, row_id

Fates = list[tuple[Row, str]]
CLAIMED: dict[str, pa.DataType] = {"parent": TEXT, "constraint": TEXT, "claimed": TEXT, "holds": NUMBER}
COMBINED: dict[str, pa.DataType] = {"bare": TEXT, "prompt": TEXT, "instruction": TEXT}
ALIKE = 0.6  # ROUGE-L F above which two constraints say the same (Crab)
LENDERS = 0.2  # share of rows that may be shown as demonstrations, and are then no targets
FORWARD = 0.7  # share of rows that teach the answer; the rest teach the constraints (Crab)
TRUE = 0.5  # probability of a judge's yes from which a constraint counts as met
CLAUSES = {  # how instructions ask for a layout
    "bullets": ("as bullet points", "with bullets"),
    "numbers": ("as a numbered list", "with numbers"),
    "line": ("separated by commas", "on one line"),
}
UNTESTED = ("keyword", "last word")  # families that would tell the answer to a held-out question


def stream(row: Row, why: str) -> Random:
    return Random(f"{why} {row['id']}")


def measure(row: Row) -> list[Row]:
    """The constraints that the row has, and those that code finds in the response."""
    found = constraints.measure(row["response"], stream(row, "measure"))
    return [row | {"constraints": list(dict.fromkeys([*map(str.strip, row["constraints"] or []), *found]))}]


def claim(row: Row) -> list[Row] | str:
    """A row for each constraint, told whether code says that it `holds` (NULL: code cannot read it). One that code
    reads and finds false is stated anew so that it is true, where that says anything; `claimed` is what it was."""
    rng = stream(row, "claim")
    return [claimed(row, text, rng) for text in row["constraints"]] or "no constraint"


def claimed(row: Row, text: str, rng: Random) -> Row:
    found = constraints.read(text)
    true = found.holds(row["response"]) if found else None
    better = constraints.corrected(text, row["response"], rng) if true is False else None
    said, holds = (better, 1.0) if better else (text, None if true is None else float(true))
    own = {"id": row_id(row["id"], "constraint", text), "parent": row["id"]}
    return row | own | {"constraint": said, "claimed": text, "holds": holds}


def verify(table: list[Row]) -> Fates:
    """Claims put together again, row by row: code decides where it can read, else the judge's `probability`.

    The first claim of a row that is true stands for the row; the others leave with the reason why.
    """
    return gathered(table, false)


def gathered(table: list[Row], why_not: Callable[[Row], str]) -> Fates:
    """Rows of one constraint each as rows of all those that may stay, under the id of the parent."""
    groups = groupby(table, lambda row: row["parent"])
    return [fate for _, group in groups for fate in together(list(group), why_not)]


def together(claims: list[Row], why_not: Callable[[Row], str]) -> Iterator[tuple[Row, str]]:
    true = [row for row in claims if not why_not(row)]
    found = list(dict.fromkeys(row["constraint"] for row in true))
    for row in claims:
        if why := why_not(row):
            yield row, why
        elif row is true[0]:
            yield row | {"id": row["parent"], "constraints": found}, ""
        else:
            yield row, f"part of {row['parent']}"


def false(row: Row) -> str:
    """Why a claim does not stand, or ''."""
    if row["holds"] is not None:
        return "" if row["holds"] else "false by code"
    if row["probability"] is None:
        return "judge unreadable"
    return "" if row["probability"] >= TRUE else "false by judge"


def distinct(row: Row) -> list[Row]:
    """The constraints without near-duplicates: as long as two are alike, the one alike to most others leaves."""
    left = list(row["constraints"])
    while (worst := most_alike(left)) is not None:
        left.pop(worst)
    return [row | {"constraints": left}]


def most_alike(texts: list[str]) -> int | None:
    """Place of the text that is alike to most others, the last of several; None when no two are alike."""
    clashes = [sum(common(a, b) > ALIKE for j, b in enumerate(texts) if i != j) for i, a in enumerate(texts)]
    return max(range(len(texts)), key=lambda i: (clashes[i], i)) if any(clashes) else None


def choose(row: Row) -> list[Row] | str:
    """6 to 8 constraints with probability 0.7, else 1 to all, as far as there are; drawn by weight, shuffled (Crab)."""
    rng, found = stream(row, "choose"), row["constraints"]
    if not found:
        return "no constraint"
    n = rng.randint(6, 8) if rng.random() < 0.7 else rng.randint(1, len(found))
    return [row | {"constraints": drawn(found, n, rng)}]


def drawn(found: list[str], n: int, rng: Random) -> list[str]:
    """n of the constraints in a random order; a higher weight makes one likelier (Efraimidis and Spirakis, 2006)."""
    keyed = [(rng.random() ** (1 / constraints.weight(text)), text) for text in found]
    chosen = [text for _, text in sorted(keyed, reverse=True)[:n]]
    return rng.sample(chosen, len(chosen))


def demonstrate(table: list[Row]) -> Fates:
    """With probability 0.5 one to three other rows before the row's own instruction, with fewer constraints than it
    has and more from one to the next; rows that may be shown are no targets (Crab)."""
    lenders = [row for row in table if lends(row)]
    return [fate(row, lenders) for row in table]


def lends(row: Row) -> bool:
    return chance(f"lend {row['id']}") < LENDERS


def fate(row: Row, lenders: list[Row]) -> tuple[Row, str]:
    rng, count = stream(row, "demonstrate"), len(row["constraints"])
    wanted = min(rng.randint(1, 3), count - 1) if rng.random() < 0.5 else 0
    if lends(row) or not lenders:
        return row | {"demonstrations": ""}, "a demonstration" if lends(row) else ""
    sizes = sorted(rng.sample(range(1, count), wanted))
    shown = zip(sizes, rng.sample(lenders, min(wanted, len(lenders))), strict=False)
    return row | {"demonstrations": "".join(demonstration(lender, n, rng) for n, lender in shown)}, ""


def demonstration(row: Row, n: int, rng: Random) -> str:
    some = rng.sample(row["constraints"], min(n, len(row["constraints"])))
    return f"{joined(row['instruction'], some, rng)}\n\n{row['response']}\n\n"


HEADINGS = ("# constraints", "# requirements")


def joined(instruction: str, some: list[str], rng: Random) -> str:
    """The instruction with its constraints, a line each: 85 % plain, 15 % under a heading or before it (Crab)."""
    lines = "\n".join(f"- {text}" for text in some)
    style = rng.random()
    if style < 0.85:
        return f"{instruction}\n{lines}"
    heading = rng.choice(HEADINGS)
    return f"{instruction}\n{heading}\n{lines}" if style < 0.925 else f"{heading}\n{lines}\n{instruction}"


def forward(row: Row) -> list[Row]:
    """A lesson in answering: demonstrations, instruction and constraints -> the response unchanged."""
    told = joined(row["instruction"], row["constraints"], stream(row, "join"))
    return [row | {"bare": row["instruction"], "prompt": "reply", "instruction": row["demonstrations"] + told}]


def both(table: list[Row]) -> Fates:
    """70 % of the rows, by count, teach the answer; the others teach the constraints from instruction and response."""
    order = sorted(table, key=lambda row: chance(f"way {row['id']}"))
    taught = {row["id"] for row in order[: round(FORWARD * len(order))]}
    return [(forward(row)[0] if row["id"] in taught else reverse(row), "") for row in table]


def reverse(row: Row) -> Row:
    return row | {"bare": row["instruction"], "prompt": "constrain"}


def plain(row: Row) -> list[Row]:
    """A lesson in answering the bare instruction."""
    return [row | {"bare": row["instruction"], "prompt": "reply"}]


def alone(row: Row) -> list[Row]:
    return [row | {"demonstrations": ""}]


def examine(row: Row) -> list[Row] | str:
    """A held-out question with one to six constraints that its reference answer meets and that do not tell it."""
    rng = stream(row, "examine")
    read = [(text, constraints.read(text)) for text in constraints.measure(row["reference"], rng)]
    able = [text for text, found in read if found and found.family not in UNTESTED]
    some = drawn(able, rng.randint(1, 6), rng)
    told = joined(row["instruction"], some, rng)
    return [row | {"bare": row["instruction"], "constraints": some, "instruction": told}] if some else "no constraint"


def relay(row: Row) -> list[Row]:
    """The row with the layout that its instruction asks for, if it asks for one, corrected to that of the response."""
    asked = [(form, clause) for form, clauses in CLAUSES.items() for clause in clauses if clause in row["instruction"]]
    if not asked or asked[0][0] == (form := layout(row["response"])):
        return [row]
    right = stream(row, "relay").choice(CLAUSES[form])
    return [row | {"instruction": row["instruction"].replace(asked[0][1], right)}]


def layout(text: str) -> str:
    return "bullets" if BULLETED.search(text) else "numbers" if NUMBERED.search(text) else "line"
