"""diff: two versions of a table, row by row: which rows came, went and changed, and why each left."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import Any

from baleen.errors import Problem
from baleen.project import dvc_storage
from baleen.tables import rows
from baleen.tables.rows import Row

WORK_TREE = "workspace"
SHOWN = 5  # rows of each kind
IGNORED = ("lineage", "source")  # columns that no reader calls a change of a row


@dataclass(frozen=True)
class Version:
    """A table at a revision: its rows by id, and the reason of each row that left."""

    revision: str
    rows: dict[str, Row]
    reasons: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Difference:
    """Two versions of a table: ids that came, went and changed, in the order of their table."""

    target: str
    before: Version
    after: Version

    @cached_property
    def added(self) -> list[str]:
        return [own for own in self.after.rows if own not in self.before.rows]

    @cached_property
    def removed(self) -> list[str]:
        return [own for own in self.before.rows if own not in self.after.rows]

    @cached_property
    def changed(self) -> dict[str, list[str]]:
        """The columns that differ, by id."""
        both = ((own, row, self.after.rows[own]) for own, row in self.before.rows.items() if own in self.after.rows)
        differing = {own: columns_changed(before, after) for own, before, after in both}
        return {own: columns for own, columns in differing.items() if columns}

    @property
    def same(self) -> int:
        return len(self.before.rows) - len(self.removed) - len(self.changed)

    def why(self, own: str) -> str:
        """Why a row left on the side that lacks it; '' where it never came so far."""
        return (self.after.reasons if own in self.before.rows else self.before.reasons).get(own, "")


def columns_changed(before: Row, after: Row) -> list[str]:
    return [name for name in {**before, **after} if name not in IGNORED and before.get(name) != after.get(name)]


def version(target: str, revision: str) -> Version:
    """A table of a revision, branch, tag or experiment, or of the work tree."""
    with TemporaryDirectory(prefix="baleen-diff-") as folder:
        paths = [Path("data", f"{target}{end}.parquet") for end in ("", ".dropped")]
        if revision != WORK_TREE:
            paths = [dvc_storage.fetched(path, revision, Path(folder)) for path in paths]
        if not paths[0].is_file():
            renamed = "" if revision == WORK_TREE else "; where it had another name there, write --was and that name"
            raise Problem(
                f"{revision} has no table data/{target}.parquet; build it with dvc repro, or check the name{renamed}"
            )
        kept = {str(row["id"]): row for row in rows.read(paths[0])}
        left = {str(row["id"]): str(row["reason"]) for row in rows.read(paths[1])} if paths[1].is_file() else {}
    return Version(revision, kept, left)


def difference(target: str, first: str, second: str = WORK_TREE, was: str = "") -> Difference:
    """What happened to a table between two revisions; `was` is its name at the first where that was another."""
    before = version(was or target, first)
    return Difference(target, replace(before, revision=f"{first} ({was})") if was else before, version(target, second))


def text(found: Difference) -> str:
    """The difference for people: counts, drift of length and scores, and some rows of each kind."""
    head = f"{found.target}: {found.before.revision} -> {found.after.revision}"
    counts = f"{len(found.added)} rows added, {len(found.removed)} removed, "
    counts += f"{len(found.changed)} changed, {found.same} the same"
    return "\n".join([head, counts, *drift(found), *samples(found)])


def drift(found: Difference) -> Iterator[str]:
    """Means of the numbers and of the lengths on both sides, where they differ."""
    for name in columns(found):
        means = [mean(side.rows, name) for side in (found.before, found.after)]
        if None not in means and means[0] != means[1]:
            yield f"  {name}: mean {means[0]:.4g} -> {means[1]:.4g}"


def columns(found: Difference) -> list[str]:
    firsts = [next(iter(side.rows.values()), {}) for side in (found.before, found.after)]
    return list(dict.fromkeys(name for first in firsts for name in first if name not in ("id", *IGNORED)))


def mean(table: dict[str, Row], name: str) -> float | None:
    """The mean of a number, or of the length of a text in characters."""
    values = [row.get(name) for row in table.values()]
    known = [value for value in values if isinstance(value, str | int | float)]
    numbers = [len(value) if isinstance(value, str) else value for value in known]
    return fmean(numbers) if numbers else None


def samples(found: Difference) -> Iterator[str]:
    for sign, ids in (("+", found.added), ("-", found.removed)):
        for own in ids[:SHOWN]:
            row = (found.after if sign == "+" else found.before).rows[own]
            reason = found.why(own)
            yield f"{sign} {own}  {shortened(row)}{f'  ({reason})' if reason else ''}"
    for own, names in [*found.changed.items()][:SHOWN]:
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
