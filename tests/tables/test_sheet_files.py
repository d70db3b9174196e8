"""Sheets of a workbook: where their headers are, and which of them are tables."""

import io
import json
from pathlib import Path
from typing import Any

import made_documents as made
import pyarrow.parquet as pq
import pytest

from baleen.tables.propose import propose
from baleen.tables.readers import READERS
from baleen.tables.records import OpenFile
from stages.ingest import main

pytest.importorskip("python_calamine", reason="needs the extra documents")
PAIRS = [["q", "a"], ["Why?", "So."], ["How?", "Thus."]]
FLAGS = "--origin web --columns.instruction q --columns.response a".split()


def records(wanted: frozenset[str] | None = frozenset({"q", "a"}), **sheets: list[list[Any]]) -> list[Any]:
    opened = OpenFile("f", io.BytesIO(made.sheets_bytes(**sheets)), wanted=wanted)
    return [(r.file, r.position, r.reason or r.fields) for r in READERS["xlsx"](opened)]


ROWS = [("f!s", 2, {"q": "Why?", "a": "So."}), ("f!s", 3, {"q": "How?", "a": "Thus."})]


def below(rows: int) -> list[Any]:
    return [(name, number + rows, fields) for name, number, fields in ROWS]


def test_a_title_above_the_header_is_counted() -> None:
    assert records(s=PAIRS) == ROWS
    assert records(s=[["My questions"], [], *PAIRS]) == [("f!s", 1, "above the header"), *below(2)]
    assert records(s=[["", "June"], *PAIRS]) == [("f!s", 1, "above the header"), *below(1)]


def test_a_sheet_of_one_column_has_its_header_in_its_first_row() -> None:
    assert records(frozenset({"q"}), s=[["q"], ["Why?"]]) == [("f!s", 2, {"q": "Why?"})]


def test_a_first_row_with_a_name_that_is_asked_for_is_the_header() -> None:
    assert records(frozenset({"q"}), s=[["q"], ["Why?", "sure"]]) == [("f!s", 2, {"q": "Why?", "column 2": "sure"})]


def test_sheets_of_notes_beside_a_table_are_counted() -> None:
    notes = {"notes": [["Made in June"], ["by hand"]], "twice": [["x", "x"], [1, 2]], "none": []}
    refused = [(f"f!{name}", at, "sheet without these columns") for name in ("notes", "twice") for at in (1, 2)]
    assert records(s=PAIRS, **notes) == [*ROWS, *refused]


@pytest.mark.parametrize("wanted", [None, frozenset({"text"})])
def test_all_sheets_are_read_where_none_has_what_is_asked_for(wanted: frozenset[str] | None) -> None:
    assert records(wanted, s=PAIRS, t=[["x", "y"], [1, 2]]) == [*ROWS, ("f!t", 2, {"x": "1", "y": "2"})]


def test_a_row_with_more_cells_than_the_header_keeps_them_by_number() -> None:
    assert records(s=[["q", "a"], ["Why?", "So.", "sure"]]) == [
        ("f!s", 2, {"q": "Why?", "a": "So.", "column 3": "sure"}),
    ]  # fmt: skip


def test_a_workbook_with_a_title_and_notes_is_read_and_its_rows_add_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("b.xlsx").write_bytes(made.sheets_bytes(s=[["Title"], *PAIRS], notes=[["by hand"]]))
    main(["out", "--source", "b.xlsx", *FLAGS])
    assert pq.read_table("data/out.parquet").column("response").to_pylist() == ["So.", "Thus."]
    counts = json.loads(Path("data/out.json").read_text())
    assert counts["dropped"] == {"above the header": 1, "sheet without these columns": 1}
    Path("c.xlsx").write_bytes(made.sheets_bytes(s=[["Title"], ["question", "answer"], ["Why?", "So."]]))
    assert propose("c.xlsx").columns == {"instruction": "question", "response": "answer"}
