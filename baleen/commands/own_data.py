"""Own data: what `baleen new` does with a corpus and seeds: look, say how they would be read, and bring them in."""

import re
import shutil
from collections.abc import Callable, Collection, Iterable
from contextlib import chdir
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from textwrap import shorten
from typing import TypeVar

from baleen.errors import Problem
from baleen.measures.evaluation import UNDIVIDED, is_divided, side
from baleen.measures.expressions import parse_condition
from baleen.measures.figures import DEV
from baleen.measures.words import chance
from baleen.project import assemble, layers, recipes
from baleen.project.graph import is_remote
from baleen.project.settings import Settings, typed
from baleen.tables.ingest_options import IngestOptions
from baleen.tables.propose import Proposal, first_rows, propose
from baleen.tables.rows import Row
from baleen.tables.sources import kept_rows

T = TypeVar("T")
RAW = "data/raw"
PAGES = ("markdown", "html")  # texts that have headers to cut them at
PYTHON = "python:docs"  # in the place of a path: the documentation that comes with Python
WIDTH = 100
SHORTEST, LONGEST = 300, 1200  # characters of a document, when only some are drawn
USUAL = [f"chars(response)>={SHORTEST}", f"chars(response)<={LONGEST}"]
LOOKED_AT = 1000  # documents of a corpus whose lengths are looked at before some are drawn
HAN, KANA = re.compile("[\u4e00-\u9fff]"), re.compile("[\u3040-\u30ff]")
VERIFIABLE_COLUMNS = {  # of IFEval's file
    "instruction": "prompt", "key": "key?", "instruction_id_list": "instruction_id_list", "kwargs": "kwargs"
}  # fmt: skip


@dataclass(frozen=True)
class Corpus:
    """A corpus that a user names: path or PYTHON, their names of columns, and how many documents to draw, 0 for all."""

    path: str
    columns: dict[str, str]
    documents: int = 0


@dataclass(frozen=True)
class Own:
    """Files of a user's own: where they lie in the project, and the settings with which they are read."""

    path: str
    settings: Settings


def proposal(path: Path, wanted: Iterable[str], columns: dict[str, str], option: str) -> Proposal:
    """How files would be read; a Problem when they have no such columns and the user names none with this option."""
    if not path.exists():
        raise Problem(f"no file or folder {path}; correct the path")
    found = as_options(lambda: propose(str(path)), option)
    if columns:
        return replace(found, settings=found.settings | {"columns": columns}, rows=[])
    if missing := [column for column in wanted if column not in found.columns]:
        fields = ", ".join(f"{name} ({kind})" for name, kind in found.fields.items())
        given = ",".join(f"{column}=FIELD" for column in wanted)
        raise Problem(f"{path}: no field looks like {' and '.join(missing)}; it has {fields}; write {option} {given}")
    return found


def as_options(look: Callable[[], T], option: str) -> T:
    """What a look gives; a Problem that advises settings of `ingest` advises this option, which names columns."""
    try:
        return look()
    except Problem as problem:
        words = re.sub(r",? or --leave-out \S+|; write --leave-out \S+", "", str(problem))
        raise Problem(re.sub(r"--columns\.(\w+) (\S+)", rf"{option} \1=\2,...", words), problem.settings) from None


def verifiable(text: str) -> Path:
    """The path of prompts in the form of IFEval; a Problem when their first ones cannot be read so."""
    path = Path(text)
    if not path.is_file():
        raise Problem(f"no file {path}; name prompts in the form of IFEval: prompt, instruction_id_list, kwargs")
    rows = kept_rows(IngestOptions(str(path), columns=VERIFIABLE_COLUMNS, origin="heldout"), 1)
    if not next(iter(rows), None):
        raise Problem(f"{path} has no prompt; name prompts in the form of IFEval: prompt, instruction_id_list, kwargs")
    return path


def corpus_settings(found: Proposal) -> Settings:
    """The settings of a corpus: pages are cut into sections, and near duplicates leave."""
    text = found.fields.get(found.columns.get("response", "").rstrip("?"), "")
    return {**found.settings, **({"segment": True} if text in PAGES else {}), "deduplicate": "near"}


def corpus_proposal(path: Path, columns: dict[str, str]) -> Proposal:
    """How a corpus would be read, with all the settings that its line gets; a Problem for columns that it lacks."""
    found = proposal(path, ["response"], columns, "--corpus-columns")
    made = corpus_settings(found)
    return replace(found, settings=made, rows=first_rows(options_of(Own(found.source, made), "web")))


def read_in(project: Path, table: str) -> list[Row]:
    """The first rows of a source as the project reads it, under its profile."""
    with chdir(project):
        line = {line.name: line for line in recipes.lines(recipes.files())}[table]
        return first_rows(layers.resolved(IngestOptions, line, layers.current()))


def options_of(own: Own, origin: str) -> IngestOptions:
    """The settings with which `ingest` reads files of a user's own."""
    return typed(IngestOptions, own.path, {"source": own.path, "origin": origin, **own.settings})


def seed_settings(found: Proposal) -> Settings:
    """The settings of seeds: exact copies leave, reworded pairs stay."""
    return {**found.settings, "deduplicate": "exact"}


def describe(name: str, found: Proposal) -> str:
    """What a person should look at: the format, the mapping, what was found on the way, and the first rows."""
    mapping = ", ".join(f"{ours} <- {theirs}" for ours, theirs in found.columns.items())
    others = {key: value for key, value in found.settings.items() if key != "columns"}
    lines = [f"{name}: {found.source} ({found.format})", f"  {mapping}", *(f"  {reason}" for reason in found.reasons)]
    lines += [f"  settings: {assemble.flow(others)}"] if others else []
    lines += [f"  row {n}: {row_text(row)}" for n, row in enumerate(found.rows, 1)]
    lines += (
        ["  it is Chinese: language: zh in params.yaml asks and teaches in Chinese"] if is_chinese(found.rows) else []
    )
    return "\n".join(lines)


def is_chinese(rows: Iterable[Row]) -> bool:
    """Whether a fifth of the letters are Chinese characters, beside which there is code, and few are Japanese kana."""
    text = " ".join(str(value) for row in rows for value in row.values())
    han, kana = len(HAN.findall(text)), len(KANA.findall(text))
    return han > 0 and han >= 0.2 * sum(map(str.isalpha, text)) and kana < 0.1 * han


def row_text(row: Row) -> str:
    """A row on one line, each column shortened."""
    room = WIDTH // max(1, len(row))
    return " | ".join(f"{column}: {shorten(str(value), room, placeholder=' ...')}" for column, value in row.items())


def bring(path: Path, to: Path) -> str:
    """Copy a file or folder into data/raw of a project; returns its path there."""
    target = to / RAW / path.resolve().name
    target.parent.mkdir(parents=True, exist_ok=True)
    if path.resolve() == target.resolve():
        return str(target.relative_to(to))
    if path.is_dir():
        shutil.rmtree(target, ignore_errors=True)
        ignored = shutil.ignore_patterns(".git", "__pycache__")
        shutil.copytree(path, target, ignore=ignored, ignore_dangling_symlinks=True)
    else:
        target.unlink(missing_ok=True)  # DVC may have linked it to its cache
        shutil.copy2(path, target)
    return str(target.relative_to(to))


def mapping(text: str) -> dict[str, str]:
    """'instruction=question,context,response=answer' as a mapping, of which a column may join several fields; a Problem
    when it is none."""
    found, last = dict[str, str](), ""
    for part in filter(str.strip, text.split(",")):
        name, sign, field = map(str.strip, part.partition("="))
        if sign and name and field:
            found[name] = field
        elif sign or not found:
            raise Problem(
                f"columns {text!r}: {part.strip()!r} is no mapping; write instruction=question,response=answer"
            )
        else:
            found[last] += f",{name}"
        last = name if sign else last
    return found


def require_joined(columns: Collection[str], methods: Collection[str]) -> None:
    """A Problem for seeds with a column input that no prompt of these methods shows a model."""
    if "input" in columns and "tegit" not in methods:
        joined = "join it to the instruction, as --seed-columns instruction=question,context,response=answer"
        raise Problem(f"no prompt of {', '.join(methods)} reads a column input; {joined}")


def require_here(corpus: str, seeds: str) -> None:
    """A Problem for a corpus or seeds that are not on this machine, or are one and the same."""
    if remote := next(filter(is_remote, (corpus, seeds)), ""):
        advice = "download it and name the file, or begin with a sample and write the address as `source:` afterwards"
        raise Problem(f"{remote} is not on this machine, and `baleen new` copies what it reads; {advice}")
    if corpus != PYTHON and Path(corpus).resolve() == Path(seeds).resolve():
        raise Problem(f"{corpus} is named as corpus and as seeds; a corpus is texts alone, seeds are pairs that teach")


def require_outside(project: Path, sources: Iterable[str]) -> None:
    """A Problem when a project lies in a folder that would be copied into it."""
    for source in map(Path, sources):
        if source.is_dir() and project.resolve().is_relative_to(source.resolve()):
            raise Problem(f"{project} lies inside {source}, which is copied into it; name a folder outside of it")


def usual(corpus: Own, count: int) -> str:
    """How many of the first documents have a length of which `count` are drawn; none at all is a Problem."""
    looked = [*islice(kept_rows(options_of(corpus, "web")), LOOKED_AT)]
    conditions = [parse_condition(text) for text in USUAL]
    fit = sum(all(not one.reason(row) for one in conditions) for row in looked)
    found = f"{fit} of the first {len(looked)} documents have {SHORTEST} to {LONGEST} characters"
    if not fit:
        raise Problem(
            f"{corpus.path}: {found}, of which --documents draws; leave it out, or bring texts cut in passages"
        )
    enough = fit >= count or len(looked) == LOOKED_AT
    return f"corpus: {found}; {f'{count} are drawn by chance' if enough else f'all are taken, not {count}'}"


def split(project: Path, seeds: Own, held_out: float, taught: float) -> str:
    """How many seeds there are to train on, how many are held out to test on and, between both shares, to calibrate
    scores; none on a side is a Problem."""
    asked = {str(row["id"]): chance(str(row["instruction"])) for row in kept_rows(options_of(seeds, "seed"))}
    with chdir(project):
        dev = float(recipes.groups(recipes.files())["losses"].values["dev"])
    tested = {own for own, place in asked.items() if place < held_out}
    held, between = len(tested), sum(held_out <= place < taught for place in asked.values())
    left = len(asked) - held - between
    if not held or not between or not left:
        shares = f"{left} would be to train on, {between} to calibrate scores on and {held} held out"
        raise Problem(f"{seeds.path}: of {len(asked)} seeds {shares}, and none may be 0; bring more, some 50 at least")
    return f"seeds: {left} to train on, {between} to calibrate scores on, {held} held out{sides(tested, dev)}"


def sides(held_out: Collection[str], dev: float) -> str:
    """How many held-out rows choices are made by, and how many the result is measured on; or that they are too few."""
    if not is_divided(held_out, dev):
        return f", {UNDIVIDED}"
    chosen = sum(side(own, dev) == DEV for own in held_out)
    return f": {chosen} to choose by (dev), {len(held_out) - chosen} to test on"
