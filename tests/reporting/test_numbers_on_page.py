"""The page begins with the sentence of the numbers and the table that it is drawn from."""

from dataclasses import replace

from baleen.measures.figures import Arm, Comparison, Figure
from baleen.measures.numbers import Numbers
from baleen.reporting import sections

SEEDS = Figure("loss", "loss", 40, 2.0, 0.05, 1.9, 2.1, False)
CURATED = Figure("loss", "loss", 40, 1.8, 0.05, 1.7, 1.9, False, "reply", -0.2, -0.3, -0.1)


def numbers(unequal: str = "") -> Numbers:
    arms = [
        Arm("reply", "seeds alone", 143, 30, 8, {"loss": SEEDS}),
        Arm("humpback-1", "curated pairs", 286, 30, 8, {"loss": CURATED}),
    ]
    return Numbers(arms, "loss", [Comparison("humpback-1", "reply", CURATED)], "Curation helped.", unequal)


def test_every_arm_has_its_value_its_difference_its_rows_and_its_steps() -> None:
    section = sections.compared(numbers())
    [table] = section.tables
    assert table.head == ["trained on", "loss", "difference, 95 % interval", "rows", "steps"]
    assert table.rows[0] == ["seeds alone (reply)", "2.000 ±0.100", "", "143", "30"]
    assert table.rows[1][2].startswith("-0.200") and "-0.300" in table.rows[1][2]
    assert section.paragraphs == ["± is half of a 95 % interval; n = 40."] and section.warnings == []


def test_rows_that_are_too_few_to_choose_by_are_a_warning() -> None:
    assert sections.compared(replace(numbers(), undivided="30 rows are too few")).warnings == ["30 rows are too few."]


def test_what_is_unequal_is_a_warning() -> None:
    assert sections.compared(numbers("humpback-1 took 40 steps")).warnings == [
        "Trained differently: humpback-1 took 40 steps."
    ]
