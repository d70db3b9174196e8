"""Workers that are this process: what Ray's would do, one item after the other and without a cluster."""

import pickle
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from baleen.project.settings import Speed


class Workers:
    number = 2

    def __init__(self, speed: Speed) -> None:
        assert speed.ray_tables

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, *_: object) -> None: ...

    def mapped(self, work: Callable[[Any], Any], items: Sequence[Any]) -> Iterator[Any]:
        work = pickle.loads(pickle.dumps(work))
        return (pickle.loads(pickle.dumps(work(pickle.loads(pickle.dumps(item))))) for item in items)

    def grouped(
        self, keys_of: Callable[[Any], pa.Table], items: Sequence[Any], group: Callable[[pa.Table], Any], keys: int
    ) -> list[Any]:
        """The rows of a partition come in any order: here from the last item to the first."""
        number = max(self.number, keys // 5000)
        whole = pa.concat_tables(keys_of(item) for item in reversed(items))
        partition = (whole["key"].to_numpy() % np.uint64(number)).astype(np.int64)
        whole = whole.append_column("partition", pa.array(partition))
        return [group(whole.filter(pa.array(partition == n))) for n in range(number) if (partition == n).any()]
