"""The path of a row: at most 22 files from ingest to evaluate, and at most 10 returns to one that it has left."""

from pathlib import Path

import pyarrow as pa
import pytest

from baleen.engines.protocol import Reply, Request
from benchmarks import row_path

TEXT = "a text that is looked for"
ROW = {"id": "1", "response": f"so, {TEXT}"}
REQUEST = Request((("system", "be brief"), ("user", ROW["response"])))
WITH = [ROW, [ROW], {"row": [ROW]}, REQUEST, [("key", REQUEST)], pa.RecordBatch.from_pylist([ROW])]
WITHOUT = [TEXT, [TEXT, "b"], (TEXT,), {"id": "2", "response": "another"}, Reply("its reply"), [1, 2], None, Request]


@pytest.mark.parametrize("value", WITH)
def test_a_row_is_seen_in_what_has_it(value: object) -> None:
    assert row_path.holds(value, TEXT)


@pytest.mark.parametrize("value", WITHOUT)
def test_texts_and_tokens_and_other_rows_are_not_the_row(value: object) -> None:
    assert not row_path.holds(value, TEXT)


def test_a_return_is_a_stay_in_a_file_that_was_left() -> None:
    entered = [(str(row_path.CHECKOUT / f"{file}.py"), name) for file, name in ("ab", "ac", "bd", "ae", "ab")]
    found = row_path.figures(entered)
    assert found == {"files": 2, "stays": 3, "returns": 1, "path": ["a.py: b, c", "b.py: d", "a.py: e"]}


@pytest.mark.slow
def test_a_row_enters_few_files_and_seldom_goes_back(tmp_path: Path) -> None:
    found = row_path.measure(tmp_path / "project")
    path = "\n".join(found["path"])
    files = ("ingest", "ask", "hf", "filters", "mixing", "examples", "evaluation")
    assert [name for name in files if f"/{name}.py: " not in path] == [], path
    assert found["files"] <= 22 and found["returns"] <= 10, path
