"""Rows a second and peak memory of tables at size: python -m benchmarks.tables [--rows 100000] [--only filter] [--json]

Every figure is of a stage as a build runs it, in a process of its own, imports not counted in its time but in its
memory; each text has 120 words. `cpu_us` is the processor time of a row, which other work on the machine stretches
less. `exact` and `near` ingest a Parquet file of which a tenth are copies; `near_recall` and
`near_precision` are against the exact Jaccard index, for the first 20,000 rows. `filter` has three measures and a rank,
`mix` repeats its first table, `export` writes chats, and `openai` asks a server on this machine that answers at once,
from one core and with an empty memo. `ray` builds tables with workers on Ray, as benchmarks/ray_tables.py says.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib import import_module
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from baleen.tables import rows
from baleen.tables.rows import BATCH
from benchmarks.answering import Answering
from benchmarks.apart import apart, peak_mb

WORDS, VOCABULARY = 120, 20_000
Figures = dict[str, float]
REPLY = json.dumps(
    {
        "id": "chat-1",
        "object": "chat.completion",
        "created": 1,
        "model": "instant",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": "What " * 20}, "finish_reason": "stop"},
        ],
        "usage": {"prompt_tokens": 200, "completion_tokens": 21, "total_tokens": 221},
    }
).encode()
PROJECT = {
    "prompts/ask.md": "---\nwrites: [instruction]\n---\nWhat does this answer?\n$response\n",
    "params.yaml": "profile: bench\n",
    "profiles/bench.yaml": "speed: {}\n",
}


def vocabulary() -> pa.Array:
    """Words of 2 to 9 letters that are about as frequent as in English."""
    draw, letters = np.random.default_rng(0), np.array(list("etaoinshrdlucmfwypvbgk"))
    return pa.array(["".join(draw.choice(letters, draw.integers(2, 10))) for _ in range(VOCABULARY)])


def texts(number: int, length: int, draw: np.random.Generator, words: pa.Array) -> pa.Array:
    """So many texts of so many words, the n-th word being drawn in proportion to 1/n."""
    places = (VOCABULARY ** draw.random(number * length) - 1).astype(np.int32)
    lists = pa.ListArray.from_arrays(pa.array(range(0, number * length + 1, length), pa.int32()), words.take(places))
    return pc.binary_join(lists, " ")


def documents(number: int, repeats: float = 0.0) -> Iterator[pa.RecordBatch]:
    """Rows with instruction, response and a loss; `repeats` is the share of the responses that another row has too."""
    draw, words = np.random.default_rng(1), vocabulary()
    for first in range(0, number, BATCH):
        count = min(BATCH, number - first)
        responses = texts(count, WORDS, draw, words)
        own = np.where(draw.random(count) < repeats, draw.integers(0, count, count), np.arange(count))
        yield pa.record_batch(
            {
                "id": pa.array([f"{first + n:016x}" for n in range(count)]),
                "origin": pa.array(["web"] * count),
                "instruction": texts(count, 10, draw, words),
                "response": responses.take(own),
                "loss": draw.random(count),
            }
        )


def write(name: str, batches: Iterator[pa.RecordBatch]) -> None:
    with rows.Output(rows.table_path(name)) as output:
        for batch in batches:
            output.keep_batch(batch)


def stage(verb: str, flags: Sequence[str]) -> Figures:
    """Seconds and peak memory in MB of a stage, run in this process."""
    main: Callable[[list[str]], None] = import_module(f"stages.{verb}").main
    start, cpu = time.perf_counter(), time.process_time()
    main(["out", *flags])
    return {
        "seconds": time.perf_counter() - start,
        "cpu": time.process_time() - cpu,
        "peak_mb": peak_mb(),
    }


def measured(name: str, number: int, found: Figures, memory: bool = False) -> Figures:
    peak: Figures = {f"{name}_peak_mb": round(found["peak_mb"])} if memory else {}
    cpu = {f"{name}_cpu_us": round(1e6 * found["cpu"] / number, 1)}
    return {f"{name}_rows": number, f"{name}_rows_s": round(number / found["seconds"])} | cpu | peak


def filtered(number: int) -> Figures:
    """Three measures and a rank."""
    write("documents", documents(number))
    conditions = ["chars(instruction)>=10", "words(response)>=100", "ratio(response,instruction)>=2"]
    flags = ["--input", "documents", "--keep", *conditions, "--best", "loss", "--share", "0.5"]
    return measured("filter", number, apart(stage, "filter", flags), memory=True)


def mixed(number: int) -> Figures:
    """A tenth of the rows is the first table, taken so often that it is 0.4 of all."""
    first = number // 10
    write("first", documents(first))
    write("second", documents(number - first))
    found = apart(stage, "mix", ["--input", "first", "--other", "second", "--share", "0.4"])
    return measured("mix", rows.size(rows.table_path("out")), found)


def near_copies(batches: Iterator[pa.RecordBatch], share: float) -> Iterator[pa.RecordBatch]:
    """The rows, this share of the responses being that of the row before with up to a third of its words replaced."""
    draw = np.random.default_rng(2)
    for batch in batches:
        responses = batch.column("response").to_pylist()
        for at in np.flatnonzero(draw.random(len(batch)) < share)[1:].tolist():
            words = responses[at - 1].split(" ")
            first, count = draw.integers(0, len(words)), draw.integers(0, len(words) // 3)
            words[first : first + count] = [f"new{draw.integers(0, 1 << 40)}" for _ in words[first : first + count]]
            responses[at] = " ".join(words)
        yield batch.set_column(batch.schema.get_field_index("response"), "response", pa.array(responses))


def ingested(name: str, number: int) -> Figures:
    """A Parquet file of which one row in ten is a copy, exact or near."""
    plain = documents(number, repeats=0.1 if name == "exact" else 0.0)
    write("documents", plain if name == "exact" else near_copies(plain, 0.1))
    flags = ["--source", "data/documents.parquet", "--origin", "web", "--columns.response", "response"]
    found = apart(stage, "ingest", [*flags, "--deduplicate", name])
    return measured(name, number, found, memory=name == "near") | (agreement() if name == "near" else {})


def agreement(threshold: float = 0.8, most: int = 20_000) -> Figures:
    """Recall and precision of the near duplicates among the first rows, against the Jaccard index of their words' runs
    of five; only the row before can be the origin of a copy, and what was made of it."""
    texts = [row["response"].lower().split() for row in islice(rows.read(rows.table_path("documents")), most)]
    runs = [{*zip(*(words[n:] for n in range(5)), strict=False)} for words in texts]
    left = {row["source"]["position"] - 1 for row in rows.read(Path("data/out.dropped.parquet"))}
    chain = [like(runs, at, left, threshold) for at in range(len(runs))]
    found = {at for at in left if at < len(runs)}
    wanted = {at for at, has in enumerate(chain) if has}
    right = len(found & wanted)
    return {"near_recall": round(right / len(wanted), 4), "near_precision": round(right / len(found), 4)}


def like(runs: list[set[tuple[str, ...]]], at: int, left: set[int], threshold: float) -> bool:
    """Whether one of the kept rows among the nine before a row reaches the threshold."""
    before = (runs[one] for one in range(max(0, at - 9), at) if one not in left)
    return any(len(runs[at] & other) / len(runs[at] | other) >= threshold for other in before)


def exported(number: int) -> Figures:
    """The table as chats, the form that trainers read."""
    write("documents", documents(number))
    return measured("export", number, apart(stage, "map", ["--input", "documents", "--apply", "messages"]))


class InstantServer(Answering):
    """Answers every POST with the same reply, as fast as one process can."""

    def answer(self, _: bytes) -> bytes:
        return REPLY


def serve(port: Connection) -> None:
    """Run the server for ever; its port goes to who started it."""

    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(InstantServer, "127.0.0.1", 0)
        port.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


def stage_on_one_core(verb: str, flags: Sequence[str]) -> Figures:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    return stage(verb, flags)


def openai_rate(number: int) -> Figures:
    """Every row is asked about at a server that answers at once; the memo is empty."""
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    pin = f"{{endpoint: 'http://127.0.0.1:{ours.recv()}/v1', model: instant}}\n"
    for path, text in (PROJECT | {"models/instant/pin.yaml": pin}).items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text, encoding="utf-8")
    write("documents", documents(number))
    flags = [
        "--input",
        "documents",
        "--model",
        "instant",
        "--engine",
        "openai",
        "--prompt",
        "ask",
        "--profile",
        "bench",
    ]
    found = apart(stage_on_one_core, "generate", flags)
    server.kill()
    server.join()
    return measured("openai", number, found)


def ray_figures(number: int) -> Figures:
    """Workers on Ray beside one process, which benchmarks.ray_tables explains."""
    found: Figures = import_module("benchmarks.ray_tables").figures(number)
    return found


TABLES: dict[str, tuple[Callable[[int], Figures], int]] = {
    "exact": (partial(ingested, "exact"), 1_000_000),
    "near": (partial(ingested, "near"), 1_000_000),
    "filter": (filtered, 10_000_000),
    "mix": (mixed, 2_000_000),
    "export": (exported, 1_000_000),
    "openai": (openai_rate, 20_000),
    "ray": (ray_figures, 200_000),
}


def figures(names: Sequence[str], most: int) -> Figures:
    found: Figures = {"words": WORDS}
    for name in names:
        measure, number = TABLES[name]
        with TemporaryDirectory() as folder:
            os.chdir(folder)
            found |= measure(min(number, most or number))
    return found


def main() -> None:
    cli = argparse.ArgumentParser(prog="python -m benchmarks.tables", description=__doc__)
    cli.add_argument("--rows", type=int, default=0, help="rows at most")
    cli.add_argument("--only", nargs="+", choices=TABLES, default=list(TABLES))
    cli.add_argument("--json", action="store_true", help="one JSON object and nothing else")
    given, home = cli.parse_args(), Path.cwd()
    os.environ["PYTHONPATH"] = os.pathsep.join([str(home), os.environ.get("PYTHONPATH", "")])  # for the new processes
    found = figures(given.only, given.rows)
    os.chdir(home)
    print(json.dumps(found) if given.json else "\n".join(f"{name:<16} {value:>12}" for name, value in found.items()))


if __name__ == "__main__":
    main()
