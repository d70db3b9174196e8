"""Prune: the replies that no table of a kept revision names in its lineage are deleted, or those that are empty."""

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

from baleen.errors import Problem
from baleen.memo.keys import from_record
from baleen.memo.store import Memo, unpack
from baleen.project import dvc_lock, dvc_storage
from baleen.project.dvc_lock import WORK_TREE, RecordedTable
from baleen.project.locks import try_lock


@dataclass(frozen=True)
class Pruned:
    """How many replies were deleted, of how many tables the lineages were read, and the spaces in use, left alone."""

    replies: int
    tables: int
    busy: list[str]


def prune_replies(memo: Memo, data: Path, before: int, dry: bool, forget_missing: bool) -> Pruned:
    """Delete the replies that no table of the work tree, a branch, a tag or an experiment names, and that were added
    before a second of the epoch; `dry` only counts them.

    A Problem when such a table is not at hand, unless `forget_missing`, and when no table has a lineage.
    """
    tables, missing = kept_tables(data)
    if missing and not forget_missing:
        raise Problem(
            f"nothing is deleted: {len(missing)} tables of kept revisions are not in the local cache, such as "
            f"{missing[0].path} of {missing[0].revision}, so nobody knows which replies they use; type dvc fetch -a -T "
            "(dvc exp remove for experiments you do not need), or prune --forget-missing"
        )
    if not (tables := [path for path in tables if "lineage" in pq.read_schema(path).names]):
        raise Problem(f"no table in {data} has a lineage, so every reply would go; run dvc pull or dvc repro first")
    busy = busy_spaces(memo)
    number = memo.run(partial(delete, kept=keys_of(tables), before=before, busy=busy, dry=dry))
    return Pruned(number, len(tables), busy)


def prune_empty(memo: Memo, dry: bool) -> Pruned:
    """Delete the replies that a model finished without a word, which a faulty server may have given, whatever names
    them; `dry` only counts them."""
    busy = busy_spaces(memo)
    return Pruned(memo.run(partial(delete_empty, busy=busy, dry=dry)), 0, busy)


def busy_spaces(memo: Memo) -> list[str]:
    """The spaces that a process queries now."""
    return memo.run(lambda db: [name for (name,) in db.execute("SELECT name FROM space") if not is_idle(memo, name)])


def is_idle(memo: Memo, space: str) -> bool:
    with try_lock(memo.lock_path(space)) as nobody:
        return nobody


def kept_tables(data: Path) -> tuple[list[Path], list[RecordedTable]]:
    """The tables of the work tree and of all kept revisions, and those that are not at hand."""
    here, recorded = sorted(data.glob("*.parquet")), dvc_lock.recorded_tables()
    places = dvc_storage.cache_paths(list(recorded))
    unchanged = {md5: Path(table.path) for md5, table in recorded.items() if at_hand(table)}
    there = {md5: path for md5, path in (places | unchanged).items() if path.is_file()}
    return sorted({*here, *there.values()}), [table for md5, table in recorded.items() if md5 not in there]


def at_hand(table: RecordedTable) -> bool:
    """Whether the work tree holds the table as its dvc.lock says, which DVC need not have put into its cache."""
    path = Path(table.path)
    return table.revision == WORK_TREE and path.is_file() and path.stat().st_size == table.size


def keys_of(tables: Iterable[Path]) -> Iterator[bytes]:
    """The keys that tables name in their lineage."""
    for path in tables:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(columns=["lineage"]):
                keys = pc.struct_field(pc.list_flatten(batch.column(0)), "key")
                yield from (bytes.fromhex(key) for key in pc.unique(keys).to_pylist() if key)


def delete(db: sqlite3.Connection, kept: Iterable[bytes], before: int, busy: list[str], dry: bool) -> int:
    """Number of records that are not kept, were added before a second of the epoch and are in no busy space; gone
    unless `dry`."""
    db.execute("CREATE TEMP TABLE kept (key BLOB PRIMARY KEY) WITHOUT ROWID")
    try:
        with db:
            db.execute("BEGIN IMMEDIATE")
            db.executemany("INSERT OR IGNORE INTO kept VALUES (?)", ((key,) for key in kept))
            marks = ",".join("?" * len(busy))
            free = f"SELECT id FROM space WHERE name NOT IN ({marks})"
            gone = f"FROM reply WHERE added <= ? AND space IN ({free}) AND key NOT IN (SELECT key FROM kept)"
            number = int(db.execute(f"SELECT COUNT(*) {gone}", (before, *busy)).fetchone()[0])
            if not dry:
                db.execute(f"DELETE {gone}", (before, *busy))
                db.execute("DELETE FROM space WHERE id NOT IN (SELECT space FROM reply)")
    finally:
        db.execute("DROP TABLE kept")
    if number and not dry:
        db.execute("VACUUM")
    return number


def delete_empty(db: sqlite3.Connection, busy: list[str], dry: bool) -> int:
    """Number of written replies in no busy space that are empty; gone unless `dry`."""
    marks = ",".join("?" * len(busy))
    free = f"SELECT id FROM space WHERE name LIKE 'generate %' AND name NOT IN ({marks})"
    with db:
        db.execute("BEGIN IMMEDIATE")
        records = db.execute(f"SELECT key, value, checked FROM reply WHERE space IN ({free})", busy)
        empty = [(key,) for key, value, checked in records if is_empty(key, value, checked)]
        if not dry:
            db.executemany("DELETE FROM reply WHERE key = ?", empty)
            db.execute("DELETE FROM space WHERE id NOT IN (SELECT space FROM reply)")
    return len(empty)


def is_empty(key: bytes, packed: bytes, checked: int) -> bool:
    """Whether a record is a reply that ended by itself and has neither text nor reasoning; a damaged one is none."""
    value = unpack(key, packed, checked)
    return value is not None and (reply := from_record(value)).finish == "stop" and not reply.raw.strip()
