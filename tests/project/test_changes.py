"""What `baleen plan` says of a setting that changed."""

from typing import Any

import pytest

from baleen.project.changes import setting_changes

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
