"""Filters: of every row of a table whether it stays, or the reason why it leaves.

A table is read in batches, of which whole columns are measured at once. A rank reads it twice: first the columns that
the settings mention, then all; between the two stand 2 bytes a row, 20 more for a row that is ranked, 0.2 kB for each
different value of `unique`, and the values that a selector or clusters are given.
"""

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from baleen.errors import Problem
from baleen.measures.columnar import Numbers
from baleen.measures.expressions import TESTS, Condition, parse_condition, parse_value
from baleen.measures.rankings import Marks, Ranking, best_of, best_rows, best_within
from baleen.measures.selectors import Selection, parse_selection
from baleen.tables import rows

REPEATED = "duplicate"
THREADS = 2  # that measure; one more reads ahead
CHANCE = "chance(id)"  # what ranks a control arm
Fates = NDArray[np.int16]  # 0 for a row that stays, else the number of its reason


class Sink(Protocol):
    """Where rows are kept and dropped: rows.Output, or a file of a worker."""

    def keep_batch(self, batch: pa.RecordBatch) -> None: ...
    def drop_batch(self, batch: pa.RecordBatch, reasons: pa.Array, counted: Iterable[str]) -> None: ...


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
        self.rows += len(batch)  # only `unique` needs it, and then one thread judges
        return found

    def repeats(self, fates: Fates) -> dict[int, str]:
        """Of each duplicate in the batch that was judged last, by its place, the row that it repeats."""
        first = self.rows - len(fates)
        places = np.flatnonzero(fates == len(self.reasons) - 1).tolist() if self.unique else []
        return {at: f"{REPEATED} of {self.repeated[first + at]}" for at in places}

    def is_repeated(self, batch: pa.RecordBatch, places: NDArray[np.int64]) -> Marks:
        """Whether each row has the values of a row before it, whose id is noted for the row."""
        found = np.zeros(len(batch), dtype=np.bool_)
        for at, (key, name) in enumerate(digests(batch, self.unique)):
            if key in self.first:
                found[at] = True
                self.repeated[self.rows + int(places[at])] = self.first[key]
            self.first.setdefault(key, name)
        return found


def digests(batch: pa.RecordBatch, names: Sequence[str]) -> Iterator[tuple[bytes, str]]:
    """16 bytes that stand for the values of each row in these columns, and its id."""
    for row in batch.select(list(dict.fromkeys([*names, "id"]))).to_pylist():
        yield blake2b(repr([row[name] for name in names]).encode(), digest_size=16).digest(), row["id"]


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


def left_after(
    path: Path, rules: Rules, judge: Judge, wanted: Sequence[str] = ()
) -> Iterator[tuple[Fates, pa.RecordBatch]]:
    """The fates of each batch, and these columns and the id of the rows that are left."""
    there = rows.schema(path).names
    batches = rows.read_batches(path, [name for name in dict.fromkeys([*needed(rules), "id"]) if name in there])
    return judged(judge, batches, [name for name in dict.fromkeys([*wanted, "id"]) if name in there])


def judged(
    judge: Judge, batches: Iterable[pa.RecordBatch], wanted: Sequence[str]
) -> Iterator[tuple[Fates, pa.RecordBatch]]:
    """The fates of each batch and these columns of the rows of it that are left, in order; two threads judge where
    whole columns are measured and no row waits for one before it."""

    def judge_batch(batch: pa.RecordBatch) -> tuple[Fates, pa.RecordBatch]:
        fates = judge.fates(batch)
        return fates, batch.select(wanted).filter(pa.array(fates == 0))

    if judge.unique or not all(condition.value.of_columns for condition in judge.conditions):
        yield from map(judge_batch, batches)
        return
    with ThreadPoolExecutor(THREADS) as threads:
        waiting = deque[Future[tuple[Fates, pa.RecordBatch]]]()
        for batch in batches:
            waiting.append(threads.submit(judge_batch, batch))
            if len(waiting) > 2 * THREADS:
                yield waiting.popleft().result()
        yield from (one.result() for one in waiting)


def ranked(path: Path, rules: Rules, judge: Judge) -> tuple[Fates, Ranking]:
    """The fates of all rows, and the ranking of those that were left: a row without a value has the last fate but one,
    a row that is not among the best the last."""
    best = parse_value(rules.best)
    fates, values, vectors = list[Fates](), list[Numbers](), list[Any]()
    for judged, left in left_after(path, rules, judge, [*best.columns, *filter(None, [rules.within])]):
        fates.append(judged)
        values.append(best.of_batch(left))
        vectors += left.column(rules.within).to_pylist() if rules.within else []
    whole = np.concatenate([*values, np.zeros(0)])
    ranking = best_within(best.text, whole, vectors, rules) if rules.within else best_of(best.text, whole, rules)
    return with_rank(fates, ranking.unreadable, ranking.chosen, judge), ranking


def selected(path: Path, rules: Rules, judge: Judge) -> Fates:
    """The fates of all rows, as `ranked`."""
    choice = parse_selection(rules.select)
    fates, values, groups = list[Fates](), list[Any](), list[Any]()
    for judged, left in left_after(path, rules, judge, [choice.column, *filter(None, [rules.within])]):
        fates.append(judged)
        values += left.column(choice.column).to_pylist()
        groups += left.column(rules.within).to_pylist() if rules.within else [""] * len(left)
    unreadable = np.array([value is None for value in values], dtype=np.bool_)
    return with_rank(fates, unreadable, selected_rows(values, groups, choice, rules), judge)


def drawn(path: Path, rules: Rules, judge: Judge) -> tuple[Fates, Ranking]:
    """The fates of all rows when as many stay as by the rules, but drawn by chance, and their ranking by that."""
    if rules.best:
        count = int(np.count_nonzero(ranked(path, rules, judge)[1].chosen))
    elif rules.select:
        count = int(np.count_nonzero(selected(path, rules, judge) == 0))
    else:
        count = sum(len(left) for _, left in left_after(path, rules, judge))
    chances = [parse_value(CHANCE).of_batch(batch) for batch in rows.read_batches(path, ["id"])]
    ranking = best_rows(CHANCE, np.concatenate([*chances, np.zeros(0)]), False, lambda _: count)
    fates: Fates = np.zeros(len(ranking.values), dtype=np.int16)
    return with_rank([fates], ranking.unreadable, ranking.chosen, Judge([], [])), ranking


def with_rank(fates: list[Fates], unreadable: Marks, chosen: Marks, judge: Judge) -> Fates:
    """The fates of all rows, with the rank of those that were left."""
    whole: Fates = np.concatenate([*fates, np.zeros(0, dtype=np.int16)])
    last = len(judge.reasons)
    whole[whole == 0] = np.where(unreadable, last, np.where(chosen, 0, last + 1))
    return whole


def filter_table(path: Path, rules: Rules, output: rows.Output) -> None:
    """Keep or drop every row of a table."""
    judge, ranking = Judge([parse_condition(text) for text in rules.keep], names_in(rules.unique)), None
    if rules.control:
        fates, ranking = drawn(path, rules, judge)
        judge = Judge([], [])
    elif rules.best:
        fates, ranking = ranked(path, rules, judge)
    elif rules.select:
        fates = selected(path, rules, judge)
    else:
        for batch in rows.read_batches(path):
            file_batch(batch, fates := judge.fates(batch), judge.reasons, judge.repeats(fates), output)
        return
    text = ranking.text if ranking else parse_selection(rules.select).text
    file_ranked(rows.read_batches(path), judge, fates, ranking, text, output)


def file_ranked(
    batches: Iterable[pa.RecordBatch], judge: Judge, fates: Fates, ranking: Ranking | None, text: str, output: Sink
) -> None:
    """Keep or drop all rows by their fates; the judge knows which rows the duplicates among them repeat."""
    reasons, judge.rows = [*judge.reasons, f"{text} unreadable", f"not best {text}"], 0
    places = np.cumsum(were_ranked(fates, judge)) - 1  # of a row among those that were ranked
    for batch in batches:
        part = slice(judge.rows, judge.rows + len(batch))
        judge.rows = part.stop
        ranks = ranking.reasons(places[part][fates[part] == len(reasons) - 1]) if ranking else None
        file_batch(batch, fates[part], reasons, judge.repeats(fates[part]), output, ranks)


def were_ranked(fates: Fates, judge: Judge) -> Marks:
    """Whether each row met all conditions and was ranked or chosen from."""
    found: Marks = (fates == 0) | (fates >= len(judge.reasons))
    return found


def file_batch(
    batch: pa.RecordBatch,
    fates: Fates,
    reasons: list[str],
    repeats: dict[int, str],
    output: Sink,
    ranks: pa.Array | None = None,
) -> None:
    """Keep or drop each row of a batch. Duplicates are told what they repeat, and rows with the last fate their rank,
    instead of the reason that counts them."""
    output.keep_batch(batch.filter(pa.array(fates == 0)))
    gone = np.flatnonzero(fates)
    if len(gone):
        told = pa.array(reasons, rows.TEXT).take(pa.array(fates[gone]))
        if ranks is not None:
            told = pc.replace_with_mask(told, pa.array(fates[gone] == len(reasons) - 1), ranks)
        if repeats:
            words = pa.array([repeats[at] for at in gone.tolist() if at in repeats], rows.TEXT)
            told = pc.replace_with_mask(told, pa.array(np.isin(gone, list(repeats))), words)
        counted = Counter[str]()
        for fate, number in enumerate(np.bincount(fates[gone]).tolist()):
            counted[reasons[fate]] += number
        output.drop_batch(batch.filter(pa.array(fates != 0)), told, +counted)
