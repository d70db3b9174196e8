"""The first records of every source, read as `ingest` would: what is wrong with a mapping is told before a build."""

from collections.abc import Iterable, Iterator
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

from baleen.errors import Problem
from baleen.measures.words import tokens
from baleen.models.pins import PLACES
from baleen.project import lookup
from baleen.project.layers import Project
from baleen.project.recipes import Line
from baleen.tables.ingest_options import check as check_options
from baleen.tables.rows import Row
from baleen.tables.sources import kept_rows
from stages import verbs

FIRST = 20  # records of each source
LARGE = 200_000_000  # bytes of an archive that is unpacked as a whole
SAMPLE = 500  # texts of the generated world that stand for its words: 0.2 s
KNOWN = 0.55  # share of a source's words that they have: 0.78 of the world's own documents, 0.34 of a README


def check(lines: Iterable[Line], project: Project) -> None:
    """A Problem for the first source whose first records cannot be read with its mapping, or that has other words than
    the texts that a new model is to learn its words from."""
    tables = {line.name: verbs.resolved(line, project) for line in lines if line.verb == "ingest"}
    firsts = dict[str, list[Row]]()
    for line in (line for line in lines if line.name in tables and opened(tables[line.name])):
        try:
            firsts[line.name] = list(first_rows(tables[line.name]))
        except Problem as problem:
            raise line.located(problem) from None
    for line in (line for line in lines if starts_anew(line, project)):
        read = tables.get(str(line.given["input"]))
        if read and read.part:
            check_words(line, read, firsts)


def opened(options: Any) -> bool:
    """Whether a source is a file or folder that is there, and no large archive."""
    path = Path(options.source or options.hub)
    archive = any(suffix in path.name for suffix in (".tar", ".tgz", ".zip"))
    return not options.part and path.exists() and not (archive and path.stat().st_size > LARGE)


def first_rows(options: Any) -> Iterator[Row]:
    """The rows of the first records that are not refused."""
    check_options(options, "ingest")
    return kept_rows(options, FIRST)


def starts_anew(line: Line, project: Project) -> bool:
    """Whether a line trains a model that has no weights and no words yet."""
    return (
        line.verb == "train"
        and line.given.get("base") == "origin"
        and not {*PLACES} - {"fresh"} & {*project.profile.get("origin", {})}
    )


def check_words(line: Line, read: Any, firsts: dict[str, list[Row]]) -> None:
    """A Problem when most words of a source are none of those that a new model is to learn."""
    texts = islice(import_module(lookup.WORLD).records(read.part, read.world, read.rows, read.noise), SAMPLE)
    known = {word for row in texts for word in words_of(row)}
    for name, table in firsts.items():
        words = [word for row in table for word in words_of(row)]
        share = sum(word in known for word in words) / len(words) if words else 1.0
        if share < KNOWN:
            raise Problem(
                f"{line.where}: {line.given['input']} is text of the generated world, and {share:.0%} of the words of "
                f"{name} are in it; give {line.given['input']} a source too, such as that of {name}"
            )


def words_of(row: Row) -> Iterator[str]:
    return (word for name in ("instruction", "response") for word in tokens(str(row.get(name) or "")))
