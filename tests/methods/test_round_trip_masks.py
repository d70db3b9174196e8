"""Masks: what a translation must leave alone, the way there and back, and what leaves on the way."""

import pytest

from baleen.methods.round_trip import (
    MARK,
    bare,
    mask,
    mask_response,
    masked,
    onward,
    restored,
    survived,
    unmask,
    unmask_response,
)
from baleen.tables.rows import Row

PROTECTED = [
    ("See https://a.b/c?d=1 now.", ["https://a.b/c?d=1"]),
    ("Mail me at a.b@c.org, please", ["a.b@c.org"]),
    ("Run `ls -l $HOME` first", ["`ls -l $HOME`"]),
    ("```\nx = {1: 2}\n```", ["```\nx = {1: 2}\n```"]),
    ('Say "good bye" twice', ['"good bye"']),
    ("Write “hello” and «adiós»", ["“hello”", "«adiós»"]),
    ("Fill in {name}, ${day} and <place>", ["{name}", "${day}", "<place>"]),
    ("in at most 50 words", ["at most 50 words"]),
    ("in exactly three sentences", ["exactly three sentences"]),
    ("answer in JSON please", ["in JSON"]),
    ("at least fourteen words, at most ninety-five", ["at least fourteen words", "at most ninety-five"]),
    ("at most 5kg of it", ["at most 5"]),
    ("Cover three topics , begin python code", []),
    ("list the sights of jorla , as a numbered list .", ["as a numbered list"]),
    ("what goes into ashno soup ? with bullets .", ["with bullets"]),
    ("name two ingredients , separated by commas .", ["separated by commas"]),
    ("Do not use jargon", ["Do not use jargon"]),
    ("2 and 3.5 and 2", ["2", "3.5"]),
    ("不超过50字的诗", ["不超过50字"]),
    ("what is the job of anna calra ?", []),
    ("", []),
]


def start(text: str, **more: str) -> Row:
    return {"id": "a", "instruction": text, "response": "yes", "pivot": "es"} | more


@pytest.mark.parametrize(("text", "spans"), PROTECTED)
def test_what_must_not_be_translated_stands_behind_marks_and_comes_back(text: str, spans: list[str]) -> None:
    told, found = masked(text)
    assert found == spans
    assert not any(span in told for span in spans if not span.isdigit()) and restored(told, told, found) == text


LOST = ["⟦1⟧ there", "⟦1⟧ ⟦1⟧ ⟦2⟧", "⟦1⟧ ⟦2⟧ ⟦3⟧", "", "⟦2⟧", "[1] [2]", "⟦ 1 ⟧ ⟦2⟧", "⟦1⟧⟦1⟧", "⟦2⟧ ⟦2⟧", "⟦12⟧"]


@pytest.mark.parametrize("back", LOST)
def test_a_text_without_each_mark_once_leaves_with_a_reason(back: str) -> None:
    (sent,) = mask(start("Write 3 lines in json"))
    assert sent["masked"] == "Write ⟦1⟧ lines ⟦2⟧"
    assert unmask(sent | {"back": back}) == "a protected span is lost"


def test_marks_may_come_back_in_another_order() -> None:
    (sent,) = mask(start("Write 3 lines in json"))
    (row,) = unmask(sent | {"back": "⟦2⟧ , ⟦1⟧ lines"})
    assert row["instruction"] == "in json , 3 lines" and row["original"] == "Write 3 lines in json"
    assert row["parent"] == "a" and row["id"] != "a" and row["route"] == "es"


@pytest.mark.parametrize(
    "text",
    [
        "Translate this into French",
        "How do you spell it",
        "把这句话翻译成英文",
        "Find a rhyme: words that rhyme",
        "say it in Spanish",
    ],
)
def test_an_instruction_about_language_is_skipped(text: str) -> None:
    assert mask(start(text)) == "about language"


def test_a_text_with_marks_of_its_own_is_skipped() -> None:
    assert mask(start("what is ⟦1⟧ ?")) == "has a mark of its own"


def test_without_marks_the_spans_are_only_remembered() -> None:
    (row,) = bare(start("Write 3 lines"))
    assert row["masked"] == "Write 3 lines" and row["spans"] == ["3"]
    (back,) = unmask(row | {"back": "Write four lines"})
    assert survived(back["spans"], back["original"], back["instruction"]) == 0.0


def test_a_second_hop_must_bring_back_what_was_sent_first() -> None:
    (row,) = mask(start("Write 3 lines"))
    (on,) = onward(row | {"back": "no mark", "pivot": "zh"})
    assert (on["masked"], on["route"]) == ("no mark", "es zh") and on["id"] != row["id"]
    assert unmask(on) == "a protected span is lost"
    assert onward(row | {"back": "x"}) == "been there"


def test_an_output_keeps_what_it_was_as_its_draft() -> None:
    (row,) = mask_response(start("why ?", response="in 3 days"))
    (back,) = unmask_response(row | {"back": "after ⟦1⟧ days"})
    assert (back["instruction"], back["response"], back["draft"]) == ("why ?", "after 3 days", "in 3 days")


@pytest.mark.parametrize(
    ("spans", "text", "share"),
    [(["3", "in json"], "3 lines in json", 1), (["3", "in json"], "3", 0.5), ([], "x", None)],
)
def test_survival_is_the_share_of_spans_still_there(spans: list[str], text: str, share: float | None) -> None:
    assert survived(spans, "3 lines in json", text) == share


def test_a_mark_is_left_alone_by_no_text_without_its_brackets() -> None:
    assert not MARK.search("[1] {1} <1> 1")
