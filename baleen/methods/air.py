"""Transforms of AIR (arXiv:2502.17787): an instruction that gets one more constraint each round, written by a judge.

A row has its first instruction in `bare`, its constraints in `constraints`, and in `kinds`, a line each, the kinds of
constraint that it can still get, with an example each where there are some. Without kinds it is finished, and later
rounds do not change it.
"""

import re
from collections import defaultdict
from random import Random

import pyarrow as pa

from baleen.measures.words import apart, rouge_l, words
from baleen.methods import constraints
from baleen.tables.exports import transform
from baleen.tables.rows import NUMBER, TEXT, TYPES, Row, row_id

__all__ = [
    "begin", "complete", "dose", "exemplify", "hard", "lacking", "measured", "part", "rounds", "stated", "thin",
    "tighten", "unrefined",
]  # fmt: skip


KINDS = {  # the twelve of AIR, each with examples of ours, one of which is shown
    "data format": ("give the figures in a table of three columns", "return the result as a JSON object"),
    "document structure": ("begin with a summary and end with a list of sources", "use two levels of headings"),
    "domain format": ("write it as a recipe with ingredients and steps", "follow the form of a legal contract"),
    "exclusion": ("do not mention prices or brands", "leave out all technical terms"),
    "inclusion": ("mention at least one risk and how to avoid it", "give an example from daily life"),
    "citation": ("name the study that each claim rests on", "quote one sentence and say who said it"),
    "prior condition": ("assume that there is no internet connection", "take it that the reader owns a garden"),
    "audience": ("write it for children of ten years", "address nurses who begin in a new ward"),
    "tone": ("keep a formal and neutral tone throughout", "sound like a friendly neighbour"),
    "emotion": ("show sympathy for somebody who has failed", "let the text express quiet hope"),
    "linguistic": ("use short sentences in the present tense", "begin every sentence with a verb"),
    "multilingual": ("give each term in English and in French", "close with a greeting in Spanish"),
}
SHORTEST, LONGEST = 3, 26  # words of a constraint
SIMILAR = 0.6  # ROUGE-L F above which two constraints are the same; AIR queries the model, the number is Crab's
MET = 2.5  # expected rating (0 to 3) from which a constraint counts as met: nearer to 3 than to 2
SAYS = 0.5  # probability of a judge's yes from which a merged text counts as saying a constraint
COUNTED = (  # behind a number that counts parts of an answer and does not name one: "make the answer 2 paragraphs long"
    r"[ -](?:(?:or|to|and) \w+ )?(?:\w+ )?(?:words?|sentences?|paragraphs?|lines?|items?|points?|bullets?|steps?|pages?"
    r"|parts?|sections?|examples?|columns?|rows?|characters?)\b"
)
TALK = re.compile(  # mentions the two answers; "answer in 20 words" and "cite the reference at the end" do not
    rf"\b(answer|output|response|reference) ?[12]\b(?!{COUNTED})"
    r"|\bthe (other|first|second|reference) (answer|output|response)\b"
    r"|(?<!\bcite )(?<!\blist )(?<!\bgive )(?<!\bplace )(?<!\badd )(?<!\binclude )\bthe reference\b"
    r"|^\W*none\b(?! of (the (?!above|constraints?|kinds?|types?)\w+|them|these|those)\b)"
    r"|(回答|答案|输出|参考文本) ?[12１２一二]|第[一二](个|份|段)(回答|答案|输出|文本)"
    r"|(另|前|后)一(个|份|段)(回答|答案|输出)|参考(回答|答案|文本|输出)|^\W*(无|没有|暂无)\W*$",
    re.IGNORECASE,
)
REFINED: dict[str, pa.DataType] = {"constraints": TYPES["constraints"], "kinds": TEXT, "instruction": TEXT}
OPENED = REFINED | {"bare": TEXT, "ended": TEXT, "rounds": NUMBER}
JUDGED = ("instruction", "bare", "constraints", "kinds", "kind", "addition", "reference", "answer")
ASKED = {"parent": TEXT, "constraint": TEXT, "holds": NUMBER}


@transform(("instruction",), OPENED)
def begin(row: Row) -> list[Row]:
    """The row before the first round, with all kinds in an order that depends on its id."""
    kinds = "\n".join(Random(f"kinds {row['id']}").sample([*KINDS], len(KINDS)))
    return [row | {"bare": row["instruction"], "constraints": [], "kinds": kinds, "ended": "", "rounds": None}]


@transform(("kinds",), {"kinds": TEXT})
def exemplify(row: Row) -> list[Row]:
    """The row with one example behind each kind, drawn by its id."""
    rng = Random(f"examples {row['id']}")
    return [row | {"kinds": "\n".join(f"{kind}: {rng.choice(KINDS[kind])}" for kind in row["kinds"].split("\n"))}]


@transform(("kinds",), {"rounds": NUMBER}, takes="number")
def rounds(row: Row, number: float) -> list[Row] | str:
    """The row, which gets a constraint in so many rounds at most."""
    return [row | {"rounds": number}]


@transform((*JUDGED, "rounds"), REFINED | {"ended": TEXT})
def tighten(row: Row) -> list[Row]:
    """The row with the judge's constraint when that is accepted; else it is finished, and `ended` is the reason."""
    if not row["kinds"].strip():
        return [row]
    if why := refusal(row):
        return [row | {"kinds": "", "ended": why}]
    some = [*row["constraints"], row["addition"]]
    left = [line for line in row["kinds"].split("\n") if kind_of(line) != plain_kind(row["kind"])]
    ended = row["rounds"] is not None and len(some) >= row["rounds"]
    more = {"kinds": "" if ended else "\n".join(left), "ended": "rounds" if ended else row["ended"]}
    return [row | more | {"constraints": some, "instruction": with_list(row["bare"], some)}]


def kind_of(line: str) -> str:
    """The kind of a line of `kinds`, without its example."""
    return line.partition(":")[0]


def plain_kind(kind: str) -> str:
    """A kind as a judge writes it, as it stands in KINDS: 'Inclusion.' and '**inclusion** constraint' are inclusion."""
    bare = re.sub(r"[*_`\"'“”‘’.,;:!。，：]|\([^()]*\)|（[^（）]*）", "", re.split("[:：]", kind)[0]).strip().lower()
    bare = re.sub(r"^(?:\d+[.)]?|[-•])\s*|\s+constraints?$|^the\s+", "", bare)
    return next((known for known in KINDS if bare in (known, f"{known} and style", f"{known}/style")), bare)


def refusal(row: Row) -> str:
    """Why a constraint is not accepted, or ''. If code can parse it, the reference must meet it and the answer not."""
    addition = row["addition"]
    if not addition:
        return "unreadable" if addition is None else "none found"
    if plain_kind(row["kind"]) not in map(kind_of, row["kinds"].split("\n")):
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


@transform(("instruction", "bare", "constraints"), ASKED | {"merged": TEXT})
def stated(row: Row) -> list[Row]:
    """A row for the first instruction and one for each constraint; `holds` is 1 when the merged instruction has it word
    for word, 0 when that is cut off, else NULL: a judge decides."""
    merged = row["instruction"] or ""
    whole = bool(merged) and not merged.endswith("…")
    return [
        row
        | {"id": row_id(row["id"], "part", str(at)), "parent": row["id"], "merged": merged, "instruction": merged}
        | {"constraint": text, "holds": 0.0 if not whole else 1.0 if says(merged, text) else None}
        for at, text in enumerate((row["bare"], *row["constraints"]))
    ]


def says(text: str, part: str) -> bool:
    """Whether a text has the words of another in a row."""
    mine, theirs = (" ".join(re.findall(r"\w+", apart(one.lower()))) for one in (text, part))
    return f" {theirs} " in f" {mine} "


@transform(("parent", "merged", "bare", "constraints", "holds", "probability"), {"instruction": TEXT}, takes="whole")
def complete(table: list[Row]) -> list[tuple[Row, str]]:
    """The rows of `stated` joined again: with the merged instruction when it says the first one and every constraint,
    by code or else by the judge; else with the first instruction and a list. What is lost would still be graded."""
    groups = defaultdict[str, list[Row]](list)
    for row in table:
        groups[row["parent"]].append(row)
    return [result for group in groups.values() for result in joined(group)]


def joined(parts: list[Row]) -> list[tuple[Row, str]]:
    first, *others = parts
    kept = all(row["holds"] if row["holds"] is not None else (row["probability"] or 0.0) >= SAYS for row in parts)
    instruction = first["merged"] if kept else with_list(first["bare"], first["constraints"])
    return [
        (first | {"id": first["parent"], "instruction": instruction}, ""),
        *((row, f"part of {row['parent']}") for row in others),
    ]


@transform(("bare",), {"instruction": TEXT, "constraints": TYPES["constraints"]})
def unrefined(row: Row) -> list[Row]:
    """The row with its first instruction and no constraint."""
    return [row | {"instruction": row["bare"], "constraints": list[str]()}]


@transform(("instruction", "response"), {"bare": TEXT, "constraints": TYPES["constraints"]})
def measured(row: Row) -> list[Row] | str:
    """The row with constraints that code measures on its response: for judges that find none which can be read."""
    some = constraints.measure(row["response"], Random(f"measured {row['id']}"))
    return [row | {"bare": row["instruction"], "constraints": some}] if some else "no constraint"


@transform(
    ("bare", "constraints", "answer"), {"instruction": TEXT, "constraints": TYPES["constraints"]}, takes="number"
)
def lacking(row: Row, number: float) -> list[Row] | str:
    """The row with the first constraints, so many at most, that the student's answer does not meet, by code alone."""
    some = [text for text in row["constraints"] if constraints.met([text], row["answer"]) == 0][: int(number)]
    return [row | {"constraints": some, "instruction": with_list(row["bare"], some)}] if some else "nothing lacking"


@transform(("constraints",), {"dose": TEXT})
def dose(row: Row) -> list[Row]:
    """How many constraints the row has, as a text; '' for none. An arm whose constraints come from elsewhere gets as
    many in the same row."""
    return [row | {"dose": str(len(row["constraints"])) if row["constraints"] else ""}]


@transform(("constraints", "dose"), {"constraints": TYPES["constraints"]})
def thin(row: Row) -> list[Row]:
    """The row with no more constraints than its dose."""
    return [row | {"constraints": (row["constraints"] or [])[: int(row["dose"] or 0)]}]


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
