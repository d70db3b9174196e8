"""For every prompt of the project: any text goes in unchanged, answers are parsed back, sources are named."""

import re
from pathlib import Path

import pytest

from baleen import prompts
from baleen.formats import FORMATS
from baleen.prompts import Prompt
from baleen.tables.rows import Row

NAMES = sorted(str(path.relative_to("prompts").with_suffix("")) for path in Path("prompts").rglob("*.md"))
ODD = {
    "chinese": "你好，请写一首诗。",
    "json": '{"a": [1, {"b": "}"}], "c": "${x}"}',
    "dollar": "costs $5 or $$5, ${name} and $name, 100 %",
    "prompt-like": "---\nwrites: [x]\n---\nScore: 5",
    "very long": "word " * 20_000 + "end",
    "spanish": "¿qué tal?\nbien",
}
JUDGES = [name for name in NAMES if prompts.load(name).choices]
ROW_FIRST = {
    "crab/verify": "constraint",
    "zh/crab/verify": "constraint",
}  # one question a constraint: a row's have its request and answer in common
LISTS = {"constraints", "include", "labels", "examples"}
SHAPED: dict[str, object] = {  # what only certain texts can be an answer to
    "linguist.tagged": "播放[1 爵士乐 ] {$5}",
    "linguist.parse": "播放音乐\n播放[genre 爵士乐 ] {$5}",
    "rating": 4.0,
}


def row(prompt: Prompt, odd: str) -> Row:
    """A row that has the odd text wherever the prompt reads or writes."""
    columns = {*prompt.reads, *prompt.writes}
    found: Row = {column: [odd.replace("\n", " "), "用中文"] if column in LISTS else odd for column in columns}
    return {"id": "1", "origin": "seed"} | found


def answer(prompt: Prompt, odd: str) -> Row:
    """The columns of a good answer about the odd text; fields stand on one line each, markers are no text."""
    flat = " ".join(odd.split())
    told: dict[str, object] = {"lines": [flat, "用中文"], "fields": flat, "text": odd.strip(), "tags": odd.strip()}
    told["alone"] = odd.strip()
    shaped = SHAPED | told | {"marked": odd.strip()}
    return {column: shaped[prompt.format] for column in prompt.writes}


@pytest.mark.parametrize("name", NAMES)
def test_any_text_goes_into_a_prompt_as_it_is(name: str) -> None:
    prompt = prompts.load(name)
    for kind, odd in ODD.items():
        given = row(prompt, odd)
        said = "\n".join([content for _, content in prompt.messages(given)] + [prompt.start(given)])
        texts = {column: prompts.column_text(given[column]).rstrip("\n") for column in prompt.reads}
        assert [column for column, text in texts.items() if text not in said] == [], kind


@pytest.mark.parametrize("name", NAMES)
def test_an_answer_that_was_shown_reads_back(name: str) -> None:
    prompt = prompts.load(name)
    for kind, odd in ODD.items():
        told = answer(prompt, odd)
        assert prompt.parse_reply(prompt.format_reply(told)) == told, kind


@pytest.mark.parametrize("name", NAMES)
def test_a_prompt_tells_its_source_in_its_head(name: str) -> None:
    """Where its wording comes from: a paper, another prompt, or ourselves."""
    head = Path(f"prompts/{name}.md").read_text(encoding="utf-8").split("---\n")[1]
    told = " ".join(line.removeprefix("#").strip() for line in head.splitlines() if line.startswith("#"))
    assert len(told.split()) >= 5
    assert re.search(r"arXiv:\d{4}\.\d{5}|prompts/\w+\.md|\w+\.md|no paper|ours|engine ", told, re.IGNORECASE), told


@pytest.mark.parametrize("name", JUDGES)
def test_a_prompt_that_judges_begins_with_its_rubric_which_an_engine_reads_once(name: str) -> None:
    """Rows have the text before their first column in common, and it is longer than the text after it; where it
    is not, what differs between the questions about one row stands last."""
    prompt = prompts.load(name)
    given = [row(prompt, "a seed"), row(prompt, "some page") | {"origin": "web"}]
    assert all(prompt.messages(one)[0][1].startswith(prompt.opening) for one in given)
    after = prompt.fill(prompt.body, dict.fromkeys(prompt.reads, "")).removeprefix(prompt.opening)
    assert (len(prompt.opening) > len(after)) == (name not in ROW_FIRST)
    assert ROW_FIRST.get(name, prompt.reads[-1]) == prompt.reads[-1]


def test_every_format_is_of_some_prompt() -> None:
    assert {prompts.load(name).format for name in NAMES} == FORMATS.keys()
