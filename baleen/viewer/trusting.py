"""Trusting: what the calibrations of a project say of a score of a table, and whether they still belong to it."""

import json
from pathlib import Path
from typing import Any

from baleen.viewer.engine import Engine
from baleen.viewer.sources import Project, md5_of, planned_settings

POINT = ("threshold", "rows", *(f"{name}{end}" for name in ("precision", "recall") for end in ("", "_low", "_high")))


def calibrations(engine: Engine, project: Project, name: str, column: str, highest: bool) -> list[dict[str, Any]]:
    """For each calibration of a score of a table its figures by threshold, and why it is stale, if it is."""
    target, _, revision = name.partition("@")
    tables = {target, planned_settings("filter").get(target, {}).get("input", "")}  # a filter has its input's scores
    score = f"-{column}" if highest else column
    found = list[dict[str, Any]]()
    for own, given in sorted(planned_settings("calibrate").items()):
        path = project.folder / f"{own}.json"
        if tables & {given["input"], given["against"]} - {""} and path.is_file():
            figures = json.loads(path.read_text(encoding="utf-8"))
            if score in figures["scores"]:
                reasons = [*figures["stale"], *(changed(engine, project, figures) if not revision else [])]
                found.append(shown(own, score, figures) | {"stale": reasons})
    return found


def changed(engine: Engine, project: Project, figures: dict[str, Any]) -> list[str]:
    """The tables that are not those of a calibration any more."""
    found = list[str]()
    for name, noted in figures["belongs_to"]["tables"].items():
        path = (project.folder / f"{name}.parquet").absolute()
        if path.is_file() and md5_now(engine, path) != noted:
            found.append(f"{name} was built again after it")
    return found


def md5_now(engine: Engine, path: Path) -> str:
    """The MD5 of a file, read once; Pending while it is."""
    return str(engine.result((path, path.stat().st_mtime_ns, "md5"), lambda _: md5_of(path)))


def shown(name: str, score: str, figures: dict[str, Any]) -> dict[str, Any]:
    """What the page shows of a calibration."""
    made = figures["scores"][score]
    return {
        "name": name,
        "people": figures["labels"] == "people",
        "rows": made["rows"],
        "share_good": figures["share_good"],
        "auc": [made["auc"], made["auc_low"], made["auc_high"]],
        "unusable": [one for one in figures["unusable"].get(score, []) if one not in figures["stale"]],
        "warnings": figures["warnings"] if figures["in_use"] == score else [],
        "sweep": [{key: point.get(key) for key in POINT} for point in made["sweep"]],
    }
