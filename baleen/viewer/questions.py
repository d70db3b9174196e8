"""Questions about a source: which rows match, in which order, and the rows of a page with their texts cut short."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from baleen.errors import Problem, unknown
from baleen.viewer import held
from baleen.viewer.engine import Array, Engine, Work
from baleen.viewer.held import quoted
from baleen.viewer.sources import Source, footer

PREFIX = 32  # letters by which texts are sorted first
CLIP = 400  # characters of a text in a list
MOST = 200  # rows of a page
TESTS = {
    "contains": "{}", "lacks": "NOT {}", "=": "{} = ?", "!=": "{} <> ?", "<": "{} < ?", "<=": "{} <= ?", ">": "{} > ?",
    ">=": "{} >= ?", "missing": "{} IS NULL", "present": "{} IS NOT NULL",
}  # fmt: skip
IN_TEXT = ("contains", "lacks")
BY_LENGTH = "length of "
ABSENT = {"text": "NULL::VARCHAR", "number": "NULL::DOUBLE", "other": "NULL"}  # for a column that a file has not


@dataclass(frozen=True)
class Condition:
    """A test of a column; the value is a text, also for numbers."""

    column: str
    test: str
    value: str = ""


@dataclass(frozen=True)
class View:
    """Which rows of a source are shown, and in which order; no column to sort by is the order of the file."""

    source: Source
    search: str = ""
    conditions: tuple[Condition, ...] = ()
    sort: str = ""
    descending: bool = False


def holds(name: str, text: str) -> tuple[str, str]:
    """A test in SQL whether a column holds a text, upper or lower case, and the value in it. A regular expression takes
    two thirds of the time of ILIKE for ASCII, and three times as long for other letters."""
    if text.isascii():
        return f"regexp_matches({name}, ?, 'i')", re.escape(text)
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"{name} ILIKE ? ESCAPE '\\'", f"%{escaped}%"


def checked(condition: Condition, columns: dict[str, str]) -> Condition:
    """The condition; a Problem when its column, test or value cannot be meant."""
    if condition.column not in columns:
        raise Problem(unknown("column", condition.column, list(columns)))
    if condition.test not in TESTS:
        raise Problem(unknown("test", condition.test, list(TESTS)))
    kind = columns[condition.column]
    if condition.test in ("missing", "present"):
        return condition
    if kind == "other" or (kind == "number" and condition.test in IN_TEXT):
        raise Problem(f"{condition.column} is {'no text' if kind == 'number' else 'a list'}; use another test")
    if kind == "number" and number(condition.value) is None:
        raise Problem(f"{condition.column} is compared with {condition.value!r}; write a number")
    return condition


def number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def clause(view: View, there: dict[str, str]) -> tuple[str, list[Any]]:
    """The conditions of a view in SQL, for a file with these columns, and the values in it."""
    columns, terms, values = view.source.columns, list[str](), list[Any]()
    for one in (checked(one, columns) for one in view.conditions):
        name = quoted(one.column) if one.column in there else ABSENT[columns[one.column]]
        test, value = holds(name, one.value) if one.test in IN_TEXT else (name, one.value)
        terms.append(TESTS[one.test].format(test))
        if one.test not in ("missing", "present"):
            values.append(float(value) if columns[one.column] == "number" else value)
    if view.search:
        tests = [holds(quoted(name), view.search) for name, kind in there.items() if kind == "text"]
        terms.append(" OR ".join(test for test, _ in tests) or "false")
        values += [value for _, value in tests]
    return " AND ".join(f"({term})" for term in terms), values


def matching(engine: Engine, view: View, work: Work) -> Array:
    """The numbers of the rows that match, in the order of the file; noted piece by piece."""
    first, whole = 0, sum(view.source.sizes) or 1
    for path, size in zip(view.source.files, view.source.sizes, strict=True):
        terms, values = clause(view, footer(path)[1])
        where = f"file_row_number >= ? AND file_row_number < ? AND {terms}"
        for start in range(0, size, held.PIECE):
            sql = f"SELECT file_row_number FROM {engine.held.piece(path, start // held.PIECE)} WHERE {where}"
            part = engine.numbers(sql, [start, start + held.PIECE, *values])
            work.report((first + start + held.PIECE) / whole, first + np.sort(part))
        first += size
    return np.concatenate([*work.parts, np.zeros(0, np.int64)])


def order(engine: Engine, source: Source, sort: str, descending: bool) -> Array:
    """The numbers of all rows, sorted by a column or by the length of a text; rows without a value come last."""
    column, by_length = sort.removeprefix(BY_LENGTH), sort.startswith(BY_LENGTH)
    if source.columns.get(column, "other") == "other":
        raise Problem(unknown("column to sort by", column, [n for n, k in source.columns.items() if k != "other"]))
    selects, first = list[str](), 0
    for path, size in zip(source.files, source.sizes, strict=True):
        name = quoted(column) if column in footer(path)[1] else ABSENT[source.columns[column]]
        key = f"length({name})" if by_length else name
        selects.append(f"SELECT {key} AS k, file_row_number + {first} AS n FROM {engine.held.table(path)}")
        first += size
    way, table = "DESC" if descending else "ASC", f"({' UNION ALL '.join(selects)})"
    if source.columns[column] == "text" and not by_length:
        return text_order(engine, table, way)
    last = "" if by_length else ", isnan(k::DOUBLE)"
    return engine.numbers(f"SELECT n FROM {table} ORDER BY k IS NULL{last}, k {way}, n", [])


def text_order(engine: Engine, table: str, way: str) -> Array:
    """The numbers of rows by a text: by its first letters, then those rows by the whole text that share them. A million
    texts of 120 words take 0.8 instead of 2.9 s."""
    beginning = f"left(k, {PREFIX})"
    sql = f"SELECT n, hash({beginning}) AS h, length(k) > {PREFIX} AS cut FROM {table}"
    found = engine.query(f"{sql} ORDER BY {beginning} {way} NULLS LAST, n", []).fetchnumpy()
    rows, hashes = np.asarray(found["n"], dtype=np.int64), np.asarray(found["h"])
    same = np.concatenate([[False], hashes[1:] == hashes[:-1], [False]])
    runs = np.cumsum(~same[:-1])  # the number of the beginning that each row has
    cut = np.bincount(runs, np.ma.filled(found["cut"], False))[runs] > 0
    places = np.flatnonzero((same[:-1] | same[1:]) & cut)
    if len(places):
        sql = f"SELECT n FROM {table} WHERE n IN (SELECT n FROM chosen) ORDER BY {beginning} {way}, k {way}, n"
        rows[places] = engine.numbers(sql, [], chosen=pa.table({"n": rows[places]}))
    return rows


def shown_rows(engine: Engine, view: View) -> Array:
    """The numbers of the rows of a view in its order; Pending while they are computed."""
    source, whole = view.source, sum(view.source.sizes)
    for one in view.conditions:
        checked(one, source.columns)
    rows: Array = np.arange(whole)
    key, searched = (source.stamp, view.search, view.conditions), bool(view.search or view.conditions)
    if searched:
        engine.start(key, lambda work: matching(engine, view, work))
    if view.sort:
        rows = engine.result(
            (source.stamp, view.sort, view.descending),
            lambda work: order(engine, source, view.sort, view.descending),
        )
    if not searched:
        return rows
    matches: Array = engine.result(key, lambda work: matching(engine, view, work))
    if not view.sort:
        return matches
    mask = np.zeros(whole, dtype=np.bool_)
    mask[matches] = True
    found: Array = rows[mask[rows]]
    return found


def values_of(engine: Engine, source: Source, column: str) -> Array:
    """A score of every row, NaN where there is none."""
    if source.columns.get(column) != "number":
        names = [name for name, kind in source.columns.items() if kind == "number"]
        raise Problem(unknown("score", column, names))
    parts = [
        each_row(engine, path, f"coalesce({quoted(column)}::DOUBLE, 'nan'::DOUBLE)")
        if column in footer(path)[1]
        else np.full(footer(path)[0], np.nan)
        for path in source.files
    ]
    return np.concatenate([*parts, np.zeros(0)])


def each_row(engine: Engine, path: Path, expression: str) -> Array:
    """What an expression in SQL is for every row of a file."""
    [found] = engine.query(f"SELECT {expression} FROM {engine.held.table(path)}", []).fetchnumpy().values()
    return np.asarray(found)


def page(engine: Engine, source: Source, numbers: Sequence[int], clip: int = CLIP) -> list[dict[str, Any]]:
    """The rows with these numbers, in this order: `texts` (beginning, length), `numbers`, `kept` and `n`; no lists."""
    found, first = dict[int, dict[str, Any]](), 0
    for path, size in zip(source.files, source.sizes, strict=True):
        inside = [int(n) - first for n in numbers if first <= n < first + size]
        if inside:
            kept = source.part != "dropped" and path == source.files[0]
            found |= {first + n: row | {"n": first + n, "kept": kept} for n, row in rows_of(engine, path, inside, clip)}
        first += size
    return [found[int(n)] for n in numbers if int(n) in found]


def rows_of(engine: Engine, path: Path, inside: list[int], clip: int) -> Iterator[tuple[int, dict[str, Any]]]:
    """The rows of a file at these places."""
    columns = footer(path)[1]
    texts = [name for name, kind in columns.items() if kind == "text"]
    plain = [name for name, kind in columns.items() if kind == "number"]
    taken = [f"left({quoted(n)}, {int(clip)}), length({quoted(n)})" for n in texts] + [quoted(n) for n in plain]
    sql = f"SELECT file_row_number, {', '.join(taken) or 'NULL'} FROM {engine.held.rows(path, inside)}"
    for n, *values in engine.query(sql, []).fetchall():
        pairs = zip(values[: 2 * len(texts) : 2], values[1 : 2 * len(texts) : 2], strict=True)
        row: dict[str, Any] = {"texts": dict(zip(texts, pairs, strict=True))}
        row["numbers"] = dict(zip(plain, values[2 * len(texts) :], strict=False))
        yield n, row


def id_hashes(engine: Engine, path: Path) -> Array:
    """A hash of 64 bits of the id of every row of a file, 8 bytes a row; none where it has no ids."""
    if footer(path)[1].get("id") != "text":
        return np.zeros(0, np.uint64)
    return each_row(engine, path, "hash(id)")


def places_of(engine: Engine, hashes: Array, own: str) -> list[int]:
    """The places of an id among such hashes; that another id of a million has its hash happens once in 10^13 times."""
    [wanted] = engine.query("SELECT hash(?::VARCHAR)", [own]).fetchall()[0]
    return [int(place) for place in np.flatnonzero(hashes == wanted)]
