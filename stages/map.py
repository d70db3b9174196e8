"""map: apply a named function, or one after the other, to every row, or to the whole table.

python -m stages.map humpback-dataset --input humpback-mix-2 --apply messages
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from baleen.errors import Problem
from baleen.project.command_line import run
from baleen.project.options import options_of_run
from baleen.project.settings import REQUIRED, setting
from baleen.tables import rows
from baleen.tables.exports import Transform
from baleen.tables.rows import Row
from baleen.transforms import columns_read, columns_written, parse_transform

Fate = tuple[Row, str]  # a row, and why it leaves or ''


@dataclass
class MapOptions:
    input: str = setting(REQUIRED, "table to read")
    apply: list[str] = setting(REQUIRED, "transforms to apply, in this order, such as messages or crab.verify")
    set: dict[str, str] = setting({}, "columns that every row gets first, the same text for all, such as {pivot: es}")


def mapped(table: Iterable[Row], transform: Transform) -> Iterator[Fate]:
    """The rows that the rows become, in order, each with the reason why it leaves or ''."""
    if transform.whole:
        yield from transform.whole(list(table))
        return
    assert transform.function
    for row in table:
        fate = transform.function(row)
        yield from [(row, fate)] if isinstance(fate, str) else ((new, "") for new in fate)


def chained(table: Iterable[Row], transforms: Sequence[Transform]) -> Iterator[Fate]:
    """The same for several transforms: each gets the rows that the one before it has left."""
    if not transforms:
        yield from ((row, "") for row in table)
        return
    gone = list[Fate]()
    yield from mapped(staying(chained(table, transforms[:-1]), gone), transforms[-1])
    yield from gone


def staying(fates: Iterable[Fate], gone: list[Fate]) -> Iterator[Row]:
    """The rows without a reason to leave; the others go to `gone`."""
    for row, reason in fates:
        if reason:
            gone.append((row, reason))
        else:
            yield row


def check(options: MapOptions, where: str) -> None:
    """A Problem for settings that cannot be meant."""
    if not options.apply:
        raise Problem(f"{where}: nothing to apply; write apply: and a transform")
    for text in options.apply:
        try:
            parse_transform(text)
        except Problem as problem:
            raise Problem(f"{where}: {problem}") from None


def names(options: MapOptions) -> list[tuple[str, str]]:
    """The transforms that the settings name."""
    return [("transform", text.partition("(")[0].strip()) for text in options.apply]


def main(argv: list[str]) -> None:
    name, options = options_of_run(MapOptions, argv, "map")
    check(options, f"map {name}")
    transforms, path = [parse_transform(text) for text in options.apply], rows.table_path(options.input)
    needed = [column for column in columns_read(transforms) if column not in options.set]
    columns = rows.extend_schema(
        rows.schema(path, needed), dict.fromkeys(options.set, rows.TEXT) | columns_written(transforms)
    )
    blank: Row = dict.fromkeys(columns_written(transforms[:-1]))  # columns that a row lacks when it leaves early
    table = (row | options.set for row in rows.read(path))
    with rows.Output(rows.table_path(name), columns) as output:
        for row, reason in chained(table, transforms):
            if reason:
                output.drop(blank | row, reason, counted=reason.partition(" of ")[0])
            else:
                output.keep(row)
        output.require_rows(f"map {name}", "build the input again")


if __name__ == "__main__":
    run(main)
