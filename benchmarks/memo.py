"""What the reply memo costs: python -m benchmarks.memo [--replies 1000000] [--json]

Fills a memo in a temporary folder, then asks for every reply again in a process of its own, through `ask`, whose
engine must never be built. Time and peak memory are of that process, imports included.
"""

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from baleen.engines.protocol import Engine, Reply, Request, Sampling
from baleen.memo.ask import EngineQuery, ask
from baleen.memo.keys import query_settings, to_record
from baleen.memo.store import Memo
from baleen.tables.rows import batches
from benchmarks.apart import apart, peak_mb

SAMPLING = Sampling()
TOGETHER = 256  # replies in a transaction; in a run it holds what came while the last one was written
SETTINGS = query_settings("bench/1", "model", "generate", SAMPLING)
LETTERS = "etaoin shrdlu cmfwyp etaoin eat "
Figures = dict[str, float]


def requests(number: int) -> Iterator[Request]:
    """Prompts of some 1,000 characters that differ in a number."""
    about = "Write the instruction that this text answers. " * 20
    return (Request((("user", f"{about}{n}"),), seed=n) for n in range(number))


def reply(number: int) -> Reply:
    """100 words of letters as frequent as in English."""
    random = Random(number)
    text = " ".join("".join(random.choices(LETTERS, k=6)) for _ in range(100))
    return Reply(text, prompt_tokens=250, completion_tokens=150)


def fill(root: Path, number: int) -> Figures:
    """Put replies in as a run does, in transactions of TOGETHER; their making is not counted."""
    memo, spent = Memo(root), 0.0
    for batch in batches(enumerate(requests(number)), TOGETHER):
        values = {SETTINGS.key(request): to_record(reply(n), SAMPLING.max_tokens) for n, request in batch}
        start = time.perf_counter()
        memo.put(SETTINGS.space, values)
        spent += time.perf_counter() - start
    memo.close()
    return {
        "put_rows_per_second": round(number / spent),
        "bytes_per_reply": round(memo.path.stat().st_size / number, 1),
    }


def no_engine() -> Engine:
    raise AssertionError("a reply is missing")


def read_hits(root: Path, number: int) -> Figures:
    """Query everything again, all from the memo, and keep no reply."""
    start = time.perf_counter()
    query = EngineQuery(SETTINGS.engine_kind, SETTINGS.identity, no_engine, "generate", SAMPLING)
    answers = ask(Memo(root), query, requests(number))
    hits = sum(hit for *_, hit in answers)
    seconds = time.perf_counter() - start
    assert hits == number, f"{number - hits} replies are missing"
    return {"seconds": round(seconds, 2), "hits_per_second": round(hits / seconds), "peak_mb": round(peak_mb(), 1)}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memo", description=__doc__)
    parser.add_argument("--replies", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true", help="one JSON object and nothing else")
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        figures = {"replies": given.replies} | apart(fill, Path(folder), given.replies)
        figures |= apart(read_hits, Path(folder), given.replies)
    print(
        json.dumps(figures) if given.json else "\n".join(f"{name:<20} {value:>12}" for name, value in figures.items())
    )


if __name__ == "__main__":
    main()
