"""Titles: what a document states, else the name of its file."""

import html
import re
from pathlib import PurePosixPath

from baleen.tables.front_matter import split_front_matter

HEAD = 20_000  # characters in which a title stands
PATTERNS = {
    "html": re.compile(r"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL),
    "markdown": re.compile(r"\A\s*#{1,6}[ \t]+(.*?)[ \t#]*(?:\n|\Z)"),
}


def document_title(text: str, markup: str, name: str) -> str:
    """The title that the document states (<title>, front matter, a header on the first line), else the file's name."""
    stated, body = split_front_matter(text[: 2 * HEAD].replace("\r\n", "\n")) if markup == "markdown" else ("", text)
    title = PATTERNS[markup].search(body[:HEAD]) if markup in PATTERNS else None
    words = stated or (" ".join(html.unescape(title[1]).split()) if title else "")
    return words or PurePosixPath(name.rpartition("!")[2]).name.partition(".")[0]
