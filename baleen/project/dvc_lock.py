"""Revisions: the tables that the kept states of a project name in their dvc.lock, DVC's record of what it built.

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
class Built:
    """A table that some revision names."""

    path: str
    md5: str
    size: int
    revision: str


def git(*words: str) -> str:
    """What git says; nothing outside a repository, or about what it does not know."""
    try:
        return subprocess.run(["git", *words], capture_output=True, text=True, encoding="utf-8").stdout
    except FileNotFoundError:
        return ""


def references() -> list[str]:
    """HEAD, branches, tags and experiments; none outside git."""
    named = git("for-each-ref", "--format=%(refname)", "refs/heads", "refs/tags", "refs/exps").split()
    return ["HEAD", *named] if named else []


def locks() -> Iterator[tuple[str, str]]:
    """(name of the revision, text of its dvc.lock), equal texts once; the work tree comes first."""
    seen = {""}
    here = Path(LOCK).read_text(encoding="utf-8") if Path(LOCK).is_file() else ""
    for name, text in [(WORK_TREE, here), *((name, git("show", f"{name}:./{LOCK}")) for name in references())]:
        if text not in seen:
            seen.add(text)
            yield name.removeprefix("refs/"), text


def tables() -> dict[str, Built]:
    """Every table that a kept revision names, by the hash of its bytes."""
    found = [table for name, text in locks() for table in named(name, text)]
    return {table.md5: table for table in reversed(found)}


def named(revision: str, lock: str) -> list[Built]:
    """The tables of one dvc.lock."""
    try:
        stages = (parse_yaml(lock) or {}).get("stages") or {}
    except InvalidYaml as error:
        raise Problem(f"{LOCK} of {revision} is not YAML ({error}); mend it, or delete that branch or tag") from None
    outs = [out for stage in stages.values() for out in stage.get("outs") or []]
    return [
        Built(str(out["path"]), str(out["md5"]), int(out.get("size", 0)), revision)
        for out in outs
        if str(out.get("path", "")).endswith(".parquet") and "md5" in out
    ]
