"""Peak memory of a generate stage at 200,000 rows over that at 10,000: python -m benchmarks.memory --json

Each stage runs in a process of its own, memo empty, and reports its peak resident memory (imports included). The engine
says the prompt back at once: a model's own memory would only make the ratio smaller. Peaks are medians of the repeats,
small and large in turn; `growth` is the large over the small one.
"""

import argparse
import json
import os
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from baleen.engines import table as engine_table
from baleen.engines.protocol import Engine, Reply, Request, Sampling
from baleen.project.settings import Speed
from baleen.tables import rows
from benchmarks.apart import apart, peak_mb
from stages import generate

FILES = {
    "prompts/ask.md": "---\nwrites: [instruction]\n---\nWhat does this answer?\n$response\n",
    "params.yaml": "profile: bench\n",
    "profiles/bench.yaml": "speed: {}\n",
    "models/none/config.json": "{}",
}
TEXT = "Some words that make a document of a few hundred bytes, as many as a short paragraph has. " * 4


@dataclass(frozen=True)
class Parrot:
    """Answers every question with its end."""

    identity: str
    kind: str = "parrot-1"

    def echo(self, requests: Sequence[Request], sampling: Sampling | None = None) -> Iterator[tuple[int, Reply]]:
        for index, request in enumerate(requests):
            yield index, Reply(request.messages[-1][1][-200:], prompt_tokens=100, completion_tokens=50)

    generate = loss = choose = embed = echo


def parrot(model: str, speed: Speed) -> Engine:
    from baleen.models import identity

    return Parrot(identity.identity(model))


def table(name: str, number: int) -> None:
    """A table of documents, written as they are made."""
    with rows.Output(rows.table_path(name)) as output:
        for n in range(number):
            output.keep({"id": f"{n:016x}", "origin": "web", "response": f"{TEXT}{n}"})


def peak(name: str) -> float:
    """Peak memory in MiB of this process after the stage has run in it."""
    engine_table.ENGINES["parrot"] = lambda: (Parrot.kind, parrot)
    with TemporaryDirectory(dir=".") as memo:
        os.environ["BALEEN_MEMO"] = memo
        generate.main(["out", "--input", name, "--model", "none", "--prompt", "ask", "--engine", "parrot"])
    return peak_mb()


def figures(few: int, many: int, repeats: int) -> dict[str, float]:
    for path, text in FILES.items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text, encoding="utf-8")
    table("few", few)
    table("many", many)
    pairs = [(apart(peak, "few"), apart(peak, "many")) for _ in range(repeats)]
    small, large = (statistics.median(column) for column in zip(*pairs, strict=True))
    rows_of = {"rows": few, "rows_many": many, "repeats": repeats}
    return rows_of | {"peak_mb": round(small, 1), "peak_mb_many": round(large, 1), "growth": round(large / small, 3)}


def main() -> None:
    cli = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    cli.add_argument("--rows", type=int, default=10_000)
    cli.add_argument("--rows-many", type=int, default=200_000)
    cli.add_argument("--repeats", type=int, default=5)
    cli.add_argument("--json", action="store_true", help="one JSON object and nothing else")
    given, home = cli.parse_args(), Path.cwd()
    os.environ["PYTHONPATH"] = os.pathsep.join([str(home), os.environ.get("PYTHONPATH", "")])  # for the new processes
    with TemporaryDirectory() as folder:
        os.chdir(folder)
        result = figures(given.rows, given.rows_many, given.repeats)
        os.chdir(home)
    print(json.dumps(result) if given.json else "\n".join(f"{name:<16} {value}" for name, value in result.items()))


if __name__ == "__main__":
    main()
