"""calibrate writes all figures of a table of known rows; a gate sets its threshold by them, unless they are stale."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from baleen.errors import Problem
from baleen.measures.judges import md5_of
from baleen.tables import labels, rows
from baleen.tables.rows import Row
from stages import calibrate
from stages import filter as gate


def step(columns: str, prompt: str = "p1", model: str = "m1") -> Row:
    return {
        "target": "t",
        "columns": columns,
        "prompt": prompt,
        "model": model,
        "sampling": "{}",
        "key": "k",
        "row": "",
    }


def scored(count: int, model: str = "m1", prompt: str = "p1") -> list[Row]:
    """Rows of which every third is good and has the lower loss, mostly."""
    rng = np.random.default_rng(count)
    good = [float(n % 3 == 0) for n in range(count)]
    return [
        {
            "id": f"{n:04}",
            "instruction": f"ask {n}",
            "response": f"say {n}",
            "good": g,
            "kind": "true" if g else "shuffled",
            "pair": str(n // 3),
            "loss": 2.0 - g + float(rng.normal(0, 0.4)),
            "gain": g + float(rng.normal(0, 0.2)),
            "lineage": [step("gain,loss,worst,tokens", prompt, model)],
        }
        for n, g in enumerate(good)
    ]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    rows.write("known", scored(150))
    rows.write("pool", scored(600))
    return tmp_path


def calibrated(*flags: str) -> Row:
    calibrate.main(["c", "--input", "known", "--against", "pool", *flags])
    return dict(json.loads(Path("data/c.json").read_text()))


def filtered(*flags: str) -> Row:
    gate.main(["kept", "--input", "pool", "--best", "loss", *flags])
    return dict(json.loads(Path("data/kept.json").read_text()))


@pytest.mark.slow
def test_the_threshold_in_use_is_that_of_the_filter_on_the_candidates(home: Path) -> None:
    used = calibrated("--best", "loss", "--share", "0.3")["scores"]["loss"]["in_use"]
    filtered("--share", "0.3")
    assert used["threshold"] == pytest.approx(max(row["loss"] for row in rows.read(rows.table_path("kept"))), abs=1e-6)
    assert used["precision_low"] <= used["precision"] <= used["precision_high"] and used["kappa"] > 0.5


@pytest.mark.slow
def test_labels_that_a_file_holds_as_text_are_numbers(home: Path) -> None:
    before = calibrated("--prior", "0.333")
    rows.write("known", [row | {"good": f"{row['good']:.0f}"} for row in scored(150)])
    assert calibrated("--prior", "0.333")["scores"] == before["scores"]
    rows.write("known", [row | {"good": "yes"} for row in scored(150)])
    with pytest.raises(Problem, match="good needs a number; row 0000 has good = 'yes'"):
        calibrated()


@pytest.mark.slow
def test_the_one_in_use_is_warned_of_when_another_separates_better(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = calibrated("--best", "loss", "--share", "0.3")
    assert [*found["scores"]] == ["loss", "-gain"] and len(found["warnings"]) == 1
    assert "warning: loss is in use and separates worse than -gain: AUC 0." in capsys.readouterr().err
    assert filtered("--share", "0.3", "--calibration", "c")["warnings"] == found["warnings"]


@pytest.mark.slow
def test_a_precision_is_reached_on_the_labelled_rows_and_near_it_on_the_candidates(home: Path) -> None:
    calibrated("--prior", "0.333")
    counts = filtered("--precision", "0.9", "--calibration", "c")
    kept = list(rows.read(rows.table_path("kept")))
    assert counts["rows_in"] == 600 == counts["rows_out"] + sum(counts["dropped"].values())
    assert counts["precision"] >= 0.9 and np.mean([row["good"] for row in kept]) > 0.82
    assert [*counts["dropped"]] == [f"not loss<={counts['threshold']!r}"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"prompt": "p2"}, "calibration c is stale: loss was given by another prompt .p2, not p1."),
        ({"model": "m2"}, "calibration c is stale: loss was given by another model .m2, not m1."),
    ],
)
def test_a_calibration_of_another_judge_sets_no_threshold(home: Path, changed: Any, words: str) -> None:
    calibrated()
    rows.write("pool", scored(600, **changed))
    with pytest.raises(Problem, match=words):
        filtered("--precision", "0.9", "--calibration", "c")
    assert not Path("data/kept.parquet").exists()
    assert calibrated()["stale"]


@pytest.mark.slow
def test_a_calibration_of_the_table_before_it_was_built_again_sets_no_threshold(home: Path) -> None:
    calibrated()
    rows.write("pool", scored(599))
    with pytest.raises(Problem, match="c is stale: data/pool.parquet is another table by now .*dvc repro c"):
        filtered("--precision", "0.9", "--calibration", "c")
    calibrated()
    assert filtered("--precision", "0.9", "--calibration", "c")["rows_in"] == 599


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--precision", "0.9"], "precision 0.9 needs rows with known labels; write the line under gate"),
        (["--precision", "1.5", "--calibration", "c"], "precision 1.5 must lie in"),
        (["--precision", "0.9", "--calibration", "c", "--share", "0.3"], "take share, count, within and control out"),
    ],
)
def test_a_precision_that_cannot_be_meant_is_refused(home: Path, flags: list[str], words: str) -> None:
    with pytest.raises(Problem, match=words):
        filtered(*flags)


@pytest.mark.slow
def test_the_sweep_is_a_table_to_draw(home: Path) -> None:
    calibrated("--best", "loss", "--share", "0.3")
    head, *lines = Path("data/c.csv").read_text().splitlines()
    assert head.startswith("threshold,kept,rows,precision") and len(lines) >= 20
    assert lines[-1].split(",")[1] == "1.0" or float(lines[-1].split(",")[1]) > 0.98


def test_a_table_without_a_score_or_label_is_a_problem(home: Path) -> None:
    with pytest.raises(Problem, match="has no column for -rating, the score in use"):
        calibrated("--best", "rating", "--share", "0.3", "--highest")
    with pytest.raises(Problem, match="has no column wrong"):
        calibrated("--label", "wrong")


def label(row: Row, name: str, labeller: str, table: str, stratum: str = "all") -> labels.Label:
    own = labels.text_hash(row)
    return labels.Label(row["id"], name, labeller, own, table, "uniform", stratum, 600, True)


def by_people(table: str) -> Row:
    """Labels of 90 rows by two people, of whom the second errs on every tenth."""
    for n, row in enumerate(list(rows.read(rows.table_path("pool")))[:90]):
        good = bool(row["good"])
        labels.append("pool", label(row, "good" if good else "bad", "Ada", table))
        labels.append("pool", label(row, "good" if good != (n % 10 == 0) else "bad", "Ben", table))
    calibrate.main(["p", "--input", "pool", "--people", "true", "--best", "loss", "--share", "0.3"])
    return dict(json.loads(Path("data/p.json").read_text()))


@pytest.mark.slow
def test_labels_of_people_calibrate_too_and_two_labellers_have_an_agreement(home: Path) -> None:
    found = by_people(md5_of(rows.table_path("pool")))
    assert (found["labels"], found["rows"], found["stale"]) == ("people", 81, [])  # nine rows have a tie
    assert found["passed_over"] == {"replaced": 0, "of another text": 0, "of an earlier table": 0, "tied": 9}
    pair = found["labellers"]["Ada, Ben"]
    assert pair["rows"] == 90 and pair["agree"] == 0.9 and 0.7 < pair["kappa"] < 0.85 and len(pair["good"]) == 2
    assert found["scores"]["loss"]["auc"] > 0.9 and found["unusable"]["loss"] == []


@pytest.mark.slow
def test_labels_of_an_earlier_table_are_shown_as_stale_and_set_no_threshold(home: Path) -> None:
    found = by_people("0" * 32)
    assert found["stale"] == ["the labels were given on another table; label rows of this one"]
    with pytest.raises(Problem, match="sets no threshold: the labels were given on another table"):
        filtered("--precision", "0.8", "--calibration", "p")


def test_labels_of_texts_that_are_gone_do_not_count(home: Path) -> None:
    row = next(rows.read(rows.table_path("pool")))
    labels.append("pool", label(row | {"response": "something else"}, "good", "Ada", "x"))
    with pytest.raises(Problem, match="none of its 1 labels is of a text"):
        calibrate.main(["p", "--input", "pool", "--people", "true"])
