"""mix: put two tables together, the first repeated until it has its share; only columns that both have stay, and the
lineage of those that have one.

python -m stages.mix humpback-mix-1 --input seed --other humpback-curate-1 --share 0.4
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from baleen.errors import Problem
from baleen.project.command_line import run
from baleen.project.options import options_of_run
from baleen.project.settings import REQUIRED, setting
from baleen.tables import rows
from baleen.tables.rows import Row, row_id


@dataclass
class MixOptions:
    input: str = setting(REQUIRED, "table that is repeated whole to reach its share, such as the seeds")
    other: str = setting(REQUIRED, "table to put with it, once")
    share: float = setting(0.0, "share of rows that come from the first table, 0 to 1; 0 takes it once")


def repeats(first: int, second: int, share: float) -> int:
    """How often the first table is taken, at least once, so that it makes up about `share` of the rows."""
    return max(1, round(second * share / (1 - share) / first)) if share else 1


def mixed(path: rows.Table, other: rows.Table, times: int, columns: list[str]) -> Iterator[Row]:
    """Copies of the first table, then the other; a copy's id tells which copy it is."""
    for copy in range(times):
        for row in path:
            own = row["id"] if copy == 0 else row_id(row["id"], "copy", str(copy))
            yield with_columns(row, columns) | {"id": own}
    for row in other:
        yield with_columns(row, columns)


def with_columns(row: Row, columns: list[str]) -> Row:
    """These columns of a row; the lineage of one that nobody has generated is empty."""
    found = {column: row[column] for column in columns if column != "lineage"}
    steps = [step for step in row.get("lineage") or [] if not gone(step, found)]
    return found | ({"lineage": steps} if "lineage" in columns else {})


def gone(step: Row, columns: Row) -> bool:
    """Whether a step has only graded, and its grades are left behind: equal rows that were graded anew stay equal."""
    written = step["columns"].split(",")
    return all(column in rows.GRADES and column not in columns for column in written)


def shared(first: pa.Schema, second: pa.Schema) -> pa.Schema:
    """The columns both tables have, in the order of the first, and the lineage when one of them has it."""
    both = pa.schema([field for field in first if field.name in second.names and field.name != "lineage"])
    return rows.extend_schema(both, {"lineage": rows.LINEAGE} if "lineage" in {*first.names, *second.names} else {})


def check(options: MixOptions, where: str) -> None:
    """A Problem for settings that cannot be meant."""
    if not 0 <= options.share < 1:
        raise Problem(f"{where}: share {options.share} must lie in [0, 1); 0 takes the first table once")


def names(_: MixOptions) -> list[tuple[str, str]]:
    """What the settings name beside tables and models: nothing."""
    return []


def main(argv: list[str]) -> None:
    name, options = options_of_run(MixOptions, argv, "mix")
    check(options, f"mix {name}")
    first, second = rows.table_path(options.input), rows.table_path(options.other)
    columns = shared(rows.schema(first), rows.schema(second))
    if not rows.size(first):
        raise Problem(f"mix {name}: {first} has no rows; build it again, or mix without it")
    times = repeats(rows.size(first), rows.size(second), options.share)
    with rows.Output(rows.table_path(name), columns) as output:
        for row in mixed(rows.Table(first), rows.Table(second), times, columns.names):
            output.keep(row)
        output.notes["copies"] = {options.input: times, options.other: 1}


if __name__ == "__main__":
    run(main)
