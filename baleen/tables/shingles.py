"""Shingles: the runs of words of a text that say how much it has in common with another, as numbers of 64 bits.

Words are hashed a batch of texts at a time, by sums over their bytes: 3 us for a text of 120 words.
"""

import re
from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

SHINGLE = 5  # tokens
BLOCK = 1 << 16  # bytes hashed at once, which stay in the processor's cache
LONG = 32  # bytes of a word that are hashed at once with those of others
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
TOKEN = re.compile(rf"[{UNSPACED}]|[^\W{UNSPACED}]+")
IN_WORDS = bytes(ord(chr(c).lower()) if c < 128 and re.match(r"\w", chr(c)) else 32 for c in range(128))
LOWER = IN_WORDS + bytes(range(128, 256))  # what stands for each byte of a text: of a word in lower case, or a space

Hashes = NDArray[np.uint64]
Places = NDArray[np.int64]
FACTOR = np.uint64(0x9E3779B97F4A7C15)  # odd, from the golden ratio (Knuth, TAOCP 6.4)
POWERS = np.multiply.accumulate(np.full(1 << 16, FACTOR, dtype=np.uint64))


def tokens(text: str) -> list[str]:
    """Words in lower case; single characters where a script has no spaces between words."""
    return TOKEN.findall(text.lower())


def mixed(numbers: Hashes) -> Hashes:
    """Numbers in which every bit depends on every bit (the finaliser of SplitMix64, Steele et al. 2014)."""
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))


def spaced_words(text: str) -> bytes:
    """The tokens of a text, with spaces between them."""
    if text.isascii():
        return text.encode().translate(LOWER)
    return " ".join(tokens(text)).encode()


def word_hashes(data: bytes) -> tuple[Hashes, Places]:
    """The hash of each word between spaces, and where it begins; `data` ends in a space."""
    found, start = list[tuple[Hashes, Places]](), 0
    while start < len(data):
        end = data.rfind(b" ", start, start + BLOCK) + 1 or data.find(b" ", start) + 1
        hashes, begins = block_hashes(np.frombuffer(data, dtype=np.uint8)[start:end])
        found.append((hashes, begins + start))
        start = end
    return np.concatenate([one for one, _ in found]), np.concatenate([one for _, one in found])


def block_hashes(data: NDArray[np.uint8]) -> tuple[Hashes, Places]:
    """`word_hashes` of one block: the sum of the bytes of a word, each times a power that tells its place in it. The
    n-th bytes of all words are taken at once, the longest words first."""
    spaces = np.concatenate([[True], data == ord(" ")])
    edges = np.flatnonzero(spaces[1:] != spaces[:-1])
    begins, ends = edges[::2], edges[1::2]
    lengths = np.minimum(ends - begins, LONG)
    order = np.argsort((LONG - lengths).astype(np.uint8), kind="stable")
    firsts, sums = begins[order], np.zeros(len(order), dtype=np.uint64)
    longer = len(order) - np.cumsum(np.bincount(lengths, minlength=LONG))
    for n in range(int(lengths.max(initial=0))):
        sums[: longer[n]] += data[firsts[: longer[n]] + n] * POWERS[n]
    found = np.empty_like(sums)
    found[order] = sums
    for at in np.flatnonzero(ends - begins > LONG).tolist():
        places = np.arange(LONG, ends[at] - begins[at])
        found[at : at + 1] += (data[begins[at] + places] * POWERS[places & 0xFFFF]).sum()
    return mixed(found), begins


def shingle_hashes(texts: Sequence[str]) -> tuple[Hashes, Places]:
    """The hashes of the shingles of all texts, and where those of each begin, with the end of the last. A text that is
    shorter than a shingle is one, and a text without words stands for itself."""
    parts = [spaced_words(text) + b" " for text in texts]
    words, begins = word_hashes(b"".join(parts))
    firsts = np.searchsorted(begins, np.concatenate([[0], np.cumsum([len(part) for part in parts])]))
    counts = np.diff(firsts)
    sizes = np.maximum(counts - SHINGLE + 1, 1)
    starts = np.concatenate([[0], np.cumsum(sizes)])
    found, long = np.zeros(starts[-1], dtype=np.uint64), counts >= SHINGLE
    texts_of_words = np.repeat(np.arange(len(texts)), counts)
    whole = texts_of_words[SHINGLE - 1 :] == texts_of_words[: len(words) - SHINGLE + 1] if len(words) >= SHINGLE else []
    found[np.repeat(long, sizes)] = runs(words, SHINGLE)[np.asarray(whole, dtype=np.bool_)]
    for at in np.flatnonzero(~long):
        few = words[firsts[at] : firsts[at + 1]]
        found[starts[at]] = runs(few, len(few))[0] if len(few) else text_hash(texts[at])
    return found, starts


def runs(words: Hashes, length: int) -> Hashes:
    """The hash of every run of so many words."""
    count = max(len(words) - length + 1, 0)
    return mixed(sum((words[n : n + count] * POWERS[n] for n in range(length)), np.zeros(count, dtype=np.uint64)))


def text_hash(text: str) -> int:
    """8 bytes of a whole text."""
    return int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "big")
