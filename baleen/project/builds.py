"""Builds: the line of counts that each verb ends with, and a record of it in the folder of the memo.

A build is the `dvc` that ran the stages. The records are for the summary of a build and for the time that `baleen plan`
expects; no table depends on them.
"""

import json
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from baleen.project.lifetime import BUILD
from baleen.project.locks import memo_folder
from baleen.project.progress import duration

BEGUN = time.time()  # of this process
FILE = "builds.jsonl"
KEPT = 5_000  # records that are looked at, the newest
COUNTS = ("queried", "cached", "tokens")
_notes = dict[str, Any]()  # what the verb says of its run beside the counts that it writes


@dataclass(frozen=True)
class StageRun:
    """A run of a stage: its rows in, out and dropped, seconds, and what it queried, found cached and read and wrote."""

    stage: str
    build: str
    seconds: float
    rows_in: int = 0
    rows_out: int = 0
    dropped: int = 0
    figures: dict[str, int] = field(default_factory=dict)


def note(**figures: Any) -> None:
    """Have figures of this run shown in its last line; `shown` is text, the others are numbers."""
    _notes.update(figures)


def counts_since(target: str, begun: float) -> dict[str, Any]:
    """The counts that a run wrote for its target or the preview of it since a time of the epoch; {} for none."""
    names = [Path(folder, f"{target}{end}.json") for folder in ("data", "models") for end in ("-preview", "")]
    fresh = [path for path in names if path.is_file() and path.stat().st_mtime >= begun - 1]
    return dict(json.loads(fresh[0].read_text(encoding="utf-8"))) if fresh else {}


def cells(counts: Mapping[str, Any], notes: Mapping[str, Any]) -> list[str]:
    """'80 rows in', '24 out', '56 dropped (56 not best worst)' and what the verb noted."""
    dropped: dict[str, int] = counts.get("dropped") or {}
    reasons = sorted(dropped.items(), key=lambda pair: -pair[1])
    why = ", ".join(f"{number:,} {reason}" for reason, number in reasons[:3]) + (", ..." if len(reasons) > 3 else "")
    found = [f"{counts[name]:,} {words}" for name, words in ROWS.items() if name in counts]
    found += [f"{sum(dropped.values()):,} dropped ({why})"] * bool(dropped)
    return [*found, *filter(None, [str(notes.get("shown", ""))])]


def last_line(verb: str, target: str, begun: float) -> str:
    """What a run that began at a time of the epoch says at its end, '' when it counted nothing."""
    found = cells(counts_since(target, begun), _notes)
    return f"{verb} {target}: {', '.join([*found, duration(time.time() - begun)])}" if found else ""


def finish(stage: str, target: str) -> None:
    """Record the run of a stage of DVC."""
    counts, seconds = counts_since(target, BEGUN), time.time() - BEGUN
    rows_in, rows_out = (int(counts.get(name) or 0) for name in ("rows_in", "rows_out"))
    figures = {name: int(_notes[name]) for name in COUNTS if name in _notes}
    dropped = sum((counts.get("dropped") or {}).values())
    record(StageRun(stage, os.environ.get(BUILD, ""), round(seconds, 2), rows_in, rows_out, dropped, figures))


def record(run: StageRun) -> None:
    """Append a run; a line of this length is written as a whole, whoever else writes."""
    path = memo_folder() / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(run)) + "\n")


def recorded() -> list[StageRun]:
    """The runs of stages in this project and those that share its memo, the last one last; damaged lines are left
    out."""
    path = memo_folder() / FILE
    return list(read_runs(path.read_text(encoding="utf-8").splitlines()[-KEPT:])) if path.is_file() else []


def read_runs(lines: Iterable[str]) -> Iterable[StageRun]:
    for line in lines:
        try:
            yield StageRun(**json.loads(line))
        except (ValueError, TypeError):
            continue


def last_build() -> list[StageRun]:
    """The runs of the build that ran a stage last."""
    runs = recorded()
    return [run for run in runs if run.build == runs[-1].build] if runs else []


def table(runs: list[StageRun]) -> str:
    """The runs of a build, a line each, and their sum."""
    lines = [f"{run.stage:<36}{cost(run):>40}{duration(run.seconds):>10}" for run in runs]
    return "\n".join([*lines, summary(runs)])


def cost(run: StageRun) -> str:
    """'80 rows in, 24 out', '80 rows in, 76 examples' of a training, or '80 queried, 0 cached, 2,303 tokens'"""
    if run.figures:
        return ", ".join(f"{run.figures[name]:,} {name}" for name in COUNTS if name in run.figures)
    examples = run.rows_in - run.rows_out - run.dropped  # rows that neither stay nor leave are what a model learns from
    taken = f"{examples:,} examples" if examples and not run.rows_out else f"{run.rows_out:,} out"
    return f"{run.rows_in:,} rows in, {taken}" if run.rows_in else ""


def summary(runs: list[StageRun]) -> str:
    """'12 stages ran, 5,200 queried, 300 cached, 41,300 tokens, 6 min'"""
    totals = {name: sum(run.figures.get(name, 0) for run in runs) for name in COUNTS}
    parts = [f"{number:,} {name}" for name, number in totals.items() if number or name != "tokens"]
    return ", ".join(
        [f"{len(runs)} stage{'s' * (len(runs) != 1)} ran", *parts, duration(sum(run.seconds for run in runs))]
    )


ROWS = {"rows_in": "rows in", "rows": "rows", "rows_out": "out", "examples": "examples", "steps": "steps"}
