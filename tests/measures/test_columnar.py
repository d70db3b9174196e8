"""Measures of whole columns give the values that they give row by row, and filters the same fates."""

import math
import sys
from collections.abc import Sequence
from inspect import signature
from random import Random

import numpy as np
import pyarrow as pa
import pytest

from baleen.errors import Problem
from baleen.measures.columnar import SIGN, columnar
from baleen.measures.expressions import MEASURES, parse_value
from baleen.measures.words import CJK, word_classes, words

SPACES = [" ", "  ", "\n", "\t", "\x1c", "\x85", "\u00a0", "\u2003", "\u3000", "\u200b", "\ufeff"]
LETTERS = [
    "a",
    "Word",
    "é",
    "ß",
    "İ",
    "—",
    "“",
    "…",
    "你好",
    "。",
    "テスト",
    "한국어",
    "สวัสดี",
    "مرحبا",
    "🙂",
    "𠀀",
    "\uffff",
]
PIECES = [*SPACES, *LETTERS, "x" * 40, "sorry", "1.5"]
LATIN = [*SPACES, "1.5", "sorry " * 30, "perdón " * 30]  # lingua loads more for fewer than 120 letters, or other ones
ODD: list[list[str | None]] = [
    [],
    [""],
    ["", "", ""],
    [None],
    [" "],
    ["你"],
    [None, "a", None],
    ["a", "b"],
    ["", "a b", ""],
]


def draw_texts(seed: int, number: int, pieces: Sequence[str] = PIECES) -> list[str | None]:
    random = Random(seed)
    draws = ["".join(random.choices(pieces, k=random.randint(0, 30))) for _ in range(number)]
    return [None if random.random() < 0.1 else text for text in draws]


def outcome(text: str, batch: pa.RecordBatch) -> tuple[list[float | None] | str, list[float | None] | str]:
    """The values, or the problem, row by row and by columns."""
    value = parse_value(text)
    found = list[list[float | None] | str]()
    for work in (lambda: [value.of(row) for row in batch.to_pylist()], lambda: value.of_batch(batch).tolist()):
        try:
            found.append([None if x is None or math.isnan(x) else x for x in work()])
        except Problem as problem:
            found.append(str(problem))
    return found[0], found[1]


PARAMETERS = {name: signature(MEASURES[name]).parameters.values() for name in MEASURES}
TEXTUAL = [name for name, given in PARAMETERS.items() if {one.annotation for one in given} <= {str, "str"}]
OWN = [name for name in TEXTUAL if not name.startswith("pocket.") and name != "speaks"]  # these refuse most texts


@pytest.mark.parametrize("name", OWN)
def test_a_measure_gives_the_same_values_by_columns(name: str) -> None:
    count = len(signature(MEASURES[name]).parameters)
    number = 200 if columnar(MEASURES[name])[1](pa.string()) else 60  # others are called for every row either way
    pieces = LATIN if name == "same_language" else PIECES  # models of others take 8 s to load
    columns = {chr(97 + n): pa.array(draw_texts(n, number, pieces), pa.string()) for n in range(count)}
    by_row, by_column = outcome(f"{name}({','.join(columns)})", pa.record_batch(columns))
    assert by_row == by_column


@pytest.mark.parametrize("texts", ODD)
@pytest.mark.parametrize("name", [name for name in OWN if columnar(MEASURES[name])[1](pa.string())])
def test_empty_texts_and_columns_are_measured_too(name: str, texts: list[str | None]) -> None:
    count = len(signature(MEASURES[name]).parameters)
    columns = {chr(97 + n): pa.array(texts, pa.string()) for n in range(count)}
    by_row, by_column = outcome(f"{name}({','.join(columns)})", pa.record_batch(columns))
    assert by_row == by_column


def test_a_slice_of_a_column_is_measured_alone() -> None:
    texts = draw_texts(9, 50)
    batch = pa.record_batch({"a": pa.array(texts, pa.string())}).slice(13, 20)
    for name in ("words(a)", "chars(a)", "present(a)"):
        assert len({*map(repr, outcome(name, batch))}) == 1


@pytest.mark.slow
def test_every_character_counts_as_it_does_alone() -> None:
    characters = [chr(c) for c in range(sys.maxunicode + 1) if not 0xD800 <= c < 0xE000]
    texts = [f"a{c}b {c}{c}" for c in characters]
    found = parse_value("words(a)").of_batch(pa.record_batch({"a": pa.array(texts)}))
    assert found.tolist() == [words(text) for text in texts]


@pytest.mark.slow
def test_no_sign_has_one_two_or_four_bytes() -> None:
    signs = [chr(c) for c in np.flatnonzero(word_classes() == SIGN)]
    assert {len(sign.encode("utf-8", "surrogatepass")) for sign in signs} == {3}
    assert not any(CJK.match(chr(c)) or chr(c).isspace() for c in range(0x10000, sys.maxunicode + 1))


COLUMNS = [
    pa.array([1.5, None, math.nan, math.inf, -math.inf, -0.0]),
    pa.array([1, None, 2**53 + 1, -(2**63)], pa.int64()),
    pa.array([True, None, False]),
    pa.array([1.5, 0.1], pa.float32()),
    pa.array(["4.5", None, " 3 ", "nan"]),
    pa.array(["high"]),
    pa.array([["a"], None]),
    pa.array([None, None]),
]


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("name", ["a", "chars(a)", "count(a)", "words(a)"])
def test_a_column_of_any_type_is_taken_or_refused_as_row_by_row(name: str, column: pa.Array) -> None:
    by_row, by_column = outcome(name, pa.record_batch({"id": pa.array(["x"] * len(column)), "a": column}))
    assert by_row == by_column
