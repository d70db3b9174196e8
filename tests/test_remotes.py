"""What was built travels: pushed to a folder or to S3, pulled into a clone, and nothing is computed again."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import project
import pytest
from project import change, dvc, git, replace, repro
from s3 import CREDENTIALS, server

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=["folder", "s3"])
def pushed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A built project whose results are committed and at a remote."""
    place = tmp_path_factory.mktemp(request.param)
    folder = project.twin(project.built(tmp_path_factory), place / "project")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        if request.param == "folder":
            yield push(folder, str(place / "store"))
        else:
            with server() as address:
                yield push(folder, "s3://baleen/store", address)


def push(folder: Path, url: str, address: str = "") -> Path:
    dvc(folder, "remote", "add", "-d", "store", url)
    if address:
        dvc(folder, "remote", "modify", "store", "endpointurl", address)
    project.commit(folder, "humpback on my corpus")
    dvc(folder, "push")
    memo(folder, "push")
    return folder


def memo(folder: Path, *words: str) -> str:
    return project.command(folder, sys.executable, "-m", "stages.memo", *words).stdout


@pytest.fixture(scope="module")
def clone(pushed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh clone with everything pulled."""
    folder = tmp_path_factory.mktemp("colleague") / "clone"
    git(pushed, "clone", "-q", str(pushed), str(folder))
    assert not (folder / "models/humpback-1").exists() and not (folder / ".dvc/cache").exists()
    dvc(folder, "pull")
    memo(folder, "pull")
    return folder


def test_a_clone_pulls_every_table_and_checkpoint_and_builds_nothing(pushed: Path, clone: Path) -> None:
    assert project.outputs(clone) == project.outputs(pushed)
    assert repro(clone) == set()
    assert git(clone, "status", "--short") == ""


def test_a_clone_with_another_threshold_runs_the_filter_and_what_follows(clone: Path, tmp_path: Path) -> None:
    folder = project.twin(clone, tmp_path / "edited")
    change(folder / "params.yaml", "curate.share", 0.5)
    assert repro(folder, "train@humpback-1") == {"filter@humpback-curate-1", "mix@humpback-mix-1", "train@humpback-1"}


def test_a_colleague_pays_nothing_for_rows_that_were_paid_for(pushed: Path, clone: Path, tmp_path: Path) -> None:
    assert project.replies(clone) == project.replies(pushed)
    folder = project.twin(clone, tmp_path / "forced")
    replace(folder / "stages/generate.py", "import json", "import json  # an edit that asks nothing new")
    dvc(folder, "repro", "code")
    said = dvc(folder, "repro", "--single-item", "--force", "generate@humpback-augment", "judge@humpback-judge-1")
    assert project.running(said) == {"generate@humpback-augment", "judge@humpback-judge-1"}
    assert said.count("80 rows, 0 paid, 80 memo hits") == 2
    assert project.outputs(folder) == project.outputs(pushed)
    assert memo(folder, "push").endswith(": 0 replies pushed\n")


@pytest.mark.parametrize("name", ["models/humpback-1", "data/humpback-dataset.parquet"])
def test_one_table_or_checkpoint_can_be_had_alone(name: str, pushed: Path, tmp_path: Path) -> None:
    dvc(tmp_path, "get", str(pushed), name)
    got, there = tmp_path / Path(name).name, pushed / name
    assert os.listdir(tmp_path) == [got.name]
    for file in [p for p in there.rglob("*") if p.is_file()] or [there]:
        assert (got / file.relative_to(there)).read_bytes() == file.read_bytes()
