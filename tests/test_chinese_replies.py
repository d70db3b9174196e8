"""Replies of instruct models in Chinese, to every prompt in prompts/zh: each is read rightly or refused."""

import shutil
from pathlib import Path

import pytest

from baleen import prompts
from baleen.engines.reasoning import split
from baleen.measures.ratings import written_choice
from benchmarks.recorded_replies_zh import ASKED_IN_CHINESE
from benchmarks.recorded_verdicts import NUMBERS_IN_CHINESE as NUMBERS
from benchmarks.recorded_verdicts import RATED_IN_CHINESE as RATED
from benchmarks.recorded_verdicts import SAID_IN_CHINESE as SAID
from benchmarks.recorded_verdicts import WORDS_IN_CHINESE as WORDS
from tests.test_real_replies import is_right


@pytest.fixture(autouse=True)
def chinese(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree("prompts", tmp_path / "prompts")
    (tmp_path / "params.yaml").write_text("language: zh\n")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", ASKED_IN_CHINESE)
def test_a_reply_in_chinese_is_read_rightly_or_refused(name: str) -> None:
    prompt = prompts.load(name)
    assert prompt.name == f"zh/{name}"
    assert [reply for reply, wanted in ASKED_IN_CHINESE[name] if not is_right(reply, wanted, prompt)] == []


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_in_a_judgement_in_chinese_is_read_when_it_is_plain(name: str) -> None:
    prompt = prompts.load(name)
    best = prompt.choices[-1].strip()
    replies = [(reply.format(n=best, cue=cue), clear) for cue in cues(prompt) for reply, clear in RATED]
    wanted = {reply: float(best) if clear else None for reply, clear in replies}
    assert {reply: value_in(reply, prompt) for reply in wanted} == wanted


@pytest.mark.parametrize("name", SAID)
def test_a_word_in_a_judgement_in_chinese_is_read_when_it_is_plain(name: str) -> None:
    prompt = prompts.load(name)
    said = dict(zip(("good", "bad", "fine", "poor"), SAID[name], strict=True))
    wanted = {reply.format(cue=cue, **said): value for cue in cues(prompt) for reply, value in WORDS}
    assert {reply: value_in(reply, prompt) for reply in wanted} == wanted


def cues(prompt: prompts.Prompt) -> tuple[str, str]:
    """The cue of a judge with its own colon and with one in full width."""
    return prompt.cue, prompt.cue.replace(":", "：")


def value_in(reply: str, prompt: prompts.Prompt) -> float | None:
    """The value that is read in the answer of a reply, as when it is recorded."""
    answer = split(reply).answer
    return written_choice(answer, prompt.cue, prompt.choices)


def test_every_prompt_in_chinese_has_ten_replies() -> None:
    names = {str(path.relative_to("prompts/zh").with_suffix("")) for path in Path("prompts/zh").rglob("*.md")}
    assert names == {*ASKED_IN_CHINESE, *NUMBERS, *SAID}
    assert min(len(cases) for cases in [*ASKED_IN_CHINESE.values(), RATED, WORDS]) >= 10
