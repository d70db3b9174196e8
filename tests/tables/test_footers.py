"""Row groups of one file after those of another are read as one table, whatever their footers hold."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from baleen.tables import footers, row_groups

COLUMNS = pa.schema([("id", pa.string()), ("loss", pa.float64()), ("steps", pa.list_(pa.struct([("a", pa.string())])))])


def table(first: int, number: int) -> pa.Table:
    names = [f"{first + n:x}" for n in range(number)]
    steps = [[{"a": name}] * (n % 3) if n % 5 else None for n, name in enumerate(names)]
    return pa.table([names, [n / 7 for n in range(number)], steps], schema=COLUMNS)


def save(path: Path, rows: pa.Table, length: int = 100, **options: Any) -> Path:
    with pq.ParquetWriter(path, rows.schema, **{"compression": "zstd", **options}) as file:
        if rows.num_rows:
            file.write_table(rows, row_group_size=length)
    return path


@pytest.mark.parametrize("sizes", [(1, 1), (100, 1400), (1400, 100), (0, 250), (250, 0), (2000, 2000)], ids=str)
@pytest.mark.parametrize("options", [{}, {"write_page_index": True}, {"use_dictionary": False}], ids=str)
def test_the_rows_of_both_files_are_there_in_order(
    tmp_path: Path, sizes: tuple[int, int], options: dict[str, Any]
) -> None:
    first, second = table(0, sizes[0]), table(5000, sizes[1])
    path, other = save(tmp_path / "a.parquet", first, **options), save(tmp_path / "b.parquet", second, **options)
    before = other.read_bytes()
    footers.append_file(path, other)
    assert pq.read_table(path).equals(pa.concat_tables([first, second]))
    assert other.read_bytes() == before
    groups = pq.ParquetFile(path).metadata
    assert groups.num_row_groups == -(-sizes[0] // 100) - (-sizes[1] // 100)
    assert groups.num_rows == sum(sizes)


def test_the_file_is_that_which_one_writer_makes(tmp_path: Path) -> None:
    path, other = save(tmp_path / "a.parquet", table(0, 1700)), save(tmp_path / "b.parquet", table(5000, 1900))
    footers.append_file(path, other)
    whole = save(tmp_path / "whole.parquet", pa.concat_tables([table(0, 1700), table(5000, 1900)]))
    assert path.read_bytes() == whole.read_bytes()


def test_more_files_can_follow(tmp_path: Path) -> None:
    path = save(tmp_path / "a.parquet", table(0, 10))
    for n in range(3):
        footers.append_file(path, save(tmp_path / "b.parquet", table(n, 150)))
    assert pq.read_table(path)["id"].to_pylist()[-1] == f"{2 + 149:x}"
    assert pq.read_metadata(path).num_row_groups == 7


OTHERS = {
    "another column": pa.table({"id": ["x"], "loss": [1.0], "steps": pa.array([None], pa.string())}),
    "fewer columns": pa.table({"id": ["x"]}),
    "metadata": table(0, 1).replace_schema_metadata({"a": "b"}),
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_file_of_another_kind_does_not_fit(name: str, tmp_path: Path) -> None:
    path, other = save(tmp_path / "a.parquet", table(0, 10)), save(tmp_path / "b.parquet", OTHERS[name])
    before = path.read_bytes()
    with pytest.raises(ValueError, match=r"b\.parquet do not fit"):
        footers.append_file(path, other)
    assert path.read_bytes() == before
    assert not row_groups.fits(other, COLUMNS)
    assert row_groups.fits(path, COLUMNS)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"a text of some length", b"\xff\xff\xff\xffPAR1"], ids=repr)
def test_a_file_that_is_no_table_has_no_footer(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(content)
    with (tmp_path / "a.parquet").open("rb") as file:
        assert footers.read_footer(file) is None


@pytest.mark.parametrize("value", [0, 1, -1, 63, 64, -64, -65, 127, 128, 1 << 40, -(1 << 40)])
def test_a_number_is_read_as_it_is_written(value: int) -> None:
    data = footers.as_signed(value)
    number, end = footers.varint(data, 0)
    assert (footers.signed(number), end) == (value, len(data))
