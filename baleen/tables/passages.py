"""Passages: a long text without headers cut at its paragraphs."""

import re
from collections.abc import Iterable, Iterator

from baleen.tables.markdown_lines import blocks

PARAGRAPH = re.compile(r"\n(?:[ \t]*+\n)++")
SMALLER = (re.compile(r"\n"), re.compile(r"[.!?]\s+|[。！？]"), re.compile(r"\s+"))


def passages(text: str, markup: str, limit: int) -> Iterator[str]:
    """Passages of at most `limit` characters as written: each has as many paragraphs as fit, in order.

    A paragraph of Markdown is a top-level block (a list or a fenced code block is one); of other text what stands
    between blank lines. One that is too long is cut at its lines, then sentences, then words, at last anywhere.
    """
    ends = markdown_ends(text) if markup == "markdown" else (blank.end() for blank in PARAGRAPH.finditer(text))
    yield from filter(None, packed(text, ends, limit, 0))


def markdown_ends(text: str) -> Iterator[int]:
    """Where the top-level blocks of Markdown end, but for the last: the offset at which the next begins."""
    starts = {block.first for block in blocks(text) if block.top}
    at = 0
    for number, line in enumerate(text.split("\n")):
        if at and number in starts:
            yield at
        at += len(line) + 1


def packed(text: str, ends: Iterable[int], limit: int, finer: int) -> Iterator[str]:
    """Parts of a text between `ends`, together as long as they fit; one that does not fit is cut at finer ends."""
    start = last = 0
    for end in [*ends, len(text)]:
        if len(trimmed(text[start:end])) > limit:
            yield trimmed(text[start:last])
            start = last
            if len(trimmed(text[start:end])) > limit:
                yield from cut_part(trimmed(text[start:end]), limit, finer)
                start = end
        last = end
    yield trimmed(text[start:])


def trimmed(text: str) -> str:
    """A text without blank lines round it and space after it."""
    return text.lstrip("\n").rstrip()


def cut_part(text: str, limit: int, finer: int) -> Iterator[str]:
    """A part that is too long, in pieces that fit."""
    if finer == len(SMALLER):
        yield from (text[at : at + limit] for at in range(0, len(text), limit))
    else:
        yield from packed(text, (mark.end() for mark in SMALLER[finer].finditer(text)), limit, finer + 1)
