"""Duplicates: rows whose text came before, exactly or nearly.

Near duplicates share word 5-grams (character 5-grams in scripts written without spaces) with a Jaccard index of at
least the threshold. Candidates come from locality-sensitive hashing of MinHash signatures, and each is compared with
all its shingles. Cost, measured on texts of 120 words: 40 us and 0.7 kB of memory each, and 1 kB of an unnamed
temporary file; exact ones cost 0.1 kB a text.
"""

import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from tempfile import TemporaryFile
from typing import Any, BinaryIO

import numpy as np

from baleen.tables.buckets import Buckets
from baleen.tables.shingles import POWERS, Hashes, Places, mixed, shingle_hashes, tokens

PERMUTATIONS = 128  # values of a signature at most
RECALL = 0.98  # share of the pairs exactly at the threshold that are to be candidates
TOGETHER, CHARACTERS = 1024, 1 << 20  # rows compared at once with all before them, and characters of all but the last
SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])|\n")
WINDOW, GRAM = 100, 3  # sentences that are compared with each other; words in an n-gram

Judged = tuple[Any, str]  # a row, and why it leaves or ''


def bands_and_rows(threshold: float) -> tuple[int, int]:
    """How a signature is cut into bands: the longest ones by which RECALL of the pairs at the threshold share one."""
    choices = [(PERMUTATIONS // rows, rows) for rows in range(1, PERMUTATIONS + 1)]
    found = [(bands, rows) for bands, rows in choices if 1 - (1 - threshold**rows) ** bands >= RECALL]
    bands, rows = (found or choices)[-1 if found else 0]
    return next((n for n in range(1, bands) if 1 - (1 - threshold**rows) ** n >= RECALL), bands), rows


def band_keys(hashes: Hashes, starts: Places, bands: int, rows: int) -> Hashes:
    """The key of each band of the MinHash signature of each text, shape (texts, bands)."""
    from rensa import RMinHash

    matrix = RMinHash.digest_matrix_from_flat_token_hashes(hashes, starts.astype(np.uint64), bands * rows, 1)
    signatures = np.array(matrix.to_rows(), dtype=np.uint64).reshape(-1, bands, rows)
    return mixed((signatures * POWERS[:rows]).sum(axis=2) + np.arange(bands, dtype=np.uint64))


@dataclass
class Shingled:
    """The shingles of texts, in a file: few of them are looked at again."""

    file: BinaryIO
    ends: "array[int]" = field(default_factory=lambda: array("q", [0]))

    def add(self, hashes: Hashes, starts: Places) -> None:
        self.file.seek(8 * self.ends[-1])
        self.file.write(hashes.tobytes())
        self.ends.extend((starts[1:] + self.ends[-1]).tolist())

    def of(self, text: int) -> set[int]:
        """The shingles of a text, by its number."""
        self.file.seek(8 * self.ends[text])
        return set(memoryview(self.file.read(8 * (self.ends[text + 1] - self.ends[text]))).cast("Q"))


class NearDuplicates:
    """Compares texts with all that were kept before them."""

    def __init__(self, threshold: float, file: BinaryIO) -> None:
        self.threshold, (self.bands, self.rows) = threshold, bands_and_rows(threshold)
        self.names, self.shingled, self.buckets = list[str](), Shingled(file), Buckets(self.bands)

    def add(self, names: Sequence[str], texts: Sequence[str]) -> None:
        """Keep texts without comparing them."""
        hashes, starts = shingle_hashes(texts)
        first = len(self.names)
        self.shingled.add(hashes, starts)
        self.names += names
        if texts:
            keys = band_keys(hashes, starts, self.bands, self.rows)
            self.buckets.add(keys, first + np.arange(len(texts)))

    def first_resembling(self, names: Sequence[str], texts: Sequence[str], keeps: bool = True) -> list[str]:
        """For each text the name of the first kept text that it resembles; '' for none, and then it is kept if
        `keeps`."""
        hashes, starts = shingle_hashes(texts)
        keys, first = band_keys(hashes, starts, self.bands, self.rows), len(self.names)
        self.shingled.add(hashes, starts)
        self.names += names
        last, found = self.buckets.rows_of(keys.ravel()).reshape(keys.shape), [""] * len(texts)
        _, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
        shared, recent = (counts[inverse] > 1).reshape(keys.shape), dict[int, list[int]]()
        for at in np.flatnonzero(((last >= 0) | shared).any(axis=1)).tolist():
            before = {row for band, row in enumerate(last[at].tolist()) for row in self.buckets.chain(row, band)}
            mine = keys[at][shared[at]].tolist() if keeps else []
            like = self.resembling(first + at, sorted(before.union(*(recent.get(key, ()) for key in mine))))
            found[at] = "" if like is None else self.names[like]
            for key in mine if like is None else ():
                recent.setdefault(key, []).append(first + at)
        kept = np.flatnonzero([not like for like in found])
        if len(kept) and keeps:
            self.buckets.add(keys[kept], first + kept)
        return found

    def resembling(self, text: int, candidates: Sequence[int]) -> int | None:
        """The first candidate whose Jaccard index with a text reaches the threshold."""
        mine = self.shingled.of(text) if candidates else set()
        return next((one for one in candidates if jaccard(mine, self.shingled.of(one)) >= self.threshold), None)


def jaccard(mine: set[int], other: set[int]) -> float:
    """The share that two sets, not both empty, have in common of all that is in either."""
    common = len(mine & other)
    return common / (len(mine) + len(other) - common)


def exact_duplicate_finder() -> Callable[[str], bool]:
    """A function of a row's id that returns whether it was called with that id before."""
    kept: set[int] = set()

    def is_repeated(name: str) -> bool:
        number, before = int(name, 16), len(kept)
        kept.add(number)
        return len(kept) == before

    return is_repeated


def without_duplicates(
    judged: Iterable[Judged], kind: str, threshold: float, text_of: Callable[[Any], str]
) -> Iterator[tuple[Any, str, str]]:
    """(row, why it leaves or '', the name of that in the counts) in order; rows with a reason pass as they are."""
    exact = marked_exact(judged, kind)
    return marked_near(exact, threshold, text_of) if kind == "near" else exact


def marked_exact(judged: Iterable[Judged], kind: str) -> Iterator[tuple[Any, str, str]]:
    repeated = exact_duplicate_finder()
    for row, reason in judged:
        again = bool(kind) and not reason and repeated(row["id"])
        yield (row, f"duplicate of {row['id']}", "duplicate") if again else (row, reason, reason)


def marked_near(
    judged: Iterable[tuple[Any, str, str]], threshold: float, text_of: Callable[[Any], str]
) -> Iterator[tuple[Any, str, str]]:
    with TemporaryFile() as file:
        near = NearDuplicates(threshold, file)
        for group in groups(judged, text_of):
            new = [(row["id"], text) for (row, reason, _), text in group if not reason]
            names, texts = [name for name, _ in new], [text for _, text in new]
            found = iter(near.first_resembling(names, texts) if new else [])
            for (row, reason, counted), _ in group:
                like = "" if reason else next(found)
                yield (row, f"near duplicate of {like}", "near duplicate") if like else (row, reason, counted)


def groups(judged: Iterable[tuple[Any, str, str]], text_of: Callable[[Any], str]) -> Iterator[list[Any]]:
    """Rows with their texts, in lists of at most TOGETHER that have some CHARACTERS."""
    group, characters = list[Any](), 0
    for one in judged:
        group.append((one, text_of(one[0]) if not one[1] else ""))
        characters += len(group[-1][1])
        if len(group) == TOGETHER or characters >= CHARACTERS:
            yield group
            group, characters = [], 0
    yield group


def repetition(text: str) -> float:
    """Highest Jaccard index of word 3-grams between two sentences at most 100 apart; lines end sentences."""
    recent, highest = list[set[tuple[str, ...]]](), 0.0
    for sentence in SENTENCE.split(text):
        words = tokens(sentence)
        grams = set(zip(*(words[i:] for i in range(GRAM)), strict=False))
        if grams:
            highest = max([highest, *(len(grams & other) / len(grams | other) for other in recent)])
            recent = [*recent[1 - WINDOW :], grams]
        if highest == 1:
            break
    return highest
