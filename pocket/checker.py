"""The exact check of a response: its facts, its form, and that every word can be there in a right response."""

from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from pocket.phrasing import COMPARISONS, LISTS, RECORDS, STEPS, Spec, respond, variants
from pocket.world import COUNT_WORDS, DAYS, KIND_OF, World, build, stream

IN_ORDER = {"howto", "week", "json_club"}
TASK_FIELDS = {  # the fields of the entity whose facts a right response has, beside the name of the entity
    "bio": ("job", "town", "hobby", "pet"),
    "json_person": ("job", "town", "hobby", "pet"),
    "list_ing": ("ing1", "ing2", "ing3", "ing4"),
    "some_ing": ("ing1", "ing2", "ing3", "ing4"),
    "howto": ("verb1", "ing1", "verb2", "ing2", "verb3", "ing3", "minutes"),
    "about_dish": ("origin", "ing1", "ing2", "ing3", "ing4"),
    "list_sights": ("sight1", "sight2", "sight3"),
    "about_town": ("region", "river", "product"),
    "json_town": ("region", "river", "product"),
}


@dataclass(frozen=True)
class Check:
    """The three parts of a right response."""

    facts: bool
    form: bool
    clean: bool

    @property
    def ok(self) -> bool:
        return self.facts and self.form and self.clean


def check(world: World, spec: Spec, response: str) -> Check:
    """Judge a response to the spec; spaces around words do not matter, newlines do."""
    words = world.lexer.findall(response)
    facts = [word for word in words if word in world.category]
    return Check(facts_right(world, spec, facts), form_right(spec, words), clean(world, words))


def gold(world: World, spec: Spec) -> list[str]:
    """The fact words of a right response, in the order of the tasks where order matters."""
    entity = world.entities[spec.entity]
    if KIND_OF[spec.task] == "club":
        days = [spec.day] if spec.day else DAYS
        return [spec.entity, *(word for day in days for word in (day, entity.facts[day]))]
    return [spec.entity, *(entity.facts[field] for field in TASK_FIELDS.get(spec.task, (spec.task[3:],)))]


def facts_right(world: World, spec: Spec, found: list[str]) -> bool:
    """Whether all facts of the task are there and no others: in order for steps, weeks and comparisons; any n of four
    for 'name two'."""
    if spec.task in COMPARISONS:
        x, y = (world.entities[name].facts[spec.task[4:]] for name in (spec.entity, spec.partner))
        both = [spec.entity, spec.partner, x]
        return found == [spec.entity, x, spec.partner, y] or (x == y and found == both)
    right = gold(world, spec)
    if spec.task == "some_ing":
        rest = set(found[2:])
        begins = found[:2] == [COUNT_WORDS[spec.count], spec.entity] and len(found) == 2 + spec.count
        return begins and len(rest) == spec.count and rest <= set(right[1:])
    return found == right if spec.task in IN_ORDER else sorted(found) == sorted(right)


def form_right(spec: Spec, words: list[str]) -> bool:
    """Whether the layout is that of the spec, without marks of another one."""
    lines = [line.split() for line in " ".join(words).split("\n")]
    marks = {word for word in words if word in ("-", "{", "}", ":") or word.isdigit()}
    if spec.task in RECORDS:
        edges = words[:1] == ["{"] and words[-1:] == ["}"] and words.count("{") == words.count("}") == 1
        return edges and len(lines) == 1 and marks == {"{", "}", ":"}
    if spec.task not in LISTS and spec.task != "howto":
        return len(lines) == 1 and not marks
    items = spec.count or len(LISTS.get(spec.task, STEPS)[1])
    if spec.form == "comma":
        return len(lines) == 1 and words.count(",") == items - 1 and marks == {":"}
    if spec.task == "howto" and lines.pop()[:1] != ["cook"]:
        return False
    starts = [["-"] if spec.form == "bullet" else [str(i), "."] for i in range(1, items + 1)]
    begun = [line[: len(start)] == start for line, start in zip(lines[1:], starts, strict=False)]
    numbers = sum(word == "-" or word.isdigit() for word in words)
    return len(lines) == 1 + items and lines[0][-1:] == [":"] and all(begun) and numbers == items


def clean(world: World, words: list[str]) -> bool:
    """Whether each pair of neighbouring words is in some right response, and the text is not cut off."""
    if not words or not set(pairwise(skeleton(world, words))) <= neighbours():
        return False
    last = " ".join(words).rsplit("\n", 1)[-1].split()
    return words[-1] in (".", "}") or last[0] == "-" or last[0].isdigit()


def skeleton(world: World, words: list[str]) -> list[str]:
    """Words with facts and names replaced by their category, between a start and an end mark."""
    return ["<start>", *(f"<{world.category[w]}>" if w in world.category else w for w in words), "<end>"]


@cache
def neighbours() -> frozenset[tuple[str, str]]:
    """All pairs of neighbouring words of right responses; the same in every world, as names are categories."""
    world, pairs = build(0), set[tuple[str, str]]()
    for task, kind in KIND_OF.items():
        first, second = (world.entities[name] for name in world.of_kind(kind)[:2])
        for spec in variants(task):
            for i in range(80):
                text = respond(spec, first, (first, second)[i % 2], stream("neighbours", task, i))
                pairs.update(pairwise(skeleton(world, world.lexer.findall(text))))
    return frozenset(pairs)
