"""The page: one HTML file with everything in it, which fetches nothing and runs one small script of its own.

Texts of documents are data: the template escapes each, control characters are shown as a sign, and a long one is cut
with the number of characters that are not shown.
"""

import re
from base64 import b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
LONGEST = 3000  # characters of a text that are shown
UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True)
class Table:
    """A head and rows of plain texts; numbers stand to the right."""

    head: list[str]
    rows: list[list[str]]


@dataclass(frozen=True)
class Chart:
    """A drawing with the words below it."""

    svg: str
    words: str


@dataclass(frozen=True)
class Section:
    """A part of the page: title, paragraphs, warnings, tables and charts."""

    title: str
    paragraphs: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    charts: list[Chart] = field(default_factory=list)


@dataclass(frozen=True)
class Sample:
    """A row to look at: what became of it in a word, what is said of it in short, and its texts by name."""

    fate: str
    facts: str
    texts: dict[str, str]


def shown(text: object) -> str:
    """A text as it may stand on the page: what would turn or hide other text is a sign, and a long one is cut."""
    whole = str(text)
    cut = UNSEEN.sub("\N{REPLACEMENT CHARACTER}", whole[:LONGEST])
    return cut if len(whole) <= LONGEST else f"{cut} … {len(whole) - LONGEST:,} more characters"


def rendered(title: str, lead: str, sections: list[Section], samples: list[Sample], about: str) -> str:
    """The page as text; `about` says which rows the samples are."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["shown"] = shown
    parts: dict[str, Any] = {name: (FOLDER / f"page.{name}").read_text(encoding="utf-8") for name in ("css", "js")}
    digest = b64encode(sha256(parts["js"].encode()).digest()).decode()
    template = environment.from_string((FOLDER / "page.html").read_text(encoding="utf-8"))
    fates = dict.fromkeys(sample.fate for sample in samples)
    given = {"title": title, "lead": lead, "sections": sections, "samples": samples, "about": about, "fates": fates}
    return template.render(given, digest=digest, **parts)
