"""Figures of a claim on real text: means of all arms, paired differences with intervals, and a verdict on each.

**The rule.** A difference is of the same held-out rows in both arms, over all seeds of training. Its 95 % interval is
that of a bootstrap which draws seeds with replacement and, for each draw of seeds, rows with replacement: one draw of
rows for all its seeds, since they are the same rows in each. A claim *holds* when the whole interval is on the better
side, it is *opposite* when the whole interval is on the worse side, and else it *does not hold* at this size. Fewer
than 20 rows say nothing, and nor do arms of which *no row differs*. With few seeds the interval is of these seeds
rather than of all. Where a measure is a ratio, as of instructions followed to instructions asked, a row counts as often
as the number below the stroke says, and is drawn whole.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from statistics import fmean
from typing import Any

from baleen.project import recipes
from baleen.tables.rows import Row
from benchmarks.claims import _seeds, figure, measured
from benchmarks.claims.real import Pair, Real, for_seed

ENOUGH = 20  # rows
Unit = tuple[str, int]  # a row, and which of its parts: 0 alone where a measure is no ratio
Units = Mapping[Unit, tuple[str, float]]  # what each is drawn with, and a measure or the difference of two arms
Gains = Mapping[int, Mapping[Any, tuple[str, float]]]  # those of each seed


def interval(gains: Gains, draw: int = 0) -> tuple[float, float]:
    """95 % percentile interval of the mean; seeds are drawn with replacement, and groups of rows, the same for all
    seeds of a draw."""
    return _seeds.interval([gains], draw)


def verdict(low: float, high: float, rows: int, lower: bool) -> str:
    """What the interval of a difference says of a claim, by the rule above."""
    if rows < ENOUGH:
        return "too few rows"
    if low == high == 0:
        return "no row differs"
    better, worse = (high < 0, low > 0) if lower else (low > 0, high < 0)
    return "holds" if better else "opposite" if worse else "does not hold"


def built(folder: Path, pair: Pair, seeds: tuple[int, ...]) -> dict[int, tuple[str, str]]:
    """Both tables of a pair for each seed of which both are built."""
    once = not any("$seed" in side for side in (pair.better, pair.other))
    tables = {seed: (for_seed(pair.better, seed), for_seed(pair.other, seed)) for seed in seeds[: 1 if once else None]}
    return {s: both for s, both in tables.items() if all((folder / f"data/{name}.parquet").is_file() for name in both)}


def values(folder: Path, table: str, pair: Pair) -> Units:
    """The measure of each row of a table. Of a ratio every unit below the stroke has an equal part of what stands
    above it, so that the mean of all units is the quotient of both sums."""
    above, _, below = pair.measure.partition(" / ")
    found = measured(folder, table, above, pair.split, pair.keep)
    if not below:
        return {(row, 0): one for row, one in found.items()}
    counts = measured(folder, table, below, pair.split, pair.keep)
    return {
        (row, unit): (group, value / counts[row][1])
        for row, (group, value) in found.items()
        for unit in range(round(counts[row][1]))
    }


def gains(folder: Path, pair: Pair, seeds: tuple[int, ...]) -> dict[int, Units]:
    """The first arm's measure minus the other's, of each seed and each row that both have."""
    found = dict[int, Units]()
    for seed, both in built(folder, pair, seeds).items():
        mine, theirs = (values(folder, name, pair) for name in both)
        found[seed] = {
            unit: (group, value - theirs[unit][1]) for unit, (group, value) in mine.items() if unit in theirs
        }
    return {seed: one for seed, one in found.items() if one}


def difference(folder: Path, pair: Pair, seeds: tuple[int, ...]) -> Row:
    """The paired difference with its interval and the verdict; where no row is in both arms, whether they are built."""
    found = gains(folder, pair, seeds)
    if not found:
        there = built(folder, pair, seeds)
        return {"verdict": "no row in both arms" if there else "not built", "seeds": [*there]}
    by_seed = {str(seed): round(fmean(value for _, value in one.values()), 5) for seed, one in found.items()}
    mean = fmean(value for one in found.values() for _, value in one.values())
    low, high = interval(found)
    rows = len({row for one in found.values() for row, _ in one})
    return {
        "measure": pair.measure,
        "better when": "lower" if pair.lower else "higher",
        "difference": round(mean, 5),
        "low": round(low, 5),
        "high": round(high, 5),
        "rows": rows,
        "seeds": list(found),
        "by seed": by_seed,
        "verdict": verdict(low, high, rows, pair.lower),
    }


def arms(folder: Path, claim: Real, seeds: tuple[int, ...]) -> Row:
    """The mean of every table that is compared, by seed, and how many rows and steps its model learned."""
    known = {line.name: line for line in recipes.lines([*(folder / "recipes").glob("*.yaml")])}
    sides = [(side, pair) for pair in claim.pairs.values() for side in (pair.better, pair.other)]
    found = {", ".join(filter(None, (side, pair.measure, pair.keep))): (side, pair) for side, pair in sides}
    made = {name: arm(folder, side, pair, seeds, known) for name, (side, pair) in found.items()}
    return {name: one for name, one in made.items() if one["by seed"]}


def arm(folder: Path, side: str, pair: Pair, seeds: tuple[int, ...], known: Mapping[str, recipes.Line]) -> Row:
    """The mean of one table of each seed, and what the model of the first one learned from."""
    tables = {s: for_seed(side, s) for s in seeds if (folder / f"data/{for_seed(side, s)}.parquet").is_file()}
    numbers = {s: [number for _, number in values(folder, table, pair).values()] for s, table in tables.items()}
    means = {str(seed): round(fmean(one), 4) for seed, one in numbers.items() if one}
    model = model_of(next(iter(tables.values()), ""), known)
    shown = {"mean": round(fmean(means.values()), 4) if means else None, "by seed": means}
    return shown | cut_off(folder, tables.values()) | learned(folder, model)


def cut_off(folder: Path, tables: Iterable[str]) -> Row:
    """The share of answers that are cut off at the limit of their tokens, where the tables are answers: arms that cut
    off unlike shares differ by their limit too."""
    reports = [json.loads((folder / f"data/{table}.json").read_text(encoding="utf-8")) for table in tables]
    asked = [report for report in reports if "completion_tokens" in report]
    cut = sum(report.get("kept_unread", {}).get("truncated", 0) for report in asked)
    count = sum(report["rows_out"] for report in asked)
    return {"cut off": round(cut / count, 4)} if count else {}


def model_of(table: str, lines: Mapping[str, recipes.Line]) -> str:
    """The model that answered or graded a table, there or above; '' for none."""
    while table in lines and "model" not in lines[table].given:
        table = str(lines[table].given.get("input", ""))
    return str(lines[table].given["model"]) if table in lines else ""


def learned(folder: Path, model: str) -> Row:
    """Rows and steps of a model's training; nothing for one that was not trained here."""
    path = folder / f"models/{model}.json"
    counts = json.loads(path.read_text(encoding="utf-8")) if model and path.is_file() else {}
    return {name: counts[name] for name in ("examples", "steps", "batch") if name in counts}


def results(claim: Real, folder: Path, seeds: tuple[int, ...]) -> Row:
    """What a claim comes to in one project, as far as it is built."""
    shown = dict[str, float]()
    for name, (file, *keys) in claim.figures.items():
        for seed in seeds if "$seed" in file else seeds[:1]:
            path = for_seed(file, seed)
            if any((folder / place / f"{path}.json").is_file() for place in ("", "data")):
                shown[f"{name}, seed {seed}" if "$seed" in file else name] = figure(folder, path, keys)
    return {
        "arms": arms(folder, claim, seeds),
        "differences": {name: difference(folder, pair, seeds) for name, pair in claim.pairs.items()},
    } | ({"figures": shown} if shown else {})
