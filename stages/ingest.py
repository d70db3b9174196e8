"""ingest: files -> Table. Read a corpus or seeds in the formats people have, cut, clean, and drop what came before.

Every record (or segment) is kept, or dropped with its reason; texts pass through one at a time, only the index of
duplicates stays in memory (baleen.tables.duplicates says what it costs).
"""

import codecs
import json
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from baleen.errors import Problem, unknown
from baleen.project.command_line import run
from baleen.project.options import options_of_run
from baleen.project.settings import REQUIRED, setting
from baleen.tables.duplicates import duplicate_checker
from baleen.tables.readers import READERS, Record
from baleen.tables.rows import LONE_SURROGATE, NUMBER, TEXT, TYPES, Output, Row, row_id, table_path
from baleen.tables.sections import Piece, Rules, checked_piece, document_text, segments
from baleen.tables.sources import Source, records

CONTENT = ("instruction", "input", "response", "draft", "reference")  # what makes the id, and must be text
NEEDED = ("instruction", "response", "draft", "reference")  # may not be empty
OURS = ("id", "origin", "source", "lineage", "reason")
PAGE = re.compile(r"\s*(?:<\?xml[^>]*>\s*)?<(?:!doctype html|html|head|body)\b", re.IGNORECASE)
PART = re.compile(r"\s*<(?:article|blockquote|div|h[1-6]|main|ol|p|pre|section|table|ul)\b", re.IGNORECASE)
BREAK = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ufeff]")


@dataclass
class IngestOptions:
    """Settings of the ingest verb."""

    source: str = setting("", "file, folder, glob or archive; or one of hub, python and part")
    hub: str = setting("", "data set of the Hugging Face hub, owner/name, or a folder that `load_dataset` reads")
    revision: str = setting("", "commit of the data set")
    config: str = setting("", "configuration of the data set")
    python: str = setting("", "docs: the documentation that comes with this Python")
    origin: str = setting(REQUIRED, "seed, web, heldout ...")
    columns: dict[str, str] = setting({}, "our column: field; `a.0.b` reaches inside, `a,b` joins, `a?` may be absent")
    match: str = setting("", "glob for names inside a folder or an archive, such as *.md")
    kind: str = setting("", f"{', '.join(READERS)}; '' is by suffix")
    encoding: str = setting("utf-8", "of the files; a page that declares another is read in that one")
    licence: str = setting("", "of the texts, where the source does not tell")
    split: str = setting("", "split of a data set")
    part: str = setting("", "part of a generated world, such as web or crab.pages")
    world: int = setting(0, "number of the generated world")
    rows: int = setting(0, "rows of a generated world")
    noise: float = setting(0.6, "share of useless documents in a generated world")
    segment: bool = setting(False, "cut Markdown and HTML responses into sections")
    header_rules: bool = setting(True, "refuse segments with empty, capital or navigation headers")
    min_chars: int = setting(0, "characters in a response")
    max_chars: int = setting(0, "characters in a response; 0 is no limit")
    min_line_chars: int = setting(0, "characters in each line that is not blank")
    max_repetition: float = setting(1.0, "Jaccard index of the 3-grams of two sentences; 1 is no limit")
    deduplicate: str = setting("exact", "exact, near (exact too), or '' to keep copies")
    near_threshold: float = setting(0.8, "Jaccard index of 5-grams from which texts are near duplicates")
    max_document_mb: float = setting(10.0, "larger documents are dropped")
    normalise: bool = setting(True, "Unicode NFC, no control characters, no space at line ends")
    limit: int = setting(0, "only the first records, for a look; 0 is all")


def check(options: IngestOptions, where: str) -> None:
    """A Problem for settings that cannot be meant."""
    o, kinds = options, ["", *READERS]
    try:
        codecs.lookup(o.encoding).name.encode(o.encoding)
    except LookupError:
        known = "utf-8, utf-16, latin-1 or gb18030"
        raise Problem(f"{where}: unknown encoding {o.encoding!r}; write for example {known}") from None
    places = [name for name in ("source", "hub", "python", "part") if getattr(o, name)]
    wrong = {
        "setting 'source' is missing; write source, hub, python or part": not places,
        f"{' and '.join(places)} are two sources; write one of them": len(places) > 1,
        unknown("kind", o.kind, kinds[1:]): o.kind not in kinds,
        unknown("deduplicate", o.deduplicate, ["exact", "near", "''"]): o.deduplicate not in ("", "exact", "near"),
        f"near_threshold {o.near_threshold} must be above 0 and at most 1, like 0.8": not 0 < o.near_threshold <= 1,
        f"max_repetition {o.max_repetition} must be from 0 to 1, like 0.8": not 0 <= o.max_repetition <= 1,
        f"max_chars {o.max_chars} is below min_chars {o.min_chars}": 0 < o.max_chars < o.min_chars,
        f"max_document_mb {o.max_document_mb} must be above 0": not 0 < o.max_document_mb < math.inf,
        f"limit {o.limit} must be 0 or more": o.limit < 0,
    } | {f"column {c!r} is filled by ingest; choose another name": c in OURS for c in o.columns}
    for words in (words for words, is_wrong in wrong.items() if is_wrong):
        raise Problem(f"{where}: {words}")


def source_of(o: IngestOptions) -> Source:
    limit = int(o.max_document_mb * 1e6)
    return Source(
        o.source, o.match, o.kind, o.encoding, limit, o.split, o.part, o.rows, o.noise,
        o.world, o.hub, o.revision, o.config, o.python, o.licence
    )  # fmt: skip


def ingest(found: Iterable[Record], o: IngestOptions, output: Output) -> None:
    """Keep or drop a row for each record, or for each of its segments; nothing kept is a Problem."""
    seen, documents, pieces = duplicate_checker(o.deduplicate, o.near_threshold), 0, 0
    for record in islice(found, o.limit or None):
        documents += 1
        for row, reason in rows_of(record, o):
            pieces += 1
            reason, counted = (reason, reason) if reason else seen(row["id"], "\n".join(content(row).values()))
            if reason:
                output.drop(row, reason, counted)
            else:
                output.keep(row)
    output.notes |= {"documents": documents, "segments": pieces}
    if not output.kept.rows:
        place = o.source or o.hub or o.python or o.part
        told = ", ".join(f"{count} {reason}" for reason, count in sorted(output.reasons.items())) or "it is empty"
        raise Problem(f"no row left from {place} ({documents} records; {told}); correct the source or the limits")


def rows_of(record: Record, o: IngestOptions) -> Iterator[tuple[Row, str]]:
    """The rows of one record, each with the reason why it is refused or ''."""
    columns = o.columns or default_columns(record, bool(o.part))
    if record.reason:
        yield row(record, o, dict.fromkeys(columns), None), record.reason
        return
    values = {column: value(record, column, field) for column, field in columns.items()}
    if any(len(text) > o.max_document_mb * 1e6 for text in values.values() if isinstance(text, str)):
        yield row(record, o, dict.fromkeys(columns), None), "too large"
        return
    for piece in pieces_of(values, record.markup, o):
        whole = values | ({"response": piece.text} if "response" in values else {})
        made = row(record, o, {c: clean(v, o.normalise) for c, v in whole.items()}, piece.span)
        empty = "" if o.part else emptiness(made, o.origin)  # a generated row has what it needs
        yield made, piece.reason or empty


def pieces_of(values: Row, markup: str, o: IngestOptions) -> Iterator[Piece]:
    """The response as pieces that the rules have judged; rows without a response have one piece, always good, and so do
    generated rows with an empty one: lessons of prompts that write something else."""
    rules = Rules(o.min_chars, o.max_chars, o.min_line_chars, o.max_repetition, o.header_rules)
    text = clean(values.get("response"), o.normalise and markup != "html")
    if text is None or (o.part and not text):
        yield Piece("")
    elif o.segment:
        yield from segments(text, markup or markup_of(text), rules)
    else:
        yield checked_piece(Piece(document_text(text, markup)), rules)


def markup_of(text: str) -> str:
    """html for a text that begins as a page does, or begins and ends with tags of blocks; tags elsewhere are words."""
    return "html" if PAGE.match(text) or (PART.match(text) and text.rstrip().endswith(">")) else "markdown"


def default_columns(record: Record, generated: bool) -> dict[str, str]:
    """What columns mean when none are given: a document is a response, a generated row has our names already."""
    if record.markup:
        return {"response": "text"}
    if generated or "response" in record.fields or "instruction" in record.fields:
        return {name: name for name in record.fields}
    asked = "say which field is which column, for example --columns.response text"
    raise Problem(f"{record.file}:{record.position}: {asked}; there are {', '.join(record.fields) or 'no fields'}")


def row(record: Record, o: IngestOptions, values: Row, span: str | None) -> Row:
    """A row of ours; its id depends on its content, or on its place when nothing of it was kept."""
    texts = list(content(values).values()) if any(values.values()) else [record.file, str(record.position)]
    licence = record.licence or o.licence or None
    file = LONE_SURROGATE.sub("\ufffd", record.file)
    source = {"file": file, "position": record.position, "span": span, "licence": licence}
    return {"id": row_id(*texts), "origin": o.origin, "source": source} | values


def content(values: Row) -> dict[str, str]:
    """The texts that make a row what it is: instruction, input, response ..., else all its texts by name."""
    names = [name for name in CONTENT if name in values] or sorted(set(values) - set(OURS))
    return {name: values[name] if isinstance(values[name], str) else json.dumps(values[name]) for name in names}


def emptiness(row: Row, origin: str) -> str:
    """'empty' when a text that is needed is empty; in a seed that is a Problem, because seeds are few."""
    names = [name for name in NEEDED if name in row] or list(content(row))
    empty = [name for name in names if not row[name]]
    if empty and origin == "seed":
        place = f"{row['source']['file']}:{row['source']['position']}"
        raise Problem(f"{place}: the seed has an empty {empty[0]}; write one or delete the seed")
    return "empty" if empty and (names[0] in NEEDED or len(empty) == len(names)) else ""


def value(record: Record, column: str, field: str) -> Any:
    """What a record has for a column; several fields are joined by a blank line, empty ones left out."""
    names = [field] if field in record.fields else [name.strip() for name in field.split(",")]
    found = [typed(record, column, name, reached(record, name)) for name in names]
    return found[0] if len(found) == 1 else "\n\n".join(str(text) for text in found if text and str(text).strip())


def reached(record: Record, field: str) -> Any:
    """The value at a dotted path, None when a field with '?' is absent."""
    if field in record.fields:
        return record.fields[field]
    at: Any = record.fields
    for part in field.removesuffix("?").split("."):
        if isinstance(at, dict) and part in at:
            at = at[part]
        elif isinstance(at, list) and part.isdecimal() and int(part) < len(at):
            at = at[int(part)]
        elif field.endswith("?"):
            return None
        else:
            there = (
                ", ".join(map(str, at)) if isinstance(at, dict) else f"{len(at)} items" if isinstance(at, list) else at
            )
            hint = f"there {'is' if isinstance(at, str) else 'are'} {there or 'no fields'}"
            raise Problem(
                f"{record.file}:{record.position} has no field {field!r}; {str(hint)[:300]}; correct --columns"
            )
    return at


def typed(record: Record, column: str, field: str, found: Any) -> Any:
    """The value in the type of its column: text for content, a number for scores, text or a list of texts elsewhere."""
    kind, place = TYPES.get(column, TEXT), f"{record.file}:{record.position}: {field} = {str(found)[:60]!r}"
    if kind == NUMBER and found is not None:
        try:
            return float(found)
        except (TypeError, ValueError):
            raise Problem(f"{place} is no number, which column {column} needs") from None
    if isinstance(found, list) and column not in CONTENT and all(isinstance(item, str) for item in found):
        return found
    if kind not in (TEXT, NUMBER) and found is None:
        return None
    if kind not in (TEXT, NUMBER):
        raise Problem(f"{place} is no list of texts, which column {column} needs")
    if isinstance(found, bool | int | float) and column not in CONTENT:
        return json.dumps(found)
    if isinstance(found, str) or found is None:
        return found or ("" if kind == TEXT else None)
    hint = "map a field inside it" if isinstance(found, dict | list) else "choose another field"
    raise Problem(f"{place} is {type(found).__name__}, not text, which column {column} needs; {hint}")


def clean(value: Any, normalise: bool) -> Any:
    """Text without lone surrogates; if asked, in NFC with \\n line ends, no control characters, no space at ends."""
    if isinstance(value, list):
        return [clean(item, normalise) for item in value]
    if not isinstance(value, str):
        return value
    text = LONE_SURROGATE.sub("\ufffd", value)
    if normalise:
        text = CONTROL.sub("", BREAK.sub("\n", unicodedata.normalize("NFC", text)))
        text = "\n".join(line.rstrip() for line in text.split("\n")).strip("\n")
    return text


def names(options: IngestOptions) -> list[tuple[str, str]]:
    """The part of a generated world that the settings name."""
    return [("part", options.part)] * bool(options.part)


def main(argv: list[str]) -> None:
    """Read the options and the source, write data/<target>.parquet."""
    name, options = options_of_run(IngestOptions, argv, "ingest")
    check(options, f"ingest {name}")
    notes = Counter[str]()
    with Output(table_path(name)) as output:
        ingest(records(source_of(options), notes), options, output)
        output.notes |= notes


if __name__ == "__main__":
    run(main)
