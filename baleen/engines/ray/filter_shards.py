"""Filter on Ray: each worker judges some row groups of a table; the rank and the rows that repeat others are found
among all; then each worker files its rows with their reasons, and this process writes them in order.
"""

import pickle
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from baleen.engines.ray.datasets import Workers
from baleen.engines.ray.near_shards import places_of
from baleen.engines.ray.row_groups import Groups, shards_of
from baleen.engines.ray.scratch import Filed, Scratch, replay
from baleen.measures.columnar import Numbers
from baleen.measures.expressions import parse_condition, parse_value
from baleen.measures.filters import (
    Fates,
    Judge,
    Rules,
    digests,
    file_batch,
    file_ranked,
    names_in,
    needed,
    were_ranked,
    with_rank,
)
from baleen.measures.rankings import Ranking, best_of
from baleen.project.settings import Speed
from baleen.tables import rows


@dataclass(frozen=True)
class Settings:
    """What the workers of one filter know."""

    scratch: Scratch
    path: Path
    keep: tuple[str, ...]
    unique: tuple[str, ...]
    best: str
    columns: tuple[str, ...]  # that the settings mention

    def judge(self) -> Judge:
        """By the conditions alone."""
        return Judge([parse_condition(text) for text in self.keep], [])


@dataclass(frozen=True)
class Verdicts:
    """The fates of the rows of a table or of one shard of it, and what their reasons say."""

    judge: Judge
    fates: Fates
    ranking: Ranking | None

    def parts(self, sizes: Sequence[int]) -> Iterator["Verdicts"]:
        """Those of each shard, of which `sizes` counts the rows."""
        first, before, repeated = 0, 0, sorted(self.judge.repeated.items())
        for end in np.cumsum(sizes).tolist():
            mine = slice(bisect_left(repeated, (first,)), bisect_left(repeated, (end,)))
            judge = replace(self.judge, first={}, repeated={row - first: name for row, name in repeated[mine]}, rows=0)
            fates = self.fates[first:end]
            first, after = end, before + int(np.count_nonzero(were_ranked(fates, judge)))
            yield Verdicts(judge, fates, self.ranking.part(slice(before, after)) if self.ranking else None)
            before = after


def filter_table(path: Path, rules: Rules, output: rows.Output, speed: Speed) -> bool:
    """Filter as baleen.measures.filters does; False, and nothing done, where all rows are chosen from at once."""
    if rules.select or rules.within or rules.control:
        return False
    columns = tuple(name for name in dict.fromkeys([*needed(rules), "id"]))
    with Scratch.of(output.path) as scratch, Workers(speed) as workers:
        known = Settings(scratch, path, tuple(rules.keep), tuple(names_in(rules.unique)), rules.best, columns)
        shards = shards_of(path, workers.number)
        if known.unique or known.best:
            sizes = [*workers.mapped(partial(judge_shard, known), shards)]
            for number, verdicts in enumerate(judged(workers, known, rules, sizes, shards).parts(sizes)):
                scratch.path("verdicts", number).write_bytes(pickle.dumps(verdicts, protocol=5))
            filed = workers.mapped(partial(file_judged, known), shards)
        else:
            filed = workers.mapped(partial(judge_and_file, known), shards)
        for number in filed:
            replay(scratch.path("rows", number), output)
    return True


def judged(workers: Workers, known: Settings, rules: Rules, sizes: list[int], shards: list[Groups]) -> Verdicts:
    """The fates of all rows by the conditions, the rows that they repeat, and the rank."""
    scratch, starts = known.scratch, np.cumsum([0, *sizes])
    judge = replace(known.judge(), unique=list(known.unique))
    copies = dict[int, str]()
    if known.unique:
        for found in workers.grouped(partial(keys_of, known), shards, repeated, sum(sizes)):
            copies |= found
    judge.repeated = {int(starts[place >> 32]) + (place & 0xFFFFFFFF): name for place, name in copies.items()}
    fates = np.concatenate([scratch.load("fates", number) for number, _ in shards])
    met = fates == 0
    fates[np.array([*judge.repeated], dtype=np.int64)] = len(judge.reasons) - 1
    if not known.best:
        return Verdicts(judge, fates, None)
    values: Numbers = np.concatenate([scratch.load("values", number) for number, _ in shards])
    ranking = best_of(parse_value(known.best).text, values[fates[met] == 0], rules)
    return Verdicts(judge, with_rank([fates], ranking.unreadable, ranking.chosen, judge), ranking)


def judge_shard(known: Settings, shard: Groups) -> int:
    """Save the fates of the rows by the conditions, and the values by which those that are left are ranked; their
    number."""
    (number, groups), judge, fates, values = shard, known.judge(), list[Fates](), list[Numbers]()
    for batch in rows.read_batches(known.path, known.columns, groups):
        fates.append(judge.fates(batch))
        if known.best:
            values.append(parse_value(known.best).of_batch(batch.filter(pa.array(fates[-1] == 0))))
    known.scratch.save("fates", number, np.concatenate([*fates, np.zeros(0, dtype=np.int16)]))
    known.scratch.save("values", number, np.concatenate([*values, np.zeros(0)]))
    return judge.rows


def keys_of(known: Settings, shard: Groups) -> pa.Table:
    """What the values of `unique` of each row that is left stand for, with its place and its id."""
    (number, groups), fates, first = shard, known.scratch.load("fates", shard[0]), 0
    found, at = list[tuple[bytes, str]](), list[int]()
    for batch in rows.read_batches(known.path, list(dict.fromkeys([*known.unique, "id"])), groups):
        left = np.flatnonzero(fates[first : first + len(batch)] == 0)
        found += digests(batch.take(pa.array(left)), known.unique)
        at += (first + left).tolist()
        first += len(batch)
    halves = np.frombuffer(b"".join(key for key, _ in found), dtype=np.uint64).reshape(-1, 2)
    ids = pa.array([name for _, name in found], rows.TEXT)
    places = places_of(number, np.array(at, dtype=np.int64))
    return pa.table({"key": halves[:, 0], "more": halves[:, 1], "place": places, "id": ids})


def repeated(table: pa.Table) -> dict[int, str]:
    """The places of all rows but the first of each key, and the id of that."""
    key, more, place = (table[name].to_numpy() for name in ("key", "more", "place"))
    order = np.lexsort((place, more, key))
    ids, found, first = table["id"], dict[int, str](), -1
    for before, at in zip([-1, *order.tolist()], order.tolist(), strict=False):
        if before < 0 or (key[at], more[at]) != (key[before], more[before]):
            first = at
        else:
            found[int(place[at])] = ids[first].as_py()
    return found


def file_judged(known: Settings, shard: Groups) -> int:
    """File the rows of a shard by their fates; its number."""
    number, groups = shard
    verdicts: Verdicts = pickle.loads(known.scratch.path("verdicts", number).read_bytes())
    text = verdicts.ranking.text if verdicts.ranking else ""
    with Filed(known.scratch.path("rows", number)) as filed:
        batches = rows.read_batches(known.path, groups=groups)
        file_ranked(batches, verdicts.judge, verdicts.fates, verdicts.ranking, text, filed)
    return number


def judge_and_file(known: Settings, shard: Groups) -> int:
    """File the rows of a shard by the conditions alone; its number."""
    (number, groups), judge = shard, known.judge()
    with Filed(known.scratch.path("rows", number)) as filed:
        for batch in rows.read_batches(known.path, groups=groups):
            file_batch(batch, judge.fates(batch), judge.reasons, {}, filed)
    return number
