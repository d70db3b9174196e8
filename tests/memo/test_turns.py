"""A row is queried again until a transform is content, and no more; every query is in the memo."""

from pathlib import Path

import pytest
from scripted import Script, documents, last_line, no_outputs, run_verb, scripted_project

from baleen.engines.protocol import Request
from baleen.errors import Problem
from baleen.memo import turns

PROMPT = ("--prompt", "reply", "--again", "self_lengthen.until_sound")
ENDS = {"a": 1, "b": 3, "c": 99}  # in which turn a row gets a text that ends


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Script:
    return scripted_project(tmp_path, monkeypatch, Script(text=in_time()))


def in_time() -> object:
    """Replies that have an end mark from the turn on that ENDS says."""
    asked = dict[str, int]()

    def text(request: Request) -> str:
        name = last_line(request)
        asked[name] = asked.get(name, 0) + 1
        return f"{name} {request.seed}" + ("." if asked[name] >= ENDS[name] else "")

    return text


def requests(*names: str) -> list[dict[str, str]]:
    return [row | {"instruction": row["response"]} for row in documents(*names)]


def test_only_rows_that_are_not_done_are_queried_again(script: Script) -> None:
    made = run_verb("generate", requests("a", "b", "c"), *PROMPT, "--turns", "4")
    assert script.new_questions() == ["a", "b", "b", "b", "c", "c", "c", "c"]
    assert made.column("instruction") == ["a", "b"] and "again" not in made.rows[0]
    assert [len(row["lineage"]) for row in made.rows] == [1, 3]
    assert [(row["instruction"], row["reason"]) for row in made.dropped] == [("c", "no end mark")]
    assert (made.counts["asked"], made.counts["rows_in"], made.counts["rows_out"]) == (8, 3, 2)
    assert script.built == 1


def test_every_turn_has_a_seed_of_its_own_and_the_first_is_that_of_a_line_without_turns(script: Script) -> None:
    run_verb("generate", requests("b"), *PROMPT, "--turns", "4")
    seeds = [request.seed for request in script.paid]
    assert len({*seeds}) == 3
    script.paid.clear()
    run_verb("generate", None, "--prompt", "reply", "--seed", "0")
    assert [request.seed for request in script.paid] == []  # it is in the memo


def test_a_second_run_queries_nothing_and_one_more_turn_only_what_is_left(script: Script) -> None:
    first = run_verb("generate", requests("a", "b", "c"), *PROMPT, "--turns", "4")
    script.new_questions()
    assert run_verb("generate", None, *PROMPT, "--turns", "4").rows == first.rows and script.new_questions() == []
    run_verb("generate", None, *PROMPT, "--turns", "5")
    assert script.new_questions() == ["c"]


def test_several_replies_to_a_row_take_their_turns_each(script: Script) -> None:
    made = run_verb("generate", requests("b"), *PROMPT, "--n", "2", "--turns", "2")
    assert made.counts["rows_in"] == 2 and made.counts["asked"] == 4
    assert len({row["id"] for row in made.rows}) == 2


def test_rows_in_chunks_come_out_as_they_do_at_once(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    flags = (*PROMPT, "--turns", "4")
    whole = run_verb("generate", requests("a", "b", "c"), *flags)
    monkeypatch.setattr(turns, "AT_ONCE", 1)
    assert run_verb("generate", None, *flags).rows == whole.rows


def test_a_row_that_may_not_be_asked_passes(script: Script) -> None:
    table = [row | {"open": "yes" if row["instruction"] == "a" else ""} for row in requests("a", "b")]
    made = run_verb("generate", table, *PROMPT, "--only", "open")
    assert made.column("instruction") == ["b", "a"] and script.new_questions() == ["a"]


def test_replies_that_cannot_be_read_are_counted_and_too_many_stop_the_build(script: Script) -> None:
    script.text = lambda request: " "
    with pytest.raises(Problem, match=r"only 0% of 4 replies could be read \(4 unreadable\)"):
        run_verb("generate", requests("a", "b"), *PROMPT, "--turns", "2")
    assert no_outputs()


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--again", "self_lengthen.lengthy"], "again: self_lengthen.lengthy is not made for turns"),
        (["--again", "messages"], "again: messages is not made for turns"),
        (["--again", "self_lengthen.lengty"], "again: unknown transform 'self_lengthen.lengty'; did you mean"),
        (["--again", "self_lengthen.until_sound", "--keep-unreadable"], "keep_unreadable has no effect with again"),
        (["--again", "self_lengthen.until_sound", "--turns", "0"], "turns"),
    ],
)
def test_what_cannot_be_meant_is_told(script: Script, flags: list[str], words: str) -> None:
    with pytest.raises(Problem, match=words):
        run_verb("generate", requests("a"), "--prompt", "reply", *flags)


def test_a_dry_run_says_that_it_counts_the_first_turn(script: Script, capsys: pytest.CaptureFixture[str]) -> None:
    run_verb("generate", requests("a"), *PROMPT, "--turns", "1")
    from stages import generate

    flags = ["--input", "in", "--engine", "scripted", "--model", "m", *PROMPT, "--turns", "7", "--dry-run"]
    generate.main(["out", *flags])
    assert "(the first of at most 7 turns)" in capsys.readouterr().out
