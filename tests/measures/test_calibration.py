"""Scores are measured on right pairs beside wrong ones, with weights, intervals and a sweep of thresholds."""

from typing import Any

import numpy as np
import pytest

from baleen.errors import Problem
from baleen.measures import separation
from baleen.measures.agreement import of_categories
from baleen.measures.calibration import Labels, Plan, again, calibration, prior_weights, reached, scores_of
from baleen.measures.contrast import KINDS, contrasted
from baleen.measures.expressions import parse_condition
from baleen.tables.rows import Row, row_id

TOPICS = ("bread", "trains", "rain", "chess", "tea", "wool")


def seeds() -> list[Row]:
    return [
        {
            "id": row_id(topic, str(n)),
            "instruction": f"tell me {n} facts about {topic} and {topic}shops",
            "response": f"here are {n} facts about {topic} that everybody should know",
        }
        for topic in TOPICS
        for n in (2, 3)
    ]


def test_each_pair_has_a_wrong_one_of_each_kind() -> None:
    fates = list(contrasted(seeds()))
    assert {why for _, why in fates} == {""} and len(fates) == len(seeds()) * (1 + len(KINDS))
    assert len({row["id"] for row, _ in fates}) == len(fates)
    for row, _ in fates:
        own = next(seed for seed in seeds() if seed["id"] == row["pair"])
        assert (row["response"] == own["response"]) == (row["good"] == 1.0) == (row["kind"] == "true")


def test_the_nearest_topic_is_the_instruction_with_most_words_in_common() -> None:
    near = {row["instruction"]: row["response"] for row, _ in contrasted(seeds()) if row.get("kind") == "near topic"}
    assert near["tell me 2 facts about tea and teashops"] == "here are 3 facts about tea that everybody should know"


def test_what_cannot_be_made_leaves_with_a_reason() -> None:
    fates = list(
        contrasted([{"id": "a", "instruction": "x", "response": "y"}, {"id": "b", "instruction": "", "response": ""}])
    )
    reasons = sorted(why for _, why in fates if why)
    assert reasons == [
        "no near topic answer",
        "no noisy answer",
        "no pair",
        "no shuffled answer",
        "no truncated answer",
    ]


def labelled_rows(values: list[tuple[float, bool]]) -> separation.Labelled:
    return separation.labelled(
        [v for v, _ in values], [g for _, g in values], [1.0] * len(values), [str(n) for n in range(len(values))]
    )


@pytest.mark.parametrize(
    ("values", "area"),
    [
        ([(1, True), (2, False)], 1.0),
        ([(2, True), (1, False)], 0.0),
        ([(1, True), (1, False)], 0.5),
        ([(1, True), (3, True), (2, False), (4, False)], 0.75),
    ],
)
def test_the_area_is_the_chance_that_a_good_row_scores_better(values: Any, area: float) -> None:
    assert separation.area(labelled_rows(values)) == area


def test_weights_count_as_rows_would() -> None:
    rng = np.random.default_rng(0)
    values, good = rng.normal(size=40).round(1), rng.random(40) < 0.5
    times = rng.integers(1, 4, 40)
    weighted = separation.labelled(values, good, times.astype(float), [str(n) for n in range(40)])
    written_out = labelled_rows([(v, g) for v, g, t in zip(values, good, times, strict=True) for _ in range(t)])
    assert separation.area(weighted) == pytest.approx(separation.area(written_out))
    at = np.array([-0.5, 0.0, 0.5])
    assert [one["precision"] for one in separation.points(weighted, at, [])] == [
        one["precision"] for one in separation.points(written_out, at, [])
    ]


@pytest.mark.slow
def test_the_interval_covers_the_truth_in_about_95_of_100_samples() -> None:
    covered = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        good = rng.random(80) < 0.5
        rows = separation.labelled(rng.normal(np.where(good, 0, 1.0)), good, np.ones(80), [str(n) for n in range(80)])
        low, high = separation.interval([separation.area(rows, w) for w in separation.draws(rows, seed)])
        covered += (low or 0) <= 0.760 <= (high or 0)  # of two normal distributions one apart: Phi(1 / sqrt 2)
    assert 51 <= covered <= 60


def labels(noise: float = 0.3, count: int = 60) -> Labels:
    rng = np.random.default_rng(1)
    rows = [
        {
            "id": f"{n}{kind}",
            "kind": kind,
            "loss": (kind != "true") + rng.normal(0, noise),
            "rating": rng.normal(3 + (kind == "true"), 2),
        }
        for n in range(count)
        for kind in ("true", "shuffled", "noisy")
    ]
    good = [row["kind"] == "true" for row in rows]
    weights = prior_weights(good, [str(row["kind"]) for row in rows], 0.5)
    return Labels(rows, good, weights, [str(n // 3) for n in range(len(rows))])


def test_made_rows_are_weighted_to_the_share_that_is_assumed() -> None:
    known = labels()
    good = sum(w for w, g in zip(known.weights, known.good, strict=True) if g)
    assert good == pytest.approx(0.5) and sum(known.weights) == pytest.approx(1)


def figures(in_use: str = "-rating", **more: Any) -> Row:
    plan = Plan(scores_of([], in_use, ["loss", "rating"]), in_use, None, more.pop("least_kappa", 0.4), 0, **more)
    return calibration(labels(), plan)


@pytest.mark.slow
def test_scores_stand_side_by_side_with_a_warning_when_the_one_in_use_separates_worse() -> None:
    found = figures()
    assert [*found["scores"]] == ["-rating", "loss"]
    assert found["scores"]["loss"]["auc"] > 0.95 > 0.8 > found["scores"]["-rating"]["auc"]
    [warning] = found["warnings"]
    assert warning.startswith("-rating is in use and separates worse than loss: AUC 0.")
    assert figures("loss")["warnings"] == []


def test_a_target_is_the_most_lenient_threshold_that_reaches_it() -> None:
    found = figures("loss")
    point = reached(found, "loss", 0.9, "calibration c")
    others = [one for one in found["scores"]["loss"]["sweep"] if one["rows"] > point["rows"]]
    assert point["precision"] >= 0.9 and others and max(one["precision"] for one in others) < 0.9


@pytest.mark.slow
@pytest.mark.parametrize(
    ("score", "more", "words"),
    [
        ("-rating", {}, "sets no threshold: -rating agrees with the labels by a kappa of .*, and a gate needs 0.4"),
        ("loss", {"stale": ["loss was given by another model"]}, "sets no threshold: loss was given by another model"),
        ("worst", {}, "has no figures of worst, but of loss, -rating"),
    ],
)
def test_a_judge_that_agrees_too_little_or_is_another_one_is_no_gate(score: str, more: Any, words: str) -> None:
    with pytest.raises(Problem, match=words):
        reached(figures("loss", **more), score, 0.9, "calibration c")


@pytest.mark.slow
def test_a_precision_that_no_threshold_has_is_said_with_the_best() -> None:
    with pytest.raises(Problem, match="no threshold of -rating .* has a precision of 0.99; the best is 0"):
        reached(figures(least_kappa=-1), "-rating", 0.99, "calibration c")


@pytest.mark.parametrize("scale", [1.0, 1e-9])
def test_a_threshold_as_it_is_written_keeps_the_rows_it_was_measured_on(scale: float) -> None:
    rows = [{"id": f"{n}", "rating": 1 - scale * (n / 7 + 1 / 3)} for n in range(40)]  # a sure judge: 0.99999999...
    good = [n < 20 and n % 5 > 0 for n in range(40)]
    labels = Labels(rows, good, [1.0] * 40, [str(n) for n in range(40)])
    plan = Plan(scores_of([], "-rating", ["rating"]), "-rating", 1 - scale * (9 / 7 + 1 / 3), 0.4, 0)
    made = calibration(labels, plan)["scores"]["-rating"]
    assert len({point["threshold"] for point in made["sweep"]}) == 40
    for point in [*made["sweep"], made["in_use"]]:
        keeps = parse_condition(f"rating>={point['threshold']!r}")
        assert sum(keeps.reason(row) is None for row in rows) == point["rows"], point
    assert made["in_use"]["rows"] == 10


@pytest.mark.slow
def test_reliability_bins_hold_every_row_once_and_the_best_first() -> None:
    bins = figures("loss")["scores"]["loss"]["reliability"]
    assert sum(one["rows"] for one in bins) == 180 and bins[0]["good"] > 0.9 > 0.1 > bins[-1]["good"]
    assert all(one["low"] <= one["high"] for one in bins)


@pytest.mark.parametrize(
    ("mine", "other", "kappa"),
    [("ggbb", "ggbb", 1.0), ("ggbb", "bbgg", -1.0), ("ggbb", "gbgb", 0.0), ("gggg", "gggg", None)],
)
def test_kappa_is_agreement_beyond_chance(mine: str, other: str, kappa: float | None) -> None:
    assert of_categories(mine, other)["kappa"] == kappa


def test_a_judge_asked_twice_agrees_with_itself_as_far_as_it_does() -> None:
    rows = [{"id": str(n), "rating": float(n % 5), "first_rating": float(n % 5 if n < 8 else 0)} for n in range(10)]
    found = again([*rows, {"id": "x", "rating": None, "first_rating": 1.0}], "first_rating", "-rating")
    assert (found["rows"], found["agree"], found["unread"]) == (10, 0.8, 1) and 0.7 < found["kappa"] < 0.8
    assert 0.3 < found["kappa_low"] < found["kappa"] < found["kappa_high"] <= 1
