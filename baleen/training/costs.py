"""Costs: what building a target again would take: rows, queries, tokens, steps, and seconds at the measured rates.

Where the input of a target is not built yet, rows are estimated from the counts of the last build. Of what may change,
the most is assumed: every row is queried when its model may become another.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from baleen.memo.dry_run import Estimate
from baleen.project import bills
from baleen.project.bills import Bill
from baleen.project.builds import StageRun
from baleen.project.counts import counts
from baleen.project.forecast import Outlook
from baleen.project.plan import Planned
from baleen.project.recipes import LINKS

QUERIES = ("generate", "score")  # verbs that query a model
KEYED = {  # settings that shape a question
    "model", "prompt", "tag", "seed", "temperature", "top_p", "top_k", "repetition_penalty", "max_tokens", "engine",
    "stop", "structured", "embed", "only", "instead",
}  # fmt: skip
SUMMED = ("cached", "queries", "tokens", "written", "steps")
Numbers = dict[str, Any]


@dataclass(frozen=True)
class Cost:
    """What a target would take, `written` being the tokens of the replies among all tokens, at most. None where nobody
    can say; `estimated` when rows are not those of a table that is there. `bill` has GPU hours, hours that pass,
    bytes of disk and dollars."""

    rows: int | None = None
    cached: int | None = None
    queries: int | None = None
    tokens: int | None = None
    written: int | None = None
    steps: int | None = None
    seconds: float | None = None
    estimated: bool = False
    bill: Bill | None = None


@dataclass(frozen=True)
class Training:
    """What a training would take: optimizer steps, tokens, and seconds, None while nothing is measured."""

    steps: int
    tokens: int | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class Known:
    """What costs are reckoned from: the outlook and plan of each target, the last run of each stage, and functions that
    look at tables that are there: queries of a target, and steps, tokens and seconds of a training of so many rows."""

    outlooks: Mapping[str, Outlook]
    plans: Mapping[str, Planned]
    runs: Mapping[str, StageRun]
    estimate: Callable[[str], Estimate]
    training: Callable[[str, int | None], Training | None]
    rows: dict[str, int | None] = field(default_factory=dict)

    def settings(self, target: str) -> Numbers:
        return dict(self.plans[target].settings)

    def verb(self, target: str) -> str:
        return self.plans[target].verb if target in self.plans else ""

    def builds(self, target: str) -> bool:
        return target in self.outlooks and self.outlooks[target].builds

    def ready(self, target: str) -> bool:
        """Whether all that a target reads is there as it will be."""
        given = self.settings(target)
        names = [str(given[key]) for key in LINKS if given.get(key)]
        return not any(map(self.builds, names))


def ratio(target: str) -> float:
    """Rows out for each row in, in the last build; 1 before there is one."""
    last = counts(target)
    return last["rows_out"] / last["rows_in"] if last.get("rows_in") and "rows_out" in last else 1.0


def expected_rows(target: str, known: Known) -> int | None:
    """Rows that a table will have."""
    if target not in known.rows:
        known.rows[target] = rows_of(target, known)
    return known.rows[target]


def rows_of(target: str, known: Known) -> int | None:
    last, verb = counts(target), known.verb(target)
    if not known.builds(target):
        return last.get("rows_out")
    given = known.settings(target)
    if verb == "ingest":
        added = known.outlooks[target].added
        return last["rows_out"] + (added or 0) if "rows_out" in last else given.get("rows") or None
    rows = rows_in(target, known)
    if verb == "filter":
        return filtered(rows, given, target, known)
    if rows is None or verb == "mix":
        return rows
    return round(rows * ratio(target) * (given.get("n", 1) if not last else 1))


def rows_in(target: str, known: Known) -> int | None:
    """Rows that a target will read; those of a mix with its copies."""
    given = known.settings(target)
    first = expected_rows(str(given["input"]), known) if given.get("input") else None
    if known.verb(target) != "mix":
        return first
    second, copies = expected_rows(str(given["other"]), known), counts(target).get("copies", {})
    return None if first is None or second is None else first * copies.get(given["input"], 1) + second


def filtered(rows: int | None, given: Numbers, target: str, known: Known) -> int | None:
    """Rows that a filter will keep: at most its count, else its share, of those that its conditions kept in the last
    build; its count where nobody knows how many it will read."""
    count = int(given.get("count") or 0)
    if rows is None:
        return count or None
    last = counts(target)
    ranked = sum(number for why, number in last.get("dropped", {}).items() if why.startswith("not best "))
    eligible = (last["rows_out"] + ranked) / last["rows_in"] if last.get("rows_in") else 1.0
    return min(count, round(rows * eligible)) if count else round(rows * eligible * float(given.get("share", 1.0)))


def new_rows(target: str, known: Known) -> int:
    """Rows of a table that no later target has queried before, at most."""
    if not known.builds(target):
        return 0
    rows, last, outlook = expected_rows(target, known) or 0, counts(target), known.outlooks[target]
    if not last:
        return rows
    given, verb = known.settings(target), known.verb(target)
    if verb == "ingest":
        return rows if outlook.added is None else outlook.added
    if verb == "generate":
        return min(rows, queries(target, known) or 0)
    if verb == "map" and outlook.state == "run":
        return rows
    fresh = sum(new_rows(str(given[key]), known) for key in ("input", "other") if given.get(key))
    more = max(0, rows - int(last.get("rows_out", 0))) if verb == "filter" else 0
    return min(rows, fresh + more)


def queries(target: str, known: Known) -> int | None:
    """Queries of a target whose input or model is not built yet."""
    given, outlook = known.settings(target), known.outlooks[target]
    rows = expected_rows(str(given["input"]), known)
    anew = known.builds(str(given["model"])) or outlook.prompts or outlook.settings & KEYED or not counts(target)
    asked = rows if anew else new_rows(str(given["input"]), known)
    return None if asked is None else round(asked * int(given.get("n", 1)) * turns_of(given, counts(target)))


def turns_of(given: Numbers, last: Numbers) -> float:
    """Queries to each row and reply: as many as in the last build, before there is one the most there can be."""
    if not given.get("again"):
        return 1.0
    return last["asked"] / last["rows_in"] if last.get("rows_in") and "asked" in last else float(given["turns"])


def cost(target: str, known: Known) -> Cost:
    """What building a target again would take."""
    if known.verb(target) in QUERIES:
        return exact(target, known) if known.ready(target) else expected(target, known)
    rows = rows_in(target, known) if "input" in known.settings(target) else expected_rows(target, known)
    if known.verb(target) == "train":
        made = known.training(target, None if known.ready(target) else rows)
        if made:
            ready = known.ready(target)
            return Cost(rows, tokens=made.tokens, steps=made.steps, seconds=made.seconds, estimated=not ready)
    return Cost(rows, seconds=seconds(target, rows, known), estimated=not known.ready(target))


def exact(target: str, known: Known) -> Cost:
    """The cost of querying a table that is there."""
    made = known.estimate(target)
    written = made.completion_tokens or 0
    time = made.seconds if made.missing else seconds(target, made.rows, known)
    return Cost(made.rows, made.cached, made.missing, made.prompt_tokens + written, written, seconds=time)


def expected(target: str, known: Known) -> Cost:
    """The cost of querying a table or a model that is not built yet, by the tokens and rate of the last build."""
    last, number = counts(target), queries(target, known)
    rows = expected_rows(str(known.settings(target)["input"]), known)
    if rows is None or number is None:
        return Cost(estimated=True)
    share = number / last["asked"] if last.get("asked") else None
    total = rows * int(known.settings(target).get("n", 1))
    written = None if share is None else round(share * last["completion_tokens"])
    tokens = None if share is None or written is None else round(share * last["prompt_tokens"]) + written
    time = seconds(target, number or total, known)
    return Cost(total, total - number, number, tokens, written, seconds=time, estimated=True)


def seconds(target: str, rows: int | None, known: Known) -> float | None:
    """The time of the last run of a target, for so many rows."""
    run = known.runs.get(known.outlooks[target].stage.name)
    if not run:
        return None
    done = run.figures.get("queried") or run.rows_in
    return run.seconds * (rows / done if rows and done else 1.0)


def total(costs: Iterable[Cost]) -> Cost:
    """All of them together; what nobody can say counts as nothing."""
    every = list(costs)
    sums = {name: sum(getattr(one, name) or 0 for one in every) for name in SUMMED}
    time = math.fsum(one.seconds or 0.0 for one in every)
    whole = bills.total(one.bill for one in every if one.bill)
    return Cost(None, **sums, seconds=time, estimated=any(one.estimated for one in every), bill=whole)
