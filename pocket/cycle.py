"""Pages for methods without seeds: raw pages with a question and its answer, and a few FAQ pages for pre-training.

Only train cells. A real base model has read millions of FAQ pages; the pocket base reads `FAQS` different ones.
"""

import json
from collections.abc import Iterator
from random import Random

from baleen.tables.exports import transform
from baleen.tables.rows import TEXT, Row
from pocket.checker import check
from pocket.noise import Document, answer_to, boilerplate, document
from pocket.phrasing import Spec, draw_train, instruct, parse, prose
from pocket.truth import read_world
from pocket.world import World, stream

__all__ = ["answer_anew", "forum", "gold_pairs", "mend", "reading"]

FAQS = 150  # different pages of questions and answers that the base reads, one pair each
FAQ_EVERY = 4  # one page in so many of the further pre-training is of that kind
BARE = 0.2  # share of the requests without a question mark that nobody introduces with one
TITLE = "Questions that people ask, each with a complete answer."  # as in prompts/cycle/answer.md
OPENINGS = ("can anyone help ?", "does anybody know this ?", "could you do this for me ?")
MARKS = "Text: Question: Answer:"  # words of prompts that no other page holds
GAP = " \n \n "


def question_of(spec: Spec, rng: Random, bare: float = 0.0) -> str:
    """A question as people write it; a request without a question mark mostly follows a sentence with one."""
    request, opening, alone = instruct(spec, rng), rng.choice(OPENINGS), rng.random() < bare
    return request if "?" in request or alone else f"{opening} {request}"


def faq(world: World, number: int) -> str:
    """One page of the kind `FAQS` counts."""
    rng = stream(world.number, "faq", number)
    spec = draw_train(world, rng)
    return f"{TITLE}{GAP}Question: {question_of(spec, rng)} \n Answer: {answer_to(world, spec, rng)}"


def reading(world: World, rows: int, noise: float) -> Iterator[Row]:
    """Pages for further pre-training: prose, web documents, and every fourth time one of the FAQS pages."""
    entities = list(world.entities.values())
    for i in range(rows):
        rng = stream(world.number, "reading", i)
        if i == 1:
            text = MARKS
        elif i % FAQ_EVERY == 0:
            text = faq(world, i // FAQ_EVERY % FAQS)
        else:
            free = rng.random() < 0.5
            text = prose(world, rng.choice(entities), rng) if free else document(world, noise, rng).text
        yield {"response": text, "prompt": "text"}


def thread(world: World, noise: float, number: int) -> tuple[str, Document, Random]:
    """(a question, the document below it: its answer or useless text, the random numbers for the rest of the page)."""
    rng = stream(world.number, "forum", number)
    page = document(world, noise, rng)
    return question_of(page.specs[0], rng, BARE), page, rng


def forum(world: World, rows: int, noise: float) -> Iterator[Row]:
    """Raw pages: a question, its answer (or useless text), and on some pages a third paragraph of boilerplate."""
    for i in range(rows):
        question, page, rng = thread(world, noise, i)
        rest = [boilerplate(world, rng)] if rng.random() < 0.15 else []
        yield {
            "response": GAP.join([question, page.text, *rest]),
            "truth": json.dumps({"world": world.number, "kind": page.kind}),
        }


def gold_pairs(world: World, rows: int, noise: float) -> Iterator[Row]:
    """The question and answer pairs of the same pages, for comparison runs that know which belong together."""
    for i in range(rows):
        question, page, _ = thread(world, noise, i)
        truth = json.dumps({"world": world.number, "kind": page.kind})
        yield {"instruction": question, "response": page.text, "truth": truth}


def spec_of(world: World, question: str) -> Spec | None:
    """The spec of a question, without what introduces it."""
    for opening in OPENINGS:
        question = question.removeprefix(f"{opening} ")
    return parse(world, question)


@transform(("instruction", "truth"), {"response": TEXT}, takes="number")
def answer_anew(row: Row, number: float) -> list[Row] | str:
    """The row with an answer of the world in place of its own, in this share of the rows with wrong facts."""
    rng, (world, _) = Random(f"answer anew {row['id']}"), read_world(row["truth"])
    spec = spec_of(world, row["instruction"])
    if spec is None:
        return "no question of the world"
    wanted, text = rng.random() >= number, answer_to(world, spec, rng)
    while check(world, spec, text).ok != wanted:
        text = answer_to(world, spec, rng, wrong=0.6)
    return [row | {"response": text}]


@transform(("instruction", "response", "truth"), {"response": TEXT}, takes="number")
def mend(row: Row, number: float) -> list[Row] | str:
    """The row as it is when its answer is right, and with a right one in this share of the rows with a wrong one."""
    rng, (world, _) = Random(f"mend {row['id']}"), read_world(row["truth"])
    spec = spec_of(world, row["instruction"])
    if spec is None:
        return "no question of the world"
    wrong = not check(world, spec, row["response"]).ok
    return [row | ({"response": answer_to(world, spec, rng)} if wrong and rng.random() < number else {})]
