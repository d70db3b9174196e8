"""Tagged utterances: 'play [1 jazz ] on [2 monday ]', with numbers or labels as marks; and measures of them.

Reading is strict: brackets are balanced and not nested, each holds a mark and a value, and no bracket stands elsewhere.
"""

import re
from collections import Counter
from typing import NamedTuple

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
