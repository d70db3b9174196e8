"""Sheets of a workbook: a header, and a record of texts for each row below it.

The header is the first row with several filled cells, where the sheet has several columns: what stands above it is a
title. Where some sheets have a column that is asked for, the others are notes.
"""

from collections.abc import Collection, Iterator
from datetime import date, time
from typing import Any, BinaryIO, NamedTuple

from baleen.errors import Problem
from baleen.tables.records import OpenFile, Record

Cells = list[str | None]


class Sheet(NamedTuple):
    """A sheet: its name for messages, its rows by number that are not empty, and where the header is among them."""

    name: str
    rows: list[tuple[int, Cells]]
    header: int

    @property
    def names(self) -> list[str]:
        """The names of the columns; a column without one has its number."""
        cells = self.rows[self.header][1] if self.rows else []
        return [cell or f"column {at}" for at, cell in enumerate(cells, 1)]


def sheet_rows(opened: OpenFile, content: BinaryIO) -> Iterator[Record]:
    """The rows below the header of each sheet, an empty cell being None; refused records for what stands above a header
    and for the rows of sheets that have no column that is asked for, where others have one."""
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_object(content)
    roots = {path.partition(".")[0] for path in opened.wanted or ()}
    sheets = [sheet_of(f"{opened.name}!{name}", book.get_sheet_by_name(name), roots) for name in book.sheet_names]
    some_asked = any(roots & {*sheet.names} for sheet in sheets)
    for sheet in sheets:
        names = sheet.names
        notes = some_asked and not roots & {*names}
        doubled = next((name for name in names if names.count(name) > 1), "")
        if doubled and not notes:
            raise Problem(f"{sheet.name}:{sheet.rows[sheet.header][0]} has two columns {doubled!r}; rename one")
        for at, (number, cells) in enumerate(sheet.rows):
            if notes or at < sheet.header:
                reason = "sheet without these columns" if notes else "above the header"
                yield Record(sheet.name, number, {}, reason=reason)
            elif at > sheet.header:
                yield Record(sheet.name, number, dict(zip(names, cells, strict=True)))


def sheet_of(name: str, sheet: Any, wanted: Collection[str]) -> Sheet:
    """A sheet with its values as texts; a first row with a name that is asked for is its header in any case."""
    every = enumerate(sheet.to_python(skip_empty_area=False), 1)
    rows = [(number, [cell_text(cell) for cell in cells]) for number, cells in every]
    rows = [(number, cells) for number, cells in rows if any(cells)]
    if rows and {*rows[0][1]} & {*wanted}:
        return Sheet(name, rows, 0)
    columns = sum(any(column) for column in zip(*(cells for _, cells in rows), strict=True))
    several = (at for at, (_, cells) in enumerate(rows) if sum(map(bool, cells)) > 1 or columns < 2)
    return Sheet(name, rows, next(several, 0))


def cell_text(cell: Any) -> str | None:
    """The value of a cell as text, a whole number without a point, a date in ISO 8601."""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    text = cell.isoformat() if isinstance(cell, date | time) else str(cell).strip()
    return text or None
