"""Training rows for a model that rewrites drafts, which a real instruct model can do already.

Most kinds of drafts are web documents with the answer and noise; the rewriting keeps wrong facts, because it must not
add any. The kind 'elsewhere' is a right answer to another question about the same entity. Only train cells.
"""

from collections.abc import Iterator
from dataclasses import replace
from random import Random

from baleen.tables.rows import Row
from pocket.noise import NOISE, answer_to
from pocket.phrasing import COMPARISONS, Spec, draw, draw_train, instruct, respond
from pocket.world import KIND_OF, TASKS, World, corrupt, stream

__all__ = ["rewriting"]

KINDS = ("clean", "attached", "truncated", "spliced", "shuffled", "wrong", "elsewhere")
REPLIES = 0.3  # share of the rows with instruction and answer alone


def rewriting(world: World, rows: int, noise: float) -> Iterator[Row]:
    """Training rows of the prompts `reply` and `rewrite`."""
    for i in range(rows):
        rng = stream(world.number, "rewriting", i)
        spec = draw_train(world, rng)
        if rng.random() < REPLIES:
            response, draft = answer_to(world, spec, rng), None
        else:
            draft, response = revised(world, spec, rng)
        prompt = "reply" if draft is None else "rewrite"
        yield {"prompt": prompt, "instruction": instruct(spec, rng), "draft": draft, "response": response}


def revised(world: World, spec: Spec, rng: Random) -> tuple[str, str]:
    """(a draft, the answer to the spec that it is rewritten to)."""
    kind = rng.choice(KINDS)
    if kind == "elsewhere":
        return answer_to(world, other(world, spec, rng), rng), answer_to(world, spec, rng)
    entity = corrupt(world, world.entities[spec.entity], 0.6 if kind == "wrong" else 0.0, rng)
    text = respond(spec, entity, world.entities[spec.partner or spec.entity], rng)
    if kind in ("clean", "wrong"):
        return text, text
    return NOISE[kind][1](world, spec, text, answer_to(world, draw_train(world, rng), rng), rng), text


def other(world: World, spec: Spec, rng: Random) -> Spec:
    """Another train cell of the same entity, or another form of the same."""
    tasks = TASKS[KIND_OF[spec.task]].split()
    near = [task for task in tasks if task != spec.task and spec.entity in world.cells["train"][task]]
    if near and spec.task not in COMPARISONS:
        return draw(world, rng.choice(near), spec.entity, rng)
    return replace(draw(world, spec.task, spec.entity, rng), partner=spec.partner)
