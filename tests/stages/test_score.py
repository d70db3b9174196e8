"""score: the existing answer gets a loss or a rating, NULL when it cannot be parsed, and is queried once."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from scripted import JUDGE, Script, ScriptedEngine, documents, last_line, no_outputs, run_verb, scripted_project

from baleen.engines import table
from baleen.engines.protocol import Reply, Request
from baleen.errors import Problem
from baleen.project import builds
from baleen.tables import rows
from stages import filter as filter_verb
from stages import score as verb

RATE, LOSS = ("--prompt", "judge"), ("--prompt", "reply")


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Script:
    return scripted_project(tmp_path, monkeypatch, Script())


def pairs(*texts: str) -> list[rows.Row]:
    return [row | {"instruction": f"Say {row['response']}"} for row in documents(*texts)]


@pytest.mark.parametrize(
    ("choices", "rating"),
    [
        ((0.0, 0.5, 0.5), 2.5),
        ((1.0, 0.0, 0.0), 1.0),
        ((0.1, 0.1, 0.4), (0.1 + 0.2 + 1.2) / 0.6),
        ((0.0, 0.0, 0.5), 3.0),
    ],
)
def test_a_rating_is_the_mean_of_the_choices_under_their_probabilities(
    script: Script, choices: tuple[float, ...], rating: float
) -> None:
    script.choices = lambda request: choices
    made = run_verb("score", documents("a"), *RATE)
    assert made.column("rating") == [pytest.approx(rating)]
    assert made.column("mass") == [pytest.approx(sum(choices))]


def test_a_rating_is_null_when_its_choices_have_too_little_probability(script: Script) -> None:
    script.choices = lambda request: (0.2, 0.1, 0.1) if last_line(request) == "Grade: b" else (0.0, 0.3, 0.3)
    made = run_verb("score", documents("a", "b", "c"), *RATE)
    assert made.column("rating") == [2.5, None, 2.5]
    assert made.column("mass") == [pytest.approx(0.6), pytest.approx(0.4), pytest.approx(0.6)]
    assert made.counts["readable"] == pytest.approx(2 / 3, abs=1e-4) and made.counts["rows_out"] == 3


def test_choices_of_no_probability_at_all_give_null(script: Script) -> None:
    script.choices = lambda request: (0.0, 0.0, 0.0)
    made = run_verb("score", documents("a"), *RATE, "--min-mass", "0", "--min-readable", "0")
    assert made.column("rating") == [None]


def test_choices_that_begin_with_zero_are_counted_from_it(script: Script) -> None:
    Path("prompts/sum.md").write_text(
        "---\nwrites: [total]\nchoices: [' 0', ' 1', ' 2']\ncue: 'Score:'\n---\n$response\n"
    )
    script.choices = lambda request: (0.5, 0.0, 0.5) if last_line(request) == "a" else (1.0, 0.0, 0.0)
    assert run_verb("score", documents("a", "b"), "--prompt", "sum").column("rating") == [1.0, 0.0]


def test_two_choices_give_the_probability_of_the_second(script: Script) -> None:
    Path("prompts/good.md").write_text("---\nwrites: [good]\nchoices: [' no', ' yes']\ncue: 'Good:'\n---\n$response\n")
    said = {"a": (0.1, 0.7), "b": (0.6, 0.2), "c": (0.1, 0.1), "d": (0.0, 1.0)}
    script.choices = lambda request: said[last_line(request)]
    made = run_verb("score", documents(*said), "--prompt", "good")
    assert made.column("probability") == [pytest.approx(0.875), pytest.approx(0.25), None, 1.0]
    assert made.column("mass") == [pytest.approx(p) for p in (0.8, 0.8, 0.2, 1.0)]
    assert made.counts["readable"] == 0.75 and "rating" not in made.rows[0]
    assert [step["columns"] for step in made.rows[0]["lineage"]] == ["probability,mass"]
    filter_verb.main(["best", "--input", "out", "--keep", "probability>=0.8"])
    assert [row["response"] for row in rows.read(rows.table_path("best"))] == ["a", "d"]


def garbage_for_three_in_ten(request: Request) -> tuple[float, ...]:
    return (0.0, 0.0, 0.01) if last_line(request)[-1] in "036" else (0.0, 0.5, 0.5)


def test_a_judge_that_answers_garbage_stops_the_build_at_the_gate(script: Script) -> None:
    script.choices = garbage_for_three_in_ten
    table = documents(*(f"row {n}" for n in range(10)))
    with pytest.raises(Problem, match=r"score out: only 70% of 10 scores could be read, min_readable is 80%"):
        run_verb("score", table, *RATE, "--min-readable", "0.8")
    assert no_outputs()
    script.new_questions()
    made = run_verb("score", None, *RATE, "--min-readable", "0.7")
    assert made.counts["readable"] == 0.7 and made.column("rating").count(None) == 3
    assert script.new_questions() == []


def test_the_gate_says_by_kind_what_is_wrong(script: Script) -> None:
    script.context = 60
    table = [*pairs("x" * 100, "y" * 100), *answer_table(None, "a")]
    with pytest.raises(Problem) as caught:
        run_verb("score", table, *LOSS, "--min-readable", "0.9")
    told = "2 longer than the model reads (take them out with a filter), 1 without response, which is NULL (take"
    assert f"; {told}" in str(caught.value)
    script.choices = garbage_for_three_in_ten
    with pytest.raises(
        Problem, match=r"; 1 without a choice from the model \(use another scorer than prompts/judge.md\)$"
    ):
        run_verb("score", documents("0", "1"), *RATE, "--min-readable", "0.9")


def test_a_rating_is_asked_with_the_cue_and_the_choices_of_the_prompt(script: Script) -> None:
    run_verb("score", documents("a"), *RATE)
    (request,) = script.paid
    assert (request.prefill, request.choices, request.answer) == ("Score:", (" 1", " 2", " 3"), "")


def test_a_likelihood_has_a_mean_a_worst_and_a_number_of_tokens(script: Script) -> None:
    made = run_verb("score", pairs("one two", "three"), *LOSS)
    assert made.column("loss") == [0.7, 0.5]
    assert made.column("worst") == [3.0, 5.0]
    assert made.column("tokens") == [2.0, 1.0]
    assert made.counts["readable"] == 1.0


def test_a_row_longer_than_the_model_reads_has_no_score(script: Script) -> None:
    script.context = 60
    for news in (2, 0):
        made = run_verb("score", pairs("short", "x" * 100), *LOSS, "--min-readable", "0.5")
        assert made.column("loss") == [0.5, None]
        assert made.counts["readable"] == 0.5 and len(script.new_questions()) == news


def test_a_likelihood_that_is_not_finite_is_null(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    said = {"a": (math.nan, math.nan, 1.0), "b": (math.inf, math.inf, 1.0), "c": (0.5, 0.5, 1.0)}

    def loss(self: ScriptedEngine, requests: Sequence[Request]) -> Iterator[tuple[int, Reply]]:
        return ((i, Reply(values=said[request.answer])) for i, request in self.numbered(requests))

    monkeypatch.setattr(ScriptedEngine, "loss", loss)
    with pytest.raises(Problem, match="; 2 without a token to grade or a finite likelihood$"):
        run_verb("score", pairs(*said), *LOSS)
    made = run_verb("score", pairs(*said), *LOSS, "--min-readable", "0.3")
    assert made.column("loss") == made.column("worst") == [None, None, 0.5] and made.column("tokens") == [1.0] * 3
    assert made.counts["readable"] == 0.3333


def answer_table(*texts: str | None) -> list[rows.Row]:
    """A table in which None is an answer that is NULL."""
    return [{"id": str(n), "origin": "web", "instruction": f"Say {n}", "response": t} for n, t in enumerate(texts)]


def test_an_answer_that_is_null_has_no_likelihood_in_its_place_and_is_not_asked_about(script: Script) -> None:
    graded = run_verb("score", documents("a"), *RATE).rows[0]
    table = [row | {"lineage": graded["lineage"]} for row in answer_table(None, "a", None, None, "bb", None)]
    script.new_questions()
    made = run_verb("score", table, *LOSS, "--min-readable", "0.3")
    assert made.column("loss") == [None, 0.1, None, None, 0.2, None]
    assert made.column("worst") == [None, 1.0, None, None, 2.0, None] and made.column("id") == list("012345")
    assert script.new_questions() == ["Say 1", "Say 4"]
    assert [len(row["lineage"]) for row in made.rows] == [1, 2, 1, 1, 2, 1]
    assert made.counts["readable"] == 0.3333 and made.counts["rows_out"] == 6 and made.counts["asked"] == 2


def test_an_answer_that_is_null_has_no_vector(script: Script) -> None:
    made = run_verb("score", answer_table("a", None, "bb"), *LOSS, "--embed")
    assert made.column("vector") == [[1.0, 1.0], None, [1.0, 2.0]] and len(script.paid) == 2


@pytest.mark.parametrize("engine", table.ENGINES)
def test_an_engine_that_gives_no_vectors_is_told_before_anything_is_asked(engine: str) -> None:
    options, made = verb.ScoreOptions("in", "m", "reply", engine=engine, embed=True), table.ENGINES[engine]()[1]
    if not table.can(engine, "embed"):
        with pytest.raises(Problem):  # what the engine itself would say, late
            made.embed(None, [])
        with pytest.raises(Problem, match=f"score x: engine {engine} gives no vectors; write engine: encoder or hf"):
            verb.check(options, "score x")
    else:
        made.embed(None, [])
        verb.check(options, "score x")


def test_answers_that_are_null_count_at_the_gate_and_no_model_is_loaded_for_them(script: Script) -> None:
    with pytest.raises(Problem, match="only 0% of 2 scores could be read"):
        run_verb("score", answer_table(None, None), *LOSS)
    made = run_verb("score", None, *LOSS, "--min-readable", "0")
    assert made.column("loss") == [None, None] and made.column("lineage") == [[], []]
    assert script.built == 0


def test_rows_that_passed_an_earlier_stage_unasked_have_no_likelihood(script: Script) -> None:
    table = [row | {"open": "" if row["response"] == "b" else "yes"} for row in documents("a", "b")]
    Path("prompts/grade.md").write_text("---\nwrites: [verdict]\nformat: rating\n---\nGrade: $response\n")
    script.text = lambda request: "Score: 3"
    made = run_verb("generate", table, "--prompt", "grade", "--only", "open")
    made = run_verb("score", made.rows, "--prompt", "grade")
    assert list(zip(made.column("response"), made.column("loss"), strict=True)) == [("b", None), ("a", 0.8)]


def test_a_rating_asks_about_a_row_that_has_none_yet_and_not_about_one_without_what_it_reads(script: Script) -> None:
    assert run_verb("score", [row | {"rating": None} for row in documents("a")], *RATE).column("rating") == [2.5]
    with pytest.raises(Problem, match=r"prompts/judge.md reads \$response, but row 0 has none"):
        run_verb("score", answer_table(None, "a"), *RATE)


def test_a_likelihood_grades_the_answer_that_is_there_after_the_prefill(script: Script) -> None:
    Path("prompts/list.md").write_text("---\nwrites: [items]\nformat: lines\nprefill: '- '\n---\n$instruction\n")
    table = [row | {"items": ["x", "y"]} for row in pairs("a")]
    run_verb("score", table, "--prompt", "list")
    (request,) = script.paid
    assert (request.messages[-1][1], request.prefill, request.answer) == ("Say a", "- ", "x\n- y")


def test_the_tag_stands_in_for_the_origin(script: Script) -> None:
    Path("prompts/judge.md").write_text(JUDGE.replace("cue:", "system: {seed: Be kind., web: Be stern.}\ncue:"))
    for tag, said in (("", "Be stern."), ("seed", "Be kind.")):
        run_verb("score", documents("a"), *RATE, *(["--tag", tag] if tag else []))
        assert script.paid[-1].messages[0] == ("system", said)


def test_the_last_line_tells_what_was_queried_and_readable(script: Script) -> None:
    script.choices = garbage_for_three_in_ten
    table = documents(*(f"row {n}" for n in range(10)))
    run_verb("score", table, *RATE)
    assert "10 rows in, 10 out, 10 queried, 0 cached, 30% unreadable" in builds.last_line("score", "out", builds.BEGUN)
    run_verb("score", table, *RATE)
    assert "10 rows in, 10 out, 0 queried, 10 cached, 30% unreadable" in builds.last_line("score", "out", builds.BEGUN)


def test_scores_stand_in_the_lineage_after_what_was_there(script: Script) -> None:
    first = run_verb("generate", documents("a"), "--prompt", "ask")
    made = run_verb("score", first.rows, *LOSS)
    assert [step["columns"] for step in made.rows[0]["lineage"]] == ["instruction", "loss,worst,tokens"]
    assert made.column("instruction") == first.column("instruction")


def test_a_second_run_asks_nothing_and_gives_the_same_bytes(script: Script) -> None:
    run_verb("score", pairs("a", "b"), *LOSS)
    bytes_ = Path("data/out.parquet").read_bytes()
    assert len(script.new_questions()) == 2
    run_verb("score", None, *LOSS)
    assert script.new_questions() == [] and Path("data/out.parquet").read_bytes() == bytes_ and script.built == 1


def test_appended_and_reordered_rows_pay_only_for_the_new(script: Script) -> None:
    run_verb("score", documents("a", "b"), *RATE)
    script.new_questions()
    made = run_verb("score", documents("c", "b", "a"), *RATE)
    assert script.new_questions() == ["Grade: c"] and made.column("response") == ["c", "b", "a"]


def test_another_gate_or_mass_asks_nothing_again(script: Script) -> None:
    run_verb("score", documents("a"), *RATE)
    script.new_questions()
    run_verb("score", None, *RATE, "--min-mass", "0.9", "--min-readable", "0.1")
    assert script.new_questions() == []


def test_other_weights_at_the_same_path_ask_everything(script: Script) -> None:
    run_verb("score", documents("a", "b"), *RATE)
    script.new_questions()
    Path("models/m/model.safetensors").write_text("other weights")
    run_verb("score", None, *RATE)
    assert script.new_questions() == ["Grade: a", "Grade: b"]


def test_another_threshold_asks_no_model(script: Script) -> None:
    run_verb("score", documents("a", "bb", "ccc"), *RATE)
    script.new_questions()
    for bound, kept in (("2", 3), ("2.5", 3)):
        filter_verb.main(["best", "--input", "out", "--keep", f"rating>={bound}"])
        assert rows.size(rows.table_path("best")) == kept
    assert script.new_questions() == [] and script.built == 1


def test_an_empty_table_is_a_problem(script: Script) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    Path("data").mkdir()
    pq.write_table(
        pa.table({"id": pa.array([], pa.string()), "response": pa.array([], pa.string())}), "data/in.parquet"
    )
    with pytest.raises(Problem, match="score out: no row is left of 0"):
        run_verb("score", None, *RATE)
    assert not Path("data/out.parquet").exists()


def test_a_dry_run_of_a_model_that_is_not_built_counts_every_row(
    script: Script, capsys: pytest.CaptureFixture[str]
) -> None:
    rows.write("in", documents("a", "b"))
    verb.main(["out", "--input", "in", "--engine", "scripted", "--model", "unbuilt", *RATE, "--dry-run"])
    shown = capsys.readouterr().out
    assert shown.startswith("score out: 2 rows, model unbuilt is not built yet, 2 to query; about ")
    assert script.built == 0 and not Path("data/out.parquet").exists()
