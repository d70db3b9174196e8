"""The reply memo from the command line: python -m stages.memo stats | verify | prune | push | pull

Nothing here is needed to build: the memo grows and answers by itself, and deleting it only costs the replies again.
"""

import argparse
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from baleen.errors import Problem
from baleen.memo import segments, throughput
from baleen.memo.store import Memo, unpack
from baleen.project import dvc_lock
from baleen.project.command_line import run
from baleen.project.dvc_lock import WORK_TREE, RecordedTable
from baleen.project.locks import memo_folder, try_lock
from baleen.training import checkpoints

DAY = 86_400  # seconds
ABANDONED = 7.0  # days after which nobody will go on with an interrupted stage
BY_SPACE = """
SELECT COUNT(*), SUM(LENGTH(value)), name FROM reply JOIN space ON space.id = reply.space GROUP BY name ORDER BY 2 DESC
"""


def stats(memo: Memo) -> None:
    """Records and bytes, by space, with the rate measured on this machine; trainings that wait to go on."""
    spaces, measured = memo.run(lambda db: db.execute(BY_SPACE).fetchall()), throughput.rates(memo)
    records, size = sum(row[0] for row in spaces), sum(row[1] for row in spaces)
    print(f"{memo.path}: {records:,} replies, {size / 1e6:.1f} MB, file {memo.path.stat().st_size / 1e6:.1f} MB")
    for number, length, name in spaces:
        rate = measured.get(name.rpartition(" ")[0])
        print(f"{number:>12,} replies {length / 1e6:>10.1f} MB  {name}{f'  {rate}' if rate else ''}")
    for run_ in checkpoints.runs(memo.root):
        days = (memo.clock() - checkpoints.last_write_time(run_)) / DAY
        print(
            f"{checkpoints.size_in_bytes(run_) / 1e6:>31.1f} MB  interrupted training, {days:.0f} days old  {run_.name}"
        )
    for path in sorted(memo.root.glob("memo.damaged-*")):
        print(f"{path.stat().st_size / 1e6:>31.1f} MB  {path.name}, moved aside; delete it when you like")


def verify(memo: Memo, repair: bool) -> None:
    """Check every record; a damaged one is a Problem, or is deleted so that it is pulled or queried again."""
    bad = memo.run(lambda db: [k for k, v, c in db.execute("SELECT key, value, checked FROM reply") if spoilt(k, v, c)])
    if bad and not repair:
        raise Problem(f"{len(bad)} records of {memo.path} are damaged; run again with --repair to delete them")
    memo.run(partial(forget, keys=bad))
    print(f"{memo.path}: {len(bad)} damaged records{' deleted' if bad else ''}")


def spoilt(key: bytes, value: bytes, checked: int) -> bool:
    return unpack(key, value, checked) is None


def forget(db: sqlite3.Connection, keys: list[bytes]) -> None:
    """Delete records, and the segments they came in from the list of those at hand, so that a pull fetches them."""
    with db:
        db.execute("BEGIN IMMEDIATE")
        came_in = [db.execute("SELECT segment FROM reply WHERE key = ?", (key,)).fetchone() for key in keys]
        db.executemany("DELETE FROM reply WHERE key = ?", [(key,) for key in keys])
        db.executemany("DELETE FROM segment WHERE id = ?", came_in)
        db.executemany("UPDATE reply SET segment = NULL WHERE segment = ?", came_in)


def prune(memo: Memo, data: Path, days: float, dry: bool, forget_missing: bool) -> None:
    """Delete replies that no table of a kept revision (work tree, branches, tags, experiments) names in its lineage,
    and the checkpoints of interrupted trainings; what is younger than some days stays, for a stage that was stopped
    has no table yet."""
    tables, missing = kept(data)
    if missing and not forget_missing:
        raise Problem(
            f"nothing is deleted: {len(missing)} tables of kept revisions are not in the local cache, such as "
            f"{missing[0].path} of {missing[0].revision}, so nobody knows which replies they use; type dvc fetch -a -T "
            "(dvc exp remove for experiments you do not need), or prune --forget-missing"
        )
    if not (tables := [path for path in tables if "lineage" in pq.read_schema(path).names]):
        raise Problem(f"no table in {data} has a lineage, so every reply would go; run dvc pull or dvc repro first")
    busy = memo.run(lambda db: [name for (name,) in db.execute("SELECT name FROM space") if not idle(memo, name)])
    before = int(memo.clock() - days * DAY)
    number = memo.run(partial(delete, kept=lineage(tables), before=before, busy=busy, dry=dry))
    left = checkpoints.abandoned(memo.root, memo.clock() - days * DAY)
    size = sum(map(checkpoints.size_in_bytes, left))
    for run_ in [] if dry else left:
        shutil.rmtree(run_)
    done = "would be deleted" if dry else "deleted"
    print(f"{memo.path}: {number:,} replies {done}, named by none of {len(tables)} tables of the kept revisions")
    print(f"{memo.root / 'checkpoints'}: {len(left)} interrupted trainings {done}, {size / 1e6:.1f} MB")
    for name in busy:
        print(f"{name}: kept, another process queries it now")


def idle(memo: Memo, space: str) -> bool:
    with try_lock(memo.lock_path(space)) as nobody:
        return nobody


def kept(data: Path) -> tuple[list[Path], list[RecordedTable]]:
    """The tables of the work tree and of all kept revisions, and those that are not at hand."""
    here, built = sorted(data.glob("*.parquet")), dvc_lock.recorded_tables()
    places = cached(list(built))
    same = {md5: Path(table.path) for md5, table in built.items() if at_hand(table)}
    found = {md5: path for md5, path in (places | same).items() if path.is_file()}
    return sorted({*here, *found.values()}), [table for md5, table in built.items() if md5 not in found]


def at_hand(table: RecordedTable) -> bool:
    """Whether the work tree holds the table as its dvc.lock says, which DVC need not have put into its cache."""
    path = Path(table.path)
    return table.revision == WORK_TREE and path.is_file() and path.stat().st_size == table.size


def lineage(tables: Iterable[Path]) -> Iterator[bytes]:
    """The keys that tables name."""
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


def cached(hashes: list[str]) -> dict[str, Path]:
    """Where DVC's local cache keeps, or would keep, files by their hash."""
    from dvc.repo import Repo

    local = Repo().cache.local
    return {md5: Path(local.oid_to_path(md5)) for md5 in hashes}


def storage(name: str | None) -> tuple[Any, str]:
    """File system and folder of the memo at a DVC remote; this and `cached` alone touch DVC's internals."""
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        remote = Repo().cloud.get_remote(name)
    except DvcException as error:
        raise Problem(f"{error}; add a remote with dvc remote add -d <name> <url>") from None
    return remote.fs, remote.fs.join(remote.path, "memo")


def at_remote(fs: Any, folder: str) -> set[str]:
    """Names of the segments there."""
    found = fs.find(folder) if fs.exists(folder) else []
    return {fs.name(path).removesuffix(".parquet") for path in found if path.endswith(".parquet")}


def push(memo: Memo, remote: str | None) -> None:
    """Send the records that the remote has not, in new segments; a segment is never changed."""
    fs, folder = storage(remote)
    there, sent = at_remote(fs, folder), 0
    fs.makedirs(folder, exist_ok=True)
    for keys in segments.keys_to_push(memo, there):
        records = segments.load_records(memo, keys)
        name = segments.segment_name(records)
        if not records:
            continue
        if name not in there:
            with TemporaryDirectory(dir=memo.root) as aside:
                segments.write_segment(Path(aside, name), records)
                fs.put_file(str(Path(aside, name)), fs.join(folder, f"{name}.parquet"))
            sent += len(records)
        segments.assign_segment(memo, name, records)
    print(f"{folder}: {sent:,} replies pushed")


def pull(memo: Memo, remote: str | None, again: bool) -> None:
    """Fetch the segments that were neither made here nor fetched before; a reply that is here already stays."""
    fs, folder = storage(remote)
    known = set() if again else segments.segment_names(memo)
    new, before = sorted(at_remote(fs, folder) - known), segments.count_records(memo)
    for name in new:
        with TemporaryDirectory(dir=memo.root) as aside:
            fs.get_file(fs.join(folder, f"{name}.parquet"), str(Path(aside, name)))
            segments.add_records(memo, name, segments.read_segment(Path(aside, name)))
    print(f"{folder}: {segments.count_records(memo) - before:,} replies pulled in {len(new)} segments")


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m stages.memo", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("stats", help=stats.__doc__)
    verbs.add_parser("verify", help=verify.__doc__).add_argument("--repair", action="store_true")
    pruning = verbs.add_parser("prune", help=prune.__doc__)
    pruning.add_argument(
        "--older-than",
        type=float,
        metavar="DAYS",
        default=ABANDONED,
        help=f"keep what is younger ({ABANDONED:g})",
    )
    pruning.add_argument("--dry-run", action="store_true", help="count only")
    pruning.add_argument(
        "--forget-missing", action="store_true", help="prune although tables are not in the cache, as if they were gone"
    )
    for verb in (push, pull):
        travels = verbs.add_parser(verb.__name__, help=verb.__doc__)
        travels.add_argument("--remote", help="a DVC remote (the default one)")
    travels.add_argument("--again", action="store_true", help="fetch all of them, also what was pruned here since")
    return parser


def main(argv: list[str]) -> None:
    given = arguments().parse_args(argv)
    with closing(Memo(memo_folder())) as memo:
        VERBS[given.verb](memo, given)


VERBS: dict[str, Callable[[Memo, argparse.Namespace], None]] = {
    "stats": lambda memo, given: stats(memo),
    "verify": lambda memo, given: verify(memo, given.repair),
    "prune": lambda memo, given: prune(memo, Path("data"), given.older_than, given.dry_run, given.forget_missing),
    "push": lambda memo, given: push(memo, given.remote),
    "pull": lambda memo, given: pull(memo, given.remote, given.again),
}

if __name__ == "__main__":
    run(main)
