"""Formats: how a reply becomes columns, and how columns become the reply we train on.

Each format is a pair of inverse functions: `read(reply, columns)` gives the columns, or None when the
reply does not have the stated shape; `show(row, columns)` gives the reply that would have produced them. Some have
for structured output `shape(columns)`, a regular expression that every reply matches.
"""

import re

from baleen.measures.ratings import written_rating
from baleen.project.lookup import Named
from baleen.tables.exports import Format
from baleen.tables.rows import Row

__all__ = ["fields", "lines", "marked", "rating", "tags", "text"]


def read_text(reply: str, columns: list[str]) -> Row | None:
    """The whole reply, without the white space round it; an empty one does not fit."""
    return {columns[0]: reply.strip()} if reply.strip() else None


def show_text(row: Row, columns: list[str]) -> str:
    return str(row[columns[0]])


def read_rating(reply: str, columns: list[str]) -> Row | None:
    """The rating from 1 to 5 that the reply plainly says (`written_rating`)."""
    rating = written_rating(reply)
    return None if rating is None else {columns[0]: rating}


def show_rating(row: Row, columns: list[str]) -> str:
    return f"Score: {row[columns[0]]:g}"


def read_lines(reply: str, columns: list[str]) -> Row | None:
    """The list items of the reply, one for each line that starts with '- '; None when there is no such line."""
    lines = [line[2:].strip() for line in map(str.strip, reply.split("\n")) if line.startswith("- ")]
    return {columns[0]: lines} if lines else None


def show_lines(row: Row, columns: list[str]) -> str:
    return "\n".join(f"- {line}" for line in row[columns[0]])


def read_tags(reply: str, columns: list[str]) -> Row | None:
    """One `<column>...</column>` for each column, once each; None when one is missing, doubled or empty."""
    texts = {column: text_between(reply, f"<{column}>", f"</{column}>") for column in columns}
    return dict(texts) if all(texts.values()) else None


def text_between(reply: str, start: str, end: str) -> str:
    """The text between two marks, '' when it is empty or they are not there exactly once."""
    _, _, rest = reply.partition(start)
    text, closed, after = rest.partition(end)
    again = end in after.partition(start)[2]
    return text.strip() if closed and not again else ""


def show_tags(row: Row, columns: list[str]) -> str:
    return "\n".join(f"<{c}>\n{row[c]}\n</{c}>" for c in columns)


def read_fields(reply: str, columns: list[str]) -> Row | None:
    """A line 'Column: text' for each column, in order and nothing else; the one line 'None' leaves them all empty."""
    lines = [line.strip() for line in reply.strip().split("\n") if line.strip()]
    if lines in (["None"], ["None."]):
        return dict.fromkeys(columns, "")
    starts = [f"{column.capitalize()}: " for column in columns]
    fits = len(lines) == len(starts) and all(line.startswith(s) for line, s in zip(lines, starts, strict=True))
    return {c: line[len(s) :].strip() for c, line, s in zip(columns, lines, starts, strict=True)} if fits else None


def show_fields(row: Row, columns: list[str]) -> str:
    return "\n".join(f"{column.capitalize()}: {row[column]}" for column in columns) if row[columns[0]] else "None"


MARKER = re.compile(r"#\w+#")
OPTIONAL = {"input"}  # fields that may stay empty


def read_marked(reply: str, columns: list[str]) -> Row | None:
    """The fields of the reply, each after its marker '#column#:' at the start of a line, in order, once each; only the
    input may be empty. A marker inside a field shows that fields have run together: such a reply does not fit."""
    shape = r"\n\s*".join(rf"#{column}#:(.*?)" for column in columns)
    found = re.fullmatch(rf"\s*{shape}", reply.strip(), re.DOTALL)
    texts = {c: text.strip() for c, text in zip(columns, found.groups(), strict=True)} if found else {}
    whole = texts and all(text or c in OPTIONAL for c, text in texts.items())
    return dict(texts) if whole and not any(MARKER.search(text) for text in texts.values()) else None


def show_marked(row: Row, columns: list[str]) -> str:
    return "\n".join(f"#{c}#: {row[c] or ''}".rstrip() for c in columns)


TEXT = r"[^\s][^\n]*"  # to the end of a line


def shape_rating(_: list[str]) -> str:
    """Reasons in some lines, then the rating."""
    return rf"({TEXT}\n){{0,40}}Score: [1-5]"


def shape_lines(_: list[str]) -> str:
    return rf"- {TEXT}(\n- {TEXT})*"


def shape_fields(columns: list[str]) -> str:
    return r"\n".join(rf"{column.capitalize()}: {TEXT}" for column in columns) + "|None"


text = Format(read_text, show_text)
rating = Format(read_rating, show_rating, shape_rating)
lines = Format(read_lines, show_lines, shape_lines)
tags = Format(read_tags, show_tags)
fields = Format(read_fields, show_fields, shape_fields)
marked = Format(read_marked, show_marked)
FORMATS = Named[Format]("format", lambda format_: format_)
