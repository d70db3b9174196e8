"""Delimited files: CSV, TSV and what is written like them, with their separator and their quoting.

A CSV file is separated by commas and quotes as RFC 4180 says; a TSV file is separated by tabs and quotes nothing, as
IANA's text/tab-separated-values says. Anything else is a setting; a file that looks otherwise is a Problem that says
which one.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from baleen.errors import Problem
from baleen.tables.encodings import lines
from baleen.tables.records import Doubled, OpenFile, Record

SEPARATORS = {",": ",", ";": ";", "|": "|", "\t": "tab"}  # as they are written in settings
QUOTING: dict[str, dict[str, Any]] = {
    "double": {"doublequote": True},
    "backslash": {"doublequote": False, "escapechar": "\\"},
    "none": {"quoting": csv.QUOTE_NONE},
}
Hint = tuple[str, dict[str, str]]  # words, and the settings that they name
STATED = re.compile(r'"?sep=(.)"?')  # a first line by which Excel knows the separator
ESCAPE = re.compile(r'\\(?:["\\]|)')


def separator_of(setting: str, default: str) -> str:
    """The character that a setting means; `tab` and `\\t` are a tab."""
    return {"": default, "tab": "\t", "\\t": "\t"}.get(setting, setting)


def delimited_rows(opened: OpenFile, delimiter: str) -> Iterator[Record]:
    """Rows of a file with a header line; the position is the line where the row starts, an empty cell is None."""
    separator = separator_of(opened.separator, delimiter)
    quoting = opened.quoting or ("none" if delimiter == "\t" else "double")
    bound, held = 8 * opened.limit, list[str]()
    csv.field_size_limit(bound)
    cells = csv.reader(held_lines(opened, bound, quoting, held), delimiter=separator, strict=True, **QUOTING[quoting])
    names, start, quotes = list[str](), 1, False
    try:
        for values in cells:
            if not names and (stated := STATED.fullmatch("".join(held))):
                check_stated(opened, stated[1], separator)
            elif names and values:
                check_cells(opened, start, names, values, held, separator)
                check_lines(opened, start, names, held, separator)
                yield Record(opened.name, start, row_fields(names, values))
            elif values:
                names = header_names(opened, start, values, separator)
            start = cells.line_num + 1
            quotes = quotes or any(f'{separator}"' in separator + line for line in held)
            held.clear()
    except csv.Error as error:
        hint, settings = quoting_hint(held, names, separator, quotes)
        if "new-line character" in str(error):
            hint, settings = "its lines end in a carriage return alone; save it with the line ends of Unix", {}
        raise Problem(f"{opened.name}:{start}: {error}; {hint}", settings) from None


def check_stated(opened: OpenFile, stated: str, separator: str) -> None:
    """A Problem for a file whose first line states another separator than that with which it is read."""
    if stated != separator:
        written = SEPARATORS.get(stated, stated)
        hint = f"its first line states the separator {stated!r}: write --separator {written!r}"
        raise Problem(f"{opened.name}:1: {hint}", {"separator": written})


def held_lines(opened: OpenFile, limit: int, quoting: str, held: list[str]) -> Iterator[str]:
    """Lines, kept until the row that they belong to is read; only quotes and backslashes stay escaped."""
    for number, line in enumerate(lines(opened, limit), 1):
        if line is None:
            raise Problem(f"{opened.name}:{number} is longer than {limit:,} characters; is it a table?")
        held.append(line)
        escaped = ESCAPE.sub(lambda m: m[0] if len(m[0]) > 1 else "\\\\", line) if quoting == "backslash" else line
        yield escaped + "\n"


def header_names(opened: OpenFile, number: int, values: list[str], separator: str) -> list[str]:
    """The names of the columns; a Problem for a single name that looks like several with another separator."""
    names = [name.strip() for name in values]
    other = probable_separator(names[0])
    if len(names) == 1 and other not in ("", separator) and names[0] not in (opened.wanted or ()):
        hint, settings = separator_hint(other)
        raise Problem(f"{opened.name}:{number}: {hint}, or map the column {names[0]!r} as a whole", settings)
    return names


def row_fields(names: list[str], values: list[str]) -> dict[str, Any]:
    """The cells by name; a name that the header has more than once is Doubled."""
    fields: dict[str, Any] = {name: value or None for name, value in zip(names, values, strict=True)}
    if len(fields) == len(names):
        return fields
    return fields | {name: Doubled(count) for name, count in Counter(names).items() if count > 1}


def check_cells(
    opened: OpenFile, number: int, names: list[str], values: list[str], held: list[str], separator: str
) -> None:
    """A Problem for a row with another number of cells than the header, or with cells that may be quoted or not."""
    where, unsaid = f"{opened.name}:{number}", separator == "\t" and not opened.quoting
    if len(values) != len(names):
        raise ragged(where, names, values, held, separator, unsaid)
    if unsaid:
        wanted = opened.wanted
        wanted_cells = (value for name, value in zip(names, values, strict=True) if wanted is None or name in wanted)
        if cell := next((value for value in wanted_cells if value.startswith('"') and may_be_quoted(value)), ""):
            choice = "write --quoting none if its quotes are words, --quoting double if they are not"
            raise Problem(f"{where}: the cell {cell[:60]} may be quoted; {choice}", {"quoting": "double"})


def check_lines(opened: OpenFile, number: int, names: list[str], held: list[str], separator: str) -> None:
    """A Problem for a row over several lines, each of which would be a row if quotes were words."""
    if len(held) > 1 and len(names) > 1 and not opened.quoting and are_rows(held, names, separator):
        choice = "write --quoting none if quotes are words, --quoting double if the row has several lines"
        raise Problem(f"{opened.name}:{number}: {len(held)} lines may be as many rows; {choice}", {"quoting": "none"})


def are_rows(held: list[str], names: list[str], separator: str) -> bool:
    """Whether each line has as many cells as the header when quotes are words."""
    return all(line.count(separator) + 1 == len(names) for line in held if line)


def ragged(where: str, names: list[str], values: list[str], held: list[str], separator: str, unsaid: bool) -> Problem:
    """The Problem for a row with another number of cells than the header."""
    header, line = separator.join(names), "".join(held)
    fitting = [other for other in SEPARATORS if 0 < header.count(other) == line.count(other) and other != separator]
    other = fitting[0] if fitting else probable_separator(header)
    hint, settings = (
        separator_hint(other) if other not in ("", separator) else (f"quote cells that hold {separator!r}", {})
    )
    if unsaid and not settings:
        hint, settings = f"{hint}, or write --quoting double", {"quoting": "double"}
    return Problem(
        f"{where}: {len(values)} cells where the header has {len(names)} ({', '.join(names)}); {hint}", settings
    )


def may_be_quoted(cell: str) -> bool:
    """Whether all quotes of a cell are as in a quoted one: around it, and doubled inside."""
    return len(cell) > 1 and cell.endswith('"') and '"' not in cell[1:-1].replace('""', "")


def has_quoted_cell(line: str, separator: str) -> bool:
    """Whether a cell of a line begins and ends with a quote, when quotes are words."""
    return any(cell.startswith('"') and may_be_quoted(cell) for cell in line.split(separator))


def probable_separator(header: str) -> str:
    """The most frequent separator in a header, '' when it has none."""
    counts = {separator: header.count(separator) for separator in SEPARATORS}
    return max(counts, key=counts.__getitem__) if any(counts.values()) else ""


def separator_hint(separator: str) -> Hint:
    words = f"the columns seem to be separated by {separator!r}: write --separator {SEPARATORS[separator]!r}"
    return words, {"separator": SEPARATORS[separator]}


def quoting_hint(held: list[str], names: list[str], separator: str, quotes: bool) -> Hint:
    """What to write for a row that cannot be parsed, by looking at its lines; `quotes` is whether rows before it were
    quoted."""
    header = separator.join(names) or "".join(held[:1])
    if (other := probable_separator(header)) not in ("", separator):
        return separator_hint(other)
    if any('\\"' in line for line in held):
        return 'quotes seem to be escaped as \\": write --quoting backslash', {"quoting": "backslash"}
    quotes = quotes or any(has_quoted_cell(line, separator) for line in held)
    if len(names) > 1 and not quotes and are_rows(held, names, separator):
        return "quotes seem to be words: write --quoting none", {"quoting": "none"}
    return "a quote may be open; double the quotes inside cells, or write --quoting none where quotes are words", {}
