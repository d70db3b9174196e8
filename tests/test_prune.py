"""Pruning a real project: what a branch or an experiment still names is never paid again; what nothing names goes."""

import sys
from pathlib import Path

import project
import pytest
from project import commit, dvc, git, replace, repro

pytestmark = pytest.mark.slow
STAGE = "generate@humpback-augment"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return project.twin(project.built(tmp_path_factory), tmp_path_factory.mktemp("prune") / "project")


def ask(folder: Path, words: str) -> set[tuple[str, str]]:
    """Ask in other words; the replies that were paid for it."""
    before = project.replies(folder)
    replace(folder / "prompts/ask.md", "most likely the perfect answer to", words)
    assert STAGE in repro(folder, STAGE)
    return project.replies(folder) - before


def back(folder: Path, branch: str = "main") -> None:
    git(folder, "checkout", "-q", "-f", branch)
    dvc(folder, "checkout", "--force")


def test_replies_of_branches_and_experiments_stay_and_those_of_nothing_go(folder: Path) -> None:
    commit(folder, "built")
    first = project.replies(folder)
    git(folder, "checkout", "-q", "-b", "other")
    branch = ask(folder, "a perfect answer to")
    commit(folder, "other words")
    back(folder)
    dvc(folder, "exp", "run", "-n", "trial", "-S", "profiles/tiny.yaml:generate.temperature=0.5", STAGE)
    trial = project.replies(folder) - first - branch
    back(folder)
    nothing = ask(folder, "some answer to")
    back(folder)
    assert len(branch) == len(trial) == len(nothing) == 80
    said = project.command(folder, sys.executable, "-m", "stages.memo", "prune", "--older-than", "0").stdout
    assert "80 replies deleted" in said and project.replies(folder) == first | branch | trial
    dvc(folder, "exp", "remove", "trial")
    project.command(folder, sys.executable, "-m", "stages.memo", "prune", "--older-than", "0")
    assert project.replies(folder) == first | branch
    back(folder, "other")
    assert "80 rows, 0 queried, 80 cached" in dvc(folder, "repro", "--single-item", "--force", STAGE)
