"""Overlap of texts: copies, support and variety, in scripts with and without spaces between words."""

import re
from collections import Counter
from collections.abc import Iterable

from baleen.measures.words import CJK, apart, ngrams

__all__ = ["anchored", "copied", "disagreement", "grounded", "supported"]


def copied(text: str, source: str) -> float:
    """Share of the word 3-grams of a text that stand in the source: 1.0 is a copy."""
    mine, theirs = ngrams(text), set(ngrams(source))
    return sum(gram in theirs for gram in mine) / len(mine) if mine else 0.0


def content_words(text: str) -> list[str]:
    """The words that carry content: CJK characters, numbers, and words of four letters or more, in lower case."""
    found = re.findall(r"\w+", apart(text.lower()))
    return [word for word in found if len(word) > 3 or CJK.match(word) or word.isdigit()]


def supported(text: str, source: str) -> float:
    """Share of the words of a text (CJK characters one by one, without punctuation) that stand in the source."""
    mine, theirs = (re.findall(r"\w+", apart(one.lower())) for one in (text, source))
    known = set(theirs)
    return sum(word in known for word in mine) / len(mine) if mine else 0.0


def disagreement(text: str, other: str) -> float:
    """1 - F1 of the words two texts share, each as often as it stands in both: 0.0 for the same words in any order."""
    mine, theirs = (Counter(re.findall(r"\S+", apart(one.lower()))) for one in (text, other))
    return 1 - 2 * (mine & theirs).total() / ((mine + theirs).total() or 1)


def grounded(text: str, source: str) -> float:
    """Share of the content words of a text that stand in the source; 1.0 for a text without any."""
    words, known = content_words(text), set(content_words(source))
    return sum(word in known for word in words) / len(words) if words else 1.0


def anchored(text: str, before: str, response: str) -> float:
    """Share of the content words that an instruction had in common with its response and that its new wording still
    has: who or what it is about. 1.0 when they had none."""
    shared = set(content_words(before)) & set(content_words(response))
    return len(shared & set(content_words(text))) / len(shared) if shared else 1.0


def distinct(texts: Iterable[str], n: int = 2) -> float:
    """Share of the word n-grams of all texts together that are different (distinct-n, Li et al. 2016); 1.0 when none is
    repeated. It falls with the number of texts."""
    found = [gram for text in texts for gram in ngrams(text, n)]
    return len(set(found)) / len(found) if found else 0.0
