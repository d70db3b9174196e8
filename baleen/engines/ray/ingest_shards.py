"""Ingest on Ray: each worker reads some of the files of a source and cuts, cleans and judges their records; copies are
found among all by their keys; this process writes the table, in order.
"""

import pickle
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from tempfile import TemporaryFile
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from baleen.engines.ray import near_shards
from baleen.engines.ray.datasets import Workers
from baleen.engines.ray.near_shards import Near, Places, part_of, places_of
from baleen.engines.ray.scratch import Scratch, entries
from baleen.errors import Problem
from baleen.project.settings import Speed
from baleen.tables.duplicates import groups
from baleen.tables.files import Entry, chosen_entries
from baleen.tables.ingest import finish, judged_rows, whole_text
from baleen.tables.ingest_options import IngestOptions
from baleen.tables.row_groups import fitting_table
from baleen.tables.rows import BATCH, TEXT, Output, Row, infer_schema
from baleen.tables.sources import Kinds, check_kinds, is_of_files, records_of

TASKS = 16  # for each worker, where there are as many files
Some = tuple[int, list[Entry]]  # the number of a shard and the files that are read in it


class Read(NamedTuple):
    """What a worker says of the files that it has read."""

    rows: int
    notes: Counter[str]
    passed: Counter[str]
    kinds: Kinds


@dataclass(frozen=True)
class Settings:
    """What the workers of one ingest know."""

    options: IngestOptions
    scratch: Scratch


def ingest(o: IngestOptions, output: Output, notes: Counter[str], speed: Speed) -> bool:
    """Ingest as baleen.tables.ingest does; False, and nothing done, for a source that cannot be read in parts."""
    files = chosen_entries(o, notes) if not (o.limit or o.trees) and is_of_files(o) else []
    if len(files) < 2:
        return False
    with Scratch.of(output.path) as scratch, Workers(speed) as workers:
        shards = [*enumerate(parted(files, TASKS * workers.number))]
        told = [*workers.mapped(partial(read_shard, Settings(o, scratch)), shards)]
        passed, kinds = Counter(documents=0, segments=0), Kinds()
        for one in told:
            notes.update(one.notes)
            passed.update(one.passed)
            kinds.read |= one.kinds.read
            kinds.unknown.update(one.kinds.unknown)
        check_kinds(o, notes, kinds)
        sizes = [one.rows for one in told]
        copies = exact_copies(workers, scratch, sizes) if o.deduplicate else np.zeros(0, dtype=np.int64)
        save_copies(scratch, copies, len(sizes))
        like = (
            near_shards.resembling(workers, Near(scratch, o.near_threshold), sizes) if o.deduplicate == "near" else {}
        )
        write(scratch, copies, like, len(sizes), output)
    finish(o, output, passed, notes)
    return True


def parted(files: list[Entry], parts: int) -> list[list[Entry]]:
    """The files in at most so many lists, in order."""
    ends = np.linspace(0, len(files), min(len(files), parts) + 1).astype(int).tolist()
    return [files[a:b] for a, b in pairwise(ends)]


def read_shard(settings: Settings, shard: Some) -> Read:
    """File the rows of some files, each with the reason why it is refused or ''; and the keys of copies."""
    (number, files), o = shard, settings.options
    notes, passed, kinds = Counter[str](), Counter[str](), Kinds()
    judged = judged_rows(records_of(files, o, notes, kinds), o, notes, passed)
    ids, fine = list[int](), list[bool]()
    with settings.scratch.path("rows", number).open("wb") as file, TemporaryFile() as shingles:
        near = near_shards.Shard(settings.scratch, number, o.near_threshold, shingles)
        for group in groups(((row, reason, reason) for row, reason in judged), whole_text):
            for some in (group[at : at + BATCH] for at in range(0, len(group), BATCH)):
                rows, reasons = [row for (row, _, _), _ in some], [reason for (_, reason, _), _ in some]
                pickle.dump((columns_of(rows), reasons), file, protocol=5)
                ids += [int(row["id"], 16) for row in rows]
                fine += [not reason for reason in reasons]
            if o.deduplicate == "near":
                near.add([text for _, text in group])
        if o.deduplicate == "near":
            near.save()
    settings.scratch.save("ids", number, np.array(ids, dtype=np.uint64))
    settings.scratch.save("fine", number, np.array(fine, dtype=np.bool_))
    return Read(len(ids), notes, passed, kinds)


def columns_of(rows: list[Row]) -> pa.Table | list[Row]:
    """Rows as columns of the types that they suggest; as they are, where they do not fit together."""
    try:
        columns = infer_schema(rows)
        return fitting_table(rows, columns, "", {})
    except Problem:
        return rows


def exact_copies(workers: Workers, scratch: Scratch, sizes: list[int]) -> Places:
    """The places, in order, of rows that have the id of one before them."""
    found = workers.grouped(partial(ids_of, scratch), [*range(len(sizes))], repeated, sum(sizes))
    return np.sort(np.concatenate([*found, np.zeros(0, dtype=np.int64)]))


def ids_of(scratch: Scratch, number: int) -> pa.Table:
    """The ids of the rows of a shard that are not refused, with their places."""
    fine = np.flatnonzero(scratch.load("fine", number))
    return pa.table({"key": scratch.load("ids", number)[fine], "place": places_of(number, fine)})


def repeated(table: pa.Table) -> Places:
    """The places of all rows but the first of each key."""
    keys, places = table["key"].to_numpy(), table["place"].to_numpy()
    order = np.lexsort((places, keys))
    again: Places = places[order[1:]][keys[order[1:]] == keys[order[:-1]]]
    return again


def save_copies(scratch: Scratch, copies: Places, shards: int) -> None:
    """Mark in each shard which rows are compared with others: those that are neither refused nor copies."""
    for number in range(shards):
        fine = scratch.load("fine", number)
        fine[copies[part_of(copies, number)] & 0xFFFFFFFF] = False
        scratch.save("compared", number, fine)


def write(scratch: Scratch, copies: Places, like: dict[int, int], shards: int, output: Output) -> None:
    """Keep or drop every row, in order."""
    wanted, names = {*like.values()}, dict[int, str]()
    for number in range(shards):
        first, again = number << 32, {*copies[part_of(copies, number)].tolist()}
        for some, reasons in entries(scratch.path("rows", number)):
            ids = some.column("id").to_pylist() if isinstance(some, pa.Table) else [row["id"] for row in some]
            told, counted = reasons.copy(), reasons.copy()
            for at, own in enumerate(ids):
                if (place := first + at) in again:
                    told[at], counted[at] = f"duplicate of {own}", "duplicate"
                elif place in like:
                    told[at], counted[at] = f"near duplicate of {names[like[place]]}", "near duplicate"
                elif place in wanted:
                    names[place] = own
            file_rows(some, told, counted, output)
            first += len(ids)


def file_rows(some: pa.Table | list[Row], told: list[str], counted: list[str], output: Output) -> None:
    """Keep or drop rows: as columns where they are those of the table, else one by one, which says what differs."""
    gone = np.array([bool(reason) for reason in told], dtype=np.bool_)
    if not gone.all():
        left = some.filter(pa.array(~gone)) if isinstance(some, pa.Table) else chosen(some, ~gone)
        if isinstance(left, pa.Table) and left.schema == output.kept.columns:
            for batch in left.to_batches():
                output.keep_batch(batch)
        else:
            for row in rows_of(left):
                output.keep(row)
    if gone.any():
        left = some.filter(pa.array(gone)) if isinstance(some, pa.Table) else chosen(some, gone)
        why = [(a, b) for a, b in zip(told, counted, strict=True) if a]
        if isinstance(left, pa.Table) and left.schema.append(pa.field("reason", TEXT)) == output.dropped.columns:
            batch = left.combine_chunks().to_batches()[0]
            output.drop_batch(batch, pa.array([reason for reason, _ in why], TEXT), [name for _, name in why])
        else:
            for row, (reason, name) in zip(rows_of(left), why, strict=True):
                output.drop(row, reason, name)


def chosen(rows: list[Row], marks: Any) -> list[Row]:
    return [row for row, mark in zip(rows, marks.tolist(), strict=True) if mark]


def rows_of(some: pa.Table | list[Row]) -> Iterable[Row]:
    found: Iterator[Row] = iter(some.to_pylist() if isinstance(some, pa.Table) else some)
    return found
