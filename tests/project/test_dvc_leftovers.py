"""A build goes on after a DVC that was killed while it wrote one of its own files."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from baleen.project import dvc_leftovers

RECORD = ".dvc/cache/runs/03/03c5"


def put(path: Path, text: str, age: float = 10.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    for one in (path, path.parent):
        os.utime(one, (time.time() - age,) * 2)
    return path


@pytest.mark.parametrize("name", [".dvc/tmp/rwlock", "dvc.lock"])
@pytest.mark.parametrize("left", ["", '{"write": {"/project/da'])
def test_a_file_that_stops_dvc_is_removed(tmp_path: Path, name: str, left: str) -> None:
    file = put(tmp_path / name, left)
    assert dvc_leftovers.removed(tmp_path) == [file]
    assert not file.exists() and dvc_leftovers.removed(tmp_path) == []


@pytest.mark.parametrize("name", [".dvc/tmp/rwlock", "dvc.lock"])
def test_what_can_be_read_or_may_be_being_written_stays(tmp_path: Path, name: str) -> None:
    file = put(tmp_path / name, "{}")
    assert dvc_leftovers.removed(tmp_path) == [] and file.exists()
    put(file, "", age=0.0)
    assert dvc_leftovers.removed(tmp_path) == [] and file.exists()


def test_a_conflict_of_git_is_left_to_who_resolves_it(tmp_path: Path) -> None:
    file = put(tmp_path / "dvc.lock", "schema: '2.0'\n<<<<<<< HEAD\nstages: {}\n=======\nstages:\n>>>>>>> other\n")
    assert dvc_leftovers.removed(tmp_path) == [] and file.exists()


def test_half_of_a_record_of_a_run_and_its_folder_are_removed(tmp_path: Path) -> None:
    half = put(tmp_path / RECORD / ".oI8e.tmp", "cmd: py")
    assert dvc_leftovers.removed(tmp_path) == [half, half.parent]
    half.parent.mkdir()
    os.utime(half.parent, (time.time() - 10,) * 2)
    assert dvc_leftovers.removed(tmp_path) == [half.parent]


def test_a_whole_record_stays_and_a_shared_cache_is_looked_at_too(tmp_path: Path) -> None:
    put(tmp_path / ".dvc/config.local", f"[cache]\n    dir = {tmp_path}/100%\n")
    whole, half = (put(tmp_path / "100%/runs/03/03c5" / name, "cmd: python") for name in ("139f", ".oI8e.tmp"))
    assert dvc_leftovers.removed(tmp_path) == [half] and whole.exists()


@pytest.mark.slow
def test_dvc_goes_on_where_it_could_not(tmp_path: Path) -> None:
    """DVC 3.67 ends with "join() argument must be str" at the empty folder of a record."""
    stage = "  a:\n    cmd: echo 1 > out\n    deps: [given]\n    outs: [out]\n"
    (tmp_path / "dvc.yaml").write_text(f"stages:\n{stage}")
    (tmp_path / "given").write_text("1")

    def dvc(*words: str) -> int:
        return subprocess.run(["dvc", *words], cwd=tmp_path, capture_output=True).returncode

    assert dvc("init", "-q", "--no-scm") == dvc("repro") == 0
    (record,) = (tmp_path / ".dvc/cache/runs").glob("*/*/*")
    record.unlink()
    for name in ("dvc.lock", "out"):
        (tmp_path / name).unlink()
    assert dvc("repro") != 0
    os.utime(record.parent, (time.time() - 10,) * 2)
    command = [sys.executable, "-m", "stages.warm", "dvc", "repro"]
    done = subprocess.run(command, cwd=tmp_path, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert f"baleen: deleted {record.parent.relative_to(tmp_path)}, of which" in done.stderr
