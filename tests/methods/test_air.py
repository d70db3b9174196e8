"""AIR's rounds: a constraint is added only when it says something new that the student lacks, and no row is lost."""

from functools import cache
from pathlib import Path

import pytest

from baleen import prompts
from baleen.methods import air
from baleen.methods.constraints import met
from baleen.tables import rows
from baleen.tables.rows import Row
from pocket import records
from stages import ingest

FIRST: Row = {
    "id": "a", "instruction": "Who is ann?", "response": "ann , a baker", "reference": "ann is a baker .",
    "answer": "a baker , from ulm : ann", "kind": "linguistic", "addition": "start with the word ann",
}  # fmt: skip


@cache
def lessons() -> list[Row]:
    """The first 6,000; fewer are the first of them."""
    return list(records("air.lessons", 0, 6000))


def begun_row(**changes: object) -> Row:
    return air.begin(FIRST)[0] | changes


def test_a_row_begins_with_all_kinds_in_an_order_of_its_own() -> None:
    one, other = air.begin(FIRST)[0], air.begin(FIRST | {"id": "b"})[0]
    assert sorted(one["kinds"].split("\n")) == sorted(other["kinds"].split("\n")) == sorted(air.KINDS)
    assert one["kinds"] != other["kinds"] and len(air.KINDS) == 12
    assert one["bare"] == "Who is ann?" and one["constraints"] == []


def test_an_accepted_constraint_joins_the_instruction_and_uses_up_its_kind() -> None:
    (made,) = air.tighten(begun_row())
    assert made["constraints"] == ["start with the word ann"]
    assert made["instruction"] == "Who is ann?\n- start with the word ann"
    assert "linguistic" not in made["kinds"].split("\n") and len(made["kinds"].split("\n")) == 11


ORDINARY = [  # that speak of answers, but not of the two that are compared
    "answer in the voice of a sailor", "cite at least one reference for it", "structure the response as a letter",
    "none of the sentences may be a question",
]  # fmt: skip
REFUSED = [
    ({"addition": "", "kind": ""}, "none found"),
    ({"kind": "length"}, "no open kind"),
    ({"kind": "Linguistic "}, "no open kind"),
    ({"addition": "use bullets"}, "no constraint"),
    ({"addition": "word " * 27}, "no constraint"),
    ({"addition": "be more like Answer 1"}, "no constraint"),
    ({"addition": "follow the reference more closely"}, "no constraint"),
    ({"addition": "None of the above"}, "no constraint"),
    ({"addition": "do more than the other answer does"}, "no constraint"),
    ({"constraints": ["start with the word bob"]}, "said before"),
    ({"addition": "start with the word bob"}, "false of the reference"),
    ({"addition": "use the word baker"}, "met already"),
]


@pytest.mark.parametrize(("changes", "why"), REFUSED)
def test_a_refused_constraint_ends_the_row_with_a_reason(changes: Row, why: str) -> None:
    before = begun_row(**changes)
    (made,) = air.tighten(before)
    assert (made["ended"], made["kinds"]) == (why, "")
    assert (made["constraints"], made["instruction"]) == (before["constraints"], "Who is ann?")
    assert air.tighten(made | {"addition": "start with the word ann"}) == [
        made | {"addition": "start with the word ann"}
    ]


@pytest.mark.parametrize(
    "said", ["写得像给孩子看的故事", 'keep {"a": $1} as it is', "write for children of ten", *ORDINARY]
)
def test_what_code_cannot_read_is_taken_from_the_judge(said: str) -> None:
    assert air.tighten(begun_row(addition=said, kind="audience"))[0]["constraints"] == [said]


def test_rows_put_together_keep_only_what_the_student_fails() -> None:
    some = ["start with the word ann", "use the word baker", "write for children", "be kind to all"]
    parts = air.part(begun_row(constraints=some))
    assert [one["holds"] for one in parts] == [0.0, 1.0, None, None]
    rated = [one | {"rating": mark} for one, mark in zip(parts, (3.0, 0.0, 1.2, 2.9), strict=True)]
    fates = air.hard(rated)
    assert [why for _, why in fates] == ["", "met by code", "part of a", "met by mark"]
    assert fates[0][0]["id"] == "a" and fates[0][0]["constraints"] == [some[0], some[2]]
    assert air.hard([rated[3] | {"rating": None}])[0][1] == "mark unreadable"
    assert air.part(begun_row()) == "no constraint"


MERGED = [  # what a model makes of "Who is ann?" with two constraints, and whether it says all of it
    ("Who is ann? Start with the word ann and write for children.", True),
    ("Write for children who is ann, and start with the word ann!", True),
    ("Who is ann? Start with the word ann.", False),
    ("Write for children, start with the word ann.", False),
    ("Who is ann? Start with the word bob and write for adults.", False),
    ("Who is ann? Start with the word ann and write for children, write for children, write …", False),
    ("", False),
    (None, False),
]


@pytest.mark.parametrize(("said", "whole"), MERGED)
def test_a_merge_that_forgets_something_gives_way_to_a_list(said: str | None, whole: bool) -> None:
    row = begun_row(constraints=["start with the word ann", "write for children"], instruction=said)
    (made,) = air.complete(row)
    listed = "Who is ann?\n- start with the word ann\n- write for children"
    assert made == row | {"instruction": said if whole else listed}


def test_a_merge_in_chinese_must_say_all_of_it() -> None:
    row = begun_row(bare="写一首诗", constraints=["不超过50字"])
    said = [air.complete(row | {"instruction": text})[0]["instruction"] for text in ("写一首诗，不超过50字。", "写诗")]
    assert said == ["写一首诗，不超过50字。", "写一首诗\n- 不超过50字"]


def test_a_row_can_be_told_as_it_began() -> None:
    row = begun_row(constraints=["be kind"], instruction="Who is ann?\n- be kind")
    assert air.unrefined(row) == [row | {"instruction": "Who is ann?", "constraints": []}]


def test_critiques_name_what_the_reference_meets_and_the_answer_does_not() -> None:
    found = [row for row in lessons()[:3000] if row["prompt"] == "critique"]
    told = [row for row in found if row["kind"]]
    assert len(found) > 600 and 0.6 < len(told) / len(found) < 0.9
    for row in told:
        assert row["kind"] in row["kinds"].split("\n")
        assert met([row["addition"]], row["reference"]) in (None, 1.0)
        assert met([row["addition"]], row["answer"]) in (None, 0.0)


def test_grades_are_taught_of_constraints_that_forbid_too() -> None:
    found = [row for row in lessons() if row["prompt"] == "grade"]
    told = [row for row in found if row["constraint"].startswith("do not name")]
    assert len(told) > 20 and {row["verdict"] for row in told} == {"Score: 0", "Score: 3"}


def test_lessons_have_the_columns_of_their_prompts_and_are_of_train_cells() -> None:
    asked = {held["instruction"] for held in records("heldout", 0, 1)}
    for row in lessons()[:1500]:
        prompt = prompts.load(row["prompt"] if row["prompt"] == "reply" else f"air/{row['prompt']}")
        assert all(row[column] is not None for column in (*prompt.reads, *prompt.writes))
        assert not {row["instruction"], row["bare"]} & asked
        assert prompt.format != "text" or prompt.format_reply(row)


def test_every_lesson_survives_being_read(tmp_path: Path) -> None:
    flags = "--part air.lessons --rows 200 --origin seed --deduplicate".split()
    ingest.main([str(tmp_path / "out.parquet"), *flags, ""])
    assert rows.size(tmp_path / "out.parquet") == 200


def test_six_choices_are_a_score_from_zero() -> None:
    assert prompts.load("air/rate").choices[0] == " 0" and prompts.load("air/rate").scores == ("rating", "mass")


@pytest.mark.parametrize("name", ["ask", "polish", "merge", "critique", "grade", "rate", "describe"])
def test_a_prompt_takes_any_text(name: str) -> None:
    prompt = prompts.load(f"air/{name}")
    row = dict.fromkeys(prompt.reads, 'costs $1 {"a": 中文}' + "x" * 9000)
    assert "$1 {" in prompt.messages(row)[0]["content"]
