"""Checkpoints of a training run, outside DVC's outs, so that a killed run goes on where it was.

<memo>/checkpoints/<digest>/checkpoint-<step>/ counts only when its mark is there and every file has the size that the
mark says: a run killed in the middle of a save goes on from the checkpoint before.
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


@contextmanager
def folder(digest: str) -> Iterator[Path]:
    """The folder of the run with this digest, held by one run at a time and deleted when it ends well."""
    place = locks.root() / "checkpoints"
    place.mkdir(parents=True, exist_ok=True)
    with locks.locked(place / f"{digest}.lock", waiting):
        (place / digest).mkdir(exist_ok=True)
        yield place / digest
        shutil.rmtree(place / digest)


def abandoned(root: Path, before: float) -> list[Path]:
    """Folders of runs that nobody trains, whose last file is older than a second of the epoch: they were interrupted,
    and what they trained has been changed or given up since."""
    return [run for run in runs(root) if last_written(run) <= before and idle(run)]


def runs(root: Path) -> list[Path]:
    """The folders of all unfinished runs of a memo."""
    return sorted(path for path in (root / "checkpoints").glob("*") if path.is_dir())


def last_written(run: Path) -> float:
    return max(path.stat().st_mtime for path in [run, *run.rglob("*")])


def idle(run: Path) -> bool:
    with locks.free(run.with_name(f"{run.name}.lock")) as nobody:
        return nobody


def bytes_of(run: Path) -> int:
    return sum(path.stat().st_size for path in run.rglob("*") if path.is_file())


def waiting(who: str) -> None:
    print(f"train: waiting for {who}, which trains the same model", file=sys.stderr, flush=True)


def digest(*parts: str) -> str:
    """32 hex digits that stand for everything the weights depend on."""
    return sha256("\x1e".join(parts).encode()).hexdigest()[:32]


def step(checkpoint: Path) -> int:
    return int(checkpoint.name.rpartition("-")[2])


def sizes(checkpoint: Path) -> dict[str, int]:
    """Bytes of every file but the mark, by its path in the checkpoint."""
    files = sorted(path for path in checkpoint.rglob("*") if path.is_file() and path.name != MARK)
    return {str(path.relative_to(checkpoint)): path.stat().st_size for path in files}


def mark(checkpoint: Path) -> None:
    """Declare a checkpoint complete, then delete those before it."""
    for name in sizes(checkpoint):
        sync(checkpoint / name)
    temporary = checkpoint / f".{MARK}"
    temporary.write_text(json.dumps(sizes(checkpoint)), encoding="utf-8")
    sync(temporary)
    os.replace(temporary, checkpoint / MARK)
    for other in found(checkpoint.parent):
        if other != checkpoint:
            shutil.rmtree(other)


def sync(path: Path) -> None:
    """Wait until a file is on the disk, so that a power cut cannot leave a mark without its files."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def whole(checkpoint: Path) -> bool:
    """Whether the mark is there and says what is there."""
    try:
        return bool(json.loads((checkpoint / MARK).read_text(encoding="utf-8")) == sizes(checkpoint))
    except (OSError, ValueError):
        return False


def found(run: Path) -> list[Path]:
    """The checkpoints of a run, complete or not, the oldest first."""
    return sorted((path for path in run.glob("checkpoint-*") if path.name[11:].isdigit()), key=step)


def latest(run: Path) -> Path | None:
    """The last complete checkpoint of a run, or None."""
    return next((path for path in reversed(found(run)) if whole(path)), None)


def clean(run: Path) -> Path | None:
    """The last complete checkpoint, after deleting every other."""
    last = latest(run)
    for other in found(run):
        if other != last:
            shutil.rmtree(other)
    return last
