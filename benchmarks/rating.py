"""Expected rating over written-out rating: python -m benchmarks.rating [--pairs 32] [--words 128] [--json]

`--model FOLDER --device auto` asks a real model where it is fast instead.

The same judge prompt about pairs alike, asked in both ways: the probabilities of the choices after the cue (one forward
pass), and a reply that gives its reasons first. The model is small and random, so nearly every written reply is as long
as it may be. Every repeat and each way has pairs of its own, because an engine that has just read a pair finds it in
its cache; each way goes first in turn. `cached` is the share of the prompts' tokens that came from such a cache.
`hf_speedup` and `vllm_speedup` are expected over written-out rows a second with each engine that was asked, and
`speedup` is that of the first of them, hf unless --engines says otherwise.
"""

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

os.environ.setdefault("OMP_NUM_THREADS", "1")

from baleen import prompts
from baleen.engines import table
from baleen.engines.protocol import Engine, Reply, Request, Sampling
from baleen.models import scratch
from baleen.models.scratch import Fresh
from baleen.project.settings import Speed
from baleen.tables.rows import Row

JUDGE = prompts.load("judge")
SIZES = Fresh(max_position_embeddings=1024, tokenizer="bpe", vocab_size=2000)
VOCABULARY = JUDGE.body.split() * 3
Figures = dict[str, float]


def pairs(number: int, seed: int) -> Iterator[Row]:
    """Instructions of 12 words with answers of 60."""
    random = Random(f"pairs {seed}")  # numbers of either sign give the same draws
    for _ in range(number):
        instruction, response = (" ".join(random.choices(VOCABULARY, k=words)) for words in (12, 60))
        yield {"id": "", "instruction": instruction, "response": response}


def weighed(number: int, seed: int) -> list[Request]:
    """Requests for the expected ratings of pairs."""
    choices = partial(Request, prefill=JUDGE.cue, choices=JUDGE.choices, opening=JUDGE.opening)
    return [choices(request(row, 0).messages) for row in pairs(number, seed)]


def request(row: Row, seed: int) -> Request:
    return Request(JUDGE.messages(row), seed=seed)


def rates(ask: Callable[[], Iterator[tuple[int, Reply]]]) -> tuple[float, list[Reply]]:
    """Rows a second, and the replies."""
    start = time.perf_counter()
    replies = [reply for _, reply in ask()]
    return len(replies) / (time.perf_counter() - start), replies


def measured(engine: Engine, number: int, words: int, seed: int) -> Figures:
    """Both ways of rating pairs that neither has seen."""
    requests = [request(row, seed * number + n) for n, row in enumerate(pairs(number, 2 * seed))]
    others = weighed(number, 2 * seed + 1)
    ways: dict[str, Callable[[], Iterator[tuple[int, Reply]]]] = {
        "expected": lambda: engine.choose(others),
        "written": lambda: engine.generate(requests, Sampling(temperature=0.7, max_tokens=words)),
    }
    results = {way: rates(ways[way]) for way in sorted(ways, reverse=bool(seed % 2))}
    (expected, weights), (written, replies) = results["expected"], results["written"]
    cached = sum(reply.cached_tokens for reply in weights) / sum(reply.prompt_tokens for reply in weights)
    tokens = statistics.mean(reply.completion_tokens for reply in replies)
    speedup = {"expected_rows_s": expected, "written_rows_s": written, "speedup": expected / written}
    return speedup | {"tokens": tokens, "cached": cached}


def engine(kind: str, model: str, device: str = "cpu") -> Engine:
    return table.loader(kind, model, Speed(device=device))[2]()


def figures(kind: str, model: str, number: int, words: int, repeats: int, device: str = "cpu") -> Figures:
    """Medians over the repeats, after one that warms up."""
    ready = engine(kind, model, device)
    measured(ready, 4, 8, seed=-1)
    repetitions = [measured(ready, number, words, seed) for seed in range(repeats)]
    return {name: round(statistics.median(one[name] for one in repetitions), 2) for name in repetitions[0]}


def small_model(folder: Path) -> str:
    """A small model with random weights, which knows the words of the pairs."""
    scratch.make(folder, SIZES, [JUDGE.body, *(row["response"] for row in pairs(200, seed=-2))], seed=0)
    return str(folder)


def speedups(by_engine: dict[str, Figures]) -> Figures:
    """That of the first engine, and of each under its name."""
    each = {f"{kind}_speedup": given["speedup"] for kind, given in by_engine.items()}
    return {"speedup": next(iter(each.values()))} | each


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rating", description=__doc__)
    parser.add_argument("--pairs", type=int, default=32)
    parser.add_argument("--words", type=int, default=128, help="tokens of a written-out rating")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--engines", nargs="+", default=["hf", *(["vllm"] if find_spec("vllm") else [])])
    parser.add_argument("--model", default="", help="folder of safetensors; without it a small one with random weights")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--json", action="store_true", help="one JSON object and nothing else")
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        model = str(Path(given.model).resolve()) if given.model else small_model(Path(folder, "model"))
        sizes = (given.pairs, given.words, given.repeats, given.device)
        result = {kind: figures(kind, model, *sizes) for kind in given.engines}
    whole = speedups(result) | {"pairs": given.pairs, "repeats": given.repeats} | result
    print(json.dumps(whole) if given.json else "\n".join(f"{name:<12} {value}" for name, value in whole.items()))


if __name__ == "__main__":
    main()
