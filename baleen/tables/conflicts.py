"""Conflicts: rows that do not go into one table are refused with the places that they are from."""

from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa

from baleen.errors import Problem

Places = dict[str, str]  # where the type of each column was decided; under '' where the first row is from


def place_of(row: dict[str, Any]) -> str:
    """' in <file>:<position>' for a row that says where it is from, else ''."""
    source = row.get("source")
    if isinstance(source, dict) and source.keys() >= {"file", "position"}:
        return f" in {source['file']}:{source['position']}"
    return ""


def first_places(rows: Sequence[dict[str, Any]], names: Iterable[str]) -> Places:
    """The places of the first row and of the first value of each column that is not null."""
    firsts = {name: next((row for row in rows if row.get(name) is not None), {}) for name in names}
    return {name: place_of(row) for name, row in firsts.items()} | {"": place_of(rows[0]) if rows else ""}


def fitting_table(rows: Sequence[dict[str, Any]], columns: pa.Schema, path: str, places: Places) -> pa.Table:
    """The rows as a table; a Problem for one that has other columns, or a value that does not fit its column."""
    names = set(columns.names)
    if odd := next((row for row in rows if row.keys() != names), None):
        here = f"{sorted(columns.names)}{places.get('', '')} and {sorted(odd)}{place_of(odd)}"
        raise Problem(f"{path}: rows differ in columns, {here}")
    try:
        if has_text_for_list(rows, columns):
            raise pa.ArrowTypeError
        return pa.Table.from_pylist(rows, schema=columns)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        raise Problem(f"{path}: a value does not fit its column, {misfit(rows, columns, places)}") from None


def misfit(rows: Sequence[dict[str, Any]], columns: pa.Schema, places: Places) -> str:
    """What to say of rows of which one has a value that does not fit its column."""
    odd = ((name, row) for row in rows for name in columns.names if not fits(row[name], columns.field(name)))
    name, row = next(odd, (columns.names[0], rows[0]))
    kind, value = columns.field(name).type, f"{type(row[name]).__name__} {str(row[name])[:60]!r}"
    return f"{name} is {kind}{places.get(name, '')} and {value}{place_of(row)}; map another field, or make two tables"


def has_text_for_list(rows: Sequence[dict[str, Any]], columns: pa.Schema) -> bool:
    """Whether a text stands in a column of lists: Arrow would make a list of its characters."""
    lists = [column.name for column in columns if pa.types.is_list(column.type)]
    return any(isinstance(row[name], str) for name in lists for row in rows)


def fits(value: object, column: pa.Field) -> bool:
    if isinstance(value, str) and pa.types.is_list(column.type):
        return False
    try:
        pa.array([value], column.type)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return False
    return True
