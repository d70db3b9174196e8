"""Changes in words: how a plan or a file differs from what dvc.lock recorded of it."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from hashlib import md5
from itertools import takewhile
from pathlib import Path
from typing import Any

from baleen.project.plan import Planned
from baleen.project.settings import load_yaml

LINES = (".jsonl", ".ndjson", ".csv", ".tsv", ".txt")  # suffixes of files with a row a line
WIDEST = 40  # characters of a value
LARGE = 1 << 28  # bytes; larger files are not compared by line
Place = Callable[[str], str]  # where a setting of a target comes from, such as 'params.yaml: curate'


def plan_changes(old: Planned, new: Planned, place: Place) -> list[str]:
    """What differs between two plans of a target: settings, then prompts, then code."""
    return [
        *setting_changes(old.settings, new.settings, place),
        *(f"{prompt_file(name)} changed" for name in differing(old.prompts, new.prompts)),
        *(f"{file} changed" for file in differing(old.code, new.code)),
        *(f"it now uses {file}" for file in sorted(new.code.keys() - old.code.keys())),
        *(f"it no longer uses {file}" for file in sorted(old.code.keys() - new.code.keys())),
    ]


def prompt_file(name: str) -> Path:
    """The file of a prompt: its translation into the project's language where there is one."""
    params = Path("params.yaml")
    language = str(load_yaml(params).get("language") or "") if params.is_file() else ""
    translated = Path("prompts", language, f"{name}.md")
    return translated if translated.is_file() else Path("prompts", f"{name}.md")


def differing(old: dict[str, str], new: dict[str, str]) -> list[str]:
    """The names that both have, with other values."""
    return sorted(name for name in old.keys() & new.keys() if old[name] != new[name])


def setting_changes(old: dict[str, Any], new: dict[str, Any], place: Place, above: str = "") -> Iterator[str]:
    """'curate.share 0.3 -> 0.2' of a knob, 'lr 0.001 -> 0.002 (profiles/pocket.yaml: sft)' of any other setting; of a
    setting that holds settings, those that changed."""
    for key in sorted({*old, *new}):
        name = f"{above}{key}"
        if key not in old or key not in new:
            yield f"{name} is {'no setting any more' if key in old else f'a new setting, {shown(new[key])}'}"
        elif isinstance(old[key], dict) and isinstance(new[key], dict):
            yield from setting_changes(old[key], new[key], place, f"{name}.")
        elif old[key] != new[key]:
            yield setting_change(name, value_change(old[key], new[key]), place(name.partition(".")[0]))


def setting_change(name: str, change: str, place: str) -> str:
    section = place.removeprefix("params.yaml: ")
    if section == place:
        return f"{name} {change} ({place})"
    return f"{section} {change}" if section == "scorer" else f"{section}.{name} {change}"


def value_change(old: Any, new: Any) -> str:
    """'0.3 -> 0.2'; of long values that begin alike, the part from which they differ."""
    texts = [text_of(old), text_of(new)]
    alike = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(*texts, strict=False)))
    if alike < WIDEST // 2 or max(map(len, texts)) <= WIDEST:
        return " -> ".join(map(shortened, texts))
    return " -> ".join(shortened(f"...{text[alike - 10 :]}") for text in texts)


def shown(value: Any) -> str:
    """A value in at most WIDEST characters."""
    return shortened(text_of(value))


def text_of(value: Any) -> str:
    return value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)


def shortened(text: str) -> str:
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 3]}..."


def file_change(path: Path, recorded: dict[str, Any], cached: Callable[[str], Path]) -> tuple[str, int | None]:
    """What happened to a file or folder that a stage reads, and how many rows are new, None when nobody can say.

    `recorded` is its entry in dvc.lock, `cached` gives the place of a content in DVC's cache.
    """
    if not path.exists():
        return f"{path} is missing", None
    if path.is_dir():
        return folder_change(path, recorded), None
    if path.suffix.lower() not in LINES or max(path.stat().st_size, int(recorded.get("size", 0))) > LARGE:
        return f"{path} changed", None
    data, before = path.read_bytes(), int(recorded.get("size", 0))
    if before < len(data) and md5(data[:before]).hexdigest() == recorded.get("md5"):
        added = sum(bool(line.strip()) for line in data[before:].splitlines())
        return f"{counted(added, 'row')} appended to {path}", added
    earlier = cached(str(recorded.get("md5")))
    return line_change(path, earlier.read_bytes(), data) if earlier.is_file() else (f"{path} changed", None)


def line_change(path: Path, before: bytes, after: bytes) -> tuple[str, int | None]:
    """How many lines of a file are new and gone."""
    old, new = Counter(before.splitlines()), Counter(after.splitlines())
    added, gone = (new - old).total(), (old - new).total()
    if added == gone:
        return f"{counted(added, 'row')} of {path} changed", added
    parts = {"added to": added, "removed from": gone}
    words = [f"{counted(number, 'row')} {how}" for how, number in parts.items() if number]
    return f"{' and '.join(words)} {path}", added


def folder_change(path: Path, recorded: dict[str, Any]) -> str:
    """How many files a folder has now and had before."""
    now = sum(found.is_file() for found in path.rglob("*"))
    before = recorded.get("nfiles")
    return f"{path} changed ({counted(now, 'file')}" + (")" if before in (None, now) else f", before {before})")


def counted(number: int, what: str) -> str:
    """'1 row', '2 rows', '1,200 rows'"""
    return f"{number:,} {what}{'s' * (number != 1)}"
