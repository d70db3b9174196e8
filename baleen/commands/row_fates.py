"""row_fates: why a row stayed where a filter could have dropped it. Why it left stands in its reason."""

from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from baleen.measures.expressions import parse_condition, parse_value
from baleen.project import plan
from baleen.project.counts import TABLES, counts
from baleen.project.settings import Settings
from baleen.tables import rows
from baleen.tables.rows import Row


def why_kept(target: str, row: Row) -> str:
    """The conditions that a row met, each with its value, and its rank among those that were ranked, from the plan of a
    filter; '' for any other table and where nothing could make it leave."""
    planned = plan.planned(target)
    if not planned or planned.verb != "filter":
        return ""
    given = planned.settings
    words = [] if given.get("control") else [met(text, row) for text in given.get("keep") or []]
    return "; ".join(filter(None, [*words, ranked(target, row, given)]))


def met(text: str, row: Row) -> str:
    """'gain>0 (0.31)': a condition with the value of a row."""
    value = parse_condition(text).value.of(row)
    return text if value is None else f"{text} ({value:.4g})"


def ranked(target: str, row: Row, given: Settings) -> str:
    """What a rank, a selector, chance or a calibrated threshold said of a row that stayed."""
    if given.get("control"):
        return "by chance"
    if given.get("select"):
        return f"chosen by {given['select']}"
    if not given.get("best"):
        return ""
    value = parse_value(str(given["best"])).of(row)
    if value is None:
        return ""
    own = f"{given['best']} {value:.4g}"
    if given.get("precision"):
        threshold = counts(target, TABLES).get("threshold")
        return f"{own} is better than the threshold {threshold} of {given.get('calibration')}"
    if given.get("within"):
        return f"{own} is among the best of its cluster"
    rank, kept = rank_of(target, value, str(given["best"]), bool(given.get("highest")))
    return f"{own} is rank {rank} of {kept + left_by_rank(target, str(given['best']))}, cutoff {kept}"


def rank_of(target: str, value: float, best: str, highest: bool) -> tuple[int, int]:
    """The rank of a value among the rows that stayed, equal ones sharing the first, and their number."""
    path, measured = rows.table_path(target), parse_value(best)
    there = rows.schema(path).names
    wanted = [name for name in dict.fromkeys([*measured.columns, "id"]) if name in there]
    values = np.concatenate([*(measured.of_batch(batch) for batch in rows.read_batches(path, wanted)), np.zeros(0)])
    return 1 + int(np.count_nonzero(values > value if highest else values < value)), len(values)


def left_by_rank(target: str, best: str) -> int:
    """How many rows left because of their rank."""
    path = Path("data", f"{target}.dropped.parquet")
    if not path.is_file():
        return 0
    reasons = pq.read_table(path, columns=["reason"])["reason"]
    return int(pc.sum(pc.starts_with(reasons, f"not best {best}: ")).as_py() or 0)
