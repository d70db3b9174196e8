"""Footers: the row groups of one Parquet file put after those of another, without reading a value of them.

A footer is a Thrift struct in the compact protocol (parquet-format, parquet.thrift: FileMetaData). Of the row groups
that move, only the places in the file and the number change; every other byte is copied. pyarrow does not offer this.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

MAGIC = b"PAR1"
BYTE, I16, I64, DOUBLE, BINARY, LIST, SET, STRUCT = 3, 4, 6, 7, 8, 9, 10, 12  # types of the compact protocol
ROWS, GROUPS = 3, 4  # fields of FileMetaData
PLACE, NUMBER = "place", "number"
Moved = Mapping[int, Any] | str | None  # which fields of a struct change, or of the structs in a list
IN_COLUMN = {9: PLACE, 10: PLACE, 11: PLACE, 14: PLACE}  # ColumnMetaData: pages, index, dictionary, Bloom filter
IN_CHUNK = {2: PLACE, 3: IN_COLUMN, 4: PLACE, 6: PLACE}  # ColumnChunk: file_offset, meta_data, two page indexes
IN_GROUP = {1: IN_CHUNK, 5: PLACE, 7: NUMBER}  # RowGroup: columns, file_offset, ordinal


def varint(data: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, the lowest first, and where it ends."""
    value = shift = 0
    while data[at] > 0x7F:
        value |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
    return value | data[at] << shift, at + 1


def as_varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def signed(value: int) -> int:
    """The number that its zigzag form stands for."""
    return value >> 1 ^ -(value & 1)


def as_signed(value: int) -> bytes:
    return as_varint(value << 1 if value >= 0 else ~(value << 1))


@dataclass
class Walk:
    """A walk over Thrift values, which copies them but for the numbers that move."""

    data: bytes
    moves: Mapping[str, int] = field(default_factory=dict)
    out: bytearray = field(default_factory=bytearray)
    copied: int = 0  # the byte up to which `out` has all

    def value(self, kind: int, at: int, moved: Moved) -> int:
        """Where a value ends that begins at a byte."""
        if kind <= BYTE:
            return at + (kind == BYTE)  # a bool of a struct is in the head of its field
        if kind <= I64:
            return self.number(at, moved)
        if kind == DOUBLE:
            return at + 8
        if kind == BINARY:
            length, at = varint(self.data, at)
            return at + length
        if kind in (LIST, SET):
            count, of, at = list_head(self.data, at)
            for _ in range(count):
                at = self.value(max(of, BYTE), at, moved)  # a bool of a list is a byte
            return at
        if kind == STRUCT:
            return self.struct(at, moved if isinstance(moved, dict) else {})
        raise ValueError(f"a footer has a value of type {kind}")

    def struct(self, at: int, moved: Mapping[int, Any]) -> int:
        data, number = self.data, 0
        while head := data[at]:
            number, at = field_head(data, at, number)
            at = self.value(head & 15, at, moved.get(number))
        return at + 1

    def number(self, at: int, moved: Moved) -> int:
        end = at
        while self.data[end] > 0x7F:
            end += 1
        end += 1
        value = signed(varint(self.data, at)[0]) if isinstance(moved, str) else 0
        if isinstance(moved, str) and (value or moved == NUMBER):  # a place of 0 says nothing
            value += self.moves.get(moved, 0)
            value = (value + 0x8000) % 0x10000 - 0x8000 if moved == NUMBER else value  # has 16 bits
            self.out += self.data[self.copied : at] + as_signed(value)
            self.copied = end
        return end


def field_head(data: bytes, at: int, before: int) -> tuple[int, int]:
    """The number of a field, and where its value begins."""
    step = data[at] >> 4
    if step:
        return before + step, at + 1
    value, at = varint(data, at + 1)
    return signed(value), at


def list_head(data: bytes, at: int) -> tuple[int, int, int]:
    """How many values a list has, their type, and where the first begins."""
    count, of = data[at] >> 4, data[at] & 15
    if count < 15:
        return count, of, at + 1
    count, at = varint(data, at + 1)
    return count, of, at


@dataclass(frozen=True)
class Footer:
    """What a file says of itself: the bytes before the number of rows, between that and the row groups, and after."""

    start: int  # the byte of the file at which it begins
    before: bytes
    rows: int
    between: bytes
    groups: int
    listed: bytes  # the row groups
    after: bytes

    def fits(self, other: "Footer") -> bool:
        """Whether two files differ in their rows alone: their schemas, metadata and writers are the same."""
        return (self.before, self.between, self.after) == (other.before, other.between, other.after)

    def moved(self, places: int, number: int) -> bytes:
        """The row groups, so many bytes further on in a file, after so many others."""
        walk, at = Walk(self.listed, {PLACE: places, NUMBER: number}), 0
        for _ in range(self.groups):
            at = walk.value(STRUCT, at, IN_GROUP)
        return bytes(walk.out + self.listed[walk.copied :])

    def with_groups(self, rows: int, groups: int, listed: bytes) -> bytes:
        """The bytes of this footer with so many rows and groups, and the end of a file."""
        head = bytes([groups << 4 | STRUCT]) if groups < 15 else bytes([0xF0 | STRUCT]) + as_varint(groups)
        whole = b"".join([self.before, as_signed(rows), self.between, head, listed, self.after])
        return whole + len(whole).to_bytes(4, "little") + MAGIC


def read_footer(file: BinaryIO) -> Footer | None:
    """The footer of an open file, None where it is no Parquet file as pyarrow writes it."""
    size = file.seek(0, 2)
    file.seek(max(0, size - 8))
    end = file.read()
    start = size - 8 - int.from_bytes(end[:4], "little")
    if end[4:] != MAGIC or start < len(MAGIC):
        return None
    file.seek(start)
    return parsed(file.read(size - 8 - start), start)


def parsed(data: bytes, start: int) -> Footer | None:
    """A footer of these bytes; None where the rows or the row groups are missing."""
    walk, at, number, found = Walk(data), 0, 0, dict[int, tuple[int, int]]()
    while head := data[at]:
        number, at = field_head(data, at, number)
        found[number] = at, walk.value(head & 15, at, None)
        at = found[number][1]
    if not found.keys() >= {ROWS, GROUPS}:
        return None
    (rows_at, rows_end), (groups_at, groups_end) = found[ROWS], found[GROUPS]
    count, _, first = list_head(data, groups_at)
    parts = (data[:rows_at], signed(varint(data, rows_at)[0]), data[rows_end:groups_at], count)
    return Footer(start, *parts, data[first:groups_end], data[groups_end:])


def append_file(path: Path, other: Path) -> None:
    """Put the row groups of another file, which must fit, after those of a file."""
    with path.open("r+b") as file, other.open("rb") as source:
        mine, theirs = read_footer(file), read_footer(source)
        if not mine or not theirs or not mine.fits(theirs):
            raise ValueError(f"the row groups of {other} do not fit {path}")
        source.seek(len(MAGIC))
        file.seek(mine.start)
        shutil.copyfileobj(source, file, 1 << 20)
        shift = mine.start - len(MAGIC)
        file.seek(shift + theirs.start)
        listed = mine.listed + theirs.moved(shift, mine.groups)
        file.write(mine.with_groups(mine.rows + theirs.rows, mine.groups + theirs.groups, listed))
        file.truncate()
