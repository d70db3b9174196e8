"""LINGUIST's prompts, and what its recipe must hold."""

from pathlib import Path

import pytest

from baleen import prompts
from baleen.project.yaml_files import parse_yaml
from baleen.tables.rows import Row
from benchmarks.claims.linguist import ARMS, CLAIM

ODD = ["你好，播放音乐", 'say {"a": [1, "x"]}', "costs $5 or $$", "${name} $name", "word " * 20_000, "¿qué tal?"]


def row(odd: str) -> Row:
    return {
        "language": "中文",
        "intent": odd,
        "include": [f"[1 {odd.translate(str.maketrans('', '', '[]'))} ]", "[2 * ]"],
        "labels": ["1 = genre", "2 = day"],
        "examples": ["播放[1 爵士乐 ]", "pon [1 jazz ] el [2 lunes ]"],
        "tagged": "播放[1 爵士乐 ]",
        "utterance": odd,
        "parse": "播放音乐\n播放[genre 爵士乐 ]",
        "into": "tongue",
        "translation": odd,
        "back": odd,
    }


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("name", ["utter", "parse", "translate", "back"])
def test_a_prompt_holds_any_text_as_it_is_and_its_answer_reads_back(name: str, odd: str) -> None:
    prompt, given = prompts.load(f"linguist/{name}"), row(odd)
    ((_, content),) = prompt.messages(given)
    assert all(prompts.column_text(given[column]) in content for column in prompt.reads)
    answer = prompt.format_reply(given)
    assert prompt.parse_reply(answer) == {column: given[column].strip() for column in prompt.writes}


def test_the_five_blocks_stand_in_the_order_of_the_paper() -> None:
    assert prompts.load("linguist/utter").reads == ["language", "intent", "include", "labels", "examples"]


@pytest.mark.parametrize("path", sorted(Path("prompts/linguist").glob("*.md")), ids=lambda path: path.stem)
def test_a_prompt_tells_its_source(path: Path) -> None:
    assert "arXiv:2209.09900" in path.read_text().split("---")[1]


def test_the_generator_learns_from_other_intents_only_and_all_arms_from_the_same_base() -> None:
    lines: dict[str, dict[str, Row]] = {}
    for name in ("linguist", "linguist-arms", "more/linguist-cross"):
        for rule, own in parse_yaml(Path(f"recipes/{name}.yaml").read_text()).items():
            lines.setdefault(rule, {}).update(own)
    train, maps = lines["train"], lines["map"]
    assert maps[train["linguist-generator"]["input"]]["input"] == "linguist-known"
    students = [line for line in train.values() if line.get("prompt") == "linguist/parse"]
    assert len(students) == 7
    assert {(line["base"], line.get("settings")) for line in students} == {("linguist-base", None)}
    kept, reworded = (lines["filter"][f"linguist-{name}"] for name in ("kept", "reworded"))
    assert kept.pop("input") != reworded.pop("input") and kept == reworded == {"settings": "kept-utterances"}
    kept, matched = (lines["screen"][f"linguist-cross-{name}"] for name in ("kept", "matched"))
    assert kept["as_many"] and matched["as_many"] and kept["against"] == matched["input"]
    assert {f"answers-{arm}" for arm in ARMS} <= lines["answer"].keys() and CLAIM.targets
