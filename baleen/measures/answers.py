"""Measures of a model's answers: whether one refuses, how much it repeats itself, and how much all differ."""

from collections import Counter
from collections.abc import Sequence

from baleen.measures.refusing import REFUSALS, straight
from baleen.measures.words import ngrams

__all__ = ["refused", "repeated"]

SAID_FIRST = 300  # characters of an answer in which it says that it refuses


def refused(text: str) -> float:
    """1.0 when an answer begins by refusing or by saying that it cannot; by phrases in English, Chinese and Spanish."""
    start = straight(text.strip()[:SAID_FIRST])
    return float(any(pattern.search(start) for pattern in REFUSALS))


def repeated(text: str) -> float:
    """Share of the word 4-grams of a text that stand in it before (seq-rep-4 of Welleck et al., arXiv:1908.04319);
    0.0 for a text of fewer words."""
    grams = [gram for gram in ngrams(text, 4) if len(gram) == 4]
    return 1 - len(set(grams)) / len(grams) if grams else 0.0


def distinct_shares(texts: Sequence[str | None], n: int = 2) -> list[tuple[float, float] | None]:
    """For each text the different n-grams that it stands for, and its n-grams: an n-gram that occurs c times in all
    texts counts 1/c each time, so that the sum of the first over that of the second is distinct-n (Li et al.,
    arXiv:1510.03055, of n-grams). None for a text that is missing."""
    grams = [[gram for gram in ngrams(text or "", n) if len(gram) == n] for text in texts]
    counts = Counter(gram for own in grams for gram in own)
    both = [(sum(1 / counts[gram] for gram in own), float(len(own))) for own in grams]
    return [None if text is None else pair for text, pair in zip(texts, both, strict=True)]
