"""Small documents of every format, made on the spot."""

import io
import json
import zipfile
from typing import Any

MAIL = b"""From: a@x.org
To: b@x.org
Subject: =?utf-8?q?Caf=C3=A9?=
Date: Mon, 1 Jan 2024 00:00:00 +0000
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=M

--M
Content-Type: multipart/alternative; boundary=A

--A
Content-Type: text/plain; charset=latin-1

Boil \xe9 water.
--A
Content-Type: text/html

<p>Boil water.
--A--
--M
Content-Type: image/png
Content-Disposition: attachment; filename=tea.png

xx
--M--
"""
LATEX = r"""\documentclass{article}
\title{On Tea}
\newcommand{\tea}{green tea}
\begin{document}
\maketitle
\begin{abstract}We study tea.\end{abstract}
\section{Boiling}
We drink \emph{\tea} at $90^\circ$. % a comment
\begin{itemize}\item one\item two\end{itemize}
\end{document}
"""
RST = "===\nTea\n===\n\nBoil *fresh* ``water``.\n\nStorage\n-------\n\n- dry\n- dark\n\n.. code-block:: sh\n\n   boil\n"
CELLS = [("markdown", ["# Tea\n", "\n", "Boil *it*."]), ("code", "```\nprint(1)"), ("raw", ""), ("code", "")]


def pdf_bytes(*pages: list[str] | None, title: str = "") -> bytes:
    """A PDF with these lines on each page; None is a page with a picture alone."""
    numbers = [4 + 2 * at for at in range(len(pages))]
    kids = " ".join(f"{number} 0 R" for number in numbers)
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Kids[{kids}]/Count {len(pages)}>>",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    image = "q 100 0 0 100 0 0 cm BI /W 1 /H 1 /CS /G /BPC 8 ID x EI Q"
    for number, lines in zip(numbers, pages, strict=True):
        shown = "".join(f"({line}) Tj T* " for line in lines or [])
        stream = image if lines is None else f"BT /F1 12 Tf 14 TL 72 720 Td {shown}ET"
        resources = f"/Resources<</Font<</F1 3 0 R>>>>/MediaBox[0 0 600 800]/Contents {number + 1} 0 R"
        objects += [f"<</Type/Page/Parent 2 0 R{resources}>>", f"<</Length {len(stream)}>>stream\n{stream}\nendstream"]
    objects.append(f"<</Title({title})>>")
    body, offsets = "%PDF-1.4\n", list[int]()
    for at, item in enumerate(objects, 1):
        offsets.append(len(body))
        body += f"{at} 0 obj{item} endobj\n"
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    end = f"trailer<</Size {len(objects) + 1}/Root 1 0 R/Info {len(objects)} 0 R>>\nstartxref\n{len(body)}\n%%EOF"
    return f"{body}xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}{end}".encode()


def zip_bytes(files: dict[str, str]) -> bytes:
    with zipfile.ZipFile(sink := io.BytesIO(), "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return sink.getvalue()


def epub_bytes(*chapters: str, encrypted: str = "") -> bytes:
    """A book with these chapters, its spine in their order and its manifest not."""
    items = [f'<item id="c{at}" href="ch%20{at}.xhtml"/>' for at in range(len(chapters))]
    spine = "".join(f'<itemref idref="c{at}"/>' for at in range(len(chapters)))
    package = '<package xmlns="http://www.idpf.org/2007/opf"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
    package += f"<dc:rights>CC0</dc:rights></metadata><manifest>{''.join(reversed(items))}</manifest><spine>{spine}"
    container = '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    container += '<rootfile full-path="OEBPS/c.opf"/></rootfiles></container>'
    files = {"META-INF/container.xml": container, "OEBPS/c.opf": f"{package}</spine></package>"}
    files |= {f"OEBPS/ch {at}.xhtml": chapter for at, chapter in enumerate(chapters)}
    files |= {"META-INF/encryption.xml": f'<x><CipherReference URI="{encrypted}"/></x>'} if encrypted else {}
    return zip_bytes(files)


def office_bytes(markdown: str, kind: str) -> bytes:
    """A file of a word processor, written by pandoc."""
    import subprocess

    import pypandoc

    command = [pypandoc.get_pandoc_path(), "-f", "markdown", "-t", kind, "-s", "-o", "-"]
    return subprocess.run(command, input=markdown.encode(), capture_output=True, check=True).stdout


def slides_bytes() -> bytes:
    """Three slides: title, points and notes; a table and a group; nothing."""
    from pptx import Presentation

    deck = Presentation()
    first, second, _ = (deck.slides.add_slide(deck.slide_layouts[layout]) for layout in (1, 6, 6))
    first.shapes.title.text, first.placeholders[1].text = "Tea & milk", "Boil <water>\nWait"
    first.notes_slide.notes_text_frame.text = "Say hello"
    table = second.shapes.add_table(2, 2, 0, 0, 99, 99).table
    for at, text in enumerate(["kind", "minutes", "green", "2"]):
        table.cell(at // 2, at % 2).text = text
    second.shapes.add_group_shape().shapes.add_textbox(0, 0, 9, 9).text_frame.text = "in a group"
    deck.save(sink := io.BytesIO())
    return sink.getvalue()


def sheets_bytes(**sheets: list[list[Any]]) -> bytes:
    import xlsxwriter

    with xlsxwriter.Workbook(sink := io.BytesIO()) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for at, row in enumerate(rows):
                sheet.write_row(at, 0, row)
    return sink.getvalue()


def notebook_bytes(cells: list[tuple[str, Any]], major: int = 4) -> bytes:
    made = [{"cell_type": kind, "source": source, "metadata": {}} for kind, source in cells]
    made = [cell | ({"outputs": [], "execution_count": None} if cell["cell_type"] == "code" else {}) for cell in made]
    about = {"nbformat": major, "nbformat_minor": 4, "metadata": {"language_info": {"name": "python"}}}
    return json.dumps(about | {"cells": made}).encode()


def warc_bytes(*pages: tuple[str, str, str, bytes]) -> bytes:
    """Answers of a server: status, address, content type, content; and the request before each."""
    sink = b""
    for status, address, kind, content in pages:
        head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n\r\n".encode()
        for way, block in (("request", b"GET / HTTP/1.1\r\n\r\n"), ("response", head + content)):
            about = f"WARC-Type: {way}\r\nWARC-Target-URI: {address}\r\nContent-Type: application/http; msgtype={way}"
            sink += f"WARC/1.0\r\n{about}\r\nContent-Length: {len(block)}\r\n\r\n".encode() + block + b"\r\n\r\n"
    return sink
