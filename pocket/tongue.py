"""The tongue: a made-up second language of the world, for translation, round trips and cross-lingual tests.

Every common word has a word of its own there, synonyms share one, names and figures stay. A clause ends with what
comes before its first preposition; before that come its phrases, last one first, each with its preposition at the end.
So translating loses only which of several synonyms was said, and translating back rewords.
"""

import re
from functools import cache
from hashlib import sha256
from itertools import groupby
from random import Random

from baleen.methods.linguist import SPAN
from pocket.world import World, build

SYNONYMS = (  # words of a group have one word in the tongue
    "book reserve hold", "order get fetch", "call ring phone", "show find", "want need", "people guests persons",
    "please kindly", "can could would", "plates portions servings", "set put start", "timer alarm clock",
    "add write enter", "join enroll", "cold chilly", "rain pour", "weather forecast", "tell give", "place spot seat",
    "visit see", "ready done", "talk speak", "where which", "table desk",
)  # fmt: skip
PREPOSITIONS = frozenset("in on for at to of with from by about near into through as".split())
STAYS = re.compile(r"[\W\d_]+")  # figures and punctuation
BREAKS = frozenset(". , ? ! : ; | { } - \n".split(" "))
CONSONANTS, VOWELS = "bdfghjklmnprstvz", "aeiou"


def coined(word: str, language: str = "tongue") -> str:
    """The word of the tongue for a group whose first word this is: seven letters, from a hash."""
    digest = sha256(f"{language} {word}".encode()).digest()
    letters = (CONSONANTS if i % 2 == 0 else VOWELS for i in range(7))
    return "".join(alphabet[byte % len(alphabet)] for alphabet, byte in zip(letters, digest, strict=False))


@cache
def synonyms() -> dict[str, tuple[str, ...]]:
    """Each word that has synonyms -> its whole group, the same tuple for all of them."""
    return {word: tuple(group.split()) for group in SYNONYMS for word in group.split()}


def alike(word: str) -> tuple[str, ...]:
    """The word and its synonyms."""
    return synonyms().get(word, (word,))


def foreign(word: str) -> str:
    return word if STAYS.fullmatch(word) else coined(alike(word)[0])


@cache
def dictionary(number: int) -> dict[str, tuple[str, ...]]:
    """Word of the tongue -> what it can mean, for all common words of the world of this number."""
    return {foreign(word): alike(word) for word in common(number)}


@cache
def common(number: int) -> frozenset[str]:
    """All words of the texts, instructions and utterances of a world but names, figures and punctuation."""
    from pocket.linguist import carrier_words
    from pocket.parts import vocabulary

    world = build(number)
    own = {word for name in world.entities for word in name.split()} | set(world.values["river"])
    words = {*vocabulary(number), *carrier_words(), *synonyms()} - own
    return frozenset(word for word in words if not STAYS.fullmatch(word))


def translate(world: World, text: str) -> str:
    """The text in the tongue: one word for each common word, phrases in the order of the tongue."""
    clauses = clausal(world.lexer.findall(text))
    return " ".join(word for clause in clauses for word in turned(clause, world))


def turned(clause: list[str], world: World) -> list[str]:
    """A clause in the order and the words of the tongue; a mark that ends clauses stays as it is."""
    known = common(world.number)
    return [foreign(word) if word in known else word for word in reordered(clause)]


def reordered(clause: list[str]) -> list[str]:
    """A clause in the order of the tongue."""
    phrases: list[list[str]] = [[]]
    for word in clause:
        if word in PREPOSITIONS:
            phrases.append([])
        phrases[-1].append(word)
    head, *rest = phrases
    ordered = [[*phrase[1:], phrase[0]] for phrase in reversed(rest)]
    return [word for phrase in [*ordered, head] for word in phrase]


def back(world: World, text: str, rng: Random) -> str:
    """The text translated back, each word that stands for several becoming one of them at random."""
    ends = {foreign(word) for word in PREPOSITIONS}
    return " ".join(
        word for clause in clausal(world.lexer.findall(text)) for word in returned(clause, ends, world, rng)
    )


def returned(clause: list[str], ends: set[str], world: World, rng: Random) -> list[str]:
    """A clause of the tongue in the order and the words of the first language."""
    phrases: list[list[str]] = [[]]
    for word in clause:
        phrases[-1].append(word)
        if word in ends:
            phrases.append([])
    *rest, head = phrases
    ordered = [head, *([phrase[-1], *phrase[:-1]] for phrase in reversed(rest))]
    means = dictionary(world.number)
    return [rng.choice(means.get(word, (word,))) for phrase in ordered for word in phrase]


def tagged_abroad(world: World, tagged: str) -> str:
    """A tagged utterance in the tongue: values translated on their own, each kept together where it goes."""
    found = list(SPAN.finditer(tagged))
    places = {f"@{i}": f"[{span['mark']} {translate(world, span['value'].strip())} ]" for i, span in enumerate(found)}
    names = iter(places)
    told = translate(world, SPAN.sub(lambda span: next(names), tagged))
    return " ".join(places.get(word, word) for word in told.split(" "))


def clausal(words: list[str]) -> list[list[str]]:
    """The words in clauses, each mark that ends one standing alone."""
    return [list(part) for _, part in groupby(words, lambda word: word if word in BREAKS else "")]
