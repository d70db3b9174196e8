"""Calibration: every score of a table with known labels, side by side, and whether the one in use may be a gate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from baleen.errors import Problem
from baleen.measures.agreement import of_categories, of_labels
from baleen.measures.evaluation import Score, parse_score
from baleen.measures.expressions import Value, parse_condition, parse_value
from baleen.measures.filters import Rules
from baleen.measures.separation import (
    FEWEST,
    Labelled,
    area,
    areas,
    draws,
    equal_share,
    estimate,
    interval,
    kept,
    labelled,
    of_draws,
    points,
    reliability,
    shortest,
    thresholds,
)
from baleen.tables.rows import Row

KNOWN = ("worst", "loss", "-gain", "-rating", "-probability")  # scores that `score` writes; low is good but after a -


@dataclass(frozen=True)
class Labels:
    """The labelled rows of a calibration: each row with its label, its weight and the cluster that it is drawn with."""

    rows: Sequence[Row]
    good: Sequence[bool]
    weights: Sequence[float]
    clusters: Sequence[str]

    def only(self, places: Sequence[int]) -> "Labels":
        """The rows at these places."""
        rows, good = [self.rows[n] for n in places], [self.good[n] for n in places]
        return Labels(rows, good, [self.weights[n] for n in places], [self.clusters[n] for n in places])


@dataclass(frozen=True)
class Plan:
    """What is measured: the scores; the one in use ('' for none) with the threshold that it has on the candidates; the
    least kappa of a gate; the seed of the bootstrap; and what makes the calibration stale, in words."""

    scores: Sequence[Score]
    in_use: str
    threshold: float | None
    least_kappa: float
    seed: int
    stale: Sequence[str] = field(default=())


def score_in_use(rules: Rules) -> str:
    """The score by which a filter decides: its rank, else the value of its last condition; '' for neither."""
    if rules.best:
        return f"-{rules.best}" if rules.highest else rules.best
    if not rules.keep:
        return ""
    last = parse_condition(rules.keep[-1])
    return f"-{last.value.text}" if last.test in (">=", ">") else last.value.text


def scores_of(names: Sequence[str], in_use: str, columns: Sequence[str]) -> list[Score]:
    """The scores to measure: those that are named, else those that the table has; the one in use first."""
    wanted = [*names] or [name for name in KNOWN if name.removeprefix("-") in columns]
    found = [parse_score(name) for name in dict.fromkeys([*filter(None, [in_use]), *wanted])]
    return [one for one in found if all(column in columns for column in one.value.columns)]


def prior_weights(good: Sequence[bool], kinds: Sequence[str], prior: float) -> list[float]:
    """Weights under which `prior` of all rows is good and every kind of bad rows counts the same."""
    counts = {kind: sum(k == kind for k in kinds) for kind in {*kinds}}
    bad = {kind for kind, is_good in zip(kinds, good, strict=True) if not is_good}
    whole, share = sum(good), (1 - prior) / max(1, len(bad))
    return [prior / whole if is_good else share / counts[kind] for kind, is_good in zip(kinds, good, strict=True)]


def with_score(labels: Labels, score: Score) -> Labelled:
    """The rows that have the score, the best first."""
    values = [score.value.of(row) for row in labels.rows]
    some = labels.only([n for n, value in enumerate(values) if value is not None])
    badness = [-value if score.high else value for value in values if value is not None]
    return labelled(badness, some.good, some.weights, some.clusters)


def measured(labels: Labels, score: Score, plan: Plan) -> Row:
    """The figures of one score."""
    rows, sign = with_score(labels, score), -1.0 if score.high else 1.0
    count = len(rows.badness)
    figures: Row = {"highest_first": score.high, "rows": count, "unread": len(labels.rows) - count}
    if not rows.good.any() or rows.good.all():
        return figures | {"auc": None, "auc_low": None, "auc_high": None, "kappa": None, "sweep": [], "reliability": []}
    drawn = draws(rows, plan.seed)
    figures |= estimate("auc", partial(areas, rows), rows.weights, drawn) | {
        "by_kind": by_kind(labels, score, plan.seed)
    }
    figures |= kappa_at(rows, equal_share(rows))
    at = thresholds(rows)
    sweep = [{"threshold": sign * shortest(rows, x)} | one for x, one in zip(at, points(rows, at, drawn), strict=True)]
    figures |= {"sweep": sweep, "reliability": reliability(rows, drawn, sign)}
    if score.text == plan.in_use and plan.threshold is not None:
        [one] = points(rows, np.array([sign * plan.threshold]), drawn)
        figures["in_use"] = {"threshold": plan.threshold} | one | kappa_at(rows, sign * plan.threshold)
    return figures


def kappa_at(rows: Labelled, threshold: float) -> Row:
    """Agreement of a threshold with the labels."""
    found = of_labels(kept(rows, threshold).tolist(), rows.good.tolist(), rows.weights.tolist())
    return {name: found.get(name) for name in ("agree", "by_chance", "kappa", "kappa_low", "kappa_high")}


def by_kind(labels: Labels, score: Score, seed: int) -> Row:
    """The area under the curve for good rows beside each kind of bad ones."""
    kinds = [str(row.get("kind") or "") for row in labels.rows]
    found = dict[str, Row]()
    for kind in sorted({k for k, good in zip(kinds, labels.good, strict=True) if k and not good}):
        places = [n for n, own in enumerate(kinds) if labels.good[n] or own == kind]
        rows = with_score(labels.only(places), score)
        drawn = draws(rows, seed)
        auc = estimate("auc", partial(areas, rows), rows.weights, drawn)
        found[kind] = {"rows": int((~rows.good).sum())} | auc
    return found


def calibration(labels: Labels, plan: Plan) -> Row:
    """All scores side by side, a warning for each that separates better than the one in use, and why the one in use
    must not set a threshold (`unusable`, empty when it may)."""
    scores = {score.text: measured(labels, score, plan) for score in plan.scores}
    good = sum(w for w, is_good in zip(labels.weights, labels.good, strict=True) if is_good)
    whole = sum(labels.weights)
    return {
        "rows": len(labels.rows),
        "good": sum(labels.good),
        "share_good": round(good / whole, 4) if whole else None,
        "in_use": plan.in_use,
        "scores": scores,
        "warnings": warnings(labels, plan),
        "least_kappa": plan.least_kappa,
        "unusable": {name: [*plan.stale, *too_little(name, made, plan)] for name, made in scores.items()},
    }


def too_little(name: str, figures: Mapping[str, object], plan: Plan) -> list[str]:
    """That a score agrees less with the labels than a gate must."""
    kappa = figures["kappa"]
    if kappa is None:
        return [f"{name} cannot be compared with the labels: good and bad rows with a score are needed"]
    told = f"{name} agrees with the labels by a kappa of {kappa}, and a gate needs {plan.least_kappa}"
    return [told] if float(str(kappa)) < plan.least_kappa else []


def warnings(labels: Labels, plan: Plan) -> list[str]:
    """One line for each score that separates better than the one in use, by a paired bootstrap over the rows that have
    both."""
    used = next((score for score in plan.scores if score.text == plan.in_use), None)
    found = list[str]()
    for other in plan.scores if used else []:
        if used and other.text != used.text and (difference := beside(labels, used, other, plan.seed)):
            mine, theirs, low, high = difference
            if low is not None and low > 0:
                words = f"difference {theirs - mine:+.3f}, 95 % interval [{low:+.3f}, {high:+.3f}]"
                found.append(
                    f"{used.text} is in use and separates worse than {other.text}: AUC {mine:.3f} and {theirs:.3f}, "
                    f"{words}"
                )
    return found


def beside(
    labels: Labels, used: Score, other: Score, seed: int
) -> tuple[float, float, float | None, float | None] | None:
    """The areas of two scores over the rows that have both, and the interval of the difference; None without both good
    and bad rows."""
    both = [n for n, row in enumerate(labels.rows) if None not in (used.value.of(row), other.value.of(row))]
    one, two = (with_score(labels.only(both), score) for score in (used, other))
    if not one.good.any() or one.good.all():
        return None
    mine, theirs = (of_draws(partial(areas, rows), draws(rows, seed)) for rows in (one, two))
    return area(one), area(two), *interval(theirs - mine)


def reached(figures: Row, score: str, precision: float, where: str) -> Row:
    """The point of the sweep of a score that keeps most rows at a precision; a Problem when no threshold has it."""
    if reasons := figures["unusable"].get(score):
        raise Problem(f"{where} sets no threshold: {'; '.join(reasons)}")
    if score not in figures["scores"]:
        raise Problem(f"{where} has no figures of {score}, but of {', '.join(figures['scores'])}; add it to its scores")
    known = [point for point in figures["scores"][score]["sweep"] if point["rows"] >= FEWEST]
    enough = [point for point in known if (point["precision"] or 0) >= precision]
    if not enough:
        best = max((point["precision"] or 0 for point in known), default=0)
        raise Problem(
            f"{where}: no threshold of {score} that keeps {FEWEST} labelled rows has a precision of {precision}; the "
            f"best is {best}"
        )
    return dict(max(enough, key=lambda point: point["rows"]))


def again(rows: Sequence[Row], column: str, score: str) -> Row:
    """How a judge agrees with itself when it is asked twice: kappa of the ratings, and their mean difference."""
    value, before = parse_value(score.removeprefix("-")), Value(column, "", (column,))
    pairs = [(value.of(row), before.of(row)) for row in rows]
    known = [(a, b) for a, b in pairs if a is not None and b is not None]
    found = of_categories([round(a) for a, _ in known], [round(b) for _, b in known])
    gap = round(float(np.mean([abs(a - b) for a, b in known])), 4) if known else None
    return found | {"mean_difference": gap, "unread": len(rows) - len(known)}
