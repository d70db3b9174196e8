"""What is built stays out of git, also where a build that failed took back what DVC wrote to .gitignore."""

from pathlib import Path

import project
import pytest

from baleen.commands import history

KINDS = {"a new project": history.IGNORED, "the checkout": (project.CHECKOUT / ".gitignore").read_text()}
BUILT = ["random", "random.json", "kun", "r2", "x.d12", "x.dva", "humpback-1-over-random", "a.b"]


def ignored(folder: Path, kind: str, names: list[str]) -> list[str]:
    """Those of some names in models/ that git ignores."""
    project.git(folder, "init", "-q")
    (folder / ".gitignore").write_text(KINDS[kind])
    (folder / "models").mkdir()
    for name in names:
        (folder / "models" / name).touch()
    offered = project.git(folder, "ls-files", "-o", "--exclude-standard", "models").splitlines()
    return [name for name in names if f"models/{name}" not in offered]


@pytest.mark.parametrize("kind", KINDS)
def test_git_is_not_offered_a_model_that_was_built(kind: str, tmp_path: Path) -> None:
    assert ignored(tmp_path, kind, BUILT) == BUILT


@pytest.mark.parametrize("kind", KINDS)
def test_git_keeps_what_dvc_tracks(kind: str, tmp_path: Path) -> None:
    assert ignored(tmp_path, kind, ["smol.dvc", "kun.dvc", "a.dvc"]) == []
