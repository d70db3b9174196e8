"""Transforms of rows with constraints: measure, verify, repair, choose, demonstrate, and add them to an instruction.

Steps of Crab (arXiv:2410.24175). All randomness comes from the id of the row, so the result for a row depends on no
other row, except for demonstrations.
"""

import re
from bisect import bisect_right
from random import Random

import pyarrow as pa

from baleen.measures.overlap import supported
from baleen.measures.words import chance, rouge_l, words
from baleen.measures.wrapping import text_alone
from baleen.methods import constraints
from baleen.methods.constraints import Results
from baleen.methods.families import BULLETED, NUMBERED
from baleen.tables.exports import transform
from baleen.tables.rows import NUMBER, TEXT, TYPES, Row, row_id

__all__ = [
    "alone",
    "both",
    "choose",
    "claim",
    "demonstrate",
    "distinct",
    "doubt",
    "examine",
    "forward",
    "general",
    "measure",
    "mend",
    "plain",
    "relay",
    "verify",
]
CONSTRAINTS = {"constraints": TYPES["constraints"]}
PAIR = ("instruction", "response", "constraints")

CLAIMED: dict[str, pa.DataType] = {"parent": TEXT, "constraint": TEXT, "claimed": TEXT, "holds": NUMBER}
ADDED = 40  # words that a refined instruction may have more; Crab asks for 10 to 20
REPAIRED = (3, 40)  # words of a repaired constraint; Crab asks for 10 to 20
REFINED = (0.3, 0.1)  # chance that the instruction stays as it was, and for each constraint that it says already (Crab)
COMBINED: dict[str, pa.DataType] = {"bare": TEXT, "prompt": TEXT, "instruction": TEXT}
SIMILAR = 0.6  # ROUGE-L F above which two constraints are the same (Crab)
VERBATIM = re.compile(r"[|`{}<>=;\t]|^\s{4}")  # of a line that belongs to code, a table or an input
LENDERS = 0.2  # share of rows that serve as demonstrations; they are no targets
FORWARD = 0.7  # share of rows whose answer is learned; of the rest the constraints are (Crab)
TRUE = 0.5  # probability of a judge's yes from which a constraint counts as met
CLAUSES = {  # phrases in which instructions name a layout
    "bullets": ("as bullet points", "with bullets"),
    "numbers": ("as a numbered list", "with numbers"),
    "line": ("separated by commas", "on one line"),
}
UNTESTED = ("keyword", "last word")  # families that would give away the answer to a held-out question


def row_random(row: Row, step: str) -> Random:
    """The random numbers of one step for one row."""
    return Random(f"{step} {row['id']}")


@transform(("instruction", "refined", "response", "constraints", "local"), CONSTRAINTS | {"refined": TEXT})
def measure(row: Row) -> list[Row]:
    """The row with its global and local constraints and those that code measures on the response; `refined` becomes ''
    when it is no refined instruction."""
    written = (text.strip() for some in (row["constraints"], row["local"]) for text in some or [])
    measured = constraints.measure(row["response"], row_random(row, "measure"))
    own = {"refined": refinement(row["instruction"], row["refined"] or "")}
    return [row | own | {"constraints": list(dict.fromkeys([*written, *measured]))}]


def refinement(instruction: str, refined: str) -> str:
    """The refined instruction when it is one text that adds some words and keeps code, tables and input; else ''."""
    text = text_alone(refined, "refined")
    more = words(text) - words(instruction)
    exact = [line for line in instruction.split("\n") if VERBATIM.search(line)]
    kept = all(line.strip() in text for line in exact)
    return text if 0 < more <= ADDED and kept and not text.endswith("…") else ""


@transform(("response", "constraints"), CLAIMED)
def claim(row: Row) -> list[Row] | str:
    """A row for each constraint. `holds` is 1 or 0 when code can parse it (the response meets it or not), else NULL. A
    false one is corrected when values that fit the response exist; `claimed` is the constraint as it was."""
    rng = row_random(row, "claim")
    return [claim_row(row, text, rng) for text in row["constraints"]] or "no constraint"


def claim_row(row: Row, text: str, rng: Random) -> Row:
    parsed = constraints.parse_constraint(text)
    true = parsed.holds(row["response"]) if parsed else None
    better = constraints.corrected(text, row["response"], rng) if true is False else None
    constraint, holds = (better, 1.0) if better else (text, None if true is None else float(true))
    own = {"id": row_id(row["id"], "constraint", text), "parent": row["id"]}
    return row | own | {"constraint": constraint, "claimed": text, "holds": holds}


@transform(("parent", "constraints", "constraint", "holds", "probability"), CONSTRAINTS, "whole")
def verify(table: list[Row]) -> Results:
    """The rows of `claim` joined again by parent: code decides where it can parse a constraint, else the judge's
    `probability`.

    The first true claim of a parent becomes the joined row; the others leave with the reason.
    """
    return constraints.join_by_parent(table, false_reason)


def false_reason(row: Row) -> str:
    """Why a claim is false, or ''."""
    if row["holds"] is not None:
        return "" if row["holds"] else "false by code"
    if row["probability"] is None:
        return "judge unreadable"
    return "" if row["probability"] >= TRUE else "false by judge"


@transform(("holds", "probability", "constraint"), {"doubted": TEXT})
def doubt(row: Row) -> list[Row]:
    """The row with its constraint in `doubted` too when it is false and can be repaired, else with ''."""
    false = false_reason(row) in ("false by code", "false by judge")
    return [row | {"doubted": row["constraint"] if false else ""}]


@transform(("doubted", "repaired", "response", "constraint", "holds"), {"constraint": TEXT, "holds": NUMBER})
def mend(row: Row) -> list[Row]:
    """The row with its repaired constraint in the place of the false one, where there is one; what code cannot parse of
    it is for the judge again, as in Crab, which asks whether the modified constraint is valid."""
    text = text_alone(row["repaired"] or "", "repaired") if row["doubted"] else ""
    least, most = REPAIRED
    if not least <= words(text) <= most or text.endswith("…"):
        return [row]
    fixed = claim_row(row, text, row_random(row, "mend"))
    return [row | {name: fixed[name] for name in ("constraint", "holds")}]


@transform(("constraints",), CONSTRAINTS)
def distinct(row: Row) -> list[Row]:
    """The constraints without near-duplicates: while two are similar, the one similar to most others is removed."""
    left = list(row["constraints"])
    while (index := most_similar(left)) is not None:
        left.pop(index)
    return [row | {"constraints": left}]


def most_similar(texts: list[str]) -> int | None:
    """Index of the text that is similar to most others, the last of several; None when no two are similar."""
    clashes = [sum(rouge_l(a, b) > SIMILAR for j, b in enumerate(texts) if i != j) for i, a in enumerate(texts)]
    return max(range(len(texts)), key=lambda i: (clashes[i], i)) if any(clashes) else None


@transform(("constraints",), CONSTRAINTS)
def choose(row: Row) -> list[Row] | str:
    """6 to 8 constraints with probability 0.7, else 1 to all; drawn by weight, in random order (Crab)."""
    rng, some = row_random(row, "choose"), row["constraints"]
    if not some:
        return "no constraint"
    n = rng.randint(6, 8) if rng.random() < 0.7 else rng.randint(1, len(some))
    return [row | {"constraints": drawn(some, n, rng)}]


def drawn(some: list[str], n: int, rng: Random) -> list[str]:
    """n of the constraints in a random order; a higher weight makes one likelier (Efraimidis and Spirakis, 2006)."""
    keyed = [(rng.random() ** (1 / constraints.weight(text)), text) for text in some]
    chosen = [text for _, text in sorted(keyed, reverse=True)[:n]]
    return rng.sample(chosen, len(chosen))


@transform(PAIR, {"demonstrations": TEXT}, "whole")
def demonstrate(table: list[Row]) -> Results:
    """With probability 0.5 one to three other rows in `demonstrations`, each with fewer constraints than the row and
    more than the one before; rows that serve as demonstrations are no targets (Crab)."""
    lenders = sorted(filter(is_lender, table), key=lends)
    return [with_demonstrations(row, lenders) for row in table]


def lends(row: Row) -> int:
    """A number that is the lower, the more constraints a row can lend."""
    return -len(row["constraints"])


def is_lender(row: Row) -> bool:
    return chance(f"lend {row['id']}") < LENDERS


def with_demonstrations(row: Row, lenders: list[Row]) -> tuple[Row, str]:
    rng, count = row_random(row, "demonstrate"), len(row["constraints"])
    wanted = min(rng.randint(1, 3), count - 1) if rng.random() < 0.5 else 0
    if is_lender(row) or not lenders:
        return row | {"demonstrations": ""}, "a demonstration" if is_lender(row) else ""
    shown = dict[int, str]()
    for n in sorted(rng.sample(range(1, count), wanted)):
        able = bisect_right(lenders, -n, key=lends)  # lenders with so many constraints stand before this place
        if able > sum(place < able for place in shown):
            while (place := rng.randrange(able)) in shown:
                pass
            shown[place] = demonstration(lenders[place], n, rng)
    return row | {"demonstrations": "".join(shown.values())}, ""


def demonstration(row: Row, n: int, rng: Random) -> str:
    some = rng.sample(row["constraints"], n)
    return f"{with_constraints(row['instruction'], some, rng)}\n\n{row['response']}\n\n"


HEADINGS = ("# constraints", "# requirements")


def with_constraints(instruction: str, some: list[str], rng: Random) -> str:
    """The instruction with its constraints, a line each; 15 % have a heading, below or above the text (Crab)."""
    lines = "\n".join(f"- {text}" for text in some)
    style = rng.random()
    if style < 0.85:
        return f"{instruction}\n{lines}"
    heading = rng.choice(HEADINGS)
    return f"{instruction}\n{heading}\n{lines}" if style < 0.925 else f"{heading}\n{lines}\n{instruction}"


@transform((*PAIR, "refined", "demonstrations"), COMBINED)
def forward(row: Row) -> list[Row]:
    """A training row: demonstrations, instruction (refined or not) and constraints are the question, the response is
    the answer."""
    asked = row["refined"] if row_random(row, "refine").random() < refined_share(row) else row["instruction"]
    full = with_constraints(asked, row["constraints"], row_random(row, "join"))
    return [row | {"bare": row["instruction"], "prompt": "reply", "instruction": row["demonstrations"] + full}]


def refined_share(row: Row) -> float:
    """How likely the refined instruction is asked: the less so the more constraints it says already; 0 without one."""
    stays, each = REFINED
    said = sum(supported(text, row["refined"]) > SIMILAR for text in row["constraints"])
    return 1 - stays - each * said if row["refined"] else 0.0


@transform((*PAIR, "refined", "demonstrations"), COMBINED, "whole")
def both(table: list[Row]) -> Results:
    """Of 70 % of the rows the answer is learned; of the others the constraints are, from instruction and response."""
    order = sorted(table, key=lambda row: chance(f"way {row['id']}"))
    answers = {row["id"] for row in order[: round(FORWARD * len(order))]}
    return [(forward(row)[0] if row["id"] in answers else reverse(row), "") for row in table]


def reverse(row: Row) -> Row:
    """A training row: instruction and response are the question, the constraints are the answer."""
    return row | {"bare": row["instruction"], "prompt": "constrain"}


@transform(("instruction", "response"), COMBINED)
def plain(row: Row) -> list[Row]:
    """A training row: the instruction without constraints is the question."""
    return [row | {"bare": row["instruction"], "prompt": "reply"}]


@transform(("instruction", "response"), COMBINED | CONSTRAINTS)
def general(row: Row) -> list[Row]:
    """A training row of the general half: a pair without constraints."""
    return [plain(row)[0] | {"constraints": list[str]()}]


@transform(("demonstrations",), {"demonstrations": TEXT})
def alone(row: Row) -> list[Row]:
    """The row without demonstrations."""
    return [row | {"demonstrations": ""}]


@transform(("instruction", "reference"), CONSTRAINTS | {"bare": TEXT, "instruction": TEXT})
def examine(row: Row) -> list[Row] | str:
    """A held-out question with one to six constraints that its reference answer meets and that do not give it away."""
    rng = row_random(row, "examine")
    parsed = [(text, constraints.parse_constraint(text)) for text in constraints.measure(row["reference"], rng)]
    usable = [text for text, one in parsed if one and one.family not in UNTESTED]
    some = drawn(usable, rng.randint(1, 6), rng)
    full = with_constraints(row["instruction"], some, rng)
    return [row | {"bare": row["instruction"], "constraints": some, "instruction": full}] if some else "no constraint"


@transform(("instruction", "response"), {"instruction": TEXT})
def relay(row: Row) -> list[Row]:
    """The row; when its instruction names another layout than that of the response, the name is corrected."""
    named = [(form, clause) for form, clauses in CLAUSES.items() for clause in clauses if clause in row["instruction"]]
    if not named or named[0][0] == (form := layout(row["response"])):
        return [row]
    right = row_random(row, "relay").choice(CLAUSES[form])
    return [row | {"instruction": row["instruction"].replace(named[0][1], right)}]


def layout(text: str) -> str:
    return "bullets" if BULLETED.search(text) else "numbers" if NUMBERED.search(text) else "line"
