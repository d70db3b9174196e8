"""Ray Data: a function of every shard of a table on the workers of a cluster, and groups of rows by a key.

Settings, names of files and small results travel through Ray, and keys where rows are grouped; rows themselves go
through scratch files in the project's folder, which all machines of the cluster share.
"""

import logging
import os
import pickle
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from baleen.engines.ray.join import connect
from baleen.engines.ray.worker import environment, hostname
from baleen.errors import Problem
from baleen.project.settings import Speed

KEYS = 1 << 22  # keys in a partition at most, some 100 MB in a worker
Work = Callable[[Any], Any]
Batch = dict[str, Any]


class Workers:
    """The workers that `speed: ray_tables` asks for; a context manager that ends what it started."""

    def __init__(self, speed: Speed) -> None:
        if speed.ray_address.startswith("ray://"):
            raise Problem(
                f"speed: ray_tables cannot use {speed.ray_address}, a client of a cluster; write auto or host:6379"
            )
        self.number, self.folder = speed.ray_tables, str(Path.cwd())
        self.ray, self.started = connect(speed, speed.ray_tables, environment(speed))
        self.data: Any = import_module("ray.data")
        logging.getLogger("ray.data").setLevel(logging.ERROR)  # importing it has set another level
        context = self.data.DataContext.get_current()
        context.execution_options.preserve_order, context.enable_progress_bars = True, False

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, *_: object) -> None:
        if self.started:
            self.ray.shutdown()

    def mapped(self, work: Work, items: Sequence[Any]) -> Iterator[Any]:
        """What `work` returns of each item, in order, each item being a task; the Problem of the first that has one."""
        tasks = self._tasks(len(items))
        done = self._items(items).map_batches(partial(answers, self.folder, work), batch_size=1, **tasks)
        for row in self._run(done.iter_rows):
            yield unpacked(row)

    def grouped(self, keys_of: Work, items: Sequence[Any], group: Work, keys: int) -> list[Any]:
        """What `group` returns of each partition. `keys_of` gives a table of each item, in which the column `key`,
        64 evenly spread bits, says into which partition a row goes; `keys` is how many there are about."""
        if not items:
            return []
        number = max(self.number, -(-keys // KEYS))
        tables = self._items(items).map_batches(
            partial(partitioned, self.folder, keys_of, number), batch_size=1, **self._tasks(len(items))
        )
        groups = tables.groupby("partition", num_partitions=min(number, 8 * self.number))
        done = groups.map_groups(partial(group_answer, self.folder, group), batch_format="pyarrow")
        return [unpacked(row) for row in sorted(self._run(done.iter_rows), key=lambda row: int(row["partition"]))]

    def _tasks(self, items: int) -> dict[str, Any]:
        return {"compute": self.data.TaskPoolStrategy(size=min(self.number, items)), "num_cpus": 1}

    def _items(self, items: Sequence[Any]) -> Any:
        packed = [{"item": pickle.dumps(item)} for item in items]
        return self.data.from_items(packed, override_num_blocks=len(packed))

    def _run(self, rows: Callable[[], Iterator[Any]]) -> Iterator[Any]:
        """The rows of a data set; a Problem for a worker that ended again and again."""
        try:
            yield from rows()
        except self.ray.exceptions.RayError as error:
            reason = " ".join(str(error).split())[-300:]
            raise Problem(f"Ray could not do it (is memory short? lower speed: ray_tables): {reason}") from None


def unpacked(row: Batch) -> Any:
    """A result; a Problem is raised."""
    result = pickle.loads(row["result"])
    if isinstance(result, Problem):
        raise result
    return result


def enter(folder: str) -> None:
    """Make the project's folder the current one, from which its own modules are imported too."""
    if not os.path.isdir(folder):
        raise Problem(f"no folder {folder} on {hostname()}: every machine of the cluster must share the project")
    os.chdir(folder)
    if folder not in sys.path:
        sys.path.insert(0, folder)


def packed(work: Callable[[], Any]) -> Any:
    """The result of some work as a column of one value; also a Problem, which is raised where it is asked for."""
    try:
        result = work()
    except Problem as problem:
        result = problem
    return np.array([pickle.dumps(result)], dtype=object)


def answers(folder: str, work: Work, batch: Batch) -> Batch:
    def result() -> Any:
        enter(folder)
        return work(pickle.loads(batch["item"][0]))

    return {"result": packed(result)}


def partitioned(folder: str, keys_of: Work, number: int, batch: Batch) -> pa.Table:
    """The keys of an item, each with its partition."""
    enter(folder)
    table: pa.Table = keys_of(pickle.loads(batch["item"][0]))
    partitions = table["key"].to_numpy() % np.uint64(number)
    return table.append_column("partition", pa.array(partitions.astype(np.int64)))


def group_answer(folder: str, group: Work, table: pa.Table) -> Batch:
    def result() -> Any:
        enter(folder)
        return group(table)

    return {"partition": table["partition"][:1].to_numpy(), "result": packed(result)}
