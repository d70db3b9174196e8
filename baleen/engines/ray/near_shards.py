"""Near duplicates on Ray: the pairs that baleen.tables.duplicates finds, and the same row named as the first.

Each worker makes the shingles and the band keys of its rows. Keys are grouped by partitions, and rows that share one
are compared: all pairs of the few that most keys have, once for each pair; the rows of a larger bucket only with those
that are kept in it. Which are kept is known when all pairs are, so larger buckets are compared again until nothing
changes: a row that leaves stands for no other. In the end a row leaves because of the first kept row that it resembles,
as when all rows are read one after the other.

Scratch: 8 bytes a word and 8 a band of each row, some 1.1 kB for 120 words.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import combinations
from shutil import copyfileobj
from typing import BinaryIO

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from baleen.engines.ray.datasets import Workers
from baleen.engines.ray.scratch import Scratch
from baleen.tables.duplicates import Shingled, band_keys, bands_and_rows, jaccard
from baleen.tables.shingles import Hashes, shingle_hashes

Places = NDArray[np.int64]  # of rows: the number of the shard times 2^32, and the number of the row in it
Pairs = NDArray[np.int64]  # shape (n, 2): a row and one before it that it resembles
FEW = 8  # rows of a bucket that are all compared with each other
NO_PAIRS: Pairs = np.zeros((0, 2), dtype=np.int64)


def places_of(shard: int, rows: Places) -> Places:
    found: Places = (shard << 32) + rows.astype(np.int64)
    return found


def part_of(places: Places, shard: int) -> slice:
    """Which of some places, in order, lie in a shard."""
    return slice(*np.searchsorted(places, [shard << 32, (shard + 1) << 32]).tolist())


@dataclass(frozen=True)
class Near:
    """What the workers of one search know."""

    scratch: Scratch
    threshold: float


@dataclass
class Shard:
    """The shingles and keys of the rows of a shard, while it is read."""

    scratch: Scratch
    number: int
    threshold: float
    file: BinaryIO
    keys: list[Hashes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.shingled = Shingled(self.file)

    def add(self, texts: Sequence[str]) -> None:
        if texts:
            hashes, starts = shingle_hashes(texts)
            self.shingled.add(hashes, starts)
            self.keys.append(band_keys(hashes, starts, *bands_and_rows(self.threshold)))

    def save(self) -> None:
        bands, _ = bands_and_rows(self.threshold)
        self.scratch.save("keys", self.number, np.concatenate([*self.keys, np.zeros((0, bands), dtype=np.uint64)]))
        self.scratch.save("ends", self.number, np.array(self.shingled.ends, dtype=np.int64))
        self.file.seek(0)
        with self.scratch.path("shingles", self.number).open("wb") as file:
            copyfileobj(self.file, file, 1 << 20)


def resembling(workers: Workers, near: Near, sizes: Sequence[int]) -> dict[int, int]:
    """The first kept row that each near duplicate resembles, by their places; `sizes` counts the rows of each shard."""
    keys = sum(sizes) * bands_and_rows(near.threshold)[0]
    found = workers.grouped(partial(keys_of, near), [*range(len(sizes))], partial(save_buckets, near), keys)
    buckets, pairs, like, first = [number for some in found for number in some], NO_PAIRS, dict[int, int](), True
    while buckets:
        near.scratch.save("left", 0, np.array(sorted(like), dtype=np.int64))
        compared, first = [*workers.mapped(partial(compare, near, first), buckets)], False
        pairs = np.concatenate([pairs, *(some for some, _ in compared)])
        buckets = [number for number, (_, again) in zip(buckets, compared, strict=True) if again]
        before, like = like, first_kept(pairs)
        if like.keys() == before.keys():
            break
    return like


def keys_of(near: Near, number: int) -> pa.Table:
    """The keys of the rows of a shard that are compared, with their places."""
    rows = np.flatnonzero(near.scratch.load("compared", number))
    keys = near.scratch.load("keys", number)[rows]
    return pa.table({"key": keys.ravel(), "place": np.repeat(places_of(number, rows), keys.shape[1])})


def save_buckets(near: Near, table: pa.Table) -> list[int]:
    """Save the rows of each key that several have; the number of the partition, if there are such."""
    keys, places = table["key"].to_numpy(), table["place"].to_numpy()
    number = int(table["partition"][0].as_py())
    order = np.lexsort((places, keys))
    keys, places = keys[order], places[order]
    same = np.concatenate([[False], keys[1:] == keys[:-1], [False]])
    shared = same[1:] | same[:-1]
    first = shared & ~same[:-1]
    near.scratch.save("bucket_keys", number, keys[first])
    near.scratch.save("bucket_starts", number, np.append(np.flatnonzero(first[shared]), shared.sum()))
    near.scratch.save("bucket_rows", number, places[shared])
    return [number] if shared.any() else []


def compare(near: Near, first: bool, number: int) -> tuple[Pairs, bool]:
    """The pairs of a partition that reach the threshold, and whether it has large buckets, which are compared again."""
    starts, places = near.scratch.load("bucket_starts", number), near.scratch.load("bucket_rows", number)
    rows = Rows(near)
    found = [few_pairs(rows, near.scratch.load("bucket_keys", number), starts, places)] if first else []
    large = np.flatnonzero(np.diff(starts) > FEW).tolist()
    left = {*near.scratch.load("left", 0).tolist()} if large else set[int]()
    for at in large:
        found.append(kept_pairs(rows, places[starts[at] : starts[at + 1]].tolist(), left))
    return np.concatenate([NO_PAIRS, *found]), bool(large)


class Rows:
    """The shingles and keys of rows, by their places."""

    def __init__(self, near: Near) -> None:
        self.scratch, self.threshold = near.scratch, near.threshold
        self.shard = lru_cache(256)(self.mapped_shard)
        self.shingles = lru_cache(4096)(self.shingles_of)

    def mapped_shard(self, number: int) -> tuple[NDArray[np.int64], Hashes]:
        hashes = np.memmap(self.scratch.path("shingles", number), dtype=np.uint64, mode="r")
        return self.scratch.load("ends", number, whole=False), hashes

    def shingles_of(self, place: int) -> set[int]:
        (ends, hashes), row = self.shard(place >> 32), place & 0xFFFFFFFF
        return {*hashes[ends[row] : ends[row + 1]].tolist()}

    def keys(self, places: Places) -> Hashes:
        """The keys of rows, shape (rows, bands)."""
        shards, found = places >> 32, dict[int, Hashes]()
        for number in np.unique(shards).tolist():
            mapped = self.scratch.load("keys", number, whole=False)
            found[number] = mapped[places[shards == number] & 0xFFFFFFFF]
        whole = np.zeros((len(places), next(iter(found.values())).shape[1]), dtype=np.uint64)
        for number, keys in found.items():
            whole[shards == number] = keys
        return whole

    def are_near(self, late: int, early: int) -> bool:
        return jaccard(self.shingles(late), self.shingles(early)) >= self.threshold


def few_pairs(rows: Rows, keys: Hashes, starts: Places, places: Places) -> Pairs:
    """The pairs of the small buckets that reach the threshold, each where the first band is that both have."""
    sizes, some = np.diff(starts), [np.zeros((0, 3), dtype=np.int64)]
    for size in range(2, FEW + 1):
        at = np.flatnonzero(sizes == size)
        for first, second in combinations(range(size), 2):
            some.append(np.stack([places[starts[at] + second], places[starts[at] + first], at], axis=1))
    pairs = np.concatenate(some)
    if not len(pairs):
        return NO_PAIRS
    late, early = rows.keys(pairs[:, 0]), rows.keys(pairs[:, 1])
    band = np.argmax(late == early, axis=1)
    once = pairs[late[np.arange(len(late)), band] == keys[pairs[:, 2]]]
    once = once[np.lexsort((once[:, 1], once[:, 0]))]
    reached = [rows.are_near(one, other) for one, other, _ in once.tolist()]
    found: Pairs = once[np.array(reached, dtype=np.bool_), :2]
    return found


def kept_pairs(rows: Rows, bucket: Sequence[int], left: set[int]) -> Pairs:
    """Each row of a bucket with the first that it resembles of those that seem to be kept."""
    kept, pairs = list[int](), list[tuple[int, int]]()
    for place in bucket:
        like = next((one for one in kept if rows.are_near(place, one)), None)
        if like is not None:
            pairs.append((place, like))
        elif place not in left:
            kept.append(place)
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def first_kept(pairs: Pairs) -> dict[int, int]:
    """Of each row that resembles a kept one before it the first such; rows that leave are not compared with."""
    found = dict[int, int]()
    for late, early in pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))].tolist():
        if late not in found and early not in found:
            found[late] = early
    return found
