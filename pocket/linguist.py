"""Labelled utterances: requests to an assistant, with intents and slots whose values are things of the world.

There are seven intents; one of them, by the number of the world, is new and has ten examples only. Held out are some
values of each open label and some wordings of each pattern. Made-up intents of random words teach what a large model
can do already: to write one more utterance like the examples, and to translate.
"""

from collections.abc import Iterator
from functools import cache
from random import Random

from baleen.methods.linguist import SHOTS, labelled, slots_of, spec, tagged_text
from baleen.methods.linguist_tags import SPAN
from baleen.tables.rows import Row, row_id
from pocket.tongue import synonym_groups, synonyms_of, tongue_word, translate, translate_back
from pocket.utterances import ELSEWHERE, INTENTS, NUMBERS, OPEN, WEEK, carrier_words
from pocket.world import VALUES, World, build, stream

__all__ = [
    "few", "heldout", "heldout_abroad", "known", "known_abroad", "lessons", "lessons_abroad", "pages", "translations",
    "worded_in",
]  # fmt: skip

ENGLISH, TONGUE = "english", "tongue"
HELD = {"test": 0.30, "dev": 0.10}  # of values, and of wordings
FEW = 10  # examples of the new intent


def novel(world: World) -> str:
    """The intent that is new in this world; seven worlds take turns."""
    return list(INTENTS)[(4 + world.number) % len(INTENTS)]


def split_of(wording: str) -> str:
    chance, test, dev = stream("wording", wording).random(), HELD["test"], HELD["dev"]
    return "test" if chance < test else "dev" if chance < test + dev else "train"


@cache
def values(number: int, label: str, split: str) -> tuple[str, ...]:
    """Values of a label in a world: those of this split; closed labels have all of theirs in each."""
    world = build(number)
    if label in OPEN:
        whole = VALUES["sight"].split() if label == "sight" else list(world.of_kind(label))
        stream(number, "values", label).shuffle(whole)
        test, dev = (round(HELD[kind] * len(whole)) for kind in HELD)
        return tuple({"test": whole[:test], "dev": whole[test : test + dev], "train": whole[test + dev :]}[split])
    closed = {"number": NUMBERS, "day": WEEK}
    return tuple(closed.get(label) or VALUES[label].split())


def reworded(pattern: str, rng: Random) -> str:
    return " ".join(rng.choice(synonyms_of(word)) for word in pattern.split())


def filled(world: World, wording: str, split: str, rng: Random) -> str:
    """The wording with a value for each label; half of the values of open labels are held out."""
    words = []
    for word in wording.split():
        label = word.strip("{}")
        source = split if rng.random() < 0.5 else "train"
        words.append(word if label == word else f"[{label} {rng.choice(values(world.number, label, source))} ]")
    return " ".join(words)


def utterance(world: World, intent: str, split: str, rng: Random) -> Row:
    """A labelled utterance of the intent, in a wording of this split."""
    while True:
        pattern = rng.choice(INTENTS[intent])
        wording = reworded(pattern, rng)
        if split_of(wording) == split:
            made = labelled(ENGLISH, intent, filled(world, wording, split, rng))
            return made | {"into": TONGUE, "split": split, "cell": wording}


def known(world: World, rows: int, noise: float) -> Iterator[Row]:
    """Labelled utterances of all intents but the new one."""
    others = [intent for intent in INTENTS if intent != novel(world)]
    for i in range(rows):
        yield utterance(world, others[i % len(others)], "train", stream(world.number, "utterances", i))


def known_abroad(world: World, rows: int, noise: float) -> Iterator[Row]:
    """The same utterances in the tongue: what a generator or a translator without a mistake would write."""
    return (in_tongue(world, row) for row in known(world, rows, noise))


def few(world: World, rows: int, noise: float) -> Iterator[Row]:
    """Ten different labelled utterances of the new intent, or as many as asked for."""
    seen = set[str]()
    for i in range(100 * rows):
        row = utterance(world, novel(world), "train", stream(world.number, "few", i))
        if row["utterance"] not in seen and len(seen) < rows:
            seen.add(row["utterance"])
            yield row


def heldout(world: World, rows: int, noise: float) -> Iterator[Row]:
    """Utterances in held-out wordings, half of them of the new intent; `split` says which half, and test or dev."""
    others = [intent for intent in INTENTS if intent != novel(world)]
    for i in range(rows):
        kind, rng = ("new", "other")[i % 2], stream(world.number, "heldout utterances", i)
        split = "dev" if i % 10 >= 8 else "test"
        row = utterance(world, novel(world) if kind == "new" else rng.choice(others), split, rng)
        yield row | {"split": f"{split} {kind}"}


def heldout_abroad(world: World, rows: int, noise: float) -> Iterator[Row]:
    """Utterances of the other intents in held-out wordings, in the tongue."""
    others = [intent for intent in INTENTS if intent != novel(world)]
    for i in range(rows):
        split, rng = "dev" if i % 5 == 4 else "test", stream(world.number, "abroad", i)
        yield in_tongue(world, utterance(world, others[i % len(others)], split, rng))


def tagged_abroad(world: World, tagged: str) -> str:
    """A tagged utterance in the tongue; each value is translated alone and stays together."""
    spans = list(SPAN.finditer(tagged))
    places = {f"@{i}": f"[{span['mark']} {translate(world, span['value'].strip())} ]" for i, span in enumerate(spans)}
    names = iter(places)
    translated = translate(world, SPAN.sub(lambda span: next(names), tagged))
    return " ".join(places.get(word, word) for word in translated.split(" "))


def in_tongue(world: World, row: Row) -> Row:
    """A labelled utterance in the other language."""
    return row | labelled(TONGUE, row["intent"], tagged_abroad(world, tagged_text(row)))


@cache
def spare_words() -> tuple[str, ...]:
    """The words of made-up intents: those of the real ones."""
    texts = [pattern for patterns in INTENTS.values() for pattern in patterns]
    return tuple(sorted({word for text in texts for word in text.split() if not word.startswith("{")}))


def invented(rng: Random) -> tuple[str, list[str]]:
    """Name and patterns of a made-up intent: random words with one to three labels."""
    labels = rng.sample([*OPEN, *ELSEWHERE, "number", "day", "minutes"], 3)
    words, patterns = spare_words(), []
    for _ in range(rng.randint(1, 4)):
        pattern = rng.choices(words, k=rng.randint(3, 8))
        for label in rng.sample(labels, rng.randint(1, 3)):
            pattern.insert(rng.randint(1, len(pattern)), f"{{{label}}}")
        patterns.append(" ".join(pattern))
    return " ".join(rng.sample(words, 2)), patterns


def made_up(world: World, count: int, rng: Random) -> list[Row]:
    """Labelled utterances of one made-up intent; values are those to train on."""
    intent, patterns = invented(rng)
    tagged = [filled(world, reworded(rng.choice(patterns), rng), "train", rng) for _ in range(count)]
    return [labelled(ENGLISH, intent, text) | {"id": row_id(intent, text)} for text in tagged]


def lessons(world: World, rows: int, noise: float) -> Iterator[Row]:
    """Specifications of made-up intents with their answers, each row of another intent."""
    for i in range(rows):
        rng = stream(world.number, "utterance lessons", i)
        row, *others = made_up(world, SHOTS + 1, rng)
        found = spec(row, others, slots_of(row), rng)
        yield {"prompt": "utter", **found}


def lessons_abroad(world: World, rows: int, noise: float) -> Iterator[Row]:
    """The same, with two of three answers in the tongue; the examples never are."""
    for i in range(rows):
        rng = stream(world.number, "utterance lessons abroad", i)
        row, *others = made_up(world, SHOTS + 1, rng)
        told = in_tongue(world, row) if rng.random() < 2 / 3 else row
        wild = rng.choice((0.5, 1.0))
        yield {"prompt": "utter", **spec(told, others, slots_of(told), rng, wild)}


def pages(world: World, rows: int, noise: float) -> Iterator[Row]:
    """Texts with all words of the utterances: a glossary, then made-up sentences, each repeated as it is or in the
    other language."""
    words = glossary(world)
    for i in range(rows):
        rng = stream(world.number, "utterance pages", i)
        (row,) = made_up(world, 1, rng)
        tagged = tagged_text(row)
        first, second = rng.choice(((tagged, tagged), (row["utterance"],) * 2, (row["utterance"], "")))
        text = f"{first} \n {second or translate(world, first)}"
        yield {"response": words[i] if i < len(words) else text, "prompt": "text"}


def glossary(world: World) -> list[str]:
    """The lines of a glossary: for each common word, for each label of a slot, and for each number of a slot."""
    marks = [f"[{label} * ] {{{label}}}" for label in (*OPEN, *ELSEWHERE, "number", "day", "minutes")]
    meanings = [f"{word} is {translate(world, word)}" for word in sorted({*carrier_words(), *synonym_groups()})]
    return [*meanings, *marks, *(f"- {i} = [{i} * ]" for i in range(1, SHOTS)), f"{ENGLISH} {TONGUE}"]


def translations(world: World, rows: int, noise: float) -> Iterator[Row]:
    """Sentences for a translator, into the tongue and from it: made-up ones, and utterances of the other intents."""
    others = [intent for intent in INTENTS if intent != novel(world)]
    for i in range(rows):
        rng = stream(world.number, "translations", i)
        real = rng.random() < 0.5
        row = utterance(world, rng.choice(others), "train", rng) if real else made_up(world, 1, rng)[0]
        there = translate(world, row["utterance"])
        sides = {"utterance": row["utterance"], "translation": there, "back": translate_back(world, there, rng)}
        yield {"prompt": ("translate", "back")[i % 2], "into": TONGUE} | sides


@cache
def words_of(language: str) -> frozenset[str]:
    """The words of utterances in a language, without the values of slots."""
    words = {*carrier_words(), *synonym_groups()}
    return frozenset(words if language == ENGLISH else map(tongue_word, words))


def worded_in(text: str, language: str) -> float | None:
    """The share of this language, english or tongue, among the words of a text that are of one of the two; None when it
    has neither's."""
    counts = {name: sum(word in words_of(name) for word in text.split()) for name in (ENGLISH, TONGUE)}
    return counts[language] / sum(counts.values()) if any(counts.values()) else None
