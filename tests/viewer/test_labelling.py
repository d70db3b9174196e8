"""Labels arrive whole in their file, of the row that was drawn and read and of no other."""

from pathlib import Path

import pytest

pytest.importorskip("duckdb", reason="the extra view is not installed")
pytest.importorskip("starlette", reason="the extra view is not installed")

import viewer_project
from viewer_project import COUNT, Asker

from baleen.tables import labels, rows


@pytest.mark.slow
def test_a_label_is_a_line_with_all_that_it_belongs_to(labelling: Asker) -> None:
    asked = {"table": "judge-1", "plan": "near", "column": "worst", "threshold": 6.0, "highest": 0}
    row = labelling.label("good", **asked)
    [label] = labels.read("judge-1")
    table = labels.Label(
        row["id"], "good", "Ada", row["text"], label.table, "near worst 6", "kept near", 6, True, "2026-11-28T12:00:00Z"
    )
    assert label == table and len(label.table) == 32
    assert [path.name for path in Path("labels").iterdir()] == ["judge-1.jsonl"]


def test_a_blind_labeller_is_told_nothing_of_the_score(labelling: Asker) -> None:
    asked = {"table": "curate-1", "plan": "near", "column": "worst", "threshold": 6.0}
    assert set(labelling.get("draw", **asked)["row"]) == {"place", "n", "id", "text", "texts"}
    assert {"score", "kept"} < set(labelling.get("draw", **asked, blind=0)["row"])


@pytest.mark.slow
def test_rows_come_until_each_is_labelled_or_passed_over(labelling: Asker) -> None:
    seen = [labelling.label("bad", table="judge-1")["id"] for _ in range(COUNT - 1)]
    assert len(set(seen)) == COUNT - 1
    last = labelling.get("draw", table="judge-1")["row"]
    assert labelling.get("draw", table="judge-1", **{"from": last["place"] + 1})["row"] is None
    assert labelling.get("draw", table="judge-1", **{"from": 0}, again=1)["row"]["id"] == seen[0]


@pytest.mark.slow
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
    response = own.post(table="t", id=drawn["id"], text=drawn["text"], place=drawn["place"], label="bad", blind=True)
    assert response.status_code == 400 and "the table was built again" in response.json()["error"]
    assert len(labels.read("t")) == 1


@pytest.mark.parametrize(
    "change", [{"label": "great"}, {"place": 999}, {"table": "../x"}, {"text": "0"}, {"place": "x"}, {"blind": 0}]
)
def test_no_label_is_written_of_what_was_not_drawn(change: dict[str, object], labelling: Asker) -> None:
    row = labelling.get("draw", table="judge-1")["row"]
    body = {"table": "judge-1", "id": row["id"], "text": row["text"], "place": row["place"], "label": "good"}
    body["blind"] = True
    assert labelling.post(**body | change).status_code == 400
    assert not [*Path("labels").glob("*")]
