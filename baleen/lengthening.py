"""Lengthening: the steps by which a model's own answers are made longer (Self-Lengthen, release), between two askings.

A text is looked at in blocks: between blank lines, or line by line when there are two of those or fewer. The columns:
`response` is the text so far, `initial` the one at the start of the round, `outline` what the extender is shown,
`opening` what its answer must begin with, `longer` that answer.
"""

import re

from baleen.counting import chance, chinese, words
from baleen.rows import Row

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
