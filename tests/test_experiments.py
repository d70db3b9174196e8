"""The guide's comparison of thresholds, as it is written there: queued, run side by side, shown, one chosen."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import project
import pytest
from project import dvc, memo_replies, stages_run

pytestmark = pytest.mark.slow
SHARES = ["0.2", "0.3", "0.4"]  # the project's own is 0.304, which keeps the same rows as 0.3
AFTER_THE_FILTER = {
    "filter@humpback-curate-1",
    "mix@humpback-mix-1",
    "map@humpback-dataset",
    "train@humpback-1",
    "answer@answers-humpback-1",
    "evaluate@eval-humpback-1",
    "report",
}


def block() -> list[str]:
    """The commands of docs/experiments.md."""
    [lines] = project.page_commands("experiments")
    assert len(lines) == 5
    return lines


def shell(folder: Path, line: str) -> str:
    return project.run_command(folder, "bash", "-ec", line).stdout


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """All thresholds queued and run by two workers."""
    for _ in range(3):
        folder = project.copy_project(
            project.built_small(tmp_path_factory), tmp_path_factory.mktemp("experiments") / "project"
        )
        try:
            for line in block()[:2]:
                shell(folder, line)
            if project.queue_finished(folder, block()[2], project.environment(folder)):
                yield folder
                return
        finally:
            dvc(folder, "queue", "stop", "--kill")
    pytest.fail("DVC's queue stood still three times")


def experiments(folder: Path) -> dict[str, dict[str, str]]:
    """The rows of `dvc exp show` that are experiments, by their threshold."""
    shown = csv.DictReader(io.StringIO(dvc(folder, "exp", "show", "--csv")))
    return {row["curate.share"]: row for row in shown if row["State"]}


def test_every_threshold_succeeds_and_stands_beside_the_figures_of_every_model(compared: Path) -> None:
    found = experiments(compared)
    assert sorted(found) == SHARES and {row["State"] for row in found.values()} == {"Success"}
    for row in found.values():
        assert all(row[f"{model}.{split}"] for model in ("reply", "humpback-1") for split in ("dev", "test"))


def test_nothing_before_the_filter_runs_again_and_what_keeps_the_same_rows_trains_nothing(compared: Path) -> None:
    ran = {
        at: stages_run(dvc(compared, "queue", "logs", row["Experiment"])) for at, row in experiments(compared).items()
    }
    same = {"filter@humpback-curate-1"}
    assert ran == {"0.2": AFTER_THE_FILTER, "0.3": same, "0.4": AFTER_THE_FILTER}


def test_queued_runs_keep_their_replies_in_one_memo(compared: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    new = memo_replies(compared) - memo_replies(project.built_small(tmp_path_factory))
    asked = project.load_json(compared, "data/heldout.json")["rows_out"]
    assert len({space for space, _ in new}) == 2 and len(new) == 2 * asked


def test_the_comparison_of_the_guide_shows_threshold_and_figures_and_no_paths(compared: Path) -> None:
    head, _, *rows = shell(compared, f"{block()[3]} --md").strip().splitlines()
    columns = [cell.strip() for cell in head.strip("|").split("|")]
    assert columns[0] == "Experiment" and {"curate.share", "dev", "dev_difference"} <= set(columns)
    assert not any("/" in column for column in columns)
    assert len(rows) == 2 + len(SHARES)


def test_after_an_experiment_is_applied_there_is_nothing_to_run(compared: Path) -> None:
    chosen = experiments(compared)["0.4"]["Experiment"]
    shell(compared, block()[4].replace("NAME", chosen))
    assert stages_run(dvc(compared, "repro")) == set()
    assert project.load(compared / "params.yaml")["curate"]["share"] == 0.4
