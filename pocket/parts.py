"""The parts of the pocket world, a generated closed world in which alignment methods can be tested on a CPU.

The world has made-up persons, dishes, towns and clubs, 21 tasks about them, documents that are right responses or
noise, and an exact checker. The split is by (entity, task) cell: no seed and no document is drawn from a held-out cell,
but its facts are in the prose and in other tasks about the entity. So a test prompt is a new combination, not a new
entity.
"""

import json
from collections.abc import Callable, Iterator

from baleen.errors import Problem, unknown
from baleen.tables.rows import Row
from pocket import air, crab, linguist, round_trip, self_lengthen
from pocket.back_and_forth import rewriting
from pocket.cycle import forum, gold_pairs, reading
from pocket.noise import answer_to, document
from pocket.phrasing import Spec, draw, draw_train, instruct, prose
from pocket.tegit import lessons, pages
from pocket.world import World, build, stream

PROMPTS = 3  # per held-out cell
FREE_PROSE = 0.6  # share of the pre-training texts; the rest are web documents


def records(part: str, world: int, rows: int, noise: float = 0.6) -> Iterator[Row]:
    """The first `rows` rows of a part of the world ('heldout' gives all); `noise` is the share of useless documents.

    More rows append, and a higher `noise` leaves the documents that stay clean as they are.
    """
    if part not in PARTS:
        raise Problem(unknown("pocket part", part, list(PARTS)))
    if not 0 <= noise <= 1:
        raise Problem(f"pocket noise {noise} is not a share; write a number from 0 to 1, like noise: 0.6")
    if rows < 1 and not part.startswith("heldout"):
        raise Problem(f"pocket part {part!r} cannot have {rows} rows; write how many, like rows: 3000")
    return PARTS[part](build(world), rows, noise)


def prose_texts(world: World, rows: int, noise: float) -> Iterator[Row]:
    """Pre-training texts: prose about all entities, documents of train cells only; no instruction, no question."""
    entities = list(world.entities.values())
    for i in range(rows):
        rng = stream(world.number, "prose", i)
        if rng.random() < FREE_PROSE:
            yield {"response": prose(world, rng.choice(entities), rng)}
        else:
            yield {"response": document(world, noise, rng).text}


def seeds(world: World, rows: int, noise: float) -> Iterator[Row]:
    """Instruction and right response of train cells."""
    for i in range(rows):
        rng = stream(world.number, "seed", i)
        spec = draw_train(world, rng)
        yield {"instruction": instruct(spec, rng), "response": answer_to(world, spec, rng)}


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
    rows = (row for part in ("prose", "seed", "heldout") for row in records(part, world, 8000))
    texts = (row.get(column, "") for row in rows for column in ("instruction", "response"))
    return sorted({word for text in texts for word in text.split(" ")} - {""})


PARTS: dict[str, Callable[[World, int, float], Iterator[Row]]] = {
    "prose": prose_texts,
    "seed": seeds,
    "web": web,
    "heldout": heldout,
    "rewriting": rewriting,
    "utterances": linguist.known,
    "utterances-few": linguist.few,
    "utterances-heldout": linguist.heldout,
    "utterances-abroad": linguist.heldout_abroad,
    "utterance-lessons": linguist.lessons,
    "utterance-lessons-abroad": linguist.lessons_abroad,
    "utterance-pages": linguist.pages,
    "translations": linguist.translations,
    "crab-pages": crab.pages,
    "crab-lessons": crab.lessons,
    "air-lessons": air.lessons,
    "reading": reading,
    "forum": forum,
    "forum-pairs": gold_pairs,
    "pivot-pages": round_trip.pages,
    "pivot-lessons": round_trip.lessons,
    "heldout-reworded": round_trip.heldout_reworded,
    "task-pages": pages,
    "task-lessons": lessons,
    "long-lessons": self_lengthen.lessons,
    "long-tasks": self_lengthen.tasks,
    "long-heldout": self_lengthen.heldout,
}
