"""JSON files: one object a line, or arrays and objects one after the other, read to the end of the file."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from baleen.errors import Problem
from baleen.tables.encodings import CHUNK, decoded_chunks, lines
from baleen.tables.records import Doubled, OpenFile, Record
from baleen.tables.rows import Row


def json_object(pairs: list[tuple[str, Any]]) -> Row:
    """An object, in which a key that it has more than once is Doubled."""
    fields = dict(pairs)
    if len(fields) == len(pairs):
        return fields
    keys = [key for key, _ in pairs]
    return {key: Doubled(keys.count(key)) if keys.count(key) > 1 else value for key, value in fields.items()}


KIND = {"kind": "json"}  # for a file that is named .jsonl
DECODER = json.JSONDecoder(object_pairs_hook=json_object)


def json_record(opened: OpenFile, number: int, value: Any) -> Record:
    """A record from a JSON value, which must be an object."""
    if isinstance(value, dict):
        return Record(opened.name, number, value)
    wrong = f'a record must be an object such as {{"text": "..."}}, not {type(value).__name__}'
    raise Problem(f"{opened.name}:{number}: {wrong}")


def json_lines(opened: OpenFile) -> Iterator[Record]:
    """One object a line; the position is the line, blank lines are skipped."""
    for number, line in enumerate(lines(opened, opened.limit), 1):
        if line is None:
            yield Record(opened.name, number, {}, reason="too large")
        elif line.strip():
            try:
                value = DECODER.decode(line)
            except (ValueError, RecursionError) as error:
                where = f"{opened.name}:{number} is not JSON ({error})"
                raise not_json(where, line.strip(), error) from None
            if isinstance(value, list):
                raise Problem(
                    f"{opened.name}:{number}: a record must be an object, not an array; write --kind json", KIND
                )
            yield json_record(opened, number, value)


def not_json(where: str, line: str, error: Exception) -> Problem:
    """The Problem for a line that is not JSON, with what is likely meant."""
    if line in "{[":
        return Problem(f"{where}; write --kind json for a value over several lines", KIND)
    if isinstance(error, json.JSONDecodeError) and error.msg == "Extra data":
        rest = line[error.pos :].strip()
        if rest == ",":
            return Problem(f"{where}; take the commas at the ends of the lines out")
        if rest.startswith("{"):
            return Problem(f"{where}; write --kind json for several objects in a line", KIND)
    if line.startswith("{'"):
        return Problem(f"{where}; it is written as Python shows it: write it with json.dumps")
    return Problem(f"{where}; fix or delete the line")


@dataclass
class Cursor:
    """A position in a stream of JSON; the buffer grows only while a value is incomplete."""

    chunks: Iterator[str]
    limit: int
    held: str = ""
    at: int = 0

    def fill(self) -> bool:
        """Drop what is parsed and double the buffer; false at the end of the stream."""
        parts, wanted = [self.held[self.at :]], max(CHUNK, len(self.held) - self.at)
        while wanted > 0 and (chunk := next(self.chunks, None)) is not None:
            parts.append(chunk)
            wanted -= len(chunk)
        self.held, self.at = "".join(parts), 0
        return len(parts) > 1

    def peek(self) -> str:
        """The next character that is not white space; '' at the end."""
        while True:
            self.at = next((i for i in range(self.at, len(self.held)) if not self.held[i].isspace()), len(self.held))
            if self.at < len(self.held) or not self.fill():
                return self.held[self.at : self.at + 1]

    def take(self, character: str) -> bool:
        taken = self.peek() == character
        self.at += taken
        return taken

    def value(self) -> Any:
        """The next value; ValueError when there is none."""
        self.peek()
        while True:
            try:
                value, self.at = DECODER.raw_decode(self.held, self.at)
                return value
            except ValueError:
                if len(self.held) - self.at > self.limit or not self.fill():
                    raise

    def items(self) -> Iterator[Any]:
        """The values of every array and every other value, to the end of the stream; ValueError for anything else."""
        while self.peek():
            if not self.take("["):
                yield self.value()
            elif not self.take("]"):
                yield self.value()
                while not self.take("]"):
                    if not self.take(","):
                        raise ValueError("no ',' before it")
                    yield self.value()


def inside(opened: OpenFile, value: Any, parts: list[str]) -> Iterator[Any]:
    """The records at a path of a value: a list there is its items, and `*` every item of a list or value of an object;
    a Problem where there is nothing."""
    if not parts:
        yield from value if isinstance(value, list) else [value]
    elif parts[0] == "*" and isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from inside(opened, item, parts[1:])
    elif isinstance(value, dict) and parts[0] in value:
        yield from inside(opened, value[parts[0]], parts[1:])
    else:
        there = ", ".join(map(str, value)) if isinstance(value, dict) else f"a {type(value).__name__}"
        raise Problem(f"{opened.name}: --field {opened.field}: there is no {parts[0]!r} but {there[:200]}; correct it")


def json_values(opened: OpenFile) -> Iterator[Record]:
    """The objects of arrays and objects one after the other; the position is the number of the record."""
    items, number = Cursor(decoded_chunks(opened), 8 * opened.limit).items(), 0
    if opened.field:
        items = (item for value in items for item in inside(opened, value, opened.field.split(".")))
    while True:
        number += 1
        try:
            value = next(items)
        except StopIteration:
            return
        except (ValueError, RecursionError) as error:
            hint = "fix the file, or write one object a line and name it .jsonl"
            raise Problem(f"{opened.name}:{number}: record {number} is not JSON ({error}); {hint}") from None
        yield json_record(opened, number, value)
