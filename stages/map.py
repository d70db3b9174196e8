"""map: apply a named function, or one after the other, to every row, or to the whole table.

python -m stages.map humpback-dataset --input humpback-mix-2 --apply messages
"""

from dataclasses import dataclass

from baleen.errors import Problem
from baleen.project.command_line import run
from baleen.project.options import options_of_run
from baleen.project.settings import REQUIRED, setting
from baleen.tables import rows
from baleen.tables.rows import Row
from baleen.transforms import by_columns, by_rows, chained, columns_read, columns_written, parse_transform


@dataclass
class MapOptions:
    input: str = setting(REQUIRED, "table to read")
    apply: list[str] = setting(REQUIRED, "transforms to apply, in this order, such as messages or crab.verify")
    set: dict[str, str] = setting({}, "columns that every row gets first, the same text for all, such as {pivot: es}")


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
    batches = [one.batch for one in transforms if one.batch]
    blank: Row = dict.fromkeys(columns_written(transforms[:-1]))
    table = (row | options.set for row in rows.read(path))
    with rows.Output(rows.table_path(name), columns) as output:
        if len(batches) == len(transforms):
            for batch in by_columns(path, options.set, batches, columns):
                output.keep_batch(batch)
        else:
            by_rows(chained(table, transforms), blank, output)
        output.require_rows(f"map {name}", "build the input again")


if __name__ == "__main__":
    run(main)
