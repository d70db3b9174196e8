"""Mixing: two tables put together, the first repeated whole, in the columns that both have."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from baleen.tables import row_groups, rows
from baleen.tables.rows import BATCH, GRADES, LINEAGE, row_id

LARGE = 64 * BATCH  # rows


def repeats(first: int, second: int, share: float) -> int:
    """How often the first table is taken, at least once, so that it makes up about `share` of the rows."""
    return max(1, round(second * share / (1 - share) / first)) if share else 1


def shared(first: pa.Schema, second: pa.Schema) -> pa.Schema:
    """The columns both tables have, in the order of the first, and the lineage when one of them has it."""
    both = pa.schema([field for field in first if field.name in second.names and field.name != "lineage"])
    return rows.extend_schema(both, {"lineage": LINEAGE} if "lineage" in {*first.names, *second.names} else {})


def mixed(tables: Iterable[tuple[Path, int]], columns: pa.Schema) -> Iterator[pa.RecordBatch]:
    """The tables one after the other, each with the number of its copy, which the ids of a copy tell."""
    for path, copy in tables:
        yield from table_batches(path, columns, copy)


def stays_as_it_is(path: Path, columns: pa.Schema) -> bool:
    """Whether a table that comes last is copied in its row groups: it is large, has these columns and no others, and
    no step leaves its lineage. The rows of a small one fill the group that is begun before it."""
    if rows.size(path) < LARGE or not row_groups.fits(path, columns):
        return False
    histories = rows.read_batches(path, ["lineage"]) if "lineage" in columns.names else iter(())
    return all(lineage(batch, columns.names).equals(batch.column("lineage")) for batch in histories)


def table_batches(
    path: Path, columns: pa.Schema, copy: int = 0, groups: Sequence[int] | None = None
) -> Iterator[pa.RecordBatch]:
    """These columns of a table or of some row groups; the lineage of one that nobody has generated is empty."""
    there = set(rows.schema(path).names)
    for batch in rows.read_batches(path, [name for name in columns.names if name in there], groups):
        arrays = [lineage(batch, columns.names) if name == "lineage" else batch.column(name) for name in columns.names]
        mine = pa.RecordBatch.from_arrays(arrays, schema=columns)
        yield with_ids(mine, copy) if copy else mine


def with_ids(batch: pa.RecordBatch, copy: int) -> pa.RecordBatch:
    """The rows of a copy, each with an id of its own."""
    ids = [row_id(one, "copy", str(copy)) for one in batch.column("id").to_pylist()]
    return batch.set_column(batch.schema.get_field_index("id"), batch.schema.field("id"), pa.array(ids, rows.TEXT))


def lineage(batch: pa.RecordBatch, columns: Sequence[str]) -> pa.Array:
    """The lineage of each row without the steps whose grades are left behind: equal rows that were graded anew stay
    equal."""
    if "lineage" not in batch.schema.names:
        return pa.array([[]] * len(batch), LINEAGE)
    history = batch.column("lineage")
    steps = history.flatten()
    written = pc.struct_field(steps, "columns")
    left_behind = pa.array([one for one in pc.unique(written).to_pylist() if is_left_behind(one, columns)], rows.TEXT)
    stays = pc.invert(pc.is_in(written, left_behind))
    ends = np.concatenate([[0], np.cumsum(pc.fill_null(pc.list_value_length(history), 0).to_numpy())])
    kept = np.concatenate([[0], np.cumsum(stays.to_numpy(zero_copy_only=False))])
    return pa.ListArray.from_arrays(pa.array(kept[ends], pa.int32()), steps.filter(stays)).cast(LINEAGE)


def is_left_behind(written: str, columns: Sequence[str]) -> bool:
    """Whether a step has only graded, in columns that are none of these."""
    return all(column in GRADES and column not in columns for column in written.split(","))
