"""Records: what a reader gives, and the open file that it reads from."""

from collections import Counter
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

from baleen.tables.rows import Row


@dataclass(frozen=True)
class OpenFile:
    """A file being read: its name for messages and for `source`, the largest document allowed in bytes, the paths of
    the fields that are asked for (None for all), how a delimited file is written ('' for what its kind does), and the
    path of the records in a JSON file ('' where they are its values)."""

    name: str
    file: BinaryIO
    encoding: str = "utf-8"
    limit: int = 10_000_000
    wanted: frozenset[str] | None = None
    separator: str = ""
    quoting: str = ""
    field: str = ""

    @property
    def file_limit(self) -> int:
        """The largest file with pictures or packed text in bytes: 20 times the largest document."""
        return 20 * self.limit


class Record(NamedTuple):
    """One record of a source at a position (line or record number, from 1), with the source's own field names."""

    file: str
    position: int
    fields: Row
    markup: str = ""  # markdown, html, text, or '' when the source does not declare it
    licence: str | None = None
    reason: str = ""  # why it is refused
    names: tuple[str, ...] = ()  # of all fields of the source, where `fields` holds only those that are asked for

    @property
    def place(self) -> str:
        return f"{self.file}:{self.position}"


def count(notes: Counter[str], name: str, number: int) -> None:
    """Add to a count, which is not there while nothing is counted."""
    if number:
        notes[name] += number


@dataclass(frozen=True)
class Doubled:
    """Stands for the values of a name that a record has more than once: nobody can say which is meant."""

    count: int
