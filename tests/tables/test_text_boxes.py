"""The words in text boxes of Word are words of the document."""

import io
import zipfile

import made_documents as made
import pytest

from baleen.tables.readers import READERS
from baleen.tables.records import OpenFile
from baleen.tables.sections import document_text
from baleen.tables.text_boxes import MAIN, boxes_as_paragraphs

pytest.importorskip("pypandoc", reason="needs the extra documents")
DRAWN = "<w:drawing>{}</w:drawing>"
OLD = '<w:pict><v:shape xmlns:v="urn:schemas-microsoft-com:vml"><v:textbox>{}</v:textbox></v:shape></w:pict>'
COMPATIBILITY = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
BOTH = f"<mc:AlternateContent {COMPATIBILITY}><mc:Choice>{DRAWN}</mc:Choice>"
BOTH += f"<mc:Fallback>{OLD}</mc:Fallback></mc:AlternateContent>"


def paragraph(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def word_file(body: str) -> bytes:
    """A file of Word with this at the beginning of its body."""
    plain = zipfile.ZipFile(io.BytesIO(made.office_bytes("Last words.\n", "docx")))
    with zipfile.ZipFile(sink := io.BytesIO(), "w") as changed:
        for name in plain.namelist():
            content = plain.read(name)
            changed.writestr(
                name, content.replace(b"<w:body>", f"<w:body>{body}".encode()) if name == MAIN else content
            )
    return sink.getvalue()


def text(content: bytes) -> str:
    [record] = READERS["docx"](OpenFile("f.docx", io.BytesIO(content)))
    return document_text(record.fields["text"], "html").strip()


@pytest.mark.slow
@pytest.mark.parametrize("shape", [DRAWN, OLD, BOTH], ids=["drawn", "old", "both"])
def test_a_text_box_stands_once_behind_its_paragraph(shape: str) -> None:
    boxes = [f"<w:txbxContent>{paragraph(a)}{paragraph(b)}</w:txbxContent>" for a, b in ("AB", "CD")]
    anchors = "".join(f"<w:r>{shape.format(box, box)}</w:r>" for box in boxes)
    content = word_file(f"<w:p><w:r><w:t>First words.</w:t></w:r>{anchors}</w:p>")
    assert text(content) == "First words.\n\nA\n\nB\n\nC\n\nD\n\nLast words."


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", made.zip_bytes({"a.txt": "txbxContent"})])
def test_what_is_no_file_of_word_stays_as_it_is(content: bytes) -> None:
    assert boxes_as_paragraphs(content) == content
    damaged = made.zip_bytes({MAIN: "<w:txbxContent"})
    assert boxes_as_paragraphs(damaged) == damaged
