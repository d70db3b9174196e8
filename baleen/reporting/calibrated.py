"""The section of a calibration: all scores side by side, histogram, reliability and the sweep of thresholds."""

from collections.abc import Iterable, Mapping
from itertools import pairwise

from baleen.measures.judges import other_table
from baleen.reporting import charts
from baleen.reporting.built import Built
from baleen.reporting.page import Chart, Section, Table
from baleen.reporting.sections import number
from baleen.tables import rows
from baleen.tables.rows import Row

SHOWN = 15  # lines of a sweep


def calibrations(built: Built) -> Iterable[Section]:
    """Every calibration that is built."""
    for name, _, figures in built.of("calibrate"):
        yield section(name, figures)


def section(name: str, figures: Row) -> Section:
    """One calibration."""
    used = score_shown(figures)
    made = figures["scores"][used]
    source = "labels of people" if figures["labels"] == "people" else "seed pairs beside wrong ones made of them"
    paragraphs = [
        f"{figures['rows']:,} rows with known labels ({source}), {figures['good']:,} good; the score in use is {used}. "
        f"Precision is for a table of which {100 * (figures['share_good'] or 0):.0f} % are good."
    ]
    if "again" in figures:
        again = figures["again"]
        paragraphs.append(
            f"Asked twice about {again['rows']} rows, the judge agrees with itself on a share of "
            f"{number(again['agree'])}, by chance on {number(again['by_chance'])}: "
            f"kappa {with_interval(again, 'kappa')}."
        )
    paragraphs += [agreement(pair, one) for pair, one in figures.get("labellers", {}).items()]
    if passed := {why: count for why, count in figures.get("passed_over", {}).items() if count}:
        paragraphs.append(f"Labels that do not count: {', '.join(f'{n:,} {why}' for why, n in passed.items())}.")
    reasons = [*figures["stale"], *built_since(figures["belongs_to"]["tables"])]
    stale = [f"This calibration is stale: {reason}; it sets no threshold." for reason in reasons]
    gates = [reason for reason in figures["unusable"].get(used, []) if reason not in figures["stale"]]
    warnings = [*stale, *figures["warnings"], *(f"Look, but do not gate: {reason}." for reason in gates)]
    tables = [scores_table(figures), *kinds_table(figures), sweep_table(used, made)]
    return Section(f"Calibration: {name}", paragraphs, warnings, tables, [*drawings(used, made)])


def built_since(tables: Mapping[str, str]) -> Iterable[str]:
    """In words which tables of a calibration are others by now."""
    for path in (rows.table_path(name) for name in tables):
        if path.is_file():
            yield from other_table(path, tables)


def agreement(pair: str, one: Row) -> str:
    """How far two labellers agree: kappa with its interval, never without the shares that chance follows from."""
    rates = " and ".join(f"{100 * rate:.0f} %" for rate in one["good"])
    return (
        f"{pair}, {one['rows']:,} rows with both labels: kappa {with_interval(one, 'kappa')}; they call {rates} good, "
        f"by chance they would agree on {100 * one['by_chance']:.0f} %, and agree on {100 * one['agree']:.0f} %."
    )


def with_interval(figures: Row, name: str) -> str:
    """'0.912 [0.870, 0.950]'"""
    if figures.get(name) is None:
        return "-"
    low, high = figures.get(f"{name}_low"), figures.get(f"{name}_high")
    return f"{figures[name]:.3f}" + (f" [{low:.3f}, {high:.3f}]" if low is not None and high is not None else "")


def scores_table(figures: Row) -> Table:
    """A line for each score; precision and recall at the threshold in use."""
    lines = [
        [
            name + (" (in use)" if name == figures["in_use"] else ""),
            number(one["rows"]),
            with_interval(one, "auc"),
            with_interval(one, "kappa"),
            *(
                [number(at["threshold"]), with_interval(at, "precision"), with_interval(at, "recall")]
                if (at := one.get("in_use"))
                else ["", "", ""]
            ),
        ]
        for name, one in figures["scores"].items()
    ]
    return Table(["score", "rows", "AUC", "kappa", "threshold in use", "precision there", "recall there"], lines)


def kinds_table(figures: Row) -> list[Table]:
    """The AUC against each kind of wrong rows."""
    kinds = list(dict.fromkeys(kind for one in figures["scores"].values() for kind in one.get("by_kind", {})))
    if len(kinds) < 2:
        return []
    lines = [
        [name, *(with_interval(one["by_kind"].get(k, {}), "auc") for k in kinds)]
        for name, one in figures["scores"].items()
    ]
    return [Table(["AUC against", *kinds], lines)]


def sweep_table(used: str, made: Row) -> Table:
    """Every few thresholds of the score in use."""
    step = max(1, len(made["sweep"]) // SHOWN)
    pool = made.get("candidates", {})
    count = pool.get("rows", 0) - pool.get("unread", 0)
    lines = [
        [
            number(one["threshold"]),
            number(round(one["kept"] * count)) if one.get("kept") is not None else "-",
            with_interval(one, "precision"),
            with_interval(one, "recall"),
        ]
        for one in made["sweep"][::step]
    ]
    return Table([f"threshold of {used}", "candidates kept", "precision", "recall"], lines)


def score_shown(figures: Row) -> str:
    """The score that is drawn: the one in use, else the first."""
    return str(figures["in_use"] or next(iter(figures["scores"])))


def histogram(made: Row) -> list[Row]:
    """How many candidates stay and leave in each step of a score that has any."""
    pool = made.get("candidates") or {}
    return [
        {"low": low, "high": high, "rows": pool[fate][n], "fate": fate}
        for n, (low, high) in enumerate(pairwise(pool.get("edges", [])))
        for fate in ("kept", "dropped")
        if pool[fate][n]
    ]


def tenths(made: Row) -> list[Row]:
    """The share of good rows in each tenth of the labelled rows by a score, with its interval."""
    return [
        {"score": (one["low"] + one["high"]) / 2, "good": one["good"], "low": one["good_low"], "high": one["good_high"]}
        for one in made["reliability"]
        if one["good"] is not None
    ]


def drawings(used: str, made: Row) -> Iterable[Chart]:
    """Histogram of the candidates, reliability, and precision by the share kept."""
    if steps := histogram(made):
        told = f"Candidates by {used}; those beyond the ends of the axis stand in the last bars."
        yield Chart(charts.bars(steps, used, "rows", "fate", told), told)
    if points := tenths(made):
        told = f"Reliability: the share of good rows in each tenth of the labelled rows by {used}, with 95 % intervals."
        yield Chart(charts.lines(points, "score", "good", told, band=("low", "high")), told)
    points = [one for one in made["sweep"] if one.get("kept") is not None and one["precision"] is not None]
    if points:
        told = "Threshold sweep: precision on the labelled rows by the share of the candidates that is kept."
        yield Chart(charts.lines(points, "kept", "precision", told, band=("precision_low", "precision_high")), told)
