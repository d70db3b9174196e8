"""dvc.lock: the tables that it records, in the work tree and in the revisions that DVC keeps.

Kept are what `dvc gc --all-branches --all-tags --all-experiments` keeps: the work tree, the tip of every local branch,
every tag and every experiment.
"""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from baleen.errors import Problem
from baleen.project.yaml_files import InvalidYaml, parse_yaml

LOCK = "dvc.lock"
WORK_TREE = "the work tree"


@dataclass(frozen=True)
class RecordedTable:
    """A table that the dvc.lock of a revision records."""

    path: str
    md5: str
    size: int
    revision: str


def git(*words: str) -> str:
    """The output of a git command; '' on any error, such as outside a repository."""
    try:
        return subprocess.run(["git", *words], capture_output=True, text=True, encoding="utf-8").stdout
    except FileNotFoundError:
        return ""


def references() -> list[str]:
    """HEAD, branches, tags and experiments; none outside git."""
    names = git("for-each-ref", "--format=%(refname)", "refs/heads", "refs/tags", "refs/exps").split()
    return ["HEAD", *names] if names else []


def lock_texts() -> Iterator[tuple[str, str]]:
    """(name of the revision, text of its dvc.lock), equal texts once; the work tree comes first."""
    known = {""}
    here = Path(LOCK).read_text(encoding="utf-8") if Path(LOCK).is_file() else ""
    for name, text in [(WORK_TREE, here), *((name, git("show", f"{name}:./{LOCK}")) for name in references())]:
        if text not in known:
            known.add(text)
            yield name.removeprefix("refs/"), text


def recorded_tables() -> dict[str, RecordedTable]:
    """Every table that the dvc.lock of a kept revision records, by its MD5."""
    found = [table for name, text in lock_texts() for table in tables_of_lock(name, text)]
    return {table.md5: table for table in reversed(found)}


def tables_of_lock(revision: str, lock: str) -> list[RecordedTable]:
    """The tables of one dvc.lock."""
    try:
        stages = (parse_yaml(lock) or {}).get("stages") or {}
    except InvalidYaml as error:
        raise Problem(f"{LOCK} of {revision} is not YAML ({error}); fix it, or delete that branch or tag") from None
    outs = [out for stage in stages.values() for out in stage.get("outs") or []]
    return [
        RecordedTable(str(out["path"]), str(out["md5"]), int(out.get("size", 0)), revision)
        for out in outs
        if str(out.get("path", "")).endswith(".parquet") and "md5" in out
    ]
