"""Mix on Ray: each worker reads some row groups of a copy of a table, and this process writes them in order."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path

import pyarrow as pa

from baleen.engines.ray.datasets import Workers
from baleen.engines.ray.row_groups import shards_of
from baleen.engines.ray.scratch import Filed, Scratch, replay
from baleen.project.settings import Speed
from baleen.tables.mixing import table_batches
from baleen.tables.rows import Output

Part = tuple[int, Path, int, list[int]]  # number of the shard, table, copy of it, row groups


@dataclass(frozen=True)
class Settings:
    """What the workers of one mix know."""

    scratch: Scratch
    columns: pa.Schema


def mix(tables: Sequence[tuple[Path, int]], columns: pa.Schema, output: Output, speed: Speed) -> None:
    """Keep what baleen.tables.mixing.mixed gives."""
    with Scratch.of(output.path) as scratch, Workers(speed) as workers:
        number = count()
        parts = [
            (next(number), path, copy, groups) for path, copy in tables for _, groups in shards_of(path, workers.number)
        ]
        for done in workers.mapped(partial(file_part, Settings(scratch, columns)), parts):
            replay(scratch.path("rows", done), output)


def file_part(known: Settings, part: Part) -> int:
    """File some rows of a copy of a table; the number of the shard."""
    number, path, copy, groups = part
    with Filed(known.scratch.path("rows", number)) as filed:
        for batch in table_batches(path, known.columns, copy, groups):
            filed.keep_batch(batch)
    return number
