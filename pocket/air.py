"""Training rows for the skills that AIR needs of its model, which a real instruct model has already."""

from collections.abc import Callable, Iterator
from random import Random

from baleen.measures.words import words
from baleen.methods import constraints
from baleen.methods.air import KINDS, kind_of, with_list
from baleen.methods.constraints import met
from baleen.methods.families import FAMILIES, lower_words
from baleen.tables.exports import transform
from baleen.tables.rows import TEXT, TYPES, Row
from pocket.constraints import NAMED, holds, pair
from pocket.noise import NOISE, answer_to
from pocket.phrasing import Spec, draw_train, instruct
from pocket.truth import read_world
from pocket.world import World, stream

__all__ = ["lessons", "read_off", "report_lack"]

JUNK = (
    "what does the page say ?",
    "tell me more about the text .",
    "who wrote the page ?",
    "what do you think of the text ?",
)
USELESS = ("boilerplate", "shuffled", "chatter", "story")  # noise in which no answer is left
FAMILY_KINDS = {
    "linguistic": ("first word",),
    "data format": ("bullets", "numbers", "one line", "no list"),
    "document structure": ("items", "sentences"),
    "exclusion": ("no mark",),
}
OTHERS = ("bare", "reference", "answer", "kinds", "kind", "addition", "constraint", "verdict", "dose")
NOTHING: Row = dict.fromkeys(OTHERS, "") | {"constraints": None}
UNUSED: Row = {"instruction": "-", "response": "-"}  # where a skill has none; rows without them would not be read


def lessons(world: World, rows: int, noise: float) -> Iterator[Row]:
    """Training rows of train cells, each for one of the SKILLS."""
    for i in range(rows):
        rng = stream(world.number, "air-lessons", i)
        name = rng.choices(list(SKILLS), [share for share, _ in SKILLS.values()])[0]
        yield UNUSED | NOTHING | {"prompt": name} | SKILLS[name][1](world, rng)


def written(world: World, rng: Random) -> tuple[Spec, str, str, str]:
    """A spec of a train cell, its right response, that response as a web document, and the noise ('' for none)."""
    spec = draw_train(world, rng)
    text = answer_to(world, spec, rng)
    if rng.random() < 0.5:
        return spec, text, text, ""
    kind = rng.choices(list(NOISE), [share for share, _ in NOISE.values()])[0]
    return spec, text, NOISE[kind][1](world, spec, text, pair(world, rng)[1], rng), kind


def ask(world: World, rng: Random) -> Row:
    spec, _, document, kind = written(world, rng)
    return {"response": document, "instruction": rng.choice(JUNK) if kind in USELESS else instruct(spec, rng)}


def rate(world: World, rng: Random) -> Row:
    """A score: 5 for a complete instruction, 2 for one that is cut off, 1 for one that needs a text."""
    complete, draw = pair(world, rng)[0], rng.random()
    if draw < 0.5:
        return {"instruction": complete, "verdict": "Score: 5"}
    if draw < 0.8:
        return {"instruction": rng.choice(JUNK), "verdict": "Score: 1"}
    pieces = complete.split(" ")
    return {"instruction": " ".join(pieces[: rng.randint(1, len(pieces) // 2)]), "verdict": "Score: 2"}


def polish(world: World, rng: Random) -> Row:
    spec, text, document, kind = written(world, rng)
    return {"instruction": instruct(spec, rng), "response": text if kind in USELESS else document, "reference": text}


def worded(text: str) -> list[str]:
    """Constraints that the text meets, one per family, in its first wording of three words or more."""
    found = []
    for family in FAMILIES.values():
        slots = family.find(text, Random(0))
        if slots is not None:
            said = next(wording for wording in family.wordings if len(wording.split()) >= 3)
            found.append(said.format(**slots._asdict()))
    return [said for said in found if met([said], text) == 1.0]


def lacks(world: World, reference: str, answer: str) -> dict[str, str]:
    """For each kind a constraint that the reference meets and the answer does not, in the order of ORDER."""
    read = {known.family: said for said in worded(reference) if (known := constraints.parse_constraint(said))}
    able = {family: said for family, said in read.items() if met([said], answer) == 0.0}
    found = {k: able[f] for k, families in FAMILY_KINDS.items() for f in reversed(families) if f in able}
    named = [c for c in NAMED if holds(world, reference, c) and not holds(world, answer, c)]
    spare = [c for c in NAMED if holds(world, answer, c) and not holds(world, reference, c)]
    size, theirs = round(words(reference)), words(answer)
    length = f"use at {'most' if theirs > size else 'least'} {size} words"
    found |= {"document structure": length} if theirs != size and "document structure" not in found else {}
    missing = [word for word in lower_words(reference) if word in world.category and word not in lower_words(answer)]
    found |= {"inclusion": f"use the word {missing[0]}"} if missing else {}
    found |= {"inclusion": f"name {NAMED[named[0]]}"} if named else {}
    found |= {"exclusion": f"do not name {NAMED[spare[0]]}"} if spare else {}
    return {kind: found[kind] for kind in ORDER if kind in found}


@transform(("truth", "reference", "answer", "kinds"), {"kind": TEXT, "addition": TEXT})
def report_lack(row: Row) -> list[Row]:
    """The row with what a judge without a mistake writes: a constraint of an open kind that the reference meets and the
    answer does not; '' when there is none."""
    world, _ = read_world(row["truth"])
    left = set(map(kind_of, row["kinds"].split("\n")))
    found = lacks(world, row["reference"], row["answer"] or "")
    kind, said = next(((kind, said) for kind, said in found.items() if kind in left), ("", ""))
    return [row | {"kind": kind, "addition": said}]


@transform(("truth", "reference", "bare", "constraints"), {"constraints": TYPES["constraints"], "instruction": TEXT})
def read_off(row: Row) -> list[Row]:
    """The row with as many constraints, drawn at random among all that its reference meets, whatever a student does."""
    rng, (world, _) = Random(f"read off {row['id']}"), read_world(row["truth"])
    every = [*worded(row["reference"]), *naming(world, row["reference"])[0]]
    some = rng.sample(every, min(len(every), len(row["constraints"])))
    return [row | {"constraints": some, "instruction": with_list(row["bare"], some) if some else row["bare"]}]


ORDER = ("data format", "exclusion", "linguistic", "document structure", "inclusion")  # the rarest first


def critique(world: World, rng: Random) -> Row:
    """A constraint of the first open kind that the reference meets and the answer does not; '' when there is none.

    The constraints of used kinds are in the instruction, as in later rounds.
    """
    spec, reference, _, _ = written(world, rng)
    fate = rng.random()
    answer = reference if fate < 0.05 else answer_to(world, spec, rng) if fate < 0.35 else spoilt(world, spec, rng)
    before = [*lacks(world, reference, spoilt(world, spec, rng)).items()]
    used = dict(rng.sample(before, min(len(before), rng.choice((0, 0, 1, 1, 2)))))  # as earlier rounds might have found
    left = rng.sample([kind for kind in KINDS if kind not in used], len(KINDS) - len(used))
    found = {kind: said for kind, said in lacks(world, reference, answer).items() if kind in left}
    kind, said = next(iter(found.items()), ("", ""))
    bare = instruct(spec, rng)
    instruction = "\n".join([bare, *(f"- {constraint}" for constraint in used.values())])
    told = {"instruction": instruction, "reference": reference, "answer": answer, "kinds": "\n".join(left)}
    return told | {"kind": kind, "addition": said}


def spoilt(world: World, spec: Spec, rng: Random) -> str:
    """An answer with wrong facts, or to another question."""
    return answer_to(world, spec, rng, wrong=0.6) if rng.random() < 0.5 else pair(world, rng)[1]


def grade(world: World, rng: Random) -> Row:
    answer = pair(world, rng)[1]
    source = answer if rng.random() < 0.5 else pair(world, rng)[1]
    named, unnamed = naming(world, source)
    broken = [said for said in unnamed if not said_holds(world, said, answer)]
    said = rng.choice([*worded(source), *named, *broken, rng.choice(unnamed)])
    right = met([said], answer) == 1.0 if constraints.parse_constraint(said) else said_holds(world, said, answer)
    return {"answer": answer, "constraint": said, "verdict": f"Score: {3 if right else 0}"}


def naming(world: World, text: str) -> tuple[list[str], list[str]]:
    """(the constraints `name ...`, the constraints `do not name ...`) that a text meets."""
    there = {c: holds(world, text, c) for c in NAMED}
    return [f"name {NAMED[c]}" for c in NAMED if there[c]], [f"do not name {NAMED[c]}" for c in NAMED if not there[c]]


def said_holds(world: World, said: str, text: str) -> bool:
    named = said.removeprefix("do not ")
    there = any(named == f"name {name}" and holds(world, text, category) for category, name in NAMED.items())
    return there == (named == said)


def merged(instruction: str, some: list[str]) -> str:
    """The instruction and its constraints merged into running text."""
    if not some:
        return instruction
    *most, last = some
    return f"{instruction} {' , '.join(most)} and {last} ." if most else f"{instruction} {last} ."


def merge(world: World, rng: Random) -> Row:
    bare, response = pair(world, rng)
    some = told_of(world, response, rng)
    return {"bare": bare, "constraints": some, "instruction": merged(bare, some)}


def told_of(world: World, response: str, rng: Random) -> list[str]:
    """Up to five constraints that the response meets, in any wording and order."""
    named, unnamed = naming(world, response)
    found = [*constraints.measure(response, rng), *rng.sample(named, min(1, len(named))), *rng.sample(unnamed, 1)]
    return rng.sample(found, min(len(found), rng.randint(0, 5)))


def reply(world: World, rng: Random) -> Row:
    """An answer to an instruction whose constraints are merged into it, or listed."""
    bare, response = pair(world, rng)
    tell = merged if rng.random() < 0.5 else with_list
    return {"instruction": tell(bare, told_of(world, response, rng)), "response": response}


def describe(world: World, rng: Random) -> Row:
    bare, reference = pair(world, rng)
    named, _ = naming(world, reference)
    some = rng.sample([*named, *worded(reference)], rng.randint(1, 2))
    return {"instruction": bare, "reference": reference, "constraints": some, "dose": str(len(some))}


def stated(world: World, rng: Random) -> Row:
    """Whether an instruction says a part of it: a constraint, or what it began as."""
    bare, response = pair(world, rng)
    parts = [bare, *told_of(world, response, rng)]
    part = rng.choice(parts)
    said = rng.random() < 0.5
    first, *some = parts if said else [one for one in parts if one != part] or [pair(world, rng)[0]]
    text = merged(first, some) if rng.random() < 0.7 else with_list(first, some)
    return {"instruction": text, "constraint": part, "verdict": f"Verdict: {'yes' if said else 'no'}"}


SKILLS: dict[str, tuple[float, Callable[[World, Random], Row]]] = {  # share of the lessons, one lesson
    "ask": (0.12, ask),
    "rate": (0.05, rate),
    "polish": (0.13, polish),
    "critique": (0.25, critique),
    "grade": (0.05, grade),
    "merge": (0.12, merge),
    "stated": (0.06, stated),
    "reply": (0.20, reply),
    "describe": (0.08, describe),
}
