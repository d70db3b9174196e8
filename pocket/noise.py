"""Web documents of the world: right responses without their instruction, with eight kinds of noise."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from pocket.phrasing import Spec, draw_train, respond
from pocket.world import DAYS, World, corrupt


@dataclass(frozen=True)
class Document:
    """A text, its kind ('clean' or a kind of noise), and the specs whose responses are in it."""

    text: str
    kind: str
    specs: tuple[Spec, ...]


def answer_to(world: World, spec: Spec, rng: Random, wrong: float = 0.0) -> str:
    """A response to the spec in which each fact is wrong with probability `wrong`."""
    entity = corrupt(world, world.entities[spec.entity], wrong, rng)
    partner = corrupt(world, world.entities[spec.partner or spec.entity], wrong, rng)
    return respond(spec, entity, partner, rng)


def document(world: World, noise: float, rng: Random) -> Document:
    """A document drawn from train cells; for one `rng` seed, less noise leaves the clean ones as they were."""
    noisy = rng.random() < noise
    spec = draw_train(world, rng)
    text = answer_to(world, spec, rng)
    if not noisy:
        return Document(text, "clean", (spec,))
    spare = draw_train(world, rng)
    kind = rng.choices(list(NOISE), [share for share, _ in NOISE.values()])[0]
    return Document(NOISE[kind][1](world, spec, text, answer_to(world, spare, rng), rng), kind, (spec, spare))


def boilerplate(world: World, rng: Random) -> str:
    """One line of a page that is no content."""
    names = list(world.entities)
    return rng.choice(
        (
            "click here to subscribe to our newsletter .",
            "share this page . log in . sign up .",
            "we use cookies to improve your visit . accept all .",
            "copyright all rights reserved . terms of use . privacy policy .",
            "home | about | contact | help",
            f"read more : {rng.choice(names)}",
            "advertisement . skip ad .",
            f"related pages : {' | '.join(rng.sample(names, 3))}",
            "comments are closed . reply . report .",
            f"last updated on {rng.choice(DAYS)} by admin .",
        )
    )


def attached(world: World, spec: Spec, text: str, spare: str, rng: Random) -> str:
    """Boilerplate before (40 %), after (40 %) or around the text."""
    place = rng.random()
    before = [boilerplate(world, rng)] if place < 0.4 or place >= 0.8 else []
    return " ".join([*before, text, *([boilerplate(world, rng)] if place >= 0.4 else [])])


def only(world: World, spec: Spec, text: str, spare: str, rng: Random) -> str:
    return " ".join(boilerplate(world, rng) for _ in range(rng.randint(1, 3)))


def truncated(world: World, spec: Spec, text: str, spare: str, rng: Random) -> str:
    """The start (75 %) or the end, cut in the middle; responses have four words or more."""
    words = text.split(" ")
    cut = rng.randint(max(2, len(words) // 4), len(words) - 2)
    return " ".join(words[:cut] if rng.random() < 0.75 else words[cut:])


def spliced(world: World, spec: Spec, text: str, spare: str, rng: Random) -> str:
    """The start of one document and the end of another."""
    first, second = text.split(" "), spare.split(" ")
    return " ".join(first[: rng.randint(len(first) // 3, len(first))] + second[rng.randint(0, len(second) // 2) :])


def shuffled(world: World, spec: Spec, text: str, spare: str, rng: Random) -> str:
    """Columns of three words, or single words, out of order."""
    words, width = text.split(" "), rng.choice((1, 3))
    columns = [words[i : i + width] for i in range(0, len(words), width)]
    rng.shuffle(columns)
    return " ".join(word for column in columns for word in column)


def wrong(world: World, spec: Spec, text: str, spare: str, rng: Random) -> str:
    return answer_to(world, spec, rng, wrong=0.6)


def chatter(world: World, spec: Spec, text: str, spare: str, rng: Random) -> str:
    """Two to four posts of a forum."""
    name = rng.choice(list(world.entities))
    posts = (
        f"i really love {name} so much !",
        f"has anyone here heard of {name} lately ?",
        "lol same here .",
        "thanks for the post .",
        "my cousin told me that last year .",
        f"not sure about {name} to be honest .",
        "does anyone know more ?",
        "great stuff guys !",
        "i was there with my wife .",
    )
    return " ".join(rng.sample(posts, rng.randint(2, 4)))


def story(world: World, spec: Spec, text: str, spare: str, rng: Random) -> str:
    """Three to five sentences about two persons, neither true nor false in the world."""
    a, b = rng.sample(world.of_kind("person"), 2)
    hobby, pet, sight, town = (rng.choice(world.values[key]) for key in ("hobby", "pet", "sight", "town"))
    rest = (
        "it was raining and the road was long .",
        f"they talked about {hobby} for hours .",
        f"{b} was late again and {a} was angry .",
        f"later they found a {pet} near the {sight} .",
        "in the end everyone went home happy .",
        f"{a} said nothing .",
    )
    chosen = sorted(rng.sample(range(len(rest)), rng.randint(2, 4)))
    return " ".join([f"one morning {a} walked to {town} to meet {b} .", *(rest[i] for i in chosen)])


Noise = Callable[[World, Spec, str, str, Random], str]  # world, spec, its response, another response, randomness
NOISE: dict[str, tuple[float, Noise]] = {  # share of the noise, function
    "attached": (0.18, attached),
    "boilerplate": (0.06, only),
    "truncated": (0.20, truncated),
    "spliced": (0.14, spliced),
    "shuffled": (0.08, shuffled),
    "wrong": (0.16, wrong),
    "chatter": (0.08, chatter),
    "story": (0.10, story),
}
