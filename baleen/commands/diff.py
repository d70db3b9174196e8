"""diff: two versions of a table, row by row: which rows came, went and changed, and why each left."""

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from baleen.commands.terminal import visible
from baleen.errors import Problem
from baleen.project import dvc_storage
from baleen.tables import rows
from baleen.tables.fingerprints import Fingerprints, of_table
from baleen.tables.rows import Row

WORK_TREE = "workspace"
SHOWN = 5  # rows of each kind
IGNORED = ("lineage", "source")  # columns that no reader calls a change of a row
NAMES = ("id", "origin")  # columns of whose lengths no mean is told


@dataclass(frozen=True)
class Version:
    """A table at a revision, and the rows that left it; both stay on disk."""

    revision: str
    path: Path
    dropped: Path
    prints: Fingerprints

    @property
    def kept(self) -> int:
        return len(self.prints.ids)

    @property
    def left(self) -> int:
        return rows.size(self.dropped) if self.dropped.is_file() else 0

    def rows(self, wanted: Collection[str]) -> dict[str, Row]:
        """Some rows of the table by id."""
        return {str(row["id"]): row for row in chosen(self.path, wanted)}

    def reasons(self, wanted: Collection[str]) -> dict[str, str]:
        """Why some rows left, by id."""
        found = chosen(self.dropped, wanted, ["id", "reason"]) if self.dropped.is_file() else ()
        return {str(row["id"]): str(row["reason"]) for row in found}


def chosen(path: Path, wanted: Collection[str], columns: list[str] | None = None) -> Iterator[Row]:
    """The rows of a table with these ids, in its order."""
    ids = pa.array(list(wanted), pa.string())
    for batch in rows.read_batches(path, columns) if wanted else ():
        yield from batch.filter(pc.is_in(batch.column("id").cast(pa.string()), ids)).to_pylist()


@dataclass(frozen=True)
class Difference:
    """Two versions of a table: ids that came, went and changed, in the order of their table."""

    target: str
    before: Version
    after: Version

    @cached_property
    def added(self) -> list[str]:
        return only_in(self.after.prints.ids, self.before.prints.ids)

    @cached_property
    def removed(self) -> list[str]:
        return only_in(self.before.prints.ids, self.after.prints.ids)

    @cached_property
    def changed(self) -> dict[str, tuple[str, ...]]:
        """The columns that differ, by id."""
        sides = self.before.prints, self.after.prints
        places = pc.index_in(sides[0].ids, value_set=sides[1].ids)
        ours = np.flatnonzero(places.is_valid().to_numpy(zero_copy_only=False))
        theirs = places.drop_null().to_numpy(zero_copy_only=False)
        found = dict[int, tuple[str, ...]]()
        for name in columns(self):
            differs = sides[0].column(name)[ours] != sides[1].column(name)[theirs]
            found |= {row: (*found.get(row, ()), name) for row in ours[differs].tolist()}
        return {sides[0].ids[row].as_py(): found[row] for row in sorted(found)}

    @property
    def same(self) -> int:
        return self.before.kept - len(self.removed) - len(self.changed)

    @cached_property
    def reasons(self) -> dict[str, str]:
        """Why rows left on the side that lacks them; without those that never came so far."""
        return self.before.reasons(self.added) | self.after.reasons(self.removed)

    def why(self, own: str) -> str:
        return self.reasons.get(own, "")


def only_in(ids: pa.Array, others: pa.Array) -> list[str]:
    return list(ids.filter(pc.invert(pc.is_in(ids, others))).to_pylist())


def version(target: str, revision: str, folder: Path) -> Version:
    """A table of a revision, branch, tag or experiment, which is fetched into a folder, or of the work tree."""
    paths = [Path("data", f"{target}{end}.parquet") for end in ("", ".dropped")]
    if revision != WORK_TREE:
        folder.mkdir(exist_ok=True)
        paths = [dvc_storage.fetched(path, revision, folder) for path in paths]
    if not paths[0].is_file():
        there = f"data/{target}.parquet"
        if revision == WORK_TREE:
            raise Problem(f"{revision} has no table {there}; build it with dvc repro, or check the name")
        named = "or check the name; where it had another name there, write --was and that name"
        raise Problem(f"the dvc.lock of {revision} has no table {there}; commit dvc.lock after dvc repro, {named}")
    return Version(revision, paths[0], paths[1], of_table(paths[0], IGNORED))


@contextmanager
def difference(target: str, first: str, second: str = WORK_TREE, was: str = "") -> Iterator[Difference]:
    """What happened to a table between two revisions; `was` is its name at the first where that was another."""
    with TemporaryDirectory(prefix="baleen-diff-") as folder:
        before = version(was or target, first, Path(folder, "before"))
        before = replace(before, revision=f"{first} ({was})") if was else before
        yield Difference(target, before, version(target, second, Path(folder, "after")))


def text(found: Difference) -> str:
    """The difference for people: counts, drift of length and scores, and some rows of each kind."""
    head = f"{found.target}: {found.before.revision} -> {found.after.revision}"
    counts = f"{len(found.added)} rows added, {len(found.removed)} removed, "
    counts += f"{len(found.changed)} changed, {found.same} the same"
    return visible("\n".join([head, counts, *drift(found), *samples(found)]))


def drift(found: Difference) -> Iterator[str]:
    """Means of the numbers and of the lengths on both sides, where they differ."""
    for name in columns(found):
        before, after = (side.prints.means.get(name) for side in (found.before, found.after))
        if before is not None and after is not None and before != after:
            yield f"  {name}: mean {before:.4g} -> {after:.4g}"


def columns(found: Difference) -> list[str]:
    names = (name for side in (found.before, found.after) for name in side.prints.means)
    return [name for name in dict.fromkeys(names) if name not in NAMES]


def samples(found: Difference) -> Iterator[str]:
    for sign, side, ids in (("+", found.after, found.added), ("-", found.before, found.removed)):
        some = side.rows(ids[:SHOWN])
        for own in ids[:SHOWN]:
            reason = found.why(own)
            yield f"{sign} {own}  {shortened(some[own])}{f'  ({reason})' if reason else ''}"
    for own, names in islice(found.changed.items(), SHOWN):
        yield f"~ {own}  {', '.join(names)}"


def shortened(row: Row) -> str:
    words = str(row.get("instruction") or row.get("response") or "").split()
    return " ".join(words)[:80]


def as_json(found: Difference) -> str:
    """The difference for a program: every id with its reason or columns."""
    every: dict[str, Any] = {"target": found.target, "from": found.before.revision, "to": found.after.revision}
    every["added"] = {own: found.why(own) for own in found.added}
    every["removed"] = {own: found.why(own) for own in found.removed}
    return json.dumps(every | {"changed": found.changed, "same": found.same}, ensure_ascii=False, indent=2)
