"""Without a browser: tables are paged, searched, filtered, sorted, cut and compared, and only labels are written."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

pytest.importorskip("duckdb", reason="the extra view is not installed")
pytest.importorskip("starlette", reason="the extra view is not installed")

import viewer_project
from viewer_project import COUNT, KEPT, MEGABYTE, OVERRIDE, PORT, SCRIPT, TOKEN, Asker

from baleen.tables import labels, rows
from baleen.viewer import questions
from baleen.viewer.guard import HEADERS


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        place = tmp_path_factory.mktemp("viewed")
        patch.chdir(place)
        viewer_project.write_project(place)
        yield place


@pytest.fixture(scope="module")
def server(folder: Path) -> Asker:
    return viewer_project.asker()


@pytest.fixture
def labelling(folder: Path) -> Iterator[Asker]:
    yield viewer_project.asker()
    for path in Path("labels").glob("*"):
        path.unlink()


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


def test_a_row_has_all_that_explain_knows(server: Asker) -> None:
    found = server.get("row", id=rows.row_id(OVERRIDE))
    assert [place["table"].split(".")[0] for place in found["tables"]] == ["judge-1", "curate-1", "judge-2", "curate-2"]
    assert found["tables"][0]["row"]["response"] == OVERRIDE


def test_looking_writes_nothing(folder: Path, server: Asker) -> None:
    before = files(folder)
    server.get("row", id=rows.row_id(SCRIPT))
    server.get("draw", table="judge-1", plan="near", column="worst", threshold=3)
    assert files(folder) == before


def test_a_label_is_a_line_with_all_that_it_belongs_to(labelling: Asker) -> None:
    asked = {"table": "judge-1", "plan": "near", "column": "worst", "threshold": 6.0, "highest": 0}
    row = labelling.label("good", **asked)
    [label] = labels.read("judge-1")
    table = labels.Label(
        row["id"], "good", "Ada", row["text"], label.table, "near worst 6", "kept near", 6, True, "2026-11-28T12:00:00Z"
    )
    assert label == table and len(label.table) == 32
    assert files(Path("labels")) == {"judge-1.jsonl"}


def test_a_blind_labeller_is_told_nothing_of_the_score(labelling: Asker) -> None:
    asked = {"table": "curate-1", "plan": "near", "column": "worst", "threshold": 6.0}
    assert set(labelling.get("draw", **asked)["row"]) == {"place", "n", "id", "text", "texts"}
    assert {"score", "kept"} < set(labelling.get("draw", **asked, blind=0)["row"])


def test_rows_come_until_each_is_labelled_or_passed_over(labelling: Asker) -> None:
    seen = [labelling.label("bad", table="judge-1")["id"] for _ in range(COUNT - 1)]
    assert len(set(seen)) == COUNT - 1
    last = labelling.get("draw", table="judge-1")["row"]
    assert labelling.get("draw", table="judge-1", **{"from": last["place"] + 1})["row"] is None
    assert labelling.get("draw", table="judge-1", **{"from": 0}, again=1)["row"]["id"] == seen[0]


def test_two_labellers_get_the_same_rows_and_their_agreement(labelling: Asker) -> None:
    bob = viewer_project.asker("Bob")
    asked = {"table": "judge-1", "plan": "near", "column": "worst", "threshold": 6.0}
    ours = [labelling.label(word, **asked)["id"] for word in ("good", "bad") * 5]
    assert [bob.label(word, **asked)["id"] for word in ("good", "bad") * 5] == ours
    lines = labelling.get("agreement", **asked)["lines"]
    assert [line["who"] for line in lines] == ["Ada and Bob", "worst at 6 and people"]
    assert lines[0]["kappa"] == 1.0 and lines[0]["rates"] == [0.5, 0.5]


def test_a_text_that_changed_is_labelled_anew(
    labelling: Asker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    rows.write("t", viewer_project.documents()[:1])
    own = viewer_project.asker()
    drawn = own.label("good", table="t")
    assert own.get("draw", table="t")["row"] is None
    rows.write("t", [viewer_project.documents()[0] | {"instruction": "Another one?"}])
    row = own.get("draw", table="t")["row"]
    assert row["id"] == drawn["id"] and row["text"] != drawn["text"]
    response = own.post(table="t", id=drawn["id"], text=drawn["text"], place=drawn["place"], label="bad")
    assert response.status_code == 400 and "the table was built again" in response.json()["error"]
    assert len(labels.read("t")) == 1


@pytest.mark.parametrize(
    "change", [{"label": "great"}, {"place": 999}, {"table": "../x"}, {"text": "0"}, {"place": "x"}]
)
def test_no_label_is_written_of_what_was_not_drawn(change: dict[str, object], labelling: Asker) -> None:
    row = labelling.get("draw", table="judge-1")["row"]
    body = {"table": "judge-1", "id": row["id"], "text": row["text"], "place": row["place"], "label": "good"}
    assert labelling.post(**body | change).status_code == 400
    assert not [*Path("labels").glob("*")]


HOST = f"127.0.0.1:{PORT}"


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", f"/{TOKEN}/", {}, 200),
        ("GET", f"/{TOKEN}/", {"host": f"localhost:{PORT}"}, 200),
        ("GET", f"/{TOKEN}/", {"host": f"evil.example:{PORT}"}, 421),
        ("GET", f"/{TOKEN}/", {"host": "127.0.0.1"}, 421),
        ("GET", f"/{TOKEN}/", {"host": f"127.0.0.1.evil.example:{PORT}"}, 421),
        ("GET", "/", {}, 403),
        ("GET", "/api/overview", {}, 403),
        ("GET", f"/{TOKEN}x/api/overview", {}, 403),
        ("GET", f"/x/../{TOKEN}/", {}, 200),  # the client resolves it
        ("GET", f"/{TOKEN}/..%2f..%2f..%2fserver.py", {}, 404),
        ("GET", f"/{TOKEN}/api/overview", {"origin": "http://evil.example"}, 403),
        ("PUT", f"/{TOKEN}/api/label", {}, 405),
        ("DELETE", f"/{TOKEN}/api/rows", {}, 405),
        ("POST", f"/{TOKEN}/api/label", {"content-type": "text/plain"}, 415),
        ("POST", f"/{TOKEN}/api/label", {"content-type": "application/json", "origin": "null"}, 403),
        ("POST", f"/{TOKEN}/api/rows", {"content-type": "application/json"}, 405),
    ],
)  # fmt: skip
def test_only_who_has_the_address_is_answered(
    method: str, path: str, headers: dict[str, str], status: int, server: Asker
) -> None:
    response = server.client.request(method, path, headers=headers)
    assert response.status_code == status
    assert {name: response.headers[name] for name in HEADERS} == HEADERS


def test_a_body_that_is_too_large_is_not_read(server: Asker) -> None:
    assert server.post(text="x" * (1 << 17)).status_code == 413


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"[" * 50_000])
def test_a_body_that_is_no_object_is_one_line(body: bytes, server: Asker) -> None:
    sent = server.client.post(f"/{TOKEN}/api/label", content=body, headers={"content-type": "application/json"})
    assert sent.status_code == 400 and sent.json()["error"] == "no object of JSON"


def test_a_search_that_takes_long_says_how_far_it_is_and_has_rows_already(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    monkeypatch.setattr(questions, "PIECE", 1)
    hasty = viewer_project.asker(wait=0.001)
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
    assert "has no column id" in odd.refused("draw", table="odd")
