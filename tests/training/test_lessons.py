"""Stand-ins for big models are trained with the prompts that query them: lessons fit their prompt and parse back."""

from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import pytest

from baleen import prompts
from baleen.methods.kun import roles
from baleen.project import recipes
from baleen.project.recipes import Line
from baleen.prompts import Prompt
from baleen.tables.rows import Row
from pocket import records

LINES = recipes.lines(recipes.all_files())
TABLES = {line.name: line for line in LINES if line.verb != "train"}


def source_line(line: Line) -> Line:
    """The ingest line that a table comes from."""
    return line if line.verb == "ingest" else source_line(TABLES[line.given["input"]])


TAUGHT = [line for line in LINES if line.verb == "train" and "prompts" in line.given]
DIRECT = [line for line in TAUGHT if TABLES[line.given["input"]].verb == "ingest" or line.name == "kun-primary"]


def lesson_rows(line: Line, count: int = 120) -> list[Row]:
    given = source_line(TABLES[line.given["input"]]).given
    found = islice(records(given["part"], 0, count, given.get("noise", 0.0)), count)
    table = [row | {"id": str(at), "origin": given["origin"]} for at, row in enumerate(found)]
    return [row for row, _ in roles(table)] if line.name == "kun-primary" else table


def prompt_of(row: Row, folder: str) -> Prompt:
    own = f"{folder}/{row['prompt']}"
    return prompts.load(own if Path(f"prompts/{own}.md").is_file() else row["prompt"])


def answers(table: Iterable[Row], folder: str) -> list[tuple[Row, Prompt]]:
    pairs = [(row, prompt_of(row, folder)) for row in table]
    return [(row, prompt) for row, prompt in pairs if all(row[column] is not None for column in prompt.writes)]


@pytest.mark.parametrize("line", DIRECT, ids=lambda line: line.name)
def test_a_lesson_has_what_its_prompt_reads_and_its_answer_reads_back(line: Line) -> None:
    found = answers(lesson_rows(line), line.given["prompts"])
    assert len(found) >= 60
    assert {prompt.name for _, prompt in found if "/" not in prompt.name} <= {"ask", "reply", "text"}, (
        "GENERAL of baleen/training/examples.py"
    )
    for row, prompt in found:
        assert prompt.messages(row) or not prompt.body
        shown, back = prompt.format_reply(row), prompt.parse_reply(prompt.format_reply(row))
        assert shown.startswith(prompt.start(row))
        if not shown:
            continue  # nothing is to be said; training leaves it out
        told = {column: row[column] for column in prompt.writes}
        assert back == {key: value.strip() if isinstance(value, str) else value for key, value in told.items()}


@pytest.mark.parametrize("line", DIRECT, ids=lambda line: line.name)
def test_a_lesson_in_judging_ends_in_a_mark_after_the_cue(line: Line) -> None:
    for row, prompt in answers(lesson_rows(line), line.given["prompts"]):
        if prompt.choices:
            assert prompt.format_reply(row) in {prompt.cue + choice for choice in prompt.choices}


WEIGHED = sorted(
    {str(line.given["prompt"]) for line in LINES if line.rule == "score" and "prompt" in line.given} | {"judge"}
)


@pytest.mark.parametrize("name", [name for name in WEIGHED if prompts.load(name).choices])
def test_a_prompt_with_choices_asks_for_the_words_that_are_weighed(name: str) -> None:
    prompt = prompts.load(name)
    assert prompt.cue in prompt.body
    assert all(choice.strip() in prompt.body for choice in (prompt.choices[0], prompt.choices[-1]))


@pytest.mark.parametrize("line", TAUGHT, ids=lambda line: line.name)
def test_whoever_is_asked_a_prompt_of_a_method_has_been_taught_in_its_folder(line: Line) -> None:
    """A stand-in knows no prompt that no lesson has shown it, or a model that it comes from."""
    asked = {str(one.given["prompt"]) for one in LINES if one.given.get("model") == line.name and "prompt" in one.given}
    folders = {str(one.given["prompts"]) for one in ancestry(line) if "prompts" in one.given}
    assert {name.partition("/")[0] for name in asked if "/" in name} <= folders


def ancestry(line: Line) -> list[Line]:
    base = next((one for one in LINES if one.verb == "train" and one.name == line.given.get("base")), None)
    return [line, *(ancestry(base) if base else [])]
