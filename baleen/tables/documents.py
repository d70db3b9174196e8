"""Documents: the readers of formats that need a library, which the extra `documents` brings.

The position in `source` is the page of a PDF, the slide of a presentation, the chapter of an EPUB, the row of a sheet,
the message of a mailbox, the record of a web archive. Outputs of a notebook's cells, pictures and charts are left out.
"""

import posixpath
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from functools import partial, wraps
from html import escape
from io import BytesIO
from typing import Any
from urllib.parse import unquote

from baleen.errors import Problem
from baleen.tables.encodings import declared_encoding
from baleen.tables.mail_files import mail_box, mail_message
from baleen.tables.pandoc_files import markup_document, office_document
from baleen.tables.records import OpenFile, Record
from baleen.tables.sheet_files import sheet_rows
from baleen.tables.titles import document_title
from baleen.tables.web_archives import archived_pages

Reader = Callable[[OpenFile], Iterable[Record]]
HYPHEN = re.compile("\ufffe\\s*")  # a word that goes on in the next line
BACKTICKS = re.compile("`{3,}")


def named_failures(reader: Reader, kind: str) -> Reader:
    """The reader with every error of its library as a Problem that names the file."""

    @wraps(reader)
    def records(opened: OpenFile) -> Iterator[Record]:
        try:
            yield from reader(opened)
        except (Problem, ModuleNotFoundError):
            raise
        except Exception as error:
            if isinstance(error, OSError) and error.errno:
                raise
            words = " ".join(f"{type(error).__name__}: {error}".split())[:200]
            raise Problem(
                f"{opened.name} is damaged, locked or no {kind} ({words}); save or download it again"
            ) from None

    return records


def whole_files(read: Callable[[OpenFile, BytesIO], Iterator[Record]]) -> Reader:
    """A reader of files in memory; one that is too large is a refused record."""

    @wraps(read)
    def records(opened: OpenFile) -> Iterator[Record]:
        content = opened.file.read(opened.file_limit + 1)
        if len(content) > opened.file_limit:
            yield Record(opened.name, 1, {}, "text", reason="too large")
        else:
            yield from read(opened, BytesIO(content))

    return records


@whole_files
def pdf_pages(opened: OpenFile, content: BytesIO) -> Iterator[Record]:
    """The text of each page as lines; a page that is a picture alone is refused as scanned."""
    import pypdfium2

    pdf = pypdfium2.PdfDocument(content)
    title = " ".join(pdf.get_metadata_value("Title").split()) or document_title("", "text", opened.name)
    for number, page in enumerate(pdf, 1):
        text = HYPHEN.sub("", page.get_textpage().get_text_bounded()).replace("\r\n", "\n")
        scanned = not text.strip() and any(page.get_objects([pypdfium2.raw.FPDF_PAGEOBJ_IMAGE]))
        fields = {} if scanned else {"text": text, "title": title}
        yield Record(opened.name, number, fields, "text", reason="scanned" if scanned else "")


@whole_files
def slides(opened: OpenFile, content: BytesIO) -> Iterator[Record]:
    """The text of each slide with its tables, groups and notes."""
    from pptx import Presentation

    for number, slide in enumerate(Presentation(content).slides, 1):
        title = slide.shapes.title
        notes = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
        words = " ".join(title.text_frame.text.split()) if title is not None else ""
        page = [f"<h1>{escape(words)}</h1>"] if words else []
        page += [shape_html(shape) for shape in slide.shapes if title is None or shape.shape_id != title.shape_id]
        page += paragraphs(notes.text) if notes is not None else []
        name = words or document_title("", "text", opened.name)
        yield Record(opened.name, number, {"text": "".join(page), "title": name}, "html")


def shape_html(shape: Any) -> str:
    """The text of a shape, of those inside it or of its table."""
    if hasattr(shape, "shapes"):
        return "".join(map(shape_html, shape.shapes))
    if getattr(shape, "has_table", False):
        cells = [[f"<td>{escape(cell.text)}</td>" for cell in row.cells] for row in shape.table.rows]
        return f"<table>{''.join(f'<tr>{chr(10).join(row)}</tr>' for row in cells)}</table>"
    return "".join(paragraphs(shape.text_frame.text)) if shape.has_text_frame else ""


def paragraphs(text: str) -> list[str]:
    return [f"<p>{escape(line)}</p>" for line in re.split("[\n\x0b]", text) if line.strip()]


@whole_files
def chapters(opened: OpenFile, content: BytesIO) -> Iterator[Record]:
    """The files of a book in the order of its spine, with the licence that it states."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    with zipfile.ZipFile(content) as book:
        container = etree.fromstring(book.read("META-INF/container.xml"), parser)
        at = container.find(".//{*}rootfile").get("full-path")
        package = etree.fromstring(book.read(at), parser)
        files = {item.get("id"): item.get("href") for item in package.iterfind(".//{*}manifest/{*}item")}
        licence = " ".join((package.findtext(".//{*}metadata/{*}rights") or "").split()) or None
        locked = "META-INF/encryption.xml" in book.namelist() and book.read("META-INF/encryption.xml").decode()
        for number, chapter in enumerate(package.iterfind(".//{*}spine/{*}itemref"), 1):
            inside = posixpath.normpath(posixpath.join(posixpath.dirname(at), unquote(files[chapter.get("idref")])))
            if locked and f'"{inside}"' in locked:
                raise ValueError("its chapters are encrypted")
            name = f"{opened.name}!{inside}"
            if book.getinfo(inside).file_size > opened.limit:
                yield Record(name, number, {}, "html", reason="too large")
                continue
            page = book.read(inside)
            text = page.decode(declared_encoding(page)).removeprefix("\ufeff")
            yield Record(name, number, {"text": text, "title": document_title(text, "html", name)}, "html", licence)


@whole_files
def sheets(opened: OpenFile, content: BytesIO) -> Iterator[Record]:
    """The rows of the sheets of a workbook."""
    yield from sheet_rows(opened, content)


@whole_files
def notebook(opened: OpenFile, content: BytesIO) -> Iterator[Record]:
    """The cells of a notebook as one Markdown document: text as written, code in fences, no outputs."""
    import nbformat

    parsed = nbformat.convert(nbformat.reader.reads(content.read().decode("utf-8-sig")), 4)
    about = parsed.metadata
    language = about.get("language_info", {}).get("name") or about.get("kernelspec", {}).get("language", "")
    cells = [cell_markdown(cell.cell_type, "".join(cell.source).strip("\n"), language) for cell in parsed.cells]
    text = "\n\n".join(filter(None, cells))
    title = about.get("title") or document_title(text, "markdown", opened.name)
    yield Record(opened.name, 1, {"text": text, "title": str(title)}, "markdown")


def cell_markdown(kind: str, source: str, language: str) -> str:
    """A cell as Markdown, code in a fence that is longer than any inside it."""
    if kind != "code" or not source.strip():
        return source
    fence = max(["```", *(f"{mark}`" for mark in BACKTICKS.findall(source))], key=len)
    return f"{fence}{language}\n{source}\n{fence}"


FORMATS: dict[str, tuple[str, Reader]] = {  # kind -> suffixes, reader
    "pdf": (".pdf", pdf_pages),  # pypdfium2
    "docx": (".docx .docm", partial(office_document, kind="docx")),  # pandoc
    "odt": (".odt", partial(office_document, kind="odt")),  # pandoc
    "rtf": (".rtf", partial(office_document, kind="rtf")),  # pandoc
    "pptx": (".pptx .pptm", slides),  # python-pptx
    "epub": (".epub", chapters),  # lxml
    "xlsx": (".xlsx .xlsm .xlsb .xls .ods", sheets),  # python-calamine
    "rst": (".rst", partial(markup_document, kind="rst")),  # pandoc
    "latex": (".tex .latex", partial(markup_document, kind="latex")),  # pandoc
    "notebook": (".ipynb", notebook),  # nbformat
    "mail": (".eml", mail_message),  # Python's email
    "mbox": (".mbox", mail_box),  # Python's mailbox
    "warc": (".warc .wet", archived_pages),  # warcio
}
DOCUMENT_READERS = {kind: named_failures(reader, kind) for kind, (_, reader) in FORMATS.items()}
DOCUMENT_KINDS = {kind: suffixes for kind, (suffixes, _) in FORMATS.items()}
