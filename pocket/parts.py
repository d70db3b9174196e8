"""Parts of the pocket world that all methods read: prose, seeds, documents and held-out prompts."""

import json
from collections.abc import Iterator
from itertools import count, islice

from baleen.tables.rows import Row
from pocket.noise import answer_to, document
from pocket.phrasing import Spec, draw, draw_train, instruct
from pocket.phrasing import prose as describe
from pocket.world import World, build, stream

__all__ = ["calibration", "heldout", "prose", "seed", "web"]

PROMPTS = 3  # per held-out cell
NOISE = 0.6  # share of useless documents, where nobody says another
SEEDS = 1000  # more than any recipe takes
FREE_PROSE = 0.6  # share of the pre-training texts; the rest are web documents


def prose(world: World, rows: int, noise: float) -> Iterator[Row]:
    """Pre-training texts: prose about all entities, documents of train cells only; no instruction, no question."""
    entities = list(world.entities.values())
    for i in range(rows):
        rng = stream(world.number, "prose", i)
        if rng.random() < FREE_PROSE:
            yield {"response": describe(world, rng.choice(entities), rng)}
        else:
            yield {"response": document(world, noise, rng).text}


def seed(world: World, rows: int, noise: float) -> Iterator[Row]:
    """Instruction and right response of train cells."""
    for i in range(rows):
        rng = stream(world.number, "seed", i)
        spec = draw_train(world, rng)
        yield {"instruction": instruct(spec, rng), "response": answer_to(world, spec, rng)}


def calibration(world: World, rows: int, noise: float) -> Iterator[Row]:
    """Instruction and right response of train cells that are none of the first SEEDS seeds, to measure scores on."""
    taught = {row["instruction"] for row in seed(world, SEEDS, noise)}
    drawn = (stream(world.number, "calibration", i) for i in count())
    pairs = ((draw_train(world, rng), rng) for rng in drawn)
    texts = ((instruct(spec, rng), spec, rng) for spec, rng in pairs)
    fresh = ((text, spec, rng) for text, spec, rng in texts if text not in taught)
    for text, spec, rng in islice(fresh, rows):
        yield {"instruction": text, "response": answer_to(world, spec, rng)}


def web(world: World, rows: int, noise: float) -> Iterator[Row]:
    """Unlabelled documents; `truth` is for reports and the oracle, never for a scorer."""
    for i in range(rows):
        page = document(world, noise, stream(world.number, "web", i))
        yield {"response": page.text, "truth": json.dumps({"world": world.number, "kind": page.kind})}


def heldout(world: World, rows: int, noise: float) -> Iterator[Row]:
    """Three different prompts for each test and dev cell, with the spec of a right answer and one such answer."""
    for split in ("test", "dev"):
        for task, names in world.cells[split].items():
            for name in names:
                yield from (row | {"split": split} for row in prompts(world, task, name))


def prompts(world: World, task: str, name: str) -> Iterator[Row]:
    """The prompts of one cell; the first draws that differ in wording, form, day or partner."""
    rng = stream(world.number, "heldout", task, name)
    specs: dict[str, Spec] = {}
    while len(specs) < PROMPTS:
        spec = draw(world, task, name, rng)
        specs[instruct(spec, rng)] = spec
    for instruction, spec in specs.items():
        truth = json.dumps({"world": world.number, **spec.fields()})
        cell = f"{task} of {name}"
        yield {"instruction": instruction, "reference": answer_to(world, spec, rng), "truth": truth, "cell": cell}


def vocabulary(world: int) -> list[str]:
    """All different words of a world, sorted, with the newline: the vocabulary that a word-level tokenizer needs.

    The pre-training texts alone lack the words that only instructions use.
    """
    found = build(world)
    rows = (row for part in (prose, seed, heldout) for row in part(found, 8000, NOISE))
    texts = (row.get(column, "") for row in rows for column in ("instruction", "response"))
    return sorted({word for text in texts for word in text.split(" ")} - {""})
