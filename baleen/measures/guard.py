"""The guard: whether a new model is worse than the one before it, on rows that neither learned."""

import sys
from collections.abc import Mapping, Sequence

from baleen.errors import Problem, unknown
from baleen.measures.figures import DEV
from baleen.tables.rows import Row

LOWER = ("loss", "worst")  # columns of which less is better
ACTIONS = ["mark", "stop"]


def require_action(action: str, where: str) -> None:
    """A Problem for a word that says nothing of what to do."""
    if action and action not in ACTIONS:
        raise Problem(f"{where}: worse: {unknown('action', action, ACTIONS)}")


def decided_on(groups: Mapping[str, Mapping[str, Row]]) -> Mapping[str, Row]:
    """The figures of the rows that decisions may be made by: dev, or all where rows are not split."""
    return groups.get(DEV) or groups.get("all") or next(iter(groups.values()))


def guarded(figures: Row, measures: Sequence[str], action: str, where: str) -> Row:
    """What the first measure says of the model beside the one before: `better`, `worse`, or `open` when the 95 %
    interval of the paired difference holds 0. One that is worse is marked, or a Problem where it shall stop."""
    if not action:
        return {}
    name = measures[0].strip()
    found = decided_on(figures["groups"])[name]
    if "difference" not in found:
        raise Problem(f"{where}: worse: {action} compares rows in pairs, and the two tables hold other rows or NULLs")
    sign = -1 if name in LOWER else 1
    low, high = sorted(sign * found[end] for end in ("low", "high"))
    verdict = "better" if low > 0 else "worse" if high < 0 else "open"
    words = (
        f"{name} {found['mean']} over {found['rows']} rows and {found['against']} before, difference "
        f"{found['difference']:+.4f} [{found['low']:+.4f}, {found['high']:+.4f}]"
    )
    if verdict == "worse" and action == "stop":
        raise Problem(
            f"{where}: the new model is worse than the one before it: {words}; keep that one, or write worse: mark"
        )
    if verdict == "worse":
        print(f"{where}: WORSE than the model before it: {words}", file=sys.stderr)
    return {"guard": {"verdict": verdict, "measure": name, "words": words}}
