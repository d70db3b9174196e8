"""Each verb ends with a line of counts, and what a build ran, found cached and cost can be had at its end."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import own_project
import project
import pytest

from baleen.project import builds
from baleen.project.builds import StageRun

LINES: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({}, {}, ""),
    ({"rows_in": 4, "rows_out": 4, "dropped": {}}, {}, "4 rows in, 4 out"),
    (
        {"rows_in": 1200, "rows_out": 300, "dropped": {"rating<4": 100, "not best loss": 800}},
        {},
        "1,200 rows in, 300 out, 900 dropped (800 not best loss, 100 rating<4)",
    ),
    (
        {"rows_in": 9, "rows_out": 1, "dropped": {"a": 2, "b": 2, "c": 2, "d": 2}},
        {},
        "9 rows in, 1 out, 8 dropped (2 a, 2 b, 2 c, ...)",
    ),
    (
        {"rows_in": 80, "rows_out": 80, "dropped": {}},
        {"shown": "80 queried, 0 cached, 0% unreadable, 2,303 tokens", "queried": 80},
        "80 rows in, 80 out, 80 queried, 0 cached, 0% unreadable, 2,303 tokens",
    ),
    ({"rows_in": 40, "examples": 39, "steps": 20}, {}, "40 rows in, 39 examples, 20 steps"),
    ({"rows": 42, "groups": {}}, {}, "42 rows"),
]


@pytest.mark.parametrize(("counts", "notes", "words"), LINES)
def test_counts_are_told_in_one_line(counts: dict[str, Any], notes: dict[str, Any], words: str) -> None:
    assert ", ".join(builds.cells(counts, notes)) == words


def run(stage: str, build: str, **figures: int) -> StageRun:
    return StageRun(stage, build, 2.5, 80, 24, 56, figures)


def test_the_last_build_is_summed_up_whatever_else_stands_in_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BALEEN_MEMO", str(tmp_path))
    assert builds.last_build() == []
    builds.record(run("filter@a", "1"))
    builds.record(run("generate@b", "2", queried=80, cached=4, tokens=2303))
    with (tmp_path / builds.FILE).open("a") as file:
        file.write('{"stage": "cut of\n{"other": 1}\n[]\n')
    builds.record(run("filter@c", "2"))
    last = builds.last_build()
    assert [one.stage for one in last] == ["generate@b", "filter@c"]
    assert builds.summary(last) == "2 stages ran, 80 queried, 4 cached, 2,303 tokens, 5 s"
    assert builds.table(last).splitlines()[1].split() == "filter@c 80 rows in, 24 out 2 s".split()


@pytest.mark.parametrize(
    ("counts", "words"), [((80, 0, 4), "80 rows in, 76 examples"), ((80, 0, 80), "80 rows in, 0 out"), ((0, 0, 0), "")]
)
def test_a_training_is_told_by_its_examples(counts: tuple[int, int, int], words: str) -> None:
    assert builds.cost(StageRun("train@a", "1", 2.5, *counts)) == words


@pytest.mark.slow
def test_every_stage_of_a_build_ends_with_its_line_and_the_build_with_a_table(tmp_path: Path) -> None:
    folder = own_project.start(tmp_path / "home")
    said = project.dvc(folder, "repro")
    for line in (
        r"plan: \d+(\.\d)? s",
        r"ingest web: 4 rows in, 4 out, \d+(\.\d)? s",
        r"filter calm: 4 rows in, 2 out, 2 dropped \(2 not mine\.shout\(response\)<=0\.1\), \d+(\.\d)? s",
        r"map loud: 4 rows in, 4 out, \d+(\.\d)? s",
    ):
        assert len(re.findall(rf"^{line}$", said, re.MULTILINE)) == 1, said
    shown = own_project.run(folder, "baleen", "report").stdout
    assert "6 stages ran, 0 queried, 0 cached, " in shown and "filter@short" in shown
    project.dvc(folder, "repro", "--force", "--single-item", "filter@calm")
    assert own_project.run(folder, "baleen", "report").stdout.splitlines()[-1].startswith("1 stage ran")


@pytest.mark.slow
def test_a_look_at_a_verb_has_no_line(tmp_path: Path) -> None:
    ended = own_project.run(tmp_path, sys.executable, "-m", "stages.filter", "--help")
    assert ended.returncode == 0 and ended.stderr == ""


def test_a_record_is_one_line_of_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BALEEN_MEMO", str(tmp_path / "new"))
    builds.record(run("filter@a", "1"))
    [line] = (tmp_path / "new" / builds.FILE).read_text().splitlines()
    assert json.loads(line)["stage"] == "filter@a"
