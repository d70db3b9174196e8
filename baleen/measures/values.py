"""Measures of single values: cosine of vectors, length of lists, whether a text is present or the same as another."""

import math

from baleen.measures.columnar import by_column, equal, filled, is_list, list_lengths
from baleen.tables.exports import Amount

__all__ = ["cosine", "count", "present", "same"]


def cosine(a: list[float], b: list[float]) -> float:
    """Cosine of the angle between two vectors, -1 to 1; 0 when one has no length."""
    lengths = math.sqrt(sum(x * x for x in a)) * math.sqrt(sum(x * x for x in b))
    return sum(x * y for x, y in zip(a, b, strict=True)) / lengths if lengths else 0.0


@by_column(list_lengths, is_list)
def count(items: list[str]) -> Amount:
    """The number of items of a list column."""
    return float(len(items))


@by_column(filled)
def present(text: str) -> float:
    """1.0 when there is any text."""
    return float(bool(text.strip()))


@by_column(equal)
def same(a: str, b: str) -> float:
    """1.0 when two texts are equal but for white space at their ends."""
    return float(a.strip() == b.strip())
