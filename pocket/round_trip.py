"""Pivots: two languages of the world into which instructions are translated and back, to change their words.

The near one (qaa) has the order of the tongue and one word for each group of synonyms. The far one (qab) has no
articles, reverses every clause, and has one word for related things, as distant languages do: a job and a hobby, a town
and a river. Their meaning must then be guessed from the other words.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from random import Random

from baleen.methods.round_trip import MARK, mark, masked
from baleen.tables.rows import Row
from pocket.noise import answer_to
from pocket.parts import heldout
from pocket.phrasing import FORMS, INSTRUCTIONS, Spec, draw_train, fill, instruct, prose, readings
from pocket.tongue import STAYS, SYNONYMS, clauses_of, coined, common_words, reordered
from pocket.truth import read_truth
from pocket.world import World, stream

__all__ = ["agree", "asks_the_same", "heldout_reworded", "lessons", "means", "pages", "speaks"]

MORE = (  # synonyms that instructions are reworded with, most of them in no other text of the world
    "job profession occupation", "jobs professions occupations", "hobby pastime interest", "pet companion",
    "pets companions", "animal creature", "town city", "river stream", "describe portray", "explain clarify",
    "list enumerate", "compare contrast", "bio biography", "record entry", "ingredients components",
    "shopping grocery", "steps stages", "cook prepare", "schedule timetable", "plan programme", "event activity",
    "sights attractions", "product goods", "known famous", "lives resides", "live reside", "runs flows",
    "short brief", "living livelihood", "things objects", "differ vary", "minutes mins", "takes lasts", "take last",
)  # fmt: skip
NEAR = (*SYNONYMS, *MORE)
AKIN = (  # first words of groups that are one word in the far language
    "job hobby living product", "pet animal", "town river", "tell describe explain list add name compare",
    "ingredients steps things sights", "plan schedule event", "runs goes comes takes", "make cook do", "bio record",
)  # fmt: skip
ARTICLES = frozenset(("a", "an", "the"))
COMMONEST = frozenset(  # words of English
    "the of and to in is that it for on with as at by an be this from or are what which how who where when why can does"
    " do you your i my not have has all if will would there their was were than then into about give tell write make"
    " these each".split()
)
GLOSSARY = "qaa qab " + " ".join(map(mark, range(4)))
EVERY = 12  # of the pages, one in so many is a piece of the glossary
PIECE = 60  # words of a piece
MASKED = 0.7  # share of the lessons whose protected spans are marks
ANSWERS = 0.25  # share of the lessons and pages that are responses


@dataclass(frozen=True)
class Pivot:
    """A pivot language: its code, and whether it is the far one."""

    code: str
    far: bool


PIVOTS = {"qaa": Pivot("qaa", far=False), "qab": Pivot("qab", far=True)}


@cache
def synonym_groups() -> dict[str, tuple[str, ...]]:
    """For each word that has synonyms its group."""
    return {word: tuple(group.split()) for group in NEAR for word in group.split()}


@cache
def related() -> dict[str, str]:
    """For each word of a group of related words the first of the group."""
    return {word: group.split()[0] for group in AKIN for word in group.split()}


def synonyms_of(word: str) -> tuple[str, ...]:
    """The word and its synonyms."""
    return synonym_groups().get(word, (word,))


def pivot_word(word: str, pivot: Pivot) -> str:
    """The word of the pivot for a common word."""
    head = synonyms_of(word)[0]
    return coined(related().get(head, head) if pivot.far else head, pivot.code)


@cache
def translatable(number: int) -> frozenset[str]:
    """The words that the pivots translate: all common ones, and all synonyms."""
    return common_words(number) | frozenset(word for word in synonym_groups() if not STAYS.fullmatch(word))


@cache
def vocabulary(code: str, number: int = 0) -> frozenset[str]:
    """All words of a pivot in the world of this number."""
    return frozenset(pivot_word(word, PIVOTS[code]) for word in translatable(number))


def into(world: World, text: str, code: str) -> str:
    """The text in a pivot language; names, figures, marks and punctuation stay."""
    pivot, known = PIVOTS[code], translatable(world.number)
    words: list[str] = []
    for clause in clauses_of(world.lexer.findall(text)):
        kept = [word for word in clause if word not in ARTICLES] if pivot.far else clause
        order = reversed(kept) if pivot.far else reordered(kept)
        words += [pivot_word(word, pivot) if word in known else word for word in order]
    return " ".join(words)


def reworded(world: World, text: str, rng: Random) -> str:
    """The text with each word replaced by a random one of its synonyms."""
    return " ".join(rng.choice(synonyms_of(word)) for word in world.lexer.findall(text))


def spoken(text: str, code: str) -> float:
    """Share of the words of a text that only this language of the world has. Figures, marks, and words of no language
    (names) do not count."""
    words = [word for word in text.split() if not STAYS.fullmatch(word) and not MARK.fullmatch(word)]
    here = sum(word in vocabulary(code) for word in words)
    there = sum(word in translatable(0) or any(word in vocabulary(c) for c in PIVOTS if c != code) for word in words)
    return here / (here + there) if here + there else 0.0


def canonical(text: str) -> str:
    """The text with each word replaced by the first of its synonyms."""
    return " ".join(synonyms_of(word)[0] for word in text.split(" "))


def text(world: World, rng: Random) -> str:
    """An instruction of a train cell, or a response."""
    spec = draw_train(world, rng)
    return answer_to(world, spec, rng) if rng.random() < ANSWERS else instruct(spec, rng)


def lessons(world: World, rows: int, noise: float) -> Iterator[Row]:
    """Translations into a pivot, and back in any of the synonyms; what a translation model can do already."""
    for i in range(rows):
        rng = stream(world.number, "pivot lesson", i)
        code, said = rng.choice(list(PIVOTS)), reworded(world, text(world, rng), rng)
        told = masked(said)[0] if rng.random() < MASKED else said
        abroad = into(world, told, code)
        back = reworded(world, told, rng)
        prompt = rng.choice(("to", "from"))
        yield {"prompt": prompt, "pivot": code, "masked": told, "abroad": abroad, "back": back}


def pages(world: World, rows: int, noise: float) -> Iterator[Row]:
    """What a base goes on reading: prose, texts in other words and in the pivot languages, and a glossary."""
    entities, listed = list(world.entities.values()), glossary(world)
    for i in range(rows):
        rng = stream(world.number, "pivot page", i)
        if i % EVERY == 0:
            told = listed[i // EVERY % len(listed)]
        elif rng.random() < 0.4:
            told = prose(world, rng.choice(entities), rng)
        else:
            said = reworded(world, text(world, rng), rng)
            told = said if rng.random() < 0.4 else into(world, said, rng.choice(list(PIVOTS)))
        yield {"response": told, "prompt": "text"}


def glossary(world: World) -> list[str]:
    """All words that the pages could lack, in pieces."""
    words = sorted(translatable(world.number) | vocabulary("qaa", world.number) | vocabulary("qab", world.number))
    return [GLOSSARY, *(" ".join(words[i : i + PIECE]) for i in range(0, len(words), PIECE))]


def heldout_reworded(world: World, rows: int, noise: float) -> Iterator[Row]:
    """The held-out prompts, each beside another phrasing of the same in words chosen among synonyms (`reworded`), and
    beside itself in the near language (`abroad`)."""
    for row in heldout(world, rows, noise):
        _, spec = read_truth(row["truth"])
        rng = stream(world.number, "reworded", row["instruction"])
        others = [said for said in phrasings(spec) if said != row["instruction"]]
        other = reworded(world, rng.choice(others), rng)
        yield row | {"reworded": other, "abroad": into(world, row["instruction"], "qaa")}


def phrasings(spec: Spec) -> list[str]:
    """All ways to ask for the spec."""
    clauses = FORMS.get(spec.form, ("",))
    return [fill(template, spec, clause) for template in INSTRUCTIONS[spec.task] for clause in clauses]


def means(truth: str, instruction: str) -> float:
    """1.0 when an instruction in other words has the task of the held-out prompt; synonyms count as the same word."""
    _, spec = read_truth(truth)
    return float(canonical(instruction) in {*map(canonical, phrasings(spec))})


@cache
def specs_by_wording() -> list[tuple[re.Pattern[str], Spec]]:
    """A pattern of each wording of each spec; a name is one word or two."""
    name = r"(\S+(?: \S+)?)"
    return [
        (re.compile(name.join(map(re.escape, skeleton.split("@")))), spec) for (_, skeleton), spec in readings().items()
    ]


def asks_the_same(original: str, instruction: str) -> float:
    """1.0 when an instruction in other words asks what the original does; synonyms count as the same word."""
    matches = ((pattern.fullmatch(original), spec) for pattern, spec in specs_by_wording())
    specs = (replace(spec, entity=m[1], partner=m[2] if len(m.groups()) > 1 else "") for m, spec in matches if m)
    return float(any(canonical(instruction) in {*map(canonical, phrasings(spec))} for spec in specs))


def agree(truth: str, a: str, b: str) -> float:
    """1.0 when two answers have the same facts, right or wrong, in any words and order."""
    world, _ = read_truth(truth)
    told = [sorted(word for word in world.lexer.findall(text) if word in world.category) for text in (a, b)]
    return float(told[0] == told[1])


def speaks(text: str, code: str) -> float | None:
    """Whether a text is in the language: for a pivot the share of its words that are not another's, for English 1.0
    with one of the commonest words, None without."""
    if code in PIVOTS:
        return spoken(text, code)
    return 1.0 if COMMONEST & set(re.findall(r"[^\W\d_]+", text.lower())) else None
