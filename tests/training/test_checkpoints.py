"""Checkpoints: only complete ones count, and one run at a time holds a folder."""

from pathlib import Path

import pytest

from baleen.errors import Problem
from baleen.training import checkpoints


@pytest.fixture(autouse=True)
def memo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BALEEN_MEMO", str(tmp_path))
    return tmp_path


def write_checkpoint(run: Path, step: int) -> Path:
    folder = run / f"checkpoint-{step}"
    (folder / "deeper").mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"weights" * step)
    (folder / "deeper" / "rng.pth").write_bytes(b"state")
    return folder


def test_a_checkpoint_counts_once_it_is_marked(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path, 10)
    assert checkpoints.last_complete(tmp_path) is None
    checkpoints.mark_complete(folder)
    assert checkpoints.last_complete(tmp_path) == folder


def test_marking_a_checkpoint_deletes_those_before_it(tmp_path: Path) -> None:
    for step in (5, 10):
        checkpoints.mark_complete(write_checkpoint(tmp_path, step))
    assert [path.name for path in checkpoints.all_checkpoints(tmp_path)] == ["checkpoint-10"]


@pytest.mark.parametrize("damage", ["cut", "lost", "more", "no mark", "broken mark"])
def test_a_damaged_checkpoint_does_not_count(tmp_path: Path, damage: str) -> None:
    folder = write_checkpoint(tmp_path, 10)
    checkpoints.mark_complete(folder)
    {
        "cut": lambda: (folder / "model.safetensors").write_bytes(b"w"),
        "lost": lambda: (folder / "deeper" / "rng.pth").unlink(),
        "more": lambda: (folder / "optimizer.pt.part").write_bytes(b"x"),
        "no mark": lambda: (folder / checkpoints.MARK).unlink(),
        "broken mark": lambda: (folder / checkpoints.MARK).write_text("{"),
    }[damage]()
    assert checkpoints.last_complete(tmp_path) is None


def test_a_half_written_later_checkpoint_leaves_the_one_before_in_force(tmp_path: Path) -> None:
    checkpoints.mark_complete(write_checkpoint(tmp_path, 90))
    write_checkpoint(tmp_path, 100)
    assert checkpoints.last_complete(tmp_path) == tmp_path / "checkpoint-90"


def test_clean_leaves_the_last_complete_checkpoint_alone(tmp_path: Path) -> None:
    checkpoints.mark_complete(write_checkpoint(tmp_path, 9))
    write_checkpoint(tmp_path, 10)
    assert checkpoints.keep_last_complete(tmp_path) == tmp_path / "checkpoint-9"
    assert checkpoints.all_checkpoints(tmp_path) == [tmp_path / "checkpoint-9"]


def test_a_folder_is_gone_when_the_run_ends_well(memo: Path) -> None:
    with checkpoints.run_folder("abc") as run:
        write_checkpoint(run, 1)
        assert run == memo / "checkpoints" / "abc"
    assert not run.exists()


def test_a_folder_is_kept_when_the_run_fails(memo: Path) -> None:
    with pytest.raises(Problem), checkpoints.run_folder("abc") as run:
        checkpoints.mark_complete(write_checkpoint(run, 1))
        raise Problem("no power")
    assert checkpoints.last_complete(run) is not None


def test_a_digest_depends_on_every_part_and_their_borders() -> None:
    parts = [("a", "b"), ("ab", ""), ("a", "b", ""), ("b", "a")]
    assert len({checkpoints.digest(*some) for some in parts}) == len(parts)
