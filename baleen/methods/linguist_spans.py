"""LINGUIST: slots over a whole test set. Micro-averaged F1 of spans is the ratio of two measures, `hits / total`.

A span is a label and its place in the utterance, as in conlleval and seqeval; where an answer says other words than
the utterance it has no places there, so that a span is a label and its value.
"""

from collections import Counter

from baleen.methods.linguist_tags import SPAN, spans, untagged
from baleen.tables.exports import Amount

__all__ = ["hits", "total"]


def tagged_of(parse: str) -> str:
    """The tagged utterance of a parse; '' when it is not well formed."""
    intent, _, tagged = parse.strip().partition("\n")
    well_formed = intent.strip() and not set("[]") & set(intent) and spans(tagged) is not None
    return tagged.strip() if well_formed else ""


def places(tagged: str) -> Counter[tuple[str, str, int]]:
    """Label, value and first character in the utterance of each span."""
    starts = [(match, len(untagged(tagged[: match.start()] + "|")) - 1) for match in SPAN.finditer(tagged)]
    return Counter((match["mark"], match["value"].strip(), start) for match, start in starts)


def values(tagged: str) -> Counter[tuple[str, str, int]]:
    """Label and value of each span."""
    return Counter((span.mark, span.value, 0) for span in spans(tagged) or [])


def hits(parse: str, answer: str) -> Amount:
    """Twice the number of spans that the answer has right."""
    gold, own = tagged_of(parse), tagged_of(answer)
    kind = places if untagged(gold).split() == untagged(own).split() else values
    return 2.0 * (kind(gold) & kind(own)).total()


def total(parse: str, answer: str) -> Amount:
    """The number of spans of the parse and of the answer together; an answer that cannot be read has none."""
    return float(values(tagged_of(parse)).total() + values(tagged_of(answer)).total())
