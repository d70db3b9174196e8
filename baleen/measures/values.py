"""Measures of single values: vectors, lists, and whether texts are there or the same."""

import math

from baleen.tables.exports import Amount

__all__ = ["cosine", "count", "present", "same"]


def cosine(a: list[float], b: list[float]) -> float:
    """Cosine of the angle between two vectors, -1 to 1; 0 when one has no length."""
    lengths = math.sqrt(sum(x * x for x in a)) * math.sqrt(sum(x * x for x in b))
    return sum(x * y for x, y in zip(a, b, strict=True)) / lengths if lengths else 0.0


def count(found: list[str]) -> Amount:
    """How many a list column holds."""
    return float(len(found))


def present(text: str) -> float:
    """1.0 when there is any text."""
    return float(bool(text.strip()))


def same(a: str, b: str) -> float:
    return float(a.strip() == b.strip())
