"""Readers: the bytes of one file in one format as records, one at a time.

Memory stays within a few times the largest document allowed; a Parquet file inside an archive or a compressed file is
read whole. A record that is too large arrives without fields, with its reason.
"""

import html
import io
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import PurePosixPath

from baleen.tables.arrow_rows import parquet_rows
from baleen.tables.delimited_files import delimited_rows
from baleen.tables.encodings import declared_encoding, decoded_chunks
from baleen.tables.front_matter import split_front_matter
from baleen.tables.json_files import json_lines, json_values
from baleen.tables.records import OpenFile, Record


def whole_document(opened: OpenFile, markup: str) -> Iterator[Record]:
    """A file that is one document: its `text` as written and its `title`."""
    content = opened.file.read(opened.limit + 1)
    if len(content) > opened.limit:
        yield Record(opened.name, 1, {}, markup, reason="too large")
        return
    encoding = declared_encoding(content) if markup == "html" and opened.encoding == "utf-8" else opened.encoding
    text = "".join(decoded_chunks(replace(opened, file=io.BytesIO(content), encoding=encoding)))
    yield Record(opened.name, 1, {"text": text, "title": document_title(text, markup, opened.name)}, markup)


def document_title(text: str, markup: str, name: str) -> str:
    """The title that the document states (<title>, front matter, a header on the first line), else the file's name."""
    stated, body = split_front_matter(text[:40_000].replace("\r\n", "\n")) if markup == "markdown" else ("", text)
    pattern = {"html": r"(?is)<title[^>]*>(.*?)</title", "markdown": r"\s*#{1,6}[ \t]+(.*?)[ \t#]*(?:\n|\Z)"}.get(
        markup
    )
    title = pattern and (re.search if markup == "html" else re.match)(pattern, body[:20_000])
    words = stated or (" ".join(html.unescape(title[1]).split()) if title else "")
    return words or PurePosixPath(name.rpartition("!")[2]).name.partition(".")[0]


READERS: dict[str, Callable[[OpenFile], Iterable[Record]]] = {
    "jsonl": json_lines,
    "json": json_values,
    "parquet": parquet_rows,
    "csv": partial(delimited_rows, delimiter=","),
    "tsv": partial(delimited_rows, delimiter="\t"),
    "text": partial(whole_document, markup="text"),
    "markdown": partial(whole_document, markup="markdown"),
    "html": partial(whole_document, markup="html"),
}
KINDS = {
    "jsonl": ".jsonl .ndjson",
    "json": ".json",
    "parquet": ".parquet",
    "csv": ".csv",
    "tsv": ".tsv",
    "text": ".txt .text .rst",
    "markdown": ".md .markdown",
    "html": ".html .htm .xhtml",
}
SUFFIXES = {suffix: kind for kind, suffixes in KINDS.items() for suffix in suffixes.split()}
RECORDS = ("jsonl", "json", "parquet", "csv", "tsv")  # kinds of files that hold many records, not one document
