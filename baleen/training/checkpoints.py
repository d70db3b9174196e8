"""Checkpoints of a training run, outside DVC's outs, so that a killed run continues from the last one.

<memo>/checkpoints/<digest>/checkpoint-<step>/ is complete only when the file MARK is there and every file has
the size that MARK says: a run killed in the middle of a save continues from the checkpoint before.
"""

import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from baleen.project import locks

MARK = "complete.json"
DAY = 86_400  # seconds


@contextmanager
def run_folder(digest: str) -> Iterator[Path]:
    """The folder of the run with this digest, locked for one process at a time and deleted when the run succeeds."""
    parent = locks.memo_folder() / "checkpoints"
    parent.mkdir(parents=True, exist_ok=True)
    with locks.locked(parent / f"{digest}.lock", print_waiting):
        (parent / digest).mkdir(exist_ok=True)
        yield parent / digest
        shutil.rmtree(parent / digest)


def abandoned(root: Path, before: float) -> list[Path]:
    """Folders of runs that were interrupted and not continued: no process holds them, and their last file was written
    at or before `before` (seconds since the epoch)."""
    return [run for run in runs(root) if last_write_time(run) <= before and is_idle(run)]


def delete_abandoned(root: Path, before: float, dry: bool) -> list[int]:
    """Bytes of each abandoned run of a memo; gone unless `dry`."""
    left = abandoned(root, before)
    sizes = [size_in_bytes(run) for run in left]
    for run in [] if dry else left:
        shutil.rmtree(run)
    return sizes


def describe_runs(root: Path, now: float) -> list[str]:
    """A line for each unfinished run of a memo: its size, its age at `now` (seconds since the epoch) and its digest."""
    ages = {run: (now - last_write_time(run)) / DAY for run in runs(root)}
    return [
        f"{size_in_bytes(run) / 1e6:>31.1f} MB  interrupted training, {days:.0f} days old  {run.name}"
        for run, days in ages.items()
    ]


def runs(root: Path) -> list[Path]:
    """The folders of all unfinished runs of a memo."""
    return sorted(path for path in (root / "checkpoints").glob("*") if path.is_dir())


def last_write_time(run: Path) -> float:
    return max(path.stat().st_mtime for path in [run, *run.rglob("*")])


def is_idle(run: Path) -> bool:
    with locks.try_lock(run.with_name(f"{run.name}.lock")) as nobody:
        return nobody


def size_in_bytes(run: Path) -> int:
    return sum(path.stat().st_size for path in run.rglob("*") if path.is_file())


def print_waiting(who: str) -> None:
    print(f"train: waiting for {who}, which trains the same model", file=sys.stderr, flush=True)


def digest(*parts: str) -> str:
    """32 hex digits over everything that the weights depend on."""
    return sha256("\x1e".join(parts).encode()).hexdigest()[:32]


def step_number(checkpoint: Path) -> int:
    return int(checkpoint.name.rpartition("-")[2])


def file_sizes(checkpoint: Path) -> dict[str, int]:
    """Bytes of every file except MARK, by its path in the checkpoint."""
    files = sorted(path for path in checkpoint.rglob("*") if path.is_file() and path.name != MARK)
    return {str(path.relative_to(checkpoint)): path.stat().st_size for path in files}


def mark_complete(checkpoint: Path) -> None:
    """Write MARK into a checkpoint, then delete the other checkpoints of the run."""
    for name in file_sizes(checkpoint):
        fsync(checkpoint / name)
    temporary = checkpoint / f".{MARK}"
    temporary.write_text(json.dumps(file_sizes(checkpoint)), encoding="utf-8")
    fsync(temporary)
    os.replace(temporary, checkpoint / MARK)
    for other in all_checkpoints(checkpoint.parent):
        if other != checkpoint:
            shutil.rmtree(other)


def fsync(path: Path) -> None:
    """Wait until a file is on the disk, so that a power cut cannot leave MARK without the files."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def is_complete(checkpoint: Path) -> bool:
    """Whether MARK is there and lists the files and sizes that are there."""
    try:
        return bool(json.loads((checkpoint / MARK).read_text(encoding="utf-8")) == file_sizes(checkpoint))
    except (OSError, ValueError):
        return False


def all_checkpoints(run: Path) -> list[Path]:
    """The checkpoints of a run, complete or not, the oldest first."""
    return sorted((path for path in run.glob("checkpoint-*") if path.name[11:].isdigit()), key=step_number)


def last_complete(run: Path) -> Path | None:
    """The last complete checkpoint of a run, or None."""
    return next((path for path in reversed(all_checkpoints(run)) if is_complete(path)), None)


def keep_last_complete(run: Path) -> Path | None:
    """Delete all checkpoints but the last complete one, which is returned (None when there is none)."""
    last = last_complete(run)
    for other in all_checkpoints(run):
        if other != last:
            shutil.rmtree(other)
    return last
