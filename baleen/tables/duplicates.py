"""Duplicates: rows whose text came before, exactly or nearly.

Near duplicates share word 5-grams (character 5-grams in scripts written without spaces) with a Jaccard index of at
least the threshold, as estimated by MinHash; candidates come from locality-sensitive hashing. Cost, measured: about
0.4 ms and 6 kB for a text of 100 words, so 100,000 take some 40 seconds and 0.6 GB; exact ones cost 0.1 kB a text.
"""

import re
from collections.abc import Callable, Iterator
from hashlib import blake2b
from itertools import islice

import numpy as np

PERMUTATIONS = 128  # standard error of the estimate: about 0.035 at a Jaccard index of 0.8
SHINGLE = 5  # tokens
BLOCK = 4096  # shingles hashed at once; 2 MB of signatures
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])|\n")
WINDOW, GRAM = 100, 3  # sentences that are compared with each other; words in an n-gram
TOKEN = re.compile(rf"[{UNSPACED}]|[^\W{UNSPACED}]+")

Signature = np.ndarray[tuple[int], np.dtype[np.uint32]]


def tokens(text: str) -> list[str]:
    """Words in lower case; single characters where a script has no spaces between words."""
    return TOKEN.findall(text.lower())


def shingles(text: str, size: int = SHINGLE) -> Iterator[bytes]:
    """Runs of `size` tokens; a text that is shorter is one shingle, and one without words stands for itself."""
    words = tokens(text) or [text]
    for start in range(max(len(words) - size, 0) + 1):
        yield " ".join(words[start : start + size]).encode("utf-8", "replace")


def minhash_signature(text: str) -> Signature:
    """MinHash values of a text, uint32[128]; the same on every machine."""
    from datasketch import MinHash

    minhash, source = MinHash(PERMUTATIONS, seed=1, scheme="affine32"), shingles(text)
    while block := list(islice(source, BLOCK)):
        minhash.update_batch(block)
    return np.asarray(minhash.hashvalues, dtype=np.uint32)


def bucket_hash(values: bytes) -> bytes:
    """8 bytes instead of the whole band of a signature, as the key of an LSH bucket."""
    return blake2b(values, digest_size=8).digest()


def near_duplicate_finder(threshold: float) -> Callable[[str, str], str]:
    """A function of (id, text) that gives the id of the first text it resembles, or '' and remembers this one."""
    from datasketch import MinHash, MinHashLSH  # a second, because it loads scipy

    index = MinHashLSH(threshold, PERMUTATIONS, weights=(0.1, 0.9), hashfunc=bucket_hash)
    kept: list[tuple[str, Signature]] = []

    def first_resembling(name: str, text: str) -> str:
        values = minhash_signature(text)
        minhash = MinHash(PERMUTATIONS, seed=1, scheme="affine32", hashvalues=values)
        places: list[int] = sorted(index.query(minhash))
        for place in places:
            if np.mean(kept[place][1] == values) >= threshold:
                return kept[place][0]
        index.insert(len(kept), minhash, check_duplication=False)
        kept.append((name, values))
        return ""

    return first_resembling


def exact_duplicate_finder() -> Callable[[str], bool]:
    """A function of a row's id that returns whether it was called with that id before."""
    kept: set[int] = set()

    def is_repeated(name: str) -> bool:
        number, before = int(name, 16), len(kept)
        kept.add(number)
        return len(kept) == before

    return is_repeated


def duplicate_checker(kind: str, threshold: float) -> Callable[[str, str], tuple[str, str]]:
    """A function of (id, text) that gives (reason, its name in the counts), ('', '') for a row that may stay."""
    repeated, resembled = exact_duplicate_finder(), near_duplicate_finder(threshold) if kind == "near" else None

    def check(name: str, text: str) -> tuple[str, str]:
        if kind and repeated(name):
            return f"duplicate of {name}", "duplicate"
        like = resembled(name, text) if resembled else ""
        return (f"near duplicate of {like}", "near duplicate") if like else ("", "")

    return check


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
