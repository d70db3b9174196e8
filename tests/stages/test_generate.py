"""generate: every row is kept or dropped with its reason, and only what is not in the memo is queried."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from filled_memo import corrupt
from scripted import ASK, Script, documents, last_line, no_outputs, read_outputs, run_verb, scripted_project

from baleen import prompts
from baleen.engines.protocol import Reply, Request
from baleen.errors import Problem
from baleen.formats import FORMATS, Format
from baleen.memo import generation, replies
from baleen.memo.store import Memo
from baleen.project.locks import memo_folder
from baleen.tables import rows
from stages import generate as verb

PROMPT = ("--prompt", "ask")
LIMIT = ("--max-tokens", "3")


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Script:
    return scripted_project(tmp_path, monkeypatch, Script())


def prompt(text: str, name: str = "ask") -> None:
    Path(f"prompts/{name}.md").write_text(text)


def test_every_row_gets_its_own_reply_in_the_order_of_the_table(script: Script) -> None:
    made = run_verb("generate", documents("b", "a", "c"), *PROMPT)
    assert made.column("instruction") == ["Question about b", "Question about a", "Question about c"]
    assert made.column("response") == ["b", "a", "c"]
    assert made.counts["rows_in"] == made.counts["rows_out"] == 3
    assert (made.counts["asked"], made.counts["readable"]) == (3, 1.0)


def odd_replies(request: Request) -> str:
    return {"b": "", "c": "much too long a reply"}.get(last_line(request), "Fine.")


def test_dropped_rows_lie_beside_the_table_with_reason_and_raw_reply(script: Script) -> None:
    script.text = odd_replies
    made = run_verb("generate", documents("a", "b", "c", "d"), *PROMPT, *LIMIT)
    assert made.column("response") == ["a", "d"]
    told = [(row["response"], row["reason"], row["reply"]) for row in made.dropped]
    assert told == [("b", "unreadable", ""), ("c", "truncated", "much too long")]
    assert made.counts["dropped"] == {"truncated": 1, "unreadable": 1}
    named = [row["lineage"][-1]["key"] for row in made.rows + made.dropped]
    assert len(Memo(Path(".memo")).get(named)) == 4  # so that prune keeps them
    assert made.counts["rows_in"] == 4 and made.counts["readable"] == 0.5


def test_a_row_longer_than_the_model_reads_leaves_with_that_reason_and_is_asked_again_at_another_limit_alone(
    script: Script,
) -> None:
    script.context = 60
    table = documents("short", "x" * 100)
    for limit, news in (("8", {"short", "x" * 100}), ("8", set()), ("9", {"x" * 100})):
        made = run_verb("generate", table, *PROMPT, "--max-tokens", limit)
        assert [row["reason"] for row in made.dropped] == ["too long"] and made.column("response") == ["short"]
        assert set(script.new_questions()) == news


def test_rows_with_an_empty_column_are_not_asked_about_and_pass_as_they_are(script: Script) -> None:
    table = [row | {"open": "" if row["response"] in "bd" else "yes"} for row in documents("a", "b", "c", "d")]
    script.text = lambda request: "" if last_line(request) == "a" else "Fine."
    made = run_verb("generate", table, *PROMPT, "--only", "open")
    assert [(row["response"], row["instruction"]) for row in made.rows] == [("b", None), ("d", None), ("c", "Fine.")]
    assert [row["response"] for row in made.dropped] == ["a"] and sorted(script.new_questions()) == ["a", "c"]
    told = {key: made.counts[key] for key in ("rows_in", "rows_out", "asked", "passed", "readable")}
    assert told == {"rows_in": 4, "rows_out": 3, "asked": 2, "passed": 2, "readable": 0.5}


def test_when_no_row_is_to_be_asked_about_all_pass_and_nothing_is_asked(script: Script) -> None:
    made = run_verb("generate", [row | {"open": ""} for row in documents("a", "b")], *PROMPT, "--only", "open")
    assert len(made.rows) == 2 and not script.new_questions()


def test_a_build_stops_at_the_gate_and_says_the_share_and_the_reasons(script: Script) -> None:
    script.text = odd_replies
    words = r"generate out: only 33% of 3 replies could be read \(1 unreadable, 1 truncated\).*mend prompts/ask\.md"
    with pytest.raises(Problem, match=words):
        run_verb("generate", documents("a", "b", "c"), *PROMPT, *LIMIT)
    assert no_outputs()


def test_the_gate_says_how_empty_replies_are_forgotten(script: Script) -> None:
    script.text = lambda request: ""
    with pytest.raises(Problem, match="'' could not .*baleen memo prune --empty forgets empty replies"):
        run_verb("generate", documents("a", "b"), *PROMPT)


def test_the_gate_shows_a_reply_that_could_not_be_read(script: Script) -> None:
    script.text = odd_replies
    with pytest.raises(Problem, match="for example 'much too long' could not"):
        run_verb("generate", documents("a", "c"), *PROMPT, *LIMIT, "--min-readable", "0.9")


def test_the_gate_can_be_lowered_and_pays_nothing_again(script: Script) -> None:
    script.text = odd_replies
    with pytest.raises(Problem):
        run_verb("generate", documents("a", "b", "c"), *PROMPT, *LIMIT)
    script.new_questions()
    made = run_verb("generate", None, *PROMPT, *LIMIT, "--min-readable", "0.3")
    assert made.counts["rows_out"] == 1 and script.new_questions() == []


def test_no_readable_reply_at_all_is_a_problem_even_without_a_gate(script: Script) -> None:
    script.text = lambda request: " "
    with pytest.raises(Problem, match=r"generate out: no row is left of 2 \(2 unreadable\)"):
        run_verb("generate", documents("a", "b"), *PROMPT, "--min-readable", "0")


def test_replies_that_could_not_be_read_are_seen_in_the_preview_that_is_named_and_cost_nothing(script: Script) -> None:
    script.text = lambda request: f"{last_line(request)} and on and on"
    flags = [*PROMPT, *LIMIT, "--min-readable", "0", "--temperature", "1"]
    with pytest.raises(Problem, match="run it with (--.*) and read data/out-preview.parquet") as caught:
        run_verb("generate", documents(*map(str, range(30))), *flags)
    script.new_questions()
    told = re.search(r"run it with (.*) and read", str(caught.value))[1].split()
    verb.main(["out", "--input", "in", "--engine", "scripted", "--model", "m", *flags, *told])
    seen = read_outputs("out-preview").column("instruction")
    assert script.new_questions() == [] and seen == [f"{n} and on …" for n in range(20)]
    assert not Path("data/out.parquet").exists()


def test_a_reply_that_no_column_can_hold_is_told(script: Script) -> None:
    script.text = lambda request: "It is good."
    with pytest.raises(Problem, match=r"no row is left of 1 \(1 unreadable\); the first reply was 'It is good.'"):
        run_verb("generate", documents("a"), "--prompt", "judge", "--min-readable", "0")


def test_unreadable_rows_can_be_kept_as_they_came_and_are_counted(script: Script) -> None:
    script.text = odd_replies
    made = run_verb("generate", documents("a", "b", "c"), *PROMPT, *LIMIT, "--keep-unreadable")
    assert made.column("instruction") == ["Fine.", "", "much too long …"]
    assert made.counts["kept_unread"] == {"truncated": 1, "unreadable": 1}
    assert made.dropped == [] and made.counts["rows_out"] == 3


def test_several_replies_to_a_row_have_ids_and_seeds_of_their_own(script: Script) -> None:
    script.text = lambda request: f"{last_line(request)} {request.seed}"
    made = run_verb("generate", documents("a", "b"), *PROMPT, "--n", "3")
    assert made.column("response") == ["a", "a", "a", "b", "b", "b"]
    assert len(set(made.column("id"))) == len(set(made.column("instruction"))) == 6
    assert made.rows[0]["id"] == rows.row_id("a")
    again = run_verb("generate", documents("b", "a"), *PROMPT, "--n", "3")
    assert sorted(again.column("instruction")) == sorted(made.column("instruction"))


def test_more_replies_to_a_row_pay_only_for_the_new_ones(script: Script) -> None:
    run_verb("generate", documents("a", "b"), *PROMPT, "--n", "2")
    script.new_questions()
    run_verb("generate", None, *PROMPT, "--n", "3")
    assert script.new_questions() == ["a", "b"]


def test_another_seed_draws_again_and_greedy_has_none(script: Script) -> None:
    for flags, paid in (
        ([], 1),
        (["--seed", "1"], 1),
        (["--temperature", "0"], 1),
        (["--temperature", "0", "--seed", "1"], 0),
    ):
        run_verb("generate", documents("a"), *PROMPT, *flags)
        assert len(script.new_questions()) == paid


REVISE = "---\nwrites: [response]\n---\nBetter, please:\n$draft\n"


def test_a_prompt_that_revises_keeps_the_draft(script: Script) -> None:
    prompt(REVISE, "revise")
    script.text = lambda request: last_line(request).upper()
    made = run_verb("generate", documents("one", "two"), "--prompt", "revise")
    assert made.column("draft") == ["one", "two"] and made.column("response") == ["ONE", "TWO"]


def test_a_row_that_passes_unasked_has_no_draft(script: Script) -> None:
    prompt(REVISE, "revise")
    table = [row | {"open": "" if row["response"] == "b" else "yes"} for row in documents("a", "b")]
    made = run_verb("generate", table, "--prompt", "revise", "--only", "open")
    assert made.column("response") == ["b", "Question about a"] and made.column("draft") == [None, "a"]


def test_a_row_that_passes_unasked_keeps_the_draft_it_has(script: Script) -> None:
    prompt(REVISE, "revise")
    table = [row | {"draft": "old", "open": ""} for row in documents("a")]
    assert run_verb("generate", table, "--prompt", "revise", "--only", "open").column("draft") == ["old"]


@pytest.mark.parametrize(
    ("table", "flags", "lacking"),
    [
        ([{"id": "1", "instruction": "why ?"}], (), "response"),
        (documents("a"), ("--only", "draft"), "draft"),
        (documents("a"), ("--writes", "answer"), "answer"),
    ],
)
def test_a_draft_of_a_column_that_the_table_lacks_is_told_before_anything_is_asked(
    script: Script, table: list[rows.Row], flags: tuple[str, ...], lacking: str
) -> None:
    prompt(REVISE, "revise")
    with pytest.raises(Problem, match=f"data/in.parquet has no column {lacking}; it has id"):
        run_verb("generate", table, "--prompt", "revise", *flags)
    assert script.built == 0 and no_outputs()


def test_the_columns_of_a_table_are_read_once(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    prompt(REVISE, "revise")
    rows.write("in", documents("a"))
    found, read = list[object](), rows.pq.read_schema
    monkeypatch.setattr(rows.pq, "read_schema", lambda path: found.append(path) or read(path))
    options = verb.GenerateOptions("in", "m", "revise")
    assert generation.table_of(rows.table_path("in"), prompts.load("revise"), options).names == [
        "id",
        "origin",
        "response",
    ]
    assert len(found) == 1


def test_the_reply_can_be_written_to_another_column(script: Script) -> None:
    made = run_verb("generate", documents("a"), *PROMPT, "--writes", "answer")
    assert made.column("answer") == ["Question about a"] and "instruction" not in made.rows[0]


@pytest.mark.parametrize(
    ("origin", "tag", "said"), [("seed", "", "Be kind."), ("web", "", "Be brief."), ("web", "seed", "Be kind.")]
)
def test_the_origin_or_the_tag_chooses_the_system_message(script: Script, origin: str, tag: str, said: str) -> None:
    run_verb("generate", documents("a", origin=origin), *PROMPT, *(["--tag", tag] if tag else []))
    assert script.paid[0].messages[0] == ("system", said)


def test_lineage_says_who_was_asked_what_and_how(script: Script) -> None:
    made = run_verb("generate", documents("a"), *PROMPT, "--temperature", "0.5", "--seed", "7")
    (step,) = made.rows[0]["lineage"]
    assert (step["target"], step["columns"]) == ("out", "instruction")
    assert len(step["prompt"]) == 16 and len(step["model"]) == 32 and len(step["key"]) == 32
    sampling = json.loads(step["sampling"])
    assert (sampling["temperature"], sampling["seed"], sampling["max_tokens"]) == (0.5, 7, 512)


def test_lineage_grows_with_every_step(script: Script) -> None:
    first = run_verb("generate", documents("a"), *PROMPT)
    second = run_verb("generate", first.rows, *PROMPT, "--writes", "answer")
    assert [step["columns"] for step in second.rows[0]["lineage"]] == ["instruction", "answer"]


def test_only_an_engine_that_can_is_asked_to_hold_replies_to_a_format(script: Script) -> None:
    prompt("---\nwrites: [kind, addition]\nformat: fields\n---\n$response\n", "shaped")
    with pytest.raises(Problem, match="engine hf cannot hold replies to a format; write engine: openai or vllm"):
        verb.check(verb.GenerateOptions("web", "m", "shaped", structured="true"), "generate out")
    with pytest.raises(
        Problem,
        match="ask.md has format text, which structured output cannot have; .* fields, lines, rating, linguist.tagged",
    ):
        run_verb("generate", documents("a"), *PROMPT, "--structured")
    with pytest.raises(Problem, match="unknown structured 'always'"):
        verb.check(verb.GenerateOptions("web", "m", "ask", structured="always"), "generate out")


PINNED = {"at a server": "endpoint: http://x/v1\nmodel: m", "at vLLM": "endpoint: http://x/v1\nmodel: m\nserver: vllm"}


@pytest.mark.parametrize(
    ("engine", "where", "head", "held"),
    [
        ("vllm", "", "format: fields", True),
        ("hf", "", "format: fields", False),
        ("vllm", "", "format: text", False),
        ("vllm", "", 'format: lines\nprefill: "- "', False),
        ("openai", "at a server", "format: fields", False),
        ("openai", "at vLLM", "format: fields", True),
    ],
)
def test_replies_are_held_to_a_format_where_engine_server_and_format_can(
    script: Script, engine: str, where: str, head: str, held: bool
) -> None:
    """Known before a row is asked, and part of what a reply is looked up by."""
    prompt(f"---\nwrites: [kind]\n{head}\n---\n$response\n", "shaped")
    if where:
        Path("models/elsewhere").mkdir(parents=True)
        Path("models/elsewhere/pin.yaml").write_text(PINNED[where], encoding="utf-8")
    options = verb.GenerateOptions("web", "elsewhere", "shaped", engine=engine)
    assert bool(generation.sampling_of(options, prompts.load("shaped")).shape) == held
    assert not generation.sampling_of(replace(options, structured="false"), prompts.load("shaped")).shape


def test_the_stop_of_a_text_that_a_base_model_continues_reaches_the_engine(script: Script) -> None:
    """That of a chat does not: a model may write it while it reasons."""
    prompt('---\nwrites: [answer]\nprefill: "Question: $response Answer:"\nstop: "Question:"\n---\n', "continued")
    prompt('---\nwrites: [answer]\nstop: "Question:"\n---\n$response\n', "chat")
    options = verb.GenerateOptions("web", "m", "continued", stop=["\n\n\n"])
    assert generation.sampling_of(options, prompts.load("continued")).stop == ("Question:", "\n\n\n")
    assert generation.sampling_of(options, prompts.load("chat")).stop == ("\n\n\n",)
    with pytest.raises(Problem, match="stop has an empty text"):
        verb.check(replace(options, stop=[""]), "generate out")


def test_a_prompt_may_hold_braces_and_dollars(script: Script) -> None:
    prompt('---\nwrites: [instruction]\n---\nReply as {"cost": "$$5", "of": {}}\n$response\n')
    run_verb("generate", documents("a"), *PROMPT)
    assert script.paid[0].messages[-1][1] == 'Reply as {"cost": "$5", "of": {}}\na'


RATINGS = [
    ("Good.\nScore: 3", 3.0),
    ("Good.\n**Score:** 5", 5.0),
    ("score: 4.5/5", 4.5),
    ("Score: <4>", 4.0),
    ("Score: 2\nScore: 4", None),
    ("Score: 10", None),
    ("Score: 0", None),
    ("Score: 3 of 5, or 4", None),
    ("1: incomplete\n2: vague\n3: helpful", None),
    ("It is good.", None),
    ("Score: 4\nThank you.", 4.0),
]


@pytest.mark.parametrize(("reply", "rating"), RATINGS)
def test_a_written_rating_is_read_or_counted_as_unreadable(script: Script, reply: str, rating: float | None) -> None:
    script.text = lambda request: reply
    made = run_verb("generate", documents("a"), "--prompt", "judge", "--keep-unreadable", "--writes", "verdict")
    assert made.rows[0]["verdict"] == rating
    assert made.counts["readable"] == float(rating is not None)


def test_a_second_run_asks_nothing_and_loads_no_model(script: Script) -> None:
    first = run_verb("generate", documents("a", "b"), *PROMPT)
    bytes_ = Path("data/out.parquet").read_bytes()
    assert script.new_questions() == ["a", "b"] and script.built == 1
    second = run_verb("generate", None, *PROMPT)
    assert (second, Path("data/out.parquet").read_bytes()) == (first, bytes_)
    assert script.new_questions() == [] and script.built == 1


def test_a_changed_prompt_word_asks_exactly_the_rows_whose_question_changed(script: Script) -> None:
    table = [*documents("a", "b"), *documents("c", "d", origin="seed")]
    run_verb("generate", table, *PROMPT)
    assert script.new_questions() == ["a", "b", "c", "d"]
    prompt(ASK.replace("kind", "very kind"))
    run_verb("generate", table, *PROMPT)
    assert script.new_questions() == ["c", "d"]


def test_appended_rows_ask_only_those_and_reordered_rows_none(script: Script) -> None:
    run_verb("generate", documents("a", "b"), *PROMPT)
    script.new_questions()
    run_verb("generate", documents("a", "b", "c"), *PROMPT)
    assert script.new_questions() == ["c"]
    made = run_verb("generate", documents("c", "a", "b"), *PROMPT)
    assert script.new_questions() == [] and made.column("response") == ["c", "a", "b"]


def test_a_better_parser_asks_nothing(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    before = run_verb("generate", documents("a"), *PROMPT)
    script.new_questions()
    shouting = Format(lambda reply, columns: {columns[0]: reply.upper()}, FORMATS["text"].show)
    monkeypatch.setitem(FORMATS, "text", shouting)
    after = run_verb("generate", None, *PROMPT)
    assert (before.column("instruction"), after.column("instruction")) == (["Question about a"], ["QUESTION ABOUT A"])
    assert script.new_questions() == []


def test_other_weights_at_the_same_path_ask_everything(script: Script) -> None:
    run_verb("generate", documents("a", "b"), *PROMPT)
    script.new_questions()
    Path("models/m/model.safetensors").write_text("other weights")
    run_verb("generate", None, *PROMPT)
    assert script.new_questions() == ["a", "b"]


def test_speed_settings_ask_nothing(script: Script) -> None:
    run_verb("generate", documents("a", "b"), *PROMPT)
    script.new_questions()
    Path("profiles/p.yaml").write_text("speed: {batch_tokens: 7, gpu_memory: 0.5, processes: 3, threads: 2}\n")
    run_verb("generate", None, *PROMPT)
    assert script.new_questions() == []


def test_only_replies_that_were_cut_off_are_asked_again_with_more_room(script: Script) -> None:
    script.text = odd_replies
    run_verb("generate", documents("a", "c"), *PROMPT, *LIMIT)
    script.new_questions()
    made = run_verb("generate", None, *PROMPT, "--max-tokens", "30")
    assert script.new_questions() == ["c"] and made.column("instruction") == ["Fine.", "much too long a reply"]


def test_a_preview_asks_the_first_rows_and_leaves_the_table_alone(script: Script) -> None:
    rows.write("in", documents("a", "b", "c"))
    verb.main(["out", "--input", "in", "--engine", "scripted", "--model", "m", *PROMPT, "--limit", "2"])
    assert read_outputs("out-preview").column("response") == ["a", "b"]
    assert not Path("data/out.parquet").exists()


def test_a_spent_budget_keeps_what_was_paid_and_the_same_command_goes_on(script: Script) -> None:
    table = documents(*(f"row {n}" for n in range(100)))
    with pytest.raises(Problem, match=r"the budget of 10 tokens is spent .* run the same command to go on"):
        run_verb("generate", table, *PROMPT, "--budget", "10")
    paid = len(script.new_questions())
    assert 0 < paid < 100 and no_outputs()
    run_verb("generate", None, *PROMPT)
    assert len(script.new_questions()) == 100 - paid


def test_a_dry_run_says_what_would_be_asked_and_asks_nothing(
    script: Script, capsys: pytest.CaptureFixture[str]
) -> None:
    run_verb("generate", documents("a"), *PROMPT)
    script.new_questions()
    Path("data/out.parquet").unlink()
    rows.write("in", documents("a", "b", "b"))
    verb.main(["out", "--input", "in", "--engine", "scripted", "--model", "m", *PROMPT, "--dry-run"])
    shown = capsys.readouterr().out
    assert shown.startswith("generate out: 3 rows, 2 cached or repeated, 1 to query; about ")
    assert "about 3 to write, at most 512; about 0 s at " in shown and shown.endswith("nothing was queried\n")
    assert script.new_questions() == [] and not Path("data/out.parquet").exists()


def test_a_damaged_record_is_told_and_paid_again_and_no_other(
    script: Script, capfd: pytest.CaptureFixture[str]
) -> None:
    before = run_verb("generate", documents("a", "b", "c"), *PROMPT)
    script.new_questions()
    corrupt(Memo(memo_folder()), "UPDATE reply SET value = X'00' WHERE rowid = 2")
    after = run_verb("generate", None, *PROMPT)
    assert len(script.new_questions()) == 1 and after.rows == before.rows
    assert "a damaged record in" in capfd.readouterr().err
    run_verb("generate", None, *PROMPT)
    assert script.new_questions() == [] and "damaged" not in capfd.readouterr().err


def test_a_reply_that_repeats_what_it_was_asked_leaves_as_an_echo(script: Script) -> None:
    script.text = lambda request: last_line(request) if "cat" in last_line(request) else "What is it ?"
    made = run_verb("generate", documents("the cat sat down", "a dog"), *PROMPT, "--echo", "0.8")
    assert made.column("response") == ["a dog"] and made.counts["dropped"] == {"echo": 1}


def test_a_model_that_echoes_most_of_what_it_reads_stops_the_build(script: Script) -> None:
    script.text = last_line
    with pytest.raises(Problem, match=r"only 0% of 2 replies could be read \(2 echo\)"):
        run_verb("generate", documents("the cat sat down", "a dog runs off"), *PROMPT, "--echo", "0.8")


def test_a_model_that_says_the_same_to_everybody_stops_the_build(script: Script) -> None:
    script.text = lambda request: "What is it ?"
    table = documents(*map(str, range(50)))
    with pytest.raises(Problem, match=r"only 2.0% of the 2-grams .* min_distinct is 5.0%; such as 'What is it \?'"):
        run_verb("generate", table, *PROMPT, "--min-distinct", "0.05")
    assert run_verb("generate", table, *PROMPT, "--min-distinct", "0.01").counts["distinct"] == 0.02


def test_where_no_reply_was_read_there_is_no_variety_to_measure(script: Script) -> None:
    varied = ("--min-distinct", "0.05")
    made = run_verb("generate", [row | {"open": ""} for row in documents("a")], *PROMPT, *varied, "--only", "open")
    assert len(made.rows) == 1 and "distinct" not in made.counts
    script.text = lambda request: ""
    made = run_verb("generate", documents("a"), *PROMPT, *varied, "--keep-unreadable")
    assert len(made.rows) == 1 and "distinct" not in made.counts
    with pytest.raises(Problem, match="no row is left of 1"):
        run_verb("generate", documents("a"), *PROMPT, *varied, "--min-readable", "0")


PLAIN = "---\nwrites: [instruction]\nprefill: |-\n  Answer: $response\n  Question:\nstop: 'Answer:'\n---\n"


def test_a_prompt_without_a_question_goes_on_with_its_prefill_and_the_reply_is_what_follows(script: Script) -> None:
    prompt(PLAIN, "plain")
    said = replies.outcome("Answer: it is blue\nQuestion:", Reply(" What is it?"), prompts.load("plain"))
    assert said == ({"instruction": "What is it?"}, "")


STOPS = [
    (" What is it?\n\nAnswer: it is red\nQuestion: and", "length", {"instruction": "What is it?"}, ""),
    (" What is it?", "stop", {"instruction": "What is it?"}, ""),
    (" What is", "length", None, "truncated"),
    ("Answer: x", "stop", None, "unreadable"),
]


@pytest.mark.parametrize(("text", "finish", "columns", "reason"), STOPS)
def test_a_reply_ends_before_its_stop(
    script: Script, text: str, finish: str, columns: dict[str, str] | None, reason: str
) -> None:
    prompt(PLAIN, "plain")
    assert replies.outcome("", Reply(text, finish), prompts.load("plain")) == (columns, reason)


THOUGHTS = [  # raw reply, what is kept of it, reason
    ("<think>\nhm\n</think>\n\nWhat is it?", "What is it?", ""),
    ("hm.\n</think>\n\nWhat is it?", "What is it?", ""),
    ("<think>\nhm\n</think>\n<answer>\nWhat is it?\n</answer>", "What is it?", ""),
    ("<think>\nhm\n</think>\n", None, "only reasoning"),
    ("<think>\nhm", None, "only reasoning"),
    ("<reasoning>hm</reasoning>", None, "only reasoning"),
]


@pytest.mark.parametrize(("text", "kept", "reason"), THOUGHTS)
def test_reasoning_is_no_part_of_a_column(script: Script, text: str, kept: str | None, reason: str) -> None:
    script.text = lambda request: text if last_line(request) == "a" else "Fine."
    made = run_verb("generate", documents("a", "b"), *PROMPT, "--max-tokens", "50")
    assert made.column("instruction") == [*filter(None, [kept]), "Fine."]
    assert [(row["reason"], row["reply"]) for row in made.dropped] == ([(reason, text)] if reason else [])
    made = run_verb("generate", documents("a", "b"), *PROMPT, "--max-tokens", "50", "--keep-unreadable")
    assert made.column("instruction") == [kept, "Fine."]


def test_reasoning_that_is_cut_off_is_truncated_and_no_answer(script: Script) -> None:
    script.text = lambda request: "<think>\nhm and hm and hm"
    made = run_verb("generate", documents("a"), *PROMPT, *LIMIT, "--keep-unreadable")
    assert made.column("instruction") == [None] and made.counts["kept_unread"] == {"truncated": 1}


def test_reasoning_is_cut_before_a_stop_and_before_a_list(script: Script) -> None:
    prompt("---\nwrites: [constraints]\nformat: lines\nstop: 'Text:'\n---\n$response\n")
    script.text = lambda request: "<think>\n- no Text:\n- nor this\n</think>\n- in French\nText: b"
    made = run_verb("generate", documents("a"), *PROMPT, "--max-tokens", "50")
    assert made.column("constraints") == [["in French"]]


def test_arguments_of_the_template_go_to_the_engine_and_into_the_key(script: Script) -> None:
    off = ("--template.enable_thinking", "false")
    run_verb("generate", documents("a"), *PROMPT)
    made = run_verb("generate", documents("a"), *PROMPT, *off)
    assert [request.template for request in script.paid] == ["", '{"enable_thinking":false}']
    assert json.loads(made.rows[0]["lineage"][0]["sampling"])["template"] == {"enable_thinking": "false"}
    run_verb("generate", documents("a"), *PROMPT, *off)
    assert len(script.paid) == 2


@pytest.mark.parametrize(
    ("engine", "text", "words"),
    [
        ("apertium", ASK, "apertium has no chat template, so `template` has no effect; write engine: hf or openai"),
        ("hf", "---\nwrites: [a]\nprefill: So\n---\n", r"prompts/ask.md is no chat, so `template` has no effect"),
    ],
)
def test_arguments_of_a_template_without_effect_are_refused(script: Script, engine: str, text: str, words: str) -> None:
    prompt(text)
    options = verb.GenerateOptions("in", "m", "ask", engine=engine, template={"enable_thinking": False})
    with pytest.raises(Problem, match=words):
        verb.check(options, "generate out")


@pytest.mark.parametrize(("short", "stops"), [(0, True), (1, True), (2, False), (4, False)])
def test_rows_that_are_kept_unread_stop_the_build_where_too_many_had_no_reply(
    script: Script, short: int, stops: bool
) -> None:
    script.context = 60
    table = documents(*(f"row {n}" if n < short else "x" * (90 + n) for n in range(4)))
    flags = ("--prompt", "ask", "--keep-unreadable", "--min-readable", "0.5")
    if stops:
        with pytest.raises(Problem, match=f"generate out: {4 - short} of 4 requests had no reply .*lower max_tokens"):
            run_verb("generate", table, *flags)
    else:
        assert run_verb("generate", table, *flags).counts["rows_out"] == 4
