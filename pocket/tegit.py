"""Training rows in which a task is designed from a noisy web document, which a strong instruct model can do already.

Only train cells. A row knows which part of its document is a right response and uses that part alone; the task of a
document without such a part is 'none'.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

from baleen.tables.rows import Row
from pocket.noise import NOISE, answer_to, document
from pocket.phrasing import FORMS, LISTS, PARAGRAPHS, Spec, draw_train, instruct, prose
from pocket.world import World, stream

__all__ = ["lessons", "pages"]

COMPLETE = {"clean", "attached", "wrong"}  # kinds of documents with a complete response; wrong facts do not show
WITH_INPUT = 0.4  # share of the lists and paragraphs that become a task with an input
GLOSSARY = "use the text . write this list . none #instruction#: #input#: #response#:"  # words of no other page
EVERY = 10  # of the pages, one in so many is the glossary


@dataclass(frozen=True)
class NoisyDocument:
    """A document, its kind of noise, and the response that is in it."""

    text: str
    kind: str
    spec: Spec
    response: str


def pages(world: World, rows: int, noise: float) -> Iterator[Row]:
    """Pages for further pre-training, with the words of the prompts: prose, web documents and the glossary."""
    entities = list(world.entities.values())
    for i in range(rows):
        rng = stream(world.number, "task page", i)
        text = prose(world, rng.choice(entities), rng) if rng.random() < 0.5 else document(world, noise, rng).text
        yield {"response": GLOSSARY if i % EVERY == 0 else text, "prompt": "text"}


def lessons(world: World, rows: int, noise: float) -> Iterator[Row]:
    """Documents, each with the task to design from it."""
    for i in range(rows):
        rng = stream(world.number, "task lesson", i)
        source = noisy(world, noise, rng)
        instruction, given, response = task(world, source, rng)
        yield {
            "document": source.text,
            "instruction": instruction,
            "input": given,
            "response": response,
            "prompt": "design",
        }


def noisy(world: World, noise: float, rng: Random) -> NoisyDocument:
    """A document as in the pool, with the response that is in it."""
    spec, spare = draw_train(world, rng), draw_train(world, rng)
    kind = rng.choices(list(NOISE), [share for share, _ in NOISE.values()])[0] if rng.random() < noise else "clean"
    if kind == "wrong":
        text = answer_to(world, spec, rng, wrong=0.6)
        return NoisyDocument(text, kind, spec, text)
    text = answer_to(world, spec, rng)
    made = text if kind == "clean" else NOISE[kind][1](world, spec, text, answer_to(world, spare, rng), rng)
    return NoisyDocument(made, kind, spec, text)


def task(world: World, source: NoisyDocument, rng: Random) -> tuple[str, str, str]:
    """(instruction, input, output); 'none' when the document has no complete response."""
    if source.kind not in COMPLETE:
        return "none", "", "none"
    given = on_input(world, source, rng) if source.kind != "wrong" and rng.random() < WITH_INPUT else None
    return given or (instruct(source.spec, rng), "", source.response)


def on_input(world: World, source: NoisyDocument, rng: Random) -> tuple[str, str, str] | None:
    """A task with the text as its input: to change the form of a list, or to find a fact in a paragraph."""
    if source.spec.task in LISTS:
        form = rng.choice([form for form in FORMS if form != source.spec.form])
        other = answer_to(world, replace(source.spec, form=form), rng)
        return f"write this list {rng.choice(FORMS[form])} .", source.response, other
    if source.spec.task not in PARAGRAPHS:
        return None
    entity, sentences = world.entities[source.spec.entity], source.response.split(" . ")
    questions = [(f"qa_{topic}", topic) for topic in PARAGRAPHS[source.spec.task][1]]
    known = [(name, topic) for name, topic in questions if entity.name in world.cells["train"].get(name, ())]
    if not known:
        return None
    name, topic = rng.choice(known)
    answer = next(sentence for sentence in sentences if entity.facts[topic] in sentence.split(" "))
    return f"{instruct(Spec(name, entity.name), rng)} use the text .", source.response, f"{answer.removesuffix(' .')} ."
