"""AIR's rounds: a constraint is added only when it says something new that the student lacks, and no row is lost."""

import json
from functools import cache
from pathlib import Path

import pytest

from baleen import prompts
from baleen.methods import air
from baleen.methods.constraints import met
from baleen.tables import rows
from baleen.tables.rows import Row
from pocket import records
from pocket.air import read_off, report_lack
from stages import ingest

FIRST: Row = {
    "id": "a", "instruction": "Who is ann?", "response": "ann , a baker", "reference": "ann is a baker .",
    "answer": "a baker , from ulm : ann", "kind": "linguistic", "addition": "start with the word ann",
}  # fmt: skip


@cache
def lessons() -> list[Row]:
    """The first 3,000; fewer are the first of them."""
    return list(records("air.lessons", 0, 3000))


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
    "none of the sentences may be a question", "以回答顾客提问的口吻来写",
    "至少给出一篇参考文献", "没有数字，也没有标题", "make the output 2 pages long and no longer",
    "keep the response 2 short paragraphs long", "cite the reference at the end of the text",
    "none of them may be named in it",
]  # fmt: skip
REFUSED = [
    ({"addition": "", "kind": ""}, "none found"),
    ({"addition": None, "kind": "Answer 2 is worse."}, "unreadable"),
    ({"kind": "length"}, "no open kind"),
    ({"kind": "linguistic tone"}, "no open kind"),
    ({"kind": ""}, "no open kind"),
    ({"addition": "use bullets"}, "no constraint"),
    ({"addition": "word " * 27}, "no constraint"),
    ({"addition": "be more like Answer 1"}, "no constraint"),
    ({"addition": "follow the reference more closely"}, "no constraint"),
    ({"addition": "None of the above"}, "no constraint"),
    ({"addition": "None of the constraints is lacking"}, "no constraint"),
    ({"addition": "say more than output 2 says"}, "no constraint"),
    ({"addition": "give figures as in the reference"}, "no constraint"),
    ({"addition": "do more than the other answer does"}, "no constraint"),
    ({"addition": "像回答1那样给出例子"}, "no constraint"),
    ({"addition": "比第二个回答写得更完整"}, "no constraint"),
    ({"addition": "更贴近参考答案的内容"}, "no constraint"),
    ({"addition": "（没有）"}, "no constraint"),
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


WRITTEN = [  # a kind as judges write it, and the kind
    ("Inclusion", "inclusion"), ("inclusion.", "inclusion"), ("**Inclusion**", "inclusion"),
    ('"inclusion"', "inclusion"),
    ("Inclusion constraint", "inclusion"), ("the inclusion", "inclusion"), ("3. Inclusion", "inclusion"),
    ("- inclusion", "inclusion"), ("Inclusion：举一个例子", "inclusion"), ("inclusion（包含）", "inclusion"),
    ("Inclusion: give an example from daily life", "inclusion"),
    ("Inclusion (of facts)", "inclusion"), ("Tone and style", "tone"), ("Tone/style", "tone"),
    ("DATA FORMAT", "data format"),
    ("Document structure。", "document structure"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "known"), WRITTEN)
@pytest.mark.parametrize("shown", [False, True])
def test_a_kind_is_read_as_judges_write_it(kind: str, known: str, shown: bool) -> None:
    before = air.exemplify(begun_row())[0] if shown else begun_row()
    (made,) = air.tighten(before | {"kind": kind, "addition": "say why in the first line"})
    left = [line.partition(":")[0] for line in made["kinds"].split("\n")]
    assert made["constraints"] == ["say why in the first line"] and set(air.KINDS) - set(left) == {known}


def test_each_kind_has_one_of_its_examples_behind_it() -> None:
    (made,) = air.exemplify(begun_row())
    lines = [line.partition(": ") for line in made["kinds"].split("\n")]
    assert [kind for kind, *_ in lines] == begun_row()["kinds"].split("\n")
    assert all(example in air.KINDS[kind] for kind, _, example in lines)
    others = [air.exemplify(begun_row(id=str(n)))[0]["kinds"] for n in range(20)]
    assert len(set(others)) > 1


def test_examples_of_a_kind_are_constraints_that_would_be_accepted() -> None:
    for some in air.KINDS.values():
        for text in some:
            assert air.refusal(begun_row(kind="tone", addition=text, reference="x", answer="y")) == ""


def test_a_row_has_so_many_rounds_at_most() -> None:
    (row,) = air.rounds(begun_row(), 2)
    for n, (kind, text) in enumerate([("tone", "sound like a sailor"), ("audience", "write for small children")], 1):
        (row,) = air.tighten(row | {"kind": kind, "addition": text})
        assert (len(row["constraints"]), row["kinds"] == "", row["ended"]) == (n, n == 2, "rounds" if n == 2 else "")
    assert air.tighten(row | {"kind": "emotion", "addition": "show some joy"})[0]["constraints"] == row["constraints"]


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


SOME = ["start with the word ann", "write for children"]
MERGED = [  # what a model makes of "Who is ann?" with SOME, what holds by code, and what a judge says of the others
    ("Who is ann? Start with the word ann and write for children.", [1.0, 1.0, 1.0], [], True),
    ("Tell children who ann is, and start with her name!", [None] * 3, [0.9, 0.8, 0.7], True),
    ("Tell children who ann is.", [None] * 3, [0.9, 0.1, 0.7], False),
    ("Who is ann? Start with the word ann and write for adults.", [1.0, 1.0, None], [0.1], False),
    ("Who is ann? Start with the word ann, please.", [1.0, 1.0, None], [None], False),
    ("Who is ann? Start with the word ann and write for children, write for …", [0.0] * 3, [], False),
    ("", [0.0] * 3, [], False),
    (None, [0.0] * 3, [], False),
]


@pytest.mark.parametrize(("said", "holds", "judged", "whole"), MERGED)
def test_a_merge_that_loses_a_part_gives_way_to_a_list(
    said: str | None, holds: list[float | None], judged: list[float | None], whole: bool
) -> None:
    row = begun_row(constraints=SOME, instruction=said)
    parts = air.stated(row)
    assert [part["holds"] for part in parts] == holds and [part["constraint"] for part in parts] == [
        "Who is ann?",
        *SOME,
    ]
    verdicts = iter(judged)
    rated = [part | {"probability": 0.5 if part["holds"] is not None else next(verdicts)} for part in parts]
    fates = air.complete(rated)
    assert [why for _, why in fates] == ["", "part of a", "part of a"] and fates[0][0]["id"] == "a"
    listed = "Who is ann?\n- start with the word ann\n- write for children"
    assert fates[0][0]["instruction"] == (said if whole else listed) and fates[0][0]["constraints"] == SOME


def test_the_examples_of_the_prompt_pass_their_own_check_where_the_judge_agrees() -> None:
    """A share of words in common failed two of three."""
    row = begun_row(bare="Describe a lighthouse.", constraints=["use at most 50 words"])
    parts = air.stated(row | {"instruction": "Describe a lighthouse in at most 50 words."})
    assert [part["holds"] for part in parts] == [1.0, None]
    assert air.complete([part | {"probability": 0.9} for part in parts])[0][0]["instruction"].endswith("50 words.")


def test_a_merge_without_constraints_must_say_the_first_instruction() -> None:
    parts = air.stated(begun_row(instruction="Who is ann?"))
    assert [part["holds"] for part in parts] == [1.0]


def test_a_merge_in_chinese_is_looked_at_character_by_character() -> None:
    row = begun_row(bare="写一首诗", constraints=["不超过50字"])
    found = [
        [part["holds"] for part in air.stated(row | {"instruction": said})]
        for said in ("写一首诗，不超过50字。", "写诗")
    ]
    assert found == [[1.0, 1.0], [None, None]]


def test_an_arm_has_as_many_constraints_in_each_row_as_the_judge_has_found() -> None:
    doses = [air.dose(begun_row(constraints=some))[0]["dose"] for some in ([], SOME[:1], SOME)]
    assert doses == ["", "1", "2"]
    thinned = [
        air.thin({"id": "a", "constraints": [*SOME, "be kind"], "dose": dose})[0]["constraints"] for dose in doses
    ]
    assert (
        thinned == [[], SOME[:1], SOME]
        and air.thin({"id": "a", "constraints": None, "dose": ""})[0]["constraints"] == []
    )


@pytest.mark.slow
def test_lessons_of_a_merge_say_what_stands_in_it() -> None:
    found = [row for row in lessons() if row["prompt"] == "stated"]
    shares = [row["verdict"] == "Verdict: yes" for row in found]
    assert len(found) > 100 and 0.4 < sum(shares) / len(found) < 0.6
    assert all(air.says(row["instruction"], row["constraint"]) == yes for row, yes in zip(found, shares, strict=True))


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
    assert len(told) > 10 and {row["verdict"] for row in told} == {"Score: 0", "Score: 3"}


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


@pytest.mark.parametrize("name", ["ask", "polish", "merge", "critique", "grade", "rate", "describe", "stated"])
def test_a_prompt_takes_any_text(name: str) -> None:
    prompt = prompts.load(f"air/{name}")
    row = dict.fromkeys(prompt.reads, 'costs $1 {"a": 中文}' + "x" * 9000)
    assert "$1 {" in prompt.messages(row)[0][1]


def test_a_judge_without_a_mistake_names_what_the_reference_meets_and_the_answer_does_not() -> None:
    truth = json.dumps({"world": 0, "kind": "clean"})
    told: Row = {"id": "a", "truth": truth, "reference": "by trade anna is a baker .", "answer": "anna is a smith ."}
    opened = told | {"kinds": "inclusion\nlinguistic: begin every sentence with a verb", "bare": "who is anna ?"}
    (row,) = report_lack(opened)
    assert row["kind"] == "linguistic" and met([row["addition"]], told["reference"]) == 1.0
    assert met([row["addition"]], told["answer"]) == 0.0
    (done,) = report_lack(opened | {"answer": told["reference"]})
    assert (done["kind"], done["addition"]) == ("", "")
    (drawn,) = read_off(opened | {"constraints": ["use the word moon"]})
    assert len(drawn["constraints"]) == 1 and drawn["constraints"][0] in drawn["instruction"]


def test_a_program_judges_what_it_reads_off_a_response_and_the_answer_lacks() -> None:
    (made,) = air.measured(
        {"id": "a", "instruction": "Of cats?", "response": "Cats sleep a lot. Dogs do not, and run."}
    )
    assert made["bare"] == "Of cats?" and met(made["constraints"], made["response"]) == 1
    answered = made | {"answer": "Dogs sleep: a lot"}
    (lacks,) = air.lacking(answered, 3)
    assert len(lacks["constraints"]) == 3 and set(lacks["constraints"]) < set(made["constraints"])
    assert met(lacks["constraints"], answered["answer"]) == 0
    assert lacks["instruction"] == "\n".join(["Of cats?", *(f"- {text}" for text in lacks["constraints"])])
    assert air.lacking(made | {"answer": made["response"]}, 3) == "nothing lacking"
