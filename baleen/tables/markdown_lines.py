"""Markdown by lines: which lines are headers, fenced code, and the beginning of a block."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pyromark


class Block(NamedTuple):
    """A header at the top (`level` 1 to 6), fenced code at any depth, or another block at the top; its lines are
    those from `first` to before `end`, which is 0 for another block."""

    level: int
    top: bool
    fenced: bool
    first: int
    end: int


def blocks(text: str) -> Iterator[Block]:
    """The blocks of Markdown (CommonMark 0.31) in order; '#' in code or in a list is no header."""
    source, line, at, depth = text.encode(), 0, 0, 0
    for event, span in pyromark.events_with_range(text):
        inner: Any = event.get("Start", "") if isinstance(event, dict) else event
        if inner and (depth == 0 or "CodeBlock" in inner):
            line, at = line + source.count(b"\n", at, span["start"]), span["start"]
            level = int(inner["Heading"]["level"][1]) if depth == 0 and "Heading" in inner else 0
            fenced = isinstance(inner, dict) and "Fenced" in inner.get("CodeBlock", "")
            last = source.count(b"\n", at, span["end"]) - source.endswith(b"\n", at, span["end"])
            yield Block(level, depth == 0, fenced, line, line + last + 1 if level or fenced else 0)
        if isinstance(event, dict):
            depth += ("Start" in event) - ("End" in event)


def header_words(lines: list[str]) -> str:
    """The words of a header of these lines: without its marks, or without the line below them."""
    if not lines[0].lstrip(" ").startswith("#") or len(lines) > 1:
        return "\n".join(lines[:-1]).strip()
    words = lines[0].strip().lstrip("#").strip()
    open_ = words.rstrip("#")
    return words if open_ and open_[-1] not in " \t" else open_.rstrip()
