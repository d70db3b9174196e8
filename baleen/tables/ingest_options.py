"""The settings of the verb ingest, and what of them cannot be meant."""

import codecs
import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from baleen.errors import Problem, unknown
from baleen.project.settings import REQUIRED, setting
from baleen.tables.chats import TURNS
from baleen.tables.delimited_files import QUOTING, separator_of
from baleen.tables.fields import Mapping
from baleen.tables.readers import READERS
from baleen.tables.sections import LARGE, MARKUPS, Cut, Rules

OURS = ("id", "origin", "source", "lineage", "reason")
TEXTS = [*MARKUPS, "text"]
PLACES = ("source", "hub", "python", "part")


@dataclass
class IngestOptions:
    """Settings of the ingest verb."""

    source: str = setting("", "file, folder, glob, archive, s3:// or https://; or one of hub, python and part")
    hub: str = setting("", "data set of the Hugging Face hub, owner/name, or a folder that `load_dataset` reads")
    revision: str = setting("", "commit of the data set")
    config: str = setting("", "configuration of the data set")
    python: str = setting("", "docs: the documentation that comes with this Python")
    origin: str = setting(REQUIRED, "seed, web, heldout ...")
    columns: dict[str, str] = setting(
        {},
        "our column: field; `a.0.b` reaches inside, `a.user`, `a.assistant` and `a.system` the turns of a chat, "
        "`a,b` joins, `a?` may be absent",
    )
    turns: str = setting("", f"of a chat with several exchanges: {', '.join(TURNS)}; '' refuses it")
    trees: str = setting(
        "", "language of messages with replies, such as OpenAssistant's: en ..., or any; the reply of rank 0 is taken"
    )
    leave_out: list[str] = setting([], "fields that belong to an instruction, such as input, and are not read")
    match: str = setting("", "glob for names inside a folder or an archive, such as *.md")
    kind: Any = setting(
        "",
        f"of the files: {', '.join(READERS)}, '' is by suffix; or of the texts in columns ({', '.join(TEXTS)}), like "
        "{response: html}, beside {files: jsonl}",
    )
    encoding: str = setting("utf-8", "of the files; a page that declares another is read in that one")
    separator: str = setting("", "between the cells of a CSV or TSV: one character, or tab; '' is by kind")
    quoting: str = setting("", f"of cells: {', '.join(QUOTING)}; '' is double in a CSV and none in a TSV")
    field: str = setting("", "path of the records inside JSON files: data, or data.*.items; * is every item or value")
    licence: str = setting("", "of the texts, where the source does not tell")
    split: str = setting("", "split of a data set, several such as train+test, or all")
    part: str = setting("", "part of a generated world, such as web or crab.pages")
    world: int = setting(0, "number of the generated world")
    rows: int = setting(0, "rows of a generated world")
    noise: float = setting(0.6, "share of useless documents in a generated world")
    segment: bool = setting(False, "cut Markdown and HTML responses into sections")
    header_rules: bool = setting(True, "refuse segments with empty, capital or navigation headers")
    passage_chars: int = setting(
        4000, f"a text over {LARGE:,} characters is cut at headers and paragraphs into so many characters; 0 never"
    )
    min_chars: int = setting(0, "characters in a response")
    max_chars: int = setting(0, "characters in a response; 0 is no limit")
    min_line_chars: int = setting(0, "characters in each line that is not blank")
    max_repetition: float = setting(1.0, "Jaccard index of the 3-grams of two sentences; 1 is no limit")
    deduplicate: str = setting("exact", "exact, near (exact too), or '' to keep copies")
    near_threshold: float = setting(0.8, "Jaccard index of 5-grams from which texts are near duplicates")
    max_document_mb: float = setting(10.0, "larger documents are dropped")
    normalise: bool = setting(True, "Unicode NFC, no control characters, no space at line ends")
    limit: int = setting(0, "only the first records, for a look; 0 is all")

    @property
    def place(self) -> str:
        """The source, whichever kind it is of."""
        return self.source or self.hub or self.python or self.part

    @property
    def file_kind(self) -> str:
        """The kind of all files, '' where each suffix says it."""
        return str(self.kind.get("files", "") if isinstance(self.kind, dict) else self.kind)

    @cached_property
    def text_kinds(self) -> dict[str, str]:
        """What the texts of columns are, where a setting says so."""
        if not isinstance(self.kind, dict):
            return {}
        return {column: kind for column, kind in self.kind.items() if column != "files"}

    @cached_property
    def mapping(self) -> Mapping | None:
        """What is mapped; None where `columns` is not given and each record says it by its names."""
        return Mapping(self.columns, self.turns, tuple(self.leave_out)) if self.columns else None

    @cached_property
    def rules(self) -> Rules:
        """The bounds of a response."""
        limits = (self.min_chars, self.max_chars, self.min_line_chars, self.max_repetition)
        return Rules(*limits, self.header_rules, self.passage_chars)

    def cut(self, paired: bool) -> Cut:
        """How a response is cut into segments; that of a pair only where it is asked for."""
        if self.segment:
            return "headers"
        return "large" if self.passage_chars and not (self.part or self.python or paired) else "never"

    @property
    def document_bytes(self) -> int:
        return int(self.max_document_mb * 1e6)


NEEDS = {  # settings without effect on other kinds of sources
    "match": ("source",),
    "kind": ("source",),
    "encoding": ("source", "hub"),
    "separator": ("source", "hub"),
    "quoting": ("source", "hub"),
    "split": ("source", "hub"),
    "config": ("source", "hub"),
    "revision": ("hub",),
    "rows": ("part",),
    "noise": ("part",),
}
OF_RESPONSES = ("segment", "min_chars", "max_chars", "min_line_chars", "max_repetition")  # without effect on others


def check(options: IngestOptions, where: str) -> None:
    """A Problem for settings that cannot be meant."""
    check_encoding(options.encoding, where)
    places = [name for name in PLACES if getattr(options, name)]
    for words in (words for words, is_wrong in mistakes(options, places).items() if is_wrong):
        raise Problem(f"{where}: {words}")
    for name in (name for name, kinds in NEEDS.items() if places[0] not in kinds):
        if (value := options.file_kind if name == "kind" else getattr(options, name)) != default(name):
            raise Problem(f"{where}: {name} {value} has no effect on the source {places[0]}; take it out")
    for name in OF_RESPONSES if options.columns and "response" not in options.columns else ():
        if (value := getattr(options, name)) != default(name):
            raise Problem(f"{where}: {name} {value} has no effect without the column response; map it or take this out")


def check_encoding(encoding: str, where: str) -> None:
    try:
        codecs.lookup(encoding).name.encode(encoding)
    except LookupError:
        known = "utf-8, utf-16, cp1252 or gb18030"
        raise Problem(f"{where}: unknown encoding {encoding!r}; write for example {known}") from None


def mistakes(o: IngestOptions, places: list[str]) -> dict[str, bool]:
    """What may be wrong with settings, and whether it is."""
    kinds, chats = ["", *READERS], [c for c in o.columns.values() if c.rstrip("?").endswith((".user", ".assistant"))]
    return {
        "setting 'source' is missing; write source, hub, python or part": not places,
        f"{' and '.join(places)} are two sources; write one of them": len(places) > 1,
        **odd("kind", o.file_kind, kinds),
        unknown("deduplicate", o.deduplicate, ["exact", "near", "''"]): o.deduplicate not in ("", "exact", "near"),
        **odd("turns", o.turns, ["", *TURNS]),
        f"turns {o.turns} has no effect; map a chat, such as --columns.response messages.assistant": bool(
            o.turns and not chats
        ),
        f"trees {o.trees} has no effect on a generated world or documents; take it out": bool(
            o.trees and (o.part or o.python)
        ),
        **odd("quoting", o.quoting, ["", *QUOTING]),
        f"separator {o.separator!r} must be one character, such as ';', or tab": len(separator_of(o.separator, ","))
        != 1,
        f"near_threshold {o.near_threshold} must be above 0 and at most 1, like 0.8": not 0 < o.near_threshold <= 1,
        f"max_repetition {o.max_repetition} must be from 0 to 1, like 0.8": not 0 <= o.max_repetition <= 1,
        f"max_chars {o.max_chars} is below min_chars {o.min_chars}": 0 < o.max_chars < o.min_chars,
        f"max_document_mb {o.max_document_mb} must be above 0": not 0 < o.max_document_mb < math.inf,
        f"passage_chars {o.passage_chars} must be 0 or more": o.passage_chars < 0,
        f"limit {o.limit} must be 0 or more": o.limit < 0,
        **{f"column {c!r} is filled by ingest; choose another name": c in OURS for c in o.columns},
        **{f"kind.{c}: {unknown('kind of text', str(k), TEXTS)}": k not in TEXTS for c, k in o.text_kinds.items()},
        **{f"kind: {unknown('column', c, [*o.columns])}": bool(o.columns) and c not in o.columns for c in o.text_kinds},
    }


def odd(what: str, name: str, known: list[str]) -> dict[str, bool]:
    """The mistake that a name is none of these; the closest one is looked for only then."""
    return {} if name in known else {unknown(what, name, [*filter(None, known)]): True}


def default(name: str) -> Any:
    """The default of a setting that is no list and no mapping."""
    return IngestOptions.__dataclass_fields__[name].default
