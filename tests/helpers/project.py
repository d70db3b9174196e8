"""A project of its own for a test: the files of this checkout in another folder, made small, under git and DVC."""

import fcntl
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterable
from contextlib import closing
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

import preloading
import pytest

from baleen.project.yaml_files import parse_yaml, yaml_text
from pocket import records

CHECKOUT = Path(__file__).parents[2]
SEEDS, DOCUMENTS, PROSE = 40, 80, 3000
SHARE = 0.304  # keeps 24 of 80 and 25 of 81: one more document changes what is kept, whatever its score
BUILT = re.compile(r"(data/(?!raw/)|models/|metrics\.json|dvc\.lock)")  # what a build leaves in the checkout
RUN = re.compile(r"^Running stage '([^']+)':", re.MULTILINE)
UNCALIBRATED = {f"data/report-{name}.csv" for name in ("models", "rows", "curves")}  # plots without calibrations
TINY = {  # of profile pocket: enough that every stage has rows, not that a model learns
    "pretrain": {"steps": 80, "batch": 16},
    "backward": {"steps": 20, "batch": 16},
    "sft": {"steps": 20, "batch": 16},
    "generate": {"min_readable": 0.0, "max_tokens": 24},
    "answers": {"mean": ["pocket.format(truth,answer)", "pocket.ok(truth,answer)"]},  # the first is not always 0
    "speed": {"processes": 1},
}


def git(folder: Path, *words: str) -> str:
    return run_command(folder, "git", *words).stdout


def dvc(folder: Path, *words: str) -> str:
    """Run a command of DVC; its stdout and stderr."""
    done = run_command(folder, "dvc", *words)
    return done.stdout + done.stderr


def repro(folder: Path, *targets: str) -> set[str]:
    """Build, and return the names of the stages whose command ran."""
    return stages_run(dvc(folder, "repro", *targets))


def stages_run(said: str) -> set[str]:
    """The stages whose command ran, from what DVC said; those that the run cache knew are not among them, nor the
    plan."""
    return set(RUN.findall(said)) - {"plan"}


def run_command(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a project, its stages as copies of one process; its output is shown when it fails."""
    env = environment(folder) | preloading.variables()
    done = subprocess.run(words, cwd=folder, env=env, text=True, capture_output=True)
    assert not done.returncode, f"{' '.join(words)}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done


def queue_finished(folder: Path, line: str, env: dict[str, str]) -> bool:
    """Whether a command that runs DVC's queue came to its end within four minutes. A worker of the queue asks itself
    every ten seconds whether it is busy and ends unless it answers within one, which on a machine with too much to do
    it does not; DVC then waits for its task for ever, and its processes outlive a signal that asks them to end."""
    env, log = env | preloading.variables(), folder.parent / f"{folder.name}-queue.log"
    with log.open("wb") as file:  # a pipe would be read until the last of them has ended
        limit = ["timeout", "--kill-after=5", "240", "bash", "-ec", line]
        done = subprocess.run(limit, cwd=folder, env=env, stdout=file, stderr=file)
    assert done.returncode in (0, 124, 137), f"{line}\n{log.read_text()[-6000:]}"
    return not done.returncode


def environment(folder: Path) -> dict[str, str]:
    """The environment without variables of another project's memo or build, with this Python's programs on PATH."""
    foreign = ("BALEEN_MEMO", "DVC_", "GIT_", "PYTEST_", "PYTHONPATH", "VIRTUAL_ENV")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    quiet = {"DVC_NO_ANALYTICS": "1", "DVC_SITE_CACHE_DIR": str(folder.parent / f"{folder.name}-site")}
    return kept | quiet | {"PATH": path, "OMP_NUM_THREADS": "1"}


def guide() -> str:
    """The README and every page of docs/ that is not generated."""
    pages = [CHECKOUT / "README.md", *sorted((CHECKOUT / "docs").glob("*.md"))]
    return "\n".join(page.read_text(encoding="utf-8") for page in pages if page.name != "settings.md")


def page_commands(page: str) -> list[list[str]]:
    """The lines of the shell blocks of a page of docs/."""
    text = (CHECKOUT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [block.splitlines() for block in blocks]


def ingest(folder: Path, name: str, line: dict[str, Any]) -> None:
    """Have a table read from files instead of made, as README says."""
    path = folder / "recipes/sources.yaml"
    whole = load(path)
    whole["load"].pop(name, None)
    whole.setdefault("ingest", {})[name] = line
    dump(path, whole)


def copy_checkout(folder: Path) -> Path:
    """The sources of the checkout, work that is not committed included, without what was built."""
    names = git(CHECKOUT, "ls-files", "-co", "--exclude-standard").splitlines()
    for name in names:
        if not BUILT.match(name) and (CHECKOUT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(CHECKOUT / name, folder / name)
    return folder


def link_checkout(folder: Path) -> None:
    """A copy of all that people edit, with the code of this checkout."""
    for name in ("methods", "recipes", "profiles", "prompts"):
        shutil.copytree(CHECKOUT / name, folder / name)
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copy(CHECKOUT / name, folder / name)
    for name in ("stages", "baleen", "pocket"):
        (folder / name).symlink_to(CHECKOUT / name)


def init_git(folder: Path) -> Path:
    """Put a folder under git, with a first commit."""
    git(folder, "init", "-q", "-b", "main")
    git(folder, "config", "user.name", "Somebody")
    git(folder, "config", "user.email", "somebody@example.org")
    return commit(folder, "sources")


def commit(folder: Path, words: str) -> Path:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", words)
    return folder


def write_tiny_profile(folder: Path) -> None:
    """A profile that trains in seconds, and settings under which rows of an untrained model survive."""
    profile = load(folder / "profiles/pocket.yaml")
    small = {name: profile.get(name, {}) | section for name, section in TINY.items()}
    dump(folder / "profiles/tiny.yaml", profile | small)
    set_yaml(folder / "params.yaml", "profile", "tiny")
    set_yaml(folder / "params.yaml", "pool.keep", [])
    set_yaml(folder / "params.yaml", "curate.share", SHARE)
    set_yaml(folder / "recipes/sources.yaml", "load.prose.rows", PROSE)


def write_own_files(folder: Path) -> None:
    """Seeds, documents and every 12th held-out prompt as a user has them: JSON lines in data/raw."""
    parts = {"seed": records("seed", 0, SEEDS), "web": records("web", 0, DOCUMENTS)}
    (folder / "data/raw").mkdir(parents=True, exist_ok=True)
    for name, rows in (parts | {"heldout": islice(records("heldout", 0, 0), 0, None, 12)}).items():
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"data/raw/{name}.jsonl").write_text(lines, encoding="utf-8")
        line = {"source": f"data/raw/{name}.jsonl", "deduplicate": "exact", "origin": name}
        ingest(folder, name, line)


def load(path: Path) -> dict[str, Any]:
    return dict(parse_yaml(path.read_text(encoding="utf-8")))


def dump(path: Path, value: object) -> None:
    path.write_text(yaml_text(value), encoding="utf-8")


def set_yaml(path: Path, key: str, value: object) -> None:
    """Set the value under a dotted key of a YAML file."""
    whole = load(path)
    *above, last = key.split(".")
    at = whole
    for name in above:
        at = at[name]
    at[last] = value
    dump(path, whole)


def replace_once(path: Path, old: str, new: str) -> None:
    """Replace a text that must occur exactly once."""
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{path} has {old!r} {text.count(old)} times"
    path.write_text(text.replace(old, new), encoding="utf-8")


def append(path: Path, line: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")


def recipe_files(folder: Path) -> list[Path]:
    return sorted((folder / "recipes").glob("*.yaml"))


NAMED = {"sft", "answers", "generate", "likelihood", "gain", "rating"}  # groups that rules and params.yaml name


def keep_only(folder: Path, wanted: Iterable[str]) -> None:
    """Leave out every recipe line that the wanted tables and models do not need, and figures that are gone."""
    lines = dict[str, dict[str, Any]]()
    for path in recipe_files(folder):
        lines |= {name: line for rule, part in load(path).items() if rule != "settings" for name, line in part.items()}
    kept, waiting = set[str](), list(wanted)
    while waiting:
        name = waiting.pop()
        if name in lines and name not in kept:
            kept.add(name)
            waiting += [
                lines[name][key]
                for key in ("input", "other", "against", "model", "base", "steps_of")
                if key in lines[name]
            ]
    groups = {lines[name]["settings"] for name in kept if "settings" in lines[name]} | NAMED
    for path in recipe_files(folder):
        left = {
            rule: {name: line for name, line in part.items() if name in (groups if rule == "settings" else kept)}
            for rule, part in load(path).items()
        }
        dump(path, left)
    shutil.rmtree(folder / "recipes/more", ignore_errors=True)
    trim_report(folder, kept)


def trim_report(folder: Path, kept: set[str]) -> None:
    """Leave only kept evaluations in the report; without any, delete the stage."""
    rules = load(folder / "dvc.yaml")
    found = rules["stages"].pop("report")
    evaluations = [name for name in found["cmd"].split()[3:] if name in kept and name.startswith("eval-")]
    if evaluations:
        code = [dep for dep in found["deps"] if dep.startswith("data/plan/")]
        models = [dep for dep in found["deps"] if dep.startswith("models/") and Path(dep).stem in kept]
        tables = [dep for dep in found["deps"][: found["deps"].index("data/eval-reply.json")] if Path(dep).stem in kept]
        found["cmd"] = " ".join([*found["cmd"].split()[:3], *evaluations])
        found["deps"] = [*code, *tables, *(f"data/{name}.json" for name in evaluations), *models]
        found["plots"] = [plot for plot in found["plots"] if {*plot} <= UNCALIBRATED]
        rules["stages"]["report"] = found
    dump(folder / "dvc.yaml", rules)


def copy_project(folder: Path, to: Path) -> Path:
    """A copy with its cache, memo and history; files linked into the cache stay linked."""
    subprocess.run(["cp", "-a", str(folder), str(to)], check=True)
    return to


def shared_folder(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder made once in a test session, also when several workers ask for it."""
    base = factory.getbasetemp()
    place = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    with open(f"{place}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not Path(f"{place}.made").exists():
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            make(place)
            Path(f"{place}.made").touch()
    return place


def set_up_small(folder: Path) -> Path:
    """One round of Humpback on files of one's own, ready to be built in seconds."""
    copy_checkout(folder)
    write_tiny_profile(folder)
    write_own_files(folder)
    shutil.copy(folder / "prompts/reply.md", folder / "prompts/likely.md")
    set_yaml(folder / "params.yaml", "scorer", "likely")
    set_yaml(folder / "recipes/humpback.yaml", "map.humpback-dataset.input", "humpback-mix-1")
    return folder


def build_small(folder: Path) -> None:
    """That round built, its model and the first one evaluated: eight stages with a model."""
    set_up_small(folder)
    keep_only(folder, ["humpback-dataset", "eval-reply", "eval-humpback-1"])
    init_git(folder)
    repro(folder)


def built_small(factory: pytest.TempPathFactory) -> Path:
    """The small project, built; tests that edit take a copy."""
    return shared_folder(factory, "built", build_small)


def output_hashes(folder: Path) -> dict[str, str]:
    """Every file a build leaves, by the hash of its bytes, but for the plan."""
    files = [*(folder / "data").glob("*.*"), *(folder / "models").glob("**/*.*"), *folder.glob("metrics.json")]
    return {str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest() for path in files if path.is_file()}


def memo_replies(folder: Path) -> set[tuple[str, str]]:
    """The space and the key of every reply in the memo of a project."""
    with closing(sqlite3.connect(folder / ".memo/memo.sqlite")) as db:
        found = db.execute("SELECT name, hex(key) FROM reply JOIN space ON space.id = reply.space").fetchall()
    return set(found)


def load_json(folder: Path, name: str) -> dict[str, Any]:
    return dict(json.loads((folder / name).read_text(encoding="utf-8")))
