"""check and the plan open the first records of every source with its mapping: mistakes are told before a build."""

import gzip
import json
import sys
from pathlib import Path
from typing import Any

import own_project
import pytest
from own_project import ROWS
from project import dump, load, replace_once

from baleen.commands import check
from baleen.errors import Problem
from baleen.project.layers import Project
from baleen.project.recipes import Line
from pocket import records
from stages import sources

SEED = {"source": "seeds.jsonl", "columns": {"instruction": "question", "response": "answer"}, "origin": "seed"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return own_project.create(tmp_path)


def add_line(folder: Path, rule: str, name: str, line: dict[str, Any]) -> None:
    path = folder / "recipes/own.yaml"
    whole = load(path)
    whole.setdefault(rule, {})[name] = line
    dump(path, whole)


def seeds(*rows: Any) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


TURNS = [("system", "Be brief."), ("user", "Why?"), ("assistant", "So.")]
CHAT = {"messages": [{"role": role, "content": text} for role, text in TURNS]}
TALK = {"talk": [{"from": role, "value": text} for role, text in [("human", "Why?"), ("gpt", "So.")]]}
GOOD = {"question": "Why?", "answer": "So."}
MISTAKES: dict[str, tuple[dict[str, Any], str, str]] = {  # changes of the line, what the file holds, and what is told
    "a field that is not there": (
        {"columns": {"instruction": "quesion", "response": "answer"}},
        seeds(GOOD),
        "seeds.jsonl:1 has no field 'quesion'",
    ),
    "a field of some rows only": ({}, seeds(GOOD, {"question": "Why?"}), "seeds.jsonl:2 has no field 'answer'"),
    "no mapping": ({"columns": {}}, seeds(GOOD), "say which field is which column"),
    "an empty answer": ({}, seeds(GOOD, {"question": "Why?", "answer": ""}), "the seed has an empty response"),
    "a list instead of a text": ({}, seeds({"question": ["Why?"], "answer": "So."}), "is list, not text"),
    "a system turn in the place of the question": (
        {"columns": {"instruction": "messages.0.content", "response": "messages.2.content"}},
        seeds(CHAT),
        "messages.0.content is a turn of the system; write messages.user",
    ),
    "the question in the place of the answer": (
        {"columns": {"instruction": "messages.1.content", "response": "messages.1.content"}},
        seeds(CHAT),
        "no column reads turn 0 of messages, of the system",
    ),
    "the answer in the place of the question": (
        {"columns": {"instruction": "talk.1.value", "response": "talk.1.value"}},
        seeds(TALK),
        "talk.1.value is a turn of the assistant",
    ),
    "a turn that is not there": (
        {"columns": {"instruction": "talk.0.value", "response": "talk.2.value"}},
        seeds(TALK),
        "no column reads turn 1 of talk, of the assistant",
    ),
    "no JSON": ({}, "question, answer\n", "seeds.jsonl"),
    "JSON that ends in its second line": ({}, seeds(GOOD) + '{"question": "Wh', "seeds.jsonl:2"),
    "a path that is not there": ({"source": "seed.jsonl"}, seeds(GOOD), "no file or folder seed.jsonl"),
    "a kind that it is not": ({"kind": "parquet"}, seeds(GOOD), "seeds.jsonl"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_with_its_line_of_the_recipe(name: str, folder: Path) -> None:
    changes, text, words = MISTAKES[name]
    own_project.write(folder, {"seeds.jsonl": text})
    add_line(folder, "ingest", "seed", SEED | changes)
    with pytest.raises(Problem, match=r"recipes/own\.yaml: ingest\.seed: ") as told:
        check.check_here([])
    assert words in str(told.value)


def test_sources_that_can_be_read_pass(folder: Path) -> None:
    own_project.write(folder, {"seeds.jsonl": seeds(GOOD), "pages/a.md": "# Page\n\nText.\n"})
    with gzip.open(folder / "web.jsonl.gz", "wt") as file:
        file.write(ROWS)
    add_line(folder, "ingest", "seed", SEED)
    add_line(folder, "ingest", "pages", {"source": "pages", "match": "*.md", "origin": "web"})
    add_line(folder, "ingest", "packed", {"source": "web.jsonl.gz", "columns": {"response": "text"}, "origin": "web"})
    assert "are well wired" in check.check_here([])


def test_only_the_first_records_are_looked_at(folder: Path) -> None:
    own_project.write(folder, {"seeds.jsonl": seeds(*[GOOD] * 20, {"answer": 3})})
    add_line(folder, "ingest", "seed", SEED)
    assert "are well wired" in check.check_here([])


def test_a_source_that_no_target_needs_is_not_opened(folder: Path) -> None:
    own_project.write(folder, {"seeds.jsonl": "nothing"})
    add_line(folder, "ingest", "seed", SEED)
    assert "are well wired" in check.check_here(["filter@calm"])


def with_new_model(folder: Path) -> None:
    """A model that is made from scratch learns its words from the generated world."""
    add_line(folder, "load", "prose", {"part": "prose", "rows": 2000, "deduplicate": "", "origin": "prose"})
    add_line(folder, "train", "base", {"input": "prose", "base": "origin", "prompt": "text"})
    rules = load(folder / "dvc.yaml")
    whole = load(own_project.project.CHECKOUT / "dvc.yaml")["stages"]
    rules["stages"] |= {name: whole[name] for name in ("origin", "load", "train")}
    dump(folder / "dvc.yaml", rules)


def test_a_new_model_that_would_learn_the_words_of_the_generated_world_is_refused(folder: Path) -> None:
    with_new_model(folder)
    own_project.write(folder, {"web.jsonl": seeds({"text": (own_project.project.CHECKOUT / "LICENSE").read_text()})})
    with pytest.raises(
        Problem, match=r"train\.base: prose is text of the generated world, and \d+% of the words of web"
    ):
        check.check_here([])


@pytest.mark.parametrize(
    ("origin", "anew"),
    [
        ({"hidden_size": 64}, True),
        ({"hub": "a/b"}, False),
        ({"gguf": "a.gguf", "package": "a"}, False),
        ({"path": "a"}, False),
    ],
)
def test_a_base_that_has_weights_has_its_words_too(origin: dict[str, Any], anew: bool) -> None:
    line = Line("base", "train", {"input": "prose", "base": "origin"}, "own.yaml")
    assert sources.starts_anew(line, Project({}, {}, {"origin": origin}, "p")) == anew


def test_documents_of_that_world_in_a_file_are_no_reason(folder: Path) -> None:
    with_new_model(folder)
    own_project.write(folder, {"web.jsonl": seeds(*({"text": row["response"]} for row in records("web", 0, 30)))})
    assert "are well wired" in check.check_here([])


@pytest.mark.slow
def test_the_plan_refuses_what_check_refuses(folder: Path) -> None:
    replace_once(folder / "recipes/own.yaml", "response: text", "response: txt")
    ended = own_project.run(folder, sys.executable, "-m", "stages.plan")
    line = "baleen: recipes/own.yaml: ingest.web: web.jsonl:1 has no field 'txt'"
    assert ended.returncode == 1 and ended.stderr.startswith(line) and ended.stderr.count("\n") == 1
