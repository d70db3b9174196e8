"""ingest: files -> Table. Read a corpus or seeds in the formats people have, cut, clean, and drop what came before.

Every record (or segment) is kept, or dropped with its reason; texts pass through one at a time, only the index of
duplicates stays in memory (baleen.tables.duplicates says what it costs).

python -m stages.ingest seed --source seeds.jsonl --origin seed --columns.instruction question --columns.response answer
"""

from collections import Counter
from importlib import import_module

from baleen.project import own_tables
from baleen.project.command_line import run
from baleen.project.options import options_of_run
from baleen.project.settings import made_alone, speed_of_tables
from baleen.tables.ingest import ingest
from baleen.tables.ingest_options import IngestOptions, check
from baleen.tables.rows import Output, table_path
from baleen.tables.sources import records

__all__ = ["IngestOptions", "check", "main", "names"]


def names(options: IngestOptions) -> list[tuple[str, str]]:
    """The part of a generated world that the settings name."""
    return [("part", options.part)] * bool(options.part)


def main(argv: list[str]) -> None:
    """Read the options and the source, write data/<target>.parquet."""
    name, options = options_of_run(IngestOptions, argv, "ingest")
    check(options, f"ingest {name}")
    if options.part:
        own_tables.refuse(f"ingest {name}")
    notes = Counter[str]()
    with Output(table_path(name)) as output:
        if not ingested_on_ray(name, options, output, notes):
            ingest(records(options, notes), options, output, notes)


def ingested_on_ray(name: str, options: IngestOptions, output: Output, notes: Counter[str]) -> bool:
    """Whether workers have read the source, which must be several files, where the profile's `speed` wants them."""
    speed = speed_of_tables()
    if not speed.ray_tables:
        return False
    done: bool = import_module("baleen.engines.ray.ingest_shards").ingest(options, output, notes, speed)
    if not done:
        made_alone(f"ingest {name}", "only a source of several files, without a limit, is read in parts")
    return done


if __name__ == "__main__":
    run(main)
