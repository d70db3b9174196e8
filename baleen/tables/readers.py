"""Readers: the bytes of one file in one format as records, one at a time.

Memory stays within a few times the largest document allowed; a Parquet batch is 64 rows, and a Parquet file inside an
archive or a compressed file is read whole. A record that is too large arrives without fields, with its reason.
"""

import ast
import codecs
import csv
import html
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import PurePosixPath
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from baleen.errors import Problem
from baleen.tables.rows import Row

CHUNK = 1 << 16  # bytes or characters
DECLARED = re.compile(
    rb"""(?:<\?xml[^>]{,200}\sencoding|<meta[^>]{,200}\scharset|;\s*charset)\s*=\s*["']?([\w.:-]+)""", re.I
)
# What these names mean on the web: Encoding Standard of WHATWG, section 4.2.
ON_THE_WEB = {"ascii": "cp1252", "iso8859-1": "cp1252", "iso8859-9": "cp1254", "gb2312": "gb18030", "gbk": "gb18030"}
ON_THE_WEB |= {"shift_jis": "cp932", "euc_kr": "cp949"}


@dataclass(frozen=True)
class OpenFile:
    """A file being read: its name for messages and for `source`, and the largest document allowed in bytes."""

    name: str
    file: BinaryIO
    encoding: str = "utf-8"
    limit: int = 10_000_000


@dataclass(frozen=True)
class Record:
    """One record of a source at a position (line or record number, from 1), with the source's own field names."""

    file: str
    position: int
    fields: Row
    markup: str = ""  # markdown, html, text, or '' when the source does not declare it
    licence: str | None = None
    reason: str = ""  # why it is refused


def decoded_chunks(opened: OpenFile) -> Iterator[str]:
    """Text in chunks without a byte order mark; the first bad byte is a Problem with its offset."""
    decoder, read, first = codecs.getincrementaldecoder(opened.encoding)(), 0, True
    while True:
        chunk = opened.file.read(CHUNK)
        pending = len(decoder.getstate()[0])
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            hint = "save the file as UTF-8 or name its encoding, for example --encoding latin-1 or --encoding utf-16"
            bad = f"byte {read - pending + error.start} is not {opened.encoding.upper()}"
            raise Problem(f"{opened.name}: {bad}; {hint}") from None
        yield text.removeprefix("\ufeff") if first else text
        first, read = first and not text, read + len(chunk)
        if not chunk:
            return


def lines(opened: OpenFile, limit: int) -> Iterator[str | None]:
    """Lines without their end; None for one longer than `limit` characters, which is skipped and never buffered."""
    held, size = list[str](), 0
    for text in decoded_chunks(opened):
        *ended, last = text.split("\n")
        for line in ended:
            yield None if size + len(line) > limit else "".join([*held, line]).removesuffix("\r")
            held, size = [], 0
        size += len(last)
        held = [*held, last] if size <= limit else []
    if size:
        yield None if size > limit else "".join(held)


def json_record(opened: OpenFile, number: int, value: Any) -> Record:
    """A record from a JSON value, which must be an object."""
    if isinstance(value, dict):
        return Record(opened.name, number, value)
    wrong = f'a record must be an object such as {{"text": "..."}}, not {type(value).__name__}'
    raise Problem(f"{opened.name}:{number}: {wrong}")


def json_lines(opened: OpenFile) -> Iterator[Record]:
    """One object a line; the position is the line, blank lines are skipped."""
    for number, line in enumerate(lines(opened, opened.limit), 1):
        if line is None:
            yield Record(opened.name, number, {}, reason="too large")
        elif line.strip():
            try:
                value = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise Problem(f"{opened.name}:{number} is not JSON ({error}); fix or delete the line") from None
            yield json_record(opened, number, value)


@dataclass
class Cursor:
    """A position in a stream of JSON; the buffer grows only while a value is incomplete."""

    chunks: Iterator[str]
    limit: int
    held: str = ""
    at: int = 0

    def fill(self) -> bool:
        """Drop what is parsed and double the buffer; false at the end of the stream."""
        parts, wanted = [self.held[self.at :]], max(CHUNK, len(self.held) - self.at)
        while wanted > 0 and (chunk := next(self.chunks, None)) is not None:
            parts.append(chunk)
            wanted -= len(chunk)
        self.held, self.at = "".join(parts), 0
        return len(parts) > 1

    def peek(self) -> str:
        """The next character that is not white space; '' at the end."""
        while True:
            self.at = next((i for i in range(self.at, len(self.held)) if not self.held[i].isspace()), len(self.held))
            if self.at < len(self.held) or not self.fill():
                return self.held[self.at : self.at + 1]

    def take(self, character: str) -> bool:
        found = self.peek() == character
        self.at += found
        return found

    def value(self) -> Any:
        """The next value; ValueError when there is none."""
        self.peek()
        while True:
            try:
                value, self.at = json.JSONDecoder().raw_decode(self.held, self.at)
                return value
            except ValueError:
                if len(self.held) - self.at > self.limit or not self.fill():
                    raise


def json_values(opened: OpenFile) -> Iterator[Record]:
    """The objects of an array, or objects one after the other; the position is the number of the record."""
    cursor, number = Cursor(decoded_chunks(opened), 8 * opened.limit), 0
    array = cursor.take("[")
    while not (cursor.take("]") if array else not cursor.peek()):
        number += 1
        try:
            if array and number > 1 and not cursor.take(","):
                raise ValueError("no ',' before it")
            value = cursor.value()
        except (ValueError, RecursionError) as error:
            hint = "fix the file, or write one object a line and name it .jsonl"
            raise Problem(f"{opened.name}:{number}: record {number} is not JSON ({error}); {hint}") from None
        yield json_record(opened, number, value)


def parquet_rows(opened: OpenFile) -> Iterator[Record]:
    """Rows of a Parquet file; the position is the number of the row."""
    file = opened.file if type(opened.file) is io.BufferedReader else io.BytesIO(opened.file.read())
    try:
        batches = pq.ParquetFile(file).iter_batches(batch_size=64)
        rows = (row for batch in batches for row in batch.to_pylist())
        yield from (Record(opened.name, number, row) for number, row in enumerate(rows, 1))
    except (pa.ArrowException, pa.ArrowInvalid) as error:
        raise Problem(f"{opened.name} is not a whole Parquet file ({error}); download it again") from None


def delimited_rows(opened: OpenFile, delimiter: str) -> Iterator[Record]:
    """Rows of a CSV or TSV file with a header line; the position is the line where the row starts."""
    bound = 8 * opened.limit
    csv.field_size_limit(bound)
    cells = csv.reader(bounded_lines(opened, bound), delimiter=delimiter, strict=True)
    names, start = list[str](), 1
    try:
        for values in cells:
            if names and values and len(values) != len(names):
                wrong = f"{len(values)} cells where the header has {len(names)}"
                raise Problem(
                    f"{opened.name}:{start}: {wrong} ({', '.join(names)}); quote cells that hold {delimiter!r}"
                )
            if names and values:
                yield Record(opened.name, start, dict(zip(names, values, strict=True)))
            names, start = names or [name.strip() for name in values], cells.line_num + 1
    except csv.Error as error:
        raise Problem(f"{opened.name}:{start}: {error}; a quote may be open, double the quotes inside cells") from None


def bounded_lines(opened: OpenFile, limit: int) -> Iterator[str]:
    for number, line in enumerate(lines(opened, limit), 1):
        if line is None:
            raise Problem(f"{opened.name}:{number} is longer than {limit:,} characters; is it a table?")
        yield line + "\n"


def whole_document(opened: OpenFile, markup: str) -> Iterator[Record]:
    """A file that is one document: its `text` as written and its `title`."""
    content = opened.file.read(opened.limit + 1)
    if len(content) > opened.limit:
        yield Record(opened.name, 1, {}, markup, reason="too large")
        return
    encoding = declared_encoding(content) if markup == "html" and opened.encoding == "utf-8" else opened.encoding
    text = "".join(decoded_chunks(replace(opened, file=io.BytesIO(content), encoding=encoding)))
    yield Record(opened.name, 1, {"text": text, "title": document_title(text, markup, opened.name)}, markup)


def declared_encoding(content: bytes) -> str:
    """The encoding that a page declares; utf-8 when it declares none that is known, or is UTF-8 beyond ASCII."""
    found = DECLARED.search(content[:4096])
    if not found or (is_utf8(content) and not content.isascii()):
        return "utf-8"
    try:
        name = codecs.lookup(found[1].decode()).name
        b"".decode(name)
    except (LookupError, UnicodeError):
        return "utf-8"
    return "utf-8" if name.startswith("utf") else ON_THE_WEB.get(name, name)


def is_utf8(content: bytes) -> bool:
    try:
        return bool(content.decode()) or not content
    except UnicodeDecodeError:
        return False


def document_title(text: str, markup: str, name: str) -> str:
    """The title of the document (<title>, or a header on the first line of Markdown), else the name of the file."""
    pattern = {"html": r"(?is)<title[^>]*>(.*?)</title", "markdown": r"\s*#{1,6}[ \t]+(.*?)[ \t#]*(?:\n|\Z)"}.get(
        markup
    )
    found = pattern and (re.search if markup == "html" else re.match)(pattern, text[:20_000])
    words = " ".join(html.unescape(found[1]).split()) if found else ""
    return words or PurePosixPath(name.rpartition("!")[2]).name.partition(".")[0]


def docstrings(node: ast.AST, name: str) -> Iterator[tuple[int, str, str]]:
    """(line, qualified name, name and dedented docstring) of a module, its public classes and their functions."""
    if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return
    if text := ast.get_docstring(node):
        yield getattr(node, "lineno", 1), name, f"{name}\n\n{text}"
    for inner in node.body if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else ():
        public = not getattr(inner, "name", "_").startswith("_")
        yield from docstrings(inner, f"{name}.{inner.name}") if public else ()  # type: ignore[attr-defined]


def help_topics(tree: ast.Module) -> Iterator[tuple[int, str, str]]:
    """(line, topic, text) of the help topics, which are one dictionary."""
    for node in tree.body:
        if isinstance(node, ast.Assign):
            found: dict[str, str] = ast.literal_eval(node.value)
            yield from ((node.lineno, topic, text) for topic, text in sorted(found.items()))


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
