"""Tagged utterances: 'play [1 jazz ] on [2 monday ]', with numbers or labels as marks; and measures of them.

Reading is strict: brackets are balanced and not nested, each holds a mark and a value, and no bracket stands elsewhere.

Specifications: what a generator of tagged utterances is asked for, made of labelled utterances, and read back.

A labelled utterance has `language`, `intent`, `utterance`, `slots` ('town=calra', in order) and `parse` (the intent,
and the utterance with each value in brackets after its label).

Word alignment of translated utterances: where the slots of the original are, from the table alone.

IBM Model 1 (Brown et al., 1993, Computational Linguistics 19(2)): expectation maximisation over all pairs, in memory.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from random import Random
from typing import NamedTuple

from baleen.tables.rows import Row

SPAN = re.compile(r"\[(?P<mark>[^\s\[\]]+) (?P<value>[^\[\]]+)\]")
NUMBER = re.compile(r"[1-9]\d*")
ANY = "*"  # the value of a slot that may be any
WORD = "[^\\W\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7af]"  # of a script that puts spaces between words


class Span(NamedTuple):
    mark: str
    value: str


def spans(tagged: str) -> list[Span] | None:
    """The spans in order, or None when the brackets are not well formed or the text has more than one line."""
    found = [Span(match["mark"], match["value"].strip()) for match in SPAN.finditer(tagged)]
    whole = not set("[]\n\r") & set(SPAN.sub("", tagged)) and all(span.value for span in found)
    return found if whole and tagged.strip() else None


def plain(tagged: str) -> str:
    """The utterance without its brackets and marks."""
    return SPAN.sub(lambda match: match["value"].removesuffix(" "), tagged).strip()


def remarked(tagged: str, marks: dict[str, str]) -> str:
    """The same with other marks, such as labels for numbers; every mark must be known."""
    return SPAN.sub(lambda match: f"[{marks[match['mark']]} {match['value']}]", tagged)


def numbered(tagged: str) -> bool:
    """Whether it is well formed and all its marks are numbers."""
    found = spans(tagged)
    return found is not None and all(NUMBER.fullmatch(span.mark) for span in found)


def projected(utterance: str, slots: list[Span]) -> str:
    """The utterance with a bracket round each value, or '' when a value is not there, or not as often as it must be."""
    if set("[]") & set(utterance):
        return ""
    wanted = Counter(value for _, value in slots)
    values = "|".join(rf"(?<!{WORD}){re.escape(v)}(?!{WORD})" for v in sorted(wanted, key=len, reverse=True))
    if not slots or Counter(re.findall(values, utterance)) != wanted:
        return "" if slots else utterance
    marks = {value: [mark for mark, own in slots if own == value] for value in wanted}
    return re.sub(values, lambda match: f"[{marks[match[0]].pop(0)} {match[0]} ]", utterance)


def declared(labels: list[str]) -> dict[str, str]:
    """Number -> label, from lines like '1 = town'."""
    return {number.strip(): label.strip() for number, _, label in (line.partition("=") for line in labels)}


def missing(tagged: str, include: list[str]) -> int:
    """How many requested slots, like '[1 calra ]' or '[2 * ]', have no span; each span serves one request."""
    left = Counter(spans(tagged) or [])
    wanted = [span for line in include for span in spans(line) or []]
    lacking = 0
    for span in sorted(wanted, key=lambda span: span.value == ANY):  # given values choose first
        fits = [own for own, n in left.items() if n and own.mark == span.mark and span.value in (ANY, own.value)]
        left.subtract(fits[:1])
        lacking += not fits
    return lacking


def repeated(tagged: str, examples: list[str]) -> bool:
    """Whether the utterance is one of the examples, whatever its brackets."""
    return plain(tagged) in {plain(example) for example in examples}


def parsed(parse: str) -> tuple[str, list[Span]] | None:
    """Intent and spans of a parse: the intent on the first line, the tagged utterance on the second and last."""
    intent, _, tagged = parse.strip().partition("\n")
    found = spans(tagged)
    return (intent.strip(), found) if intent.strip() and not set("[]") & set(intent) and found is not None else None


def parse_valid(answer: str) -> float:
    """1.0 when the parse can be read."""
    return float(parsed(answer) is not None)


def intent_right(parse: str, answer: str) -> float:
    """1.0 when the answer names the intent of the parse: averaged over the utterances of an intent, its recall."""
    gold, found = parsed(parse), parsed(answer)
    return float(gold is not None and found is not None and gold[0] == found[0])


def span_f1(parse: str, answer: str) -> float:
    """F1 of the (label, value) spans of one utterance, 1.0 when neither has any; the mean over rows is a macro-F1."""
    gold, found = parsed(parse), parsed(answer)
    if gold is None or found is None:
        return 0.0
    right = (Counter(gold[1]) & Counter(found[1])).total()
    return 2 * right / (len(gold[1]) + len(found[1])) if gold[1] or found[1] else 1.0


def parse_exact(parse: str, answer: str) -> float:
    """1.0 when intent and spans are all right and no other."""
    gold, found = parsed(parse), parsed(answer)
    return float(gold is not None and found is not None and gold[0] == found[0] and gold[1] == found[1])


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


ROUNDS = 10
TOKEN = re.compile(rf"{WORD}+|\S")  # words, and single characters of scripts without spaces
NULL = ""  # what a word without an original is aligned to
Words = list[str]
Table = dict[tuple[str, str], float]


def model1(pairs: Sequence[tuple[Words, Words]]) -> Table:
    """Probability of a target word given a source word, for all that share a pair."""
    likely: Table = defaultdict(lambda: 1.0)
    for _ in range(ROUNDS):
        joint, total = defaultdict[tuple[str, str], float](float), defaultdict[str, float](float)
        for source, target in pairs:
            for word in target:
                mass = sum(likely[own, word] for own in [NULL, *source])
                for own in [NULL, *source]:
                    joint[own, word] += likely[own, word] / mass
                    total[own] += likely[own, word] / mass
        likely = {(own, word): n / total[own] for (own, word), n in joint.items()}
    return likely


def aligned(table: list[Row]) -> list[tuple[Row, str]]:
    """Labelled utterances in the language of `into`: the `translation` with the slots of the original."""
    pairs = [(TOKEN.findall(row["utterance"]), TOKEN.findall(row["translation"])) for row in table]
    likely = model1(pairs)
    made = list[tuple[Row, str]]()
    for row, (source, target) in zip(table, pairs, strict=True):
        places = [likeliest(word, source, likely) for word in target]
        tagged = "" if set("[]") & set(row["translation"]) else carried(row, places)
        told = labelled(row["into"], row["intent"], tagged or row["translation"])
        made.append((row | told if tagged else row, "" if tagged else "a slot is not aligned to one span"))
    return made


def likeliest(word: str, source: Words, likely: Table) -> int:
    """Place of the original that a word most likely comes from, -1 for none."""
    chances = [likely[own, word] for own in [NULL, *source]]
    return chances.index(max(chances)) - 1


def carried(row: Row, places: list[int]) -> str:
    """The translation, tagged; '' when the words that a slot is aligned to are none, apart, or another slot's."""
    found = list(TOKEN.finditer(row["translation"]))
    cuts = list[tuple[int, int, str]]()
    for label, first, last in ranges(marked(row)):
        own = [j for j, place in enumerate(places) if first <= place < last]
        if not own or own[-1] - own[0] + 1 != len(own):
            return ""
        cuts.append((found[own[0]].start(), found[own[-1]].end(), label))
    text = str(row["translation"])
    for start, end, label in sorted(cuts, reverse=True):
        text = f"{text[:start]}[{label} {text[start:end]} ]{text[end:]}"
    return text


def ranges(tagged: str) -> list[tuple[str, int, int]]:
    """Label, first token and the one after the last, of each span in the plain utterance."""
    found = list[tuple[str, int, int]]()
    for match in SPAN.finditer(tagged):
        first = len(TOKEN.findall(plain(tagged[: match.start()])))
        found.append((match["mark"], first, first + len(TOKEN.findall(match["value"]))))
    return found
