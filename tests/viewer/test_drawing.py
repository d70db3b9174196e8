"""Rows to label are drawn by the plan that is stated, and their weights give back the whole table."""

import random
from itertools import pairwise
from pathlib import Path

import pytest

pytest.importorskip("duckdb", reason="the extra view is not installed")

import numpy as np

from baleen.errors import Problem
from baleen.tables import labels, rows
from baleen.tables.labels import Label
from baleen.tables.rows import Row
from baleen.viewer import drawing
from baleen.viewer.drawing import STRATA, DrawingPlan, Sequence
from baleen.viewer.engine import Engine
from baleen.viewer.sources import Project

NEAR = DrawingPlan("near", "loss", 0.3)
ROWS = 1000


def table() -> list[Row]:
    """1,000 rows, of which those of low loss are good more often; 100 have no loss."""
    draw = random.Random(0)
    losses = [None if n < 100 else draw.random() for n in range(ROWS)]
    return [
        {"id": rows.row_id(str(n)), "response": "good" if (loss or 0.5) < draw.random() else "bad", "loss": loss}
        for n, loss in enumerate(losses)
    ]


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Row]:
    monkeypatch.chdir(tmp_path)
    rows.write("t", table())
    return table()


def drawn(plan: DrawingPlan) -> Sequence:
    return drawing.sequence(Engine(30.0), Project().source("t", "all"), plan)


@pytest.mark.parametrize("plan", [DrawingPlan(), NEAR], ids=["uniform", "near"])
def test_every_row_comes_once_and_strata_are_the_table(plan: DrawingPlan, written: list[Row]) -> None:
    order = drawn(plan)
    assert sorted(order.rows) == list(range(ROWS)) and sum(order.sizes) == ROWS
    assert [int(n) for n in np.bincount(order.strata, minlength=len(order.sizes))] == list(order.sizes)


def test_strata_lie_on_both_sides_of_the_threshold(written: list[Row]) -> None:
    order = drawn(NEAR)
    by_stratum = {name: list[float]() for name in STRATA}
    for at, n in enumerate(order.rows):
        by_stratum[order.stratum(at)[0]].append(written[int(n)]["loss"] or 0)
    assert (len(by_stratum["kept near"]), len(by_stratum["dropped near"])) == (ROWS // 10, ROWS // 10)
    ends = [max(by_stratum[a]) <= min(by_stratum[b]) for a, b in pairwise(ORDER)]
    assert all(ends) and max(by_stratum["kept near"]) <= 0.3 < min(by_stratum["dropped near"])
    assert {order.stratum(at)[0] for at in range(5)} == set(STRATA)


ORDER = ["kept far", "kept near", "dropped near", "dropped far"]


def test_the_order_depends_on_ids_and_not_on_places_in_the_file(written: list[Row]) -> None:
    first = [written[int(n)]["id"] for n in drawn(DrawingPlan()).rows]
    shuffled = random.Random(1).sample(written, len(written))
    rows.write("t", shuffled)
    assert [shuffled[int(n)]["id"] for n in drawn(DrawingPlan()).rows] == first


@pytest.mark.parametrize("plan", [DrawingPlan(), NEAR], ids=["uniform", "near"])
def test_weighted_labels_estimate_the_share_of_good_rows(plan: DrawingPlan, written: list[Row]) -> None:
    order, given = drawn(plan), list[Label]()
    for at in range(300):
        row = written[int(order.rows[at])]
        stratum = order.stratum(at)
        given.append(Label(row["id"], row["response"], "Ada", labels.text_hash(row), "m", plan.words, *stratum, True))
    weights = labels.weights(given)
    share = sum(w for w, label in zip(weights, given, strict=True) if label.label == "good") / sum(weights)
    assert sum(weights) == pytest.approx(ROWS)
    assert share == pytest.approx(sum(row["response"] == "good" for row in written) / ROWS, abs=0.06)


def test_a_table_without_texts_cannot_be_labelled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows.write("t", [{"id": "a", "loss": 1.0}])
    with pytest.raises(Problem, match="t has no instruction, input, response"):
        drawn(DrawingPlan())
