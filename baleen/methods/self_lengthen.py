"""Self-Lengthen: the transforms between the queries that make answers longer, and length demands in instructions.

A text is cut into blocks: at blank lines, or line by line when that gives two blocks or fewer. The columns: `response`
is the text so far, `initial` the response at the start of the round, `outline` the text that the extender gets,
`opening` the start of its answer, `longer` the answer.

A length demand is a sentence in the instruction; `length_score` is how well an answer keeps to it. The release of
Self-Lengthen (add-length and LonGen) lets a model reword the query; here templates do. The release exchanges the bounds
of Chinese 'more than' and 'less than'; here each has its own.
"""

import re

from baleen.measures.words import chance, is_chinese, words
from baleen.tables.exports import Amount, transform
from baleen.tables.rows import TEXT, Row

__all__ = [
    "at_least",
    "below",
    "demand",
    "extended",
    "first_half",
    "growth",
    "length_score",
    "lengthy",
    "outlined",
    "sound",
    "thinned",
    "two_thirds",
    "until_sound",
]
OPENING = dict.fromkeys(("initial", "outline", "opening"), TEXT)

# without '…', the end of a reply that was cut off
ENDS, CHINESE_ENDS = tuple(".!?\"')]}*`,;:-”’"), tuple("。！？”’』」）》】；.!?)")
REVISION = re.compile(
    r"\b(?:revised|revision|response|version|paragraph)s?\b|修改|修订|改写|版本", re.IGNORECASE | re.ASCII
)
GRAM, CHINESE_GRAM = 10, 13  # words, characters


def blocks(text: str) -> tuple[list[str], str]:
    """(the blocks of a text, the separator between them)."""
    parts = [part for part in re.split(r"\n\s*\n", text.strip()) if part.strip()]
    if len(parts) > 2:
        return parts, "\n\n"
    return [line for line in text.strip().split("\n") if line.strip()], "\n"


def repeats(text: str) -> bool:
    """Whether a sequence of ten words, or of thirteen characters of a Chinese text, occurs twice."""
    units, n = ([*"".join(text.split())], CHINESE_GRAM) if is_chinese(text) else (text.split(), GRAM)
    grams = [tuple(units[i : i + n]) for i in range(len(units) - n + 1)]
    return len(set(grams)) < len(grams)


def flaw(text: str) -> str:
    """Why a text is not learned: it has no end mark, repeats itself or mentions its revision; else ''."""
    text = text.strip()
    lines = [line for line in text.splitlines() if line.strip()]
    if not text.endswith(CHINESE_ENDS if is_chinese(text) else ENDS):
        return "no end mark"
    if repeats(text):
        return "repeats itself"
    return "speaks of revision" if REVISION.search("\n".join([*lines[:2], *lines[-3:]])) else ""


def sound(text: str) -> float:
    """1.0 when a text has no `flaw`, else 0.0."""
    return float(not flaw(text))


def growth(text: str, source: str) -> Amount | None:
    """Words of a text divided by those of its source; None when the source has none."""
    return words(text) / words(source) if words(source) else None


@transform(("response",), OPENING)
def first_half(row: Row) -> list[Row]:
    """The row before the first stage of an extension: the first half of the blocks is the outline."""
    parts, between = blocks(row["response"])
    outline = between.join(parts[: max(1, len(parts) // 2)]).strip()
    return [row | {"initial": row.get("initial") or row["response"], "outline": outline, "opening": ""}]


@transform(("response",), OPENING)
def outlined(row: Row) -> list[Row]:
    """The row before an extension in one stage: the whole response is the outline."""
    return [row | {"initial": row.get("initial") or row["response"], "outline": row["response"], "opening": ""}]


@transform(("response", "longer"), {"outline": TEXT, "opening": TEXT})
def two_thirds(row: Row) -> list[Row]:
    """The row before the second stage: the whole response is the outline, and the first two thirds of the blocks of the
    first stage are the opening. The last third is left out, because it often concludes too early."""
    parts, between = blocks(row["longer"])
    opening = between.join(parts[: max(1, 2 * len(parts) // 3)]).strip()
    return [row | {"outline": row["response"], "opening": opening + between}]


def accepted(row: Row) -> Row:
    """The row with `longer` as its response when that has more words and no flaw; else the row as it is."""
    better = words(row["longer"]) > words(row["response"]) and not flaw(row["longer"])
    return row | {"response": row["longer"] if better else row["response"]}


@transform(("response", "initial"), {"outline": TEXT, "opening": TEXT, "longer": TEXT}, "number")
def thinned(row: Row, share: float) -> list[Row]:
    """A training row for the extender: from the initial response without this share of its lines to the response."""
    lines = [line for line in row["initial"].split("\n") if line.strip()]
    draws = [chance(f"{row['id']} {at} {line}") for at, line in enumerate(lines)]
    kept = {at for at, draw in enumerate(draws) if draw >= share} or {draws.index(max(draws))}
    outline = "\n".join(line for at, line in enumerate(lines) if at in kept).strip()
    return [row | {"outline": outline, "opening": "", "longer": row["response"]}]


GROWTH = 1.2  # an extension succeeds above so many times the words of what the try began with (release, step 2)


@transform(("response", "again"), {})
def until_sound(row: Row) -> list[Row]:
    """The row, queried again while its response has a flaw (release, step 1: 20 tries)."""
    return [row | {"again": row["again"] or flaw(row["response"])}]


@transform((*OPENING, "response", "longer", "again"), {"response": TEXT} | OPENING, "number")
def extended(row: Row, times: float) -> list[Row]:
    """The row after a query to the extender: its first stage gets the first half of the text, its second the whole text
    after two thirds of what the first has written; the longer text is taken when it is sound. After so many `times` the
    try is over: the row is done when its text has grown enough, else it begins anew (release, step 2: 3 times, and 20
    tries). A reply that could not be read extends nothing."""
    step, read = int(row.get("step") or 0), not row["again"]
    if step % 2 == 0 and read:
        return [*opened(row, step + 1)]
    whole = accepted(row) if read else row
    step += 1 + (step + 1) % 2
    if step < 2 * times:
        return [*halved(whole, step, "extended further")]
    if words(whole["response"]) > GROWTH * words(whole["initial"]):
        return [whole | {"again": ""}]
    return [*halved(whole | {"response": whole["initial"]}, 0, f"not {GROWTH:g} times as long")]


def opened(row: Row, step: int) -> list[Row]:
    """The row before the second stage."""
    return [two_thirds(row)[0] | {"step": step, "again": "begun"}]


def halved(row: Row, step: int, why: str) -> list[Row]:
    """The row before the first stage."""
    return [first_half(row)[0] | {"step": step, "again": why}]


@transform(("response",), {}, "number")
def at_least(row: Row, count: float) -> list[Row] | str:
    """The row when its response has so many words or more; else the reason."""
    return [row] if words(row["response"]) >= count else f"under {count:g} words"


@transform(("response",), {}, "number")
def below(row: Row, count: float) -> list[Row] | str:
    """The row when its response has fewer words than this; else the reason."""
    return [row] if words(row["response"]) < count else f"{count:g} words and more"


@transform(("response",), {}, "whole")
def lengthy(table: list[Row]) -> list[tuple[Row, str]]:
    """The rows, kept with probability 1 - min(1, 2 rank^3), in which rank goes from near 0 (longest) to 1 (shortest).

    Words are counted, not characters as in the release, so that languages can be compared.
    """
    draws = [chance(f"lengthy {row['id']} {row['response']}") for row in table]
    order = sorted(range(len(table)), key=lambda at: (words(table[at]["response"]), draws[at]))
    rank = {at: 1 - position / len(table) for position, at in enumerate(order)}
    return [(row, "" if draws[at] < 1 - min(1.0, 2 * rank[at] ** 3) else "short") for at, row in enumerate(table)]


KINDS = {"about": 0.40, "range": 0.25, "above": 0.10, "below": 0.25}  # share of the demands (release)
TWICE = 0.2  # share of the bounds that are rounded to two steps (release)
WORDINGS = {  # {a} lower and {b} upper bound
    "about": ("Write about {a} words.", "The text should have around {a} words."),
    "range": ("Write between {a} and {b} words.", "The text should have {a} to {b} words."),
    "above": ("Write more than {a} words.", "The text should have over {a} words."),
    "below": ("Write less than {b} words.", "The text should have under {b} words."),
}
CHINESE = {
    "about": ("请写大约{a}字。", "字数在{a}字左右。"),
    "range": ("请写{a}到{b}字。", "字数在{a}字至{b}字之间。"),
    "above": ("字数超过{a}字。", "请写{a}字以上。"),
    "below": ("字数少于{b}字。", "请写{b}字以内。"),
}
LIMITS = {  # the interval in which a length is right (release, LonGen)
    "about": lambda a, b: (0.8 * a, 1.2 * a),
    "range": lambda a, b: (a, b),
    "above": lambda a, b: (a, 1.5 * a),
    "below": lambda a, b: (0.5 * b, b),
}


def allowed(limit: str) -> tuple[float, float]:
    """The interval of 'about 40', 'range 30 50', 'above 30' or 'below 50'; ValueError for anything else."""
    kind, *bounds = limit.split()
    if kind not in LIMITS or len(bounds) != (2 if kind == "range" else 1):
        raise ValueError(limit)
    return LIMITS[kind](float(bounds[0]), float(bounds[-1]))


def kept_to(length: float, limit: str) -> float:
    """LonGen's length score: 1 inside the interval; outside it falls linearly to 0, at half the lower and at one and a
    half times the upper bound."""
    low, high = allowed(limit)
    if low <= length <= high:
        return 1.0
    return max(2 * length / low - 1, 0.0) if length < low else max(3 - 2 * length / high, 0.0)


def length_score(limit: str, text: str) -> float:
    """LonGen's length score of a text, 0 to 1."""
    return kept_to(words(text), limit)


def fitting(length: float) -> float:
    """The step for a text of this many words: 1,000 from 2,000 words on (release), 100 from 200, 10 from 20, else 1."""
    return next((step for step in (1000.0, 100.0, 10.0) if length >= 2 * step), 1.0)


def limit_of(length: float, step: float, name: str) -> str:
    """A limit that a text of this length keeps to, drawn by `name`; a range when the drawn kind does not fit."""
    step *= 2 if chance(f"twice {name}") < TWICE and length >= 2 * step else 1
    low = int(length // step * step)
    high = int(low + step)
    nearest = low if length - low < high - length else high
    options = {"about": f"about {nearest}", "above": f"above {low}" if length > low else "", "below": f"below {high}"}
    limit = options.get(kind_at(chance(f"kind {name}")), "")
    return limit if limit and kept_to(length, limit) == 1.0 else f"range {low} {high}"


def kind_at(number: float) -> str:
    """The kind of demand for a random number in [0, 1)."""
    for kind, share in KINDS.items():
        if number < share:
            return kind
        number -= share
    return "range"


def numeral(number: int) -> str:
    """A number below 10,000 as a Chinese numeral, like 三千五百; 两 before 百 and 千."""
    digits, text, gap = str(number), "", False
    for place, digit in zip("千百十 "[4 - len(digits) :], digits, strict=True):
        if digit != "0":
            mark = "两" if digit == "2" and place in "千百" else "零一二三四五六七八九"[int(digit)]
            text += ("零" if gap else "") + mark + place.strip()
        gap = bool(text) and digit == "0"
    return text.removeprefix("一") if 10 <= number < 20 else text


def worded(limit: str, language: str, name: str) -> str:
    """The limit as a sentence, drawn by `name`; in Chinese half of the sentences have numerals for numbers."""
    kind, *bounds = limit.split()
    spell = language == "zh" and chance(f"numeral {name}") < 0.5 and all(int(b) < 10_000 for b in bounds)
    shown = [numeral(int(b)) if spell else b for b in bounds]
    wordings = (CHINESE if language == "zh" else WORDINGS)[kind]
    wording = wordings[int(chance(f"wording {name}") * len(wordings))]
    return wording.format(a=shown[0], b=shown[-1])


@transform(("instruction", "response"), {"instruction": TEXT, "limit": TEXT}, "number")
def demand(row: Row, step: float) -> list[Row] | str:
    """The row with a length demand that its response meets, rounded to `step` words, added to the instruction and in
    `limit`; a row whose response is shorter than a step leaves. Step 0 is one that fits the length (`fitting`)."""
    length, name = words(row["response"]), str(row["id"])
    step = step or fitting(length)
    if length < step:
        return f"under {step:g} words"
    limit = limit_of(length, step, name)
    language = "zh" if is_chinese(row["instruction"]) else "en"
    sentence = worded(limit, language, name)
    return [row | {"instruction": f"{row['instruction']}{'' if language == 'zh' else ' '}{sentence}", "limit": limit}]
