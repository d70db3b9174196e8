"""Labels: what people say of rows, one line of JSON each, in labels/<target>.jsonl, which belongs into git.

docs/labels.md describes the file. A line is only ever appended: of several by one labeller about one text the last
counts.
"""

import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import Any

from baleen.errors import Problem
from baleen.tables.rows import Row, row_id

FOLDER = Path("labels")
GOOD, BAD = "good", "bad"
TARGET = re.compile(r"[A-Za-z0-9][\w-]*")
TEXTS = ("instruction", "input", "response")  # what a labeller reads


@dataclass(frozen=True)
class Label:
    """What a person says of a row: `good` or `bad`.

    `text` is the hash of the texts that were read, `table` the MD5 of the table that they were read in. `plan` says how
    the row was drawn, `stratum` from which part of the table, of `stratum_rows` rows. `time` is in UTC, or ''.
    """

    row: str
    label: str
    labeller: str
    text: str
    table: str
    plan: str
    stratum: str
    stratum_rows: int
    blind: bool
    time: str = ""


TYPES = {field.name: field.type for field in fields(Label)}


def text_hash(row: Row) -> str:
    """The hash of what a labeller reads of a row: 16 hex digits of its instruction, input and response."""
    return row_id(*(str(row.get(name) or "") for name in TEXTS))


def path_of(target: str, folder: Path = FOLDER) -> Path:
    """labels/<target>.jsonl; a Problem for a name that no target has."""
    if not TARGET.fullmatch(target):
        raise Problem(f"labels of {target!r}: name a target, such as humpback-judge-1")
    return folder / f"{target}.jsonl"


def read(target: str, folder: Path = FOLDER) -> list[Label]:
    """Every label of a target in the order of its lines, outdated ones included; [] without a file. A Problem names the
    line that is no label."""
    path = path_of(target, folder)
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    return [parsed(line, f"{path}:{number}") for number, line in enumerate(lines, 1) if line.strip()]


def parsed(line: str, where: str) -> Label:
    """The label of a line."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        raise Problem(f"{where} is no line of JSON; delete it, or restore it from git") from None
    if not isinstance(record, dict) or (wrong := next(wrong_fields(record), "")):
        raise Problem(f"{where}: {wrong if isinstance(record, dict) else 'no object'}; docs/labels.md has the fields")
    return Label(**record)


def wrong_fields(record: dict[str, Any]) -> Iterator[str]:
    """What is wrong with the fields of a line."""
    for name in record.keys() - TYPES.keys():
        yield f"unknown field {name!r}"
    for name, kind in TYPES.items():
        if name not in record and name != "time":
            yield f"no {name}"
        elif name in record and type(record[name]) is not kind:
            yield f"{name} is {record[name]!r}"
    if record.get("label") not in (GOOD, BAD):
        yield f"label is {record.get('label')!r}, not {GOOD} or {BAD}"
    if not record.get("labeller"):
        yield "labeller is empty"


def append(target: str, label: Label, folder: Path = FOLDER) -> None:
    """Add a line: whole or not at all, also when several processes add, and on disk when this returns."""
    path = path_of(target, folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps(asdict(label), ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"
    with open(path, "ab+", buffering=0) as file:
        flock(file, LOCK_EX)
        size = file.seek(0, os.SEEK_END)
        try:
            file.write((b"" if ends_whole(file, size) else b"\n") + line)
            os.fsync(file.fileno())
        except OSError:  # such as a full disk: half a line would make the file unreadable
            file.truncate(size)
            raise


def ends_whole(file: Any, size: int) -> bool:
    """Whether the last line of a file is whole; an editor may have left it without an end."""
    if not size:
        return True
    file.seek(size - 1)
    return bool(file.read(1) == b"\n")


def latest(labels: Iterable[Label]) -> list[Label]:
    """The last label by each labeller of each text of a row."""
    return [*{(label.labeller, label.row, label.text): label for label in labels}.values()]


def by_text(labels: Iterable[Label]) -> dict[tuple[str, str], dict[str, bool]]:
    """Whether a text is good, by (row, text) and then by labeller."""
    found = dict[tuple[str, str], dict[str, bool]]()
    for label in latest(labels):
        found.setdefault((label.row, label.text), {})[label.labeller] = label.label == GOOD
    return found


def weights(labels: Iterable[Label]) -> list[float]:
    """How many rows of the table each label stands for, where the labels are of one table and one text each: the rows
    of its stratum by the labels in it."""
    given = [*labels]
    counts = Counter((label.plan, label.stratum) for label in given)
    return [label.stratum_rows / counts[label.plan, label.stratum] for label in given]
