"""Filters: of every row of a table whether it stays, or the reason why it leaves.

A table is read in batches, of which whole columns are measured at once. A rank reads it twice: first the columns that
the settings mention, then all; between the two stand 2 bytes a row, 8 more for a row that is ranked, 0.2 kB for each
different value of `unique`, and the values that a selector or clusters are given.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from baleen.errors import Problem
from baleen.measures.columnar import Numbers
from baleen.measures.expressions import TESTS, Condition, parse_condition, parse_value
from baleen.measures.selectors import Selection, k_means, parse_selection
from baleen.tables import rows

REPEATED = "duplicate"
CHANCE = "chance(id)"  # what ranks a control arm
Marks = NDArray[np.bool_]
Fates = NDArray[np.int16]  # 0 for a row that stays, else the number of its reason


class Rules(Protocol):
    """The settings of `filter`, which says what each means."""

    keep: list[str]
    unique: str
    best: str
    highest: bool
    select: str
    share: float
    within: str
    clusters: int
    count: int
    control: bool


def names_in(listed: str) -> list[str]:
    """The columns of 'a, b'."""
    return [name.strip() for name in listed.split(",") if name.strip()]


def needed(rules: Rules) -> list[str]:
    """Columns that the settings mention."""
    mentioned = [c for text in rules.keep for c in parse_condition(text).value.columns]
    mentioned += [parse_selection(rules.select).column] if rules.select else []
    mentioned += parse_value(rules.best).columns if rules.best else ()
    mentioned += parse_value(CHANCE).columns if rules.control else ()
    return [*mentioned, *names_in(rules.unique), *filter(None, [rules.within])]


def require_sense(rules: Rules, where: str) -> None:
    """A Problem for settings that cannot be meant."""
    if not 0 < rules.share <= 1 or rules.count < 0:
        raise Problem(f"{where}: share {rules.share} must lie in (0, 1] and count {rules.count} not below 0")
    if rules.best and rules.select:
        raise Problem(f"{where}: best ranks and select chooses; write one of them")
    if not rules.best and not rules.select and (rules.share < 1 or rules.count):
        raise Problem(f"{where}: a share or count needs a rank; write best, such as best: worst or best: chance(id)")
    if rules.within and not rules.select and (not rules.best or rules.count or rules.clusters < 1):
        raise Problem(f"{where}: within ranks inside clusters; write best, a share and no count, and clusters >= 1")
    needed(rules)


@dataclass
class Judge:
    """Judges batch after batch: the first condition that fails is charged, then a row whose values of `unique` came
    before."""

    conditions: list[Condition]
    unique: list[str]
    first: dict[bytes, str] = field(default_factory=dict)  # the id of the first row with these values
    repeated: dict[int, str] = field(default_factory=dict)  # the id that each duplicate repeats, by its number
    rows: int = 0

    @property
    def reasons(self) -> list[str]:
        """What the numbers of fates mean; that of a duplicate ends in the id of its own."""
        return ["", *(reason for one in self.conditions for reason in one.reasons), REPEATED]

    def fates(self, batch: pa.RecordBatch) -> Fates:
        """The fate of each row of the next batch."""
        found, left, some = np.zeros(len(batch), dtype=np.int16), np.arange(len(batch)), batch
        for number, condition in enumerate(self.conditions):
            values = condition.value.of_batch(some)
            met = TESTS[condition.test](values, condition.bound)
            found[left[~met]] = np.where(np.isnan(values[~met]), 2 * number + 1, 2 * number + 2)
            left, some = left[met], some if met.all() else some.filter(pa.array(met))
        if self.unique:
            found[left[self.is_repeated(some, left)]] = len(self.reasons) - 1
        self.rows += len(batch)
        return found

    def is_repeated(self, batch: pa.RecordBatch, places: NDArray[np.int64]) -> Marks:
        """Whether each row has the values of a row before it, whose id is noted for the row."""
        found = np.zeros(len(batch), dtype=np.bool_)
        for at, row in enumerate(batch.select(list(dict.fromkeys([*self.unique, "id"]))).to_pylist()):
            key = blake2b(repr([row[name] for name in self.unique]).encode(), digest_size=16).digest()
            if key in self.first:
                found[at] = True
                self.repeated[self.rows + int(places[at])] = self.first[key]
            self.first.setdefault(key, row["id"])
        return found


def best_rows(values: Numbers, rules: Rules) -> Marks:
    """Which rows to keep: the best `count`, or `share` of those with a value; of equal ones the first."""
    signed = -values if rules.highest else values
    known = int(np.count_nonzero(~np.isnan(signed)))
    wanted = min(rules.count or round(rules.share * known), known)
    if not wanted:
        return np.zeros(len(values), dtype=np.bool_)
    last = np.partition(signed, wanted - 1)[wanted - 1]  # NaN comes after all numbers
    chosen: Marks = signed < last
    chosen[np.flatnonzero(signed == last)[: wanted - int(np.count_nonzero(chosen))]] = True
    return chosen


def best_within(values: Numbers, vectors: Sequence[Any], rules: Rules) -> Marks:
    """Which rows to keep: the best `share` inside each cluster; rounding is carried from cluster to cluster, so that
    all of them together keep that share too."""
    known = [i for i, vector in enumerate(vectors) if vector is not None and not np.isnan(values[i])]
    signed, groups = -values if rules.highest else values, dict[int, list[int]]()
    labels = k_means([vectors[i] for i in known], rules.clusters) if known else []
    for i, label in zip(known, labels, strict=True):
        groups.setdefault(label, []).append(i)
    chosen, seen = np.zeros(len(values), dtype=np.bool_), 0
    for _, places in sorted(groups.items()):
        quota = round(rules.share * (seen + len(places))) - round(rules.share * seen)
        chosen[sorted(places, key=lambda i: signed[i])[:quota]] = True
        seen += len(places)
    return chosen


def selected_rows(values: Sequence[Any], groups: Sequence[Any], choice: Selection, rules: Rules) -> Marks:
    """Which rows a selector keeps, of those with a value; each group of rows on its own."""
    known = dict[str, list[int]]()
    for i, group in enumerate(groups):
        if values[i] is not None:
            known.setdefault(repr(group), []).append(i)
    chosen = np.zeros(len(values), dtype=np.bool_)
    for places in known.values():
        count = rules.count or round(rules.share * len(places))
        chosen[[places[i] for i in choice.selector([values[i] for i in places], count)]] = True
    return chosen


def left_after(path: Path, rules: Rules, judge: Judge) -> Iterator[tuple[Fates, pa.RecordBatch]]:
    """The fates of each batch, and the rows that are left; of the columns only those that the settings mention."""
    there = rows.schema(path).names
    for batch in rows.read_batches(path, [name for name in dict.fromkeys([*needed(rules), "id"]) if name in there]):
        fates = judge.fates(batch)
        yield fates, batch.filter(pa.array(fates == 0))


def ranked(path: Path, rules: Rules, judge: Judge) -> tuple[Fates, str]:
    """The fates of all rows, and the text of their rank; a row without a value has the last number but one, a row that
    is not among the best the last."""
    best = parse_value(rules.best)
    fates, values, vectors = list[Fates](), list[Numbers](), list[Any]()
    for judged, left in left_after(path, rules, judge):
        fates.append(judged)
        values.append(best.of_batch(left))
        vectors += left.column(rules.within).to_pylist() if rules.within else []
    found = np.concatenate([*values, np.zeros(0)])
    chosen = best_within(found, vectors, rules) if rules.within else best_rows(found, rules)
    return with_rank(fates, np.isnan(found), chosen, judge), best.text


def selected(path: Path, rules: Rules, judge: Judge) -> tuple[Fates, str]:
    """The fates of all rows, and the text of their selector, as `ranked`."""
    choice = parse_selection(rules.select)
    fates, values, groups = list[Fates](), list[Any](), list[Any]()
    for judged, left in left_after(path, rules, judge):
        fates.append(judged)
        values += left.column(choice.column).to_pylist()
        groups += left.column(rules.within).to_pylist() if rules.within else [""] * len(left)
    unreadable = np.array([value is None for value in values], dtype=np.bool_)
    return with_rank(fates, unreadable, selected_rows(values, groups, choice, rules), judge), choice.text


def drawn(path: Path, rules: Rules, judge: Judge) -> tuple[Fates, str]:
    """The fates of all rows when as many stay as by the rules, but drawn by chance, and the text of that rank."""
    if rules.best or rules.select:
        count = int(np.count_nonzero((ranked if rules.best else selected)(path, rules, judge)[0] == 0))
    else:
        count = sum(len(left) for _, left in left_after(path, rules, judge))
    chances = [parse_value(CHANCE).of_batch(batch) for batch in rows.read_batches(path, ["id"])]
    values: Numbers = np.concatenate([*chances, np.zeros(0)])
    chosen = np.zeros(len(values), dtype=np.bool_)
    chosen[np.argsort(values, kind="stable")[:count]] = True
    fates: Fates = np.zeros(len(values), dtype=np.int16)
    return with_rank([fates], np.isnan(values), chosen, Judge([], [])), CHANCE


def with_rank(fates: list[Fates], unreadable: Marks, chosen: Marks, judge: Judge) -> Fates:
    """The fates of all rows, with the rank of those that were left."""
    whole: Fates = np.concatenate([*fates, np.zeros(0, dtype=np.int16)])
    last = len(judge.reasons)
    whole[whole == 0] = np.where(unreadable, last, np.where(chosen, 0, last + 1))
    return whole


def filter_table(path: Path, rules: Rules, output: rows.Output) -> None:
    """Keep or drop every row of a table."""
    judge = Judge([parse_condition(text) for text in rules.keep], names_in(rules.unique))
    if rules.control:
        fates, text = drawn(path, rules, judge)
        judge = Judge([], [])
    elif not rules.best and not rules.select:
        for batch in rows.read_batches(path):
            file_batch(batch, judge.fates(batch), judge, judge.reasons, output)
        return
    else:
        fates, text = (ranked if rules.best else selected)(path, rules, judge)
    reasons, judge.rows = [*judge.reasons, f"{text} unreadable", f"not best {text}"], 0
    for batch in rows.read_batches(path):
        judge.rows += len(batch)
        file_batch(batch, fates[judge.rows - len(batch) : judge.rows], judge, reasons, output)


def file_batch(batch: pa.RecordBatch, fates: Fates, judge: Judge, reasons: list[str], output: rows.Output) -> None:
    """Keep or drop each row of the batch that was judged last."""
    output.keep_batch(batch.filter(pa.array(fates == 0)))
    gone, first = np.flatnonzero(fates), judge.rows - len(batch)
    charged = [reasons[fate] for fate in fates[gone]]
    told = [
        f"{why} of {judge.repeated[first + at]}" if why == REPEATED else why
        for at, why in zip(gone, charged, strict=True)
    ]
    if charged:
        output.drop_batch(batch.take(pa.array(gone)), pa.array(told, rows.TEXT), charged)
