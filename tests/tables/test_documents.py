"""PDF, Word, slides, books, sheets, markup of authors, notebooks, mail and web archives are sources."""

import gzip
import io
import json
import sys
from collections import Counter
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import made_documents as made
import pyarrow.parquet as pq
import pytest

from baleen.errors import Problem
from baleen.project import command_line
from baleen.tables import pandoc_files
from baleen.tables.documents import FORMATS
from baleen.tables.ingest import rows_of
from baleen.tables.ingest_options import IngestOptions
from baleen.tables.readers import READERS
from baleen.tables.records import OpenFile, Record
from baleen.tables.sections import document_text
from stages.ingest import main

NEEDED = ("pypdfium2", "pptx", "pypandoc", "python_calamine", "nbformat", "warcio")
if not all(map(find_spec, NEEDED)):  # only who runs these tests imports them
    pytest.skip("needs the extra documents", allow_module_level=True)

MARKDOWN = "---\ntitle: On Tea\n---\n\n# Boiling\n\nBoil *fresh* water.[^1]\n\n- one\n- two\n\n[^1]: Not too hot.\n"


def read_file(kind: str, content: bytes, name: str = "docs/tea.x", limit: int = 10_000_000) -> list[Record]:
    return list(READERS[kind](OpenFile(name, io.BytesIO(content), limit=limit)))


def texts(records: list[Record]) -> list[tuple[int, str]]:
    """Position and text, or position and reason, of records."""
    return [(r.position, r.reason or document_text(r.fields["text"], r.markup).strip()) for r in records]


def test_a_pdf_is_its_pages_and_pictures_of_pages_are_counted() -> None:
    records = read_file("pdf", made.pdf_bytes(["Boil water", "and wait."], None, [], ["End."], title="On Tea"))
    assert texts(records) == [(1, "Boil water\nand wait."), (2, "scanned"), (3, ""), (4, "End.")]
    assert {record.fields.get("title") for record in records} == {"On Tea", None}


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind, start",
    [("docx", "# On Tea\n\n## Boiling\n\n"), ("odt", "On Tea\n\n# Boiling\n\n"), ("rtf", "On Tea\n\n# Boiling\n\n")],
)
def test_a_file_of_a_word_processor_is_its_text(kind: str, start: str) -> None:
    [(position, text)] = texts(read_file(kind, made.office_bytes(MARKDOWN, kind)))
    assert text.startswith(f"{start}Boil fresh water.") and "one\n" in text and "*" not in text and position == 1


def test_slides_keep_tables_groups_and_notes() -> None:
    records = read_file("pptx", made.slides_bytes())
    table = "| kind | minutes |\n| --- | --- |\n| green | 2 |"
    assert texts(records) == [
        (1, "# Tea & milk\n\nBoil <water>\n\nWait\n\nSay hello"), (2, f"{table}\n\nin a group"), (3, ""),
    ]  # fmt: skip
    assert [record.fields["title"] for record in records] == ["Tea & milk", "tea", "tea"]


def test_a_book_is_its_chapters_in_the_order_of_the_spine() -> None:
    page = '<html xmlns="http://www.w3.org/1999/xhtml"><head><title>{0}</title></head><body><h1>{0}</h1><p>Text.'
    records = read_file("epub", made.epub_bytes(page.format("One"), "<nav>menu</nav>", page.format("Two")))
    assert texts(records) == [(1, "# One\n\nText."), (2, ""), (3, "# Two\n\nText.")]
    assert [record.file for record in records] == [f"docs/tea.x!OEBPS/ch {at}.xhtml" for at in range(3)]
    assert {record.licence for record in records} == {"CC0"}


def test_sheets_are_tables_of_texts() -> None:
    first = [["", ""], ["question", "answer", ""], ["Q1", 3, "x"], ["", ""], ["Q2", None, ""], [2.5, True, None]]
    records = read_file("xlsx", made.sheets_bytes(first=first, empty=[], more=[["a"], [date(2024, 1, 2)]]))
    assert [(record.file.partition("!")[2], record.position, record.fields) for record in records[:3]] == [
        ("first", 3, {"question": "Q1", "answer": "3", "column 3": "x"}),
        ("first", 5, {"question": "Q2", "answer": None, "column 3": None}),
        ("first", 6, {"question": "2.5", "answer": "True", "column 3": None}),
    ]
    assert [record.file for record in records[3:]] == ["docs/tea.x!more"]
    with pytest.raises(Problem, match="tea.x!s:1 has two columns 'a'; rename one"):
        read_file("xlsx", made.sheets_bytes(s=[["a", "a"], [1, 2]]))


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind, source, text",
    [
        ("rst", made.RST, "# Tea\n\nBoil fresh water.\n\n## Storage\n\n- dry\n- dark\n\n```\nboil\n```"),
        ("rst", "Tea\n***\n\n.. note:: Hot.\n\nE.g. :math:`x^2`.", "# Tea\n\nNote\n\nHot.\n\nE.g. \\(x^2\\)."),
        ("rst", ".. include:: /etc/passwd\n\nText.", "Text."),
        (
            "latex",
            made.LATEX,
            "# On Tea\n\nWe study tea.\n\n## Boiling\n\nWe drink green tea at \\(90^\\circ\\).\n\n- one\n\n- two",
        ),
        ("latex", "Caf\\'e --- 10\\%\n\n\\[x^2\\]", "Café — 10%\n\n\\[x^2\\]"),
        ("latex", "\\input{/etc/passwd}Text.", "Text."),
    ],
)
def test_markup_of_authors_is_its_text(kind: str, source: str, text: str) -> None:
    assert texts(read_file(kind, source.encode())) == [(1, text)]


@pytest.mark.parametrize(
    "encoding, stated", [("latin-1", "latin1"), ("cp1252", "ansinew"), ("cp1251", "cp1251"), ("utf-8", "latin1")]
)
def test_latex_is_read_in_the_encoding_that_it_states(encoding: str, stated: str) -> None:
    words = "Чай." if encoding == "cp1251" else "Café."
    source = f"\\documentclass{{article}}\n\\usepackage[{stated}]{{inputenc}}\n\\begin{{document}}\n{words}\n"
    assert texts(read_file("latex", f"{source}\\end{{document}}".encode(encoding))) == [(1, words)]


@pytest.mark.parametrize("kind, source", [("latex", "\\begin{x}{{"), ("latex", "\\def\\a{\\a}\\a")])
def test_markup_that_is_none_is_counted(kind: str, source: str) -> None:
    assert texts(read_file(kind, source.encode())) == [(1, "unreadable latex")]


def test_markup_has_a_limit_of_its_own() -> None:
    assert texts(read_file("rst", b"x" * 200_001)) == [(1, "over 200 kB of rst")]


@pytest.mark.slow
def test_markup_that_takes_too_long_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pandoc_files, "CPU_SECONDS", 1)
    assert texts(read_file("latex", b"{" * 100_000)) == [(1, "more than 1 s of CPU time")]


def test_a_notebook_is_markdown_with_code_in_fences() -> None:
    [record] = read_file("notebook", made.notebook_bytes(made.CELLS))
    assert record.fields == {"text": "# Tea\n\nBoil *it*.\n\n````python\n```\nprint(1)\n````", "title": "Tea"}
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": [
        {"cell_type": "heading", "level": 2, "source": "Tea"},
        {"cell_type": "code", "input": "boil()", "language": "python", "outputs": []},
    ]}]}  # fmt: skip
    [record] = read_file("notebook", json.dumps(old).encode())
    assert record.fields["text"] == "## Tea\n\n```\nboil()\n```"


def test_a_mail_is_its_words_and_attachments_are_counted() -> None:
    record, attachment = read_file("mail", made.MAIL)
    assert record.fields == {
        "text": "Boil é water.", "title": "Café", "from": "a@x.org", "to": "b@x.org",
        "date": "Mon, 01 Jan 2024 00:00:00 +0000",
    }  # fmt: skip
    assert (attachment.file, attachment.reason) == ("docs/tea.x!tea.png", "attachment")


def test_a_mailbox_is_its_messages() -> None:
    page = b"Subject: Tea\nContent-Type: text/html; charset=utf-8\n\n<p>Boil <b>it</b>.\n"
    bad = b"Content-Type: text/plain; charset=utf-8\n\ncaf\xe9\n"
    start = b"From a@x.org Mon Jan  1 00:00:00 2024\n"
    records = read_file("mbox", b"\n".join([start + made.MAIL, start + page, start + bad]))
    assert texts(records) == [
        (1, "Boil é water."), (1, "attachment"), (2, "Boil it."), (3, "wrong encoding"),
    ]  # fmt: skip
    assert read_file("mbox", b"") == []
    assert texts(read_file("mbox", start + b"\n" + start + b"\nHello.\n")) == [(1, "empty"), (2, "Hello.")]


def test_a_mail_of_too_many_parts_is_counted() -> None:
    many = b"Content-Type: multipart/mixed; boundary=x\n\n--x\n" * 1001
    assert texts(read_file("mail", many)) == [(1, "over 1000 parts")]


def test_a_web_archive_is_its_pages_under_their_addresses() -> None:
    records = read_file("warc", made.warc_bytes(
        ("200 OK", "http://x.org/a", "text/html; charset=windows-1252", b"<title>T</title><p>caf\xe9"),
        ("200 OK", "http://x.org/b", "text/plain", b"words"),
        ("404 Not Found", "http://x.org/c", "text/html", b"<p>gone"),
        ("200 OK", "http://x.org/d", "image/png", b"\x89PNG"),
        ("200 OK", "http://x.org/e", "text/html; charset=utf-8", b"caf\xe9"),
        ("200 OK", "http://x.org/f", "text/html", b"<meta charset=koi8-r>\xd4\xc5\xd3\xd4"),
    ))  # fmt: skip
    assert texts(records) == [
        (2, "café"), (4, "words"), (6, "HTTP 404"), (8, "no text"), (10, "wrong encoding"), (12, "тест"),
    ]  # fmt: skip
    assert (records[0].file, records[0].fields["title"]) == ("docs/tea.x!http://x.org/a", "T")
    assert records[0].fields["url"] == "http://x.org/a"


@pytest.mark.parametrize("kind", [kind for kind in FORMATS if kind not in ("rst", "latex", "mail")])
@pytest.mark.parametrize("content", [b"junk \x00\xff", b"PK\x03\x04 cut", b"%PDF-1.4 cut", b"{}"])
def test_what_is_no_such_file_is_one_line(kind: str, content: bytes) -> None:
    with pytest.raises(Problem, match=r"docs/tea.x is damaged") as error:
        read_file(kind, content)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_that_is_too_large_is_counted(kind: str) -> None:
    if kind not in ("mbox", "warc"):  # which hold any number of documents
        assert [record.reason for record in read_file(kind, b"x" * 300_000, limit=1000)] == ["too large"]


def test_an_encrypted_book_is_one_line() -> None:
    with pytest.raises(Problem, match="its chapters are encrypted"):
        read_file("epub", made.epub_bytes("<p>a", encrypted="OEBPS/ch 0.xhtml"))
    assert len(read_file("epub", made.epub_bytes("<p>a", encrypted="OEBPS/font.otf"))) == 1


FILES = {
    "a.pdf": made.pdf_bytes(["Boil water."], None),
    "b.rst.gz": gzip.compress(b"Boil *fresh* water."),
    "c.eml": made.MAIL,
    "d.zip": made.zip_bytes({"in/e.ipynb": made.notebook_bytes(made.CELLS).decode()}),
    "f.md": b"Words.",
}


def test_a_folder_of_documents_is_a_corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("docs").mkdir()
    for name, content in FILES.items():
        Path("docs", name).write_bytes(content)
    main(["out", "--origin", "web", "--source", "docs"])
    rows: list[dict[str, Any]] = pq.read_table("data/out.parquet").to_pylist()
    counts = json.loads(Path("data/out.json").read_text())
    places = [(row["source"]["file"], row["source"]["position"]) for row in rows]
    assert places == [
        ("docs/a.pdf", 1), ("docs/b.rst.gz", 1), ("docs/c.eml", 1), ("docs/d.zip!in/e.ipynb", 1), ("docs/f.md", 1),
    ]  # fmt: skip
    assert counts["dropped"] == {"attachment": 1, "scanned": 1} and counts["rows_in"] == 7


@pytest.mark.parametrize(
    "kind, module",
    [("pdf", "pypdfium2"), ("docx", "pypandoc"), ("rst", "pypandoc"), ("pptx", "pptx"), ("epub", "lxml"),
     ("xlsx", "python_calamine"), ("notebook", "nbformat"), ("warc", "warcio.archiveiterator")],
)  # fmt: skip
def test_a_library_that_is_not_installed_is_one_line(
    kind: str, module: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(SystemExit):
        command_line.run(lambda argv: read_file(kind, b"words"))  # type: ignore[arg-type,return-value]
    words = f"baleen: {module.partition('.')[0]} is not installed; pip install 'baleen-build[documents]'\n"
    assert capsys.readouterr().err == words


MAILS: dict[bytes, str] = {  # parts of a message below its other headers, and its text
    b"Content-Type: text/plain; charset=us-ascii\n\ncaf\xc3\xa9": "café",
    b"Content-Type: text/plain; charset=iso-8859-1\n\ncaf\x93\xe9": "caf“é",
    b"Content-Type: text/plain; charset=x-unknown\n\ncaf\xc3\xa9": "café",
    b"Content-Type: text/plain; charset=gb2312\n\n" + "你好镕".encode("gbk"): "你好镕",
    b"Content-Type: text/plain; charset=iso-2022-jp\n\n" + "日本".encode("iso-2022-jp"): "日本",
    b"Content-Type: text/plain; charset=ks_c_5601-1987\n\n" + "한국".encode("cp949"): "한국",
    b"Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n<p>Caf=C3=A9": "Café",
    b"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\nQ2Fmw6k=": "Café",
    b"\nno header says what it is": "no header says what it is",
    b"Content-Type: multipart/alternative; boundary=A\n\n--A\nContent-Type: text/plain\n\n \n"
    b"--A\nContent-Type: text/html\n\n<p>Real words.\n--A--\n": "Real words.",
    b"Content-Type: multipart/alternative; boundary=A\n\n--A\nContent-Type: text/html\n\n<p>One.\n"
    b"--A\nContent-Type: text/plain\n\nOne, plain.\n--A--\n": "One, plain.",
}


@pytest.mark.parametrize("part", MAILS)
def test_a_mail_is_its_words_in_the_charset_that_fits(part: bytes) -> None:
    assert texts(read_file("mail", b"Subject: Tea\nMIME-Version: 1.0\n" + part)) == [(1, MAILS[part])]


def test_a_sentence_that_begins_with_from_does_not_end_a_message() -> None:
    start = b"From a@x.org Mon Jan  1 00:00:00 2024\n"
    box = start + b"\nOne.\n\nFrom now on we boil it.\n>From here.\n>>From there.\n\n" + start + b"\nTwo.\n"
    assert texts(read_file("mbox", box)) == [
        (1, "One.\n\nFrom now on we boil it.\nFrom here.\n>From there."), (2, "Two."),
    ]  # fmt: skip
    assert texts(read_file("mbox", b"From a@x.org\n\nOne.\n\nFrom b@x.org\n\nTwo.\n")) == [(1, "One."), (2, "Two.")]


def test_a_web_archive_needs_no_columns_and_reads_what_a_bad_header_leaves_to_the_page() -> None:
    records = read_file("warc", made.warc_bytes(
        ("200 OK", "http://x.org/a", "text/html; charset=none", b"<meta charset=koi8-r>\xd4\xc5\xd3\xd4"),
        ("200 OK", "http://x.org/b", 'text/html; charset="utf-8"; q=1', b"caf\xc3\xa9"),
        ("200 OK", "http://x.org/c", "image/png", b"\x89PNG"),
    ))  # fmt: skip
    assert texts(records) == [(2, "тест"), (4, "café"), (6, "no text")]
    options = IngestOptions("f", origin="web")
    assert [reason for record in records for _, reason in rows_of(record, options, Counter())] == ["", "", "no text"]


def test_a_chapter_with_an_empty_title_is_not_empty() -> None:
    head = '<html xmlns="http://www.w3.org/1999/xhtml"><head><title/><script src="a"/></head>'
    book = made.epub_bytes(f'{head}<body><a id="p"/><p>Boil <i/>it.<br/>Now.</p></body></html>')
    assert texts(read_file("epub", book)) == [(1, "Boil it.\nNow.")]


def test_a_note_of_a_word_processor_has_its_number_in_brackets() -> None:
    text = texts(read_file("docx", made.office_bytes("Boil water[^1] now.\n\n[^1]: Fresh.\n", "docx")))[0][1]
    assert text.startswith("Boil water[1] now.") and text.endswith("1. Fresh.")
