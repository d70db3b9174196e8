"""The tongue: a made-up second language of the world, for translation, round trips and cross-lingual tests.

Every common word has one word in the tongue; synonyms share one; names and figures stay. In a clause the phrases come
first, the last one first, each with its preposition at its end; the words before the first preposition come last. So a
translation loses only which of several synonyms was used, and a translation back can choose another.
"""

import re
from functools import cache
from hashlib import sha256
from itertools import groupby
from random import Random

from pocket.parts import vocabulary
from pocket.utterances import carrier_words
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
def synonym_groups() -> dict[str, tuple[str, ...]]:
    """For each word that has synonyms its group, the same tuple for all words of the group."""
    return {word: tuple(group.split()) for group in SYNONYMS for word in group.split()}


def synonyms_of(word: str) -> tuple[str, ...]:
    """The word and its synonyms."""
    return synonym_groups().get(word, (word,))


def tongue_word(word: str) -> str:
    """The word of the tongue for a common word; figures and punctuation stay."""
    return word if STAYS.fullmatch(word) else coined(synonyms_of(word)[0])


@cache
def dictionary(number: int) -> dict[str, tuple[str, ...]]:
    """The meanings of each word of the tongue, for all common words of the world of this number."""
    return {tongue_word(word): synonyms_of(word) for word in common_words(number)}


@cache
def common_words(number: int) -> frozenset[str]:
    """All words of the texts, instructions and utterances of a world, without names, figures and punctuation."""
    world = build(number)
    own = {word for name in world.entities for word in name.split()} | set(world.values["river"])
    words = {*vocabulary(number), *carrier_words(), *synonym_groups()} - own
    return frozenset(word for word in words if not STAYS.fullmatch(word))


def translate(world: World, text: str) -> str:
    """The text in the tongue: one word for each common word, phrases in the order of the tongue."""
    clauses = clauses_of(world.lexer.findall(text))
    return " ".join(word for clause in clauses for word in translated_clause(clause, world))


def translated_clause(clause: list[str], world: World) -> list[str]:
    """A clause in the order and the words of the tongue; punctuation that ends a clause stays."""
    translatable = common_words(world.number)
    return [tongue_word(word) if word in translatable else word for word in reordered(clause)]


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


def translate_back(world: World, text: str, rng: Random) -> str:
    """The text translated back; a word with several meanings becomes one of them at random."""
    ends = {tongue_word(word) for word in PREPOSITIONS}
    return " ".join(
        word for clause in clauses_of(world.lexer.findall(text)) for word in clause_back(clause, ends, world, rng)
    )


def clause_back(clause: list[str], ends: set[str], world: World, rng: Random) -> list[str]:
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


def clauses_of(words: list[str]) -> list[list[str]]:
    """The words cut into clauses; punctuation that ends a clause is a list of its own."""
    return [list(part) for _, part in groupby(words, lambda word: word if word in BREAKS else "")]
