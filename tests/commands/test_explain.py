"""A row is explained from its source to its table, and two versions of a table are compared row by row."""

import json
import os
from pathlib import Path

import project
import pytest
from scripted import Script, documents, run_verb, scripted_project

from baleen.commands import diff, diff_page, explain, row_requests
from baleen.errors import Problem
from baleen.models.identity import identity
from baleen.project import plan
from baleen.project.plan import Planned
from baleen.prompts import load
from baleen.tables import rows
from stages import filter as filter_stage

TEXTS = ("a tale of a cat", "a tale of a dog", "short")


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Script:
    return scripted_project(tmp_path, monkeypatch, Script())


def test_a_row_is_explained_with_prompt_reply_and_state(script: Script) -> None:
    run_verb("generate", documents(*TEXTS), "--prompt", "ask")
    plan.FOLDER.mkdir(parents=True)
    planned = Planned("generate", {"prompt": "ask", "input": "in", "model": "m"}, prompts={"ask": load("ask").digest})
    plan.path_of("out").write_text(plan.text_of(planned))
    own = rows.row_id(TEXTS[0])
    found = explain.explain(own[:10])
    shown = explain.text(found)
    assert found.id == own and [place.table for place in found.places] == ["in", "out"]
    assert "What does this answer?\na tale of a cat" in shown and "Question about a tale of a cat" in shown
    assert json.loads(explain.as_json(found))["steps"][0]["reply"]["text"] == "Question about a tale of a cat"


def test_tables_stand_in_the_order_in_which_they_are_built_whatever_their_times(script: Script) -> None:
    run_verb("generate", documents(*TEXTS), "--prompt", "ask")
    rows.write("later", rows.read(rows.table_path("out")))
    plan.FOLDER.mkdir(parents=True)
    made = {"out": Planned("generate", {"input": "in", "model": "m"}), "m": Planned("train", {"input": "in"})}
    for name, planned in {**made, "later": Planned("filter", {"input": "out"})}.items():
        plan.path_of(name).write_text(plan.text_of(planned))
    for seconds, name in enumerate(("later", "out", "in")):
        os.utime(rows.table_path(name), (seconds, seconds))
    assert [place.table for place in explain.explain(rows.row_id(TEXTS[0])).places] == ["in", "out", "later"]


def test_without_its_plan_the_messages_are_said_to_be_missing(script: Script) -> None:
    run_verb("generate", documents(*TEXTS), "--prompt", "ask")
    assert "messages: not here" in explain.text(explain.explain(rows.row_id(TEXTS[0])))


def test_a_preview_is_no_part_of_a_rows_history(script: Script) -> None:
    run_verb("generate", documents(*TEXTS), "--prompt", "ask")
    preview = [
        row | {"lineage": [step | {"key": "0"} for step in row["lineage"]]} for row in rows.read(rows.table_path("out"))
    ]
    rows.write("out-preview", preview)
    found = explain.explain(rows.row_id(TEXTS[0]))
    assert [place.table for place in found.places] == ["in", "out"] and len(found.steps) == 1


def test_a_row_that_a_preview_alone_has_is_found_there(script: Script) -> None:
    rows.write("out-preview", documents("short"))
    assert [place.table for place in explain.explain(rows.row_id("short")).places] == ["out-preview"]


def test_a_target_that_is_called_a_preview_is_a_table_as_any_other(script: Script) -> None:
    rows.write("in", documents("short"))
    rows.write("in-preview", documents("short"))
    plan.FOLDER.mkdir(parents=True)
    plan.path_of("in-preview").write_text(plan.text_of(Planned("map", {"input": "in"})))
    assert len(explain.explain(rows.row_id("short")).places) == 2


def test_control_characters_of_a_row_are_written_out(script: Script) -> None:
    rows.write("in", documents("a\x1b[31m red\x00 \x9b\tand\nmore"))
    found = explain.explain("")
    assert "a\\x1b[31m red\\x00 \\x9b\tand\nmore" in explain.text(found)
    assert json.loads(explain.as_json(found))["tables"][0]["row"]["response"] == "a\x1b[31m red\x00 \x9b\tand\nmore"


def planned(verb: str, **settings: object) -> None:
    """Write the plan of `out`."""
    plan.FOLDER.mkdir(parents=True, exist_ok=True)
    given = {"input": "in", "engine": "scripted", "model": "m"} | settings
    digests = {name: load(name).digest for name in (str(given["prompt"]),)} if "prompt" in given else {}
    plan.path_of("out").write_text(plan.text_of(Planned(verb, given, prompts=digests)))


def sent(start: str) -> list[list[tuple[str, str]] | None]:
    return [step.messages for step in explain.explain(start).steps]


@pytest.fixture
def keyed(script: Script, monkeypatch: pytest.MonkeyPatch) -> Script:
    monkeypatch.setattr(row_requests, "semantics", lambda engine: "scripted-1")
    return script


def test_a_gain_shows_the_answer_that_was_graded_and_the_request_without_the_question(keyed: Script) -> None:
    run_verb("score", [row | {"instruction": "tell"} for row in documents(*TEXTS)], "--prompt", "reply", "--gain")
    planned("score", prompt="reply", gain=True)
    answer = ("assistant, graded", "short")
    assert sent(rows.row_id("short")) == [[("user", "tell"), answer], [("user", ""), answer]]


def test_a_rating_shows_how_the_answer_was_begun_and_the_choices(keyed: Script) -> None:
    run_verb("score", documents(*TEXTS), "--prompt", "judge")
    planned("score", prompt="judge")
    assert sent(rows.row_id("short")) == [
        [("user", "Grade: short"), ("assistant, begun", "Score:"), ("choices", "' 1', ' 2', ' 3'")]
    ]


def test_a_prompt_edited_since_is_not_shown_as_sent(keyed: Script) -> None:
    run_verb("generate", documents(*TEXTS), "--prompt", "ask")
    Path("prompts/ask.md").write_text(Path("prompts/ask.md").read_text().replace("What does", "Which question does"))
    planned("generate", prompt="ask")
    assert sent(rows.row_id("short")) == [None]


def test_a_line_that_writes_another_column_shows_its_messages(keyed: Script) -> None:
    run_verb("generate", documents(*TEXTS), "--prompt", "ask", "--writes", "other")
    planned("generate", prompt="ask", writes="other")
    shown = explain.text(explain.explain(rows.row_id("short")))
    assert f"model m {identity('m')}; prompt ask " in shown  # a hash has a name in the project
    assert sent(rows.row_id("short")) == [[("system", "Be brief."), ("user", "What does this answer?\nshort")]]


def test_every_turn_shows_what_it_was_sent(keyed: Script) -> None:
    replies = iter(["one", "two", "three."])
    keyed.text = lambda request: next(replies)
    again = "self_lengthen.until_sound"
    table = [row | {"instruction": row["response"]} for row in documents("short")]
    run_verb("generate", table, "--prompt", "reply", "--again", again, "--turns", "4")
    planned("generate", prompt="reply", again=again, turns=4)
    found = sent(rows.row_id("short"))
    assert len(found) == 3 and all(one and one[0] == ("user", "short") for one in found)


def test_a_row_that_stayed_says_by_what(script: Script) -> None:
    table = [row | {"loss": float(n)} for n, row in enumerate(documents("a", "b", "c", "d", "e"))]
    rows.write("in", table)
    flags = ["--keep", "loss>=1", "--best", "loss", "--share", "0.5"]
    filter_stage.main(["out", "--input", "in", *flags])
    planned("filter", keep=["loss>=1"], best="loss", share=0.5)
    assert "out                         kept: loss>=1 (2); loss 2 is rank 2 of 4, cutoff 2" in explain.text(
        explain.explain(rows.row_id("c"))
    )
    [place] = [one for one in json.loads(explain.as_json(explain.explain(rows.row_id("b"))))["tables"] if "why" in one]
    assert (place["table"], place["why"]) == ("out", "loss>=1 (1); loss 1 is rank 1 of 4, cutoff 2")


def test_a_row_that_left_says_why(script: Script) -> None:
    script.text = lambda request: "" if request.messages[-1][1].endswith("short") else "Question"
    run_verb("generate", documents(*TEXTS), "--prompt", "ask", "--min-readable", "0")
    assert "dropped: unreadable" in explain.text(explain.explain(rows.row_id("short")))


@pytest.mark.parametrize(("start", "words"), [("zzz", "0 rows"), ("", "3 rows")])
def test_an_id_must_begin_one_row(start: str, words: str, script: Script) -> None:
    rows.write("in", documents(*TEXTS))
    Path("dvc.yaml").write_text("stages: {}\n")
    with pytest.raises(Problem, match=words):
        explain.explain(start)


def test_outside_of_a_project_there_is_nothing_to_explain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Problem, match="no project here: dvc.yaml is missing"):
        explain.explain("abc")


@pytest.fixture
def versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A table tracked by DVC of which a row went, one came and one changed since the last commit."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path.parent / "site"))
    first = [row | {"loss": float(n)} for n, row in enumerate(documents(*TEXTS))]
    rows.write("t", first)
    project.git(tmp_path, "init", "-q", "-b", "main")
    project.git(tmp_path, "config", "user.name", "Somebody")
    project.git(tmp_path, "config", "user.email", "somebody@example.org")
    project.dvc(tmp_path, "init", "-q")
    project.dvc(tmp_path, "add", "-q", "data/t.parquet")
    project.commit(tmp_path, "first")
    rows.write("t", [first[0], first[1] | {"loss": 9.0}, documents("new")[0] | {"loss": 1.0, "origin": "a page"}])
    rows.write("data/t.dropped.parquet", [first[2] | {"reason": "rank 3 of 3, cutoff 2"}])
    return tmp_path


@pytest.mark.slow
def test_versions_are_compared_by_row_with_the_reason_of_those_that_left(versions: Path) -> None:
    with diff.difference("t", "HEAD") as found:
        assert found.added == [rows.row_id("new")] and found.removed == [rows.row_id("short")]
        assert found.changed == {rows.row_id(TEXTS[1]): ("loss",)} and found.same == 1
        assert "(rank 3 of 3, cutoff 2)" in diff.text(found)
        assert json.loads(diff.as_json(found))["removed"] == {rows.row_id("short"): "rank 3 of 3, cutoff 2"}


@pytest.mark.slow
def test_a_table_that_had_another_name_is_compared_with_itself(versions: Path) -> None:
    for end in ("", ".dropped"):
        Path(f"data/t{end}.parquet").rename(f"data/now{end}.parquet")
    with diff.difference("now", "HEAD", diff.WORK_TREE, "t") as found:
        told = diff.text(found)
    assert told.startswith("now: HEAD (t) -> workspace\n1 rows added, 1 removed, 1 changed, 1 the same\n")
    assert "\n  response: mean 11.67 -> 11\n  loss: mean 1 -> 3.333\n" in told and "origin" not in told


@pytest.mark.slow
@pytest.mark.parametrize(
    ("target", "revision", "words"),
    [
        (
            "u",
            "HEAD",
            "the dvc.lock of HEAD has no table data/u.parquet; commit dvc.lock .*another name there, write --was",
        ),
        ("t", "nowhere", "'nowhere' cannot be read"),
    ],
)
def test_what_a_revision_has_not_is_refused(versions: Path, target: str, revision: str, words: str) -> None:
    with pytest.raises(Problem, match=words), diff.difference(target, revision):
        pass


@pytest.mark.slow
def test_control_characters_of_a_difference_are_written_out(versions: Path) -> None:
    rows.write("t", documents("\x1b[2Jgone"))
    with diff.difference("t", "HEAD") as found:
        assert "\\x1b[2Jgone" in diff.text(found) and "\x1b" not in diff.text(found)


@pytest.mark.slow
def test_the_difference_is_a_page_too(versions: Path) -> None:
    with diff.difference("t", "HEAD") as found:
        diff_page.write(Path("diff.html"), found)
        with pytest.raises(Problem, match="no folder nowhere"):
            diff_page.write(Path("nowhere/diff.html"), found)
        with pytest.raises(Problem, match=r"^\. is a folder; name a file in it, such as page\.html"):
            diff_page.write(Path(), found)
    text = Path("diff.html").read_text()
    assert "1 rows added, 1 removed, 1 changed, 1 the same." in text
    for words in ("<b>added</b>", "<b>removed</b>", "<b>changed</b>", "rank 3 of 3, cutoff 2", "loss, before"):
        assert words in text
