"""Experiments that run at once over the same rows pay for each row once."""

import json
import subprocess
from pathlib import Path

import preloading
import project
import pytest

from benchmarks import small_project
from benchmarks.small_project import paid

pytestmark = pytest.mark.slow
IGNORED = "/data/*\n!/data/web.parquet\n/.memo/\n/.site/\n/ledger\n__pycache__/\n"
DOCUMENTS = 150


def run(folder: Path, *command: str) -> str:
    """What a program prints in the project; DVC is a copy of a process that has imported it."""
    env = small_project.environment(folder) | preloading.variables()
    done = subprocess.run(command, cwd=folder, env=env, text=True, capture_output=True)
    assert not done.returncode, f"{' '.join(command)}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def committed_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small project under git, with everything it needs committed."""
    folder: Path = tmp_path_factory.mktemp("committed") / "project"
    small_project.create(folder, DOCUMENTS)
    (folder / ".gitignore").write_text(IGNORED)
    run(folder, "git", "init", "-q", "-b", "main")
    run(folder, "dvc", "config", "core.no_scm", "false")
    run(folder, "git", "config", "user.name", "Somebody")
    run(folder, "git", "config", "user.email", "somebody@example.org")
    run(folder, "git", "add", "-A")
    run(folder, "git", "commit", "-q", "-m", "sources")
    return folder


def experiments_run_once(folder: Path, number: int) -> bool:
    """Whether so many experiments with the same questions ran at once to their end, each row queried once, and DVC
    has all of them: of two that end in the same moment it can keep one."""
    gates = ",".join(str(n / 1000) for n in range(1, number + 1))  # a setting that makes each ask all rows again
    try:
        run(folder, "dvc", "exp", "run", "--queue", "-S", f"profiles/pocket.yaml:generate.min_readable={gates}")
        command = f"dvc exp run --run-all -j {number}"
        if not project.queue_finished(folder, command, small_project.environment(folder)):
            return False
        assert set(paid(folder).values()) == {1} and len(paid(folder)) == 2 * DOCUMENTS
        assert len(set(tables(folder))) == 1 and all(tables(folder))
        return len(tables(folder)) == number
    finally:
        run(folder, "dvc", "queue", "stop", "--kill")


def tables(folder: Path) -> list[str]:
    """The hash of the last table of each experiment."""
    shown = json.loads(run(folder, "dvc", "exp", "show", "--json"))
    revisions = [e["revs"][0] for baseline in shown for e in baseline["experiments"] or []]
    return [revision["data"]["outs"]["data/graded.parquet"]["hash"] for revision in revisions]


@pytest.mark.usefixtures("preloaded")
@pytest.mark.parametrize("number", [2, 4])
def test_each_row_is_paid_once(committed_project: Path, number: int, tmp_path: Path) -> None:
    folders = (project.copy_project(committed_project, tmp_path / f"project-{n}") for n in range(3))
    assert any(experiments_run_once(folder, number) for folder in folders)
