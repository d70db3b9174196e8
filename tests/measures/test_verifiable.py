"""Verifiable instructions: strict and loose verdicts, what cannot be checked, and the published verdicts of IFEval."""

import json
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from baleen.errors import Problem

if not (find_spec("if_verifiable") and find_spec("punkt")):  # to import them takes a second
    pytest.skip("the extra metrics is not installed", allow_module_level=True)

from baleen.measures import verifiable
from baleen.measures.expressions import parse_value
from baleen.tables import rows
from benchmarks import ifeval
from stages import evaluate, ingest

BOTH = (True, True)
NEITHER = (False, False)
LOOSELY = (False, True)
SENTENCES, CAPITALS = "length_constraints:number_sentences", "change_case:capital_word_frequency"
LETTERS = "keywords:letter_frequency"


def verdict(name: str, arguments: dict[str, Any], response: str) -> tuple[bool, bool]:
    [found] = verifiable.verdicts((name,), (json.dumps(arguments),), response)
    return found


@pytest.mark.parametrize(
    ("name", "arguments", "response", "expected"),
    [
        ("punctuation:no_comma", {}, "No comma here.", BOTH),
        ("punctuation:no_comma", {}, "One, two.", NEITHER),
        ("punctuation:no_comma", {}, "Sure, here it is:\nNo comma here.", LOOSELY),
        ("startend:end_checker", {"end_phrase": "The end."}, "It rains. The end.", BOTH),
        ("startend:quotation", {}, "*\"It rains.\"*", LOOSELY),
        ("change_case:english_lowercase", {}, "the rain in the mountains is falling again today.", BOTH),
        ("language:response_language", {"language": "de"}, "Es regnet heute in den Bergen, und es ist kalt.", BOTH),
        (SENTENCES, {"num_sentences": 2, "relation": "at least"}, "Dr. No left. Bye.", BOTH),
        (SENTENCES, {"num_sentences": 2, "relation": "less than"}, "Dr. No left.", BOTH),
        (SENTENCES, {"num_sentences": 2, "relation": "less than"}, "A b. C d.", NEITHER),
        (CAPITALS, {"capital_frequency": 2, "capital_relation": "at least"}, "NASA and the EU.", BOTH),
        (CAPITALS, {"capital_frequency": 1, "capital_relation": "less than"}, "A b", NEITHER),
        (LETTERS, {"letter": "#", "let_frequency": 2, "let_relation": "at least"}, "#a #b", BOTH),
        (LETTERS, {"letter": "Q", "let_frequency": 1, "let_relation": "less than"}, "Quite", NEITHER),
        ("punctuation:no_comma", {}, "  ", NEITHER),
    ],
)  # fmt: skip
def test_an_instruction_is_followed_strictly_or_loosely(
    name: str, arguments: dict[str, Any], response: str, expected: tuple[bool, bool]
) -> None:
    assert verdict(name, arguments, response) == expected


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("punctuation:no_coma", {}, "unknown instruction 'punctuation:no_coma'; did you mean 'punctuation:no_comma'"),
        ("length_constraints:number_words", {"relation": "at least"}, "number_words cannot be checked with"),
        ("keywords:existence", {"words": ["a"]}, "keywords:existence cannot be checked with"),
        (LETTERS, {"letter": "ab", "let_frequency": 1, "let_relation": "at least"}, "cannot be"),
        (SENTENCES, {"num_sentences": 2, "relation": "at most"}, "cannot be checked with"),
    ],
)
def test_what_would_be_left_to_chance_is_refused(name: str, arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(Problem, match=words):
        verdict(name, arguments, "Some text.")


def test_a_response_in_no_language_is_shown_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    assert verdict("language:response_language", {"language": "de"}, "42 42 42") == BOTH
    assert not caplog.records


def test_instructions_without_their_arguments_are_refused() -> None:
    with pytest.raises(Problem, match="1 instructions have 0 sets of arguments"):
        verifiable.follows_all(["punctuation:no_comma"], [], "Text.")
    with pytest.raises(Problem, match="write a JSON object"):
        verifiable.follows_all(["punctuation:no_comma"], ["no"], "Text.")


PROMPTS = [
    {
        "key": 1, "prompt": "Say hello without a comma, in two sentences.",
        "instruction_id_list": ["punctuation:no_comma", "length_constraints:number_sentences"],
        "kwargs": [{}, {"num_sentences": 2, "relation": "at least"}],
    },
    {
        "key": 2, "prompt": "Say hello without a comma.",
        "instruction_id_list": ["punctuation:no_comma"],
        "kwargs": [{"num_sentences": None}],
    },
]  # fmt: skip


def test_prompts_of_ifeval_are_a_table_and_their_figures_those_of_evaluate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("prompts.jsonl").write_text("".join(json.dumps(prompt) + "\n" for prompt in PROMPTS))
    names = {"instruction": "prompt", **{name: name for name in ("key", "instruction_id_list", "kwargs")}}
    flags = [word for ours, theirs in names.items() for word in (f"--columns.{ours}", theirs)]
    ingest.main(["verifiable", "--source", "prompts.jsonl", "--origin", "heldout", *flags])
    table = list(rows.read(Path("data/verifiable.parquet")))
    assert [row["kwargs"] for row in table] == [["{}", '{"num_sentences": 2, "relation": "at least"}'], ["{}"]]
    assert [row["key"] for row in table] == ["1", "2"]
    replies = ["Hello. Bye, you.", "Hello."]
    rows.write("answers", [row | {"answer": reply} for row, reply in zip(table, replies, strict=True)])
    asked = "(instruction_id_list,kwargs,answer)"
    of_all = f"instructions_followed{asked} / count(instruction_id_list)"
    evaluate.main(
        ["eval", "--input", "answers", "--against", "answers", "--mean", f"follows_all{asked}", "--ratio", of_all]
    )
    figures = json.loads(Path("data/eval.json").read_text())["groups"]["all"]
    assert figures[f"follows_all{asked}"]["mean"] == 0.5
    assert (figures[of_all]["mean"], figures[of_all]["rows"]) == (round(2 / 3, 4), 2)


def test_a_table_with_structs_has_the_same_verdicts() -> None:
    row = {"id": "a", "ids": ["punctuation:no_comma"], "kwargs": [{"num_words": None}], "answer": "No comma."}
    assert parse_value("follows_all_loosely(ids,kwargs,answer)").of(row) == 1.0
    assert parse_value("instructions_followed_loosely(ids,kwargs,answer)").of(row) == 1.0


@pytest.mark.slow
def test_the_published_verdicts_are_found_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = Path(__file__).parents[3] / "shared" / "data"
    if not (data / ifeval.GRADED).is_file():
        pytest.skip("no published verdicts in shared/data beside the project")
    monkeypatch.setattr(sys, "argv", ["ifeval", "--json", "--data", str(data)])
    ifeval.main()
    found = json.loads(capsys.readouterr().out)
    assert found["instructions"] == 832 and found["strict"] >= 0.995 and found["loose"] >= 0.995
    assert [(one["key"], one["verdict"]) for one in found["different"]] == [(1122, "loose")]  # explained in LOG.md


def test_missing_published_verdicts_are_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["ifeval", "--data", str(tmp_path)])
    with pytest.raises(SystemExit):
        ifeval.main()
    assert "no file" in capsys.readouterr().err
