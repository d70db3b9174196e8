"""Workers on Ray beside one process: python -m benchmarks.tables --only ray [--rows 200000] [--json]

Near-duplicate removal of 16 Parquet files, a filter with three measures and a rank, and a mix, by this process alone
and by 2 and 4 workers, one after the other in one run. `ray_tables_speedup` is the time of the three verbs alone over
that with 2 workers, `_4` with 4; `equal` says that all tables have the same bytes. Starting a cluster (`start_s`) is
not counted; `fixed_s` is the time of the three verbs for 16 rows after that, which is Ray's own. Of 2 workers, `one_us`
is the processor time of a row in the process that writes the table, `many_us` that in all other processes of the
cluster.
"""

import time
from collections.abc import Iterator
from contextlib import chdir
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import psutil
import pyarrow.parquet as pq

from baleen.engines.ray.datasets import Workers
from baleen.project.settings import Speed
from baleen.tables import rows
from benchmarks.apart import apart
from benchmarks.tables import Figures, documents, near_copies, write

FILES, COUNTS = 16, (2, 4)
ENDINGS = (".parquet", ".dropped.parquet", ".json")
CONDITIONS = ["chars(instruction)>=10", "words(response)>=100", "ratio(response,instruction)>=2"]
VERBS = {
    "ingest": ["--source", "shards", "--origin", "web", "--columns.response", "response", "--deduplicate", "near"],
    "filter": ["--input", "documents", "--keep", *CONDITIONS, "--best", "loss", "--share", "0.5"],
    "mix": ["--input", "few", "--other", "documents", "--share", "0.4"],
}
Seconds = dict[str, tuple[float, float, float]]  # of each verb: time, processor time here, and in other processes


def inputs(number: int) -> None:
    """The tables that are read, and the first of them as several files."""
    write("documents", near_copies(documents(number), 0.1))
    write("few", documents(max(1, number // 10)))
    Path("shards").mkdir(exist_ok=True)
    table = pq.read_table("data/documents.parquet")
    for file in range(FILES):
        first, end = number * file // FILES, number * (file + 1) // FILES
        pq.write_table(table.slice(first, end - first), f"shards/{file:02}.parquet")


def project(workers: int) -> None:
    Path("profiles").mkdir(exist_ok=True)
    Path("params.yaml").write_text("profile: bench\n", encoding="utf-8")
    Path("profiles/bench.yaml").write_text(f"speed: {{ray_tables: {workers}}}\n", encoding="utf-8")


def others_cpu() -> float:
    """Processor seconds of the processes that this one has started, and of theirs."""
    return sum(sum(child.cpu_times()[:2]) for child in psutil.Process().children(recursive=True))


def verbs() -> Iterator[tuple[str, tuple[float, float, float]]]:
    """Build the three tables."""
    for verb, flags in VERBS.items():
        before = time.perf_counter(), time.process_time(), others_cpu()
        import_module(f"stages.{verb}").main([verb, *flags])
        after = time.perf_counter(), time.process_time(), others_cpu()
        seconds, here, there = (b - a for a, b in zip(before, after, strict=True))
        yield verb, (seconds, here, there)


class Timed(NamedTuple):
    """Seconds until a cluster runs, those of the verbs, the digest of their tables, and those of all for 16 rows."""

    start: float
    seconds: Seconds
    tables: str
    fixed: float = 0.0


def timed(workers: int, fixed: bool = False) -> Timed:
    """The verbs with so many workers on a cluster, and with few rows if `fixed`; 0 is this process alone."""
    for verb in VERBS:
        import_module(f"stages.{verb}")
    project(workers)
    start = time.perf_counter()
    if not workers:
        return Timed(0.0, dict(verbs()), digest())
    with Workers(Speed(ray_tables=workers)) as cluster:
        list(cluster.mapped(abs, [*range(-workers, 0)]))  # all workers have begun
        done = Timed(time.perf_counter() - start, dict(verbs()), digest())
        return done._replace(fixed=seconds_of_few(workers)) if fixed else done


def seconds_of_few(workers: int) -> float:
    """Seconds of the verbs for 16 rows on the cluster that runs, in a folder of their own."""
    with TemporaryDirectory(dir=Path.cwd()) as folder, chdir(folder):
        inputs(FILES)
        project(workers)
        return total(dict(verbs()))


def digest() -> str:
    """One for all bytes of the tables."""
    files = [Path("data", f"{verb}{ending}") for verb in VERBS for ending in ENDINGS]
    return sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def total(seconds: Seconds) -> float:
    return sum(one for one, _, _ in seconds.values())


def figures(number: int) -> Figures:
    inputs(number)
    _, alone, wanted, _ = apart(timed, 0)
    found: Figures = {"ray_tables_rows": number, "ray_tables_alone_s": round(total(alone), 2), "equal": True}
    for workers in COUNTS:
        start, seconds, tables, fixed = apart(timed, workers, workers == COUNTS[0])
        found["equal"] = bool(found["equal"]) and tables == wanted
        ending = "" if workers == COUNTS[0] else f"_{workers}"
        found[f"ray_tables_speedup{ending}"] = round(total(alone) / total(seconds), 3)
        found[f"ray_tables_start{ending}_s"] = round(start, 1)
        if workers == COUNTS[0]:
            found |= by_verb(number, alone, seconds) | {"ray_tables_fixed_s": round(fixed, 2)}
    return found


def by_verb(number: int, alone: Seconds, seconds: Seconds) -> Figures:
    """Speed-up and processor time of a row of each verb; a mix counts the rows that it writes."""
    found: Figures = {}
    for verb, (whole, here, there) in seconds.items():
        count = rows.size(rows.table_path("mix")) if verb == "mix" else number
        found[f"ray_{verb}_speedup"] = round(alone[verb][0] / whole, 3)
        found[f"ray_{verb}_alone_us"] = round(1e6 * alone[verb][1] / count, 1)
        found[f"ray_{verb}_one_us"] = round(1e6 * here / count, 1)
        found[f"ray_{verb}_many_us"] = round(1e6 * there / count, 1)
    return found
