"""Gates: a filter whose threshold is set on rows with known labels, so that what stays has a wanted precision."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Protocol, TypeVar

from baleen.errors import Problem
from baleen.measures.calibration import reached, score_in_use
from baleen.measures.evaluation import parse_score
from baleen.measures.filters import Rules
from baleen.measures.judges import different, judges, other_table
from baleen.project import inputs
from baleen.tables.rows import Row

ADVICE = "write the line under gate: with calibration: and the name of one (docs/calibration.md)"


class Gate(Rules, Protocol):
    """The settings of `filter`."""

    precision: float
    calibration: str


G = TypeVar("G", bound=Gate)


def require_sense(rules: Gate, where: str) -> None:
    """A Problem for a precision that cannot be meant."""
    if not 0 <= rules.precision < 1:
        raise Problem(f"{where}: precision {rules.precision} must lie in [0, 1); write 0.9 for nine good rows of ten")
    if rules.precision and not rules.calibration:
        raise Problem(f"{where}: precision {rules.precision} needs rows with known labels; {ADVICE}")
    if rules.precision and (not rules.best or rules.share < 1 or rules.count or rules.within or rules.control):
        raise Problem(f"{where}: precision sets the threshold of best; take share, count, within and control out")


def with_threshold(rules: G, path: Path, where: str) -> tuple[G, Row]:
    """The settings with the threshold of a calibration as one condition more instead of the rank, and what the counts
    say of it; unchanged without a calibration. A Problem when the calibration is of another judge or table."""
    if not rules.calibration:
        return rules, {}
    named, used = f"calibration {rules.calibration}", score_in_use(rules)
    found = json.loads(inputs.reads(Path("data", f"{rules.calibration}.json")).read_text(encoding="utf-8"))
    columns = parse_score(used).value.columns if used else ()
    own = {name: (pair[0], pair[1]) for name, pair in found["belongs_to"]["judges"].items()}
    reasons = [*different(judges(path, columns), own), *other_table(path, found["belongs_to"]["tables"])]
    if reasons:
        raise Problem(f"{where}: {named} is stale: {'; '.join(reasons)}; run `dvc repro {rules.calibration}`")
    notes: Row = {"calibration": rules.calibration, "warnings": found["warnings"]}
    if not rules.precision:
        return rules, notes
    point = reached(found, used, rules.precision, f"{where}: {named}")
    condition = f"{rules.best}{'>=' if rules.highest else '<='}{point['threshold']!r}"
    notes |= {name: point[name] for name in ("threshold", "precision", "precision_low", "precision_high", "recall")}
    return replace(rules, keep=[*rules.keep, condition], best="", precision=0.0), notes  # type: ignore[type-var]
