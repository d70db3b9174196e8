"""The first of several like texts stays, and the others name it."""

from io import BytesIO
from random import Random

import numpy as np
import pytest

from baleen.tables.buckets import Buckets
from baleen.tables.duplicates import NearDuplicates, bands_and_rows, repetition, without_duplicates
from baleen.tables.shingles import POWERS, mixed, shingle_hashes, tokens, word_hashes

WORDS = " ".join(f"word{i}" for i in range(100))
CHINESE = (
    "仓库里的文件按照名称排序以后逐个读取每一行都保留原来的顺序没"
    "有任何一行会被悄悄丢掉所有的原因都写在旁边的表格里面方便以后检查"
)


@pytest.mark.parametrize(
    "text, expected",
    [
        ("Two words.", ["two", "words"]),
        ("世界 ok", ["世", "界", "ok"]),
        ("año", ["año"]),
        ("สวัสดี"[:1], ["ส"]),
        ("--", []),
    ],
)
def test_tokens_are_words_or_characters_of_unspaced_scripts(text: str, expected: list[str]) -> None:
    assert tokens(text) == expected


def shingles(text: str) -> set[int]:
    return set(shingle_hashes([text])[0].tolist())


def test_a_short_text_is_one_shingle() -> None:
    texts = ("a b c", "--", "", "a b c d e", "a b c d e f", WORDS)
    assert [len(shingles(text)) for text in texts] == [1, 1, 1, 1, 2, 96]
    assert len({*shingles("a b c"), *shingles("a b"), *shingles("a b c d e"), *shingles("--"), *shingles("")}) == 5


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("One, TWO; three-four five!", "one two three four five"),
        ("Ünïcode Wörter ÄÖÜ ß x", "ünïcode wörter äöü ß x"),
        ("a_b c1 2 d e f", "A_B C1 2 D E F"),
        ("世界你好吗", "世 界 你 好 吗"),
        ("naïve plain text of words", "NAÏVE plain: text of words"),
        ("one two three four five é", "one two three\x00four five é"),
    ],
)
def test_shingles_are_of_words_alone(text: str, same: str) -> None:
    assert shingles(text) == shingles(same) != shingles(text + " more")


@pytest.mark.slow
def test_shingles_of_many_texts_are_those_of_each() -> None:
    random = Random(0)
    pieces = ["word", "Other", " ", "  ", "-", "é", "世", "\n", "x" * 70_000, "\ud800", "1"]
    texts = [" ".join(random.choices(pieces, k=random.randint(0, 12))) for _ in range(300)]
    hashes, starts = shingle_hashes(texts)
    for text, start, end in zip(texts, starts, starts[1:], strict=False):
        words = [*tokens(text)]
        assert end - start == max(len(words) - 4, 1)
        assert hashes[start:end].tolist() == shingle_hashes([text])[0].tolist()
        assert len(set(hashes[start:end].tolist())) == len({*zip(*(words[n:] for n in range(5)), strict=False)} or [0])


@pytest.mark.parametrize("length", [1, 31, 32, 33, 200, 70_000])
def test_the_hash_of_a_word_is_the_sum_of_its_bytes_times_the_powers_of_their_places(length: int) -> None:
    word = bytes(Random(length).choices(b"abc\xe9", k=length))
    places = np.arange(length) & 0xFFFF
    wanted = mixed(np.array([(np.frombuffer(word, dtype=np.uint8) * POWERS[places]).sum()], dtype=np.uint64))
    hashes, begins = word_hashes(b"  aa " + word + b" b ")
    assert hashes[1] == wanted[0] and begins.tolist() == [2, 5, 6 + length]


def test_shingles_do_not_depend_on_the_block_size(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = [hashes.tolist() for hashes in shingle_hashes([WORDS, CHINESE, "", "x" * 500])]
    monkeypatch.setattr("baleen.tables.shingles.BLOCK", 7)
    assert [hashes.tolist() for hashes in shingle_hashes([WORDS, CHINESE, "", "x" * 500])] == whole


@pytest.mark.parametrize(
    "first, second, like",
    [
        (WORDS, WORDS.upper() + "!", True),
        (WORDS, WORDS + " more", True),
        (WORDS, " ".join(WORDS.split()[::-1]), False),
        (WORDS, WORDS[: len(WORDS) // 2], False),
        (CHINESE, CHINESE + "啊", True),
        (CHINESE, CHINESE[::-1], False),
        ("--", "==", False),
    ],
)
def test_near_duplicates_share_most_shingles(first: str, second: str, like: bool) -> None:
    assert NearDuplicates(0.8, BytesIO()).first_resembling(["1", "2"], [first, second]) == ["", "1" if like else ""]


@pytest.mark.parametrize("together", [1, 2, 3, 4])
def test_the_first_of_several_is_named(together: int) -> None:
    near, found = NearDuplicates(0.8, BytesIO()), list[str]()
    for start in range(0, 4, together):
        places = range(4)[start : start + together]
        found += near.first_resembling([*map(str, places)], [f"{WORDS} {i}" for i in places])
    assert found == ["", "0", "0", "0"]


def edited(text: str, share: float, random: Random) -> str:
    """The text with this share of its words replaced, in one place."""
    words = text.split()
    start = random.randrange(len(words))
    count = round(share * len(words))
    return " ".join([*words[:start], *(str(random.random()) for _ in range(count)), *words[start + count :]])


@pytest.mark.slow
@pytest.mark.parametrize("threshold", [0.5, 0.7, 0.8, 0.9])
def test_the_pairs_that_leave_are_those_of_the_exact_index(threshold: float) -> None:
    """Groups of edited copies at every distance, against all kept texts before them one by one."""
    random, texts = Random(3), list[str]()
    for _ in range(30):
        base = " ".join(f"w{random.randrange(500)}" for _ in range(120))
        texts += [base, *(edited(base, random.uniform(0, 1 - threshold), random) for _ in range(9))]
    random.shuffle(texts)
    near, kept, wanted, found = NearDuplicates(threshold, BytesIO()), list[int](), list[bool](), list[str]()
    for start in range(0, len(texts), 128):
        part = texts[start : start + 128]
        found += near.first_resembling([str(start + n) for n in range(len(part))], part)
    sets = [shingles(text) for text in texts]

    def like(one: int, other: int) -> bool:
        return len(sets[one] & sets[other]) / len(sets[one] | sets[other]) >= threshold

    for at in range(len(texts)):
        wanted.append(any(like(at, one) for one in kept))
        kept += [] if found[at] else [at]
    assert all(like(at, int(name)) for at, name in enumerate(found) if name)
    assert sum(map(bool, found)) >= 0.97 * sum(wanted) > 20


@pytest.mark.parametrize("threshold", [0.001, 0.05, 0.3, 0.5, 0.8, 0.95, 1.0])
def test_bands_reach_the_recall_within_the_signature(threshold: float) -> None:
    bands, rows = bands_and_rows(threshold)
    assert bands * rows <= 128
    assert 1 - (1 - threshold**rows) ** bands >= 0.98 or (bands, rows) == (128, 1)


@pytest.mark.parametrize(
    "kind, reasons",
    [
        ("", [("", "")] * 3),
        ("exact", [("", ""), ("duplicate of 0a", "duplicate"), ("", "")]),
        ("near", [("", ""), ("duplicate of 0a", "duplicate"), ("near duplicate of 0a", "near duplicate")]),
    ],
)
def test_the_kind_of_check_decides_what_goes(kind: str, reasons: list[tuple[str, str]]) -> None:
    table = [({"id": "0a", "t": WORDS}, ""), ({"id": "0a", "t": WORDS}, ""), ({"id": "0b", "t": WORDS + " x"}, "")]
    assert [found[1:] for found in without_duplicates(table, kind, 0.8, lambda row: row["t"])] == reasons


@pytest.mark.parametrize("length", [1, 10, 2000])
@pytest.mark.parametrize("kind", ["", "exact", "near"])
def test_every_row_comes_back_once_and_in_order(kind: str, length: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("baleen.tables.duplicates.CHARACTERS", length)
    table = [({"id": f"{n % 7:x}", "t": f"{WORDS} {n % 7}"}, "short" if n % 3 == 0 else "") for n in range(40)]
    found = list(without_duplicates(table, kind, 0.8, lambda row: row["t"]))
    assert [row for row, _, _ in found] == [row for row, _ in table]
    assert all(found[n][1:] == ("short", "short") for n in range(0, 40, 3))
    assert not list(without_duplicates([], kind, 0.8, str))


@pytest.mark.parametrize(("bands", "count"), [(1, 1), (128, 1024), (18, 4096), (1, 200_000), (42, 1)])
def test_a_first_batch_may_be_larger_than_the_table(bands: int, count: int) -> None:
    keys = mixed(np.arange(count * bands, dtype=np.uint64)).reshape(count, bands)
    buckets = Buckets(bands)
    buckets.add(keys, np.arange(count))
    assert buckets.rows_of(keys.ravel()).tolist() == np.repeat(np.arange(count), bands).tolist()


@pytest.mark.slow
def test_buckets_hold_every_row_of_a_key() -> None:
    """Against a dictionary, through several sizes of the table, with four keys for each slot."""
    draw, buckets, wanted = np.random.default_rng(0), Buckets(3), dict[tuple[int, int], list[int]]()
    for first in range(0, 30_000, 5000):
        drawn = draw.integers(0, 20_000, (5000, 3)) * 3 + np.arange(3)  # no key in two bands, as in signatures
        keys = mixed(drawn.astype(np.uint64)) & ~np.uint64(3)
        buckets.add(keys, np.arange(first, first + 5000))
        for row, own in enumerate(keys.tolist()):
            for band, key in enumerate(own):
                wanted.setdefault((key, band), []).append(first + row)
    last = buckets.rows_of(np.array([key for key, _ in wanted], dtype=np.uint64)).tolist()
    chains = [buckets.chain(row, band) for row, (_, band) in zip(last, wanted, strict=True)]
    assert chains == [found[::-1] for found in wanted.values()]
    assert buckets.used == len(wanted)
    assert buckets.rows_of(np.array([7], dtype=np.uint64)).tolist() == [-1]


@pytest.mark.parametrize(
    "text, expected",
    [
        ("One two three four. One two three four.", 1.0),
        ("- run the tool with a file\n- run the tool with a folder", 3 / 5),
        ("Yes. Yes. Yes.", 0.0),
        ("The cat sat on the mat. A dog ran in the park.", 0.0),
        ("", 0.0),
    ],
)
def test_repetition_is_the_highest_overlap_of_two_sentences(text: str, expected: float) -> None:
    assert repetition(text) == pytest.approx(expected)
