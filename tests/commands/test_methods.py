"""The table of methods adds up what the counts of their tables say, and names who taught."""

import json
from pathlib import Path

import pytest

from baleen.commands import methods
from baleen.errors import Problem
from baleen.project.yaml_files import yaml_text

RECIPES = {
    "sources": {"ingest": {"web": {"source": "x"}, "seed": {"source": "y"}}},
    "own": {
        "generate": {"own-ask": {"input": "web", "model": "ask"}},
        "filter": {"own-keep": {"input": "own-ask"}},
        "mix": {"own-mix": {"input": "seed", "other": "own-keep"}},
        "train": {"own": {"input": "own-mix", "settings": "sft"}},
    },
    "own-arms": {"evaluate": {"eval-own": {"input": "answers-own", "against": "answers-reply"}}},
    "own-abroad-arms": {"evaluate": {"eval-abroad": {"input": "answers-abroad", "against": "answers-reply"}}},
    "other": {
        "generate": {"other-ask": {"input": "web", "model": "other-chat"}},
        "train": {"other": {"input": "other-ask"}, "other-chat": {"input": "seed", "settings": "chat"}},
    },
}
COUNTS = {
    "data/own-ask": {"rows_in": 100, "rows_out": 90, "dropped": {"unreadable": 10}, "readable": 0.9},
    "data/own-keep": {"rows_in": 90, "rows_out": 30, "dropped": {"not best worst": 60}},
    "data/own-mix": {"rows_in": 50, "rows_out": 50, "dropped": {}},
    "data/eval-own": {
        "groups": {
            "test": {
                "ok": {"rows": 90, "standard_error": 0.05, "mean": 0.4, "difference": 0.1, "low": 0.05, "high": 0.15}
            }
        }
    },
    "data/eval-abroad": {
        "groups": {"test new": {"ok": {"rows": 7, "mean": 0.3}}, "dev new": {"ok": {"rows": 7, "mean": 0.9}}}
    },
    "data/other-ask": {"rows_in": 100, "rows_out": 100, "dropped": {}, "readable": 1.0},
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for folder in ("recipes", "data", "models"):
        Path(folder).mkdir()
    for name, told in RECIPES.items():
        Path(f"recipes/{name}.yaml").write_text(yaml_text(told))
    for name, told in COUNTS.items():
        Path(f"{name}.json").write_text(json.dumps(told))
    Path("dvc.yaml").write_text(yaml_text({"vars": [f"recipes/{name}.yaml" for name in RECIPES]}))
    return tmp_path


def printed_words(capsys: pytest.CaptureFixture[str], *names: str) -> list[list[str]]:
    methods.main(list(names))
    return [line.split() for line in capsys.readouterr().out.splitlines()]


def test_rows_in_kept_and_dropped_add_up_over_the_tables_of_a_method(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = printed_words(capsys)
    assert ["own", "100", "30", "70", "90%", "itself"] in lines
    assert "left: 60 not best worst, 10 unreadable".split() in lines


def test_a_taught_model_says_so(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ["other", "100", "100", "0", "100%", "distilled", "from", "other-chat"] in printed_words(capsys, "other")


def test_an_evaluation_is_told_with_its_difference(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        "own: ok 0.400 (n 90, standard error 0.050), +0.100 [+0.050, +0.150] against answers-reply".split()
        in printed_words(capsys, "own")
    )


def test_every_test_group_of_all_arms_files_is_told(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = printed_words(capsys, "own")
    assert "abroad new: ok 0.300 (n 7)".split() in told and not any("0.900" in line for line in told)


def test_a_model_that_comes_from_an_instruct_model_is_taught_by_it(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = {
        "generate": {"far-ask": {"input": "web", "model": "far-tuned"}},
        "train": {
            "far": {"input": "far-ask"},
            "far-tuned": {"input": "seed", "base": "far-guide", "settings": "sft"},
            "far-guide": {"input": "seed", "base": "base", "settings": "guide"},
        },
    }
    Path("recipes/far.yaml").write_text(yaml_text(told))
    Path("dvc.yaml").write_text(yaml_text({"vars": [f"recipes/{name}.yaml" for name in (*RECIPES, "far")]}))
    Path("profiles").mkdir()
    Path("profiles/big.yaml").write_text("guide: {instead: {hub: a/b}}\n")
    assert "distilled from far-guide".split() == printed_words(capsys, "far")[1][-3:]


def test_a_method_that_is_not_there_is_a_problem(home: Path) -> None:
    with pytest.raises(Problem, match="unknown method 'onw'; did you mean 'own'"):
        methods.main(["onw"])


def test_nothing_built_is_a_problem(home: Path) -> None:
    for path in (home / "data").iterdir():
        path.unlink()
    with pytest.raises(Problem, match="no method is built yet"):
        methods.main([])
