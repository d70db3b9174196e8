"""LINGUIST: measures of tagged utterances (linguist_tags.py), specifications to generate them, and word alignment.

A labelled utterance is a row with `language`, `intent`, `utterance`, `slots` ('town=calra', in order) and `parse` (the
intent, and the utterance with each value in brackets after its label). Specifications are made of labelled utterances.

Word alignment finds the slots of a translated utterance by IBM Model 1 (Brown et al., 1993, Computational Linguistics
19(2)): expectation maximisation over all pairs of a table, in memory.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from random import Random

import pyarrow as pa

from baleen.measures.wrapping import text_alone, unemphasised, unquoted
from baleen.methods.linguist_tags import (
    ANY,
    SPAN,
    WORD,
    Span,
    count_missing,
    is_example,
    labels_by_number,
    numbered,
    projected,
    spans,
    untagged,
    with_marks,
)
from baleen.tables.exports import Format, transform
from baleen.tables.rows import TEXT, Row

__all__ = [
    "abroad",
    "aligned",
    "asked",
    "intent_right",
    "parse",
    "parse_exact",
    "parse_valid",
    "relabelled",
    "reprojected",
    "span_f1",
    "specified",
    "tagged",
]
TEXTS = pa.list_(TEXT)
LABELLED = {"language": TEXT, "intent": TEXT, "utterance": TEXT, "slots": TEXTS, "parse": TEXT}
SPEC = {"language": TEXT, "intent": TEXT, "include": TEXTS, "labels": TEXTS, "examples": TEXTS, "tagged": TEXT}


def parsed(parse: str) -> tuple[str, list[Span]] | None:
    """Intent and spans of a parse: the intent on the first line, the tagged utterance on the second and last."""
    intent, _, tagged = parse.strip().partition("\n")
    slots = spans(tagged)
    return (intent.strip(), slots) if intent.strip() and not set("[]") & set(intent) and slots is not None else None


def parse_valid(answer: str) -> float:
    """1.0 when the answer is a well-formed parse, else 0.0."""
    return float(parsed(answer) is not None)


def intent_right(parse: str, answer: str) -> float:
    """1.0 when the answer has the intent of the parse, else 0.0; the mean over the rows of an intent is its recall."""
    gold, own = parsed(parse), parsed(answer)
    return float(gold is not None and own is not None and gold[0] == own[0])


def span_f1(parse: str, answer: str) -> float:
    """F1 of the (label, value) spans of one utterance, 1.0 when neither has any; the mean over rows is a macro-F1."""
    gold, own = parsed(parse), parsed(answer)
    if gold is None or own is None:
        return 0.0
    right = (Counter(gold[1]) & Counter(own[1])).total()
    return 2 * right / (len(gold[1]) + len(own[1])) if gold[1] or own[1] else 1.0


def parse_exact(parse: str, answer: str) -> float:
    """1.0 when the answer has the intent and exactly the spans of the parse, else 0.0."""
    gold, own = parsed(parse), parsed(answer)
    return float(gold is not None and own is not None and gold[0] == own[0] and gold[1] == own[1])


SHOTS = 10  # examples at most (LINGUIST, arXiv:2209.09900: up to 10)
WILD = 0.5  # share of the slots whose value the model chooses
ASKED = 12  # specifications for each labelled utterance


def slots_of(row: Row) -> list[Span]:
    return [Span(*slot.split("=", 1)) for slot in row["slots"]]


def tagged_text(row: Row) -> str:
    """The tagged utterance of a labelled utterance, with labels as marks."""
    return str(row["parse"]).split("\n", 1)[1]


def spec(row: Row, others: list[Row], slots: list[Span], rng: Random, wild: float = WILD) -> Row:
    """The columns of a specification: language, intent, slots to include, labels with their numbers, and examples drawn
    from `others`; `tagged` is the utterance of the row itself. A slot has no value with probability `wild`."""
    chosen = rng.sample(others, min(len(others), rng.randint(2, SHOTS)))
    labels = sorted({label for own in [*chosen, row] for label, _ in slots_of(own)})
    numbers = {label: str(i) for i, label in enumerate(labels, 1)}
    wanted = sorted((numbers[label], ANY if rng.random() < wild else value) for label, value in slots)
    return {
        "language": row["language"],
        "intent": row["intent"],
        "include": [f"[{number} {value} ]" for number, value in wanted],
        "labels": [f"{number} = {label}" for label, number in numbers.items()],
        "examples": [with_marks(tagged_text(own), numbers) for own in chosen],
        "tagged": with_marks(tagged_text(row), numbers),
    }


def by_intent(table: list[Row]) -> dict[tuple[str, str], list[Row]]:
    """The rows of each (language, intent)."""
    groups = dict[tuple[str, str], list[Row]]()
    for row in table:
        groups.setdefault((row["language"], row["intent"]), []).append(row)
    return groups


@transform(tuple(LABELLED), SPEC, "whole")
def specified(table: list[Row]) -> list[tuple[Row, str]]:
    """Training rows: each labelled utterance with a specification whose examples are others of its intent."""
    groups = by_intent(table)
    made = list[tuple[Row, str]]()
    for row in table:
        others = [own for own in groups[row["language"], row["intent"]] if own["id"] != row["id"]]
        specification = spec(row, others, slots_of(row), Random(f"lesson {row['id']}"))
        made.append((row | specification, "" if len(others) >= 2 else "fewer than 2 examples of its intent"))
    return made


@transform(tuple(LABELLED), SPEC | {"parent": TEXT}, "whole")
def asked(table: list[Row]) -> list[tuple[Row, str]]:
    """Specifications for more utterances of these intents, with slot values of the same labels from this table."""
    groups, made = by_intent(table), list[tuple[Row, str]]()
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


@transform((*LABELLED, "into"), SPEC, "whole")
def abroad(table: list[Row]) -> list[tuple[Row, str]]:
    """A specification for each utterance in the language of the column `into`, without slot values."""
    groups = by_intent(table)
    made = list[tuple[Row, str]]()
    for row in table:
        others = groups[row["language"], row["intent"]]
        specification = spec(row, others, slots_of(row), Random(f"abroad {row['id']}"), wild=1.0)
        made.append((row | specification | {"language": row["into"]}, ""))
    return made


def labelled(language: str, intent: str, tagged: str) -> Row:
    """The columns of a labelled utterance, from its tagged text with labels as marks."""
    slots = [f"{label}={value}" for label, value in spans(tagged) or []]
    columns = {"language": language, "intent": intent, "utterance": untagged(tagged), "slots": slots}
    return columns | {"parse": f"{intent}\n{tagged}"}


@transform(tuple(SPEC), LABELLED)
def relabelled(row: Row) -> list[Row] | str:
    """A generated utterance as a labelled one, or the rule that it breaks."""
    own, labels = spans(row["tagged"]), labels_by_number(row["labels"])
    if own is None or any(span.mark not in labels for span in own):
        return "undeclared number" if own is not None else "unbalanced brackets"
    if count_missing(row["tagged"], row["include"]):
        return "requested value missing"
    if is_example(row["tagged"], row["examples"]):
        return "copy of an example"
    return [row | labelled(row["language"], row["intent"], with_marks(row["tagged"], labels))]


@transform((*LABELLED, "back"), LABELLED)
def reprojected(row: Row) -> list[Row] | str:
    """A labelled utterance replaced by its rewording in `back`, in which the slots are found by their values."""
    if row["back"].strip() == row["utterance"].strip():
        return "came back unchanged"
    tagged = projected(row["back"], slots_of(row))
    return [row | labelled(row["language"], row["intent"], tagged)] if tagged else "a slot value is lost"


ROUNDS = 10
TOKEN = re.compile(rf"{WORD}+|\S")  # words, and single characters of scripts without spaces
NULL = ""  # the source word of a target word that has none
Words = list[str]
Table = dict[tuple[str, str], float]


def model1(pairs: Sequence[tuple[Words, Words]]) -> Table:
    """Probability of a target word given a source word, for all (source, target) that occur in a pair."""
    probabilities: Table = defaultdict(lambda: 1.0)
    for _ in range(ROUNDS):
        joint, total = defaultdict[tuple[str, str], float](float), defaultdict[str, float](float)
        for source, target in pairs:
            for word in target:
                mass = sum(probabilities[own, word] for own in [NULL, *source])
                for own in [NULL, *source]:
                    joint[own, word] += probabilities[own, word] / mass
                    total[own] += probabilities[own, word] / mass
        probabilities = {(own, word): n / total[own] for (own, word), n in joint.items()}
    return probabilities


@transform((*LABELLED, "into", "translation"), LABELLED, "whole")
def aligned(table: list[Row]) -> list[tuple[Row, str]]:
    """Labelled utterances in the language of the column `into`: the `translation` with the slots of the original."""
    pairs = [(TOKEN.findall(row["utterance"]), TOKEN.findall(row["translation"])) for row in table]
    probabilities = model1(pairs)
    made = list[tuple[Row, str]]()
    for row, (source, target) in zip(table, pairs, strict=True):
        places = [source_index(word, source, probabilities) for word in target]
        tagged = "" if set("[]") & set(row["translation"]) else project_slots(row, places)
        translated = labelled(row["into"], row["intent"], tagged or row["translation"])
        made.append((row | translated if tagged else row, "" if tagged else "a slot is not aligned to one span"))
    return made


def source_index(word: str, source: Words, probabilities: Table) -> int:
    """Index of the most probable source word of a target word; -1 for none."""
    chances = [probabilities[own, word] for own in [NULL, *source]]
    return chances.index(max(chances)) - 1


def project_slots(row: Row, places: list[int]) -> str:
    """The tagged translation; '' when a slot is aligned to no word, or to words that are not adjacent."""
    tokens = list(TOKEN.finditer(row["translation"]))
    cuts = list[tuple[int, int, str]]()
    for label, first, last in token_ranges(tagged_text(row)):
        own = [j for j, place in enumerate(places) if first <= place < last]
        if not own or own[-1] - own[0] + 1 != len(own):
            return ""
        cuts.append((tokens[own[0]].start(), tokens[own[-1]].end(), label))
    text = str(row["translation"])
    for start, end, label in sorted(cuts, reverse=True):
        text = f"{text[:start]}[{label} {text[start:end]} ]{text[end:]}"
    return text


def token_ranges(tagged: str) -> list[tuple[str, int, int]]:
    """(label, index of the first token, index after the last token) of each span, in the untagged utterance."""
    ranges = list[tuple[str, int, int]]()
    for match in SPAN.finditer(tagged):
        first = len(TOKEN.findall(untagged(tagged[: match.start()])))
        ranges.append((match["mark"], first, first + len(TOKEN.findall(match["value"]))))
    return ranges


def read_tagged(reply: str, columns: list[str]) -> Row | None:
    """An utterance like 'play [1 jazz ] on [2 monday ]': brackets balanced, not nested, each a number and a value."""
    text = text_alone(reply, "tagged")
    return {columns[0]: text} if numbered(text) else None


def read_parse(reply: str, columns: list[str]) -> Row | None:
    """The intent on the first line, and on the second and last the utterance tagged with labels."""
    lines = [unquoted(PARSE_LABEL.sub("", unemphasised(line))) for line in reply.strip().split("\n")]
    return {columns[0]: "\n".join(lines)} if parsed("\n".join(lines)) else None


PARSE_LABEL = re.compile(
    r"[*_]{0,2}(?:intent|(?:tagged )?utterance|意图|语句)[*_]{0,2}\s?[:：][*_]{0,2}\s*", re.IGNORECASE
)


def shape_tagged(_: list[str]) -> str:
    return r"([^\[\]\r\n]|\[[1-9][0-9]* [^\[\] \r\n][^\[\]\r\n]*\])+"


def show_line(row: Row, columns: list[str]) -> str:
    """The first column as it stands."""
    return str(row[columns[0]])


tagged = Format(read_tagged, show_line, shape_tagged)
parse = Format(read_parse, show_line)
