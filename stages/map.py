"""map: apply a named function to every row, or to the whole table.

python -m stages.map humpback-dataset --input humpback-mix-2 --apply messages
"""

from collections.abc import Iterator
from dataclasses import dataclass

from baleen import rows
from baleen.problems import Problem, run, unknown
from baleen.rows import Row
from baleen.settings import REQUIRED, from_command_line, setting
from baleen.transforms import TRANSFORMS, Transform


@dataclass
class MapOptions:
    input: str = setting(REQUIRED, "table to read")
    apply: str = setting(REQUIRED, "transform to apply: " + ", ".join(TRANSFORMS))


def mapped(table: Iterator[Row], transform: Transform) -> Iterator[tuple[Row, str]]:
    """The rows that the rows become, in order, each with the reason why it leaves or ''."""
    if transform.whole:
        yield from transform.whole(list(table))
        return
    assert transform.function
    for row in table:
        made = transform.function(row)
        yield from [(row, made)] if isinstance(made, str) else ((new, "") for new in made)


def check(options: MapOptions, where: str) -> None:
    """A Problem for settings that cannot be meant."""
    if options.apply not in TRANSFORMS:
        raise Problem(f"{where}: {unknown('transform', options.apply, list(TRANSFORMS))}")


def main(argv: list[str]) -> None:
    name, options = from_command_line(MapOptions, argv, "map")
    check(options, f"map {name}")
    transform, path = TRANSFORMS[options.apply], rows.table_path(options.input)
    columns = rows.extended(rows.schema(path, transform.reads), transform.writes)
    with rows.Output(rows.table_path(name), columns) as output:
        for row, reason in mapped(rows.read(path), transform):
            if reason:
                output.drop(row, reason, counted=reason.partition(" of ")[0])
            else:
                output.keep(row)
        output.some(f"map {name}", "build the input again")


if __name__ == "__main__":
    run(main)
