"""The claims of the demo, in the world and with the settings that a user gets: it aligns, and curation is why."""

from pathlib import Path
from typing import Any

import project
import pytest
from project import load_json, run_command

pytestmark = pytest.mark.slow
NEEDED = ["eval-reply", "eval-random", "eval-humpback-1", "eval-curation", "eval-scorer-1"]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The targets that the gates need, built with the profile of the checkout, but by one process at a time: two would
    wait for each other where other tests have the second core."""

    def make(folder: Path) -> None:
        project.copy_checkout(folder)
        project.set_yaml(folder / "profiles/pocket.yaml", "speed.processes", 1)
        project.keep_only(folder, NEEDED)
        project.init_git(folder)
        project.repro(folder)
        print(run_command(folder, "python", "-m", "stages.report", "--look").stdout)

    return project.shared_folder(tmp_path_factory, "demo", make)


def share_on_test(folder: Path, name: str) -> dict[str, Any]:
    """The share of right answers to the test prompts, and the paired difference."""
    groups = load_json(folder, f"data/{name}.json")["groups"]
    return dict(groups["test"]["pocket.ok(truth,answer)"])


def test_likelihood_finds_the_good_pairs(demo: Path) -> None:
    assert load_json(demo, "data/eval-scorer-1.json")["auc"]["worst"] >= 0.90


def test_the_selection_has_twice_the_share_of_good_pairs(demo: Path) -> None:
    [measured] = load_json(demo, "data/eval-scorer-1.json")["groups"]["all"].values()
    assert measured["mean"] >= 2 * measured["against"]


@pytest.mark.parametrize(("name", "than"), [("eval-humpback-1", "the seeds alone"), ("eval-curation", "chance")])
def test_one_round_answers_four_points_more_than(name: str, than: str, demo: Path) -> None:
    assert share_on_test(demo, name)["difference"] >= 0.04
