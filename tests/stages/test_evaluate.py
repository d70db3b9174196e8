import json
from pathlib import Path
from typing import Any

import pytest

from baleen.errors import Problem
from baleen.measures.evaluation import side
from baleen.tables import rows
from stages import evaluate as verb

MINE = [
    {"id": "a", "cell": "1", "split": "test", "answer": "one two", "score": 1.0},
    {"id": "b", "cell": "1", "split": "test", "answer": "one two three four", "score": 0.0},
    {"id": "c", "cell": "2", "split": "test", "answer": "one", "score": 1.0},
    {"id": "d", "cell": "3", "split": "dev", "answer": "one", "score": None},
]
THEIRS = [row | {"answer": "one"} for row in MINE]


def build(folder: Path, mine: list[rows.Row], theirs: list[rows.Row], *flags: str) -> Any:
    rows.write(str(folder / "mine.parquet"), mine)
    rows.write(str(folder / "theirs.parquet"), theirs)
    tables = ["--input", str(folder / "mine.parquet"), "--against", str(folder / "theirs.parquet")]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        verb.main(["eval", *tables, *flags])
    return json.loads((folder / "data/eval.json").read_text())


def test_equal_rows_are_compared_in_pairs(tmp_path: Path) -> None:
    found = build(tmp_path, MINE, THEIRS, "--mean", "words(answer)")["groups"]["all"]["words(answer)"]
    assert (found["rows"], found["unread"], found["mean"], found["against"]) == (4, 0, 2.0, 1.0)
    assert found["paired"] and found["difference"] == 1.0
    assert found["low"] <= found["difference"] <= found["high"]


def test_a_difference_that_is_the_same_everywhere_has_no_width(tmp_path: Path) -> None:
    longer = [row | {"answer": row["answer"] + " more"} for row in MINE]
    found = build(tmp_path, longer, MINE, "--mean", "words(answer)")["groups"]["all"]["words(answer)"]
    assert (found["low"], found["difference"], found["high"]) == (1.0, 1.0, 1.0)


def test_a_table_against_itself_differs_by_nothing(tmp_path: Path) -> None:
    found = build(tmp_path, MINE, MINE, "--mean", "words(answer)")["groups"]["all"]["words(answer)"]
    assert (found["low"], found["difference"], found["high"]) == (0.0, 0.0, 0.0)


def test_rows_of_one_cluster_are_drawn_together(tmp_path: Path) -> None:
    gain = [{"id": f"{c}{n}", "cell": c, "answer": "a b" if c == "x" else "a"} for c in "xy" for n in range(50)]
    base = [row | {"answer": "a"} for row in gain]
    alone, together = (
        build(tmp_path, gain, base, "--mean", "words(answer)", "--cluster", cluster)["groups"]["all"]["words(answer)"]
        for cluster in ("id", "cell")
    )
    assert alone["difference"] == together["difference"] == 0.5
    assert 0.3 < alone["low"] < alone["high"] < 0.7
    assert (together["low"], together["high"]) == (0.0, 1.0)


def test_other_rows_are_not_paired(tmp_path: Path) -> None:
    found = build(tmp_path, MINE, THEIRS[:2], "--mean", "words(answer)")["groups"]["all"]["words(answer)"]
    assert (found["mean"], found["against"]) == (2.0, 1.0) and "difference" not in found


def test_values_that_are_not_there_are_counted_and_left_out(tmp_path: Path) -> None:
    found = build(tmp_path, MINE, THEIRS, "--mean", "score")["groups"]["all"]["score"]
    assert (found["rows"], found["unread"], found["mean"]) == (3, 1, 0.6667)
    assert "difference" not in found


def test_groups_are_averaged_alone(tmp_path: Path) -> None:
    groups = build(tmp_path, MINE, THEIRS, "--mean", "words(answer)", "--mean", "score", "--by", "split")["groups"]
    assert list(groups) == ["dev", "test"]
    assert groups["test"]["words(answer)"]["mean"] == 2.3333 and groups["dev"]["words(answer)"]["mean"] == 1.0
    assert groups["dev"]["score"] == {"rows": 0, "unread": 1, "mean": None, "standard_error": None, "against": None}


def test_a_mean_has_its_number_of_rows_and_its_standard_error(tmp_path: Path) -> None:
    rows_of_two = [{"id": str(n), "cell": str(n // 2), "score": float(n % 2)} for n in range(8)]
    alone, together = (
        build(tmp_path, rows_of_two, rows_of_two, "--mean", "score", "--cluster", cluster)["groups"]["all"]["score"]
        for cluster in ("id", "cell")
    )
    assert (alone["rows"], alone["standard_error"]) == (8, 0.189)  # the deviation 0.5345 over the root of 8
    assert together["standard_error"] == 0.0  # every pair has the same mean


def test_a_group_that_the_other_table_lacks_has_no_comparison(tmp_path: Path) -> None:
    groups = build(tmp_path, MINE, THEIRS[:3], "--mean", "words(answer)", "--by", "split")["groups"]
    alone = {"rows": 1, "unread": 0, "mean": 1.0, "standard_error": None, "against": None}
    alone |= {"mean_low": 1.0, "mean_high": 1.0}
    assert groups["dev"]["words(answer)"] == alone


def losses(number: int, more: float = 0.0) -> list[rows.Row]:
    """Rows with a score, two a cell."""
    return [{"id": str(n), "cell": str(n // 2), "score": n % 7 + more} for n in range(number)]


def test_choices_are_made_by_rows_that_the_result_is_not_measured_on(tmp_path: Path) -> None:
    groups = build(tmp_path, losses(100, 1.0), losses(100), "--mean", "score", "--dev", "0.5")["groups"]
    sizes = {name: own["score"]["rows"] for name, own in groups.items()}
    assert list(groups) == ["dev", "test"] and sum(sizes.values()) == 100 and min(sizes.values()) > 30
    assert all(own["score"]["difference"] == 1.0 and own["score"]["paired"] for own in groups.values())


def test_rows_of_one_cell_are_on_the_same_side(tmp_path: Path) -> None:
    flags = ("--mean", "score", "--dev", "0.5", "--cluster", "cell")
    groups = build(tmp_path, losses(200), losses(200), *flags)["groups"]
    assert groups["dev"]["score"]["rows"] == 2 * sum(side(str(n), 0.5) == "dev" for n in range(100))


def test_too_few_rows_are_not_divided_and_that_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = build(tmp_path, losses(30), losses(30), "--mean", "score", "--dev", "0.5")
    assert list(found["groups"]) == ["all"] and found["undivided"] is True
    assert capsys.readouterr().err == (
        "evaluate eval: 30 rows are too few to choose by some and test on others (20 each at the least); a choice made "
        "by them is not tested by them\n"
    )
    assert "undivided" not in build(tmp_path, MINE, MINE, "--mean", "score", "--dev", "0.5", "--by", "split")


def test_the_guard_decides_by_the_rows_to_choose_by(tmp_path: Path) -> None:
    before = losses(100)
    after = [row | {"score": row["score"] + (side(str(row["id"]), 0.5) == "dev")} for row in before]
    found = build(tmp_path, after, before, "--mean", "score", "--dev", "0.5", "--worse", "mark")
    assert (found["groups"]["test"]["score"]["difference"], found["guard"]["verdict"]) == (0.0, "better")
    assert f"over {found['groups']['dev']['score']['rows']} rows" in found["guard"]["words"]


@pytest.mark.parametrize("share", ["-0.1", "1"])
def test_a_share_of_rows_to_choose_by_lies_below_one(share: str, tmp_path: Path) -> None:
    with pytest.raises(Problem, match="is no share of the rows; write one such as 0.5"):
        build(tmp_path, MINE, THEIRS, "--mean", "score", "--dev", share)


SCORED = [{"id": str(n), "good": float(n < 4), "worst": float(n)} for n in range(8)]


@pytest.mark.parametrize(
    ("worst", "area"),
    [
        ([0, 1, 2, 3, 4, 5, 6, 7], 1.0),
        ([7, 6, 5, 4, 3, 2, 1, 0], 0.0),
        ([5] * 8, 0.5),
        ([0, 1, 2, 5, 3, 6, 7, 8], 0.9375),
    ],
)
def test_a_score_is_judged_by_how_low_it_is_for_good_rows(tmp_path: Path, worst: list[float], area: float) -> None:
    table = [row | {"worst": float(x)} for row, x in zip(SCORED, worst, strict=True)]
    assert build(tmp_path, table[:4], table, "--mean", "good", "--auc", "worst")["auc"] == {"worst": area}


def test_rows_without_a_score_or_a_label_do_not_count_for_the_area(tmp_path: Path) -> None:
    table = [*SCORED, {"id": "x", "good": 0.0, "worst": None}, {"id": "y", "good": None, "worst": 0.0}]
    assert build(tmp_path, SCORED, table, "--mean", "good", "--auc", "worst")["auc"] == {"worst": 1.0}


def test_a_table_of_good_rows_alone_has_no_area(tmp_path: Path) -> None:
    assert build(tmp_path, SCORED, SCORED[:4], "--mean", "good", "--auc", "worst")["auc"] == {"worst": None}


def test_recall_is_the_share_of_good_rows_that_were_kept(tmp_path: Path) -> None:
    good = [row for row in SCORED if row["good"]]
    assert build(tmp_path, good[:1], SCORED, "--mean", "good", "--auc", "worst")["recall"] == round(1 / len(good), 4)
    bad = [row for row in SCORED if not row["good"]]
    assert build(tmp_path, bad, bad, "--mean", "good", "--auc", "worst")["recall"] is None


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--mean"], "nothing to average; write mean"),
        (["--mean", "wrds(answer)"], "unknown measure 'wrds'; did you mean 'words'"),
        (["--mean", "score", "--auc", "worst"], "theirs.parquet has no column worst"),
        (["--mean", "score", "--by", "splt"], "mine.parquet has no column splt"),
        (["--mean", "score", "--cluster", "cel"], "mine.parquet has no column cel"),
    ],
)
def test_what_cannot_be_averaged_is_named(tmp_path: Path, flags: list[str], words: str) -> None:
    with pytest.raises(Problem, match=words):
        build(tmp_path, MINE, THEIRS, *flags)
    assert not (tmp_path / "data/eval.json").exists()
