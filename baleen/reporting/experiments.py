"""Experiments: what `dvc exp show --json` says, as a table, and the final figure of each by the rows it keeps."""

import json
import subprocess
from collections.abc import Iterable, Iterator
from typing import Any

from baleen.errors import Problem
from baleen.measures.evaluation import ALL, UNDIVIDED
from baleen.measures.figures import DEV
from baleen.reporting import charts
from baleen.reporting.page import Chart, Section, Table
from baleen.reporting.sections import number
from baleen.tables.rows import Row


def flat(value: Any, above: str = "") -> Iterator[tuple[str, Any]]:
    """The leaves of nested mappings with dotted names."""
    if isinstance(value, dict):
        for key, inside in value.items():
            yield from flat(inside, f"{above}.{key}" if above else str(key))
    else:
        yield above, value


def listed() -> list[Row]:
    """The experiments of this repository, the current files first: name, knobs and metrics."""
    done = subprocess.run(["dvc", "exp", "show", "--json"], text=True, capture_output=True)
    if done.returncode:
        raise Problem(f"dvc exp show: {(done.stderr.strip().splitlines() or ['failed'])[-1]}")
    return list(entries(json.loads(done.stdout)))


def entries(found: list[Row]) -> Iterator[Row]:
    for base in found:
        if data := base.get("data"):
            yield entry(base.get("name") or shortened(str(base["rev"])), data)
        for one in base.get("experiments") or []:
            for revision in (one.get("revs") or [])[:1]:
                if data := revision.get("data"):
                    yield entry(one.get("name") or shortened(str(revision["rev"])), data)


def shortened(revision: str) -> str:
    """The first digits of a commit; another name as it is."""
    return revision[:7] if len(revision) == 40 else revision


def entry(name: str, data: Row) -> Row:
    sides = [
        dict(flat({k: v for file in (data.get(side) or {}).values() for k, v in (file.get("data") or {}).items()}))
        for side in ("params", "metrics")
    ]
    return {"name": name, "params": sides[0], "metrics": sides[1]}


def compared(found: list[Row]) -> Iterable[Section]:
    """Knobs that differ and all metrics, one experiment a line; nothing for a single one."""
    if len(found) < 2:
        return
    knobs = [
        k
        for k in dict.fromkeys(k for one in found for k in one["params"])
        if len({repr(one["params"].get(k)) for one in found}) > 1
    ]
    metrics = list(dict.fromkeys(k for one in found for k in one["metrics"]))
    lines = [
        [one["name"], *(number(one["params"].get(k)) for k in knobs), *(number(one["metrics"].get(k)) for k in metrics)]
        for one in found
    ]
    drawn = list[Chart]()
    divided = [k for k in metrics if k.endswith(f".{DEV}")]
    chosen = divided or [k for k in metrics if k.endswith(f".{ALL}")]
    for metric in chosen:
        points = [{"rows": one["metrics"].get("kept"), "value": one["metrics"].get(metric)} for one in found]
        points = [p for p in points if isinstance(p["rows"], int) and isinstance(p["value"], int | float)]
        if len({p["rows"] for p in points}) > 1:
            told = f"{metric} by the rows that are kept, one point an experiment; choose by these, never by test rows."
            drawn.append(Chart(charts.lines(sorted(points, key=lambda p: p["rows"]), "rows", "value", told), told))
    note = "Choose by the dev columns; what is chosen by test rows is no longer tested by them."
    if chosen and not divided:
        note = f"There are no dev columns: the held-out rows are {UNDIVIDED}."
    yield Section("Experiments", [note], tables=[Table(["experiment", *knobs, *metrics], lines)], charts=drawn)
