"""Words: the one tokenizer for counting words, n-grams and ROUGE-L; and a random number that depends on a text."""

import re
from functools import cache
from hashlib import sha256

import pyarrow as pa
from rapidfuzz.distance import LCSseq

from baleen.measures.columnar import Classes, Numbers, by_column, class_table, text_lengths, word_counts
from baleen.tables.exports import Amount

__all__ = ["chance", "chars", "words"]

LONGEST = 100_000  # words; the time of a longest common subsequence is quadratic, and this takes a second
CJK = re.compile(r"[぀-ヿ㐀-鿿豈-﫿가-힯]")


@by_column(text_lengths)
def chars(text: str) -> Amount:
    """Number of characters."""
    return len(text)


@cache
def word_classes() -> Classes:
    """The class of every character for `words`; 0.1 s."""
    return class_table(CJK)


def all_words(texts: pa.Array) -> Numbers:
    """`words` of each text."""
    return word_counts(texts, word_classes())


@by_column(all_words)
def words(text: str) -> Amount:
    """CJK characters plus the words that white space separates: the one word counter, for writing and for checking."""
    return len(apart(text).split())


def apart(text: str) -> str:
    """The text with spaces around every CJK character."""
    return text if text.isascii() else CJK.sub(r" \g<0> ", text)


def is_chinese(text: str) -> bool:
    """Whether more than half of the words of a text are CJK characters."""
    return 2 * len(CJK.findall(text)) > words(text)


def tokens(text: str) -> list[str]:
    """What `words` counts, in order and in lower case."""
    return apart(text.lower()).split()


def ngrams(text: str, n: int = 3) -> list[tuple[str, ...]]:
    """Word n-grams in order; the whole text when it is shorter than n."""
    parts = tokens(text)
    return [tuple(parts[i : i + n]) for i in range(max(1, len(parts) - n + 1))] if parts else []


def rouge_l(a: str, b: str) -> float:
    """ROUGE-L F: the longest common subsequence of words, as the harmonic mean of its shares of both texts, of which
    the first LONGEST words count."""
    mine, theirs = tokens(a)[:LONGEST], tokens(b)[:LONGEST]
    return 2 * LCSseq.similarity(mine, theirs) / (len(mine) + len(theirs)) if mine and theirs else 0.0


def chance(text: str) -> float:
    """A pseudo-random number in [0, 1) that depends on the text alone: ranking by it is a repeatable random choice."""
    return int(sha256(f"chance {text}".encode()).hexdigest()[:13], 16) / 16**13
