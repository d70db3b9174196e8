"""The first of several like texts stays, and the others name it."""

import pytest

from baleen.tables.duplicates import (
    duplicate_checker,
    minhash_signature,
    near_duplicate_finder,
    repetition,
    shingles,
    tokens,
)

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


def test_a_short_text_is_one_shingle() -> None:
    assert list(shingles("a b c")) == [b"a b c"]
    assert list(shingles("--")) == [b"--"]
    assert len(list(shingles(WORDS))) == 96


def test_signatures_do_not_depend_on_the_block_size(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = minhash_signature(WORDS).tolist()
    monkeypatch.setattr("baleen.tables.duplicates.BLOCK", 7)
    assert minhash_signature(WORDS).tolist() == whole


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
    seen = near_duplicate_finder(0.8)
    assert seen("1", first) == ""
    assert seen("2", second) == ("1" if like else "")


def test_the_first_of_several_is_named() -> None:
    seen = near_duplicate_finder(0.8)
    assert [seen(str(i), f"{WORDS} {i}") for i in range(4)] == ["", "0", "0", "0"]


@pytest.mark.parametrize(
    "kind, reasons",
    [
        ("", [("", "")] * 3),
        ("exact", [("", ""), ("duplicate of 0a", "duplicate"), ("", "")]),
        ("near", [("", ""), ("duplicate of 0a", "duplicate"), ("near duplicate of 0a", "near duplicate")]),
    ],
)
def test_the_kind_of_check_decides_what_goes(kind: str, reasons: list[tuple[str, str]]) -> None:
    check = duplicate_checker(kind, 0.8)
    assert [check("0a", WORDS), check("0a", WORDS), check("0b", WORDS + " x")] == reasons


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
