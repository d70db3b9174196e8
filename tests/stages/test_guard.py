"""The guard compares a new model with the one before it: a round that got worse is marked, or stops the build."""

import json
from importlib import import_module
from pathlib import Path

import forks
import pytest
import tiny

from baleen.errors import Problem
from baleen.measures.contrast import truncated
from baleen.tables import rows
from baleen.tables.rows import Row
from stages import evaluate, score, train


def table(name: str, shift: float, split: str = "dev") -> None:
    rows.write(name, [{"id": str(n), "split": split, "loss": 2 + n / 10 + shift * (1 + n % 3)} for n in range(40)])


def guarded(worse: str, *more: str) -> Row:
    evaluate.main(["e", "--input", "new", "--against", "old", "--mean", "loss", "--worse", worse, *more])
    return dict(json.loads(Path("data/e.json").read_text()))


@pytest.mark.parametrize(("shift", "verdict"), [(0.1, "worse"), (-0.1, "better"), (0.0, "open")])
def test_a_model_is_better_worse_or_open(
    shift: float, verdict: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    table("old", 0.0)
    table("new", shift)
    assert guarded("mark")["guard"]["verdict"] == verdict
    assert ("WORSE than the model before it: loss" in capsys.readouterr().err) == (verdict == "worse")


def test_a_worse_model_stops_the_build_where_it_shall(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    table("old", 0.0)
    table("new", 0.1)
    with pytest.raises(Problem, match="evaluate e: the new model is worse than the one before it: loss"):
        guarded("stop")
    assert not Path("data/e.json").exists()


def test_what_cannot_be_compared_or_meant_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    table("old", 0.0)
    rows.write("new", [{"id": "x", "split": "dev", "loss": 1.0}])
    with pytest.raises(Problem, match="compares rows in pairs"):
        guarded("mark")
    with pytest.raises(Problem, match="unknown action 'halt'|no action 'halt'"):
        guarded("halt")


def test_rows_to_test_on_decide_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, shift in (("old", 0.0), ("new", 0.1)):
        some = [
            {"id": str(n), "split": ("dev", "test")[n % 2], "loss": 2 + (shift if n % 2 else -shift) * (1 + n % 3)}
            for n in range(40)
        ]
        rows.write(name, some)
    assert guarded("mark", "--by", "split")["guard"]["verdict"] == "better"


def train_model(*words: str) -> None:
    import_module("trl.trainer.sft_trainer")  # once, before the forks
    done = forks.exit_code(forks.fork_stage(train.main, [*words, "--profile", "tiny"], Path("log")))
    assert done == 0, Path("log").read_text()


@pytest.mark.slow
def test_a_round_that_learned_from_broken_answers_is_worse_than_the_seeds_alone_and_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """M1 < M0: a judge that tells nothing lets pairs into the first round whose answers end half-way."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BALEEN_MEMO", str(tmp_path / "memo"))
    tiny.populate(tmp_path)
    pairs = list(rows.read(rows.table_path("seed")))
    learned, held = pairs[::2], pairs[1::2]
    wrong = [row | {"response": truncated(row["response"])} for row in learned]
    for name, some in (("right", learned), ("mixed", wrong), ("held", held)):
        rows.write(name, some)
    pairs_of = {"m0": "right", "m1": "mixed"}
    for model, taught in pairs_of.items():
        train_model(model, "--input", taught, "--base", "origin", "--prompt", "reply", "--settings", "sft")
    for model in pairs_of:
        score.main([f"loss-{model}", "--input", "held", "--model", model, "--prompt", "reply", "--profile", "tiny"])
    tables = ["e", "--input", "loss-m1", "--against", "loss-m0", "--mean", "loss"]
    with pytest.raises(Problem, match="the new model is worse than the one before it"):
        evaluate.main([*tables, "--worse", "stop"])
    evaluate.main([*tables, "--worse", "mark"])
    assert json.loads(Path("data/e.json").read_text())["guard"]["verdict"] == "worse"
