"""What vLLM's prefix cache is worth when judging: python -m benchmarks.prefix --model DIR --json

The judge's rubric stands before every pair, so that its tokens are the same in all prompts. The same engine as the
score verb has, with the cache and without, is asked for expected ratings of pairs that it has not seen; each goes first
in turn. `speedup` is the median of the ratios of rows a second, `cached` the share of prompt tokens that were cached.
"""

import argparse
import json
import os
import statistics
from functools import partial
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

from baleen.engines import table, vllm
from baleen.engines.protocol import Engine
from baleen.project.command_line import report_problems
from baleen.project.settings import Speed
from baleen.tables.rows import Row
from benchmarks import rating


def engine(model: str, speed: Speed, cached: bool) -> Engine:
    """The engine of the score verb, with or without its prefix cache."""
    _, cpu = vllm.installed_version()
    for name, value in (vllm.ENVIRONMENT | (vllm.ON_CPU if cpu else {})).items():
        os.environ.setdefault(name, value)  # before vllm is imported here
    package: Any = import_module("vllm")
    made: Any = package.EngineArgs
    package.EngineArgs = lambda **options: made(**options | {"enable_prefix_caching": cached})
    try:
        return table.loader("vllm", model, speed)[2]()
    finally:
        package.EngineArgs = made


def measured(engines: dict[str, Engine], number: int, turn: int) -> Row:
    """Rows a second of both, of pairs that neither has seen."""
    rates, cached = {}, 0.0
    for name in sorted(engines, reverse=bool(turn % 2)):
        requests = rating.weighed(number, seed=2 * turn + (name == "with"))
        rates[name], replies = rating.rates(partial(engines[name].choose, requests))
        if name == "with":
            cached = sum(reply.cached_tokens for reply in replies) / sum(reply.prompt_tokens for reply in replies)
    speedup = rates["with"] / rates["without"]
    return {"with_rows_s": rates["with"], "without_rows_s": rates["without"], "speedup": speedup, "cached": cached}


def figures(model: str, device: str, number: int, repeats: int) -> Row:
    """Medians over the repeats, after one that warms up."""
    speed = Speed(device=device, gpu_memory=0.4)  # two engines share the memory
    engines = {name: engine(model, speed, name == "with") for name in ("with", "without")}
    measured(engines, min(number, 8), -1)
    turns = [measured(engines, number, turn) for turn in range(repeats)]
    return {name: round(statistics.median(one[name] for one in turns), 3) for name in turns[0]}


def main() -> None:
    cli = argparse.ArgumentParser(prog="python -m benchmarks.prefix", description=__doc__)
    cli.add_argument("--model", default="", help="folder of safetensors; without it a small one with random weights")
    cli.add_argument("--device", default="cpu")
    cli.add_argument("--pairs", type=int, default=32)
    cli.add_argument("--repeats", type=int, default=5)
    cli.add_argument("--json", action="store_true", help="one JSON object and nothing else")
    given = cli.parse_args()
    with TemporaryDirectory() as folder, report_problems():
        model = str(Path(given.model).resolve()) if given.model else rating.small_model(Path(folder, "model"))
        result = figures(model, given.device, given.pairs, given.repeats)
    result |= {"pairs": given.pairs, "repeats": given.repeats}
    print(json.dumps(result) if given.json else "\n".join(f"{name:<16} {value}" for name, value in result.items()))


if __name__ == "__main__":
    main()
