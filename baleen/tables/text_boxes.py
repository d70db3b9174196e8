"""Text boxes of Word: pandoc leaves them out, so their paragraphs are put behind the one that they are anchored in."""

import zipfile
from io import BytesIO

MAIN = "word/document.xml"
MARK = b"txbxContent"
MAX_BYTES = 100_000_000  # of the main part unpacked; a larger one stays as it is


def boxes_as_paragraphs(content: bytes) -> bytes:
    """A file of Word with its text boxes as paragraphs; one without boxes, or that is damaged, as it is."""
    try:
        with zipfile.ZipFile(BytesIO(content)) as old:
            if old.getinfo(MAIN).file_size > MAX_BYTES or MARK not in (main := old.read(MAIN)):
                return content
            with zipfile.ZipFile(sink := BytesIO(), "w") as new:
                for info in old.infolist():
                    new.writestr(info, unboxed(main) if info.filename == MAIN else old.read(info))
        return sink.getvalue()
    except (zipfile.BadZipFile, KeyError, ValueError, SyntaxError, RuntimeError):  # pandoc says what is wrong
        return content


def unboxed(main: bytes) -> bytes:
    """The main part with the content of each box behind its outermost paragraph; a second copy of a box, which Word
    writes for its old versions, stays in its place."""
    from lxml import etree

    root = etree.fromstring(main, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True))
    for box in reversed([*root.iter("{*}txbxContent")]):
        paragraphs = [*box.iterancestors("{*}p")]
        if paragraphs and next(box.iterancestors("{*}Fallback"), None) is None:
            for child in reversed([*box]):
                paragraphs[-1].addnext(child)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True))
