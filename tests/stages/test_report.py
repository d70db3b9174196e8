import json
from pathlib import Path
from typing import Any

import pytest

from baleen.errors import Problem
from stages import report as verb


def figures(mean: float | None, difference: float | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {"rows": 10, "unread": 0, "mean": mean, "against": 0.2}
    if difference is not None:
        found |= {"difference": difference, "low": difference - 0.1, "high": difference + 0.1, "paired": True}
    return found


SELF = figures(0.2) | {"difference": 0.0, "low": 0.0, "high": 0.0, "paired": True}
EVALUATIONS = {
    "eval-reply": {"dev": {"pocket.ok(a)": figures(0.25)}, "test": {"pocket.ok(a)": SELF, "pocket.facts(a)": SELF}},
    "eval-best": {
        "dev": {"pocket.ok(a)": figures(0.5)},
        "test": {"pocket.ok(a)": figures(0.4567, 0.25), "pocket.facts(a)": figures(None)},
    },
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    for name, groups in EVALUATIONS.items():
        write(name, groups)
    return tmp_path


def write(name: str, groups: dict[str, Any]) -> None:
    Path(f"data/{name}.json").write_text(json.dumps({"rows": 20, "groups": groups}))


def metrics() -> Any:
    return json.loads(Path("metrics.json").read_text())


def test_metrics_hold_the_first_measure_of_each_group_in_percent() -> None:
    verb.main(["eval-reply", "eval-best"])
    best = {"dev": 50.0, "test": 45.7, "difference": "+25.0 [+15.0, +35.0]"}
    assert metrics() == {"dev": 50.0, "reply": {"dev": 25.0, "test": 20.0}, "best": best}


def test_the_rows_to_choose_by_have_an_interval_too() -> None:
    write("eval-x", {"dev": {"pocket.ok(a)": figures(0.5, 0.25)}, "test": {"pocket.ok(a)": figures(0.4, 0.1)}})
    verb.main(["eval-x"])
    gains = {"dev_difference": "+25.0 [+15.0, +35.0]", "difference": "+10.0 [+0.0, +20.0]"}
    chosen_by = {"dev": 50.0, "dev_difference": gains["dev_difference"]}
    assert metrics() == chosen_by | {"x": {"dev": 50.0, "test": 40.0} | gains}


def test_experiments_are_chosen_by_the_model_that_a_method_ends_in() -> None:
    Path("recipes").mkdir(exist_ok=True)
    Path("recipes/best.yaml").write_text("{}\n")
    write("eval-oracle", {"dev": {"pocket.ok(a)": figures(0.9, 0.5)}})
    verb.main(["eval-reply", "eval-best", "eval-oracle"])
    assert metrics()["dev"] == metrics()["best"]["dev"] != metrics()["oracle"]["dev"]


def test_the_table_has_a_line_for_each_model_with_its_paired_difference(capsys: pytest.CaptureFixture[str]) -> None:
    verb.main(["eval-reply", "eval-best"])
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["model", "ok", "facts", "difference,", "95", "%", "interval"],
        ["reply", "20.0", "20.0"],
        ["best", "45.7", "-", "+25.0", "[+15.0,", "+35.0]"],
    ]


def test_a_difference_of_nothing_is_shown_with_its_interval(capsys: pytest.CaptureFixture[str]) -> None:
    write("eval-same", {"test": {"pocket.ok(a)": figures(0.2, 0.0)}})
    verb.main(["eval-same"])
    assert capsys.readouterr().out.splitlines()[1].split()[2:] == ["+0.0", "[-10.0,", "+10.0]"]


def test_without_groups_or_pairs_the_mean_stands_alone(capsys: pytest.CaptureFixture[str]) -> None:
    write("eval-x", {"all": {"pocket.ok(a)": figures(0.5)}})
    verb.main(["eval-x"])
    assert metrics() == {"all": 50.0, "x": {"all": 50.0}}
    assert capsys.readouterr().out.splitlines()[1].split() == ["x", "50.0"]


@pytest.mark.parametrize(
    ("measure", "mean", "told"),
    [
        ("words(answer)", 24.31, 24.3),
        ("pocket.told(truth,answer)", 3.24, 3.2),
        ("self_lengthen.growth(longer,initial)", 1.84, 1.8),
        ("chrf(instruction,original)", 75.52, 75.5),
        ("rating", 3.44, 3.4),
        ("constraints.met(constraints,answer)", 0.685, 68.5),
        ("grounded(response,document)", 0.9712, 97.1),
        ("pocket.true(truth,answer)", 0.914, 91.4),
    ],
)
def test_a_share_is_told_in_percent_and_nothing_else_is(measure: str, mean: float, told: float) -> None:
    write("eval-x", {"all": {measure: figures(mean, 0.1)}})
    verb.main(["eval-x"])
    assert metrics()["x"]["all"] == told


@pytest.mark.parametrize(
    ("tables", "kept"), [({"a": 7}, 7), ({"a": 7, "b": 9}, {"a": 7, "b": 9})], ids=["one table", "two tables"]
)
def test_tables_are_reported_by_the_rows_that_they_keep(tables: dict[str, int], kept: object) -> None:
    for name, rows in tables.items():
        Path(f"data/{name}.json").write_text(json.dumps({"rows_in": 20, "rows_out": rows}))
    verb.main([*tables, "eval-best"])
    assert metrics()["kept"] == kept and [*metrics()] == ["kept", "dev", "best"]


def test_evaluations_of_other_measures_have_a_table_of_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    write("eval-loss", {"all": {"loss": figures(2.3456, -0.1234)}})
    verb.main(["eval-best", "eval-loss"])
    first, second = capsys.readouterr().out.split("\n\n")
    assert first.split()[0] == "model" and second.splitlines()[1].split() == [
        "loss",
        "2.346",
        "-0.123",
        "[-0.223,",
        "-0.023]",
    ]


def test_a_look_shows_the_table_again_and_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    verb.main(["eval-best", "eval-reply"])
    first, written = capsys.readouterr().out, Path("metrics.json").read_bytes()
    stamp = Path("metrics.json").stat().st_mtime_ns
    verb.main(["--look"])
    assert capsys.readouterr().out == first
    assert (Path("metrics.json").read_bytes(), Path("metrics.json").stat().st_mtime_ns) == (written, stamp)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ([], "name the evaluations to report"),
        (["--look"], "no evaluation metrics.json; build it with: dvc repro"),
        (["eval-no"], "no evaluation data/eval-no.json; build it with: dvc repro evaluate@eval-no"),
        (["eval-counts"], "data/eval-counts.json is no evaluation; name targets of evaluate"),
        (["no"], "no evaluation data/no.json; build it with: dvc repro"),
    ],
)
def test_what_cannot_be_reported_is_named(names: list[str], words: str) -> None:
    Path("data/eval-counts.json").write_text('{"rows_in": 3}')
    with pytest.raises(Problem, match=words):
        verb.main(names)
