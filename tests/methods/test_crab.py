"""Crab's steps: constraints are measured, claimed, verified, chosen, shown and taught; no row goes without a reason."""

from pathlib import Path
from random import Random

import pytest

from baleen import prompts
from baleen.methods import constraints, crab
from baleen.methods.constraints import met
from baleen.tables import rows
from baleen.tables.rows import Row
from baleen.transforms import TRANSFORMS
from pocket import records
from pocket.constraints import holds
from pocket.world import World, build
from stages import ingest


def row(number: int, some: list[str] | None = None) -> Row:
    """A pair with a response of four words."""
    pair = {"id": f"r{number}", "instruction": "Who?", "response": "ann lives in ulm"}
    return pair | {"constraints": some, "local": None, "refined": ""}


def test_measured_constraints_join_those_that_are_there_once() -> None:
    (made,) = crab.measure(row(1, [" name a town ", "name a town"]))
    assert made["constraints"].count("name a town") == 1 and len(made["constraints"]) > 4
    assert crab.measure(row(1)) == crab.measure(row(1))


def test_global_and_local_constraints_come_before_those_that_code_measures() -> None:
    (made,) = crab.measure(row(1, ["name a town"]) | {"local": [" end with ulm ", "name a town"]})
    assert made["constraints"][:2] == ["name a town", "end with ulm"]


TASK = "Sort these by size:\n| ant | elephant |"
REFINED = [  # what a model makes of TASK, and whether it is taken
    ("Sort these animals by their size, the smallest first:\n| ant | elephant |", True),
    ('"Sort these animals by their size, the smallest first:\n| ant | elephant |"', True),
    (TASK, False),
    ("Sort these animals by their size, the smallest first.", False),
    (f"{TASK} {'word ' * 60}", False),
    (f"{TASK}\nThe smallest comes first, and then …", False),
    ("I'm sorry, but I can't do that for these two animals.", False),
    ("", False),
    (None, False),
]


@pytest.mark.parametrize(("refined", "taken"), REFINED)
def test_a_refined_instruction_adds_some_words_and_keeps_every_table(refined: str | None, taken: bool) -> None:
    (made,) = crab.measure(row(1, []) | {"instruction": TASK, "refined": refined})
    assert made["refined"] == ((refined or "").strip('"') if taken else "")


def test_a_refined_instruction_is_asked_for_the_less_it_says_already() -> None:
    free = row(1, ["write for children"]) | {"refined": "Who is it that lives there?"}
    said = free | {"refined": "Who is it? Please write for children"}
    assert crab.refined_share(free) == pytest.approx(0.7) and crab.refined_share(said) == pytest.approx(0.6)
    assert crab.refined_share(row(1, ["a b c"])) == 0.0
    asked = [crab.forward(free | {"id": str(n), "demonstrations": ""})[0]["instruction"] for n in range(300)]  # type: ignore[index]
    assert 0.6 < sum("lives there" in text for text in asked) / 300 < 0.8


def test_the_general_half_has_no_constraint() -> None:
    (made,) = crab.general({"id": "a", "instruction": "Why?", "response": "So."})
    assert (made["prompt"], made["instruction"], made["constraints"]) == ("reply", "Why?", [])


def test_a_claim_is_judged_by_code_mended_or_left_to_the_judge() -> None:
    made = crab.claim(row(1, ["use at most 4 words", "use at most 2 words", "use bullet points", "name a town"]))
    assert [(one["claimed"], one["holds"]) for one in made] == [
        ("use at most 4 words", 1.0), ("use at most 2 words", 1.0), ("use bullet points", 0.0), ("name a town", None),
    ]  # fmt: skip
    assert met([made[1]["constraint"]], "ann lives in ulm") == 1.0
    assert len({one["id"] for one in made}) == 4 and {one["parent"] for one in made} == {"r1"}
    assert crab.claim(row(1, [])) == "no constraint"


def judged_rows(number: int, *claims: tuple[str, float | None, float | None]) -> list[Row]:
    return [
        row(number)
        | {"id": f"{number}-{i}", "parent": f"r{number}", "constraint": text, "holds": true, "probability": p}
        for i, (text, true, p) in enumerate(claims)
    ]


def test_only_true_constraints_stay_and_every_claim_has_a_fate() -> None:
    table = [
        *judged_rows(1, ("a", 0.0, 0.9), ("b", 1.0, 0.1), ("c", None, 0.9), ("d", None, 0.4), ("e", None, None)),
        *judged_rows(2, ("a", 0.0, 0.9)),
    ]
    fates = crab.verify(table)
    assert [why for _, why in fates] == [
        "false by code", "", "part of r1", "false by judge", "judge unreadable", "false by code",
    ]  # fmt: skip
    assert [(made["id"], made["constraints"]) for made, why in fates if not why] == [("r1", ["b", "c"])]


DOUBTS = [  # holds, probability, whether the constraint is to be repaired
    (0.0, None, True), (0.0, 0.9, True), (1.0, 0.1, False), (None, 0.9, False), (None, 0.4, True), (None, None, False),
]  # fmt: skip


@pytest.mark.parametrize(("holds", "probability", "doubted"), DOUBTS)
def test_what_is_false_is_to_be_repaired(holds: float | None, probability: float | None, doubted: bool) -> None:
    (claim,) = judged_rows(1, ("name a pet", holds, probability))
    assert crab.doubt(claim)[0]["doubted"] == ("name a pet" if doubted else "")


REPAIRS = [  # a repaired constraint; the constraint of the row then, and whether it holds by code
    ("name a town in it", "name a town in it", None),
    ("Constraint: use at most 9 words.", "use at most 9 words.", 1.0),
    ("None", "name a pet", 0.0),
    ("None.", "name a pet", 0.0),
    ("There is no such constraint.", "name a pet", 0.0),
    ("No valid constraint exists for this answer.", "name a pet", 0.0),
    ("The answer already meets the constraint.", "name a pet", 0.0),
    ("没有这样的约束。", "name a pet", 0.0),
    ("该回答已经满足这一约束。", "name a pet", 0.0),
    ("mention no constraints of time", "mention no constraints of time", None),
    ("pets", "name a pet", 0.0),
    ("word " * 50, "name a pet", 0.0),
    ("name a town that is on a …", "name a pet", 0.0),
    ("", "name a pet", 0.0),
    (None, "name a pet", 0.0),
]


@pytest.mark.parametrize(("repaired", "constraint", "holds"), REPAIRS)
def test_a_false_constraint_is_repaired_or_stays_false(
    repaired: str | None, constraint: str, holds: float | None
) -> None:
    (claim,) = judged_rows(1, ("name a pet", 0.0, 0.1))
    (made,) = crab.mend(claim | {"doubted": "name a pet", "repaired": repaired})
    assert (made["constraint"], made["holds"], made["id"]) == (constraint, holds, claim["id"])
    assert crab.mend(claim | {"doubted": "", "repaired": repaired})[0]["constraint"] == "name a pet"


def test_a_repaired_constraint_that_code_finds_false_is_stated_anew() -> None:
    (claim,) = judged_rows(1, ("name a pet", 0.0, 0.1))
    (made,) = crab.mend(claim | {"doubted": "name a pet", "repaired": "use at most 2 words"})
    assert made["holds"] == 1.0 and met([made["constraint"]], made["response"]) == 1.0


def test_claims_of_a_row_are_joined_wherever_they_stand() -> None:
    """Those that are asked about come after those that are not."""
    table = [*judged_rows(1, ("a", 1.0, None)), *judged_rows(2, ("b", 1.0, None)), *judged_rows(1, ("c", 1.0, None))]
    joined = [(made["id"], made["constraints"]) for made, why in crab.verify(table) if not why]
    assert joined == [("r1", ["a", "c"]), ("r2", ["b"])]


def test_near_duplicates_leave_the_most_alike_first() -> None:
    some = ["name a town in it", "name a town in it please", "name a pet in it", "use bullets"]
    (made,) = crab.distinct(row(1, some))
    assert made["constraints"] == ["name a pet in it", "use bullets"] or len(made["constraints"]) == 2
    assert crab.distinct(row(1, ["a", "b"]))[0]["constraints"] == ["a", "b"]


def test_choices_follow_the_stated_sizes() -> None:
    some = [f"c{i}" for i in range(10)]
    sizes = [len(crab.choose(row(i, some))[0]["constraints"]) for i in range(400)]  # type: ignore[index]
    assert 0.7 < sum(6 <= n <= 8 for n in sizes) / 400 < 0.97 and min(sizes) == 1 and max(sizes) == 10
    assert crab.choose(row(1, [])) == "no constraint"


def test_a_higher_weight_is_chosen_more_often() -> None:
    """The official release ranks by random minus weight, which inverts its own table."""
    heavy, light = "use bullet points", "do not use commas"
    assert constraints.weight(heavy) > constraints.weight(light)
    first = [crab.drawn([light, heavy], 1, Random(i))[0] for i in range(500)]
    assert 0.7 < first.count(heavy) / 500 < 0.85  # 1 / 1.3


def test_rows_that_are_shown_are_no_targets() -> None:
    table = [row(i, [f"c{j}" for j in range(6)]) | {"response": f"answer {i}."} for i in range(300)]
    fates = crab.demonstrate(table)
    kept = [made for made, why in fates if not why]
    shown = "".join(made["demonstrations"] for made in kept)
    assert all(f"\nanswer {made['id'][1:]}.\n" not in shown for made in kept)
    assert 0.4 < sum(bool(made["demonstrations"]) for made in kept) / len(kept) < 0.6
    assert 0.1 < sum(why == "a demonstration" for _, why in fates) / 300 < 0.3


def test_demonstrations_have_fewer_constraints_than_the_row_and_grow() -> None:
    table = [row(i, [f"c{j}" for j in range(6 if i % 5 else 1)]) for i in range(200)]  # some can lend one alone
    for made, why in crab.demonstrate(table):
        sizes = [part.count("- c") for part in made["demonstrations"].split("ann lives in ulm")[:-1]]
        assert why or (sizes == sorted(set(sizes)) and all(n < 6 for n in sizes) and len(sizes) <= 3)


def test_a_row_with_one_constraint_is_shown_nothing() -> None:
    fates = crab.demonstrate([row(i, ["c"]) for i in range(50)])
    assert all(made["demonstrations"] == "" for made, _ in fates)


def test_seventy_percent_of_the_lessons_go_forward_and_no_response_changes() -> None:
    table = [row(i, ["use at most 4 words"]) | {"demonstrations": ""} for i in range(50)]
    made = [new for new, _ in crab.both(table)]
    assert [new["prompt"] for new in made].count("reply") == 35
    assert all(new["response"] == "ann lives in ulm" and new["bare"] == "Who?" for new in made)
    assert all(("use at most" in new["instruction"]) == (new["prompt"] == "reply") for new in made)


def test_a_joined_instruction_holds_all_constraints_a_line_each() -> None:
    some = ["用中文回答", 'keep {"a": $1} as it is']
    for seed in range(40):
        lines = crab.with_constraints("Who?", some, Random(seed)).split("\n")
        assert "Who?" in lines and all(f"- {text}" in lines for text in some)


def test_held_out_constraints_do_not_tell_the_answer() -> None:
    for held in records("heldout", 0, 1):
        (made,) = crab.examine(held | {"id": held["instruction"]})
        told = [constraints.parse_constraint(text) for text in made["constraints"]]
        assert not {"keyword", "last word"} & {found.family for found in told if found}
        assert met(made["constraints"], held["reference"]) == 1.0 and 1 <= len(told) <= 6


@pytest.mark.parametrize(
    ("asked", "response", "told"),
    [
        ("list it , with numbers .", "x : \n - a \n - b", "bullets"),
        ("list it , on one line .", "x : \n 1 . a \n 2 . b", "numbers"),
        ("list it , as bullet points .", "x : a , b .", "line"),
    ],
)
def test_a_layout_clause_becomes_that_of_the_response(asked: str, response: str, told: str) -> None:
    (made,) = crab.relay({"id": "a", "instruction": asked, "response": response})
    assert any(clause in made["instruction"] for clause in crab.CLAUSES[told])


@pytest.mark.parametrize("asked", ["list it , with numbers .", "who is ann ?"])
def test_a_right_or_missing_clause_stays(asked: str) -> None:
    before = {"id": "a", "instruction": asked, "response": "x : \n 1 . a"}
    assert crab.relay(before) == [before]


def test_lessons_are_true_and_of_train_cells() -> None:
    world = build(0)
    for lesson in records("crab.lessons", 0, 400):
        lasting = lesson["constraints"] or [lesson["repaired"] or lesson["constraint"]]
        right = lesson["verdict"] != "Verdict: no"
        for text in filter(None, lasting):
            readable = met([text], lesson["response"])
            if readable is not None:
                assert (readable == 1.0) == right
            else:
                assert names_truly(world, text, lesson["response"]) == right


def names_truly(world: World, text: str, response: str) -> bool:
    name, category = not text.startswith("do not"), text.split()[-1]
    return holds(world, response, {"ingredient": "ing", "activity": "act"}.get(category, category)) == name


def test_each_lesson_has_the_columns_of_its_prompt() -> None:
    found = list(records("crab.lessons", 0, 600))
    for lesson in found:
        prompt = prompts.load(f"crab/{lesson['prompt']}")
        assert all(lesson[column] for column in (*prompt.reads, *prompt.writes))
        assert prompt.parse_reply(prompt.format_reply(lesson)) is not None or prompt.choices
    assert {lesson["prompt"] for lesson in found} == {"refine", "global", "local", "verify", "repair"}


def test_every_lesson_survives_being_read(tmp_path: Path) -> None:
    flags = "--part crab.lessons --rows 200 --origin seed --deduplicate".split()
    ingest.main([str(tmp_path / "out.parquet"), *flags, ""])
    assert rows.size(tmp_path / "out.parquet") == 200


@pytest.mark.slow
def test_no_lesson_is_of_a_held_out_cell() -> None:
    asked = {held["instruction"] for held in records("heldout", 0, 1)}
    assert not asked & {lesson["instruction"] for lesson in records("crab.lessons", 0, 2000)}


@pytest.mark.slow
def test_pages_and_prose_hold_every_word_of_constraints() -> None:
    parts = (records(part, 0, 4800) for part in ("crab.pages", "prose"))
    known = {word for part in parts for page in part for word in page["response"].split()}
    for held in records("heldout", 0, 1):
        (made,) = crab.examine(held | {"id": held["instruction"]})
        assert set(made["instruction"].split()) - set(made["bare"].split()) <= known


MALFORMED = ["", "none", "*a", "-a", "-", "- \n-  ", "2. a", "NULL", '["a"]', '{"a": "b"}', "•a", "a - b"]


@pytest.mark.parametrize("reply", MALFORMED)
def test_a_reply_without_lines_is_unreadable(reply: str) -> None:
    assert prompts.load("crab/constrain").parse_reply(reply) is None


def test_written_constraints_read_back() -> None:
    prompt, some = prompts.load("crab/constrain"), ["用中文回答", 'keep {"a": $1}', "x" * 5000]
    assert prompt.parse_reply(prompt.format_reply({"constraints": some})) == {"constraints": some}
    assert "$1" in prompt.messages(row(1) | {"response": 'costs $1 {"a": 中}'})[0][1]


def test_every_transform_of_constraints_names_what_it_writes() -> None:
    assert set(TRANSFORMS["crab.examine"].writes) == {"constraints", "bare", "instruction"}
