"""Markdown that holds text of models and of other people: it stays text, whatever it has in it."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from baleen.project.yaml_files import yaml_text

TICKS = re.compile(r"`+")
ACTIVE = re.compile(r"([\\`*_\[\]<>#|~&$!:@])")  # what begins markup, a mention or a shortcode


def visible(text: str) -> str:
    """The text with control and formatting characters, such as a right-to-left override, written as \\u202e; line
    breaks and tabs stay."""
    hidden = {c for c in set(text) if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co") and c not in "\n\t"}
    return "".join(f"\\u{ord(c):04x}" if c in hidden else c for c in text) if hidden else text


def code_block(text: str, language: str = "") -> str:
    """A fenced block whose fence is longer than any run of backticks inside."""
    shown = visible(text)
    fence = "`" * max(3, 1 + max((len(run) for run in TICKS.findall(shown)), default=0))
    return f"{fence}{language}\n{shown.rstrip()}\n{fence}"


def escaped(text: object) -> str:
    """Text of one line in which nothing is markup."""
    return ACTIVE.sub(r"\\\1", " ".join(visible(str(text)).split()))


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; every cell is text."""
    lines = [f"| {' | '.join(map(escaped, row))} |" for row in rows]
    return "\n".join([f"| {' | '.join(head)} |", "|" + "---|" * len(head), *lines])


def card(head: dict[str, Any], title: str, sections: Iterable[tuple[str, str]]) -> str:
    """A card of the hub: its head as YAML, a title, and sections, of which empty ones are left out."""
    parts = [f"## {name}\n\n{text.strip()}" for name, text in sections if text.strip()]
    return "\n\n".join([f"---\n{yaml_text(head)}---", f"# {escaped(title)}", *parts]) + "\n"
