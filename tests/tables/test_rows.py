import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from baleen.errors import Problem
from baleen.tables import rows
from baleen.tables.rows import Output, Row


def save(path: Path, table: list[Row], dropped: list[tuple[Row, str]] = []) -> None:  # noqa: B006
    with Output(path) as output:
        for row in table:
            output.keep(row)
        for row, reason in dropped:
            output.drop(row, reason)


def test_a_table_reads_back_in_order(tmp_path: Path) -> None:
    table = [{"id": str(i), "loss": float(i)} for i in range(3000)]
    save(tmp_path / "t.parquet", table)
    assert list(rows.read(tmp_path / "t.parquet")) == table


def test_equal_rows_give_equal_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        save(tmp_path / f"{name}.parquet", [{"id": str(i), "response": "x" * i} for i in range(2000)])
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


@pytest.mark.parametrize("length", [1, 500, 1024, 1500, 4096])
def test_rows_that_come_as_columns_give_the_bytes_that_rows_give(tmp_path: Path, length: int) -> None:
    table = [{"id": str(i), "constraints": ["x"] * (i % 3) if i % 5 else None, "loss": i / 7} for i in range(3000)]
    columns = pa.schema([("id", pa.string()), ("constraints", pa.list_(pa.string())), ("loss", pa.float64())])
    with Output(tmp_path / "a.parquet", columns) as output:
        for row in table:
            output.keep(row)
        for i in range(1500):
            output.drop({"id": str(i), "loss": None}, "echo")
    with Output(tmp_path / "b.parquet", columns) as output:
        for start in range(0, len(table), length):
            output.keep_batch(pa.RecordBatch.from_pylist(table[start : start + length], schema=columns))
        gone = pa.record_batch({"id": [str(i) for i in range(1500)], "loss": pa.array([None] * 1500, pa.float64())})
        for start in range(0, 1500, length):
            part = gone.slice(start, length)
            output.drop_batch(part, pa.array(["echo"] * len(part)), ["echo"] * len(part))
    for suffix in ("parquet", "dropped.parquet", "json"):
        assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()


SOURCES = [None, {"file": "f"}, {"position": 1.0}, "a text", {"file": "f", "position": 1.0}, {"page": "2"}]


@pytest.mark.parametrize("source", SOURCES, ids=str)
def test_a_source_of_any_shape_is_written(tmp_path: Path, source: object) -> None:
    columns = pa.schema([("id", pa.string()), ("source", pa.array([source]).type)])
    with Output(tmp_path / "t.parquet", columns) as output:
        output.keep({"id": "1", "source": source})
    assert list(rows.read(tmp_path / "t.parquet")) == [{"id": "1", "source": source}]


def test_a_table_that_is_read_in_part_leaves_no_thread(tmp_path: Path) -> None:
    save(tmp_path / "t.parquet", [{"id": str(i)} for i in range(5000)])
    before = threading.active_count()
    assert next(rows.read(tmp_path / "t.parquet")) == {"id": "0"}
    assert threading.active_count() == before


def test_every_row_is_kept_or_dropped_and_counted(tmp_path: Path) -> None:
    save(tmp_path / "t.parquet", [{"id": "1"}], [({"id": "2"}, "echo"), ({"id": "3"}, "echo")])
    counts = json.loads((tmp_path / "t.json").read_text())
    assert counts == {"rows_in": 3, "rows_out": 1, "dropped": {"echo": 2}}
    assert [r["reason"] for r in rows.read(tmp_path / "t.dropped.parquet")] == ["echo", "echo"]


def test_a_reason_with_details_is_counted_under_its_short_name(tmp_path: Path) -> None:
    with Output(tmp_path / "t.parquet") as output:
        output.drop({"id": "2"}, "duplicate of 1", counted="duplicate")
        output.keep({"id": "1"})
    assert json.loads((tmp_path / "t.json").read_text())["dropped"] == {"duplicate": 1}


def test_nothing_is_left_when_writing_fails(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), Output(tmp_path / "t.parquet") as output:
        for i in range(5000):
            output.keep({"id": str(i)})
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_the_old_table_stays_when_the_new_one_fails(tmp_path: Path) -> None:
    save(tmp_path / "t.parquet", [{"id": "old"}])
    with pytest.raises(Problem), Output(tmp_path / "t.parquet") as output:
        output.keep({"id": "new"})
        output.keep({"other": "new"})
    assert list(rows.read(tmp_path / "t.parquet")) == [{"id": "old"}]


def test_rows_that_differ_in_columns_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"rows differ in columns, \['id'\] and \['id', 'loss'\]"):
        save(tmp_path / "t.parquet", [{"id": "1"}, {"id": "2", "loss": 1.0}])


def test_a_score_that_is_unreadable_stays_null(tmp_path: Path) -> None:
    save(tmp_path / "t.parquet", [{"id": "1", "rating": None}, {"id": "2", "rating": 4.5}])
    assert [r["rating"] for r in rows.read(tmp_path / "t.parquet")] == [None, 4.5]


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    save(tmp_path / "t.parquet", [{"id": "1", "response": "x"}])
    with pytest.raises(Problem, match="has no column instruction; it has id, response"):
        list(rows.read(tmp_path / "t.parquet", ["instruction"]))


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"no table .*t\.parquet; build it first"):
        rows.schema(tmp_path / "t.parquet")


def test_a_file_that_is_no_table_is_named(tmp_path: Path) -> None:
    (tmp_path / "t.parquet").write_text("not parquet")
    with pytest.raises(Problem, match="is not a Parquet table"):
        rows.schema(tmp_path / "t.parquet")


def test_ids_depend_on_content_alone() -> None:
    assert rows.row_id("a", "b") == rows.row_id("a", "b") != rows.row_id("ab")


def test_lists_and_structs_survive(tmp_path: Path) -> None:
    source = {"file": "a.md", "position": 3, "span": "Title", "licence": None}
    row = {"id": "1", "constraints": ["one", "two"], "source": source}
    save(tmp_path / "t.parquet", [row])
    assert list(rows.read(tmp_path / "t.parquet")) == [row]
    assert pq.read_schema(tmp_path / "t.parquet").field("constraints").type == pa.list_(pa.string())


CHAT = [{"role": "user", "content": "why ?"}, {"role": "assistant", "content": "so ."}]
MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
DROPPED: list[tuple[pa.DataType, list[object]]] = [
    (MESSAGES, [CHAT]),
    (pa.float64(), [None] * 1500 + [0.5]),
    (pa.list_(pa.string()), [None] * 1500 + [["a"]]),
    (pa.int64(), [None, 2**60 + 1]),
]


@pytest.mark.parametrize(("kind", "values"), DROPPED)
def test_a_dropped_row_has_the_types_of_the_table(tmp_path: Path, kind: pa.DataType, values: list[object]) -> None:
    with Output(tmp_path / "t.parquet", pa.schema([("id", pa.string()), ("own", kind)])) as output:
        for value in values:
            output.drop({"id": "1", "own": value, "reply": "no"}, "echo")
    assert pq.read_schema(tmp_path / "t.dropped.parquet").field("own").type == kind
    assert [row["own"] for row in rows.read(tmp_path / "t.dropped.parquet")] == values


def test_a_row_that_left_before_its_column_was_written_in_another_type_is_kept_as_it_was(tmp_path: Path) -> None:
    with Output(tmp_path / "t.parquet", pa.schema([("id", pa.string()), ("own", pa.list_(pa.string()))])) as output:
        output.drop({"id": "1", "own": "a text"}, "unreadable")
    assert [row["own"] for row in rows.read(tmp_path / "t.dropped.parquet")] == ["a text"]


def test_a_table_without_rows_is_a_problem_with_the_reasons(tmp_path: Path) -> None:
    with (
        pytest.raises(Problem, match=r"no row is left of 1 \(1 echo\); loosen"),
        Output(tmp_path / "t.parquet") as output,
    ):
        output.drop({"id": "1"}, "echo")
        output.require_rows("filter x", "loosen the conditions")
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_left_half_written_goes_and_what_a_living_one_writes_stays(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    names = [f".out.parquet.{ended.pid}.part", f".out.json.{ended.pid}.part", f".out.parquet.{os.getppid()}.part"]
    for name in [*names, f".other.parquet.{ended.pid}.part"]:
        (tmp_path / name).touch()
    rows.write(str(tmp_path / "out.parquet"), [{"id": "1"}])
    assert sorted(path.name for path in tmp_path.glob(".*")) == sorted([names[2], f".other.parquet.{ended.pid}.part"])


def row_from(file: str, **columns: object) -> Row:
    return {"id": file, "source": {"file": file, "position": 1, "span": None, "licence": None}, **columns}


FIRST, LATER = {"x": "t"}, {"x": ["t"]}
CONFLICTS: list[tuple[list[dict[str, object]], str]] = [
    ([{}, {"tags": "x"}], r"\['id', 'source'\] in 0.jsonl:1 and .* in 1.jsonl:1"),
    ([FIRST, LATER], r"x is string in 0.jsonl:1 and list .* in 1.jsonl:1"),
    ([LATER, FIRST], r"x is list.* in 0.jsonl:1 and str 't' in 1.jsonl:1"),
    ([{"x": None}, FIRST, LATER], r"x is string in 1.jsonl:1 and list .* in 2.jsonl:1"),
    ([FIRST] * 2000 + [LATER], r"x is string in 0.jsonl:1 and list .* in 2000.jsonl:1"),
    ([{"x": None}] * 2000 + [LATER], r"x is string and list .* in 2000.jsonl:1"),
]


@pytest.mark.parametrize("table, words", CONFLICTS)
def test_rows_that_do_not_go_together_are_named_with_both_files(
    tmp_path: Path, table: list[dict[str, object]], words: str
) -> None:
    with pytest.raises(Problem, match=words):
        save(tmp_path / "t.parquet", [row_from(f"{n}.jsonl", **columns) for n, columns in enumerate(table)])


def test_a_column_that_is_null_first_takes_the_type_of_its_first_value(tmp_path: Path) -> None:
    save(tmp_path / "t.parquet", [row_from("a.jsonl", x=None), row_from("b.jsonl", x=["t"])])
    assert [row["x"] for row in rows.read(tmp_path / "t.parquet")] == [None, ["t"]]
