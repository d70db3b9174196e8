"""Lessons in designing a task from a noisy web document: what a strong instruct model can do already.

Only train cells. The lesson knows which part of a document is a right response; the rest is left out, and a document
without such a part gets no task.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

from baleen.tables.rows import Row
from pocket.noise import NOISE, answer_to, document
from pocket.phrasing import FORMS, LISTS, PARAGRAPHS, Spec, draw_train, instruct, prose
from pocket.world import World, stream

WHOLE = {"clean", "attached", "wrong"}  # kinds of documents that hold a whole response; nobody can see wrong facts
WITH_INPUT = 0.4  # share of the lists and paragraphs that become a task with an input
GLOSSARY = "use the text . write this list . none #instruction#: #input#: #response#:"  # words of no other page
EVERY = 10  # of the pages, one in so many is the glossary


@dataclass(frozen=True)
class Found:
    """A document, its kind of noise, and the response that went into it."""

    text: str
    kind: str
    spec: Spec
    response: str


def pages(world: World, rows: int, noise: float) -> Iterator[Row]:
    """What a base goes on reading so that it knows the words of the prompts: prose, web documents and the glossary."""
    entities = list(world.entities.values())
    for i in range(rows):
        rng = stream(world.number, "task page", i)
        told = prose(world, rng.choice(entities), rng) if rng.random() < 0.5 else document(world, noise, rng).text
        yield {"response": GLOSSARY if i % EVERY == 0 else told, "prompt": "text"}


def lessons(world: World, rows: int, noise: float) -> Iterator[Row]:
    """A document and the task that should be designed from it."""
    for i in range(rows):
        rng = stream(world.number, "task lesson", i)
        found = noisy(world, noise, rng)
        instruction, given, response = task(world, found, rng)
        yield {
            "document": found.text,
            "instruction": instruction,
            "input": given,
            "response": response,
            "prompt": "design",
        }


def noisy(world: World, noise: float, rng: Random) -> Found:
    """A document as in the pool, with what is worth keeping of it."""
    spec, spare = draw_train(world, rng), draw_train(world, rng)
    kind = rng.choices(list(NOISE), [share for share, _ in NOISE.values()])[0] if rng.random() < noise else "clean"
    if kind == "wrong":
        text = answer_to(world, spec, rng, wrong=0.6)
        return Found(text, kind, spec, text)
    text = answer_to(world, spec, rng)
    made = text if kind == "clean" else NOISE[kind][1](world, spec, text, answer_to(world, spare, rng), rng)
    return Found(made, kind, spec, text)


def task(world: World, found: Found, rng: Random) -> tuple[str, str, str]:
    """Instruction, input and output; 'none' where the document holds no whole response."""
    if found.kind not in WHOLE:
        return "none", "", "none"
    given = on_input(world, found, rng) if found.kind != "wrong" and rng.random() < WITH_INPUT else None
    return given or (instruct(found.spec, rng), "", found.response)


def on_input(world: World, found: Found, rng: Random) -> tuple[str, str, str] | None:
    """A task that works on the text itself: a list in another form, or a fact found in a paragraph."""
    if found.spec.task in LISTS:
        form = rng.choice([form for form in FORMS if form != found.spec.form])
        other = answer_to(world, replace(found.spec, form=form), rng)
        return f"write this list {rng.choice(FORMS[form])} .", found.response, other
    if found.spec.task not in PARAGRAPHS:
        return None
    entity, sentences = world.entities[found.spec.entity], found.response.split(" . ")
    asked = [(f"qa_{topic}", topic) for topic in PARAGRAPHS[found.spec.task][1]]
    known = [(name, topic) for name, topic in asked if entity.name in world.cells["train"].get(name, ())]
    if not known:
        return None
    name, topic = rng.choice(known)
    said = next(sentence for sentence in sentences if entity.facts[topic] in sentence.split(" "))
    return f"{instruct(Spec(name, entity.name), rng)} use the text .", found.response, f"{said.removesuffix(' .')} ."
