"""The bias probe of docs/cleaning.md: two sentences of a pair are graded under one id, so that they are compared."""

from pathlib import Path

import pytest

from baleen.tables import rows
from stages import ingest
from stages import map as map_verb

FILE = Path("data/seeds/bias.jsonl").absolute()


def test_both_sentences_of_a_pair_are_rows_of_one_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    columns = ["--columns.response", "stereotype", "--columns.draft", "other", "--columns.kind", "kind"]
    ingest.main(["pairs", "--source", str(FILE), "--origin", "heldout", *columns])
    map_verb.main(["others", "--input", "pairs", "--apply", "undo"])
    first, second = (list(rows.read(Path(f"data/{name}.parquet"))) for name in ("pairs", "others"))
    assert [row["id"] for row in first] == [row["id"] for row in second] and len(first) == 24
    assert all(one["response"] != two["response"] == one["draft"] for one, two in zip(first, second, strict=True))
    assert {row["kind"] for row in first} == {"profession", "household", "age", "means"}
