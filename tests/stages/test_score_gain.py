"""score: the gain is what a question adds to the likelihood of its answer; a rating can be written out."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from scripted import Script, ScriptedEngine, documents, run_verb, scripted_project

from baleen import prompts
from baleen.engines.protocol import TOO_LONG, Reply, Request, Sampling
from baleen.errors import Problem
from baleen.memo import scores
from baleen.project.inputs import CODE
from baleen.tables import rows
from stages import score as verb

GAIN = ("--prompt", "reply", "--gain")
WRITTEN = ("--prompt", "judge", "--rating", "written")
CHECKOUT = Path(CODE)


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Script:
    monkeypatch.setattr(ScriptedEngine, "loss", loss)
    return scripted_project(tmp_path, monkeypatch, Script())


def loss(self: ScriptedEngine, requests: Sequence[Request]) -> Iterator[tuple[int, Reply]]:
    """An answer costs its length in letters, and half of that after a question that has a word of it."""
    for index, request in self.numbered(requests):
        helps = {*request.messages[-1][1].split()} & {*request.answer.split()}
        mean = len(request.answer) / (2 if helps else 1)
        yield index, Reply(values=(mean, mean + 1, 3.0)) if self.reads(request) else TOO_LONG


def pair(response: str | None, instruction: str) -> rows.Row:
    return {"id": f"{instruction}:{response}", "origin": "web", "instruction": instruction, "response": response}


def test_the_gain_is_the_loss_without_the_question_minus_the_loss_with_it(script: Script) -> None:
    made = run_verb("score", [pair("four", "say four"), pair("four", "say five")], *GAIN)
    assert made.column("gain") == [2.0, 0.0] and made.column("loss") == [2.0, 4.0]
    assert made.column("worst") == [3.0, 5.0] and made.column("tokens") == [3.0, 3.0]
    assert made.counts["readable"] == 1.0


def test_without_the_question_the_system_message_and_the_prefill_stay(script: Script) -> None:
    Path("prompts/reply.md").write_text(
        "---\nwrites: [response]\nsystem: {web: Be stern.}\nprefill: 'So '\n---\nDo: $instruction\n"
    )
    run_verb("score", [pair("So four", "say four")], *GAIN)
    empty, whole = sorted(script.paid, key=lambda request: len(request.messages[-1][1]))
    assert empty.messages == (("system", "Be stern."), ("user", ""))
    assert whole.messages == (("system", "Be stern."), ("user", "Do: say four"))
    assert {request.prefill for request in script.paid} == {"So "} and empty.answer == whole.answer == "four"


@pytest.mark.parametrize("candidates", [1, 2, 5, 30])
def test_the_pass_without_the_question_is_queried_once_for_a_document_and_a_model(
    script: Script, candidates: int
) -> None:
    table = [pair(text, f"say {n}") for text in ("one", "two", "three") for n in range(candidates)]
    run_verb("score", table, *GAIN)
    assert len(script.paid) == 3 * candidates + 3
    assert sum(request.messages[-1][1] == "" for request in script.paid) == 3
    script.new_questions()
    run_verb("score", [pair("one", "another"), pair("four", "another")], *GAIN)
    assert script.new_questions() == ["", "another", "another"]
    Path("models/m/model.safetensors").write_text("other weights")
    run_verb("score", [pair("one", "another")], *GAIN)
    assert script.new_questions() == ["", "another"]


def test_a_likelihood_that_was_queried_is_the_gains_too(script: Script) -> None:
    table = [pair("four", "say four")]
    run_verb("score", table, "--prompt", "reply")
    script.new_questions()
    run_verb("score", table, *GAIN)
    assert script.new_questions() == [""]


UNREADABLE = {
    "an answer that is NULL": (pair(None, "say"), "without response, which is NULL"),
    "a pair too long for the model": (pair("x" * 100, "say"), "longer than the model reads"),
    "a question too long for it": (pair("x", "y" * 100), "longer than the model reads"),
    "an answer whose likelihood is not finite": (pair("inf", "say"), "without a token to grade or a finite likelihood"),
    "an answer without a token": (pair("none", "say"), "without a token to grade or a finite likelihood"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_gain_that_cannot_be_read_is_null_and_counted(
    name: str, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = {"inf": Reply(values=(float("inf"), float("inf"), 1.0)), "none": Reply()}
    normal = ScriptedEngine.loss

    def broken(self: ScriptedEngine, requests: Sequence[Request]) -> Iterator[tuple[int, Reply]]:
        return ((i, odd.get(requests[i].answer, reply)) for i, reply in normal(self, requests))

    monkeypatch.setattr(ScriptedEngine, "loss", broken)
    script.context, (row, words) = 60, UNREADABLE[name]
    made = run_verb("score", [row, pair("four", "say four")], *GAIN)
    assert made.column("gain") == [None, 2.0] and made.counts["readable"] == 0.5
    with pytest.raises(Problem, match=f"; 1 {words}"):
        run_verb("score", None, *GAIN, "--min-readable", "0.9")


def test_both_passes_stand_in_the_lineage_so_that_a_prune_keeps_them(script: Script) -> None:
    [row] = run_verb("score", [pair("four", "say four")], *GAIN).rows
    assert [step["columns"] for step in row["lineage"]] == ["gain,loss,worst,tokens"] * 2
    assert len({step["key"] for step in row["lineage"]}) == 2


@pytest.mark.parametrize("flags", [("--prompt", "judge", "--gain"), (*GAIN, "--embed"), ("--prompt", "bare", "--gain")])
def test_a_gain_needs_a_prompt_that_asks_for_the_answer(script: Script, flags: Sequence[str]) -> None:
    Path("prompts/bare.md").write_text("---\nwrites: [response]\n---\n")
    with pytest.raises(Problem, match="score out: gain compares an answer with and without its question"):
        run_verb("score", documents("a"), *flags)


def test_a_written_rating_is_asked_without_a_cue_and_read_off_the_last_line(script: Script) -> None:
    script.text = lambda request: "It is fine.\nScore: 2"
    made = run_verb("score", documents("a"), *WRITTEN)
    assert made.column("rating") == [2.0] and made.column("reasons") == ["It is fine.\nScore: 2"]
    (request,) = script.paid
    assert (request.prefill, request.choices) == ("", ()) and request.seed > 0
    (step,) = made.rows[0]["lineage"]
    assert step["columns"] == "rating,reasons" and json.loads(step["sampling"])["temperature"] == 0.7


def test_each_row_has_a_seed_of_its_own_unless_the_rating_is_greedy(script: Script) -> None:
    script.text = lambda request: "Score: 2"
    run_verb("score", documents("a", "b"), *WRITTEN)
    assert len({request.seed for request in script.paid}) == 2
    run_verb("score", documents("c", "d"), *WRITTEN, "--temperature", "0")
    assert [request.seed for request in script.paid[2:]] == [0, 0]


def test_a_written_rating_that_is_cut_off_or_says_none_is_null_and_counted(script: Script) -> None:
    said = {"a": "Score: 2", "b": "It is good.", "c": "Score: 2 " + "x " * 9, "d": "Score: 9"}
    script.text = lambda request: said[request.messages[-1][1][-1]]
    made = run_verb("score", documents(*said), *WRITTEN, "--max-tokens", "8", "--min-readable", "0.2")
    assert made.column("rating") == [2.0, None, None, None] and made.counts["readable"] == 0.25
    with pytest.raises(Problem, match="; 3 without a choice from the model"):
        run_verb("score", None, *WRITTEN, "--max-tokens", "8")


@pytest.mark.parametrize("way", ["wrote", "", "Expected"])
def test_a_way_to_rate_that_is_none_is_a_problem(script: Script, way: str) -> None:
    with pytest.raises(Problem, match=f"score out: unknown rating '{way}'"):
        run_verb("score", documents("a"), "--prompt", "judge", "--rating", way)


JUDGES = {  # a judge, a line that it may end with, what that says
    "judge": ("Score: 4", 4.0),
    "air/rate": ("Score: 0", 0.0),
    "air/grade": ("Score: 3", 3.0),
    "kun/pair": ("Grade: 5", 5.0),
    "kun/point": ("Quality: good", 1.0),
    "crab/verify": ("Verdict: no", 0.0),
}


@pytest.mark.parametrize("name", JUDGES)
def test_every_judge_can_write_its_rating_out(script: Script, name: str) -> None:
    line, value = JUDGES[name]
    prompt = prompts.load(name, folder=CHECKOUT / "prompts")
    one = scores.written(scores.Chat(prompt), Sampling(), 0)
    assert one.read([Reply(f"It is so.\n\n{line}")]) == {prompt.scores[0]: value, "reasons": f"It is so.\n\n{line}"}
    assert one.read([Reply(f"<think>\nhm\n</think>\n{line}")])[prompt.scores[0]] == value
    assert one.read([Reply("I cannot say.")])[prompt.scores[0]] is None
    assert one.read([Reply(line, "length")])[prompt.scores[0]] is None


def test_a_dry_run_says_what_both_passes_and_both_ways_to_rate_cost(
    script: Script, capsys: pytest.CaptureFixture[str]
) -> None:
    rows.write("in", [pair("one", "a"), pair("one", "b"), pair("two", "c")])
    line = ["out", "--input", "in", "--engine", "scripted", "--model", "m", "--dry-run"]
    verb.main([*line, *GAIN])
    shown = capsys.readouterr().out
    assert shown.startswith("score out: 3 rows, 0 cached or repeated, 3 to query; about ")
    assert "; without the instruction: 1 cached or repeated, 2 to query; about " in shown and shown.count("\n") == 1
    verb.main([*line, "--prompt", "judge"])
    shown = capsys.readouterr().out
    assert "; with rating: written: 0 cached or repeated, 3 to query; " in shown and ", at most 1,536 to write" in shown
    verb.main([*line, "--prompt", "judge", "--rating", "written"])
    shown = capsys.readouterr().out
    assert "; with rating: expected: 1 cached or repeated, 2 to query; " in shown
    verb.main([*line, "--prompt", "reply"])
    assert "with" not in capsys.readouterr().out
