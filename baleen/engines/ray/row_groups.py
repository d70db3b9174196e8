"""Row groups: the shards of a table on disk, each some row groups of its file that follow one another."""

from pathlib import Path

import pyarrow.parquet as pq

from baleen.tables import rows

SHARE = 4  # shards for each worker at least
MOST = 128  # row groups in a shard, each of rows.BATCH
Groups = tuple[int, list[int]]  # the number of a shard, and its row groups


def shards_of(path: Path, workers: int) -> list[Groups]:
    """The shards of a table, in order; one for an empty table."""
    rows.schema(path)
    groups = int(pq.read_metadata(path).num_row_groups)
    length = min(MOST, max(1, groups // (SHARE * workers)))
    parts = [[*range(first, min(first + length, groups))] for first in range(0, groups, length)]
    return [*enumerate(parts or [[]])]
