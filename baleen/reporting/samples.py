"""Samples: some rows of the last curated table and some of those that left it, for a page."""

from heapq import nsmallest
from pathlib import Path

from baleen.measures.words import chance
from baleen.reporting.built import Built
from baleen.reporting.page import Sample
from baleen.tables import rows
from baleen.tables.rows import GRADES, Row

SHOWN = 25  # rows of each kind
TEXTS = ("instruction", "input", "response", "draft", "reasons", "reason")


def samples(built: Built) -> list[Sample]:
    """Rows of the last filter that a model learns from, drawn by chance; none where nothing is filtered."""
    filters = [built.kept_by(line) for _, line, _ in built.of("train")]
    name = next((name for name in reversed(filters) if name), "")
    path = rows.table_path(name) if name else Path()
    sides = [("kept", path), ("dropped", path.with_suffix(".dropped.parquet"))] if name else []
    return [as_sample(row, fate) for fate, file in sides if file.is_file() for row in drawn(file)]


def drawn(path: Path) -> list[Row]:
    """The same few rows of a table each time."""
    there = rows.schema(path).names
    columns = [c for c in ("id", "origin", *TEXTS, *GRADES) if c in there]
    return nsmallest(
        SHOWN, rows.read(path, columns=list(dict.fromkeys(columns))), key=lambda row: chance(str(row["id"]))
    )


def as_sample(row: Row, fate: str, why: str = "") -> Sample:
    """A row with what became of it; `why` where the row itself has no reason."""
    grades = [f"{name} {row[name]:.3f}" for name in GRADES if isinstance(row.get(name), float)]
    reason = str(row.get("reason") or why)
    texts = {name: str(row[name]) for name in TEXTS if row.get(name)}
    return Sample(fate, ", ".join(filter(None, [str(row["id"]), reason, *grades])), texts)
