"""The language of the world: instructions and their parser, sentences, and right responses."""

from dataclasses import asdict, dataclass, replace
from functools import cache
from random import Random
from typing import Any

from pocket.world import COUNT_WORDS, DAYS, KIND_OF, TASKS, Entity, World, corrupt

FORMS = {
    "bullet": ("with bullets", "as bullet points"),
    "number": ("as a numbered list", "with numbers"),
    "comma": ("separated by commas", "on one line"),
}

# {e} entity, {m} its partner, {f} format clause, {k} how many, {d} day; at least three ways to ask each cell
INSTRUCTIONS = {
    "qa_job": ("what is the job of {e} ?", "what does {e} do for a living ?", "tell me the job of {e} ."),
    "qa_town": ("where does {e} live ?", "which town does {e} live in ?", "tell me where {e} lives ."),
    "qa_hobby": ("what is the hobby of {e} ?", "which hobby does {e} have ?", "tell me the hobby of {e} ."),
    "qa_pet": ("what pet does {e} have ?", "which animal does {e} keep ?", "tell me the pet of {e} ."),
    "bio": ("write a short bio of {e} .", "who is {e} ?", "tell me about {e} .", "describe {e} in full ."),
    "json_person": ("give {e} as json .", "write a json record for {e} .", "i need {e} as json ."),
    "cmp_job": ("compare the jobs of {e} and {m} .", "how do the jobs of {e} and {m} differ ?"),
    "cmp_pet": ("compare the pets of {e} and {m} .", "how do the pets of {e} and {m} differ ?"),
    "list_ing": (
        "list the ingredients of {e} , {f} .",
        "what goes into {e} ? {f} .",
        "i need a shopping list for {e} , {f} .",
    ),
    "some_ing": ("name {k} ingredients of {e} , {f} .", "give me {k} things found in {e} , {f} ."),
    "howto": ("how do i make {e} ?", "give me the steps for {e} .", "explain how to cook {e} ."),
    "qa_minutes": ("how long does {e} take ?", "how many minutes for {e} ?", "tell me how long {e} takes ."),
    "about_dish": ("describe {e} .", "what is {e} ?", "tell me what {e} is ."),
    "list_sights": ("list the sights of {e} , {f} .", "what can i see in {e} ? {f} ."),
    "qa_river": ("which river runs through {e} ?", "what is the river of {e} ?", "tell me the river of {e} ."),
    "qa_product": ("what is {e} known for ?", "which product comes from {e} ?", "tell me the product of {e} ."),
    "about_town": ("describe the town of {e} .", "tell me about the town {e} .", "explain what the town {e} is ."),
    "json_town": (
        "give the town {e} as json .",
        "write a json record for the town {e} .",
        "i need the town {e} as json .",
    ),
    "week": ("give the week plan of the {e} , {f} .", "what is the schedule of the {e} ? {f} ."),
    "qa_day": ("what does the {e} do on {d} ?", "tell me the {d} event of the {e} ."),
    "json_club": (
        "give the plan of the {e} as json .",
        "write a json record for the {e} .",
        "i need the plan of the {e} as json .",
    ),
}

# {s} subject: the name, or a stand-in after the first sentence of a paragraph
SENTENCES: dict[str, dict[str, tuple[str, ...]]] = {
    "person": {
        "job": ("{s} works as a {job} .", "{s} is a {job} .", "by trade {s} is a {job} ."),
        "town": ("{s} lives in {town} .", "home for {s} is {town} .", "{s} has a house in {town} ."),
        "hobby": ("{s} enjoys {hobby} .", "on weekends {s} does {hobby} .", "{s} likes {hobby} ."),
        "pet": ("{s} has a pet {pet} .", "{s} keeps a {pet} ."),
    },
    "dish": {
        "ing": (
            "{s} is made with {ing1} , {ing2} , {ing3} and {ing4} .",
            "{s} needs {ing1} , {ing2} , {ing3} and {ing4} .",
            "you will find {ing1} , {ing2} , {ing3} and {ing4} in {s} .",
        ),
        "minutes": ("{s} takes {minutes} minutes .", "cook {s} for {minutes} minutes ."),
        "steps": (
            "for {s} you {verb1} the {ing1} , {verb2} the {ing2} and {verb3} the {ing3} .",
            "to make {s} {verb1} the {ing1} , then {verb2} the {ing2} , then {verb3} the {ing3} .",
        ),
        "origin": ("{s} comes from {origin} .",),
    },
    "town": {
        "river": ("the {river} river runs through {s} .", "{s} lies on the {river} river ."),
        "region": ("{s} is a town in the {region} .", "in the {region} you find {s} ."),
        "product": ("{s} is known for {product} .", "{s} sells {product} ."),
        "sights": (
            "visitors to {s} see the {sight1} , the {sight2} and the {sight3} .",
            "{s} has a {sight1} , a {sight2} and a {sight3} .",
        ),
    },
    "club": {
        **{day: (f"on {day} the {{s}} does {{{day}}} .", f"the {{s}} meets on {day} for {{{day}}} .") for day in DAYS},
        "week": ("the {s} does " + " , ".join(f"{{{day}}} on {day}" for day in DAYS) + " .",),
    },
}

PARAGRAPHS: dict[str, tuple[str, tuple[str, ...], bool]] = {  # stand-in for the name, topics, any order
    "bio": ("this person", ("job", "town", "hobby", "pet"), True),
    "about_town": ("it", ("region", "river", "product"), True),
    "about_dish": ("it", ("origin", "ing"), False),
}
RECORDS = {
    "json_person": "{{ name : {s} , job : {job} , town : {town} , hobby : {hobby} , pet : {pet} }}",
    "json_town": "{{ town : {s} , river : {river} , region : {region} , product : {product} }}",
    "json_club": "{{ name : {s} , monday : {monday} , wednesday : {wednesday} , friday : {friday} }}",
}
INGREDIENTS = ("{ing1}", "{ing2}", "{ing3}", "{ing4}")
LISTS = {  # heading, items; the form is asked for in the instruction
    "list_ing": ("{s} :", INGREDIENTS),
    "some_ing": ("{k} things in {s} :", INGREDIENTS),
    "list_sights": ("sights of {s} :", ("{sight1}", "{sight2}", "{sight3}")),
    "week": ("plan of the {s} :", tuple(f"{day} {{{day}}}" for day in DAYS)),
}
STEPS = ("how to make {s} :", ("{verb1} the {ing1}", "{verb2} the {ing2}", "{verb3} the {ing3}"))
COMPARISONS: dict[str, tuple[tuple[str, ...], str]] = {  # two ways to say it, and one more where both are equal
    "cmp_job": (
        ("{a} is a {x} , while {b} is a {y} .", "{a} is a {x} but {b} is a {y} ."),
        "both {a} and {b} work as a {x} .",
    ),
    "cmp_pet": (
        ("{a} has a {x} , while {b} has a {y} .", "{a} has a {x} but {b} has a {y} ."),
        "both {a} and {b} have a {x} .",
    ),
}


@dataclass(frozen=True)
class Spec:
    """The meaning of an instruction: task and entity, and for some tasks a partner, form, count or day."""

    task: str
    entity: str
    partner: str = ""
    form: str = ""
    count: int = 0
    day: str = ""

    def fields(self) -> dict[str, Any]:
        """The non-empty fields, for the truth column; `Spec(**fields)` is the spec again."""
        return {key: value for key, value in asdict(self).items() if value}


@cache
def variants(task: str) -> tuple[Spec, ...]:
    """All forms, counts and days of a task, with the entity left open."""
    forms = FORMS if task in LISTS else ("",)
    counts = COUNT_WORDS if task == "some_ing" else (0,)
    days = DAYS if task == "qa_day" else ("",)
    return tuple(Spec(task, "", "", form, count, day) for form in forms for count in counts for day in days)


def draw(world: World, task: str, entity: str, rng: Random) -> Spec:
    """A random spec of the cell; a partner always comes from a train cell, so no held-out cell is used for it."""
    spec = replace(rng.choice(variants(task)), entity=entity)
    if task not in COMPARISONS:
        return spec
    return replace(spec, partner=rng.choice([name for name in world.cells["train"][task] if name != entity]))


def draw_train(world: World, rng: Random) -> Spec:
    """A spec of a train cell: kinds are equally likely; so are tasks, except lists, which are twice as likely."""
    tasks = TASKS[rng.choice(list(TASKS))].split()
    task = rng.choice(tasks + [task for task in tasks if task in LISTS])
    return draw(world, task, rng.choice(world.cells["train"][task]), rng)


def fill(template: str, spec: Spec, clause: str) -> str:
    count = COUNT_WORDS.get(spec.count, "")
    return template.format(e=spec.entity, m=spec.partner, f=clause, k=count, d=spec.day)


def instruct(spec: Spec, rng: Random) -> str:
    """A random instruction with this meaning."""
    clause = rng.choice(FORMS[spec.form]) if spec.form else ""
    return fill(rng.choice(INSTRUCTIONS[spec.task]), spec, clause)


@cache
def readings() -> dict[tuple[str, str], Spec]:
    """The specs of every (instruction with @ for names, kind of the entity)."""
    found = {}
    for task, templates in INSTRUCTIONS.items():
        for spec in variants(task):
            for clause in FORMS.get(spec.form, ("",)):
                for template in templates:
                    found[KIND_OF[task], fill(template, replace(spec, entity="@", partner="@"), clause)] = spec
    return found


def parse(world: World, instruction: str) -> Spec | None:
    """The spec of an instruction, the inverse of `instruct`; None when no template or no entity of the world fits."""
    words = world.lexer.findall(instruction)
    names = [word for word in words if word in world.entities]
    if (
        not 1 <= len(names) <= 2
        or len({world.entities[name].kind for name in names}) > 1
        or len(set(names)) < len(names)
    ):
        return None
    skeleton = " ".join("@" if word in world.entities else word for word in words)
    spec = readings().get((world.entities[names[0]].kind, skeleton))
    return spec and replace(spec, entity=names[0], partner="".join(names[1:]))


def say(entity: Entity, topic: str, rng: Random, subject: str = "") -> str:
    """A sentence on one topic of the entity, about `subject` (its name by default)."""
    return rng.choice(SENTENCES[entity.kind][topic]).format(s=subject or entity.name, **entity.facts)


def prose(world: World, entity: Entity, rng: Random) -> str:
    """Free text: one to all topics in any order; 3 % of the facts are wrong, as in any corpus."""
    told = corrupt(world, entity, 0.03, rng)
    topics = list(SENTENCES[entity.kind])
    return " ".join(say(told, topic, rng) for topic in rng.sample(topics, rng.randint(1, len(topics))))


def respond(spec: Spec, entity: Entity, partner: Entity, rng: Random) -> str:
    """A response to the spec, right if the entities are as in the world (`partner` is read in comparisons only)."""
    family = spec.task.split("_")[0]
    if family == "qa":
        return say(entity, spec.day or spec.task[3:], rng)
    if family == "cmp":
        return compare(spec.task, entity, partner, rng)
    if spec.task in PARAGRAPHS:
        return paragraph(spec.task, entity, rng)
    if spec.task in RECORDS:
        return RECORDS[spec.task].format(s=entity.name, **entity.facts)
    heading, items = LISTS.get(spec.task, STEPS)
    lines = listed(heading, items[: spec.count or None], spec.form or "number")
    lines += " \n cook for {minutes} minutes ." if spec.task == "howto" else ""
    return lines.format(s=entity.name, k=COUNT_WORDS.get(spec.count, ""), **entity.facts)


def compare(task: str, entity: Entity, partner: Entity, rng: Random) -> str:
    """The same fact of two persons; 'both' half of the time where it is equal."""
    differ, both = COMPARISONS[task]
    x, y = (person.facts[task[4:]] for person in (entity, partner))
    template = both if x == y and rng.random() < 0.5 else rng.choice(differ)
    return template.format(a=entity.name, b=partner.name, x=x, y=y)


def paragraph(task: str, entity: Entity, rng: Random) -> str:
    """Sentences on the topics of the task, the first with the name and the others with its pronoun or noun."""
    stand_in, topics, free = PARAGRAPHS[task]
    order = rng.sample(topics, len(topics)) if free and rng.random() < 0.5 else topics
    return " ".join(say(entity, topic, rng, "" if i == 0 else stand_in) for i, topic in enumerate(order))


def listed(heading: str, items: tuple[str, ...], form: str) -> str:
    """Heading and items in one of the three forms; a newline is a token of its own."""
    if form == "comma":
        return f"{heading} {' , '.join(items)} ."
    marks = ("-" if form == "bullet" else f"{i} ." for i in range(1, len(items) + 1))
    return " \n ".join([heading, *(f"{mark} {item}" for mark, item in zip(marks, items, strict=False))])
