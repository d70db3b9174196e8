"""Report: what a memo holds, and the records of it that are damaged."""

import sqlite3
from functools import partial

from baleen.errors import Problem
from baleen.memo import throughput
from baleen.memo.store import Memo, unpack

BY_SPACE = """
SELECT COUNT(*), SUM(LENGTH(value)), name FROM reply JOIN space ON space.id = reply.space GROUP BY name ORDER BY 2 DESC
"""


def contents(memo: Memo) -> list[str]:
    """A line with the replies and bytes of a memo, and one for each space, with the rate measured on this machine."""
    spaces, rates = memo.run(lambda db: db.execute(BY_SPACE).fetchall()), throughput.rates(memo)
    records, size = sum(row[0] for row in spaces), sum(row[1] for row in spaces)
    lines = [f"{memo.path}: {records:,} replies, {size / 1e6:.1f} MB, file {memo.path.stat().st_size / 1e6:.1f} MB"]
    for number, length, name in spaces:
        rate = rates.get(name.rpartition(" ")[0])
        lines.append(f"{number:>12,} replies {length / 1e6:>10.1f} MB  {name}{f'  {rate}' if rate else ''}")
    return lines


def moved_aside(memo: Memo) -> list[str]:
    """A line for each damaged memo file that was moved aside."""
    return [
        f"{path.stat().st_size / 1e6:>31.1f} MB  {path.name}, moved aside; delete it when you like"
        for path in sorted(memo.root.glob("memo.damaged-*"))
    ]


def check_records(memo: Memo, repair: bool) -> int:
    """Number of damaged records, which `repair` deletes so that they are pulled or queried again; else a Problem."""
    records = memo.run(lambda db: db.execute("SELECT key, value, checked FROM reply").fetchall())
    damaged = [key for key, value, checked in records if unpack(key, value, checked) is None]
    if damaged and not repair:
        raise Problem(f"{len(damaged)} records of {memo.path} are damaged; run again with --repair to delete them")
    memo.run(partial(forget, keys=damaged))
    return len(damaged)


def forget(db: sqlite3.Connection, keys: list[bytes]) -> None:
    """Delete records, and the segments they came in from the list of those at hand, so that a pull fetches them."""
    with db:
        db.execute("BEGIN IMMEDIATE")
        came_in = [db.execute("SELECT segment FROM reply WHERE key = ?", (key,)).fetchone() for key in keys]
        db.executemany("DELETE FROM reply WHERE key = ?", [(key,) for key in keys])
        db.executemany("DELETE FROM segment WHERE id = ?", came_in)
        db.executemany("UPDATE reply SET segment = NULL WHERE segment = ?", came_in)
