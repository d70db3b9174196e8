"""Segments: records of the memo as immutable Parquet files named by their content, for push to a remote and pull."""

import sqlite3
from collections.abc import Iterator
from functools import partial
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from baleen.errors import Problem
from baleen.memo.store import KEYS_PER_QUERY, Memo, unpack
from baleen.tables.rows import batches

Record = dict[str, Any]  # key, space, added, checked, value

LENGTH = 20_000  # records in one segment, some 10 MB
FIELDS = {"key": pa.binary(), "space": pa.string(), "added": pa.int64(), "checked": pa.int64(), "value": pa.binary()}
BY_SEGMENT = "SELECT name, key FROM reply LEFT JOIN segment ON segment.id = segment ORDER BY name, key"
RECORDS = """
SELECT key, name AS space, added, checked, value FROM reply JOIN space ON space.id = space WHERE key IN ({placeholders})
"""
ADD = """
INSERT INTO reply (key, space, added, segment, checked, value)
VALUES (:key, (SELECT id FROM space WHERE name = :space), :added, :segment, :checked, :value)
ON CONFLICT (key) DO UPDATE SET segment = excluded.segment WHERE segment IS NULL
"""


def keys_to_push(memo: Memo, at_remote: set[str]) -> Iterator[list[bytes]]:
    """Keys of the records that the remote lacks, as one list per segment: those of a segment that is not there, and
    those in no segment yet, at most LENGTH at a time."""
    rows = [row for row in memo.run(lambda db: db.execute(BY_SEGMENT).fetchall()) if row[0] not in at_remote]
    for _, group in groupby(rows, key=lambda row: row[0]):
        yield from batches((key for _, key in group), LENGTH)


def load_records(memo: Memo, keys: list[bytes]) -> list[Record]:
    """The records with these keys, ordered by key, without the damaged ones."""
    stored = [row for batch in batches(keys, KEYS_PER_QUERY) for row in memo.run(partial(select, keys=batch))]
    intact = [row for row in stored if unpack(row[0], row[4], row[3]) is not None]
    return [dict(zip(FIELDS, row, strict=True)) for row in sorted(intact)]


def select(db: sqlite3.Connection, keys: list[bytes]) -> list[tuple[Any, ...]]:
    return db.execute(RECORDS.format(placeholders=",".join("?" * len(keys))), keys).fetchall()


def segment_name(records: list[Record]) -> str:
    """32 hex digits of the content of the records."""
    hashed = sha256()
    for record in records:
        hashed.update(record["key"] + record["checked"].to_bytes(8, "big") + record["value"])
    return hashed.hexdigest()[:32]


def write_segment(path: Path, records: list[Record]) -> None:
    pq.write_table(pa.Table.from_pylist(records, schema=pa.schema(list(FIELDS.items()))), path, compression="zstd")


def read_segment(path: Path) -> list[Record]:
    """The records of a segment file; a Problem when they do not match the name of the file."""
    try:
        records: list[Record] = pq.read_table(path).to_pylist()
    except (pa.ArrowInvalid, OSError):
        records = []
    if segment_name(records) != path.name:
        raise Problem(f"segment {path.name} is damaged at the remote; delete it there and push again from its origin")
    return records


def add_records(memo: Memo, segment: str, records: list[Record]) -> None:
    """Store pulled records in one transaction; those that are here already keep their value."""
    memo.run(partial(_add, segment=segment, records=records))


def _add(db: sqlite3.Connection, segment: str, records: list[Record]) -> None:
    with db:
        number = _number(db, segment)
        db.executemany("INSERT OR IGNORE INTO space (name) VALUES (?)", {(record["space"],) for record in records})
        db.executemany(ADD, [record | {"segment": number} for record in records])


def assign_segment(memo: Memo, segment: str, records: list[Record]) -> None:
    """Store the segment of records that were pushed, unless they have been queried again meanwhile."""
    memo.run(partial(_assign_segment, segment=segment, records=records))


def _assign_segment(db: sqlite3.Connection, segment: str, records: list[Record]) -> None:
    with db:
        number = _number(db, segment)
        rows = [(number, record["key"], record["checked"]) for record in records]
        db.executemany("UPDATE reply SET segment = ? WHERE key = ? AND checked = ?", rows)


def _number(db: sqlite3.Connection, segment: str) -> int:
    """Begin a transaction and return the number of a segment, which is added when it is new."""
    db.execute("BEGIN IMMEDIATE")
    db.execute("INSERT OR IGNORE INTO segment (name) VALUES (?)", (segment,))
    return int(db.execute("SELECT id FROM segment WHERE name = ?", (segment,)).fetchone()[0])


def segment_names(memo: Memo) -> set[str]:
    """Names of the segments made or pulled here."""
    return {row[0] for row in memo.run(lambda db: db.execute("SELECT name FROM segment").fetchall())}


def count_records(memo: Memo) -> int:
    """Number of records in the memo."""
    return int(memo.run(lambda db: db.execute("SELECT COUNT(*) FROM reply").fetchone()[0]))
