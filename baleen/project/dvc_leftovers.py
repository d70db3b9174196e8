"""What a DVC that was killed while it wrote leaves behind, and no later one gets over."""

import configparser
import time
from contextlib import suppress
from pathlib import Path

from baleen.project.dvc_lock import LOCK
from baleen.project.yaml_files import InvalidYaml, parse_yaml

WRITING = 2.0  # seconds after which nobody is writing a file any more that is not whole
CONFLICT = "<<<<<<< "  # how git begins a line where two versions meet: somebody is to choose, nothing is torn


def removed(folder: Path = Path(), age: float = WRITING) -> list[Path]:
    """Delete, and return, what cannot be read of DVC's files in a project: its table of locks, dvc.lock (stages that
    ran are in its cache of runs), and half of a record in that cache or the empty folder where it was. Only what has
    been so for `age` seconds: a DVC may be writing."""
    torn = [path for path in (folder / ".dvc/tmp/rwlock", folder / LOCK) if path.exists() and is_torn(path)]
    halves = runs(folder).glob("*/*/.*.tmp")
    gone = [path for path in (*torn, *halves) if time.time() - path.lstat().st_mtime >= age]
    for path in gone:
        path.unlink()
    emptied = {path.parent for path in gone}
    for record in runs(folder).glob("*/*"):
        if record in emptied or time.time() - record.stat().st_mtime >= age:
            with suppress(OSError):  # not empty, as it should be
                record.rmdir()
                gone.append(record)
    return gone


def is_torn(path: Path) -> bool:
    try:
        text = path.read_text(encoding="utf-8")
        return not (CONFLICT in text or isinstance(parse_yaml(text), dict))
    except (InvalidYaml, UnicodeDecodeError):
        return True


def runs(folder: Path) -> Path:
    """Where DVC keeps the records of runs."""
    known = configparser.ConfigParser(interpolation=None)
    known.read([folder / ".dvc/config", folder / ".dvc/config.local"], encoding="utf-8")
    return folder / ".dvc" / known.get("cache", "dir", fallback="cache") / "runs"
