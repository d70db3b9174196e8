"""Without a browser: tables are paged, searched, filtered, sorted, cut and compared, and looking writes nothing."""

import json
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

pytest.importorskip("duckdb", reason="the extra view is not installed")
pytest.importorskip("starlette", reason="the extra view is not installed")

import viewer_project
from viewer_project import COUNT, KEPT, MEGABYTE, OVERRIDE, SCRIPT, Asker

from baleen.tables import rows
from baleen.viewer import held, questions


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_the_overview_has_every_table_with_its_cut(server: Asker) -> None:
    found = {table["name"]: table for table in server.get("overview")["tables"]}
    assert set(found) == {"judge-1", "judge-2", "curate-1", "curate-2"}
    assert (found["curate-1"]["rows"], found["curate-1"]["dropped"]) == (KEPT, COUNT - KEPT)
    assert found["judge-1"]["cut"] == {"column": "worst", "highest": False, "filter": "curate-1"}


def test_pages_together_have_every_row_once_in_the_order_of_the_file(server: Asker) -> None:
    pages = [server.get("rows", table="judge-1", offset=start, limit=25) for start in (0, 25, 50, 75)]
    shown = [row["texts"]["id"][0] for page in pages for row in page["rows"]]
    assert shown == [row["id"] for row in viewer_project.documents()] and pages[0]["total"] == COUNT


def test_kept_and_dropped_add_up(server: Asker) -> None:
    kept, dropped, whole = (set(server.ids(table="curate-1", part=part)) for part in ("kept", "dropped", "all"))
    assert len(kept) == KEPT and kept | dropped == whole and not kept & dropped and len(whole) == COUNT


@pytest.mark.parametrize(
    ("condition", "keep"),
    [
        (["worst", "<=", "3"], lambda row: row["worst"] is not None and row["worst"] <= 3),
        (["worst", "missing", ""], lambda row: row["worst"] is None),
        (["response", "contains", "NUMBER 7 "], lambda row: "number 7 " in row["response"]),
        (["response", "lacks", "answer"], lambda row: "answer" not in row["response"]),
        (["response", "contains", "100%"], lambda row: "100%" in row["response"]),
        (["response", "contains", "_"], lambda row: "_" in row["response"]),
        (["response", "contains", "."], lambda row: "." in row["response"]),
        (["response", "contains", "\u202e"], lambda row: "\u202e" in row["response"]),
        (["response", "contains", "-->_%\u202e"], lambda row: False),
        (["instruction", "=", "What is 3 squared?"], lambda row: row["instruction"] == "What is 3 squared?"),
        (["source", "present", ""], lambda row: True),
    ],
)  # fmt: skip
def test_a_filter_keeps_what_python_would(condition: list[str], keep: object, server: Asker) -> None:
    wanted = [row["id"] for row in viewer_project.documents() if keep(row)]  # type: ignore[operator]
    assert server.ids(table="judge-1", where=json.dumps([condition])) == wanted


def test_a_filter_on_reasons_leaves_no_row_among_those_that_were_kept(server: Asker) -> None:
    where = '[["reason", "=", "not best worst"]]'
    assert server.ids(table="curate-1", part="kept", where=where, sort="reason") == []
    assert len(server.ids(table="curate-1", part="dropped", where=where)) == COUNT - 1 - KEPT


def test_a_search_looks_into_every_text_and_takes_it_as_it_stands(server: Asker) -> None:
    assert len(server.ids(table="judge-1", search="<SCRIPT>")) == 1
    assert server.ids(table="judge-1", search="' OR 1=1 --") == []
    assert len(server.ids(table="curate-1", part="all", search="worst unreadable")) == 1


@pytest.mark.parametrize("descending", [False, True])
def test_sorted_rows_without_a_value_come_last(descending: bool, server: Asker) -> None:
    rows_ = viewer_project.documents()
    known = sorted((row for row in rows_ if row["worst"] is not None), key=lambda row: row["worst"], reverse=descending)
    wanted = [row["id"] for row in [*known, *(row for row in rows_ if row["worst"] is None)]]
    assert server.ids(table="judge-1", sort="worst", descending=int(descending)) == wanted


def test_rows_of_a_file_without_the_column_are_among_those_without_a_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with rows.Output(rows.table_path("t")) as output:
        for n in (10, 9, 100):
            output.keep({"id": f"kept{n}", "response": "a", "loss": float(n)})
        output.drop({"id": "gone", "response": "b"}, "unreadable")
    server = viewer_project.asker()
    given = {"table": "t", "part": "all"}
    assert server.ids(**given, sort="loss") == ["kept9", "kept10", "kept100", "gone"]
    assert server.ids(**given, where='[["loss", ">=", "10"]]') == ["kept10", "kept100"]
    assert server.ids(**given, where='[["loss", "missing", ""], ["reason", "contains", "READ"]]') == ["gone"]
    assert server.ids(table="t", part="kept", search="unreadable") == []


def test_rows_are_sorted_by_the_length_of_a_text_and_searched_at_once(server: Asker) -> None:
    shown = server.ids(table="judge-1", sort="length of response", descending=1, search="squared")
    assert shown[0] == rows.row_id(MEGABYTE) and len(shown) == COUNT


def test_long_texts_are_cut_short_in_lists(server: Asker) -> None:
    found = server.get("rows", table="judge-1", search=MEGABYTE[:500])["rows"][0]
    assert found["texts"]["response"] == ["x" * questions.CLIP, len(MEGABYTE)]


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("rows", {"table": "judge"}, "unknown table 'judge'; did you mean"),
        ("rows", {"table": "../judge-1"}, "unknown table"),
        ("rows", {"table": "judge-1", "part": "half"}, "unknown part"),
        ("rows", {"table": "judge-1", "sort": "lineage"}, "unknown column to sort by 'lineage'"),
        ("rows", {"table": "judge-1", "where": '[["worst; DROP", "=", "1"]]'}, "unknown column 'worst; DROP'"),
        ("rows", {"table": "judge-1", "where": '[["worst", "LIKE", "1"]]'}, "unknown test 'LIKE'"),
        ("rows", {"table": "judge-1", "where": '[["worst", "<", "x"]]'}, "worst is compared with 'x'; write a number"),
        ("rows", {"table": "judge-1", "where": "["}, "the question cannot be read"),
        ("rows", {}, "the question lacks 'table'"),
        ("cut", {"table": "judge-1", "column": "worst", "threshold": "nan"}, "threshold 'nan' is no number"),
        ("cut", {"table": "judge-1", "column": "response", "threshold": "1"}, "unknown score 'response'"),
        ("compare", {"left": "judge-1", "right": "judge-2", "group": "x"}, "unknown group"),
        ("draw", {"table": "judge-1", "plan": "best"}, "unknown plan 'best'"),
        ("row", {"id": "zzz"}, "0 rows have an id"),
    ],
)
def test_what_cannot_be_meant_is_one_line(name: str, given: dict[str, str], words: str, server: Asker) -> None:
    assert words in server.refused(name, **given)


def test_the_slider_counts_exactly_and_shows_the_rows_next_to_it(server: Asker) -> None:
    found = server.get("scores", table="judge-1", column="worst")
    values = sorted(row["worst"] for row in viewer_project.documents() if row["worst"] is not None)
    assert [one["kept"] for one in found["steps"]] == [
        sum(v <= one["threshold"] for v in values) for one in found["steps"]
    ]
    assert found["threshold"] == values[KEPT - 1] and found["without"] == 1 and sum(found["bars"]) == COUNT - 1
    at = server.get("cut", table="judge-1", column="worst", threshold=found["threshold"])
    assert (at["kept"], at["dropped"]) == (KEPT, COUNT - 1 - KEPT)
    assert [row["numbers"]["worst"] for row in at["above"]] == values[KEPT - 5 : KEPT]
    assert [row["numbers"]["worst"] for row in at["below"]] == values[KEPT : KEPT + 5]
    assert server.get("cut", table="judge-1", column="worst", threshold=5, highest=1)["kept"] == sum(
        v >= 5 for v in values
    )


def test_the_calibrations_of_a_score_are_shown_until_its_table_is_built_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    viewer_project.write_project(tmp_path)
    server, asked = viewer_project.asker(), {"table": "judge-1", "column": "worst"}
    [found] = server.get("calibrations", **asked)["calibrations"]
    assert (found["name"], found["people"], found["stale"]) == ("trusted-1", False, [])
    assert all(one["precision_low"] <= one["precision"] <= one["precision_high"] for one in found["sweep"])
    assert server.get("calibrations", table="curate-1", column="worst")["calibrations"] == [found]
    assert server.get("calibrations", table="judge-2", column="worst")["calibrations"] == []
    rows.write("judge-1", viewer_project.documents()[1:])
    [found] = server.get("calibrations", **asked)["calibrations"]
    assert found["stale"] == ["judge-1 was built again after it"]


def test_two_rounds_are_compared_by_row(server: Asker) -> None:
    found = server.get(
        "compare", left="curate-1", right="curate-2", score="worst", group="only left kept", order="change"
    )
    left, right = (set(server.ids(table=f"curate-{n}")) for n in (1, 2))
    assert found["groups"] == {
        "all": COUNT, "both kept": len(left & right), "only left kept": len(left - right),
        "only right kept": len(right - left), "neither kept": COUNT - len(left | right),
    }  # fmt: skip
    changes = [abs(row["right"]["numbers"]["worst"] - row["left"]["numbers"]["worst"]) for row in found["rows"]]
    assert changes == sorted(changes, reverse=True)
    assert all(row["left"]["kept"] and not row["right"]["kept"] for row in found["rows"])
    assert all(row["left"]["texts"]["id"] == row["right"]["texts"]["id"] for row in found["rows"])


def test_a_judge_that_was_asked_twice_agrees_with_itself_at_the_threshold_in_use(server: Asker) -> None:
    same = server.get("compare", left="judge-1", right="judge-1", score="worst")["agreement"]
    assert same.startswith(f"{COUNT - 1} rows: both say the same of 100 %, by chance 55 %") and "kappa 1.00" in same
    other = server.get("compare", left="judge-1", right="judge-2", score="worst")["agreement"]
    assert float(re.search(r"kappa (-?[\d.]+)", other)[1]) < 0.2  # type: ignore[index]
    rounds = server.get("compare", left="curate-1", right="curate-2", score="worst")["agreement"]
    assert rounds.startswith(f"{COUNT} rows") and "good 33 % and 33 %" in rounds


def test_a_row_has_all_that_explain_knows(server: Asker) -> None:
    found = server.get("row", id=rows.row_id(OVERRIDE))
    assert [place["table"].split(".")[0] for place in found["tables"]] == ["judge-1", "curate-1", "judge-2", "curate-2"]
    assert found["tables"][0]["row"]["response"] == OVERRIDE


def test_looking_writes_nothing(folder: Path, server: Asker) -> None:
    before = files(folder)
    server.get("row", id=rows.row_id(SCRIPT))
    server.get("draw", table="judge-1", plan="near", column="worst", threshold=3)
    assert files(folder) == before


@pytest.mark.slow
def test_a_search_that_takes_long_says_how_far_it_is_and_has_rows_already(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    monkeypatch.setattr(held, "PIECE", 1)
    hasty = viewer_project.asker(wait=0.001, room=0)
    given = {"table": "judge-1", "search": "squared", "limit": 5}
    found = [hasty.get("rows", **given)]
    while found[-1]["share"] < 1:
        found.append(hasty.get("rows", **given))
    assert found[0]["share"] < 1 and found[-1]["total"] == COUNT
    assert [one["share"] for one in found] == sorted(one["share"] for one in found)


def test_strange_numbers_and_tables_are_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    table = pa.table({"n": pa.array([2**60, 1], pa.int64()), "x": [np.nan, np.inf], 'a"b': ["q", None], "l": [[1], []]})
    pq.write_table(table, "data/odd.parquet")
    Path("data/broken.parquet").write_bytes(b"no table")
    odd = viewer_project.asker()
    described = {one["name"]: one for one in odd.get("overview")["tables"]}
    assert "is not a Parquet table" in described["broken"]["error"] and described["odd"]["rows"] == 2
    shown = odd.get("rows", table="odd", sort='a"b')["rows"]
    assert [row["numbers"] for row in shown] == [{"n": str(2**60), "x": "nan"}, {"n": 1, "x": "inf"}]
    assert "odd has no instruction" in odd.refused("draw", table="odd")
    assert "has no column id" in odd.refused("compare", left="odd", right="odd")
