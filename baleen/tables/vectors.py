"""Vectors: rows whose embeddings point the same way, and those that are nearest to others.

Every vector is compared with every other, in products of matrices of BLOCK rows, which is quadratic: 10,000 vectors of
384 values took 2 s on a core, 20,000 took 4, and memory is 4 bytes a value. An index of neighbours would miss some.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Unit = NDArray[np.float32]
BLOCK = 1024


def unit_vectors(vectors: Sequence[Sequence[float]]) -> Unit:
    """Vectors brought to length 1, shape (rows, values)."""
    table = np.asarray(vectors, dtype=np.float32)
    lengths = np.linalg.norm(table, axis=1, keepdims=True)
    found: Unit = table / np.maximum(lengths, 1e-12)
    return found


@dataclass
class SimilarVectors:
    """Compares vectors with all that were kept before them, by the cosine of their angle."""

    threshold: float
    names: list[str] = field(default_factory=list)
    blocks: list[Unit] = field(default_factory=list)

    def add(self, names: Sequence[str], vectors: Sequence[Sequence[float]]) -> None:
        """Keep vectors without comparing them."""
        if names:
            self.names += names
            self.blocks.append(unit_vectors(vectors))

    def first_resembling(
        self, names: Sequence[str], vectors: Sequence[Sequence[float]], keeps: bool = True
    ) -> list[tuple[str, float]]:
        """For each vector the name of the first kept one whose cosine with it reaches the threshold, and that cosine;
        ('', 0) for none, and then it is kept if `keeps`."""
        if not names:
            return []
        table, found = unit_vectors(vectors), [("", 0.0)] * len(names)
        first = 0
        for block in self.blocks:
            cosines = table @ block.T
            close = cosines >= self.threshold
            for at in np.flatnonzero(close.any(axis=1)).tolist():
                if not found[at][0]:
                    other = int(np.argmax(close[at]))
                    found[at] = self.names[first + other], float(cosines[at, other])
            first += len(block)
        if keeps:
            self.keep_new(names, table, found)
        return found

    def keep_new(self, names: Sequence[str], table: Unit, found: list[tuple[str, float]]) -> None:
        """Compare vectors with those kept before them among themselves, and keep the rest."""
        cosines, kept = table @ table.T, list[int]()
        for at in range(len(names)):
            if not found[at][0]:
                close = [other for other in kept if cosines[at, other] >= self.threshold]
                if close:
                    found[at] = names[close[0]], float(cosines[at, close[0]])
                else:
                    kept.append(at)
        self.names += [names[at] for at in kept]
        self.blocks.append(table[kept])


def nearest_to(queries: Sequence[Sequence[float]], vectors: Sequence[Sequence[float]], each: int) -> set[int]:
    """The places of the vectors that are among the `each` nearest of any query."""
    table, asked, found = unit_vectors(vectors), unit_vectors(queries), set[int]()
    count = min(each, len(table))
    for start in range(0, len(asked), BLOCK):
        cosines = asked[start : start + BLOCK] @ table.T
        best = np.argsort(-cosines, axis=1, kind="stable")[:, :count]
        found.update(best.ravel().tolist())
    return found


def nearest_by_words(queries: Sequence[Sequence[str]], texts: Sequence[Sequence[str]], each: int) -> set[int]:
    """The places of the texts (as words) that are among the `each` best of any query by BM25 (Robertson et al. 1994),
    and have a word of it. By bm25s (Lù 2024, arXiv:2407.03618): 20 us a query and a thousand texts."""
    import bm25s

    index, found = bm25s.BM25(), set[int]()
    index.index([list(words) or [""] for words in texts], show_progress=False)
    known = index.vocab_dict
    for start in range(0, len(queries), BLOCK):
        some = [[word for word in words if word in known] for words in queries[start : start + BLOCK]]
        asked = [words for words in some if words]
        if asked:
            places, scores = index.retrieve(asked, k=min(each, len(texts)), show_progress=False)
            found.update(places[scores > 0].tolist())
    return found
