"""The openai engine at the server that comes with transformers: it can generate, and the engine says what it cannot."""

import os
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import preloading
import pytest
from copies import write_program
from faulty_proxy import REQUESTS, WANTED, write_pin
from ports import reserved

from baleen.engines.hf import HF
from baleen.engines.openai.client import OpenAI
from baleen.engines.openai.retries import Patience
from baleen.engines.protocol import Reply, Sampling
from baleen.errors import Problem
from baleen.models import scratch
from baleen.models.scratch import Fresh
from baleen.project import preload
from baleen.project.settings import Speed

missing = [name for name in ("aiohttp", "transformers", "fastapi", "uvicorn") if find_spec(name) is None]
pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")]

GREEDY = Sampling(temperature=0, max_tokens=16, top_p=1.0)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("models") / "tiny"
    scratch.make(folder, Fresh(num_hidden_layers=2, tokenizer="bpe", vocab_size=300), WANTED, seed=1)
    return str(folder)


def is_ready(port: int) -> bool:
    with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/health") as reply:
        return bool(reply.status == 200)
    return False


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with reserved() as port:
        yield port


@pytest.fixture(scope="module")
def server(tiny: str, port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The endpoint of `transformers serve` with one small model."""
    folder = tmp_path_factory.mktemp("server")
    log, door = folder / "log", preloading.variables()[preload.DOOR].partition(os.pathsep)[2]
    program = write_program(folder, Path(door), "transformers.cli.transformers")
    words = ["serve", tiny, "--host", "127.0.0.1", "--port", str(port), "--device", "cpu", "--dtype", "float32"]
    quiet = os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
    with log.open("wb") as said:
        running = subprocess.Popen([program, *words], env=quiet, stdout=said, stderr=said, process_group=0)
    try:
        while not is_ready(port):
            assert running.poll() is None, log.read_text()[-3000:]
            with suppress(subprocess.TimeoutExpired):
                running.wait(0.5)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        with suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        running.wait()


@pytest.fixture(scope="module")
def direct_engine(server: str, tiny: str, tmp_path_factory: pytest.TempPathFactory) -> OpenAI:
    model = write_pin(tmp_path_factory.mktemp("pins") / "m", server, tiny)
    return OpenAI(model, Speed(concurrency=4), Patience(seconds=900))


def ordered_replies(found: Iterator[tuple[int, Reply]]) -> list[Reply]:
    return [reply for _, reply in sorted(found, key=lambda pair: pair[0])]


def test_greedy_replies_are_those_of_hf(direct_engine: OpenAI, tiny: str) -> None:
    told = ordered_replies(HF(tiny, Speed(device="cpu")).generate(REQUESTS, GREEDY))
    assert ordered_replies(direct_engine.generate(REQUESTS, GREEDY)) == told


CHOOSING = replace(REQUESTS[0], choices=("1", "2", "3"))
GRADED = replace(REQUESTS[0], answer="it has many uses.")
STARTED = replace(REQUESTS[0], prefill="Well, ")


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda engine: engine.loss([GRADED]), "loss needs a vLLM server, and http.* is another; use --engine hf"),
        (lambda engine: engine.choose([CHOOSING]), "the server gives no log-probabilities: .* engine hf or vllm"),
        (lambda engine: engine.generate([STARTED], GREEDY), r"begins the reply \(prefill, .* needs a vLLM server"),
        (lambda engine: engine.generate([REQUESTS[0]], replace(GREEDY, top_k=5)), "top_k .* needs a vLLM server"),
    ],
    ids=["loss", "choose", "prefill", "top_k"],
)
def test_what_the_server_cannot_do_is_said_with_a_way_out(direct_engine: OpenAI, ask: object, words: str) -> None:
    with pytest.raises(Problem, match=words):
        list(ask(direct_engine))  # type: ignore[operator]
