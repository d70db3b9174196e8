"""The pocket world: a generated closed world in which instruction backtranslation can be tested on a CPU.

Made-up persons, dishes, towns and clubs; 21 tasks about them; documents that are right responses or noise; and an exact
checker. The split is by (entity, task) cell: no seed and no document is drawn from a held-out cell, but its facts are
in the prose and in other tasks about the entity, so the test asks for a new combination, not for an unseen entity.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

from baleen.pocket import constrained, longer, pivots, refined, utterances
from baleen.pocket.checker import Check, check
from baleen.pocket.forum import forum, gold_pairs, reading
from baleen.pocket.noise import answer_to, document
from baleen.pocket.phrasing import Spec, draw, draw_train, instruct, parse, prose
from baleen.pocket.rewriting import rewriting
from baleen.pocket.tasks import lessons, pages
from baleen.pocket.world import KIND_OF, World, build, stream
from baleen.problems import Problem, unknown
from baleen.rows import Row

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
        found = document(world, noise, stream(world.number, "web", i))
        yield {"response": found.text, "truth": json.dumps({"world": world.number, "kind": found.kind})}


def heldout(world: World, rows: int, noise: float) -> Iterator[Row]:
    """Three different prompts for each test and dev cell, with what a right answer must meet and one such answer."""
    for split in ("test", "dev"):
        for task, names in world.cells[split].items():
            for name in names:
                yield from (row | {"split": split} for row in prompts(world, task, name))


def prompts(world: World, task: str, name: str) -> Iterator[Row]:
    """The prompts of one cell; the first draws that differ in wording, form, day or partner."""
    rng = stream(world.number, "heldout", task, name)
    asked: dict[str, Spec] = {}
    while len(asked) < PROMPTS:
        spec = draw(world, task, name, rng)
        asked[instruct(spec, rng)] = spec
    for instruction, spec in asked.items():
        truth = json.dumps({"world": world.number, **spec.fields()})
        cell = f"{task} of {name}"
        yield {"instruction": instruction, "reference": answer_to(world, spec, rng), "truth": truth, "cell": cell}


def vocabulary(world: int) -> list[str]:
    """All word types of a world, sorted, the newline among them: what a word-level tokenizer must hold.

    The pre-training texts alone lack the words that only instructions use.
    """
    rows = (row for part in ("prose", "seed", "heldout") for row in records(part, world, 8000))
    texts = (row.get(column, "") for row in rows for column in ("instruction", "response"))
    return sorted({word for text in texts for word in text.split(" ")} - {""})


def unreadable(truth: str) -> Problem:
    return Problem(f"cannot read truth {truth[:80]!r}; use the truth column that came with the pocket rows")


def read_world(truth: str) -> tuple[World, dict[str, Any]]:
    """The world in a truth column, and what else stands there."""
    try:
        fields = json.loads(truth)
        return build(int(fields.pop("world"))), fields
    except (ValueError, KeyError, TypeError, AttributeError):
        raise unreadable(truth) from None


def read_truth(truth: str) -> tuple[World, Spec]:
    """The world and the spec in the truth of a held-out row."""
    world, fields = read_world(truth)
    try:
        spec = Spec(**fields)
    except TypeError:
        raise unreadable(truth) from None
    if spec.task not in KIND_OF or not {spec.entity, spec.partner or spec.entity} <= world.entities.keys():
        raise unreadable(truth)
    return world, spec


def judged(truth: str, answer: str) -> Check:
    world, spec = read_truth(truth)
    return check(world, spec, answer)


def pocket_ok(truth: str, answer: str) -> float:
    """1.0 when the answer to a held-out prompt has the right facts, the right form and nothing else."""
    return float(judged(truth, answer).ok)


def pocket_facts(truth: str, answer: str) -> float:
    """1.0 when the answer names all facts asked for and no other."""
    return float(judged(truth, answer).facts)


def pocket_format(truth: str, answer: str) -> float:
    """1.0 when the answer is laid out as asked: bullets, numbers, one line, a record or plain sentences."""
    return float(judged(truth, answer).form)


def pocket_clean(truth: str, answer: str) -> float:
    """1.0 when the answer holds no words that a right response cannot hold there, and comes to an end."""
    return float(judged(truth, answer).clean)


def pocket_good(truth: str, instruction: str, response: str) -> float:
    """1.0 when the instruction of a candidate pair can be read and the response is a right one to it.

    Only the world is taken from `truth`, so it works on documents as well as on held-out rows.
    """
    world, _ = read_world(truth)
    spec = parse(world, instruction)
    return float(spec is not None and check(world, spec, response).ok)


def pocket_means(truth: str, instruction: str) -> float:
    """1.0 when an instruction in other words asks for the same as the held-out prompt, synonyms taken for one word."""
    _, spec = read_truth(truth)
    return float(pivots.canonical(instruction) in {pivots.canonical(said) for said in pivots.phrasings(spec)})


def pocket_agree(truth: str, a: str, b: str) -> float:
    """1.0 when two answers tell the same facts, right or wrong, in any words and order."""
    world, _ = read_truth(truth)
    told = [sorted(word for word in world.lexer.findall(text) if word in world.category) for text in (a, b)]
    return float(told[0] == told[1])


def pocket_asks(truth: str, instruction: str) -> float:
    """1.0 when the instruction can be read: it asks for something that there is in the world."""
    return float(parse(read_world(truth)[0], instruction) is not None)


def pocket_true(truth: str, text: str) -> float:
    """Share of the sentences of a text that are true in the world; 0 for a text without any."""
    known, said = longer.truths(read_world(truth)[0].number), longer.sentences(text)
    return sum(sentence in known for sentence in said) / len(said) if said else 0.0


def pocket_told(truth: str, text: str) -> float:
    """How many different facts a text tells rightly."""
    known = longer.truths(read_world(truth)[0].number)
    return float(len({known[sentence] for sentence in longer.sentences(text) if sentence in known}))


PARTS: dict[str, Callable[[World, int, float], Iterator[Row]]] = {
    "prose": prose_texts,
    "seed": seeds,
    "web": web,
    "heldout": heldout,
    "rewriting": rewriting,
    "utterances": utterances.known,
    "utterances-few": utterances.few,
    "utterances-heldout": utterances.heldout,
    "utterances-abroad": utterances.heldout_abroad,
    "utterance-lessons": utterances.lessons,
    "utterance-lessons-abroad": utterances.lessons_abroad,
    "utterance-pages": utterances.pages,
    "translations": utterances.translations,
    "crab-pages": constrained.pages,
    "crab-lessons": constrained.lessons,
    "air-lessons": refined.lessons,
    "reading": reading,
    "forum": forum,
    "forum-pairs": gold_pairs,
    "pivot-pages": pivots.pages,
    "pivot-lessons": pivots.lessons,
    "heldout-reworded": pivots.heldout_reworded,
    "task-pages": pages,
    "task-lessons": lessons,
    "long-lessons": longer.lessons,
    "long-tasks": longer.tasks,
    "long-heldout": longer.heldout,
}
