"""Of a Parquet file only the fields that are asked for are read; what cannot be read is named with its row."""

import datetime
import io
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from baleen.errors import Problem
from baleen.tables.fields import Mapping, values
from baleen.tables.ingest_options import IngestOptions
from baleen.tables.readers import READERS
from baleen.tables.records import OpenFile
from baleen.tables.sources import records

TEXTS = pa.array(["one", "two"])
STRUCT = pa.StructArray.from_arrays
BAD_UTF8 = pa.Array.from_buffers(pa.string(), 2, pa.array([b"ok", b"caf\xe9"]).buffers())
FAR = pa.array([0, 2**60], pa.timestamp("us"))
UNREADABLE = {
    "a year after 9999": FAR,
    "a far date": pa.array([0, 2**30], pa.date32()),
    "no UTF-8": BAD_UTF8,
    "an unknown time zone": pa.array([0, 1], pa.timestamp("us", tz="Mars/Olympus")),
    "a duration": pa.array([0, 2**62], pa.duration("s")),
    "a struct with a far date": STRUCT([TEXTS, FAR], ["x", "y"]),
    "a list of bad text": pa.ListArray.from_arrays([0, 1, 2], BAD_UTF8),
    "a picture": pa.array([b"\x89PNG", None]),
}


def parquet(*columns: tuple[str, pa.Array]) -> bytes:
    names, arrays = zip(*columns, strict=True)
    pq.write_table(pa.Table.from_arrays([*arrays], names=[*names]), sink := io.BytesIO())
    return sink.getvalue()


def rows(content: bytes, columns: dict[str, str]) -> list[dict[str, Any]]:
    mapping = Mapping(columns)
    found = READERS["parquet"](OpenFile("f", io.BytesIO(content), wanted=mapping.wanted))
    return [values(record, mapping, Counter())[0][0] for record in found]


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_column_that_nobody_asked_for_is_not_read(name: str) -> None:
    content = parquet(("other", UNREADABLE[name]), ("text", TEXTS))
    assert rows(content, {"response": "text"}) == [{"response": "one"}, {"response": "two"}]


def test_a_field_beside_the_one_that_is_asked_for_is_not_read() -> None:
    inner = STRUCT([TEXTS, FAR, BAD_UTF8], ["text", "when", "url"])
    content = parquet(("page", inner), ("turns", pa.ListArray.from_arrays([0, 1, 2], inner)))
    columns = {"instruction": "page.text", "response": "turns.0.text"}
    assert rows(content, columns)[1] == {"instruction": "two", "response": "two"}


@pytest.mark.parametrize("name", [name for name in UNREADABLE if name not in ("a picture", "a list of bad text")])
def test_a_value_that_is_asked_for_and_unreadable_is_named(name: str) -> None:
    with pytest.raises(Problem, match=r"^f:\d[: ]"):
        rows(parquet(("text", UNREADABLE[name])), {"response": "text.y" if "struct" in name else "text"})


def test_bad_text_is_named_with_its_row() -> None:
    content = parquet(("text", pa.concat_arrays([pa.array(["x"] * 100), BAD_UTF8])))
    with pytest.raises(Problem, match="f:102: text cannot be read .*; correct it or map another field"):
        rows(content, {"response": "text"})


@pytest.mark.parametrize(
    "columns",
    [
        [("text", TEXTS), ("text", TEXTS)],
        [("text", TEXTS), ("text", FAR)],
        [("a", TEXTS), ("text", TEXTS), ("text", TEXTS), ("text", TEXTS)],
    ],
)
def test_a_doubled_column_is_refused_where_it_is_read(columns: list[tuple[str, pa.Array]]) -> None:
    with pytest.raises(Problem, match=r"f:1 has \d fields named 'text'"):
        rows(parquet(*columns), {"response": "text"})
    assert rows(parquet(*columns, ("b", TEXTS)), {"response": "b"}) == [{"response": "one"}, {"response": "two"}]


def test_a_field_that_is_not_there_is_named_with_all_that_are() -> None:
    with pytest.raises(Problem, match="f:1 has no field 'answer'; there are text, url; correct the columns"):
        rows(parquet(("text", TEXTS), ("url", BAD_UTF8)), {"response": "answer"})


def test_names_with_dots_maps_and_roles_are_found() -> None:
    turn = pa.struct([("role", pa.string()), ("content", pa.string())])
    chat = [[{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "So."}]]
    content = parquet(("a.b", pa.array(["x"])), ("chat", pa.array(chat, pa.list_(turn))), ("other", pa.array([1])))
    columns = {"instruction": "chat.user", "response": "chat.assistant", "note": "a.b"}
    assert rows(content, columns) == [{"instruction": "Why?", "response": "So.", "note": "x"}]


def test_an_input_that_is_not_mapped_is_noticed() -> None:
    content = parquet(("instruction", TEXTS), ("output", TEXTS), ("input", pa.array(["", "more"])))
    with pytest.raises(Problem, match="f:2 has a field 'input', which no column reads"):
        rows(content, {"instruction": "instruction", "response": "output"})


@pytest.mark.parametrize("cut", [4, 100, -1, -9])
def test_a_shard_that_is_cut_is_named(tmp_path: Path, cut: int) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.parquet").write_bytes(parquet(("text", TEXTS)))
    (tmp_path / "b.parquet").write_bytes(parquet(("text", TEXTS))[:cut])
    with pytest.raises(Problem, match=r"b\.parquet is not a whole Parquet file"):
        list(records(IngestOptions(str(tmp_path), origin="web", columns={"response": "text"}), Counter()))


@pytest.mark.slow
@pytest.mark.parametrize("name", UNREADABLE)
def test_a_saved_data_set_is_read_in_the_same_way(tmp_path: Path, name: str) -> None:
    datasets = pytest.importorskip("datasets")
    when = [datetime.datetime(2020, 1, 1)] * 2
    datasets.Dataset(pa.table({"text": TEXTS, "when": when, "other": UNREADABLE[name]})).save_to_disk(tmp_path / "d")
    found = list(records(IngestOptions(str(tmp_path / "d"), origin="web", columns={"response": "text"}), Counter()))
    assert [record.fields for record in found] == [{"text": "one"}, {"text": "two"}]
    assert found[0].names == ("text", "when", "other")


def test_bytes_of_a_column_without_a_type_are_text_in_utf8() -> None:
    content = parquet(("text", pa.array(["café".encode(), None], pa.binary())))
    assert rows(content, {"response": "text"}) == [{"response": "café"}, {"response": ""}]
    with pytest.raises(Problem, match="f:1: text = .* is no text in UTF-8 .invalid start byte at 0.; correct it"):
        rows(parquet(("text", pa.array([b"\x89PNG"], pa.binary()))), {"response": "text"})
