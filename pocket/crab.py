"""Constraints in the pocket world: pages with their words, and training rows for writing and judging constraints.

Code can parse most constraints; whether a text names a job or a river, only a model can judge.
"""

from collections.abc import Iterator
from random import Random

from baleen.methods import constraints
from baleen.methods.families import FAMILIES, MARKS, Slots
from baleen.tables.rows import Row
from pocket.constraints import NAMED, holds, pair
from pocket.phrasing import prose
from pocket.world import World, stream

__all__ = ["lessons", "pages"]

WRITTEN = ("items", "bullets", "numbers", "one line", "no list", "first word")  # families that the teacher writes
GLOSSARY = "yes no Verdict: # constraints # requirements"
LONGEST = 40  # numbers up to this are words


def content(world: World, text: str, true: bool, rng: Random) -> str:
    """A constraint on the things that a text names, which the text meets or (`true` is off) does not meet."""
    category = rng.choice([c for c in NAMED if holds(world, text, c)] or list(NAMED))
    other = rng.choice([c for c in NAMED if not holds(world, text, c)])
    name = rng.random() < 0.5 and holds(world, text, category)
    if true:
        return f"name {NAMED[category]}" if name else f"do not name {NAMED[other]}"
    return f"do not name {NAMED[category]}" if name else f"name {NAMED[other]}"


def anything(world: World, rng: Random) -> str:
    """A random constraint of any family, met by no text in particular."""
    if rng.random() < 0.3:
        return f"{rng.choice(('name', 'do not name'))} {rng.choice(list(NAMED.values()))}"
    name = rng.choice(list(FAMILIES))
    n, m = sorted(rng.sample(range(1, LONGEST + 1), 2))
    word = rng.choice(FAMILIES[name].choices[: len(MARKS) // 2] or list(world.category)[-80:]).split(" ")
    return constraints.state(name, Slots(n, m, " ".join(word if FAMILIES[name].choices else word[:1])), "", rng)


def pages(world: World, rows: int, noise: float) -> Iterator[Row]:
    """Pages of prose and lists of constraints; the first pages have every number and the words of the marks."""
    first = [GLOSSARY, *(f"use {n} words" for n in range(LONGEST + 1))]
    for i in range(rows):
        rng = stream(world.number, "crab-pages", i)
        if i < len(first):
            text = first[i]
        elif rng.random() < 0.6:
            text = prose(world, rng.choice(list(world.entities.values())), rng)
        else:
            text = "\n".join(f"- {anything(world, rng)}" for _ in range(rng.randint(2, 5)))
        yield {"prompt": "text", "response": text}


def lessons(world: World, rows: int, noise: float) -> Iterator[Row]:
    """Training rows of a teacher: to write constraints that a response meets, and to judge whether it meets one."""
    for i in range(rows):
        rng = stream(world.number, "crab-lessons", i)
        instruction, response = pair(world, rng)
        row = {"prompt": "constrain", "instruction": instruction, "response": response}
        if rng.random() < 0.5:
            yield row | {"constraints": written(world, response, rng), "constraint": None, "verdict": None}
        else:
            constraint, true = claim(world, response, rng)
            judged = {"constraint": constraint, "verdict": f"Verdict: {'yes' if true else 'no'}"}
            yield row | {"prompt": "verify", "constraints": None} | judged


def written(world: World, response: str, rng: Random) -> list[str]:
    """One to three true constraints on content, and one or two of layout."""
    names = [f"name {NAMED[c]}" for c in NAMED if holds(world, response, c)]
    measured = [
        t for t in constraints.measure(response, rng) if (f := constraints.parse_constraint(t)) and f.family in WRITTEN
    ]
    some = rng.sample(names, min(len(names), rng.randint(1, 2)))
    return list(dict.fromkeys([*some, content(world, response, True, rng), *measured[: rng.randint(1, 2)]]))


def claim(world: World, response: str, rng: Random) -> tuple[str, bool]:
    """(a constraint, whether the response meets it); two of three are on content."""
    true = rng.random() < 0.5
    if rng.random() < 0.67:
        return content(world, response, true, rng), true
    source = response if true else pair(world, rng)[1]
    constraint = rng.choice(constraints.measure(source, rng))
    return constraint, constraints.met([constraint], response) == 1.0
