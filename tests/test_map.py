import json
from pathlib import Path

import pytest

from baleen import rows
from baleen.problems import Problem
from baleen.transforms import TRANSFORMS, Transform
from stages import map as verb

PAIRS = [{"id": "a", "origin": "seed", "instruction": "Why?", "response": "So."}]


def build(folder: Path, apply: str, table: list[rows.Row] = PAIRS) -> list[rows.Row]:
    rows.write(str(folder / "in.parquet"), table)
    verb.main([str(folder / "out.parquet"), "--input", str(folder / "in.parquet"), "--apply", apply])
    return list(rows.read(folder / "out.parquet"))


def test_a_pair_becomes_the_chat_that_trainers_read(tmp_path: Path) -> None:
    (row,) = build(tmp_path, "messages")
    assert row["messages"] == [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "So."}]
    assert row["prompt_id"] == row["id"] == "a" and row["origin"] == "seed"


def test_a_row_may_become_several_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    twice = Transform(
        lambda row: [row | {"n": 1.0}, row | {"n": 2.0}] if row["id"] == "a" else [], ("id",), {"n": rows.NUMBER}
    )
    monkeypatch.setitem(TRANSFORMS, "twice", twice)
    made = build(tmp_path, "twice", [*PAIRS, PAIRS[0] | {"id": "b"}])
    assert [(row["id"], row["n"]) for row in made] == [("a", 1.0), ("a", 2.0)]
    assert json.loads((tmp_path / "out.json").read_text())["rows_out"] == 2


def test_a_row_that_leaves_is_counted_with_its_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TRANSFORMS, "some", Transform(lambda row: [row] if row["id"] == "a" else "too b", ("id",), {}))
    build(tmp_path, "some", [*PAIRS, PAIRS[0] | {"id": "b"}])
    assert [row["reason"] for row in rows.read(tmp_path / "out.dropped.parquet")] == ["too b"]
    assert json.loads((tmp_path / "out.json").read_text())["dropped"] == {"too b": 1}


def test_a_transform_may_see_the_whole_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    last = Transform(
        None, ("id",), {}, whole=lambda table: [(row, "" if row is table[-1] else "not last") for row in table]
    )
    monkeypatch.setitem(TRANSFORMS, "last", last)
    assert [row["id"] for row in build(tmp_path, "last", [*PAIRS, PAIRS[0] | {"id": "b"}])] == ["b"]
    assert json.loads((tmp_path / "out.json").read_text())["dropped"] == {"not last": 1}


def test_a_table_without_rows_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TRANSFORMS, "none", Transform(lambda row: [], ("id",), {}))
    with pytest.raises(Problem, match="no row is left of 0"):
        build(tmp_path, "none")
    assert not (tmp_path / "out.parquet").exists()


SHAPED = {  # columns in which a transform expects more than some text
    "slots": ["genre=jazz"],
    "parse": "play\nplay [genre jazz ]",
    "include": ["[1 jazz ]"],
    "labels": ["1 = genre"],
    "examples": ["put on [1 rock ]"],
    "tagged": "play [1 jazz ]",
    "back": "some jazz",
    "utterance": "play jazz",
    "translation": "spiele jazz",
}


@pytest.mark.parametrize("name", TRANSFORMS)
def test_a_transform_writes_the_columns_it_says(name: str) -> None:
    transform = TRANSFORMS[name]
    row = {"id": "a"} | {column: SHAPED.get(column, "text") for column in transform.reads}
    made = transform.function(row) if transform.function else [new for new, _ in transform.whole([row])]
    assert made and all(new.keys() == row.keys() | transform.writes.keys() for new in made)
