"""Word alignment of translated utterances: where the slots of the original are, from the table alone.

IBM Model 1 (Brown et al., 1993, Computational Linguistics 19(2)): expectation maximisation over all pairs, in memory.
"""

import re
from collections import defaultdict
from collections.abc import Sequence

from baleen.rows import Row
from baleen.specs import labelled, marked
from baleen.tagged import SPAN, WORD, plain

ROUNDS = 10
TOKEN = re.compile(rf"{WORD}+|\S")  # words, and single characters of scripts without spaces
NULL = ""  # what a word without an original is aligned to
Words = list[str]
Table = dict[tuple[str, str], float]


def model1(pairs: Sequence[tuple[Words, Words]]) -> Table:
    """Probability of a target word given a source word, for all that share a pair."""
    likely: Table = defaultdict(lambda: 1.0)
    for _ in range(ROUNDS):
        joint, total = defaultdict[tuple[str, str], float](float), defaultdict[str, float](float)
        for source, target in pairs:
            for word in target:
                mass = sum(likely[own, word] for own in [NULL, *source])
                for own in [NULL, *source]:
                    joint[own, word] += likely[own, word] / mass
                    total[own] += likely[own, word] / mass
        likely = {(own, word): n / total[own] for (own, word), n in joint.items()}
    return likely


def aligned(table: list[Row]) -> list[tuple[Row, str]]:
    """Labelled utterances in the language of `into`: the `translation` with the slots of the original."""
    pairs = [(TOKEN.findall(row["utterance"]), TOKEN.findall(row["translation"])) for row in table]
    likely = model1(pairs)
    made = list[tuple[Row, str]]()
    for row, (source, target) in zip(table, pairs, strict=True):
        places = [likeliest(word, source, likely) for word in target]
        tagged = "" if set("[]") & set(row["translation"]) else carried(row, places)
        told = labelled(row["into"], row["intent"], tagged or row["translation"])
        made.append((row | told if tagged else row, "" if tagged else "a slot is not aligned to one span"))
    return made


def likeliest(word: str, source: Words, likely: Table) -> int:
    """Place of the original that a word most likely comes from, -1 for none."""
    chances = [likely[own, word] for own in [NULL, *source]]
    return chances.index(max(chances)) - 1


def carried(row: Row, places: list[int]) -> str:
    """The translation, tagged; '' when the words that a slot is aligned to are none, apart, or another slot's."""
    found = list(TOKEN.finditer(row["translation"]))
    cuts = list[tuple[int, int, str]]()
    for label, first, last in ranges(marked(row)):
        own = [j for j, place in enumerate(places) if first <= place < last]
        if not own or own[-1] - own[0] + 1 != len(own):
            return ""
        cuts.append((found[own[0]].start(), found[own[-1]].end(), label))
    text = str(row["translation"])
    for start, end, label in sorted(cuts, reverse=True):
        text = f"{text[:start]}[{label} {text[start:end]} ]{text[end:]}"
    return text


def ranges(tagged: str) -> list[tuple[str, int, int]]:
    """Label, first token and the one after the last, of each span in the plain utterance."""
    found = list[tuple[str, int, int]]()
    for match in SPAN.finditer(tagged):
        first = len(TOKEN.findall(plain(tagged[: match.start()])))
        found.append((match["mark"], first, first + len(TOKEN.findall(match["value"]))))
    return found
