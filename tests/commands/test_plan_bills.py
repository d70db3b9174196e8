"""`baleen plan` adds up GPU hours, disk and dollars of what would run, and how long it takes."""

from pathlib import Path
from typing import Any

import pytest

from baleen.commands import plan
from baleen.project import bills
from baleen.project.forecast import Outlook
from baleen.project.graph import Stage
from baleen.project.plan import Planned
from baleen.training import costs
from baleen.training.costs import Cost

PROFILE = """origin: {hub: a/b, revision: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, parameters: 2.0e9}
speed: {device: cpu, dollars_per_gpu_hour: 3.0}
"""
LINES: dict[str, dict[str, Any]] = {
    "asked": {"input": "web", "model": "ask", "prompt": "ask"},
    "learned": {"input": "mix", "base": "base", "prompt": "reply"},
    "kept": {"input": "asked", "best": "loss"},
}
PLANS = {
    name: Planned(verb, LINES[name]) for verb, name in (("generate", "asked"), ("train", "learned"), ("filter", "kept"))
}


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("profiles").mkdir()
    Path("profiles/p.yaml").write_text(PROFILE)
    Path("params.yaml").write_text("profile: p\n")


def test_queries_and_trainings_have_a_bill_and_other_verbs_have_none() -> None:
    asked = plan.billed(Cost(10, 0, 1_000_000, 580_000_000, 80_000_000), "asked", PLANS)
    learned = plan.billed(Cost(10, tokens=1_000_000_000, steps=5, seconds=9.0), "learned", PLANS)
    assert asked.bill and asked.bill.gpu_hours == pytest.approx(2e9 * 2 * (5e8 / 395.6e12 + 8e7 / 98.9e12) / 3600)
    assert learned.bill and learned.bill.gpu_hours == pytest.approx(2e9 * 6e9 / 395.6e12 / 3600)
    assert learned.bill.disk == 2e9 * (4 + 12)
    assert plan.billed(Cost(10), "kept", PLANS).bill is None
    assert plan.billed(Cost(10), "asked", PLANS).bill is None  # nobody knows the tokens yet
    whole = costs.total([asked, learned, Cost(10)]).bill
    assert whole and whole.dollars == pytest.approx(3 * (asked.bill.gpu_hours + (learned.bill.gpu_hours or 0)))
    assert bills.words(whole, 3.0).startswith("10.7 GPU hours (of an H100") and "$32.19" in bills.words(whole, 3.0)
    assert "wall time 10.7 h on 1 GPU, 1.40 h on 8, 0.17 h on 64" in bills.words(whole, 3.0)
    assert whole.walls == tuple(a + b for a, b in zip(asked.bill.walls, learned.bill.walls, strict=True))


def test_before_the_first_build_nothing_is_told_that_nobody_knows() -> None:
    stage = Stage("filter@calm", None, (), ())
    [line, total] = plan.text([(Outlook(stage, "run", ("not built yet",)), Cost(estimated=True))]).splitlines()
    assert line == "filter@calm  runs: not built yet"
    assert total == "1 of 1 targets run, 0 may run; the time of 1 target is not measured yet"
    trained = Cost(steps=400, estimated=True)
    assert plan.cost_words(trained) == "400 steps, time not measured yet (estimate)"
    assert "; at most 400 steps; the time" in plan.total_words([(Outlook(stage, "run"), trained)])


@pytest.mark.parametrize(("rows", "kept"), [(150, 150), (900, 600), (None, 600)])
def test_a_filter_that_keeps_a_number_of_rows_keeps_no_more_than_there_are(rows: int | None, kept: int) -> None:
    assert costs.filtered(rows, {"count": 600}, "kept", costs.Known({}, PLANS, {}, None, None)) == kept  # type: ignore[arg-type]
