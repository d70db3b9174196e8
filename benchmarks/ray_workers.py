"""Two Ray workers over one: python -m benchmarks.ray_workers [--rows 480] [--words 48] [--json]

The same requests to a Llama of 5 million parameters, with one thread a worker; starting the cluster and loading the
model are not counted. Three ways take turns in every repeat: one worker, two workers that share the requests
(`speedup` is their rows/s over those of one), and two workers that know nothing of each other and answer all requests
each (`bound`: what the cores and their memory give when nothing is shared and nobody waits). What is missing to `bound`
(`efficiency`) is ours: chunks smaller than what one worker gets, the wait of one worker for the last chunk of the
other, a round trip for every second of work. `overhead` is the time of one worker over that of the engine in this
process. `equal` says that all gave the same texts.
"""

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

os.environ.setdefault("OMP_NUM_THREADS", "1")

from baleen.engines import table
from baleen.engines.protocol import Engine, Request, Sampling
from baleen.models import scratch
from baleen.models.scratch import Fresh
from baleen.project.settings import Speed

SIZES = Fresh(
    hidden_size=256,
    intermediate_size=688,
    num_hidden_layers=6,
    num_attention_heads=8,
    num_key_value_heads=8,
    max_position_embeddings=512,
    tokenizer="bpe",
    vocab_size=2000,
)
VOCABULARY = [f"{a}{b}" for a in ("ba", "le", "en", "ri", "so", "tu") for b in ("no", "mi", "ka", "pel", "dor", "")]


def requests(number: int) -> list[Request]:
    """Questions of 5 to 60 words."""
    random = Random(0)
    texts = [" ".join(random.choices(VOCABULARY, k=random.randint(5, 60))) for _ in range(number)]
    return [Request((("user", text),), seed=n) for n, text in enumerate(texts)]


def texts(engine: Engine, batch: list[Request], words: int) -> list[str]:
    replies = dict(engine.generate(batch, Sampling(temperature=0.7, max_tokens=words)))
    return [replies[index].text for index in range(len(batch))]


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def apart(threads: ThreadPoolExecutor, engines: tuple[Engine, ...], batch: list[Request], words: int) -> None:
    """Each engine answers all the requests, at the same time."""
    list(threads.map(lambda one: texts(one, batch, words), engines))


def engine(model: str, workers: int) -> Engine:
    return table.loader("hf", model, Speed(device="cpu", batch_tokens=2048, ray_workers=workers))[2]()


def measured(model: str, number: int, words: int, repeats: int) -> dict[str, float | bool]:
    batch, alone = requests(number), engine(model, 0)
    first, second, pair = engine(model, 1), engine(model, 1), engine(model, 2)
    wanted = [texts(one, batch, words) for one in (alone, first, second, pair)]  # and all are warm
    seconds: dict[str, list[float]] = {"alone": [], "one": [], "two": [], "apart": []}
    with ThreadPoolExecutor(2) as threads:
        for _ in range(repeats):
            seconds["alone"].append(timed(lambda: texts(alone, batch, words)))
            seconds["one"].append(timed(lambda: texts(first, batch, words)))
            seconds["two"].append(timed(lambda: texts(pair, batch, words)))
            seconds["apart"].append(timed(lambda: apart(threads, (first, second), batch, words)))
    rates = {f"{name}_rows_s": round(number / statistics.median(seconds[name]), 1) for name in ("one", "two")}
    return ratios(seconds) | {"equal": all(one == wanted[0] for one in wanted)} | rates


def ratios(seconds: dict[str, list[float]]) -> dict[str, float | bool]:
    """Medians of the ratios within each repeat."""

    def ratio(over: str, under: str, factor: float = 1) -> float:
        pairs = zip(seconds[over], seconds[under], strict=True)
        return round(statistics.median(factor * a / b for a, b in pairs), 3)

    return {
        "speedup": ratio("one", "two"),
        "bound": ratio("one", "apart", 2),
        "efficiency": ratio("apart", "two", 0.5),
        "overhead": ratio("one", "alone"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ray_workers", description=__doc__)
    parser.add_argument("--rows", type=int, default=480)
    parser.add_argument("--words", type=int, default=48, help="new tokens of a reply")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="one JSON object and nothing else")
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        model = str(Path(folder, "model"))
        scratch.make(Path(model), SIZES, [r.messages[0][1] for r in requests(200)], seed=0)
        result = measured(model, given.rows, given.words, given.repeats)
    whole = result | {"rows": given.rows, "words": given.words, "repeats": given.repeats}
    print(json.dumps(whole) if given.json else "\n".join(f"{name:<10} {value}" for name, value in whole.items()))


if __name__ == "__main__":
    main()
