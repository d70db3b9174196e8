"""Lengthening: the steps by which a model's own answers are made longer (Self-Lengthen, release), between two askings.

A text is looked at in blocks: between blank lines, or line by line when there are two of those or fewer. The columns:
`response` is the text so far, `initial` the one at the start of the round, `outline` what the extender is shown,
`opening` what its answer must begin with, `longer` that answer.

Length demands: an instruction that says how long the answer is to be, and how far an answer keeps to it.

Self-Lengthen (release: add-length and LonGen) has a language model reword the query; here it is done by template. The
release fills the bounds of Chinese 'more than' and 'less than' into each other's places; here each has its own.
"""

import re

from baleen.measures.words import chance, chinese, words
from baleen.tables.rows import Row

# no '…': a reply that was cut off ends in it
ENDS, CHINESE_ENDS = tuple(".!?\"')]}*`,;:-”’"), tuple("。！？”’』」）》】；.!?)")
REVISION = re.compile(
    r"\b(?:revised|revision|response|version|paragraph)s?\b|修改|修订|改写|版本", re.IGNORECASE | re.ASCII
)
GRAM, CHINESE_GRAM = 10, 13  # words, characters


def blocks(text: str) -> tuple[list[str], str]:
    """The blocks of a text, and what stands between them."""
    parts = [part for part in re.split(r"\n\s*\n", text.strip()) if part.strip()]
    if len(parts) > 2:
        return parts, "\n\n"
    return [line for line in text.strip().split("\n") if line.strip()], "\n"


def repeats(text: str) -> bool:
    """Whether ten words, or thirteen characters of a Chinese text, stand there twice in the same order."""
    units, n = ([*"".join(text.split())], CHINESE_GRAM) if chinese(text) else (text.split(), GRAM)
    grams = [tuple(units[i : i + n]) for i in range(len(units) - n + 1)]
    return len(set(grams)) < len(grams)


def flaw(text: str) -> str:
    """Why a text is not fit to be learned: it has no end, repeats itself, or speaks of its revision; '' when it is."""
    said = text.strip()
    lines = [line for line in said.splitlines() if line.strip()]
    if not said.endswith(CHINESE_ENDS if chinese(said) else ENDS):
        return "no end mark"
    if repeats(said):
        return "repeats itself"
    return "speaks of revision" if REVISION.search("\n".join([*lines[:2], *lines[-3:]])) else ""


def sound(text: str) -> float:
    """1.0 when a text comes to an end, does not repeat itself and does not speak of its revision."""
    return float(not flaw(text))


def growth(text: str, source: str) -> float | None:
    """How many times as many words as the source a text has."""
    return words(text) / words(source) if words(source) else None


def checked(row: Row) -> list[Row] | str:
    """The row, if its response is sound."""
    return flaw(row["response"]) or [row]


def first_half(row: Row) -> list[Row]:
    """The row at the start of an extension: the first half of the blocks is the outline."""
    parts, between = blocks(row["response"])
    outline = between.join(parts[: max(1, len(parts) // 2)]).strip()
    return [row | {"initial": row.get("initial") or row["response"], "outline": outline, "opening": ""}]


def outlined(row: Row) -> list[Row]:
    """The row at the start of an extension in one stage: the whole response is the outline."""
    return [row | {"initial": row.get("initial") or row["response"], "outline": row["response"], "opening": ""}]


def two_thirds(row: Row) -> list[Row]:
    """The row before the second stage: the whole response is the outline, and the answer begins with the first two
    thirds of what the first stage wrote, up to the end of a block, for its end tends to conclude too early."""
    parts, between = blocks(row["longer"])
    opening = between.join(parts[: max(1, 2 * len(parts) // 3)]).strip()
    return [row | {"outline": row["response"], "opening": opening + between}]


def accepted(row: Row) -> list[Row]:
    """The row with the longer text as its response, if that is sound and has more words; else with the old one."""
    better = words(row["longer"]) > words(row["response"]) and not flaw(row["longer"])
    return [row | {"response": row["longer"] if better else row["response"]}]


def grown(row: Row, times: float) -> list[Row] | str:
    """The row, if its response has become more than so many times as long."""
    return [row] if words(row["response"]) > times * words(row["initial"]) else f"not {times:g} times as long"


def thinned(row: Row, share: float) -> list[Row]:
    """The row as a lesson for the extender: the initial response without so many of its lines becomes the response."""
    lines = [line for line in row["initial"].split("\n") if line.strip()]
    luck = [chance(f"{row['id']} {at} {line}") for at, line in enumerate(lines)]
    kept = {at for at, lucky in enumerate(luck) if lucky >= share} or {luck.index(max(luck))}
    outline = "\n".join(line for at, line in enumerate(lines) if at in kept).strip()
    return [row | {"outline": outline, "opening": "", "longer": row["response"]}]


def lengthy(table: list[Row]) -> list[tuple[Row, str]]:
    """The longer responses, by chance: kept with probability 1 - min(1, 2 rank^3), rank 1 being the shortest.

    Words are counted, not characters as in the release, so that languages compete on equal terms.
    """
    luck = [chance(f"lengthy {row['id']} {row['response']}") for row in table]
    order = sorted(range(len(table)), key=lambda at: (words(table[at]["response"]), luck[at]))
    rank = {at: 1 - position / len(table) for position, at in enumerate(order)}
    return [(row, "" if luck[at] < 1 - min(1.0, 2 * rank[at] ** 3) else "short") for at, row in enumerate(table)]


KINDS = {"about": 0.40, "range": 0.25, "above": 0.10, "below": 0.25}  # share of the demands (release)
TWICE = 0.2  # of the bounds are rounded to two steps (release)
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
    """LonGen's length score: 1 inside the interval; outside it falls in a straight line, to 0 at half the lower and at
    one and a half times the upper bound."""
    low, high = allowed(limit)
    if low <= length <= high:
        return 1.0
    return max(2 * length / low - 1, 0.0) if length < low else max(3 - 2 * length / high, 0.0)


def length_score(limit: str, text: str) -> float:
    """How far a text keeps to its limit, 0 to 1."""
    return kept_to(words(text), limit)


def limit_of(length: float, step: float, name: str) -> str:
    """A limit that a text of this length keeps to, by the chance of a name; a range where its kind would not hold."""
    step *= 2 if chance(f"twice {name}") < TWICE and length >= 2 * step else 1
    low = int(length // step * step)
    high = int(low + step)
    nearest = low if length - low < high - length else high
    options = {"about": f"about {nearest}", "above": f"above {low}" if length > low else "", "below": f"below {high}"}
    found = options.get(drawn(chance(f"kind {name}")), "")
    return found if found and kept_to(length, found) == 1.0 else f"range {low} {high}"


def drawn(number: float) -> str:
    """The kind that a number in [0, 1) falls to."""
    for kind, share in KINDS.items():
        if number < share:
            return kind
        number -= share
    return "range"


def numeral(number: int) -> str:
    """A number below 10,000 in Chinese, like 三千五百; 两 before 百 and 千."""
    digits, found, gap = str(number), "", False
    for place, digit in zip("千百十 "[4 - len(digits) :], digits, strict=True):
        if digit != "0":
            mark = "两" if digit == "2" and place in "千百" else "零一二三四五六七八九"[int(digit)]
            found += ("零" if gap else "") + mark + place.strip()
        gap = bool(found) and digit == "0"
    return found.removeprefix("一") if 10 <= number < 20 else found


def worded(limit: str, language: str, name: str) -> str:
    """The limit as a sentence; in Chinese half of the numbers are numerals."""
    kind, *bounds = limit.split()
    spell = language == "zh" and chance(f"numeral {name}") < 0.5 and all(int(b) < 10_000 for b in bounds)
    shown = [numeral(int(b)) if spell else b for b in bounds]
    wordings = (CHINESE if language == "zh" else WORDINGS)[kind]
    wording = wordings[int(chance(f"wording {name}") * len(wordings))]
    return wording.format(a=shown[0], b=shown[-1])


def demand(row: Row, step: float) -> list[Row] | str:
    """The row with an instruction that demands the length its response has, rounded to steps of so many words, and the
    demand as `limit`; one that is shorter than a step leaves."""
    length, name = words(row["response"]), str(row["id"])
    if length < step:
        return f"under {step:g} words"
    limit = limit_of(length, step, name)
    language = "zh" if chinese(row["instruction"]) else "en"
    said = worded(limit, language, name)
    return [row | {"instruction": f"{row['instruction']}{'' if language == 'zh' else ' '}{said}", "limit": limit}]
