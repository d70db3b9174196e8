"""Specifications: what a generator of tagged utterances is asked for, made of labelled utterances, and read back.

A labelled utterance has `language`, `intent`, `utterance`, `slots` ('town=calra', in order) and `parse` (the intent,
and the utterance with each value in brackets after its label).
"""

from random import Random

from baleen.rows import Row
from baleen.tagged import ANY, Span, declared, missing, plain, projected, remarked, repeated, spans

SHOTS = 10  # examples at most (LINGUIST, arXiv:2209.09900: up to 10)
WILD = 0.5  # share of the requested values that are left to the model
ASKED = 12  # specifications for each labelled utterance


def slots_of(row: Row) -> list[Span]:
    return [Span(*slot.split("=", 1)) for slot in row["slots"]]


def marked(row: Row) -> str:
    """The tagged utterance of a labelled row, with labels as marks."""
    return str(row["parse"]).split("\n", 1)[1]


def spec(row: Row, others: list[Row], slots: list[Span], rng: Random, wild: float = WILD) -> Row:
    """The five blocks: language, intent, values to include, labels with their numbers, examples among the `others`."""
    chosen = rng.sample(others, min(len(others), rng.randint(2, SHOTS)))
    labels = sorted({label for own in [*chosen, row] for label, _ in slots_of(own)})
    numbers = {label: str(i) for i, label in enumerate(labels, 1)}
    wanted = sorted((numbers[label], ANY if rng.random() < wild else value) for label, value in slots)
    return {
        "language": row["language"],
        "intent": row["intent"],
        "include": [f"[{number} {value} ]" for number, value in wanted],
        "labels": [f"{number} = {label}" for label, number in numbers.items()],
        "examples": [remarked(marked(own), numbers) for own in chosen],
        "tagged": remarked(marked(row), numbers),
    }


def alike(table: list[Row]) -> dict[tuple[str, str], list[Row]]:
    """The rows of each language and intent."""
    found = dict[tuple[str, str], list[Row]]()
    for row in table:
        found.setdefault((row["language"], row["intent"]), []).append(row)
    return found


def lessons(table: list[Row]) -> list[tuple[Row, str]]:
    """Each labelled utterance as the answer to a specification whose examples are others of its intent."""
    groups = alike(table)
    made = list[tuple[Row, str]]()
    for row in table:
        others = [own for own in groups[row["language"], row["intent"]] if own["id"] != row["id"]]
        found = spec(row, others, slots_of(row), Random(f"lesson {row['id']}"))
        made.append((row | found, "" if len(others) >= 2 else "fewer than 2 examples of its intent"))
    return made


def asked(table: list[Row]) -> list[tuple[Row, str]]:
    """Specifications that ask for more utterances like these, with other values that their labels have here."""
    groups, made = alike(table), list[tuple[Row, str]]()
    for own in groups.values():
        values = dict[str, list[str]]()
        for label, value in (slot for row in own for slot in slots_of(row)):
            values.setdefault(label, []).append(value)
        for row in own:
            for copy in range(ASKED):
                rng = Random(f"ask {row['id']} {copy}")
                slots = [Span(label, rng.choice(values[label])) for label, _ in slots_of(row)]
                one = {"id": f"{row['id']}-{copy}", "parent": row["id"]}
                made.append((row | spec(row, own, slots, rng) | one, ""))
    return made


def abroad(table: list[Row]) -> list[tuple[Row, str]]:
    """Specifications that ask for an utterance like each of these in the language of `into`, with any values."""
    groups = alike(table)
    made = list[tuple[Row, str]]()
    for row in table:
        others = groups[row["language"], row["intent"]]
        found = spec(row, others, slots_of(row), Random(f"abroad {row['id']}"), wild=1.0)
        made.append((row | found | {"language": row["into"]}, ""))
    return made


def labelled(language: str, intent: str, tagged: str) -> Row:
    """The columns of a labelled utterance, from its tagged text with labels as marks."""
    slots = [f"{label}={value}" for label, value in spans(tagged) or []]
    told = {"language": language, "intent": intent, "utterance": plain(tagged), "slots": slots}
    return told | {"parse": f"{intent}\n{tagged}"}


def relabelled(row: Row) -> list[Row] | str:
    """A generated utterance as a labelled one, or which rule it breaks."""
    found, labels = spans(row["tagged"]), declared(row["labels"])
    if found is None or any(span.mark not in labels for span in found):
        return "undeclared number" if found is not None else "unbalanced brackets"
    if missing(row["tagged"], row["include"]):
        return "requested value missing"
    if repeated(row["tagged"], row["examples"]):
        return "copy of an example"
    return [row | labelled(row["language"], row["intent"], remarked(row["tagged"], labels))]


def reprojected(row: Row) -> list[Row] | str:
    """A labelled utterance that was reworded in `back`, its slots found again by their values."""
    if row["back"].strip() == row["utterance"].strip():
        return "came back unchanged"
    tagged = projected(row["back"], slots_of(row))
    return [row | labelled(row["language"], row["intent"], tagged)] if tagged else "a slot value is lost"
