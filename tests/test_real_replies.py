"""Replies as current instruct models write them, for every prompt: each is read rightly or refused, never misread."""

from pathlib import Path

import pytest

from baleen import prompts
from baleen.engines.protocol import Reply
from baleen.measures.ratings import written_choice
from baleen.memo.replies import outcome
from benchmarks.recorded_replies import ASKED_FOR, Wanted
from benchmarks.recorded_verdicts import JUDGES, RATED, WORDS


def is_right(reply: str, wanted: Wanted, prompt: prompts.Prompt) -> bool:
    """Whether a reply is read as it should be, or refused with a reason."""
    columns, reason = outcome("", Reply(reply.format(stop=prompt.stop) if prompt.stop else reply), prompt)
    if wanted is None:
        return columns is None and bool(reason)
    return columns == (wanted if isinstance(wanted, dict) else {prompt.writes[0]: wanted})


@pytest.mark.parametrize("name", ASKED_FOR)
def test_a_reply_is_read_rightly_or_refused(name: str) -> None:
    prompt = prompts.load(name)
    assert [reply for reply, wanted in ASKED_FOR[name] if not is_right(reply, wanted, prompt)] == []


@pytest.mark.parametrize("name", JUDGES)
def test_a_judge_is_read_when_it_plainly_says_one_choice(name: str) -> None:
    prompt = prompts.load(name)
    words = {"cue": prompt.cue, "first": prompt.choices[0].strip(), "last": prompt.choices[-1].strip()}
    numbers = words["last"].isdigit()
    for reply, clear in RATED if numbers else WORDS:
        written = reply.format(n=words["last"], **words)
        value = float(words["last"]) if numbers else 1.0 if len(prompt.choices) == 2 else float(len(prompt.choices))
        wanted = value if clear else None
        assert written_choice(written, prompt.cue, prompt.choices) == wanted, written


def test_every_prompt_that_is_asked_has_ten_replies() -> None:
    """Those of a translation are those of its prompt: tests/test_prompt_languages.py."""
    names = {str(path.relative_to("prompts").with_suffix("")) for path in Path("prompts").rglob("*.md")}
    own = {name for name in names if not name.startswith("zh/")}
    queried = {name for name in own if prompts.load(name).body or prompts.load(name).stop}
    assert queried == {*ASKED_FOR, *JUDGES}
    assert min(len(cases) for cases in [*ASKED_FOR.values(), RATED, WORDS]) >= 10
