"""Which files a row of data enters from ingest to evaluate: python -m benchmarks.row_path [--json]

A round of Humpback with a tiny model, every stage run here under a profiler. A file is entered where a function of
baleen/, stages/ or pocket/ gets or gives the row, a batch of rows, a record, or a message or request made of one
(`self` left out). A function counts once, when it first does so; a stay is a run of such functions in one file; returns
are stays less files. Lists of texts and of tokens are no rows.
"""

import json
import shutil
import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import chdir
from dataclasses import dataclass, field, fields, is_dataclass
from importlib import import_module
from itertools import chain, groupby
from multiprocessing import get_context
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any

import pyarrow as pa

from baleen.tables.rows import Row
from benchmarks import small_project
from benchmarks.small_project import CHECKOUT

ROOMS = tuple(f"{CHECKOUT / room}/" for room in ("baleen", "stages", "pocket"))
Entry = tuple[str, str]  # file, function
DOCUMENTS = 12
DEPTH = 9  # of what is looked through for the row
RECIPE: dict[str, dict[str, Row]] = {
    "ingest": {"documents": {"source": "data/raw/documents.jsonl", "deduplicate": "exact", "origin": "web"}},
    "generate": {"asked": {"input": "documents", "model": "tiny", "prompt": "ask", "settings": "generate"}},
    "filter": {
        "pool": {"input": "asked", "keep": ["chars(response)>=1", "copied(instruction,response)<=1"]},
        "kept": {"input": "graded", "best": "worst", "count": DOCUMENTS},
    },
    "score": {"graded": {"input": "pool", "model": "tiny", "prompt": "reply"}},
    "mix": {"mixed": {"input": "documents", "other": "kept"}},
    "train": {"student": {"input": "kept", "base": "tiny", "prompt": "reply", "steps": 1, "batch": 2}},
    "answer": {"answers": {"input": "kept", "model": "student", "prompt": "reply", "settings": "generate"}},
    "evaluate": {"figures": {"input": "answers", "against": "answers", "mean": ["words(response)"], "dev": 0}},
}
STAGES = [  # in order: the stage and the target
    ("ingest", "documents"),
    ("generate", "asked"),
    ("filter", "pool"),
    ("score", "graded"),
    ("filter", "kept"),
    ("mix", "mixed"),
    ("train", "student"),
    ("generate", "answers"),
    ("evaluate", "figures"),
]


def holds(value: Any, text: str, depth: int = 0) -> bool:
    """Whether a value is a row with this text or has one; a text, or a list of nothing but texts, is none."""
    if isinstance(value, str):
        return depth > 0 and text in value
    if depth > DEPTH:
        return False
    if isinstance(value, pa.RecordBatch | pa.Table):
        return any(holds(row, text, depth + 1) for row in value.to_pylist())
    if isinstance(value, Mapping):
        return any(holds(inner, text, depth + 1) for inner in value.values())
    if isinstance(value, list | tuple):
        texts = not depth and all(isinstance(inner, str) for inner in value)
        return not texts and any(holds(inner, text, depth + 1) for inner in value)
    if is_dataclass(value) and not isinstance(value, type):
        return any(holds(getattr(value, one.name, None), text, depth + 1) for one in fields(value))
    return False


@dataclass
class Walk:
    """The functions that a row with this text enters, in the order in which each does so first: file and name."""

    text: str
    entered: dict[Entry, None] = field(default_factory=dict)

    def note(self, frame: FrameType, event: str, given: Any) -> None:
        """For `sys.setprofile`: note a function that gets or gives the row."""
        code = frame.f_code
        entry = code.co_filename, code.co_qualname
        if event not in ("call", "return") or not code.co_filename.startswith(ROOMS) or code.co_name.startswith("<"):
            return
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount] if event == "call" else ()
        values = [frame.f_locals.get(name) for name in names if name != "self"] if names else [given]
        if entry not in self.entered and any(holds(value, self.text) for value in values):
            self.entered[entry] = None


def follow(folder: Path, verb: str, target: str, text: str) -> list[Entry]:
    """Run a stage in this process, and return what the row enters in it."""
    walk = Walk(text)
    with chdir(folder):
        main = import_module(f"stages.{verb}").main
        sys.setprofile(walk.note)
        try:
            main([target])
        finally:
            sys.setprofile(None)
    return list(walk.entered)


def figures(entered: Iterable[Entry]) -> Row:
    """Files, stays and returns, and the path itself."""
    stays = [(file, [name for _, name in run]) for file, run in groupby(dict.fromkeys(entered), itemgetter(0))]
    files = {file for file, _ in stays}
    path = [f"{Path(file).relative_to(CHECKOUT)}: {', '.join(names)}" for file, names in stays]
    return {"files": len(files), "stays": len(stays), "returns": len(stays) - len(files), "path": path}


def create(folder: Path) -> str:
    """A project with nothing built but its plan; the text of its first document comes back."""
    small_project.create(folder, DOCUMENTS, small_project.FILES | {"recipes/small.yaml": RECIPE})
    shutil.copy(CHECKOUT / "prompts/reply.md", folder / "prompts")
    texts = [str(row["response"]) for row in small_project.documents(DOCUMENTS)]
    (folder / "data/raw").mkdir()
    lines = "".join(json.dumps({"response": text}) + "\n" for text in texts)
    (folder / "data/raw/documents.jsonl").write_text(lines, encoding="utf-8")
    small_project.run(folder, sys.executable, "-m", "stages.plan")
    return texts[0]


def measure(folder: Path) -> Row:
    """Build a project in a folder that is not there, and follow its first document; each stage is a process."""
    text = create(folder)
    before = sys.path[:]
    sys.path.insert(0, str(CHECKOUT))  # processes take it over: the code of another folder is not what is looked at
    try:
        with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as pool:
            return figures(chain.from_iterable(pool.submit(follow, folder, *stage, text).result() for stage in STAGES))
    finally:
        sys.path[:] = before


def show(result: Row) -> str:
    return "\n".join([*result["path"], "{files} files, {stays} stays, {returns} returns".format(**result)])


def main(argv: Sequence[str] | None = None) -> None:
    cli = ArgumentParser(prog="python -m benchmarks.row_path", description=__doc__)
    cli.add_argument("--json", action="store_true", help="print one JSON object")
    args = cli.parse_args(argv)
    with TemporaryDirectory() as folder:
        result = measure(Path(folder, "project"))
    print(json.dumps(result) if args.json else show(result))


if __name__ == "__main__":
    main()
