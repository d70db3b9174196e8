"""Workers on a local Ray cluster answer what one process would; a worker that is killed costs no reply."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from baleen import fresh, loading
from baleen.engines import Engine, Reply, Request, Sampling
from baleen.fresh import Fresh
from baleen.hf import HF
from baleen.problems import Problem
from baleen.ray_cluster import Cluster, chunks
from baleen.settings import Speed

SPEED = Speed(device="cpu", batch_tokens=512)
GREEDY, DRAWN = Sampling(temperature=0, max_tokens=16), Sampling(temperature=1.0, top_p=0.95, max_tokens=16)
QUESTIONS = [f"Tell me about the number {n}. " + "It is a fine one. " * (n % 5) for n in range(40)]
REQUESTS = [Request((("user", question),), seed=n << 40) for n, question in enumerate(QUESTIONS)]
GRADED = [replace(request, prefill="Well, ", answer="it has many uses.") for request in REQUESTS]
MARKED = [replace(request, prefill="Score:", marks=(" 1", " 2", " 3", " 4", " 5")) for request in REQUESTS]

started = pytest.mark.slow  # a cluster takes 10 s to start and its workers to import transformers
needed = pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed (extra ray)")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder: Path = tmp_path_factory.mktemp("models") / "tiny"
    texts = [*QUESTIONS, "Well, it has many uses.", *(f"Score: {mark}" for mark in "12345" * 9)]
    fresh.make(folder, Fresh(num_hidden_layers=2, tokenizer="bpe", vocab_size=400), texts, seed=1)
    return str(folder)


@pytest.fixture(scope="module")
def hf(tiny: str) -> HF:
    return HF(tiny, SPEED)


def cluster(model: str, workers: int, engine: str = "hf", **more: Any) -> Cluster:
    made = loading.loader(engine, model, replace(SPEED, ray_workers=workers, **more))[2]()
    assert isinstance(made, Cluster)
    return made


@pytest.fixture(scope="module")
def two(tiny: str) -> Iterator[Cluster]:
    yield cluster(tiny, 2)


def ordered(found: Iterator[tuple[int, Reply]]) -> list[Reply]:
    pairs = sorted(found, key=lambda pair: pair[0])
    assert [index for index, _ in pairs] == list(range(len(pairs)))
    return [reply for _, reply in pairs]


@started
@needed
@pytest.mark.parametrize("sampling", [GREEDY, DRAWN], ids=["greedy", "drawn"])
def test_two_workers_write_the_texts_of_one_process_in_any_order(two: Cluster, hf: HF, sampling: Sampling) -> None:
    alone = ordered(hf.generate(REQUESTS, sampling))
    assert ordered(two.generate(REQUESTS, sampling)) == alone
    assert ordered(two.generate(REQUESTS[::-1], sampling))[::-1] == alone
