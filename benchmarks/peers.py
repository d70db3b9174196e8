"""baleen and its peers on the same rows: python -m benchmarks.peers [--json] [--page docs/peers.md] [--tune]

Each tool is installed into an environment of its own below build/peers, and asks one chat server on this machine, which
answers at once, about the same 2,000 texts of 120 words under one system message. A run is a process of its own from
its first import to its rows in a file. All tools take turns: a first run from nothing, `--repeats` times, of which the
speed is taken; then, each with what the last first run left, a run after nothing has changed, after 1 % more rows,
after an edit of the row in the middle, and after another system message; then a first run that is killed with -9, its
whole process group, when the server has given 700 replies, and the same command again. The server counts what it is
asked, and its reply carries a digest of the conversation, so that a row is right when it has the reply to what should
have been asked about the text it should have. `needed` is the least that could have been asked. polars does the table
work that benchmarks.tables measures. `--tune` only tries the settings of each tool, and puts their speeds into the
JSON beside the page.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import peers_page, peers_runs, peers_server, tables
from benchmarks.peers_runs import POLARS, TOOLS, Job, Run, Tool
from benchmarks.peers_server import Server

Figures = dict[str, Any]
BELOW = Path("build/peers")
SYSTEM, OTHER_SYSTEM = "Write the question that this text answers.", "Write the task that this text fulfils."
KILLED_AT = 0.35  # share of the replies
TABLE_ROWS = 200_000
TEXTS = pa.schema([("response", pa.large_string())])


def texts(number: int) -> tuple[list[str], str]:
    """So many different texts of 120 words, 1 % more, and one that no other is."""
    more = number // 100
    drawn = [text for batch in tables.documents(number + more + 1) for text in batch.column("response").to_pylist()]
    return drawn[:-1], drawn[-1]


def outcome(run: Run, job: Job, needed: int) -> Figures:
    """What a run asked and whether its rows are complete and right."""
    given, wanted = Counter(run.rows), job.expected()
    right = sum((text, peers_server.reply(of)) in given for text, of in wanted.items())
    return {
        "ended": run.ended, "seconds": round(run.seconds, 1), "asked": len(run.queries), "needed": needed,
        "rows": len(run.rows), "right": right, "of": len(wanted),
    }  # fmt: skip


def speed(runs: Sequence[tuple[Run, Job]]) -> Figures:
    """Medians over first runs: rows a second between the first and the last reply, seconds of the whole run and
    milliseconds of the processor for a row."""
    spans = [run.queries[-1].at - run.queries[0].at for run, _ in runs if len(run.queries) > 1]
    if not spans:
        return {}
    number = len(runs[0][1].texts)
    return {
        "rows_s": round(statistics.median(number / span for span in spans), 1),
        "seconds": round(statistics.median(run.seconds for run, _ in runs), 1),
        "cpu_ms": round(statistics.median(1000 * run.cpu / number for run, _ in runs), 2),
    }


class Bench:
    """The tools that could be installed, the rows, and the server that all of them ask."""

    def __init__(self, server: Server, number: int, below: Path) -> None:
        self.server, self.number, self.below = server, number, below
        self.texts, self.other = texts(number)

    def job(self, tool: Tool, chosen: Sequence[str] = (), system: str = SYSTEM) -> Job:
        return Job(chosen or self.texts[: self.number], system, self.below / "work" / tool.name)

    def run(self, tool: Tool, job: Job, **more: Any) -> Run:
        return peers_runs.run(tool, job, self.server, self.below, **more)

    def first(self, tool: Tool, **more: Any) -> tuple[Run, Job]:
        """A run from nothing."""
        job = self.job(tool)
        shutil.rmtree(job.folder, ignore_errors=True)
        return self.run(tool, job, **more), job

    def keep(self, tool: Tool) -> None:
        """Put aside what a tool remembers, for the runs that begin with it."""
        folder = self.job(tool).folder
        shutil.rmtree(folder.with_suffix(".kept"), ignore_errors=True)
        shutil.copytree(folder, folder.with_suffix(".kept"), symlinks=True)

    def again(self, tool: Tool, job: Job, needed: int) -> Figures:
        """A run that begins with what was put aside, at the same place."""
        shutil.rmtree(job.folder)
        shutil.copytree(job.folder.with_suffix(".kept"), job.folder, symlinks=True)
        return outcome(self.run(tool, job), job, needed)

    def changes(self) -> dict[str, Callable[[Tool], Figures]]:
        """The runs after a first one."""
        rows, middle = self.texts[: self.number], self.number // 2
        edited = [*rows[:middle], self.other, *rows[middle + 1 :]]
        more = len(self.texts) - self.number
        return {
            "nothing": lambda tool: self.again(tool, self.job(tool), 0),
            "appended": lambda tool: self.again(tool, self.job(tool, self.texts), more),
            "edited": lambda tool: self.again(tool, self.job(tool, edited), 1),
            "system": lambda tool: self.again(tool, self.job(tool, rows, OTHER_SYSTEM), self.number),
            "killed": self.killed,
        }

    def killed(self, tool: Tool) -> Figures:
        """The run after one that was killed; `answered` are the replies that the killed one had got."""
        before, job = self.first(tool, kill_at=round(KILLED_AT * self.number))
        if before.ended != "killed":
            return outcome(before, job, self.number) | {"answered": 0, "twice": 0, "ended": "failed"}
        after = self.run(tool, job)
        paid = Counter(query.digest for query in (*before.queries, *after.queries))
        twice = sum(count - 1 for count in paid.values())
        answered = len({query.digest for query in before.queries})
        return outcome(after, job, self.number - answered) | {"answered": answered, "twice": twice}


def measured(bench: Bench, installed: Sequence[Tool], repeats: int) -> dict[str, Figures]:
    """The figures of every tool by its name; the tools take turns."""
    firsts: dict[str, list[tuple[Run, Job]]] = {tool.name: [] for tool in installed}
    for _ in range(repeats):
        for tool in installed:
            firsts[tool.name].append(timed(f"{tool.name}, first run", partial(bench.first, tool)))
    by_tool: dict[str, Figures] = {}
    for tool in installed:
        bench.keep(tool)
        run, job = firsts[tool.name][-1]
        by_tool[tool.name] = speed(firsts[tool.name]) | {"changes": {"first": outcome(run, job, bench.number)}}
    for name, change in bench.changes().items():
        for tool in installed:
            by_tool[tool.name]["changes"][name] = timed(f"{tool.name}, {name}", partial(change, tool))
    return by_tool


def timed(what: str, work: Callable[[], Any]) -> Any:
    """Do it, and tell the time on the error stream."""
    start = time.perf_counter()
    done = work()
    print(f"{what}: {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
    return done


def tuned(bench: Bench, tool: Tool, repeats: int) -> list[Figures]:
    """The speed of first runs under each of a tool's settings, the chosen ones first; the settings take turns."""
    every = [tool.settings, *tool.others]
    runs: list[list[tuple[Run, Job]]] = [[] for _ in every]
    for _ in range(repeats):
        for one, ran in zip(every, runs, strict=True):
            ran.append(timed(f"{tool.name}, {dict(one)}", partial(bench.first, tool, settings=one)))
    return [{"settings": dict(one)} | speed(ran) for one, ran in zip(every, runs, strict=True)]


def table_work(below: Path, number: int) -> Figures:
    """Rows a second of the stages and of polars on the same files; how many rows each left, and whether their texts are
    the same in the same order."""
    result: Figures = {"rows": number}
    home = Path.cwd()
    for name in ("filter", "exact", "mix"):
        measure, _ = tables.TABLES[name]
        with TemporaryDirectory() as folder:
            os.chdir(folder)
            ours = timed(f"baleen, {name}", partial(measure, number))
            command = [peers_runs.python(POLARS, below), str(POLARS.script.with_name("polars_tables.py")), name, "data"]
            done = subprocess.run(command, text=True, capture_output=True, check=True)
            left = [pq.read_table(f"data/{one}.parquet", columns=["response"]) for one in ("out", "polars")]
            same = left[0].cast(TEXTS).equals(left[1].cast(TEXTS))
            os.chdir(home)
        rows = ours[f"{name}_rows"]
        result[name] = {
            "rows_s": [ours[f"{name}_rows_s"], round(rows / float(done.stdout))],
            "left": [table.num_rows for table in left],
            "same": same,
        }
    return result


def installed(names: Sequence[str], below: Path) -> tuple[list[Tool], dict[str, str]]:
    """The tools that there are now, polars among them, and why each of the others is missing."""
    below.mkdir(parents=True, exist_ok=True)
    wanted = [*(tool for tool in TOOLS if tool.name in names), POLARS]
    lacks = {tool.name: peers_runs.install(tool, below) for tool in wanted}
    return [tool for tool in wanted if not lacks[tool.name]], {
        name: f"it could not be installed: {why}" for name, why in lacks.items() if why
    }


def figures(given: argparse.Namespace) -> Figures:
    """Everything that the page shows, or with `--tune` what every setting gives."""
    below = BELOW.resolve()
    there, lacks = installed(given.only, below)
    tools, start = [tool for tool in there if tool is not POLARS], time.perf_counter()
    named = {tool.name: {"version": peers_runs.version(tool, below), "settings": dict(tool.settings)} for tool in there}
    with peers_server.running() as server:
        bench = Bench(server, given.rows, below)
        if given.tune:
            return {"tried": {tool.name: tuned(bench, tool, given.repeats) for tool in tools}}
        speeds_and_changes = measured(bench, tools, given.repeats)
    missing = {name: {"missing": why} for name, why in lacks.items() if name != POLARS.name}
    result: Figures = {
        "date": date.today().isoformat(), "cores": len(os.sched_getaffinity(0)), "rows": given.rows,
        "repeats": given.repeats, "python": ".".join(map(str, sys.version_info[:2])),
        "tools": {tool.name: named[tool.name] | speeds_and_changes[tool.name] for tool in tools} | missing,
    }  # fmt: skip
    if given.table_rows:
        work = {"missing": lacks[POLARS.name]} if POLARS.name in lacks else table_work(below, given.table_rows)
        result["tables"] = named.get(POLARS.name, {}) | work
    return result | {"minutes": round((time.perf_counter() - start) / 60, 1)}


def main() -> None:
    cli = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    cli.add_argument("--rows", type=int, default=2000)
    cli.add_argument("--repeats", type=int, default=2, help="first runs of each tool")
    cli.add_argument("--table-rows", type=int, default=TABLE_ROWS, help="rows of the table work; 0 leaves it out")
    cli.add_argument("--only", nargs="+", choices=[tool.name for tool in TOOLS], default=[tool.name for tool in TOOLS])
    cli.add_argument("--tune", action="store_true", help="only try the settings of each tool")
    cli.add_argument("--page", type=Path, help="write the page here, and its figures beside it as JSON")
    cli.add_argument("--json", action="store_true", help="one JSON object and nothing else")
    given = cli.parse_args()
    os.environ["PYTHONPATH"] = str(Path.cwd())  # for the stages, which run in folders of their own
    result = figures(given)
    if given.page:
        beside = given.page.with_suffix(".json")
        before = json.loads(beside.read_text(encoding="utf-8")) if beside.exists() else {}
        result = before | result
        beside.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        given.page.write_text(peers_page.page(result), encoding="utf-8")
    print(json.dumps(result, indent=None if given.json else 1))


if __name__ == "__main__":
    main()
