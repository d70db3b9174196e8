"""Word overlap: runs of words of a text that also stand in another table, such as test questions in training rows.

The n-gram test of GPT-3 (Brown et al. 2020, arXiv:2005.14165, appendix C: runs of 13 words, case and punctuation
aside). A text of fewer words is looked for as a whole, if it has at least SHORTEST. Time is linear in the words of both
tables but for one sort of the index: 60 us for a row of 120 words, reading and writing included (20,000 and 80,000 rows
against 5,000), and 16 bytes for each run of the index.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from baleen.tables.shingles import TOKEN, Hashes, Places, runs, spaced_words, word_hashes

SHORTEST = 5  # words; shorter texts, such as "what is this", stand everywhere
SHOWN = 200  # characters of an overlap in a reason


class Overlap(NamedTuple):
    """The row that a text overlaps with, and the words that both have."""

    id: str
    text: str


@dataclass(frozen=True)
class Grams:
    """The runs of so many words of some texts: their hashes, the text of each, and its first word in that text."""

    hashes: Hashes
    texts: Places
    starts: Places


@dataclass(frozen=True)
class Words:
    """The hashes of the words of some texts, one text after the other, and where each begins, with the end."""

    hashes: Hashes
    firsts: Places

    @property
    def counts(self) -> Places:
        return np.diff(self.firsts)

    def grams(self, length: int) -> Grams:
        """Every run of `length` words within a text."""
        texts = np.repeat(np.arange(len(self.counts)), self.counts)
        last = max(len(self.hashes) - length + 1, 0)
        within = texts[length - 1 :] == texts[:last]
        at = np.flatnonzero(within)
        return Grams(runs(self.hashes, length)[at], texts[at], at - self.firsts[texts[at]])


def words_of(texts: Sequence[str]) -> Words:
    """The words of texts, those of scripts without spaces a character each."""
    parts = [spaced_words(text) + b" " for text in texts]
    hashes, begins = word_hashes(b"".join(parts) or b" ")
    ends = np.concatenate([[0], np.cumsum([len(part) for part in parts])])
    return Words(hashes, np.searchsorted(begins, ends))


def text_of_run(text: str, start: int, length: int) -> str:
    """The words of a text from one on, as they stand there but for case; cut after SHOWN characters."""
    lower = text.lower()
    spans = [match.span() for match in TOKEN.finditer(lower)][start : start + length]
    found = " ".join(lower[spans[0][0] : spans[-1][1]].split())
    return f"{found[:SHOWN]}..." if len(found) > SHOWN else found


@dataclass
class OverlapIndex:
    """The runs of `length` words of every text that is added."""

    length: int
    ids: list[str] = field(default_factory=list)
    shorter: int = 0  # texts with fewer words than are compared
    _found: dict[int, list[tuple[Hashes, Places]]] = field(default_factory=dict)
    _sorted: dict[int, tuple[Hashes, Places]] = field(default_factory=dict)

    def add(self, ids: Sequence[str], texts: Sequence[str]) -> None:
        """Add texts, each with the id of its row."""
        words, first = words_of(texts), len(self.ids)
        self.ids += ids
        counts = words.counts
        self.shorter += int(np.count_nonzero(counts < min(SHORTEST, self.length)))
        for length in {self.length, *np.unique(counts[(counts >= SHORTEST) & (counts < self.length)]).tolist()}:
            grams = words.grams(length)
            whole = (counts[grams.texts] == length) | (length == self.length)
            self._found.setdefault(length, []).append((grams.hashes[whole], first + grams.texts[whole]))
        self._sorted = {}

    def sorted_runs(self) -> dict[int, tuple[Hashes, Places]]:
        """By length the hashes of all runs in order, and the first text that has each."""
        if not self._sorted:
            for length, parts in self._found.items():
                hashes, first = np.unique(np.concatenate([hashes for hashes, _ in parts]), return_index=True)
                self._sorted[length] = hashes, np.concatenate([texts for _, texts in parts])[first]
        return self._sorted

    def overlaps(self, texts: Sequence[str]) -> list[Overlap | None]:
        """For each text the first run that a text of the index has too, as long as it goes on; None where there is
        none. Longer runs are looked for first."""
        words, found = words_of(texts), list[Overlap | None]([None] * len(texts))
        for length, (hashes, owners) in sorted(self.sorted_runs().items(), reverse=True):
            grams = words.grams(length)
            if not len(hashes) or not len(grams.hashes):
                continue
            at = np.minimum(np.searchsorted(hashes, grams.hashes), len(hashes) - 1)
            hits = np.flatnonzero(hashes[at] == grams.hashes)
            found_in, begins = np.unique(grams.texts[hits], return_index=True)
            for text, mine in zip(found_in.tolist(), np.split(hits, begins[1:]), strict=bool(len(hits))):
                if found[text] is None:
                    starts = grams.starts[mine]
                    more = int(np.argmin(np.concatenate([np.diff(starts) == 1, [False]])))
                    owner = self.ids[int(owners[at[mine[0]]])]
                    found[text] = Overlap(owner, text_of_run(texts[text], int(starts[0]), length + more))
        return found
