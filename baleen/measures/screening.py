"""Screening: rows that repeat another row, share a run of words with another table, or are not near to it.

Each row is compared with those kept before it, or with a whole other table; the reason names the row that it met. Only
the columns that are compared are read of the other table.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Protocol, TypeVar

import numpy as np
import pyarrow as pa

from baleen.errors import Problem, unknown
from baleen.measures.expressions import parse_condition
from baleen.measures.filters import Judge, Rules, names_in
from baleen.tables import rows
from baleen.tables.duplicates import NearDuplicates
from baleen.tables.rows import Row
from baleen.tables.shingles import tokens
from baleen.tables.vectors import SimilarVectors, nearest_by_words, nearest_to
from baleen.tables.word_overlap import OverlapIndex

KINDS = ("exact", "near", "semantic")
NEAREST = ("bm25", "vector")
SIMILARITY = {"exact": 1.0, "near": 0.8, "semantic": 0.95}
Reason = tuple[str, str]  # why a row leaves, and the name of that in the counts; ('', '') for one that stays
STAYS: Reason = ("", "")
Finder = Callable[[list[Row]], list[Reason]]


class Screens(Rules, Protocol):
    """The settings of `filter` that compare rows with rows, which says what each means."""

    against: str
    as_many: bool
    duplicates: str
    similarity: float
    overlap: int
    nearest: str
    each: int
    text: list[str]
    against_text: list[str]
    vector: str


S = TypeVar("S", bound=Screens)


def screens(rules: Screens) -> bool:
    """Whether settings compare rows with rows."""
    return bool(rules.duplicates or rules.overlap or rules.nearest)


def require_sense(rules: Screens, where: str) -> None:
    """A Problem for settings that cannot be meant."""
    if rules.duplicates and rules.duplicates not in KINDS:
        raise Problem(f"{where}: {unknown('duplicates', rules.duplicates, list(KINDS))}")
    if rules.nearest and rules.nearest not in NEAREST:
        raise Problem(f"{where}: {unknown('nearest', rules.nearest, list(NEAREST))}")
    if not 0 <= rules.similarity <= 1 or rules.overlap < 0 or rules.each < 1:
        raise Problem(f"{where}: similarity lies between 0 and 1, overlap counts words from 0, each counts rows from 1")
    if (rules.overlap or rules.nearest) and not rules.against:
        raise Problem(f"{where}: overlap and nearest compare with another table; write against, such as heldout")
    if rules.against and not screens(rules) and not rules.as_many:
        raise Problem(f"{where}: against says with which table, not how; write duplicates, overlap, nearest or as_many")
    if rules.as_many and (screens(rules) or rules.control or not rules.against or not rules.best):
        raise Problem(f"{where}: as_many counts the rows of against and keeps the first by best; write these two alone")
    if screens(rules) and (rules.best or rules.select or rules.control or rules.share < 1 or rules.count):
        raise Problem(f"{where}: rows are screened in a line of their own; rank them in the next one")
    if not rules.text:
        raise Problem(f"{where}: text names no column; write those to compare, such as text: [instruction]")


def as_many_as(rules: S, where: str) -> S:
    """The settings with as many rows as `against` has as the largest count; unchanged without `as_many`."""
    if not rules.as_many:
        return rules
    if not (there := rows.size(rows.table_path(rules.against))):
        raise Problem(f"{where}: {rules.against} has no rows, so that none would stay; build it again")
    return replace(rules, count=min(there, rules.count or there))  # type: ignore[type-var]


def columns_compared(rules: Screens) -> list[str]:
    """The columns of the table itself that are compared."""
    vector = [rules.vector] if "semantic" in rules.duplicates or rules.nearest == "vector" else []
    texts = rules.text if rules.overlap or rules.duplicates in ("exact", "near") or rules.nearest == "bm25" else []
    return [*texts, *vector] if screens(rules) else []


def texts_there(rules: Screens, path: Path) -> list[str]:
    """The columns of text that are compared of another table: those that are named for it, or those of the table itself
    that it has; a Problem when it has none of them."""
    there = rows.schema(path, rules.against_text).names
    found = rules.against_text or [name for name in rules.text if name in there]
    if not found:
        raise Problem(f"{path} has none of the columns {', '.join(rules.text)}; it has {', '.join(there)}; write text")
    return found


def columns_here(rules: Screens, against: Path | None) -> list[str]:
    """The columns of the table itself whose texts together are compared with those of another table."""
    return rules.text if rules.against_text or not against else texts_there(rules, against)


def joined(row: Row, names: Sequence[str]) -> str:
    return "\n".join(str(row[name]) for name in names if row.get(name) is not None)


def whole_hash(text: str) -> bytes:
    """16 bytes of a text, white space aside."""
    return blake2b(" ".join(text.split()).encode("utf-8", "replace"), digest_size=16).digest()


def read_others(path: Path, names: Sequence[str]) -> Iterator[list[Row]]:
    """The rows of the other table in lists, of these columns and the id."""
    rows.schema(path, ["id", *names])
    for batch in rows.read_batches(path, list(dict.fromkeys(["id", *names]))):
        yield batch.to_pylist()


def exact_finder(rules: Screens, against: Path | None) -> Finder:
    """Finds rows whose text is that of another, white space aside."""
    kept, mine = dict[bytes, str](), columns_here(rules, against)
    if against:
        names = texts_there(rules, against)
        for row in (row for others in read_others(against, names) for row in others):
            kept.setdefault(whole_hash(joined(row, names)), row["id"])

    def reason_of(row: Row) -> Reason:
        key = whole_hash(joined(row, mine))
        if key in kept:
            return f"duplicate of {kept[key]}", "duplicate"
        if not against:
            kept[key] = row["id"]
        return STAYS

    return lambda table: [reason_of(row) for row in table]


@contextmanager
def near_finder(rules: Screens, against: Path | None) -> Iterator[Finder]:
    """Finds rows that share most runs of five words with another."""
    with TemporaryFile() as file:
        near = NearDuplicates(rules.similarity or SIMILARITY["near"], file)
        mine, names = columns_here(rules, against), texts_there(rules, against) if against else []
        for others in read_others(against, names) if against else ():
            near.add([row["id"] for row in others], [joined(row, names) for row in others])

        def of(table: list[Row]) -> list[Reason]:
            texts = [joined(row, mine) for row in table]
            like = near.first_resembling([row["id"] for row in table], texts, keeps=not against) if table else []
            return [(f"near duplicate of {own}", "near duplicate") if own else STAYS for own in like]

        yield of


def semantic_finder(rules: Screens, against: Path | None) -> Finder:
    """Finds rows whose embedding points the way of another's."""
    similar = SimilarVectors(rules.similarity or SIMILARITY["semantic"])
    for others in read_others(against, [rules.vector]) if against else ():
        known = [row for row in others if row[rules.vector]]
        similar.add([row["id"] for row in known], [row[rules.vector] for row in known])

    def of(table: list[Row]) -> list[Reason]:
        found, known = [(f"{rules.vector} unreadable", f"{rules.vector} unreadable")] * len(table), list[int]()
        known = [at for at, row in enumerate(table) if row[rules.vector]]
        vectors = [table[at][rules.vector] for at in known]
        like = similar.first_resembling([table[at]["id"] for at in known], vectors, keeps=not against)
        for at, (own, cosine) in zip(known, like, strict=True):
            found[at] = (f"semantic duplicate of {own} (cosine {cosine:.3f})", "semantic duplicate") if own else STAYS
        return found

    return of


def overlap_finder(rules: Screens, against: Path) -> tuple[Finder, OverlapIndex]:
    """Finds rows that share a run of words with a row of the other table, and shows the words."""
    index, names = OverlapIndex(rules.overlap), texts_there(rules, against)
    for others in read_others(against, names):
        pairs = [(row["id"], str(row[name])) for row in others for name in names if row[name]]
        index.add([own for own, _ in pairs], [text for _, text in pairs])

    def of(table: list[Row]) -> list[Reason]:
        found = list[Reason]([STAYS] * len(table))
        for name in rules.text:
            overlaps = index.overlaps([str(row[name] or "") for row in table])
            for at, overlap in enumerate(overlaps):
                if overlap and found[at] == STAYS:
                    found[at] = f"overlaps {overlap.id}: {overlap.text}", "overlap"
        return found

    return of, index


def with_vector(path: Path, name: str) -> list[Row]:
    """The rows of a table that have a vector."""
    return [row for some in read_others(path, [name]) for row in some if row[name]]


def nearest_finder(rules: Screens, path: Path, against: Path) -> Finder:
    """Finds rows that are not among the nearest of any row of the other table; it reads the whole table first."""
    if rules.nearest == "vector":
        mine, queries = with_vector(path, rules.vector), with_vector(against, rules.vector)
        vectors = [[row[rules.vector] for row in table] for table in (queries, mine)]
        places = nearest_to(vectors[0], vectors[1], rules.each) if queries and mine else set[int]()
    else:
        names = texts_there(rules, against)
        mine = [row for some in read_others(path, rules.text) for row in some]
        words = [tokens(joined(row, names)) for some in read_others(against, names) for row in some]
        places = nearest_by_words(words, [tokens(joined(row, rules.text)) for row in mine], rules.each)
    near = {mine[at]["id"] for at in places}
    reason = f"not among the {rules.each} nearest of {rules.against}"
    return lambda table: [STAYS if row["id"] in near else (reason, reason) for row in table]


def screen_table(path: Path, rules: Screens, output: rows.Output) -> None:
    """Keep or drop every row of a table: conditions first, then overlap, duplicates and the nearest, in this order."""
    against = rows.table_path(rules.against) if rules.against else None
    judge = Judge([parse_condition(text) for text in rules.keep], names_in(rules.unique))
    with near_finder(rules, against) if rules.duplicates == "near" else nothing() as near:
        finders = list[Finder]()
        if rules.overlap and against:
            overlap, index = overlap_finder(rules, against)
            finders.append(overlap)
            output.notes |= {"too short to compare": index.shorter} if index.shorter else {}
        if rules.duplicates == "exact":
            finders.append(exact_finder(rules, against))
        finders += [near] if near else []
        finders += [semantic_finder(rules, against)] if rules.duplicates == "semantic" else []
        finders += [nearest_finder(rules, path, against)] if rules.nearest and against else []
        for batch in rows.read_batches(path):
            file_batch(batch, judge, finders, columns_compared(rules), output)


@contextmanager
def nothing() -> Iterator[None]:
    yield None


def file_batch(
    batch: pa.RecordBatch, judge: Judge, finders: Sequence[Finder], names: Sequence[str], output: rows.Output
) -> None:
    """Keep or drop each row of a batch; a row that one finder has found is not shown to the next."""
    fates = judge.fates(batch)
    reasons = [(judge.reasons[fate], judge.reasons[fate]) for fate in fates.tolist()]
    for at, detail in judge.repeats(fates).items():
        reasons[at] = detail, reasons[at][1]
    table = batch.select(list(dict.fromkeys(["id", *names]))).to_pylist()
    for finder in finders:
        left = [at for at, reason in enumerate(reasons) if reason == STAYS]
        for at, reason in zip(left, finder([table[at] for at in left]), strict=True):
            reasons[at] = reason
    gone = np.array([reason != STAYS for reason in reasons], dtype=np.bool_)
    output.keep_batch(batch.filter(pa.array(~gone)))
    if gone.any():
        why: list[Any] = [reason for reason in reasons if reason != STAYS]
        told = pa.array([text for text, _ in why], rows.TEXT)
        output.drop_batch(batch.filter(pa.array(gone)), told, [counted for _, counted in why])
