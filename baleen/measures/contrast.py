"""Contrast: right pairs and, made of each, wrong ones, on which a score shows how well it tells them apart.

The wrong ones are of four kinds that a curated dataset must not hold: the answer of another instruction, the answer of
the instruction that is most like this one, an answer that ends half-way, and one with words of other answers in it.
"""

import re
from collections.abc import Iterator, Sequence
from random import Random

from baleen.measures.words import chance, tokens
from baleen.tables.rows import Row, row_id

TRUE, KINDS = "true", ("shuffled", "near topic", "truncated", "noisy")
NOISE = 0.2  # share of the words of a noisy answer that come from other answers, one at least
NEIGHBOURS = 2000  # rows among which the one on the nearest topic is looked for
Fate = tuple[Row, str]  # a row, and why it leaves or ''
PARTS = re.compile(r"\S+|\s+")


def pieces(text: str) -> list[str]:
    """A text as words and the white space between them; as characters where there are fewer than four words."""
    parts = PARTS.findall(text)
    return parts if len(text.split()) >= 4 else list(text)


def truncated(text: str) -> str:
    """The first half of a text."""
    parts = pieces(text)
    return "".join(parts[: len(parts) // 2]).rstrip()


def noisy(text: str, words: Sequence[str], rng: Random) -> str:
    """A text in which some words are others; `words` are those to draw from."""
    parts = pieces(text)
    places = [n for n, part in enumerate(parts) if part.strip()]
    for place in rng.sample(places, min(len(places), max(1, round(NOISE * len(places))))):
        parts[place] = rng.choice(words)
    return "".join(parts)


def similarity(mine: frozenset[str], other: frozenset[str]) -> float:
    """Jaccard similarity of two sets of words."""
    return len(mine & other) / len(mine | other) if mine | other else 0.0


def nearest(row: Row, table: Sequence[Row], words: Sequence[frozenset[str]], own: frozenset[str]) -> Row | None:
    """The row whose instruction is most like that of a row, but another one with another answer."""
    known = [
        (similarity(own, theirs), -n)
        for n, (other, theirs) in enumerate(zip(table, words, strict=True))
        if theirs != own and other["response"] != row["response"]
    ]
    best, place = max(known, default=(0.0, 0))
    return table[-place] if best > 0 else None


def wrong_answers(table: Sequence[Row]) -> Iterator[tuple[Row, dict[str, str]]]:
    """Each row with a wrong answer of each kind; '' where none can be made."""
    order = sorted(table, key=lambda row: (chance(row["id"]), row["id"]))
    some, every = order[:NEIGHBOURS], [word for row in order for word in pieces(row["response"]) if word.strip()]
    words = [frozenset(tokens(row["instruction"])) for row in some]
    for n, row in enumerate(order):
        others = (other["response"] for other in [*order[n + 1 :], *order[:n]])
        near = nearest(row, some, words, frozenset(tokens(row["instruction"])))
        texts = (
            next((text for text in others if text != row["response"]), ""),
            near["response"] if near else "",
            truncated(row["response"]),
            noisy(row["response"], every, Random(row["id"])),
        )
        yield row, dict(zip(KINDS, texts, strict=True))


def contrasted(table: Sequence[Row]) -> Iterator[Fate]:
    """The rows with `good` 1 and kind `true`, and for each the wrong ones with `good` 0; `pair` is the id of the row
    that all of them come from. What cannot be made leaves with a reason; an answer that happens to be right does."""
    whole = [row for row in table if row["instruction"] and row["response"]]
    right = {(row["instruction"], row["response"]) for row in whole}
    yield from ((row, "no pair") for row in table if not (row["instruction"] and row["response"]))
    for row, wrong in wrong_answers(whole):
        yield row | {"good": 1.0, "kind": TRUE, "pair": row["id"]}, ""
        for kind, text in wrong.items():
            made = {"id": row_id(row["id"], kind), "response": text, "good": 0.0, "kind": kind, "pair": row["id"]}
            is_right = (row["instruction"], text) in right
            yield row | made, "" if text.strip() and not is_right else f"no {kind} answer"
