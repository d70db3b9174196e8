"""Lessons of the rewriter: train cells only, right answers unless the facts of the draft are wrong, true to drafts."""

import pytest

from baleen.measures.expressions import MEASURES
from pocket import records
from pocket.checker import check
from pocket.phrasing import parse
from pocket.world import build

ROWS = list(records("back_and_forth.rewriting", 0, 600))
REVISED = [row for row in ROWS if row["prompt"] == "rewrite"]


def test_lessons_answer_plainly_or_revise_a_draft() -> None:
    assert 0.2 < 1 - len(REVISED) / len(ROWS) < 0.4
    assert all((row["draft"] is None) == (row["prompt"] == "reply") for row in ROWS)


def test_no_lesson_asks_what_is_held_out() -> None:
    world = build(0)
    for row in ROWS:
        spec = parse(world, row["instruction"])
        assert spec and spec.entity in world.cells["train"][spec.task]


def test_most_answers_are_right_and_the_others_keep_the_facts_of_their_draft() -> None:
    world = build(0)
    for row in ROWS:
        spec = parse(world, row["instruction"])
        assert spec
        if not check(world, spec, row["response"]).ok:
            assert row["response"] == row["draft"]


def test_a_rewriting_is_supported_by_its_draft() -> None:
    shares = [MEASURES["supported"](row["response"], row["draft"]) for row in REVISED]
    assert sum(shares) / len(shares) > 0.7


def test_more_rows_append() -> None:
    assert list(records("back_and_forth.rewriting", 0, 50)) == ROWS[:50]


@pytest.mark.parametrize(
    ("text", "source", "share"),
    [("a b", "b a c", 1.0), ("a b", "c", 0.0), ("A, b!", "a", 0.5), ("你好", "你们好", 1.0), ("", "a", 0.0)],
)
def test_support_counts_words_whatever_their_order(text: str, source: str, share: float) -> None:
    assert MEASURES["supported"](text, source) == share
