"""Web archives (WARC): the pages and texts in one, each under its address; the position is the record's number."""

from collections.abc import Iterator
from typing import Any

from baleen.tables.encodings import declared_encoding, web_encoding
from baleen.tables.records import OpenFile, Record
from baleen.tables.titles import document_title

DOCUMENTS = ("response", "resource", "conversion")
MARKUPS = {"text/html": "html", "application/xhtml+xml": "html", "text/plain": "text", "text/markdown": "markdown"}


def archived_pages(opened: OpenFile) -> Iterator[Record]:
    """What servers sent: pages, and refused records for errors, pictures and what was sent before; requests and
    descriptions of the crawl are no documents."""
    from warcio.archiveiterator import ArchiveIterator

    for number, record in enumerate(ArchiveIterator(opened.file), 1):
        if record.rec_type in (*DOCUMENTS, "revisit"):
            address = record.rec_headers.get_header("WARC-Target-URI") or ""
            yield archived_page(opened, number, f"{opened.name}!{address}", record)


def archived_page(opened: OpenFile, number: int, name: str, record: Any) -> Record:
    """The record of one answer of a server."""
    headers = record.http_headers or record.rec_headers
    kind, _, parameters = (headers.get_header("Content-Type") or "").lower().partition(";")
    markup, status = MARKUPS.get(kind.strip(), ""), record.http_headers and record.http_headers.get_statuscode()
    content = record.content_stream().read(opened.limit + 1)
    refusals = {
        "revisit": record.rec_type == "revisit",
        f"HTTP {status}": bool(status) and not str(status).startswith("2"),
        "no text": not markup,
        "too large": len(content) > opened.limit,
    }
    if reason := next((reason for reason, holds in refusals.items() if holds), ""):
        return Record(name, number, {}, markup, reason=reason)
    charset = parameters.partition("charset=")[2].partition(";")[0].strip(" \"'")
    try:
        text = content.decode(header_encoding(charset) or declared_encoding(content)).removeprefix("\ufeff")
    except UnicodeError:
        return Record(name, number, {}, markup, reason="wrong encoding")
    fields = {"text": text, "title": document_title(text, markup, name), "url": name.partition("!")[2]}
    return Record(name, number, fields, markup)


def header_encoding(charset: str) -> str:
    """The encoding that the header of an answer names, '' for none that is known: the page may declare one."""
    try:
        return web_encoding(charset) if charset else ""
    except LookupError:
        return ""
