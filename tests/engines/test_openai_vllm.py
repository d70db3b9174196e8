"""The openai engine at vLLM's own server: the answers of hf, whatever happens on the way."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest
from faulty_proxy import REQUESTS, WANTED, Fault, Proxy, Time, forward_to, reply_texts, serving, write_pin
from ports import reserved
from vllm_server import VllmServer

from baleen.engines.hf import HF
from baleen.engines.openai.client import OpenAI
from baleen.engines.openai.retries import Patience
from baleen.engines.protocol import TOO_LONG, Reply, Request, Sampling
from baleen.errors import Problem
from baleen.memo.scores import without_question
from baleen.models import scratch
from baleen.models.scratch import Fresh
from baleen.project.settings import Speed
from baleen.prompts import Prompt

missing = [name for name in ("aiohttp", "vllm") if find_spec(name) is None]
pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")]

GREEDY = Sampling(temperature=0, max_tokens=16, top_p=1.0)
DRAWN = Sampling(temperature=1.0, top_p=0.95, max_tokens=16)
GRADED = [replace(request, prefill="Well, ", answer="it has many uses.") for request in REQUESTS]
CHOOSING = [replace(request, prefill="Score:", choices=(" 1", " 2", " 3", " 4", " 5")) for request in REQUESTS]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("models") / "tiny"
    words = [*WANTED, "Well, it has many uses.", *(f"Score: {choice}" for choice in "12345" * 9)]
    scratch.make(folder, Fresh(num_hidden_layers=2, tokenizer="bpe", vocab_size=300), words, seed=1)
    return str(folder)


@contextmanager
def with_key(value: str) -> Iterator[None]:
    before = os.environ.get("BALEEN_API_KEY")
    os.environ["BALEEN_API_KEY"] = value
    yield
    os.environ.pop("BALEEN_API_KEY") if before is None else os.environ.update(BALEEN_API_KEY=before)


@pytest.fixture(scope="module")
def server(tiny: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[VllmServer]:
    with with_key("k"), reserved() as port:
        found = VllmServer(tiny, tmp_path_factory.mktemp("server") / "log", port)
        try:
            found.start()
            assert found.running
            while not found.ready():
                with suppress(subprocess.TimeoutExpired):
                    found.running.wait(0.5)
            yield found
        finally:
            found.kill()


@pytest.fixture(scope="module")
def direct_engine(server: VllmServer, tmp_path_factory: pytest.TempPathFactory) -> OpenAI:
    return OpenAI(
        write_pin(tmp_path_factory.mktemp("pins") / "m", server.endpoint), Speed(concurrency=8), Patience(seconds=900)
    )


@pytest.fixture(scope="module")
def hf(tiny: str) -> HF:
    return HF(tiny, Speed(device="cpu"))


def ordered_replies(found: Iterator[tuple[int, Reply]]) -> list[Reply]:
    return [reply for _, reply in sorted(found, key=lambda pair: pair[0])]


def whole_replies(found: Iterator[tuple[int, Reply]]) -> list[Reply]:
    """The replies without half characters at their end, which vLLM does not send."""
    return [replace(reply, text=reply.text.rstrip("\ufffd")) for reply in ordered_replies(found)]


@pytest.mark.parametrize("requests", [REQUESTS, GRADED], ids=["plain", "prefill"])
def test_greedy_replies_of_vllm_are_those_of_hf(direct_engine: OpenAI, hf: HF, requests: list[Request]) -> None:
    asked = [replace(request, answer="") for request in requests]
    assert whole_replies(direct_engine.generate(asked, GREEDY)) == whole_replies(hf.generate(asked, GREEDY))


def test_losses_of_vllm_are_those_of_hf_also_without_the_question(direct_engine: OpenAI, hf: HF) -> None:
    asked = [*GRADED, without_question(GRADED[0])]
    for found, wanted in zip(ordered_replies(direct_engine.loss(asked)), ordered_replies(hf.loss(asked)), strict=True):
        assert found.values == pytest.approx(wanted.values, abs=1e-4)
        assert replace(found, values=()) == replace(wanted, values=())


def test_choices_of_vllm_weigh_what_they_weigh_in_hf(direct_engine: OpenAI, hf: HF) -> None:
    for found, wanted in zip(
        ordered_replies(direct_engine.choose(CHOOSING)), ordered_replies(hf.choose(CHOOSING)), strict=True
    ):
        assert found.values == pytest.approx(wanted.values, abs=1e-4)
        assert min(found.values) > 0  # none is among the likeliest of a random model


def test_choices_of_more_than_one_token_are_a_problem_at_vllm(direct_engine: OpenAI) -> None:
    with pytest.raises(Problem, match="question 1, question 2 are not one token each"):
        list(direct_engine.choose([replace(REQUESTS[0], choices=("question 1", "question 2"))]))


def test_the_tokens_from_vllms_prefix_cache_are_told(direct_engine: OpenAI) -> None:
    rubric = replace(CHOOSING[0], messages=(("user", "question " * 60),))
    list(direct_engine.choose([rubric]))
    [(_, reply)] = direct_engine.choose([rubric])
    assert reply.prompt_tokens // 2 < reply.cached_tokens < reply.prompt_tokens


def test_a_seed_gives_the_same_reply_alone_and_in_a_batch(direct_engine: OpenAI) -> None:
    batch = reply_texts(direct_engine, REQUESTS, DRAWN)
    assert reply_texts(direct_engine, REQUESTS[::-1], DRAWN)[::-1] == batch
    assert [reply_texts(direct_engine, [request], DRAWN)[0] for request in REQUESTS[:3]] == batch[:3]


@pytest.mark.parametrize("name", ["fields", "lines"])
def test_a_reply_held_to_a_format_can_be_read_at_vllm(direct_engine: OpenAI, name: str) -> None:
    """Of those that end: random weights seldom write a newline."""
    prompt = Prompt("made", "Tell me.", ("said",), format=name)
    held = replace(DRAWN, max_tokens=300, shape=prompt.shape)
    ended = [reply.text for _, reply in direct_engine.generate(REQUESTS, held) if reply.finish == "stop"]
    assert ended and all(prompt.parse_reply(text) for text in ended)


@pytest.mark.parametrize("times", [600, 6000])  # known by its tokens, and by its characters before they are counted
def test_a_request_that_is_longer_than_vllm_reads_has_no_reply_and_the_others_have(
    direct_engine: OpenAI, times: int
) -> None:
    long = replace(REQUESTS[4], messages=(("user", "question " * times),))
    written = direct_engine.generate([*REQUESTS, long], GREEDY)
    graded = direct_engine.loss([*GRADED, replace(long, answer="it has many uses.")])
    weighed = direct_engine.choose([*CHOOSING, replace(long, prefill="Score:", choices=CHOOSING[0].choices)])
    for found in (written, graded, weighed):
        assert [reply == TOO_LONG for reply in ordered_replies(found)] == [False] * 12 + [True]


def test_a_wrong_key_ends_the_run(direct_engine: OpenAI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BALEEN_API_KEY", "wrong")
    with pytest.raises(Problem, match="HTTP 401"):
        reply_texts(direct_engine)


def test_faults_between_here_and_vllm_change_nothing(direct_engine: OpenAI, server: VllmServer, tmp_path: Path) -> None:
    faults = dict(enumerate(Fault(kind) for kind in (429, 500, 502, 503, "reset", "truncated", "malformed", "drip")))
    with serving(Proxy(forward_to(f"http://127.0.0.1:{server.port}"), faults)) as proxy:
        engine = OpenAI(write_pin(tmp_path / "m", proxy.endpoint), Speed(concurrency=3), Time().patience(timeout=8.0))
        assert reply_texts(engine, REQUESTS, DRAWN) == reply_texts(direct_engine, REQUESTS, DRAWN)
        assert engine.repeated == len(faults)


def test_a_server_killed_and_started_again_in_the_middle_changes_nothing(
    direct_engine: OpenAI, server: VllmServer
) -> None:
    many = [replace(request, seed=seed) for seed in range(8) for request in REQUESTS]
    whole = reply_texts(direct_engine, many, DRAWN)
    replies = direct_engine.generate(many, DRAWN)
    found = dict(next(replies) for _ in range(10))
    server.kill()
    server.start()
    found |= dict(replies)
    assert [found[n].text for n in range(len(many))] == whole
    assert direct_engine.repeated > 0
