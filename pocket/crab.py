"""Constraints in the pocket world: pages with their words, training rows for writing, judging and repairing
constraints, and pairs that have none.

Code can parse most constraints; whether a text names a job or a river, only a model can judge.
"""

from collections.abc import Callable, Iterator
from random import Random

from baleen.methods import constraints
from baleen.methods.families import FAMILIES, MARKS, Slots
from baleen.tables.rows import Row
from pocket.constraints import NAMED, holds, pair
from pocket.phrasing import prose
from pocket.world import World, stream

__all__ = ["conversations", "lessons", "pages"]

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


def conversations(world: World, rows: int, noise: float) -> Iterator[Row]:
    """Pairs of train cells, drawn by themselves."""
    for i in range(rows):
        instruction, response = pair(world, stream(world.number, "crab-conversations", i))
        yield {"instruction": instruction, "response": response}


def lessons(world: World, rows: int, noise: float) -> Iterator[Row]:
    """Training rows of a teacher: to refine an instruction, to write constraints that a response meets, to judge one,
    and to repair one that it does not meet."""
    for i in range(rows):
        rng = stream(world.number, "crab-lessons", i)
        instruction, response = pair(world, rng)
        name = rng.choices(list(SKILLS), [share for share, _ in SKILLS.values()])[0]
        row = {"prompt": name, "instruction": instruction, "response": response}
        yield row | dict.fromkeys(ANSWERS) | SKILLS[name][1](world, instruction, response, rng)


def refine(world: World, instruction: str, response: str, rng: Random) -> Row:
    return {"refined": f"{instruction} {content(world, response, True, rng)} ."}


def write_global(world: World, instruction: str, response: str, rng: Random) -> Row:
    """One to three true constraints on content."""
    names = [f"name {NAMED[c]}" for c in NAMED if holds(world, response, c)]
    some = rng.sample(names, min(len(names), rng.randint(1, 2)))
    return {"constraints": list(dict.fromkeys([*some, content(world, response, True, rng)]))}


def write_local(world: World, instruction: str, response: str, rng: Random) -> Row:
    """One or two true constraints of layout."""
    measured = [
        t for t in constraints.measure(response, rng) if (f := constraints.parse_constraint(t)) and f.family in WRITTEN
    ]
    return {"constraints": measured[: rng.randint(1, 2)]}


def verify(world: World, instruction: str, response: str, rng: Random) -> Row:
    constraint, true = claim(world, response, rng)
    return {"constraint": constraint, "verdict": f"Verdict: {'yes' if true else 'no'}"}


def repair(world: World, instruction: str, response: str, rng: Random) -> Row:
    """A false constraint on content, and a true one in its place."""
    false = content(world, response, False, rng)
    return {"constraint": false, "repaired": content(world, response, True, rng)}


def claim(world: World, response: str, rng: Random) -> tuple[str, bool]:
    """(a constraint, whether the response meets it); two of three are on content."""
    true = rng.random() < 0.5
    if rng.random() < 0.67:
        return content(world, response, true, rng), true
    source = response if true else pair(world, rng)[1]
    constraint = rng.choice(constraints.measure(source, rng))
    return constraint, constraints.met([constraint], response) == 1.0


ANSWERS = ("refined", "constraints", "constraint", "verdict", "repaired")
SKILLS: dict[str, tuple[float, Callable[[World, str, str, Random], Row]]] = {  # share of the lessons, one lesson
    "refine": (0.1, refine),
    "global": (0.25, write_global),
    "local": (0.2, write_local),
    "verify": (0.35, verify),
    "repair": (0.1, repair),
}
