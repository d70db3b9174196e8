"""mix: put two tables together, the first repeated until it has its share; only columns that both have stay, and the
lineage of those that have one.

python -m stages.mix humpback-mix-1 --input seed --other humpback-curate-1 --share 0.4
"""

from dataclasses import dataclass
from importlib import import_module

from baleen.errors import Problem
from baleen.project.command_line import run
from baleen.project.options import options_of_run
from baleen.project.settings import REQUIRED, setting, speed_of_tables
from baleen.tables import mixing, rows


@dataclass
class MixOptions:
    input: str = setting(REQUIRED, "table that is repeated whole to reach its share, such as the seeds")
    other: str = setting(REQUIRED, "table to put with it, once")
    share: float = setting(0.0, "share of rows that come from the first table, 0 to 1; 0 takes it once")


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
    columns = mixing.shared(rows.schema(first), rows.schema(second))
    if not rows.size(first):
        raise Problem(f"mix {name}: {first} has no rows; build it again, or mix without it")
    times = mixing.repeats(rows.size(first), rows.size(second), options.share)
    tables = [*((first, copy) for copy in range(times)), (second, 0)]
    with rows.Output(rows.table_path(name), columns) as output:
        if mixing.stays_as_it_is(second, columns):
            output.keep_last(tables.pop()[0])
        if (speed := speed_of_tables()).ray_tables:
            import_module("baleen.engines.ray.mix_shards").mix(tables, columns, output, speed)
        else:
            for batch in mixing.mixed(tables, columns):
                output.keep_batch(batch)
        output.notes["copies"] = {options.input: times, options.other: 1}


if __name__ == "__main__":
    run(main)
