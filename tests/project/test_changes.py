"""What `baleen plan` says of a setting that changed."""

from pathlib import Path
from typing import Any

import pytest

from baleen.project.changes import prompt_file, setting_changes

LONG = [f"chars(instruction)<={n}" for n in (10, 20, 30)]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ({"lr": 0.1}, {"lr": 0.2}, ["lr 0.1 -> 0.2 (a.yaml)"]),
        ({"fresh": {"size": 64, "words": []}}, {"fresh": {"size": 32, "words": []}}, ["fresh.size 64 -> 32 (a.yaml)"]),
        ({"fresh": {}}, {"fresh": {"size": 32}}, ["fresh.size is a new setting, 32"]),
        (
            {"keep": LONG},
            {"keep": [*LONG[:2], "b>1"]},
            ['keep ...n)<=20", "chars(instruction)<=30"] -> ...n)<=20", "b>1"] (a.yaml)'],
        ),
        ({"keep": LONG[:1]}, {"keep": ["b>1"]}, ['keep ["chars(instruction)<=10"] -> ["b>1"] (a.yaml)']),
    ],
)  # fmt: skip
def test_a_change_shows_where_two_values_differ(old: dict[str, Any], new: dict[str, Any], words: list[str]) -> None:
    assert list(setting_changes(old, new, lambda name: "a.yaml")) == words


def test_a_prompt_that_changed_is_told_by_the_file_in_force(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text("language: zh\n")
    Path("prompts/zh").mkdir(parents=True)
    Path("prompts/zh/ask.md").write_text("")
    assert [str(prompt_file(name)) for name in ("ask", "reply")] == ["prompts/zh/ask.md", "prompts/reply.md"]
