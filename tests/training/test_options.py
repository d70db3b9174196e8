"""Jobs: settings that cannot be meant are refused, and every step sees exactly one batch."""

from pathlib import Path
from typing import Any

import pytest

from baleen.errors import Problem
from baleen.project.settings import Speed
from baleen.training.options import (
    Job,
    TrainOptions,
    batch_for,
    check,
    load_job,
    save_job,
    shares,
    steps_for,
    with_own_steps,
)


def options(**more: Any) -> TrainOptions:
    return TrainOptions(input="seed", base="base", prompt="reply", **more)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"schedule": "cosin"}, "unknown schedule 'cosin'; did you mean 'cosine'?"),
        ({"too_long": "crop"}, "too_long 'crop'"),
        ({"lr": 3.0}, "lr is 3.0; it must lie between 0 and 1"),
        ({"batch": 0}, "batch is 0"),
        ({"steps": -2}, "steps is -2"),
        ({"warmup": 1.5}, "warmup is 1.5"),
        ({"lr_floor": 1.0}, "lr_floor is 1.0"),
        ({"epochs": 0.0}, "epochs is 0.0; write the number of passes (above 0), or steps"),
        ({"adapter": True}, "write lora_rank too"),
        ({"batch_by_rows": {"-1": 2}}, "batch_by_rows names '-1'; write numbers of examples, such as {'3000': 32}"),
        ({"batch_by_rows": {"0": 0}}, "batch_by_rows has a batch of 0; write a number of examples from 1"),
        ({"epochs_by_rows": {"many": 2.0}}, "epochs_by_rows names 'many'; write numbers of examples, such as"),
        ({"adapter": True, "lora_rank": 8, "grow": True}, "adapter needs a base that stays; grow it in a line"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_named(given: dict[str, Any], words: str) -> None:
    with pytest.raises(Problem) as caught:
        check(options(**given), "train reply")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "given", [{}, {"steps": 0, "epochs": 0.0}, {"lora_rank": 8, "adapter": True}, {"lr_floor": 0.9}]
)
def test_ordinary_settings_pass(given: dict[str, Any]) -> None:
    check(options(**given), "train reply")


@pytest.mark.parametrize(
    ("batch", "rows", "processes", "share"),
    [
        (32, 32, 1, (32, 1)),
        (32, 16, 2, (16, 1)),
        (32, 100, 2, (16, 1)),
        (32, 8, 1, (8, 4)),
        (32, 7, 1, (4, 8)),
        (30, 8, 2, (5, 3)),
        (1, 8, 1, (1, 1)),
    ],
)
def test_a_step_sees_exactly_one_batch(batch: int, rows: int, processes: int, share: tuple[int, int]) -> None:
    assert shares(batch, Speed(train_rows=rows, processes=processes)) == share
    assert share[0] * share[1] * processes == batch


@pytest.mark.parametrize(("batch", "processes"), [(33, 2), (1, 2)])
def test_a_batch_that_processes_cannot_share_is_refused(batch: int, processes: int) -> None:
    with pytest.raises(Problem, match=f"a batch of {batch} cannot be shared by {processes} processes"):
        shares(batch, Speed(processes=processes))


def test_a_job_survives_the_way_to_another_process(tmp_path: Path) -> None:
    job = Job("m", "base", str(tmp_path), "out", 10, 8, 4, options(lr=0.1), Speed(device="cpu"))
    assert load_job(save_job(job)) == job


@pytest.mark.parametrize(
    ("given", "examples", "steps"),
    [
        ({"steps": 7}, 1000, 7),
        ({"steps": 0}, 1000, 0),
        ({"epochs": 3.0}, 100, 10),
        ({"epochs": 1.0}, 33, 2),
        ({"epochs_by_rows": {"100": 1.0, "300": 3.0}}, 50, 2),  # below the first as at it
        ({"epochs_by_rows": {"100": 1.0, "300": 3.0}}, 200, 13),  # two passes
        ({"epochs_by_rows": {"300": 3.0, "100": 1.0}}, 300, 29),
        ({"epochs_by_rows": {"100": 1.0, "300": 3.0}}, 3000, 282),  # above the last as at it
        ({"epochs_by_rows": {"100": 1.0}, "epochs": 9.0}, 64, 2),
        ({"epochs_by_rows": {"100": 1.0}, "steps": 5}, 64, 5),
    ],
)
def test_steps_are_given_or_follow_the_examples(given: dict[str, Any], examples: int, steps: int) -> None:
    check(options(**given), "train x")
    assert steps_for(options(**given), examples) == steps


@pytest.mark.parametrize(
    ("given", "examples", "batch", "steps"),
    [
        ({"batch_by_rows": {"0": 8, "3000": 32}, "epochs": 1.0}, 2999, 8, 375),
        ({"batch_by_rows": {"3000": 32, "0": 8}, "epochs": 1.0}, 3000, 32, 94),
        ({"batch_by_rows": {"3000": 32}, "batch": 16, "epochs": 1.0}, 320, 16, 20),  # below the first: batch
        ({"batch_by_rows": {"0": 8}, "steps": 5}, 320, 32, 5),  # who says the steps says the batch
    ],
)
def test_the_batch_may_follow_the_examples(given: dict[str, Any], examples: int, batch: int, steps: int) -> None:
    check(options(**given), "train x")
    assert (batch_for(options(**given), examples), steps_for(options(**given), examples)) == (batch, steps)


def test_an_arm_takes_as_many_steps_as_another_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    arm = options(steps_of="humpback-1", epochs_by_rows={"100": 2.0})
    assert steps_for(arm, 320) == 20  # an estimate by its own rows, before the other is trained
    with pytest.raises(Problem, match="train arm: humpback-1 was trained for no steps; name another model, or write"):
        with_own_steps(arm, "train arm")
    Path("models").mkdir()
    Path("models/humpback-1.json").write_text('{"steps": 77}')
    assert steps_for(arm, 320) == 77 and with_own_steps(arm, "train arm").steps == 77
    Path("models/humpback-1.json").write_text('{"steps": 77, "batch": 8}')
    larger = options(steps_of="humpback-1", batch_by_rows={"0": 8, "3000": 32})
    assert batch_for(larger, 5000) == 8 and with_own_steps(larger, "train larger").batch == 8  # an equal dose
    assert with_own_steps(arm, "train arm").batch == 32  # one batch for all
    assert with_own_steps(options(steps=5), "train arm") == options(steps=5)
