"""The seeds that come with the project are many, different, of usual lengths, and their code and data can be parsed."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from baleen.measures.overlap import copied, grounded
from baleen.methods.tegit import designing
from baleen.tables import rows
from stages import ingest

SEEDS = Path(__file__).parents[2] / "data/seeds/assistant.jsonl"
PAIRS = [json.loads(line) for line in SEEDS.read_text(encoding="utf-8").splitlines()]
PAGES = [json.loads(line) for line in SEEDS.with_stem("reference").read_text(encoding="utf-8").splitlines()]
TASKS = [json.loads(line) for line in SEEDS.with_stem("designed").read_text(encoding="utf-8").splitlines()]
EVERY = [*PAIRS, *PAGES, *TASKS]
TITLE = re.compile(r"[\w.]+\n\n[A-Z]")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(language: str) -> Iterator[str]:
    """Every block of code in a language."""
    found = (BLOCK.findall(pair["response"]) for pair in PAIRS)
    return (code for some in found for name, code in some if name == language)


def test_there_are_at_least_a_hundred_seeds_of_instruction_and_response() -> None:
    assert len(PAIRS) >= 100
    assert {tuple(pair) for pair in PAIRS} == {("instruction", "response")}


@pytest.mark.parametrize("column", ["instruction", "response"])
def test_no_text_stands_twice(column: str) -> None:
    texts = [" ".join(pair[column].lower().split()) for pair in EVERY]
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize(("column", "least", "most"), [("instruction", 15, 400), ("response", 20, 1500)])
def test_lengths_are_those_of_usual_questions_and_answers(column: str, least: int, most: int) -> None:
    assert not [pair[column] for pair in PAIRS if not least <= len(pair[column]) <= most]


def test_no_two_instructions_share_most_of_their_words() -> None:
    texts = [pair["instruction"] for pair in PAIRS]
    pairs = [(a, b) for i, a in enumerate(texts) for b in texts[:i] if copied(a, b) > 0.5]
    assert not pairs


def test_tasks_are_of_many_kinds() -> None:
    """Told by the first word: explain, write, translate, give, classify ..."""
    firsts = [pair["instruction"].split()[0].lower() for pair in PAIRS]
    assert len(set(firsts)) >= 40
    assert max(map(firsts.count, firsts)) <= len(PAIRS) / 5


def test_responses_are_whole_and_clean() -> None:
    assert not [pair for pair in EVERY for text in pair.values() if text != text.strip() or "\ufffd" in text]
    assert all(pair["response"].count("```") % 2 == 0 for pair in EVERY)


def test_seeds_like_pages_have_a_name_and_a_text_and_are_asked_about() -> None:
    assert len(PAGES) >= 30
    assert {tuple(pair) for pair in PAGES} == {("instruction", "response")}
    assert not [pair for pair in PAGES if not TITLE.match(pair["response"]) or pair["instruction"].startswith("Write")]


def test_tasks_designed_of_pages_take_a_part_of_their_text_and_say_it_in_other_words() -> None:
    assert len(TASKS) >= 50
    assert {tuple(task) for task in TASKS} == {("document", "instruction", "input", "response")}
    assert not [task for task in TASKS if copied(task["document"], task["response"]) > 0.5]
    assert len({task["document"] for task in TASKS}) == len(TASKS)


def test_tasks_designed_of_pages_keep_the_rules_of_the_recipe() -> None:
    given = [task for task in TASKS if task["input"]]
    assert len(given) >= len(TASKS) / 6
    assert not [task for task in given if (grounded(task["input"], task["document"]) or 0) < 0.8]
    assert not [task for task in TASKS if designing(task["instruction"]) or len(task["instruction"].split()) < 3]


def test_code_in_the_responses_can_be_parsed() -> None:
    assert sum(bool(ast.parse(code)) for code in blocks("python")) >= 10
    assert all(json.loads(code) for code in blocks("json"))


def test_every_seed_is_a_row_with_an_id_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles/p.yaml").write_text("{}\n")
    ingest.main(["seeds", "--source", str(SEEDS), "--origin", "seed", "--profile", "p"])
    table = list(rows.read(rows.table_path("seeds")))
    assert len({row["id"] for row in table}) == len(PAIRS)
    assert [(row["instruction"], row["response"]) for row in table] == [tuple(pair.values()) for pair in PAIRS]
