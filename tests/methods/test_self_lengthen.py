"""Self-Lengthen's steps: blocks, two stages, the text check, acceptance, thinning and the keep that prefers length."""

from typing import Any

import pytest

from baleen import prompts
from baleen.measures.words import words
from baleen.methods.self_lengthen import (
    accepted,
    at_least,
    below,
    blocks,
    extended,
    first_half,
    flaw,
    growth,
    lengthy,
    outlined,
    thinned,
    two_thirds,
    until_sound,
)

LONG = "one two three four five six seven eight nine ten"


def row(response: str, **more: Any) -> dict[str, Any]:
    return {"id": "a", "instruction": "write .", "response": response} | more


@pytest.mark.parametrize(
    ("text", "parts", "between"),
    [
        ("a\n\nb\n\nc", ["a", "b", "c"], "\n\n"),
        ("a\n \n\nb\n\n c\nd", ["a", "b", " c\nd"], "\n\n"),
        ("a\nb\nc", ["a", "b", "c"], "\n"),
        ("a\nb\n\nc\nd", ["a", "b", "c", "d"], "\n"),  # two parts between blank lines: line by line
        ("a", ["a"], "\n"),
        ("\n\na\n\n", ["a"], "\n"),
        ("", [], "\n"),
        ("第一段。\n\n第二段。\n\n第三段。", ["第一段。", "第二段。", "第三段。"], "\n\n"),
        ('{"a": "$b"}\n\n{}\n\n$c', ['{"a": "$b"}', "{}", "$c"], "\n\n"),
    ],
)
def test_blocks_stand_between_blank_lines_or_are_lines(text: str, parts: list[str], between: str) -> None:
    assert blocks(text) == (parts, between)


@pytest.mark.parametrize(
    ("text", "half"),
    [("a\nb\nc\nd", "a\nb"), ("a\nb\nc", "a"), ("a", "a"), ("a\n\nb\n\nc\n\nd\n\ne", "a\n\nb"), ("a \n b", "a")],
)
def test_the_first_stage_is_shown_the_first_half(text: str, half: str) -> None:
    (made,) = first_half(row(text))
    assert (made["outline"], made["opening"], made["initial"]) == (half, "", text)


def test_a_later_extension_of_a_round_keeps_the_text_it_began_with() -> None:
    (made,) = first_half(row("a\nb", initial="a"))
    assert made["initial"] == "a" == outlined(row("a\nb", initial="a"))[0]["initial"]


@pytest.mark.parametrize(
    ("text", "opening"),
    [
        ("a\nb\nc", "a\nb\n"),
        ("a\nb", "a\n"),
        ("a", "a\n"),
        ("a\n\nb\n\nc\n\nd", "a\n\nb\n\n"),
        ("a \n b \n c .", "a \n b\n"),
    ],
)
def test_the_second_stage_goes_on_from_two_thirds_of_the_first_at_a_new_block(text: str, opening: str) -> None:
    (made,) = two_thirds(row("whole", longer=text))
    assert (made["opening"], made["outline"]) == (opening, "whole")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("It ends.", ""),
        ("It goes on,", ""),  # the release takes , ; : - for an end too
        ("It does not end", "no end mark"),
        ("Cut off …", "no end mark"),
        ("", "no end mark"),
        ("   \n", "no end mark"),
        ("它结束了。", ""),
        ("它没有结束", "no end mark"),
        ("它没有结束，", "no end mark"),
        (f"{LONG} and {LONG}.", ""),
        (f"{LONG} and {LONG} .", "repeats itself"),
        (f"{LONG} . {LONG[4:]}.", ""),  # nine words in a row
        ("一二三四五六七八九十甲乙丙，一二三四五六七八九十甲乙丙。", "repeats itself"),
        ("一二三四五六七八九十甲乙，一二三四五六七八九十甲乙。", ""),
        ("Here is the revised text:\n\na.\n\nb.", "speaks of revision"),
        ("a.\nb.\nThis paragraph was added.", "speaks of revision"),
        ("a.\nb.\nThe revision is old.\nc.\nd.\ne.", ""),  # in the middle it may
        ("Subversion is fine.", ""),
        ("以下是修改后的文章：\n春天来了。", "speaks of revision"),
        ('{"key": ["$x"]}', ""),
    ],
)
def test_a_text_is_checked_before_it_is_learned(text: str, why: str) -> None:
    assert flaw(text) == why


def test_the_check_is_quick_on_a_very_long_text() -> None:
    assert flaw(" ".join(map(str, range(100_000))) + ".") == ""


@pytest.mark.parametrize(
    ("old", "longer", "kept"),
    [
        ("a b .", "a b c .", "a b c ."),
        ("a b .", "a b .", "a b ."),
        ("a b .", "a .", "a b ."),
        ("a b .", "a b c d", "a b ."),
        ("春天。", "春天来了，花开了。", "春天来了，花开了。"),
        ("a b .", "", "a b ."),
    ],
)
def test_only_a_longer_and_sound_text_is_accepted(old: str, longer: str, kept: str) -> None:
    assert accepted(row(old, longer=longer))["response"] == kept


def test_growth_has_no_number_for_nothing() -> None:
    assert growth("a b c", "a b") == 1.5 and growth("a", "") is None


def test_thinning_takes_a_fifth_of_the_lines_and_never_all() -> None:
    text = "\n".join(f"line {i} ." for i in range(1000))
    (made,) = thinned(row("long", initial=text), 0.2)
    kept = made["outline"].split("\n")
    assert 760 < len(kept) < 840 and set(kept) < set(text.split("\n")) and kept == sorted(kept, key=text.index)
    assert (made["longer"], made["opening"]) == ("long", "")
    assert thinned(row("long", initial="a\nb"), 1.0)[0]["outline"] in ("a", "b")
    assert thinned(row("long", initial="a \n b"), 0.0)[0]["outline"] == "a \n b"


def test_thinning_is_the_same_each_time_and_another_for_another_row() -> None:
    table = [row("x", initial="\n".join("abcdefghij")) | {"id": str(i)} for i in range(20)]
    first = [thinned(r, 0.2)[0]["outline"] for r in table]
    assert first == [thinned(r, 0.2)[0]["outline"] for r in table] and len(set(first)) > 10


def rows_of_sizes(sizes: range) -> list[dict[str, Any]]:
    return [row("a " * n) | {"id": str(n)} for n in sizes]


def test_the_keep_prefers_length_as_the_release_says() -> None:
    fates = lengthy(rows_of_sizes(range(1, 4001)))
    kept = [int(r["id"]) for r, reason in fates if not reason]
    assert len(fates) == 4000 and {reason for _, reason in fates} == {"", "short"}
    assert 0.56 < len(kept) / 4000 < 0.62  # 59 % of a uniform set
    assert min(kept) > 0.205 * 4000  # 2 rank^3 reaches 1 at rank 0.794
    assert 0.66 < sum(kept) / len(kept) / 4000 < 0.70  # mean percentile 0.68


def test_the_keep_depends_on_the_row_not_on_the_order() -> None:
    rows = rows_of_sizes(range(1, 200))
    kept = {r["id"] for r, reason in lengthy(rows) if not reason}
    assert {r["id"] for r, reason in lengthy(rows[::-1]) if not reason} == kept
    assert [r["id"] for r, _ in lengthy(rows[::-1])] == [r["id"] for r in rows[::-1]]


def test_chinese_competes_on_equal_terms() -> None:
    english = [row("word " * n) | {"id": f"e{n}"} for n in range(1, 101)]
    chinese = [row("字" * n) | {"id": f"c{n}"} for n in range(1, 101)]  # a fifth of the characters
    kept = [r["id"] for r, reason in lengthy([*english, *chinese]) if not reason]
    shares = [sum(name.startswith(tongue) for name in kept) for tongue in "ec"]
    assert min(shares) > 0.75 * max(shares)


def test_an_empty_table_is_kept_whole() -> None:
    assert lengthy([]) == []


@pytest.mark.parametrize("opening", ["", "a b .\n", "第一段。\n\n", 'a {"b": "$c"}\n'])
def test_the_extender_is_asked_with_the_opening_as_its_own_words(opening: str) -> None:
    prompt = prompts.load("self-lengthen/extend")
    asked = row("x", instruction="写 {$a} .", outline="$5 {x}\n多行", opening=opening)
    assert prompt.start(asked) == opening and "$5 {x}\n多行" in prompt.messages(asked)[-1][1]
    assert prompt.parse_reply(prompt.start(asked) + "c d .") == {"longer": (opening + "c d .").strip()}


@pytest.mark.parametrize("reply", ["", " ", "\n", "\n\n\n", "\t", " \n ", "\r\n", "  \t\n", "\u3000", "\x0b"])
def test_an_extension_without_a_word_is_unreadable(reply: str) -> None:
    assert prompts.load("self-lengthen/extend").parse_reply(reply) is None


def test_what_is_accepted_has_more_words_by_the_one_counter() -> None:
    assert words("two 汉字 .") == 4


def test_a_response_is_written_again_until_it_has_no_flaw() -> None:
    assert until_sound(row("It ends.", again=""))[0]["again"] == ""
    assert until_sound(row("It does not end", again=""))[0]["again"] == "no end mark"
    assert until_sound(row(None, again="truncated"))[0]["again"] == "truncated"  # type: ignore[arg-type]


def turns(text: str, replies: list[str | None], times: int) -> tuple[list[str], dict[str, Any]]:
    """What an extension wants after each reply, '' when it is done, and the row at the end."""
    (now,), whys = first_half(row(text)), list[str]()
    for reply in replies:
        (now,) = extended(now | {"longer": reply, "again": "" if reply else "unreadable"}, times)
        whys.append(now["again"])
    return whys, now


def test_an_extension_has_two_stages_and_succeeds_above_a_fifth_more_words() -> None:
    whys, made = turns("a .\nb .", ["a one .\nb two .\nc .", "a one .\nb two .\nend ."], 1)
    assert whys == ["begun", ""]
    assert (made["response"], made["initial"]) == ("a one .\nb two .\nend .", "a .\nb .")
    whys, made = turns("a b c d e .\nf g h i .", ["x .", "a b c d e f .\nf g h i ."], 1)  # 11 words for 10
    assert (
        whys == ["begun", "not 1.2 times as long"] and made["response"] == made["initial"] == "a b c d e .\nf g h i ."
    )
    assert (made["outline"], made["opening"], made["step"]) == ("a b c d e .", "", 0)


def test_a_try_extends_what_it_has_extended_as_often_as_it_says() -> None:
    replies: list[str | None] = ["a one .\nb .", "a one .\nb two .", "a one more .\nb .", "a one more .\nb two more ."]
    whys, made = turns("a .\nb .", replies, 2)
    assert whys == ["begun", "extended further", "begun", ""]
    assert made["response"] == "a one more .\nb two more ." and made["initial"] == "a .\nb ."


def test_a_reply_that_cannot_be_read_extends_nothing_and_the_try_goes_on() -> None:
    whys, made = turns("a .\nb .", [None, "a one .\nb .", None], 2)  # a first stage, then a second one
    assert whys == ["extended further", "begun", "not 1.2 times as long"] and made["response"] == "a .\nb ."


def test_a_final_training_keeps_lengths_from_a_bound_up_to_another() -> None:
    assert (at_least(row(LONG), 10), at_least(row(LONG), 11)) == ([row(LONG)], "under 11 words")
    assert (below(row(LONG), 11), below(row(LONG), 10)) == ([row(LONG)], "10 words and more")
