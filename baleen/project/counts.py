"""Counts: what a target counted when it was built, in the file beside its table or its model."""

import json
from pathlib import Path
from typing import Any

from baleen.project.recipes import Line

TABLES, MODELS = "data", "models"


def counts(target: str, *folders: str) -> dict[str, Any]:
    """The counts of the last build of a table, an evaluation or a model, in one of these folders or in either; {} where
    they are not here."""
    paths = (Path(folder, f"{target}.json") for folder in folders or (TABLES, MODELS))
    return next((dict(json.loads(path.read_text(encoding="utf-8"))) for path in paths if path.is_file()), {})


def counts_of(line: Line) -> dict[str, Any]:
    """The counts that the target of a line was written with."""
    return counts(line.name, MODELS if line.verb == "train" else TABLES)
