import re
import time
from collections import Counter

import pytest

from baleen.formats import FORMATS
from baleen.tables.rows import Row

ROUND_TRIPS: list[tuple[str, list[str], Row]] = [
    ("text", ["response"], {"response": 'braces {"a": 1}, a $ sign, 中文 and\nlines'}),
    ("rating", ["rating"], {"rating": 4.0}),
    ("rating", ["rating"], {"rating": 4.5}),
    ("lines", ["constraints"], {"constraints": ["at most 10 words", "用中文回答"]}),
    ("fields", ["kind", "constraint"], {"kind": "audience", "constraint": '写给"孩子": {"$1"}'}),
    ("fields", ["kind", "constraint"], {"kind": "", "constraint": ""}),
    (
        "marked",
        ["instruction", "input", "response"],
        {"instruction": "把列表写成 JSON", "input": "", "response": "{'a': 1}"},
    ),
    (
        "marked",
        ["instruction", "input", "response"],
        {"instruction": "two\nlines", "input": "- a # b\n- $5 {c}", "response": "word " * 3000 + "end"},
    ),
    ("tags", ["instruction", "response"], {"instruction": "Write {x}", "response": "line one\nline two < 3 > 2"}),
]


@pytest.mark.parametrize(("name", "columns", "row"), ROUND_TRIPS)
def test_reading_what_was_shown_gives_back_the_row(name: str, columns: list[str], row: Row) -> None:
    assert FORMATS[name].read(FORMATS[name].show(row, columns), columns) == row


RATINGS = [
    ("Good.\nScore: 4", 4.0),
    ("Score: 4.5", 4.5),
    ("score: 5", 5.0),
    ("**Score:** 5", 5.0),
    ("**Score: 3**", 3.0),
    ("Score: <2>", 2.0),
    ("Score: 4.5/5", 4.5),
    ("Score: 4/5.", 4.0),
    ("Reasons.\nScore: 3\n\n", 3.0),
    ("Score: 2\nOn reflection:\nScore: 4", None),
    ("Score: 3\nScore: 3\nScore: 3", 3.0),
    ("Score: 1\nScore: 2\nScore: 3\nScore: 4\nScore: 5", None),
    ("Score: 1 if it is bad\nScore: 5 if it is perfect", None),
    ("Score: 1 ... Score: 5", None),
    ("Score: 3 Score: 4", None),
    ("Score: 3, 4", None),
    ("Score: 91", None),
    ("Score: 4/10", None),
    ("Score: 9/10", None),
    ("Score: 10", None),
    ("Score: 10502", None),
    ("Score: 0", None),
    ("Score: 5.5", None),
    ("Score: 6", None),
    ("Score: -3", None),
    ("Score: four", 4.0),
    ("Score:", None),
    ("Score: 4 because it is good", 4.0),
    ("Score: 1-5", None),
    ("1: incomplete\n5: perfect", None),
    ("I would say Score: 4", None),
    ("Score: 4\nThank you for reading.", 4.0),
    ("4", 4.0),
    ("", None),
    ("   \n", None),
]


@pytest.mark.parametrize(("reply", "rating"), RATINGS)
def test_a_rating_is_said_plainly_and_from_one_to_five(reply: str, rating: float | None) -> None:
    assert FORMATS["rating"].read(reply, ["rating"]) == (None if rating is None else {"rating": rating})


def test_an_indented_list_is_read_whole() -> None:
    """A word tokenizer decodes a newline with spaces round it."""
    assert FORMATS["lines"].read("- a b \n - c \n\t- d", ["constraints"]) == {"constraints": ["a b", "c", "d"]}


WRAPPED = [  # a reply in other clothes, and its columns
    (
        "marked",
        "```\n#instruction#: a\n#input#: \n#response#: b\n```",
        {"instruction": "a", "input": "", "response": "b"},
    ),
    *(
        (
            "marked",
            f"#instruction#: a\n#input#: {nothing}\n#response#: b",
            {"instruction": "a", "input": "", "response": "b"},
        )
        for nothing in (
            "(empty)",
            "Empty",
            "[empty]",
            "(leave empty)",
            "-",
            "null",
            "No input needed.",
            "（留空）",
            "不需要输入",
        )
    ),
    (
        "marked",
        "#instruction#: a\n#input#: - one\n#response#: b",
        {"instruction": "a", "input": "- one", "response": "b"},
    ),
    ("fields", "```\nKind: tone\nAddition: be kind\n```", {"kind": "tone", "addition": "be kind"}),
    ("fields", 'Kind: tone\nAddition: "Use at most 50 words"', {"kind": "tone", "addition": "Use at most 50 words"}),
    ("lines", "+ be kind\n+ be brief", {"constraints": ["be kind", "be brief"]}),
    ("lines", "· be kind\n· be brief", {"constraints": ["be kind", "be brief"]}),
    ("lines", "一、语气友好\n二、不超过50字", {"constraints": ["语气友好", "不超过50字"]}),
    ("lines", "```\n- be kind\n```", {"constraints": ["be kind"]}),
    ("lines", "- be kind\n- NULL", {"constraints": ["be kind"]}),
]


@pytest.mark.parametrize(("name", "reply", "row"), WRAPPED)
def test_a_reply_is_read_in_other_clothes(name: str, reply: str, row: Row) -> None:
    assert FORMATS[name].read(reply, [*row]) == row


MALFORMED = [
    ("text", ["response"], ""),
    ("text", ["response"], " \n\t"),
    ("fields", ["kind", "constraint"], ""),
    ("fields", ["kind", "constraint"], "Kind: tone"),
    ("fields", ["kind", "constraint"], "Constraint: be kind\nKind: tone"),
    ("fields", ["kind", "constraint"], "Kind: tone\nConstraint:"),
    ("fields", ["kind", "constraint"], "Kind: tone\nConstraint: be kind\nConstraint: be brief"),
    ("fields", ["kind", "constraint"], "Kind: tone\nConstraint: be kind\nHope this helps."),
    ("fields", ["kind", "constraint"], "tone: be kind"),
    ("fields", ["kind", "constraint"], "Kind: tone\nand\nConstraint: be kind"),
    ("fields", ["kind", "constraint"], "nothing"),
    ("fields", ["kind", "constraint"], "None of them."),
    ("fields", ["kind", "constraint"], "None\nKind: tone"),
    ("fields", ["kind", "constraint"], '{"kind": "tone", "constraint": "be kind"}'),
    ("lines", ["constraints"], "no list at all"),
    ("lines", ["constraints"], "-\n- "),
    ("tags", ["instruction", "response"], "<instruction>only one</instruction>"),
    ("tags", ["instruction", "response"], "<instruction>a</instruction><response></response>"),
    ("tags", ["response"], "<response>not closed"),
    ("tags", ["response"], "<response>a</response><response>b</response>"),
    ("tags", ["response"], ""),
    ("tags", ["response"], "the improved answer, without markers"),
    ("tags", ["response"], "closed only</response>"),
    ("tags", ["response"], "<response> \n </response>"),
    ("tags", ["response"], "<Response>capital</Response>"),
    ("tags", ["response"], "<response>a</answer>"),
    ("tags", ["response"], "< response >a</ response >"),
    ("tags", ["response"], "</response>a<response>"),
    ("tags", ["response"], "[response]a[/response]"),
    ("tags", ["response"], "<response>only one begins <response>"),
    ("lines", ["constraints"], ""),
    ("lines", ["constraints"], "*a\n*b"),
    ("lines", ["constraints"], "1. a\n3. b"),
    ("lines", ["constraints"], "2. a"),
    ("lines", ["constraints"], "1.5 a"),
    ("lines", ["constraints"], "-a\n-b"),
    ("lines", ["constraints"], "– a"),
    ("lines", ["constraints"], '["a", "b"]'),
    ("lines", ["constraints"], '{"a": "b"}'),
    ("lines", ["constraints"], "NULL"),
    ("lines", ["constraints"], "a - b"),
    *(
        ("alone", ["instruction"], reply)
        for reply in (
            "",
            " \n",
            "I'm sorry, but I cannot help with that.",
            "As an AI, I have no questions.",
            "Sure! How cold is ice?",
            "1. How cold is ice?\n2. Why is ice cold?",
            "- How cold is ice?\n- Why is ice cold?",
            '"How cold is ice?" or "Why is ice cold?"',
            "How cold is ice?\n\nExplanation: the text is about ice.",
            "**Instruction:** How cold is ice?\n**Answer:** Very.",
            "Here is the question:",
            "对不起，我不能回答。",
        )
    ),
    *(
        ("text", ["response"], blank)
        for blank in ("\n", "\t", "\r\n", "\n\n\n", " \n ", "\u3000", "\x0b", "\u2003 ", "\xa0")
    ),
]


@pytest.mark.parametrize(("name", "columns", "reply"), MALFORMED)
def test_a_reply_without_the_stated_shape_is_unreadable(name: str, columns: list[str], reply: str) -> None:
    assert FORMATS[name].read(reply, columns) is None


SHAPED = [
    ("rating", ["rating"], "Clear and complete.\nIt is right.\nScore: 4"),
    ("lines", ["constraints"], "- at most 10 words\n- 用中文回答"),
    ("fields", ["kind", "constraint"], "Kind: tone\nConstraint: be kind"),
    ("fields", ["kind", "constraint"], "None"),
    ("linguist.tagged", ["utterance"], "play [1 jazz ] on [2 monday ]"),
]


@pytest.mark.parametrize(("name", "columns", "reply"), SHAPED)
def test_a_shape_allows_what_is_read_and_nothing_cut_off(name: str, columns: list[str], reply: str) -> None:
    made = FORMATS[name].shape
    assert made
    shape = re.compile(made(columns))
    assert shape.fullmatch(reply) and FORMATS[name].read(reply, columns)
    assert not shape.fullmatch("") and not shape.fullmatch(reply + "\n")


UTTERANCES = [  # what is neither an utterance tagged with numbers nor, below an intent, one tagged with labels
    "",
    " \n ",
    "play [1 jazz",
    "play 1 jazz ]",
    "play [[1 jazz ]",
    "play [1 [2 monday ] ]",
    "play [1 ]",
    "play []",
    "play [ 1 jazz ]",
    "播放【1 爵士乐】[1",
    "a\nplay [1 jazz ]\non [2 monday ]",
    '["play", 1]',
]


@pytest.mark.parametrize("name", ["linguist.tagged", "linguist.parse"])
@pytest.mark.parametrize("reply", UTTERANCES)
def test_a_reply_with_odd_brackets_is_unreadable(name: str, reply: str) -> None:
    assert FORMATS[name].read(reply, [name]) is None


def test_every_format_has_ten_malformed_replies_that_it_refuses() -> None:
    told = {"rating": sum(rating is None for _, rating in RATINGS), "marked": len(TASKS)}
    told |= {name: len(UTTERANCES) for name in ("linguist.tagged", "linguist.parse")}
    told |= Counter(name for name, _, _ in MALFORMED)
    assert {name for name, many in told.items() if many >= 10} == FORMATS.keys(), told


TASKS = [  # what a designer of tasks must not be believed
    "",
    "Sure! Here is a task.",
    "#instruction#: Say why.\n#response#: Because.",  # no input field
    "#instruction#: Say why.\n#response#: Because.\n#input#:",  # out of order
    "#input#:\n#instruction#: Say why.\n#response#: Because.",
    "#instruction#:\n#input#:\n#response#: Because.",  # an empty instruction
    "#instruction#: Say why.\n#input#:\n#response#:",  # an empty output
    "#instruction#: Say why.\n#input#:\n#response#: Because.\n#instruction#: And how?",  # a second task
    "#instruction#: Say why.\n#input#:\n#input#: x\n#response#: Because.",  # twice
    "#instruction#: Say why. #input#: x #response#: Because.",  # on one line
    "#instruction#: Say why.\n#input#: x\n#response#: the #response#: marker again",
    "#instruction#: Fill in the #output# field.\n#input#:\n#response#: Because.",
    "The #input# is:\n#instruction#: Say why.\n#input#:\n#response#: Because.",
    "#instruction#: Say why.\n#input#:\n#response#: Because.\n\nLet me know if you need more!",
    "instruction: Say why.\ninput:\nresponse: Because.",
    "#Instruction#: Say why.\n#Input#:\n#Response#: Because.",
]


@pytest.mark.parametrize("reply", TASKS)
def test_fields_out_of_order_doubled_or_run_together_are_unreadable(reply: str) -> None:
    assert FORMATS["marked"].read(reply, ["instruction", "input", "response"]) is None


def test_fields_may_have_spaces_and_lines_round_them() -> None:
    said = " #instruction#:  Say why .\n #input#: \n #response#: a :\n - b \n"
    columns = {"instruction": "Say why .", "input": "", "response": "a :\n - b"}
    assert FORMATS["marked"].read(said, list(columns)) == columns


UNITS = [
    "\n", " ", " \n", "- a\n", "1. a\n", "Kind: a\n", "None ", "**", "#instruction#: a\n", "<response>", "[1 a ] ", '"',
    "{", "}", "Score: 4\n", "```\n", "here is the question ", "问题：", "好的", "a",
]  # fmt: skip
WRITES = {"marked": ["instruction", "input", "response"], "fields": ["kind", "constraint"], "tags": ["response"]}


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMATS)
def test_a_long_reply_is_read_in_linear_time(name: str) -> None:
    for unit in UNITS:
        reply, columns = unit * (200_000 // len(unit)), WRITES.get(name, ["instruction"])
        begun = time.process_time()
        FORMATS[name].read(reply, columns)
        assert time.process_time() - begun < 1, unit
