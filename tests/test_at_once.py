"""Experiments that run at once over the same rows pay for each row once."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import small_project
from benchmarks.small_project import paid, run

pytestmark = pytest.mark.slow
IGNORED = "/data/*\n!/data/web.parquet\n/.memo/\n/.site/\n/ledger\n__pycache__/\n"
DOCUMENTS = 150


@pytest.fixture
def versioned(tmp_path: Path) -> Iterator[Path]:
    """The small project under git, with everything it needs committed."""
    folder = small_project.create(tmp_path / "project", DOCUMENTS)
    (folder / ".gitignore").write_text(IGNORED)
    run(folder, "git", "init", "-q", "-b", "main")
    run(folder, "dvc", "config", "core.no_scm", "false")
    run(folder, "git", "add", "-A")
    author = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.org"]
    run(folder, "git", *author, "commit", "-q", "-m", "sources")
    run(folder, "git", "config", "user.name", "Somebody")
    run(folder, "git", "config", "user.email", "somebody@example.org")
    try:
        yield folder
    finally:
        run(folder, "dvc", "queue", "stop", "--kill")


@pytest.mark.parametrize("number", [2, 4])
def test_each_row_is_paid_once(number: int, versioned: Path) -> None:
    gates = ",".join(str(n / 1000) for n in range(1, number + 1))  # a setting that makes each ask all rows again
    run(versioned, "dvc", "exp", "run", "--queue", "-S", f"profiles/pocket.yaml:generate.min_readable={gates}")
    run(versioned, "dvc", "exp", "run", "--run-all", "-j", str(number))
    shown = json.loads(run(versioned, "dvc", "exp", "show", "--json").stdout)
    revisions = [e["revs"][0] for baseline in shown for e in baseline["experiments"] or []]
    tables = [revision["data"]["outs"]["data/graded.parquet"]["hash"] for revision in revisions]
    assert len(tables) == number and len(set(tables)) == 1 and tables[0]
    assert set(paid(versioned).values()) == {1} and len(paid(versioned)) == 2 * DOCUMENTS
