"""Preferences: a model learns to prefer one answer to another, from pairs rendered as any training renders them."""

from collections import Counter
from pathlib import Path
from typing import Any

import forks
import pytest
from safetensors.numpy import load_file
from test_train import command, home, left_over, start_training, train_model, weights
from tiny import FACTS, PROSE, write_speed

from baleen.errors import Problem
from baleen.models import load, pins, scratch
from baleen.tables import rows
from baleen.training import preferences
from baleen.training.options import TrainOptions, check
from stages import train

__all__ = ["home"]  # the workspace, a fixture
PREFER = ("--rejected", "worse")


def backwards(text: str) -> str:
    return " ".join(reversed(text.split()))


def pairs(**changed: Any) -> list[dict[str, Any]]:
    """Questions with their answer, and the same words backwards; `changed` are columns of the first row."""
    asked = [f"what does {name} do ?" for name, _, _ in FACTS]
    table = [
        {"id": str(i), "origin": "seed", "instruction": q, "response": a, "worse": backwards(a)}
        for i, (q, a) in enumerate(zip(asked, PROSE, strict=True))
    ]
    return [table[0] | changed, *table[1:]]


@pytest.fixture
def taught(home: Path) -> Path:
    """The workspace with pairs and a model to begin from, which answers with somebody's text."""
    rows.write("pairs", pairs())
    train_model("begun", "short")
    return home


@pytest.mark.slow
def test_the_preferred_answer_gains_on_the_other_and_the_model_opens(taught: Path) -> None:
    numbers = train_model("preferring", "dpo", *PREFER, base="begun", table="pairs")
    losses = [loss for _, loss in numbers["curve"]]
    assert losses[-1] < losses[0] < 0.75 and numbers["accuracy"] > 0.8 and numbers["margin"] > 0.1
    assert (numbers["examples"], numbers["rows_in"], numbers["dropped"]) == (60, 60, {})
    files = {path.name for path in Path("models/preferring").iterdir()}
    assert "model.safetensors" in files and not {name for name in files if name.endswith((".bin", ".pt", ".pth"))}
    assert load.weights("preferring", "float32").num_parameters() == numbers["parameters"]
    assert left_over() == []


@pytest.mark.slow
def test_a_killed_run_goes_on_and_ends_in_the_same_bytes(taught: Path) -> None:
    told: dict[str, Any] = {"base": "begun", "table": "pairs"}
    train_model("whole", "dpo", *PREFER, **told)
    write_speed(checkpoint_seconds=0)
    checkpoints = Path("memo/checkpoints")
    words = command("killed", "dpo", *PREFER, **told)[2:]
    forks.kill_when(lambda: any(checkpoints.glob("*/checkpoint-*/complete.json")), start_training(words))
    assert not Path("models/killed").exists()
    train_model("killed", "dpo", *PREFER, **told)
    assert "10/30 steps" not in Path("killed.log").read_text()
    assert weights("killed") == weights("whole")


@pytest.mark.slow
def test_an_adapter_learns_preferences_against_its_base(taught: Path) -> None:
    numbers = train_model("light", "lora-dpo", *PREFER, base="begun", table="pairs")
    before, after = (load_file(f"models/{name}/model.safetensors") for name in ("begun", "light"))
    assert before.keys() == after.keys() and any((before[key] != after[key]).any() for key in before)
    assert numbers["steps"] == 10


def test_both_answers_follow_the_same_question_token_by_token(home: Path) -> None:
    from transformers import AutoTokenizer

    rows.write("pairs", pairs())
    texts = [text for row in pairs() for text in (row["instruction"], row["response"], row["worse"])]
    pin = pins.pin("origin")
    assert pin and pin.fresh
    scratch.make(Path("models/made"), pin.fresh, iter(texts), 0)
    words = AutoTokenizer.from_pretrained("models/made")
    options = TrainOptions("pairs", "made", "reply", rejected="worse")
    [first, *_] = preferences.encoded(rows.read(Path("data/pairs.parquet")), options, words, "")
    assert not isinstance(first, str)
    plain = [*preferences.examples.encoded(pairs()[:1], lambda _: preferences.prompts.load("reply"), "", words)]
    assert (first[0] + first[1], len(first[0])) == plain[0]
    assert words.decode(first[2]).split()[: len(PROSE[0].split())] == backwards(PROSE[0]).split()


@pytest.mark.parametrize(
    ("pair", "cut", "kept", "counts"),
    [
        (([1, 2], [3], [4, 5]), False, ([1, 2], [3], [4, 5]), {}),
        (([1, 2], [3], [4, 5, 6]), False, None, {"too long": 1}),
        (([1, 2], [3], [4, 5, 6]), True, ([1, 2], [3], [4, 5]), {"cut": 1}),
        (([1, 2], [3, 4, 5], [3, 4, 6]), True, None, {"too long": 1}),  # what is left of both is the same
        (([1, 2, 3, 4], [5], [6]), True, None, {"too long": 1}),
        ("no answer", False, None, {"no answer": 1}),
        ("same answer", False, None, {"same answer": 1}),
    ],
)
def test_pairs_that_do_not_fit_are_cut_or_leave_with_a_count(
    pair: Any, cut: bool, kept: Any, counts: dict[str, int]
) -> None:
    tally = Counter[str]()
    assert [*preferences.fitted([pair], 4, cut, tally)] == ([kept] if kept else [])
    assert tally == {"rows_in": 1} | counts


def test_a_row_with_one_answer_or_twice_the_same_is_no_pair() -> None:
    same = ([1, 2, 3], 2)
    assert preferences.pair_of(same, None) == preferences.pair_of(None, same) == "no answer"
    assert preferences.pair_of(same, same) == "same answer"
    assert preferences.pair_of(same, ([1, 2, 4, 5], 2)) == ([1, 2], [3], [4, 5])


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"prompt": "", "prompts": "many"}, "prompts has no effect beside rejected"),
        ({"packing": True}, "packing has no effect beside rejected"),
        ({"prompt": "text"}, "rejected needs a prompt with a question and one column to write, not text"),
        ({"rejected": "response"}, "prompts/reply.md uses response itself; name the losing column"),
        ({"beta": 0.0}, "beta is 0"),
    ],
)
def test_what_cannot_be_meant_is_told(home: Path, changed: dict[str, Any], words: str) -> None:
    given: dict[str, Any] = {"input": "pairs", "base": "begun", "prompt": "reply", "rejected": "worse"}
    with pytest.raises(Problem, match=words):
        check(TrainOptions(**given | changed), "train m")


def test_a_table_without_the_losing_column_is_told(home: Path) -> None:
    with pytest.raises(Problem, match="data/seed.parquet has no column worse; it has id"):
        train.main(command("m", "short", *PREFER)[3:])


def test_a_dry_run_counts_both_sides(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows.write("pairs", pairs())
    train.main(command("m", "short", "--dry-run", table="pairs")[3:])
    train.main(command("m", "short", "--dry-run", *PREFER, table="pairs")[3:])
    tokens = [int(line.split("about ")[1].split()[0]) for line in capsys.readouterr().out.splitlines()]
    assert abs(tokens[1] - 2 * tokens[0]) <= 1
