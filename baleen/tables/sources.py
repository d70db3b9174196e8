"""Sources: as records whatever is there: a file, a folder, a glob, an archive, a file on S3 or on the web, a saved data
set, a data set of the hub, the documentation of Python, or a part of a generated world."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from itertools import islice
from pathlib import Path, PurePosixPath

from baleen.errors import Problem
from baleen.project import inputs
from baleen.project.graph import is_remote
from baleen.project.lookup import WORLD
from baleen.tables.archives import DAMAGE, PACKED, damage_problem, decompress
from baleen.tables.fields import Mapping
from baleen.tables.files import Entry, chosen_entries, files_below, open_files
from baleen.tables.hub_datasets import hub_records, is_saved, saved_records
from baleen.tables.ingest import rows_of
from baleen.tables.ingest_options import IngestOptions
from baleen.tables.python_docs import python_docs
from baleen.tables.readers import READERS, RECORDS, SUFFIXES
from baleen.tables.records import OpenFile, Record
from baleen.tables.rows import TYPES, Row
from baleen.tables.splits import SIDECAR, file_kind
from baleen.tables.trees import WANTED, pairs

MESSAGES = 100  # of a tree, at most, where only the first trees are looked at


def records(o: IngestOptions, notes: Counter[str], messages: int | None = None) -> Iterator[Record]:
    """All records of a source in order; `notes` counts the files that were read and those of no known kind. Of flat
    messages, which are read to their end before there is a tree, at most so many are looked at."""
    every = every_record(o, notes)
    return pairs(islice(every, messages), o.trees, notes) if o.trees else every


def every_record(o: IngestOptions, notes: Counter[str]) -> Iterator[Record]:
    """All records of a source as its readers give them."""
    if is_of_files(o):
        return file_records(o, notes)
    if o.python:
        return python_docs(o.python)
    if o.part:
        return world_records(o)
    wanted = wanted_fields(o)
    return hub_records(o, wanted) if o.hub else saved_records(Path(o.source), o, wanted)


def wanted_fields(o: IngestOptions) -> frozenset[str] | None:
    """The dotted paths of the fields that are read, None for all."""
    return WANTED if o.trees else Mapping(o.columns).wanted


def is_of_files(o: IngestOptions) -> bool:
    """Whether a source is files that are read one after the other, each by the reader of its kind."""
    if o.hub:
        return is_folder_of_tables(o.hub) and not o.revision
    if o.python or o.part:
        return False
    return is_remote(o.source) or not is_saved(inputs.reads(Path(o.source)))


def kept_rows(o: IngestOptions, count: int | None = None) -> Iterator[Row]:
    """The rows that `ingest` would keep of the first records, of all of them without a count; copies are among them."""
    notes = Counter[str]()
    looked = islice(records(o, notes, count and MESSAGES * count), count)
    return (row for record in looked for row, reason in rows_of(record, o, notes) if not reason)


def is_folder_of_tables(hub: str) -> bool:
    """Whether a data set is a folder here that holds tables and no code: its own readers name every place."""
    names = [file.name for file in files_below(Path(hub), Counter())] if Path(hub).is_dir() else []
    data = [name for name in names if not SIDECAR.fullmatch(name)]
    return bool(data) and all(file_kind(name) in RECORDS for name in data)


@dataclass
class Kinds:
    """The kinds of the files that were read, and how many of no known kind there are of each suffix."""

    read: set[str] = field(default_factory=set)
    unknown: Counter[str] = field(default_factory=Counter)


def file_records(o: IngestOptions, notes: Counter[str]) -> Iterator[Record]:
    """Records of every file that has a reader; other files are skipped and counted, a Problem when no file has one."""
    kinds = Kinds()
    yield from records_of(chosen_entries(o, notes), o, notes, kinds)
    check_kinds(o, notes, kinds)


def records_of(entries: Iterable[Entry], o: IngestOptions, notes: Counter[str], kinds: Kinds) -> Iterator[Record]:
    """Records of some of the files of a source; which kinds they are of is noted."""
    wanted = wanted_fields(o)
    for name, file in (opened for entry in entries for opened in open_files(entry, o, notes)):
        kind = o.file_kind or file_kind(name)
        if not kind:
            kinds.unknown[PurePosixPath(name).suffix or "no suffix"] += 1
            continue
        notes["files"] += 1
        kinds.read.add(kind)
        try:
            content = decompress(file, name)
            opened = OpenFile(name, content, o.encoding, o.document_bytes, wanted, o.separator, o.quoting, o.field)
            yield from READERS[kind](opened)
        except (*DAMAGE, OSError) as error:
            raise damage_problem(name, error) from None


def check_kinds(o: IngestOptions, notes: Counter[str], kinds: Kinds) -> None:
    """Count the files of no known kind; a Problem when no file could be read, or for a setting without effect."""
    notes["files_passed_over"] += kinds.unknown.total()
    if not kinds.read:
        raise nothing_to_read(o.place, kinds.unknown, notes)
    if o.field and "json" not in kinds.read:
        raise Problem(f"{o.place} holds no JSON, so --field {o.field} has no effect; take it out, or set --kind json")
    if (given := o.separator or o.quoting) and not kinds.read & {"csv", "tsv"}:
        raise Problem(f"{o.place} holds no CSV or TSV, so {given!r} has no effect; take it out, or set --kind")


def nothing_to_read(source: str, unknown: Counter[str], notes: Counter[str]) -> Problem:
    suffixes = [f"{count} {suffix}" for suffix, count in sorted(unknown.items())]
    links = [f"{notes['dead_links']} links to nothing"] if notes["dead_links"] else []
    there = ", ".join(suffixes + links) or "no files"
    known = f"known are {' '.join(SUFFIXES)}, each also with {' '.join(PACKED)}"
    return Problem(f"nothing to read in {source} ({there}); {known}; or set --kind, one of {', '.join(READERS)}")


def world_records(o: IngestOptions) -> Iterator[Record]:
    """Rows of a part of a generated world; a text that a lesson does not use is empty there."""
    rows = import_module(WORLD).records(o.part, o.world, o.rows, o.noise)
    for number, row in enumerate(rows, 1):
        filled = {name: "" if value is None and name not in TYPES else value for name, value in row.items()}
        yield Record(f"{WORLD} {o.world}", number, filled)
