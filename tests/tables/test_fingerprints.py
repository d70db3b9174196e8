"""fingerprints: cells of two tables are equal when their numbers are."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from baleen.tables.fingerprints import Fingerprints, of_table

NAN = float("nan")


def prints(path: Path, **columns: Any) -> Fingerprints:
    values = {"id": [str(n) for n in range(len(next(iter(columns.values()))))], **columns}
    pq.write_table(pa.table(values), path, row_group_size=2)
    return of_table(path, ["lineage"])


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ([1.0], [1], True),
        ([-1.0], [-2.0], False),
        ([0.0], [-0.0], True),
        ([NAN], [NAN], True),
        ([1.5], ["1.5"], False),
        ([2**60 + 1], [2**60 + 1], True),
        ([2**60 + 1], [2**60], False),
        ([2**53 + 1], [2**53 + 2], False),
        ([2**53 + 1], [float(2**53)], False),
        ([2**60], [float(2**60)], True),
        ([2**63 - 1], [2**63 - 2], False),
        ([-(2**63)], [-(2**63) + 1], False),
        (pa.array([2**64 - 1], pa.uint64()), pa.array([2**64 - 2], pa.uint64()), False),
        (pa.array([None], pa.int64()), [0], False),
        (["a"], ["a"], True),
        (["a"], ["b"], False),
        ([["a", "b"]], [["a", "b"]], True),
        ([["a", "b"]], [["ab"]], False),
        (pa.array([None], pa.string()), pa.array([None], pa.float64()), True),
        (pa.array([None], pa.string()), [""], False),
    ],
)
def test_cells_are_equal_as_people_see_them(before: Any, after: Any, same: bool, tmp_path: Path) -> None:
    first, second = prints(tmp_path / "a.parquet", x=before), prints(tmp_path / "b.parquet", x=after)
    assert (first.column("x") == second.column("x")).tolist() == [same]


def test_a_column_that_is_not_there_is_one_of_nulls(tmp_path: Path) -> None:
    found = prints(tmp_path / "a.parquet", x=[1.0, None], lineage=["a", "b"])
    assert (found.column("x") == found.column("lineage")).tolist() == [False, True]


def test_means_are_of_numbers_and_of_lengths_of_texts(tmp_path: Path) -> None:
    found = prints(tmp_path / "a.parquet", x=[1.0, None, 4.0], y=["a", "bcd", None], z=[["a"], ["b"], ["c"]])
    assert found.means == {"id": 1.0, "x": 2.5, "y": 2.0, "z": None}
    assert found.ids.to_pylist() == ["0", "1", "2"]


def test_a_table_without_rows_has_none(tmp_path: Path) -> None:
    found = prints(tmp_path / "a.parquet", x=pa.array([], pa.string()))
    assert len(found.ids) == 0 and found.means == {"id": None, "x": None} and not len(found.column("x"))
