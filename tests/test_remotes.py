"""What was built travels, by the guide's commands: pushed to a folder or to S3, pulled into a clone, and nothing is
computed again."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import project
import pytest
from project import dvc, git, replace_once, repro, set_yaml
from s3 import CREDENTIALS, server

from baleen.tables import rows

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=["folder", "s3"])
def pushed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A built project whose results are committed and at a remote."""
    place = tmp_path_factory.mktemp(request.param)
    folder = project.copy_project(project.built_small(tmp_path_factory), place / "project")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        if request.param == "folder":
            yield push(folder, str(place / "store"))
        else:
            with server() as address:
                yield push(folder, "s3://baleen/store", address)


def block(number: int) -> list[str]:
    """The commands of docs/sharing.md."""
    return project.page_commands("sharing")[number]


def push(folder: Path, url: str, address: str = "") -> Path:
    """Push what was built."""
    add, *lines = block(0)
    project.run_command(folder, *add.replace("s3://my-bucket/baleen", url).split())
    if address:
        dvc(folder, "remote", "modify", "store", "endpointurl", address)
    shell(folder, lines)
    return folder


def shell(folder: Path, lines: list[str]) -> None:
    for line in lines:
        project.run_command(folder, "bash", "-ec", line)


def baleen(folder: Path, *words: str) -> str:
    return project.run_command(folder, sys.executable, "-m", "baleen", *words).stdout


def memo(folder: Path, *words: str) -> str:
    return project.run_command(folder, sys.executable, "-m", "baleen", "memo", *words).stdout


@pytest.fixture(scope="module")
def clone(pushed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh clone with all that the dataset and the model were made of."""
    folder = tmp_path_factory.mktemp("colleague") / "clone"
    git(pushed, "clone", "-q", str(pushed), str(folder))
    assert not (folder / "models/humpback-1").exists() and not (folder / ".dvc/cache").exists()
    clone, install, *lines = block(1)
    assert clone.startswith("git clone") and install.startswith("pip install")
    shell(folder, lines)
    return folder


def test_a_clone_pulls_every_table_and_checkpoint_and_builds_nothing(pushed: Path, clone: Path) -> None:
    assert project.output_hashes(clone) == project.output_hashes(pushed)
    assert dvc(clone, "status").strip() == "Data and pipelines are up to date."
    assert repro(clone) == set()
    assert git(clone, "status", "--short") == ""


def test_a_row_is_explained_in_a_clone_as_where_it_was_built(pushed: Path, clone: Path) -> None:
    own = next(iter(rows.read(clone / "data/humpback-curate-1.parquet")))["id"]
    found, there = (json.loads(baleen(folder, "explain", own[:12], "--json")) for folder in (clone, pushed))
    assert found == there
    tables = ["humpback-augment", "humpback-pool", "humpback-judge-1", "humpback-curate-1"]
    assert [place["table"] for place in found["tables"] if place["table"] in tables] == tables
    assert [step["lineage"]["target"] for step in found["steps"]] == ["humpback-augment", "humpback-judge-1"]
    assert all(step["messages"] and step["reply"] for step in found["steps"])


def test_a_clone_with_another_threshold_runs_the_filter_and_what_follows(clone: Path, tmp_path: Path) -> None:
    folder = project.copy_project(clone, tmp_path / "edited")
    set_yaml(folder / "params.yaml", "curate.share", 0.5)
    assert repro(folder, "train@humpback-1") == {"filter@humpback-curate-1", "mix@humpback-mix-1", "train@humpback-1"}


def test_a_colleague_pays_nothing_for_rows_that_were_paid_for(pushed: Path, clone: Path, tmp_path: Path) -> None:
    assert project.memo_replies(clone) == project.memo_replies(pushed)
    folder = project.copy_project(clone, tmp_path / "forced")
    edit = "from baleen import prompts"
    replace_once(folder / "stages/generate.py", edit, f"{edit}  # an edit that asks nothing new")
    dvc(folder, "repro", "plan")
    said = dvc(folder, "repro", "--single-item", "--force", "generate@humpback-augment", "score@humpback-judge-1")
    assert project.stages_run(said) == {"generate@humpback-augment", "score@humpback-judge-1"}
    assert said.count("80 rows in, 80 out, 0 queried, 80 cached") == 2
    assert project.output_hashes(folder) == project.output_hashes(clone)
    assert memo(folder, "push").endswith(": 0 replies pushed\n")


@pytest.mark.parametrize("name", ["models/humpback-1", "data/humpback-dataset.parquet"])
def test_one_table_or_checkpoint_can_be_had_alone(name: str, pushed: Path, tmp_path: Path) -> None:
    dvc(tmp_path, "get", str(pushed), name)
    got, there = tmp_path / Path(name).name, pushed / name
    assert os.listdir(tmp_path) == [got.name]
    for file in [p for p in there.rglob("*") if p.is_file()] or [there]:
        assert (got / file.relative_to(there)).read_bytes() == file.read_bytes()
