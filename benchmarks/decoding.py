"""Processor seconds of the hf engine for replies that end at different lengths: python -m benchmarks.decoding [--json]

`--model FOLDER` is a model with a chat template (default: that of the extra laptop). The same requests, one batch, one
thread, are answered three times in every repeat: as transformers decodes (keys and values copied for each head that
shares them, and every row computed until the last one ends), without the copies, and without the rows that have ended
too. The ratios are medians over the repeats; `equal` says that all texts are the same.
"""

import argparse
import json
import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from baleen.engines import grouped_attention, shrinking
from baleen.engines.hf import HF
from baleen.engines.protocol import Request, Sampling
from baleen.project.command_line import report_problems
from baleen.project.settings import Speed
from benchmarks import gpu_model

THINGS = (
    "a lighthouse, a river, bread, chess, the moon, a bicycle, tea, a volcano, glass, a library, rain, honey, paper"
)
TASKS = ("Describe {} in two sentences.", "Write a short story about {}.", "Name three facts about {}.")
NEVER = 1 << 30
WAYS = {
    "transformers": ("sdpa", NEVER),
    "no copies": (grouped_attention.NAME, NEVER),
    "no copies, fewer rows": (grouped_attention.NAME, shrinking.WORTH),
}


def requests(number: int) -> list[Request]:
    texts = [task.format(thing) for thing in THINGS.split(", ") for task in TASKS]
    return [Request((("user", text),), seed=n) for n, text in enumerate(texts[:number])]


def seconds(engine: HF, way: tuple[str, int], asked: list[Request], sampling: Sampling) -> tuple[float, list[Any]]:
    """Processor seconds of all replies, and the replies in the order of the requests."""
    attention, shrinking.WORTH = way
    engine.model.set_attn_implementation(attention)
    begin = time.process_time()
    replies = dict(engine.generate(asked, sampling))
    return time.process_time() - begin, [replies[n] for n in range(len(asked))]


def measured(model: str, rows: int, tokens: int, repeats: int) -> dict[str, Any]:
    engine, asked = HF(model, Speed(device="cpu", threads=1, batch_tokens=NEVER)), requests(rows)
    sampling, times = Sampling(temperature=0.7, top_p=0.9, max_tokens=tokens), dict[str, list[float]]()
    equal, first = True, list[Any]()
    for _ in range(repeats):
        for name, way in WAYS.items():
            taken, replies = seconds(engine, way, asked, sampling)
            times.setdefault(name, []).append(taken)
            first = first or replies
            equal = equal and [one.text for one in replies] == [one.text for one in first]
    whole = times["transformers"]
    ratios = {name: [a / b for a, b in zip(whole, own, strict=True)] for name, own in times.items()}
    return {
        "rows": len(asked),
        "tokens": sum(one.completion_tokens for one in first),
        "ended": sum(one.finish == "stop" for one in first),
        "seconds": {name: round(statistics.median(own), 2) for name, own in times.items()},
        "speedup": {name: round(statistics.median(own), 2) for name, own in ratios.items()},
        "equal": equal,
    }


def main() -> None:
    cli = argparse.ArgumentParser(prog="python -m benchmarks.decoding", description=__doc__)
    cli.add_argument("--model", default="", help="folder of a model (default: that of the extra laptop)")
    cli.add_argument("--rows", type=int, default=27)
    cli.add_argument("--tokens", type=int, default=192)
    cli.add_argument("--repeats", type=int, default=3)
    cli.add_argument("--json", action="store_true")
    given = cli.parse_args()
    with report_problems(), TemporaryDirectory() as folder:
        model = given.model or str(gpu_model.folder(Path(folder, "model"), "float32"))
        found = measured(model, given.rows, given.tokens, given.repeats)
    print(json.dumps(found) if given.json else "\n".join(f"{name}: {value}" for name, value in found.items()))


if __name__ == "__main__":
    main()
