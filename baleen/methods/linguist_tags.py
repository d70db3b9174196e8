"""The tagged utterances of LINGUIST: parsing, marking and comparing spans.

A tagged utterance is 'play [1 jazz ] on [2 monday ]', with a number or a label as the mark of each span. Parsing is
strict: brackets are balanced and not nested, each has a mark and a value.
"""

import re
from collections import Counter
from typing import NamedTuple

SPAN = re.compile(r"\[(?P<mark>[^\s\[\]]+) (?P<value>[^\[\]]+)\]")
NUMBER = re.compile(r"[1-9]\d*")
ANY = "*"  # a slot whose value the model chooses
WORD = "[^\\W\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7af]"  # of a script that puts spaces between words


class Span(NamedTuple):
    mark: str
    value: str


def spans(tagged: str) -> list[Span] | None:
    """The spans in order, or None when the brackets are not well formed or the text has more than one line."""
    parsed = [Span(match["mark"], match["value"].strip()) for match in SPAN.finditer(tagged)]
    valid = not set("[]\n\r") & set(SPAN.sub("", tagged)) and all(span.value for span in parsed)
    return parsed if valid and tagged.strip() else None


def untagged(tagged: str) -> str:
    """The utterance without brackets and marks."""
    return SPAN.sub(lambda match: match["value"].removesuffix(" "), tagged).strip()


def with_marks(tagged: str, marks: dict[str, str]) -> str:
    """The tagged utterance with other marks, such as labels for numbers; KeyError for a mark that `marks` lacks."""
    return SPAN.sub(lambda match: f"[{marks[match['mark']]} {match['value']}]", tagged)


def numbered(tagged: str) -> bool:
    """Whether a tagged utterance is well formed and all its marks are numbers."""
    parsed = spans(tagged)
    return parsed is not None and all(NUMBER.fullmatch(span.mark) for span in parsed)


def projected(utterance: str, slots: list[Span]) -> str:
    """The utterance with brackets around each slot value; '' unless each value is there once for each of its slots."""
    if set("[]") & set(utterance):
        return ""
    wanted = Counter(value for _, value in slots)
    values = "|".join(rf"(?<!{WORD}){re.escape(v)}(?!{WORD})" for v in sorted(wanted, key=len, reverse=True))
    if not slots or Counter(re.findall(values, utterance)) != wanted:
        return "" if slots else utterance
    marks = {value: [mark for mark, own in slots if own == value] for value in wanted}
    return re.sub(values, lambda match: f"[{marks[match[0]].pop(0)} {match[0]} ]", utterance)


def labels_by_number(labels: list[str]) -> dict[str, str]:
    """The label of each number, from lines like '1 = town'."""
    return {number.strip(): label.strip() for number, _, label in (line.partition("=") for line in labels)}


def count_missing(tagged: str, include: list[str]) -> int:
    """Number of requested slots, like '[1 calra ]' or '[2 * ]', without a span; each span fits one request."""
    left = Counter(spans(tagged) or [])
    wanted = [span for line in include for span in spans(line) or []]
    lacking = 0
    for span in sorted(wanted, key=lambda span: span.value == ANY):  # requests with a value first
        fits = [own for own, n in left.items() if n and own.mark == span.mark and span.value in (ANY, own.value)]
        left.subtract(fits[:1])
        lacking += not fits
    return lacking


def is_example(tagged: str, examples: list[str]) -> bool:
    """Whether the utterance, without brackets, is one of the examples."""
    return untagged(tagged) in {untagged(example) for example in examples}
