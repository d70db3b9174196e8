"""Ingest: records as rows of ours, cut, cleaned, and each of them kept or dropped with its reason."""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice
from typing import Any

from baleen.errors import Problem
from baleen.tables.duplicates import without_duplicates
from baleen.tables.fields import CONTENT, Mapping, values
from baleen.tables.ingest_options import OURS, IngestOptions
from baleen.tables.pages import begins_as_page
from baleen.tables.records import Record
from baleen.tables.rows import LONE_SURROGATE, Output, Row, row_id
from baleen.tables.sections import LIMITS, Piece, document_text, pieces
from baleen.tables.trees import MAPPED

NEEDED = ("instruction", "response", "draft", "reference")  # may not be empty
BREAK = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
CONTROL = re.compile("\x1b\\[[\\d;]*[A-Za-z]|[\x00-\x08\x0e-\x1f\x7f-\x9f\ufeff]")
UNPRINTABLE = bytes({*range(0x20), 0x7F} - {*b"\n\t"})  # of ASCII


def ingest(records: Iterable[Record], o: IngestOptions, output: Output, notes: Counter[str]) -> None:
    """Keep or drop a row for each record, or for each of its segments; nothing kept is a Problem."""
    passed = Counter(documents=0, segments=0)
    judged = judged_rows(islice(records, o.limit or None), o, notes, passed)
    for row, reason, counted in without_duplicates(judged, o.deduplicate, o.near_threshold, whole_text):
        if reason:
            output.drop(row, reason, counted)
        else:
            output.keep(row)
    finish(o, output, passed, notes)


def finish(o: IngestOptions, output: Output, passed: Counter[str], notes: Counter[str]) -> None:
    """Write what was counted to the notes of the output; a Problem when no row is left."""
    output.notes |= {**passed, **dict(sorted(notes.items()))}
    if not output.kept.rows:
        reasons = [f"{n} {reason}{limit_of(reason, o)}" for reason, n in sorted(output.reasons.items())]
        why = ", ".join(reasons) or "it is empty"
        raise Problem(
            f"no row left from {o.place} ({passed['documents']} records; {why}); correct the source or the limits"
        )


def judged_rows(
    records: Iterable[Record], o: IngestOptions, notes: Counter[str], passed: Counter[str]
) -> Iterator[tuple[Row, str]]:
    """The rows of all records, each with the reason why it is refused or ''; `passed` counts records and rows."""
    for record in records:
        passed["documents"] += 1
        for row, reason in rows_of(record, o, notes):
            passed["segments"] += 1
            if not reason and is_undeclared_page(row, record, o):
                notes["html_taken_for_text"] += 1
            yield row, reason


def whole_text(row: Row) -> str:
    """What near duplicates have in common."""
    return "\n".join(content(row).values())


def limit_of(reason: str, o: IngestOptions) -> str:
    """The setting that a reason applies, with its value: ' (max_chars 3000)'."""
    return f" ({LIMITS[reason]} {getattr(o, LIMITS[reason])})" if reason in LIMITS else ""


def is_undeclared_page(row: Row, record: Record, o: IngestOptions) -> bool:
    """True for a response that begins as an HTML page, where neither the file nor a setting says what it is."""
    return not record.markup and "response" not in o.text_kinds and begins_as_page(row.get("response") or "")


def rows_of(record: Record, o: IngestOptions, notes: Counter[str]) -> Iterator[tuple[Row, str]]:
    """The rows of one record, each with the reason why it is refused or ''."""
    mapping = o.mapping or Mapping(MAPPED if o.trees else default_columns(record, bool(o.part)))
    if record.reason:
        yield refused(record, o, mapping, record.reason)
        return
    rows = values(record, mapping, notes)
    if not rows:
        yield refused(record, o, mapping, "no exchange")
    most, text_kinds = o.max_document_mb * 1e6, o.text_kinds
    for columns, place in rows:
        if any([isinstance(text, str) and len(text) > most for text in columns.values()]):
            yield refused(record, o, mapping, "too large")
            continue
        for column in text_kinds.keys() & columns.keys() - {"response"} if text_kinds else ():
            columns[column] = document_text(columns[column] or "", text_kinds[column])
        markup = text_kinds.get("response", record.markup)
        text = clean(columns.get("response"), o.normalise and markup != "html")
        others = {column: clean(each, o.normalise) for column, each in columns.items() if column != "response"}
        # a row without a response is one good piece; so is a generated one of a prompt that writes something else
        alone = text is None or (o.part and not text)
        for piece in [Piece("")] if alone else pieces(text, markup, o.rules, o.cut("instruction" in columns)):
            done = piece.text is text and markup != "html"  # no need to clean it again
            mine = {"response": text if done else clean(piece.text, o.normalise)} if "response" in columns else {}
            row = row_of(record, o, columns | others | mine, piece.span or place)
            empty = "" if o.part else emptiness(row, o.origin)  # a generated row has what it needs
            yield row, piece.reason or empty


def refused(record: Record, o: IngestOptions, mapping: Mapping, reason: str) -> tuple[Row, str]:
    """The row of a record that gives none, in which nothing is kept; in a seed that is a Problem, as seeds are few."""
    if reason == "no exchange" and o.origin == "seed":
        raise Problem(f"{record.place}: the seed has no question with an answer; write both or delete the seed")
    return row_of(record, o, dict.fromkeys(mapping.columns), None), reason


def default_columns(record: Record, generated: bool) -> dict[str, str]:
    """What columns mean when none are given: a document is a response, a generated row has our names already."""
    if record.markup or record.reason:
        return {"response": "text"}
    if generated or "response" in record.fields or "instruction" in record.fields:
        return {name: name for name in record.fields}
    hint = "say which field is which column, for example --columns.response text"
    raise Problem(f"{record.place}: {hint}; there are {', '.join(record.fields) or 'no fields'}")


@lru_cache(1)
def file_name(file: str) -> str:
    """The name of a file as a table can hold it."""
    return LONE_SURROGATE.sub("\ufffd", file)


def row_of(record: Record, o: IngestOptions, columns: Row, span: str | None) -> Row:
    """A row of ours; its id depends on its content, or on its place when nothing of it was kept."""
    texts = list(content(columns).values()) if any(columns.values()) else [record.file, str(record.position)]
    licence = record.licence or o.licence or None
    source = {"file": file_name(record.file), "position": record.position, "span": span, "licence": licence}
    return {"id": row_id(*texts), "origin": o.origin, "source": source, **columns}


def content(columns: Row) -> dict[str, str]:
    """The texts that make a row what it is: instruction, input, response ..., else all its texts by name."""
    names = [name for name in CONTENT if name in columns] or sorted(set(columns) - set(OURS))
    return {name: columns[name] if isinstance(columns[name], str) else json.dumps(columns[name]) for name in names}


def emptiness(row: Row, origin: str) -> str:
    """'empty' when a text that is needed is empty; in a seed that is a Problem, because seeds are few."""
    names = [name for name in NEEDED if name in row] or list(content(row))
    empty = [name for name in names if not row[name]]
    if empty and origin == "seed":
        place = f"{row['source']['file']}:{row['source']['position']}"
        raise Problem(f"{place}: the seed has an empty {empty[0]}; write one or delete the seed")
    return "empty" if empty and (names[0] in NEEDED or len(empty) == len(names)) else ""


def clean(value: Any, normalise: bool) -> Any:
    """Text without lone surrogates; if asked, in NFC with \\n line ends, no control characters, no space at ends."""
    if isinstance(value, list):
        return [clean(item, normalise) for item in value]
    if not isinstance(value, str):
        return value
    printable = is_printable(value)  # most texts are, and need no search
    text = value if printable else LONE_SURROGATE.sub("\ufffd", value)
    return normal_text(text, printable) if normalise else text


def is_printable(text: str) -> bool:
    """Whether `str.isprintable` holds for a text without its line feeds and tabs."""
    if text.isascii():  # half the time
        data = text.encode()
        return len(data.translate(None, UNPRINTABLE)) == len(data)
    return text.replace("\n", "").replace("\t", "").isprintable()


def normal_text(text: str, printable: bool) -> str:
    """Text in NFC with \\n line ends, without control characters and space at ends; a printable one has no controls."""
    text = unicodedata.normalize("NFC", text)
    if not printable:
        text = CONTROL.sub("", BREAK.sub("\n", text))
    elif " \n" not in text and "\t\n" not in text:
        return text.rstrip(" \t\n").strip("\n") if text[-1:] in " \t\n" else text.lstrip("\n")
    return "\n".join(line.rstrip() for line in text.split("\n")).strip("\n")
