"""Readers: the bytes of one file in one format as records, one at a time.

Memory stays within a few times the largest document allowed; a Parquet file inside an archive or a compressed file is
read whole. A record that is too large arrives without fields, with its reason.
"""

import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial

from baleen.tables.arrow_rows import parquet_rows
from baleen.tables.delimited_files import delimited_rows
from baleen.tables.documents import DOCUMENT_KINDS, DOCUMENT_READERS
from baleen.tables.encodings import declared_encoding, decoded_chunks
from baleen.tables.json_files import json_lines, json_values
from baleen.tables.records import OpenFile, Record
from baleen.tables.titles import document_title


def whole_document(opened: OpenFile, markup: str) -> Iterator[Record]:
    """A file that is one document: its `text` as written and its `title`."""
    content = opened.file.read(opened.limit + 1)
    if len(content) > opened.limit:
        yield Record(opened.name, 1, {}, markup, reason="too large")
        return
    encoding = declared_encoding(content) if markup == "html" and opened.encoding == "utf-8" else opened.encoding
    text = "".join(decoded_chunks(replace(opened, file=io.BytesIO(content), encoding=encoding)))
    yield Record(opened.name, 1, {"text": text, "title": document_title(text, markup, opened.name)}, markup)


READERS: dict[str, Callable[[OpenFile], Iterable[Record]]] = {
    "jsonl": json_lines,
    "json": json_values,
    "parquet": parquet_rows,
    "csv": partial(delimited_rows, delimiter=","),
    "tsv": partial(delimited_rows, delimiter="\t"),
    "text": partial(whole_document, markup="text"),
    "markdown": partial(whole_document, markup="markdown"),
    "html": partial(whole_document, markup="html"),
    **DOCUMENT_READERS,
}
KINDS = {
    "jsonl": ".jsonl .ndjson .jsonlines .jl",
    "json": ".json",
    "parquet": ".parquet",
    "csv": ".csv",
    "tsv": ".tsv .tab",
    "text": ".txt .text",
    "markdown": ".md .markdown .mdown .mkd .mdx .qmd .rmd",
    "html": ".html .htm .xhtml",
    **DOCUMENT_KINDS,
}
SUFFIXES = {suffix: kind for kind, suffixes in KINDS.items() for suffix in suffixes.split()}
RECORDS = ("jsonl", "json", "parquet", "csv", "tsv", "xlsx")  # kinds of files that hold many records, not one document
