"""Lessons for a model that rewrites drafts: what an instruct model does unasked, a model of this world must be shown.

Half of the drafts are web documents in which the answer stands with noise; where facts are wrong the rewriting keeps
them, for it may not add any. The others are right answers to something else about the same entity. All cells are train
cells.
"""

from collections.abc import Iterator
from dataclasses import replace
from random import Random

from baleen.tables.rows import Row
from pocket.noise import NOISE, answer_to
from pocket.phrasing import COMPARISONS, Spec, draw, draw_train, instruct, respond
from pocket.world import KIND_OF, TASKS, World, corrupt, stream

KINDS = ("clean", "attached", "truncated", "spliced", "shuffled", "wrong", "elsewhere")
ASKED = 0.3  # share of lessons that are plain instruction and answer


def rewriting(world: World, rows: int, noise: float) -> Iterator[Row]:
    """Lessons of the prompts `reply` and `rewrite`."""
    for i in range(rows):
        rng = stream(world.number, "rewriting", i)
        spec = draw_train(world, rng)
        if rng.random() < ASKED:
            response, draft = answer_to(world, spec, rng), None
        else:
            draft, response = revised(world, spec, rng)
        prompt = "reply" if draft is None else "rewrite"
        yield {"prompt": prompt, "instruction": instruct(spec, rng), "draft": draft, "response": response}


def revised(world: World, spec: Spec, rng: Random) -> tuple[str, str]:
    """A draft, and the answer to the spec that is to be made of it."""
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
