"""Prompts in Chinese: `language: zh` of params.yaml takes the translation of each prompt that has one."""

import shutil
from pathlib import Path

import pytest

from baleen import prompts
from baleen.engines.protocol import Reply
from baleen.errors import Problem
from baleen.measures.ratings import written_choice
from baleen.measures.words import is_chinese
from baleen.memo.replies import outcome
from baleen.methods import kun
from benchmarks.recorded_replies import ASKED_FOR
from benchmarks.recorded_verdicts import JUDGES, RATED, WORDS

TRANSLATED = sorted(str(path.relative_to("prompts/zh").with_suffix("")) for path in Path("prompts/zh").rglob("*.md"))
OFFICIAL = ("air", "crab", "kun", "self-lengthen", "tegit")  # their papers or releases are in both languages
ROWS = [
    {
        "id": "1",
        "origin": "seed",
        "instruction": "冰有多冷？请简单说明。",
        "response": "冰在零摄氏度以下都保持固态，因此很冷。",
    },
    {"id": "2", "origin": "seed", "instruction": "请列出三种水果。", "response": "苹果、梨和桃子。"},
]


@pytest.fixture
def chinese(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree("prompts", tmp_path / "prompts")
    (tmp_path / "params.yaml").write_text("language: zh\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_prompt_of_the_methods_of_both_languages_is_translated() -> None:
    own = {f"{name}/{path.stem}" for name in OFFICIAL for path in Path("prompts", name).glob("*.md")}
    assert {*TRANSLATED} == own | {"ask", "judge", "reply"}


@pytest.mark.parametrize("name", TRANSLATED)
def test_a_translation_is_taken_and_reads_and_writes_the_same(name: str, chinese: Path) -> None:
    (chinese / "params.yaml").write_text("language: en\n")
    english = prompts.load(name)
    (chinese / "params.yaml").write_text("language: zh\n")
    prompt = prompts.load(name)
    assert (prompt.name == f"zh/{name}" and prompt.digest != english.digest) or prompt.body == english.body
    assert prompt.system.keys() == english.system.keys()
    words = "".join([prompt.body, *prompt.system.values()])
    assert is_chinese("".join(part for part in words if not part.isascii()))


@pytest.mark.parametrize("name", [name for name in TRANSLATED if name in ASKED_FOR])
def test_replies_to_a_translation_are_read_as_those_to_the_prompt(name: str, chinese: Path) -> None:
    prompt = prompts.load(name)
    for reply, wanted in ASKED_FOR[name]:
        columns, _ = outcome("", Reply(reply), prompt)
        assert columns == (wanted if isinstance(wanted, dict) or wanted is None else {prompt.writes[0]: wanted})


@pytest.mark.parametrize("name", [name for name in TRANSLATED if name in JUDGES])
def test_a_judge_in_chinese_is_read(name: str, chinese: Path) -> None:
    prompt = prompts.load(name)
    words = {"cue": prompt.cue, "first": prompt.choices[0].strip(), "last": prompt.choices[-1].strip()}
    for reply, clear in RATED if words["last"].isdigit() else WORDS:
        value = written_choice(reply.format(n=words["last"], **words), prompt.cue, prompt.choices)
        assert (value is not None) == clear, reply


def test_lessons_of_kun_are_taught_in_chinese(chinese: Path) -> None:
    lessons = [row for row, _ in kun.roles(ROWS)]
    point = next(row for row in lessons if row["prompt"] == "point")
    prompt = prompts.load("kun/point")
    assert is_chinese(prompt.messages(point)[-1][1]) and prompt.format_reply(point) == "Quality: good"


def test_a_prompt_without_a_translation_stays(chinese: Path) -> None:
    assert prompts.load("cycle/question").name == "cycle/question"


def test_a_language_without_prompts_is_refused(chinese: Path) -> None:
    (chinese / "params.yaml").write_text("language: fr\n")
    with pytest.raises(Problem, match="params.yaml: unknown language 'fr'; there are: en, zh"):
        prompts.load("ask")


EDITS = [("writes: [mark]", "writes: [grade]", "writes is"), ("$instruction", "$response", "reads response, and")]


@pytest.mark.parametrize(("old", "new", "words"), EDITS)
def test_a_translation_that_reads_or_writes_otherwise_is_refused(old: str, new: str, words: str, chinese: Path) -> None:
    path = chinese / "prompts/zh/kun/point.md"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(Problem, match=words):
        prompts.load("kun/point")
