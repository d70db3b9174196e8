"""A small project of its own: a tiny model asked about every document and graded, under DVC, each payment noted."""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import chdir, closing
from fnmatch import fnmatch
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

from baleen.models.scratch import Fresh, make
from baleen.project.yaml_files import parse_yaml, yaml_text
from baleen.tables import rows
from pocket import records

CHECKOUT = Path(__file__).parents[1]
PROMPT = "---\nwrites: [instruction]\n---\nWhich question does this answer?\n$response\n"
FILES: dict[str, dict[str, Any]] = {
    "params.yaml": {"profile": "pocket", "scorer": "ask"},
    "profiles/pocket.yaml": {
        "generate": {"temperature": 1.0, "max_tokens": 12, "keep_unreadable": True, "min_readable": 0.0},
        "score": {},
        "speed": {"device": "cpu", "threads": 1, "batch_tokens": 768},
    },
    "recipes/small.yaml": {
        "generate": {"asked": {"input": "web", "model": "tiny", "prompt": "ask", "settings": "generate"}},
        "score": {"graded": {"input": "asked", "model": "tiny"}},
    },
}
# In these DVC tries links and copies; killed meanwhile it leaves them, and never deletes them
OF_DVC = re.compile(r"\.[\w-]{22}\.tmp")
# A line for every request when its batch goes to the model: what is there twice was paid twice.
LEDGER = """

def _noted(ask, batches):
    def asked(self, requests, *sampling):
        self.requests = requests
        yield from ask(self, requests, *sampling)

    return asked


def _batches(self, *lengths, batches=HF.batches, **extra):
    import hashlib, os

    for batch in batches(self, *lengths, **extra):
        told = [hashlib.sha256(repr(self.requests[i]).encode()).hexdigest()[:32] for i in batch]
        with open(os.environ["LEDGER"], "ab", buffering=0) as file:
            file.write(f"{os.getpid()} {' '.join(told)}\\n".encode())
        yield batch


HF.batches, HF.generate, HF.loss = _batches, _noted(HF.generate, 0), _noted(HF.loss, 0)
"""
STAGES = {
    "generate": "-m stages.generate asked",
    "score": "-m stages.score graded",
}
TABLES = ("asked", "graded")


def documents(count: int) -> list[rows.Row]:
    """Different documents of the pocket world."""
    drawn = ({"id": rows.row_id(r["response"]), "origin": "web", **r} for r in records("web", 0, 20 * count))
    return list(islice({row["id"]: row for row in drawn}.values(), count))


def rules(recipe: dict[str, Any]) -> dict[str, Any]:
    """The rules of the checkout that a recipe needs."""
    whole = parse_yaml((CHECKOUT / "dvc.yaml").read_text(encoding="utf-8"))
    stages = {name: whole["stages"][name] for name in ("plan", *recipe)}
    return {"vars": ["params.yaml", "recipes/small.yaml"], "stages": stages}


def create(folder: Path, count: int, files: dict[str, dict[str, Any]] = FILES) -> Path:
    """The project with its code, its model and `count` documents; nothing is built."""
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("baleen", "pocket", "stages", "methods"):
        shutil.copytree(CHECKOUT / name, folder / name, ignore=ignored)
    with (folder / "baleen/engines/hf.py").open("a", encoding="utf-8") as file:
        file.write(LEDGER)
    for name, content in (files | {"dvc.yaml": rules(files["recipes/small.yaml"])}).items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(yaml_text(content), encoding="utf-8")
    (folder / "prompts").mkdir()
    (folder / "prompts/ask.md").write_text(PROMPT, encoding="utf-8")
    table = documents(count)
    sizes = Fresh(hidden_size=32, intermediate_size=64, num_hidden_layers=2)
    make(folder / "models/tiny", sizes, (row["response"] for row in table), seed=0)
    with chdir(folder):
        rows.write("web", table)
    (folder / "data/web.dropped.parquet").unlink()
    run(folder, "dvc", "init", "-q", "--no-scm")
    shutil.copy(CHECKOUT / ".dvcignore", folder)
    return folder


def environment(folder: Path) -> dict[str, str]:
    """Ours without what names another project's memo or build, with the programs beside this Python."""
    foreign = ("BALEEN_MEMO", "DVC_", "GIT_", "PYTEST_", "PYTHONPATH", "VIRTUAL_ENV")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
    own = {"LEDGER": str(folder / "ledger"), "DVC_NO_ANALYTICS": "1", "DVC_SITE_CACHE_DIR": str(folder / ".site")}
    return kept | own | {"PATH": program_path(), "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}


def program_path() -> str:
    """PATH with the programs beside this Python, in front unless its `python` is this one already."""
    beside, path = Path(sys.executable).parent, os.environ["PATH"]
    return path if shutil.which("python") == str(beside / "python") else f"{beside}{os.pathsep}{path}"


def stage_command(name: str) -> list[str]:
    """The command of a stage, or of the whole build, each a process of its own."""
    dvc = str(Path(sys.executable).with_name("dvc"))
    return [dvc, "repro"] if name == "dvc" else [sys.executable, *STAGES[name].split()]


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a program in the project; what it said is shown when it fails."""
    done = subprocess.run(command, cwd=folder, env=environment(folder), text=True, capture_output=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
    return done


def empty(folder: Path) -> None:
    """Forget everything that was built and paid, DVC's cache and locks included."""
    for name in (".memo", ".dvc/cache", ".dvc/tmp", ".site"):
        shutil.rmtree(folder / name, ignore_errors=True)
    for path in [folder / "dvc.lock", folder / "ledger", *built(folder), *left_by_dvc(folder)]:
        path.unlink(missing_ok=True)


def built(folder: Path) -> Iterator[Path]:
    """Every file in data/ but the input, the plan and what a killed DVC left, hidden ones too."""
    every = (path for path in (folder / "data").iterdir() if not OF_DVC.fullmatch(path.name))
    return (path for path in every if not fnmatch(path.name, "web.*") and path.name != "plan")


def left_by_dvc(folder: Path) -> list[Path]:
    """The files of OF_DVC in data/."""
    return [path for path in (folder / "data").iterdir() if OF_DVC.fullmatch(path.name)]


def outcome(folder: Path) -> dict[str, str]:
    """Tables, counts and dvc.lock by the hash of their bytes."""
    files = sorted([*built(folder), folder / "dvc.lock"])
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in files if path.is_file()}


def batches(folder: Path) -> list[list[str]]:
    """The requests that went to the model, batch by batch."""
    path = folder / "ledger"
    lines = path.read_text(encoding="ascii").splitlines() if path.exists() else []
    return [line.split()[1:] for line in lines]


def noted(folder: Path) -> int:
    """Bytes of what is noted about batches; cheap enough to be asked again and again."""
    path = folder / "ledger"
    return path.stat().st_size if path.exists() else 0


def paid(folder: Path) -> Counter[str]:
    """How often each request went to the model."""
    return Counter(request for batch in batches(folder) for request in batch)


def stored(folder: Path) -> int:
    """Replies in the memo; read without changing it, so that a run that goes on is not disturbed."""
    path = folder / ".memo/memo.sqlite"
    if not path.exists():
        return 0
    with closing(sqlite3.connect(path, timeout=300)) as db:
        known = db.execute("SELECT COUNT(*) FROM sqlite_master WHERE name = 'reply'").fetchone()[0]
        return int(db.execute("SELECT COUNT(*) FROM reply").fetchone()[0]) if known else 0


def counts(folder: Path, name: str) -> dict[str, Any]:
    return dict(json.loads((folder / f"data/{name}.json").read_text(encoding="utf-8")))


def until(happened: Callable[[], bool], running: subprocess.Popen[str]) -> bool:
    """Wait for something to be seen, looking every few milliseconds; False when the program ended first."""
    while running.poll() is None:
        if happened():
            return True
        time.sleep(0.003)
    return False
