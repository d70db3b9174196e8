"""Arrow rows: the rows of a Parquet file and of record batches, only the fields that are asked for, each error with its
place."""

import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from baleen.errors import Problem
from baleen.tables.records import Doubled, OpenFile, Record
from baleen.tables.rows import Row

ROWS = 64  # in a batch; memory stays within a few times that many of the largest documents
INSIDE = re.compile(r"\.(?:list|bag|key_value|map)\.(?:element|item|array_element|array|key|value)(?=\.|$)")
NUMBERS = re.compile(r"\.\d+(?=\.|$)")
NO_VALUE = (ValueError, OverflowError, TypeError, KeyError, pa.ArrowException)  # KeyError by pytz: no such time zone


def parquet_rows(opened: OpenFile) -> Iterator[Record]:
    """Rows of a Parquet file; the position is the number of the row."""
    whole = type(opened.file) is io.BufferedReader and opened.file.seekable()
    try:
        file = pq.ParquetFile(opened.file if whole else io.BytesIO(opened.file.read()))
        leaves = wanted_leaves([file.schema.column(i).path for i in range(len(file.schema))], opened.wanted)
        names = tuple(dict.fromkeys(file.schema_arrow.names))
        yield from arrow_records(opened.name, file.iter_batches(batch_size=ROWS, columns=leaves), names)
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno:
            raise
        raise Problem(f"{opened.name} is not a whole Parquet file ({error}); download it again") from None


def wanted_leaves(leaves: list[str], wanted: frozenset[str] | None) -> list[str] | None:
    """The leaves of a Parquet schema, such as `turns.list.element.text`, that lie on these paths; None is all."""
    if wanted is None:
        return None
    paths = {way for path in wanted for way in (path, NUMBERS.sub("", path))}
    return [leaf for leaf in leaves if any(joined(leaf, path) or joined(INSIDE.sub("", leaf), path) for path in paths)]


def joined(leaf: str, path: str) -> bool:
    """Whether one of two dotted paths begins with the other."""
    return leaf == path or leaf.startswith(f"{path}.") or path.startswith(f"{leaf}.")


def arrow_records(name: str, batches: Iterable[Any], names: tuple[str, ...]) -> Iterator[Record]:
    """The records of record batches or tables one after the other; `names` are those of all fields of the source."""
    number = 0
    for batch in batches:
        for row in batch_rows(batch, name, number + 1):
            number += 1
            yield Record(name, number, row, names=names)


def batch_rows(batch: Any, name: str, first: int) -> list[Row]:
    """The rows of a batch as Python values; a Problem names the row and the column of one that has none."""
    counts = Counter(batch.schema.names)
    doubled: Row = {column: Doubled(count) for column, count in counts.items() if count > 1}
    if not counts:
        return [{} for _ in range(batch.num_rows)]
    if doubled:
        batch = batch.select([at for at, column in enumerate(batch.schema.names) if column not in doubled])
    try:
        rows: list[Row] = batch.to_pylist() if batch.num_columns else [{}] * batch.num_rows
        return [row | doubled for row in rows] if doubled else rows
    except NO_VALUE:
        raise unreadable_value(batch, name, first) from None


def unreadable_value(batch: Any, name: str, first: int) -> Problem:
    """The Problem for the first value of a batch that is no Python value: no UTF-8, a year after 9999 ..."""
    for at in range(batch.num_rows):
        for column in batch.schema.names:
            try:
                batch.column(column)[at].as_py()
            except NO_VALUE as error:
                what = str(error).partition("\n")[0][:200]
                return Problem(
                    f"{name}:{first + at}: {column} cannot be read ({what}); correct it or map another field"
                )
    return Problem(f"{name}:{first}: the rows from here on cannot be read; write the file again")
