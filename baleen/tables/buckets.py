"""Buckets: for keys of 64 bits, which of many rows have each; 12 bytes a key and 4 bytes a row and band.

A hash table in numpy arrays, open addressing with linear probing, that is searched and filled for many keys at once.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from baleen.tables.shingles import Hashes, Places

Rows = NDArray[np.int32]
STEP = 1 << 18  # keys moved at once to a larger table
FULL = 0.75  # share of the slots in use from which there are to be twice as many


@dataclass
class Buckets:
    """Of each key the last row that has it, and of each row and band the row before it with the same key."""

    bands: int
    keys: Hashes = field(default_factory=lambda: np.zeros(1 << 16, dtype=np.uint64))
    last: Rows = field(default_factory=lambda: np.full(1 << 16, -1, dtype=np.int32))
    before: Rows = field(default_factory=lambda: np.zeros((0, 0), dtype=np.int32))
    used: int = 0

    def rows_of(self, keys: Hashes) -> Rows:
        """The last row that has each key, -1 where none has."""
        return self.last[self.slots(keys)]

    def chain(self, row: int, band: int) -> list[int]:
        """A row and all before it that have the same key in this band."""
        found = list[int]()
        while row >= 0:
            found.append(row)
            row = int(self.before[row, band])
        return found

    def add(self, keys: Hashes, rows: Places) -> None:
        """Add rows, shape (n), with their keys, shape (n, bands)."""
        self.grow(keys.size, int(rows[-1]) + 1)
        flat = keys.ravel()
        order = np.argsort(flat, kind="stable")
        flat, row, band = flat[order], rows.astype(np.int32)[order // self.bands], order % self.bands
        first = np.concatenate([[True], flat[1:] != flat[:-1]])
        slots = self.claimed(flat[first])
        previous = np.concatenate([[np.int32(-1)], row[:-1]])
        previous[first] = self.last[slots]
        self.before[row, band] = previous
        self.last[slots] = row[np.concatenate([first[1:], [True]])]

    def slots(self, keys: Hashes) -> Places:
        """The slot of each key, or the free one where it would be."""
        at, left = (keys & np.uint64(len(self.keys) - 1)).astype(np.int64), np.arange(len(keys))
        while len(left):
            here = at[left]
            left = left[(self.last[here] != -1) & (self.keys[here] != keys[left])]
            at[left] = (at[left] + 1) & (len(self.keys) - 1)
        return at

    def claimed(self, keys: Hashes) -> Places:
        """The slots of different keys, which hold them from now on; the row of a new one is still -1."""
        found, left = np.zeros(len(keys), dtype=np.int64), np.arange(len(keys))
        new = [np.zeros(0, dtype=np.int64)]
        while len(left):
            found[left] = here = self.slots(keys[left])
            free = here[self.last[here] == -1]
            self.keys[here] = keys[left]  # of several for one free slot the last gets it
            self.last[free] = 0
            new.append(np.unique(free))
            left = left[self.keys[here] != keys[left]]
        self.last[np.concatenate(new)] = -1
        self.used += sum(map(len, new))
        return found

    def grow(self, keys: int, rows: int) -> None:
        """Make room for so many keys more, and for rows up to this number."""
        if rows > len(self.before):
            added = np.full((max(rows, 2 * len(self.before)) - len(self.before), self.bands), -1, dtype=np.int32)
            self.before = np.concatenate([self.before.reshape(-1, self.bands), added])
        size = len(self.keys)
        while self.used + keys > FULL * size:
            size *= 2
        if size > len(self.keys):
            held, last, full = self.keys, self.last, self.last != -1
            self.keys, self.last, self.used = np.zeros(size, dtype=np.uint64), np.full(size, -1, dtype=np.int32), 0
            for part in np.array_split(np.flatnonzero(full), len(held) // STEP + 1):
                self.last[self.claimed(held[part])] = last[part]
