"""What several methods need to state constraints in the pocket world: pairs, and what a text names."""

from random import Random

from pocket.noise import answer_to
from pocket.phrasing import draw_train, instruct
from pocket.world import World

NAMED = {  # category of a fact -> what a constraint calls it
    "job": "a job", "hobby": "a hobby", "pet": "a pet", "town": "a town", "region": "a region", "river": "a river",
    "product": "a product", "sight": "a sight", "ing": "an ingredient", "act": "an activity",
}  # fmt: skip


def holds(world: World, text: str, category: str) -> bool:
    """Whether the text names something of the category."""
    return any(world.category.get(word) == category for word in world.lexer.findall(text))


def pair(world: World, rng: Random) -> tuple[str, str]:
    """Instruction and right response of a train cell."""
    spec = draw_train(world, rng)
    return instruct(spec, rng), answer_to(world, spec, rng)
