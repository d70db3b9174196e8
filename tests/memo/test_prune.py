"""Pruning a real project: replies that a branch or an experiment references stay; all others are deleted."""

import sys
from pathlib import Path

import project
import pytest
from project import commit, dvc, git, replace_once, repro

pytestmark = pytest.mark.slow
STAGE = "generate@humpback-augment"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return project.copy_project(project.built_small(tmp_path_factory), tmp_path_factory.mktemp("prune") / "project")


def ask_reworded(folder: Path, words: str) -> set[tuple[str, str]]:
    """Query with another wording of the prompt; the new replies."""
    before = project.memo_replies(folder)
    replace_once(folder / "prompts/ask.md", "most likely the perfect answer to", words)
    assert STAGE in repro(folder, STAGE)
    return project.memo_replies(folder) - before


def check_out(folder: Path, branch: str = "main") -> None:
    git(folder, "checkout", "-q", "-f", branch)
    dvc(folder, "checkout", "--force")


def test_replies_of_branches_and_experiments_stay_and_those_of_nothing_go(folder: Path) -> None:
    commit(folder, "built")
    first = project.memo_replies(folder)
    git(folder, "checkout", "-q", "-b", "other")
    branch = ask_reworded(folder, "a perfect answer to")
    commit(folder, "other words")
    check_out(folder)
    dvc(folder, "exp", "run", "-n", "trial", "-S", "profiles/tiny.yaml:generate.temperature=0.5", STAGE)
    trial = project.memo_replies(folder) - first - branch
    check_out(folder)
    nothing = ask_reworded(folder, "some answer to")
    check_out(folder)
    assert len(branch) == len(trial) == len(nothing) == 80
    said = project.run_command(folder, sys.executable, "-m", "baleen", "memo", "prune", "--older-than", "0").stdout
    assert "80 replies deleted" in said and project.memo_replies(folder) == first | branch | trial
    dvc(folder, "exp", "remove", "trial")
    project.run_command(folder, sys.executable, "-m", "baleen", "memo", "prune", "--older-than", "0")
    assert project.memo_replies(folder) == first | branch
    check_out(folder, "other")
    assert "80 rows in, 80 out, 0 queried, 80 cached" in dvc(folder, "repro", "--single-item", "--force", STAGE)
