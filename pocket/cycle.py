"""Pages of the world for methods without seeds: raw pages with a question and its answer, and a few pages that show how
questions are answered.

Only train cells. A real base model has read such pages by the million; ours reads `FAQS` different ones.
"""

import json
from collections.abc import Iterator
from random import Random

from baleen.tables.rows import Row
from pocket.noise import Document, answer_to, boilerplate, document
from pocket.phrasing import Spec, draw_train, instruct, prose
from pocket.world import World, stream

FAQS = 150  # different pages of questions and answers that the base reads, one pair each
FAQ_EVERY = 4  # of the pages that the base goes on reading, one in so many is of that kind
BARE = 0.2  # share of the requests without a question mark that nobody introduces with one
TITLE = "Questions that people ask, each with a complete answer."  # as in prompts/cycle/answer.md
OPENINGS = ("can anyone help ?", "does anybody know this ?", "could you do this for me ?")
MARKS = "Text: Question: Answer:"  # words of prompts that no other page holds
GAP = " \n \n "


def asked(spec: Spec, rng: Random, bare: float = 0.0) -> str:
    """A question as people put it; a request without a question mark mostly comes after one that has it."""
    said, opening, alone = instruct(spec, rng), rng.choice(OPENINGS), rng.random() < bare
    return said if "?" in said or alone else f"{opening} {said}"


def faq(world: World, number: int) -> str:
    """One page of the kind `FAQS` counts."""
    rng = stream(world.number, "faq", number)
    spec = draw_train(world, rng)
    return f"{TITLE}{GAP}Question: {asked(spec, rng)} \n Answer: {answer_to(world, spec, rng)}"


def reading(world: World, rows: int, noise: float) -> Iterator[Row]:
    """What a base goes on reading: prose, web documents, and every fourth time one of the FAQS pages."""
    entities = list(world.entities.values())
    for i in range(rows):
        rng = stream(world.number, "reading", i)
        if i == 1:
            text = MARKS
        elif i % FAQ_EVERY == 0:
            text = faq(world, i // FAQ_EVERY % FAQS)
        else:
            told = rng.random() < 0.5
            text = prose(world, rng.choice(entities), rng) if told else document(world, noise, rng).text
        yield {"response": text, "prompt": "text"}


def thread(world: World, noise: float, number: int) -> tuple[str, Document, Random]:
    """A question, what stands below it (its answer, or useless text), and the randomness for the rest of the page."""
    rng = stream(world.number, "forum", number)
    found = document(world, noise, rng)
    return asked(found.specs[0], rng, BARE), found, rng


def forum(world: World, rows: int, noise: float) -> Iterator[Row]:
    """Raw pages: a paragraph that asks, one that answers, and on some pages a third that does neither."""
    for i in range(rows):
        question, found, rng = thread(world, noise, i)
        rest = [boilerplate(world, rng)] if rng.random() < 0.15 else []
        yield {
            "response": GAP.join([question, found.text, *rest]),
            "truth": json.dumps({"world": world.number, "kind": found.kind}),
        }


def gold_pairs(world: World, rows: int, noise: float) -> Iterator[Row]:
    """The pairs of the same pages, put together: for arms that are told which answer belongs to which question."""
    for i in range(rows):
        question, found, _ = thread(world, noise, i)
        truth = json.dumps({"world": world.number, "kind": found.kind})
        yield {"instruction": question, "response": found.text, "truth": truth}
