"""Measures of whole columns: one call for many rows, with the values that the measure gives row by row.

`by_column` puts such a function beside a measure. It takes Arrow arrays without NULLs and returns float64, NaN where
the measure returns None.
"""

import re
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Classes = NDArray[np.uint8]
Whole = Callable[..., Numbers]
Takes = Callable[[pa.DataType], bool]
F = TypeVar("F", bound=Callable[..., Any])
SPACES = "".join(filter(str.isspace, map(chr, range(0x3001))))  # what str.split and str.strip take for white space
SPACE, OTHER, SIGN = range(3)  # classes of bytes: between words, of a word, the first of a CJK character


def by_column(whole: Whole, takes: Takes = pa.types.is_string) -> Callable[[F], F]:
    """A decorator that gives a measure its function of whole columns, for columns of the types that it takes."""

    def declare(measure: F) -> F:
        measure.columnar = whole, takes  # type: ignore[attr-defined]
        return measure

    return declare


def columnar(measure: Callable[..., Any]) -> tuple[Whole, Takes]:
    """The function of whole columns that a measure has, and the types that it takes: none when it has none."""
    found: tuple[Whole, Takes] = getattr(measure, "columnar", (numbers, lambda _: False))
    return found


def is_list(kind: pa.DataType) -> bool:
    return pa.types.is_list(kind)  # type: ignore[no-any-return]


def is_number(kind: pa.DataType) -> bool:
    return pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind)  # type: ignore[no-any-return]


def numbers(column: pa.Array) -> Numbers:
    """The numbers of a column as float64."""
    found: Numbers = pc.cast(column, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return found


def text_lengths(texts: pa.Array) -> Numbers:
    """The number of characters of each text."""
    return numbers(pc.utf8_length(texts))


def list_lengths(lists: pa.Array) -> Numbers:
    """The number of items of each list."""
    return numbers(pc.list_value_length(lists))


def stripped(texts: pa.Array) -> pa.Array:
    """Each text without the white space at its ends."""
    return pc.utf8_trim(texts, characters=SPACES)


def filled(texts: pa.Array) -> Numbers:
    """1.0 for a text with anything but white space."""
    return numbers(pc.not_equal(stripped(texts), ""))


def equal(texts: pa.Array, others: pa.Array) -> Numbers:
    """1.0 for two texts that are equal but for white space at their ends."""
    return numbers(pc.equal(stripped(texts), stripped(others)))


def length_ratio(texts: pa.Array, others: pa.Array) -> Numbers:
    """The length of each text over that of the other; NaN where that is empty."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return text_lengths(texts) / text_lengths(others)


def class_table(signs: re.Pattern[str]) -> Classes:
    """The class of every character below U+10000: OTHER, SPACE, or SIGN for one that the pattern matches."""
    kinds = [SIGN if signs.match(chr(c)) else SPACE if chr(c).isspace() else OTHER for c in range(0x10000)]
    return np.array(kinds, dtype=np.uint8)


def byte_classes(data: NDArray[np.uint8], table: Classes) -> Classes:
    """The class of every byte of UTF-8 text: that of its character, but SPACE for the bytes of a SIGN after its first.
    Only characters beyond ASCII are decoded; those of four bytes are neither white space nor a SIGN."""
    kinds = ((data - np.uint8(0x09) > 4) & (data - np.uint8(0x1C) > 4)).view(np.uint8)  # SPACE: 09-0D and 1C-20
    if data.max(initial=0) < 0x80:
        return kinds
    for length, first, last in ((2, 0xC0, 0xDF), (3, 0xE0, 0xEF)):
        at = np.flatnonzero((data >= first) & (data <= last))
        code = data[at].astype(np.int64) - first
        for n in range(1, length):
            code = (code << 6) | (data[at + n] & 0x3F)
        kinds[at] = table[code]
        for n in range(1, length):
            kinds[at + n] = table[code] % SIGN
    return kinds


def word_counts(texts: pa.Array, table: Classes) -> Numbers:
    """How many signs, and words between signs and white space, each text has."""
    data, starts = text_bytes(texts)
    kinds = byte_classes(data, table)
    begins = np.zeros(len(kinds) + 1, dtype=np.bool_)
    begins[1:-1] = kinds[1:] > kinds[:-1]  # a byte of a word after one between words, or a sign after either
    first = starts[starts < len(kinds)]
    begins[first] = kinds[first] > SPACE
    return marks_between(begins, starts)


def marks_between(marks: NDArray[np.bool_], places: NDArray[np.int64]) -> Numbers:
    """How many marks are set from each place to before the next; 64 marks are counted at once."""
    eights = np.packbits(marks, bitorder="little")
    words = np.concatenate([eights, np.zeros(8 - len(eights) % 8, dtype=np.uint8)]).view("<u8")
    before = np.concatenate([[0], np.cumsum(np.bitwise_count(words), dtype=np.int64)])
    at, below = places >> 6, (np.uint64(1) << (places & 63).astype(np.uint64)) - np.uint64(1)
    return np.diff(before[at] + np.bitwise_count(words[at] & below)).astype(np.float64)


def text_bytes(texts: pa.Array) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The bytes of all texts, one after the other, and where each begins, with the end of the last."""
    ends = np.frombuffer(texts.buffers()[1], dtype=np.int32)[texts.offset : texts.offset + len(texts) + 1]
    held = texts.buffers()[2]
    data = np.frombuffer(held or b"", dtype=np.uint8)[ends[0] : ends[-1]]
    return data, (ends - ends[0]).astype(np.int64)
