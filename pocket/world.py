"""A small closed world: 80 named entities, their facts, and which (entity, task) cells are held out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from random import Random

STARTS = "bar cal dor fen gil har jor kel lor mar nor pel quin ros sel tor ul ves wil yor zan ash bri cor"
ENDS = "ba den go ia kin la mer no per ra sa tin vo wen xi ly mond rick ston worth"
FIRST_NAMES = "anna ben clara david emma felix grace henry ida jack kate leo mia noah olga paul"
DISH_KINDS = "stew soup pie salad curry"
DAYS = ("monday", "wednesday", "friday")
COUNT_WORDS = {2: "two", 3: "three"}

VALUES = {
    "job": "baker farmer lawyer nurse pilot teacher painter sailor tailor barber plumber judge miner chemist",
    "hobby": "chess fishing hiking knitting singing cycling rowing archery pottery gardening fencing juggling",
    "pet": "cat dog parrot rabbit turtle goat pony hamster lizard hawk",
    "ing": "leeks carrots beans rice garlic onions lentils peas mushrooms tomatoes corn barley pumpkin spinach cheese "
    "eggs ginger potatoes",
    "verb": "chop boil fry roast steam grill mash soak",
    "minutes": "ten twenty thirty forty fifty sixty",
    "region": "north south east west coast highlands",
    "product": "wool glass honey timber salt silk paper copper tin pearls marble lace",
    "sight": "castle museum harbor cathedral bridge garden theater lighthouse market windmill library fountain",
    "act": "dancing boxing drama poetry yoga debate robotics astronomy baking sketching karate origami",
}
FIELDS = {
    "person": "job town hobby pet",
    "dish": "ing1 ing2 ing3 ing4 verb1 verb2 verb3 minutes origin",
    "town": "river region product sight1 sight2 sight3",
    "club": "monday wednesday friday",
}
COUNTS = {"town": 16, "person": 24, "dish": 24, "club": 16}
RIVERS = 16
CATEGORY = {"origin": "town"} | dict.fromkeys(DAYS, "act")  # fields whose name is not that of their category

TASKS = {
    "person": "qa_job qa_town qa_hobby qa_pet bio json_person cmp_job cmp_pet",
    "dish": "list_ing some_ing howto qa_minutes about_dish",
    "town": "list_sights qa_river qa_product about_town json_town",
    "club": "week qa_day json_club",
}
KIND_OF = {task: kind for kind, tasks in TASKS.items() for task in tasks.split()}
SHARES = {"test": 0.30, "dev": 0.08}  # of all cells; the rest is train


@dataclass(frozen=True)
class Entity:
    """A thing with facts; `facts` maps each field of its kind to one word (a town to its name)."""

    name: str
    kind: str
    facts: Mapping[str, str]


@dataclass(frozen=True)
class World:
    """Everything true in one world, and what is needed to read text about it."""

    number: int
    entities: Mapping[str, Entity]
    values: Mapping[str, tuple[str, ...]]  # category -> the values that a field of it can take
    cells: Mapping[str, Mapping[str, tuple[str, ...]]]  # split -> task -> names of entities
    category: Mapping[str, str]  # word or name -> its category, for all that can be a fact
    lexer: re.Pattern[str]  # finds names as one token, newlines, other words

    def of_kind(self, kind: str) -> tuple[str, ...]:
        """Names of all entities of a kind, in order of creation."""
        return tuple(name for name, entity in self.entities.items() if entity.kind == kind)


def stream(*path: object) -> Random:
    """The random numbers of one part and row, so that more rows never change the first ones."""
    return Random("/".join(map(str, path)))


@cache
def build(number: int) -> World:
    """The world of this number; the same on every machine."""
    rng = stream(number, "entities")
    words = [start + end for start in STARTS.split() for end in ENDS.split()]
    rng.shuffle(words)
    named = {kind: [name(kind, words.pop(), rng) for _ in range(COUNTS[kind])] for kind in COUNTS}
    rivers = tuple(words.pop() for _ in range(RIVERS))
    values = {key: tuple(text.split()) for key, text in VALUES.items()}
    values |= {"river": rivers, "town": tuple(named["town"])}
    entities = {n: Entity(n, kind, draw_facts(kind, values, rng)) for kind in COUNTS for n in named[kind]}
    names = "|".join(map(re.escape, entities))
    lexer = re.compile(rf"(?:{names})(?!\S)|\n|\S+")
    return World(number, entities, values, split_cells(number, entities), categories(entities, values), lexer)


def name(kind: str, word: str, rng: Random) -> str:
    """The full name that a made-up word gets in its kind, such as 'anna calra' or 'torwen club'."""
    if kind == "person":
        return f"{rng.choice(FIRST_NAMES.split())} {word}"
    return {"dish": f"{word} {rng.choice(DISH_KINDS.split())}", "club": f"{word} club", "town": word}[kind]


def category_of(field: str) -> str:
    return CATEGORY.get(field, field.rstrip("1234"))


def draw_facts(kind: str, values: Mapping[str, tuple[str, ...]], rng: Random) -> dict[str, str]:
    """One value for each field of the kind; no value twice in an entity."""
    facts: dict[str, str] = {}
    for field in FIELDS[kind].split():
        facts[field] = rng.choice([v for v in values[category_of(field)] if v not in facts.values()])
    return facts


def categories(entities: Mapping[str, Entity], values: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """The category of each fact word and name; a single word of a longer name is a 'stray', in no right answer."""
    category = {name.split()[entity.kind == "person"]: "stray" for name, entity in entities.items()}
    category |= {word: key for key, words in values.items() for word in words}
    category |= dict.fromkeys(DAYS, "day") | dict.fromkeys(COUNT_WORDS.values(), "count")
    return category | {name: entity.kind for name, entity in entities.items()}


def split_cells(number: int, entities: Mapping[str, Entity]) -> dict[str, dict[str, tuple[str, ...]]]:
    """Every (entity, task) cell in one of test, dev and train."""
    cells = [(task, e.name) for e in entities.values() for task in TASKS[e.kind].split()]
    stream(number, "split").shuffle(cells)
    test, dev = (round(SHARES[split] * len(cells)) for split in ("test", "dev"))
    parts = {"test": cells[:test], "dev": cells[test : test + dev], "train": cells[test + dev :]}
    return {s: {t: tuple(sorted(e for task, e in part if task == t)) for t in KIND_OF} for s, part in parts.items()}


def corrupt(world: World, entity: Entity, share: float, rng: Random) -> Entity:
    """The entity with each fact replaced, with probability `share`, by a wrong one of the same category."""
    wrong = [field for field in entity.facts if rng.random() < share]
    if not wrong:
        return entity
    other = {f: rng.choice([v for v in world.values[category_of(f)] if v != entity.facts[f]]) for f in wrong}
    return Entity(entity.name, entity.kind, {**entity.facts, **other})
