"""Long texts of the pocket world: lines about a person, a dish or a town, then about the town and others in the town.

Every line states one fact whose question is a train cell. A subject is in the split of the cell of its short
description. The training rows teach what a real instruct model can do already: to answer with two or three lines, and
to make an outline of up to three lines longer by one or two.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from itertools import islice
from random import Random

from baleen.methods.self_lengthen import WORDINGS, demand
from baleen.tables.exports import Amount
from baleen.tables.rows import Row
from pocket.phrasing import SENTENCES, say
from pocket.truth import read_world
from pocket.world import World, build, stream

__all__ = ["heldout", "lessons", "tasks", "told", "true"]

Fact = tuple[str, str]  # entity and topic
CELLS = {  # the task that asks for a topic
    "person": {topic: f"qa_{topic}" for topic in ("job", "town", "hobby", "pet")},
    "dish": {"ing": "list_ing", "minutes": "qa_minutes", "steps": "howto", "origin": "about_dish"},
    "town": {"river": "qa_river", "region": "about_town", "product": "qa_product", "sights": "list_sights"},
}
DESCRIBED = {"person": "bio", "dish": "about_dish", "town": "about_town"}
REQUESTS = (
    "write a long text about {e} .",
    "tell me everything about {e} .",
    "write at length about {e} .",
    "i need a long text about {e} .",
    "give me a long account of {e} .",
    "write all you know about {e} .",
    "describe {e} at length .",
    "explain everything about {e} .",
    "write an essay on {e} .",
    "i need to know all about {e} .",
)
SHORT, STEP, ASKED, EXTENDED, COUNTED = (2, 3), 10, 0.35, 0.6, 200
NOTHING: Row = dict.fromkeys(("instruction", "response", "outline", "opening", "longer"), "")


def known(world: World, name: str) -> list[Fact]:
    """The facts of an entity whose question is a train cell."""
    cells = CELLS[world.entities[name].kind]
    return [(name, topic) for topic, task in cells.items() if name in world.cells["train"][task]]


def subjects(world: World, split: str) -> list[str]:
    """Entities whose description is a cell of the split, and that have a known fact."""
    return [name for task in DESCRIBED.values() for name in world.cells[split][task] if known(world, name)]


def plan(world: World, name: str, rng: Random) -> list[Fact]:
    """All facts for a text: of the subject, of its town, then of the others in the town; topics in random order."""
    facts = world.entities[name].facts
    town = facts.get("town") or facts.get("origin") or name
    near = [e.name for e in world.entities.values() if town in (e.facts.get("town"), e.facts.get("origin"))]
    order = dict.fromkeys([name, town, *rng.sample(near, len(near))])
    return [fact for entity in order for fact in shuffled(known(world, entity), rng)]


def shuffled(facts: list[Fact], rng: Random) -> list[Fact]:
    return rng.sample(facts, len(facts))


def lines(world: World, facts: list[Fact], rng: Random) -> list[str]:
    return [say(world.entities[name], topic, rng) for name, topic in facts]


def joined(told: list[str]) -> str:
    return " \n ".join(told)


def lessons(world: World, rows: int, noise: float) -> Iterator[Row]:
    """Lessons of the prompts `reply` and `extend` on train subjects, and a few pages of numbers."""
    names = subjects(world, "train")
    for i in range(rows):
        rng = stream(world.number, "long-lessons", i)
        if rng.random() * COUNTED < 1:
            yield NOTHING | {"prompt": "text", "response": numbers(rng)}
            continue
        name = rng.choice(names)
        asked = rng.choice(REQUESTS).format(e=name)
        make = extension if rng.random() < EXTENDED else answer
        yield make(world, name, asked, str(i), rng)


def answer(world: World, name: str, asked: str, at: str, rng: Random) -> Row:
    """Two or three lines, for some of the rows with a demand for that length."""
    row = NOTHING | {"id": at, "prompt": "reply", "instruction": asked}
    row["response"] = joined(lines(world, plan(world, name, rng)[: rng.choice(SHORT)], rng))
    made = demand(row, STEP) if rng.random() < ASKED else [row]
    (found,) = [row] if isinstance(made, str) else made
    return {column: found[column] for column in ("prompt", *NOTHING)}


def extension(world: World, name: str, asked: str, at: str, rng: Random) -> Row:
    """One to three lines of a text that has one or two more."""
    size = rng.randint(1, 3)
    whole = lines(world, plan(world, name, rng)[: size + rng.randint(1, 2)], rng)
    kept = sorted(rng.sample(range(len(whole)), min(size, len(whole) - 1) or 1))
    told = {"outline": joined([whole[i] for i in kept]), "longer": joined(whole)}
    return NOTHING | {"prompt": "extend", "instruction": asked} | told


def numbers(rng: Random) -> str:
    """A page with numbers in steps and the words of every length demand."""
    start = STEP * rng.randint(1, 3)
    said = [wording.format(a=STEP, b=2 * STEP) for wordings in WORDINGS.values() for wording in wordings]
    return " ".join([*said, *(f"{n} words." for n in range(start, 20 * STEP + 1, STEP))])


def tasks(world: World, rows: int, noise: float) -> Iterator[Row]:
    """Different requests for long texts on train subjects: `rows` at most."""
    pairs = [(name, request) for name in subjects(world, "train") for request in REQUESTS]
    stream(world.number, "long-tasks").shuffle(pairs)
    for name, request in pairs[:rows]:
        yield {"instruction": request.format(e=name), "truth": json.dumps({"world": world.number})}


def heldout(world: World, rows: int, noise: float) -> Iterator[Row]:
    """Six requests on each test and dev subject, each with a true text of three to eight lines: `rows` at most."""
    named = [(split, name) for split in ("test", "dev") for name in subjects(world, split)]
    yield from islice((row for split, name in named for row in asked_of(world, split, name)), rows)


def asked_of(world: World, split: str, name: str) -> Iterator[Row]:
    """The held-out requests on one subject."""
    rng = stream(world.number, "long-heldout", name)
    for request in rng.sample(REQUESTS, 6):
        text = joined(lines(world, plan(world, name, rng)[: rng.randint(3, 8)], rng))
        found = {"instruction": request.format(e=name), "response": text, "truth": json.dumps({"world": world.number})}
        yield found | {"split": split, "cell": f"long text on {name}"}


@cache
def truths(number: int) -> dict[str, Fact]:
    """The fact of every true sentence of a world."""
    entities = build(number).entities.values()
    return {
        " ".join(template.format(s=entity.name, **entity.facts).split()): (entity.name, topic)
        for entity in entities
        for topic, templates in SENTENCES[entity.kind].items()
        for template in templates
    }


def sentences(text: str) -> list[str]:
    """The sentences of each line of a text, their words separated by one space."""
    parts = [part for line in text.split("\n") for part in re.split(r"(?<= \.)\s+", line.strip())]
    return [" ".join(part.split()) for part in parts if part.strip()]


def true(truth: str, text: str) -> float:
    """Share of the sentences of a text that are true in the world; 0 for a text without any."""
    known, own = truths(read_world(truth)[0].number), sentences(text)
    return sum(sentence in known for sentence in own) / len(own) if own else 0.0


def told(truth: str, text: str) -> Amount:
    """Number of different facts in the true sentences of a text."""
    known = truths(read_world(truth)[0].number)
    return float(len({known[sentence] for sentence in sentences(text) if sentence in known}))
