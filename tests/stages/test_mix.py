import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from baleen.errors import Problem
from baleen.tables import mixing, rows
from stages import mix as verb


def names(folder: Path) -> list[str]:
    return ["--input", str(folder / "a.parquet"), "--other", str(folder / "b.parquet")]


def build(folder: Path, seeds: int, others: int, *flags: str) -> list[rows.Row]:
    rows.write(str(folder / "a.parquet"), [{"id": f"s{i}", "origin": "seed", "response": "r"} for i in range(seeds)])
    web = [{"id": f"w{i}", "origin": "web", "response": "r", "worst": 1.0} for i in range(others)]
    rows.write(str(folder / "b.parquet"), web)
    verb.main([str(folder / "out.parquet"), *names(folder), *flags])
    return list(rows.read(folder / "out.parquet"))


def test_the_first_table_is_repeated_until_it_has_its_share(tmp_path: Path) -> None:
    table = build(tmp_path, 200, 900, "--share", "0.4")
    seeds = [row for row in table if row["origin"] == "seed"]
    assert len(seeds) == 600
    assert len({row["id"] for row in table}) == len(table) == 1500
    assert json.loads((tmp_path / "out.json").read_text())["rows_out"] == 1500


def test_without_a_share_both_are_taken_once(tmp_path: Path) -> None:
    assert [row["id"] for row in build(tmp_path, 2, 1)] == ["s0", "s1", "w0"]


def test_steps_that_only_graded_leave_with_their_grades(tmp_path: Path) -> None:
    step = dict.fromkeys(rows.STEP, "x")
    histories = [
        ["loss,worst", "instruction"],
        [],
        None,
        ["worst"],
        ["instruction", "rating,instruction"],
        ["loss"],
    ] * 400
    table = [
        {"id": str(i), "worst": 1.0, "lineage": None if h is None else [step | {"columns": c} for c in h]}
        for i, h in enumerate(histories)
    ]
    rows.write(str(tmp_path / "a.parquet"), [{"id": "seed"}])
    rows.write(str(tmp_path / "b.parquet"), table)
    verb.main([str(tmp_path / "out.parquet"), *names(tmp_path)])
    found = [[step["columns"] for step in row["lineage"]] for row in rows.read(tmp_path / "out.parquet")]
    assert found == [[], *([["instruction"], [], [], [], ["instruction", "rating,instruction"], []] * 400)]


def test_only_columns_that_both_have_stay(tmp_path: Path) -> None:
    assert set(build(tmp_path, 1, 1)[0]) == {"id", "origin", "response"}


def test_a_share_of_one_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"share 1\.0 must lie in \[0, 1\)"):
        build(tmp_path, 1, 1, "--share", "1")


SHAPES: dict[
    str, tuple[dict[str, object], bool]
] = {  # what else the rows of the second table have, and if it is copied
    "the same columns": ({}, True),
    "a column more": ({"worst": 1.0}, False),
    "a lineage that stays": ({"lineage": [dict.fromkeys(rows.STEP, "x") | {"columns": "instruction"}]}, True),
    "a lineage of a grade that is not there": (
        {"lineage": [dict.fromkeys(rows.STEP, "x") | {"columns": "worst"}]},
        False,
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_large_second_table_is_copied_as_it_is(shape: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    more, copied = SHAPES[shape]
    both: rows.Row = {"lineage": []} if "lineage" in more else {}
    rows.write(str(tmp_path / "a.parquet"), [{"id": f"s{i}", "response": "r"} | both for i in range(700)])
    rows.write(str(tmp_path / "b.parquet"), [{"id": f"w{i}", "response": "t"} | more for i in range(3000)])
    tables = list[list[rows.Row]]()
    for least in (3000, 3001):
        monkeypatch.setattr(mixing, "LARGE", least)
        verb.main([str(tmp_path / "out.parquet"), *names(tmp_path), "--share", "0.4"])
        tables.append(list(rows.read(tmp_path / "out.parquet")))
        groups = 3 + 3 if copied and least == 3000 else 5
        assert pq.read_metadata(tmp_path / "out.parquet").num_row_groups == groups
    assert tables[0] == tables[1]
    assert len(tables[0]) == json.loads((tmp_path / "out.json").read_text())["rows_out"] == 5100
