"""Plain DVC without targets does the right thing, in a built project and in a clone of it."""

import json
from pathlib import Path

import project
import pytest
from project import dvc, git, repro, run_command

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built project with an experiment, at a remote."""
    folder = project.copy_project(project.built_small(tmp_path_factory), tmp_path_factory.mktemp("plain") / "project")
    dvc(folder, "remote", "add", "-d", "store", str(folder.parent / "store"))
    project.commit(folder, "built")
    dvc(folder, "push")
    dvc(folder, "exp", "run", "-S", "curate.share=1.0")
    return folder


def test_status_of_what_is_built_is_one_line(built: Path) -> None:
    assert dvc(built, "status").strip() == "Data and pipelines are up to date."


def test_a_dry_run_of_what_is_built_announces_nothing(built: Path) -> None:
    assert "Running stage" not in dvc(built, "repro", "--dry")


def test_plots_show_draws_the_learning_curve_of_each_model_and_no_blanks(built: Path) -> None:
    shown = json.loads(run_command(built, "dvc", "plots", "show", "--json").stdout)
    assert {*shown["data"]} == project.UNCALIBRATED and "errors" not in shown
    [drawn] = shown["data"]["data/report-curves.csv"]
    models = {point["name"] for point in drawn["content"]["data"]["values"]}
    assert {"base", "humpback-1"} <= models <= {path.stem for path in (built / "models").glob("*.json")}


def test_the_pipeline_is_shown_within_a_page(built: Path) -> None:
    shown = run_command(built, "python", "-m", "baleen", "show").stdout
    stages = {line.split()[0] for line in shown.splitlines() if not line.startswith(" ")}
    assert stages == set(dvc(built, "stage", "list", "--name-only").split())
    drawn = dvc(built, "dag", "--md")
    assert all(f'["{stage}"]' in drawn for stage in stages)
    assert max(map(len, [*shown.splitlines(), *drawn.splitlines()])) <= 100


def test_the_comparison_fits_a_terminal_with_knob_and_results(built: Path) -> None:
    [lines] = project.page_commands("experiments")
    shown = run_command(built, "bash", "-ec", next(line for line in lines if line.startswith("dvc exp show"))).stdout
    assert max(map(len, shown.splitlines())) <= 120
    assert "curate.share" in shown and "dev_difference" in shown and " [" in shown


def test_metrics_and_params_tell_the_difference_to_the_last_commit(built: Path) -> None:
    assert "curate.share" in dvc(built, "params", "diff")
    assert "humpback-1.dev" in dvc(built, "metrics", "diff")


def test_a_clone_pulls_everything_and_nothing_is_to_be_done(built: Path, tmp_path: Path) -> None:
    git(built, "clone", "-q", str(built), str(tmp_path / "clone"))
    said = dvc(tmp_path / "clone", "pull")
    assert "WARNING" not in said and "ERROR" not in said
    assert dvc(tmp_path / "clone", "status").strip() == "Data and pipelines are up to date."
    assert repro(tmp_path / "clone") == set()
