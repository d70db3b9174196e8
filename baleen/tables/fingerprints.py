"""Fingerprints: a table as ids and a 64-bit number for each cell, so that tables of millions of rows can be compared.

Equal cells have equal numbers within one process; the numbers are not kept.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from baleen.tables import rows

Cells = NDArray[np.uint64]
NONE = np.uint64(0x9E3779B97F4A7C15)  # of a cell that is NULL or not a number, and of a column that is not there
ODD = np.uint64(0xD1B54A32D192ED03)  # spreads what a double does not hold of an integer over all bits


@dataclass(frozen=True)
class Fingerprints:
    """Ids in the order of the table, the numbers of each column, and the mean of each column of numbers, or of the
    lengths of its texts in characters; None where it has neither."""

    ids: pa.Array
    cells: dict[str, Cells]
    means: dict[str, float | None]

    def column(self, name: str) -> Cells:
        return self.cells[name] if name in self.cells else np.full(len(self.ids), NONE)


def of_table(path: Path, left_out: Collection[str] = ()) -> Fingerprints:
    """The fingerprints of a table without some of its columns, read a batch at a time; 8 bytes a cell."""
    names = [name for name in rows.schema(path, ["id"]).names if name not in left_out]
    ids, parts, sums = list[pa.Array](), defaultdict[str, list[Cells]](list), defaultdict[str, list[float]](list)
    counts = dict.fromkeys(names, 0)
    for batch in rows.read_batches(path, names):
        ids.append(batch.column("id").cast(pa.string()))
        for name in names:
            column = batch.column(name)
            parts[name].append(cells_of(column))
            if (values := measured(column)) is not None and (known := len(values) - values.null_count):
                sums[name].append(float(pc.sum(values.cast(pa.float64(), safe=False)).as_py()))
                counts[name] += known
    means = {name: sum(sums[name]) / counts[name] if counts[name] else None for name in names}
    whole = pa.concat_arrays(ids) if ids else pa.array([], pa.string())
    return Fingerprints(whole, {name: np.concatenate(parts[name]) for name in names if ids}, means)


def measured(column: pa.Array) -> pa.Array | None:
    """The numbers of a column, or the lengths of its texts; None for a column of neither."""
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return pc.utf8_length(column)
    return column if is_number(column.type) else None


def is_number(kind: pa.DataType) -> bool:
    return any(is_one(kind) for is_one in (pa.types.is_floating, pa.types.is_integer, pa.types.is_boolean))


def cells_of(column: pa.Array) -> Cells:
    """A number for each cell: the bits of a number as a double, with the rest of an integer that is too large for one,
    or the hash of anything else."""
    if is_number(column.type):
        values = column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False) + 0.0  # no -0
        bits = values.view(np.uint64) + (rest(column) if pa.types.is_integer(column.type) else np.uint64(0))
        return np.where(np.isnan(values), NONE, bits)
    return np.array([NONE if cell is None else hashed(cell) for cell in column.to_pylist()], np.uint64)


def rest(column: pa.Array) -> Cells:
    """What a double does not hold of each integer, spread; 0 up to 2 ** 53."""
    whole = column.fill_null(0).to_numpy(zero_copy_only=False)
    with np.errstate(invalid="ignore"):  # the double next to the largest integer is none
        held = whole.astype(np.float64).astype(whole.dtype)
    lost: Cells = (whole - held).astype(np.uint64)
    return lost * ODD


def hashed(cell: Any) -> int:
    return hash(cell if isinstance(cell, str) else repr(cell)) & 0xFFFFFFFFFFFFFFFF
