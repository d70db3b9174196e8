"""The reply memo: every reply of an engine, in one SQLite file outside DVC's outs.

It lives in $BALEEN_MEMO, else $DVC_ROOT/.memo (one place for temporary and queued experiments too), else ./.memo.
Several processes of one machine may share it. A commit survives kill -9; a power cut may take the last seconds, never
the file. The folder must be on a local disk: SQLite's write-ahead log and flock do not work on NFS.
"""

import json
import os
import sqlite3
import sys
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from baleen.errors import Problem
from baleen.project.locks import locked
from baleen.tables.rows import batches

T = TypeVar("T")
Value = dict[str, Any]

LAYOUT = 1  # user_version of the database
KEYS_PER_QUERY = 512  # 3-5 us a record, against 7-9 one at a time (no gain above)
LOCK_TIMEOUT = 60.0  # seconds a writer waits for another before it gives up
MIN_DEFLATED = 200  # bytes; zlib does not shrink shorter values enough to matter
BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
# A rowid table with an index: WITHOUT ROWID measured 3 times slower to write and 1.2-1.9 times slower to read.
TABLES = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS space (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS segment (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS reply (key BLOB PRIMARY KEY, space INTEGER NOT NULL, added INTEGER NOT NULL,
    segment INTEGER, checked INTEGER NOT NULL, value BLOB NOT NULL);
PRAGMA user_version = {LAYOUT};
COMMIT;
"""
INSERT = "INSERT OR REPLACE INTO reply (key, space, added, checked, value) VALUES (?, ?, ?, ?, ?)"
_inherited: list[sqlite3.Connection] = []  # closing a parent's connection in a child would drop the parent's locks


def print_error(line: str) -> None:
    print(f"memo: {line}", file=sys.stderr, flush=True)


def pack(value: Value) -> bytes:
    """Compact JSON, deflated where that is shorter; JSON never starts with the 'x' of a zlib stream."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    return min(text, zlib.compress(text, 1), key=len) if len(text) > MIN_DEFLATED else text


def unpack(key: bytes, packed: bytes, checked: int) -> Value | None:
    """The value, or None when the record is damaged: not what was written."""
    if not isinstance(packed, bytes) or zlib.crc32(key + packed) != checked:
        return None
    with suppress(ValueError, zlib.error):
        value = json.loads(zlib.decompress(packed) if packed[:1] == b"x" else packed)
        return value if isinstance(value, dict) else None
    return None


@dataclass
class Memo:
    """A store of JSON objects under hex keys of 16 to 32 bytes; `damaged` counts the damaged records, which it
    ignores."""

    root: Path
    clock: Callable[[], float] = time.time
    say: Callable[[str], None] = print_error
    damaged: int = 0
    _connection: sqlite3.Connection | None = None
    _opened: tuple[int, int] = (0, 0)  # process and inode
    _held: set[str] = field(default_factory=set)

    @property
    def path(self) -> Path:
        return self.root / "memo.sqlite"

    def get(self, keys: Iterable[str]) -> dict[str, Value]:
        """The stored values; a damaged record is counted and treated as missing."""
        values: dict[str, Value] = {}
        for batch in batches(keys, KEYS_PER_QUERY):
            for key, packed, checked in self.run(partial(select, keys=batch)):
                if (value := unpack(key, packed, checked)) is None:
                    self.count_damaged()
                else:
                    values[key.hex()] = value
        return values

    def put(self, space: str, values: Mapping[str, Value]) -> None:
        """Store values in one transaction; what is there under the same key is overwritten."""
        packed = [(bytes.fromhex(key), pack(value)) for key, value in values.items()]
        added = int(self.clock())
        if packed:
            self.run(lambda db: insert(db, space, added, packed))

    def count_damaged(self) -> None:
        if not self.damaged:
            self.say(f"a damaged record in {self.path} is ignored; its request will be queried again")
        self.damaged += 1

    @contextmanager
    def locked_space(self, space: str) -> Iterator[None]:
        """Lock a space: one process at a time queries the engine for it; the others wait here, then look up again.

        The kernel frees the lock of a dead process. Entering again from the same memo does not wait, so that two calls
        of `ask` in one process cannot block each other.
        """
        if space in self._held:
            yield
            return
        with locked(self.lock_path(space), lambda who: self.say(f"waiting for {who}, which queries {space}")):
            self._held.add(space)
            try:
                yield
            finally:
                self._held.discard(space)

    def lock_path(self, name: str) -> Path:
        """The lock file of a space."""
        self._make_root()
        return self.root / f"{sha256(name.encode()).hexdigest()[:16]}.lock"

    def _make_root(self) -> None:
        try:
            self.root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Problem(f"cannot make the memo folder {self.root} ({error.strerror}); set BALEEN_MEMO") from None

    def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Call `work` on the database. A damaged file is moved aside and a new one begun; other errors are Problems."""
        try:
            return work(self.connection())
        except sqlite3.DatabaseError as error:
            if (getattr(error, "sqlite_errorcode", 0) & 0xFF) not in BROKEN:
                raise explained(self.path, error) from error
            self.move_aside(str(error))
        return work(self.connection())

    def connection(self) -> sqlite3.Connection:
        """The open database; opened again in a forked child, and when the file was moved away or deleted."""
        if self._connection is None or self._opened != (os.getpid(), inode(self.path)):
            if self._connection is not None and self._opened[0] != os.getpid():
                _inherited.append(self._connection)
            with locked(self.lock_path("open")):
                self._connection, self._opened = None, (os.getpid(), inode(self.path))
                self._connection = connect(self.path)
                self._opened = (os.getpid(), inode(self.path))
        return self._connection

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def move_aside(self, why: str) -> None:
        """Rename a damaged database with its log, unless another process has done so already."""
        with locked(self.lock_path("open")):
            if self._opened[1] == inode(self.path):
                aside = next(p for n in count(1) if not (p := self.path.with_suffix(f".damaged-{n}")).exists())
                for end in ("", "-wal", "-shm"):
                    with suppress(FileNotFoundError):
                        os.rename(f"{self.path}{end}", f"{aside}{end}")
                self.say(f"{self.path} is damaged ({why}); moved to {aside.name}, a new memo begins")
            with suppress(sqlite3.Error):
                self.close()
            self._connection = None


def connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=LOCK_TIMEOUT, isolation_level=None)
    try:
        layout = db.execute("PRAGMA user_version").fetchone()[0]
        if layout > LAYOUT:
            raise Problem(
                f"{path} has layout {layout}, this baleen reads {LAYOUT}; update, or set BALEEN_MEMO elsewhere"
            )
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute("PRAGMA cache_size = -65536")  # KiB
        if layout < LAYOUT:
            db.executescript(TABLES)
    except BaseException:
        db.close()
        raise
    return db


def select(db: sqlite3.Connection, keys: list[str]) -> list[tuple[bytes, bytes, int]]:
    placeholders = ",".join("?" * len(keys))
    query = f"SELECT key, value, checked FROM reply WHERE key IN ({placeholders})"
    return db.execute(query, [bytes.fromhex(key) for key in keys]).fetchall()


def insert(db: sqlite3.Connection, space: str, added: int, packed: list[tuple[bytes, bytes]]) -> None:
    with db:
        db.execute("BEGIN IMMEDIATE")
        db.execute("INSERT OR IGNORE INTO space (name) VALUES (?)", (space,))
        number = db.execute("SELECT id FROM space WHERE name = ?", (space,)).fetchone()[0]
        db.executemany(INSERT, [(key, number, added, zlib.crc32(key + value), value) for key, value in packed])


def inode(path: Path) -> int:
    """The inode of a file; 0 when there is no file."""
    try:
        return os.stat(path).st_ino
    except FileNotFoundError:
        return 0


def explained(path: Path, error: sqlite3.DatabaseError) -> Exception:
    """A Problem for what the user can repair; any other error as it is."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return Problem(f"the disk of {path} is full; what was committed is kept: make room and run the same command")
    if code == sqlite3.SQLITE_BUSY:
        return Problem(f"{path} was locked by another process for {LOCK_TIMEOUT:.0f} s; run the same command again")
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_PERM):
        return Problem(f"cannot use {path} ({error}); set BALEEN_MEMO to a folder on a local disk with room")
    return error
