"""What a server cannot do or refuses each time ends a run before it is paid for each row, and a wait is said."""

import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from faulty_proxy import SAMPLING, Answer, Fault, Json, Proxy, Time, serving, write_pin

from baleen.engines.openai import retries
from baleen.engines.openai.client import OpenAI
from baleen.engines.openai.retries import Failure, Retries, failure_of_status
from baleen.engines.protocol import Reply, Request
from baleen.errors import Problem
from baleen.memo.ask import AskOptions, EngineQuery, ask
from baleen.memo.store import Memo
from baleen.project.progress import Progress
from baleen.project.settings import Speed

pytestmark = pytest.mark.skipif(
    find_spec("aiohttp") is None, reason="the package aiohttp is not installed (extra openai)"
)
REQUESTS = [Request((("user", f"question {n}."),), choices=("1", "2")) for n in range(120)]
USAGE = {"prompt_tokens": 90, "completion_tokens": 10, "total_tokens": 100}


def without_probabilities(path: str, body: Json, headers: Mapping[str, str]) -> tuple[int, Json]:
    """A server without log-probabilities; every reply takes 100 tokens."""
    if path.endswith("/models"):
        return 200, {"data": [{"id": "small", "owned_by": "me"}]}
    message = {"role": "assistant", "content": "yes"}
    return 200, {"choices": [{"message": message, "finish_reason": "stop", "logprobs": None}], "usage": USAGE}


def refusing(error: Json, *questions: int) -> Answer:
    """A server that answers these questions, or all, with HTTP 400 and an error."""

    def answer(path: str, body: Json, headers: Mapping[str, str]) -> tuple[int, Json]:
        hit = not questions or any(f"question {n}." in str(body) for n in questions)
        return (400, {"error": error}) if body and hit else without_probabilities(path, body, headers)

    return answer


@pytest.fixture
def engine_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., tuple[OpenAI, Proxy]]]:
    """Makes an engine and the server it asks."""
    monkeypatch.setenv("BALEEN_MEMO", str(tmp_path / "memo"))
    with ExitStack() as stack:

        def make(answer: Answer = without_probabilities, concurrency: int = 4, **more: Any) -> tuple[OpenAI, Proxy]:
            proxy = stack.enter_context(serving(Proxy(answer, **more)))
            model = write_pin(tmp_path / "m", proxy.endpoint)
            return OpenAI(model, Speed(concurrency=concurrency), Time().patience()), proxy

        yield make


def through_memo(engine: OpenAI, root: Path, budget: int | None = None) -> list[Reply]:
    query = EngineQuery(engine.kind, engine.identity, lambda: engine, "generate", SAMPLING)
    return [reply for _, reply, _, _ in ask(Memo(root / "memo"), query, REQUESTS, AskOptions(budget=budget))]


# what every request would be refused


def test_a_server_without_log_probabilities_is_asked_no_more_than_what_was_in_flight(engine_at: Any) -> None:
    engine, proxy = engine_at()
    words = "gives no log-probabilities: write rating: written .* engine hf or vllm; 120 of 120 requests have no reply"
    with pytest.raises(Problem, match=words):
        list(engine.choose(REQUESTS))
    assert len(proxy.bodies) <= 4


def test_a_server_that_gave_log_probabilities_before_is_asked_on(engine_at: Any) -> None:
    listed = {"content": [{"top_logprobs": [{"token": "1", "logprob": 0.0}]}]}
    able = {"choices": [{"finish_reason": "stop", "logprobs": listed}], "usage": USAGE}

    def at_times(path: str, body: Json, headers: Mapping[str, str]) -> tuple[int, Json]:
        return (200, able) if body and "question 5." not in str(body) else without_probabilities(path, body, headers)

    engine, proxy = engine_at(at_times)
    with pytest.raises(Problem, match="1 of 120 requests .* failed: 1 x the server gives no log-probabilities"):
        list(engine.choose(REQUESTS))
    assert len(proxy.bodies) == 120


def test_a_server_that_refuses_the_first_requests_is_asked_no_more(engine_at: Any) -> None:
    engine, proxy = engine_at(refusing({"message": "no such parameter"}))
    words = (
        r"none of the first \d+ requests got a reply .HTTP 400 no such parameter.; 120 of 120 .* once that is mended"
    )
    with pytest.raises(Problem, match=words):
        list(engine.generate(REQUESTS, SAMPLING))
    assert 8 <= len(proxy.bodies) <= 8 + 4


def test_many_refusals_after_one_reply_end_nothing(engine_at: Any) -> None:
    engine, proxy = engine_at(refusing({"message": "not that one"}, *range(1, 120)), concurrency=1)
    with pytest.raises(Problem, match="119 of 120 requests"):
        list(engine.generate(REQUESTS, SAMPLING))
    assert len(proxy.bodies) == 120


def test_replies_of_an_earlier_call_are_replies_too(engine_at: Any) -> None:
    engine, proxy = engine_at(refusing({"message": "not that one"}, *range(1, 120)), concurrency=1)
    list(engine.generate(REQUESTS[:1], SAMPLING))
    with pytest.raises(Problem, match="119 of 119 requests"):
        list(engine.generate(REQUESTS[1:], SAMPLING))
    assert len(proxy.bodies) == 120


# content filters


FILTERED = [
    {"code": "content_filter", "message": "triggered"},
    {"code": None, "type": "content_filter_error", "message": "triggered"},
    {"code": "400", "type": "ContentPolicyViolationError", "message": "triggered"},
    {"code": "BadRequest", "innererror": {"code": "content_filtered"}, "message": "triggered"},
    {"code": "data_inspection_failed", "message": "triggered"},
]


@pytest.mark.parametrize("error", FILTERED, ids=str)
def test_an_error_of_a_filter_is_a_refused_reply(engine_at: Any, error: Json) -> None:
    engine, _ = engine_at(refusing(error, 3))
    found = dict(engine.generate(REQUESTS[:5], SAMPLING))
    assert [n for n in range(5) if found[n].finish == "refused"] == [3] and found[3].text == ""


def test_an_error_that_only_speaks_of_a_filter_is_none() -> None:
    error = failure_of_status(400, '{"error": {"code": "bad_parameter", "message": "unknown field content_filter"}}')
    assert error.kind == "refused"


def test_a_choice_that_an_error_of_a_filter_stopped_is_refused(engine_at: Any) -> None:
    engine, _ = engine_at(refusing(FILTERED[0]))
    [(_, reply)] = engine.choose(REQUESTS[:1])
    assert (reply.finish, reply.values) == ("refused", ())


def test_a_row_that_a_filter_stopped_is_not_asked_for_again(engine_at: Any, tmp_path: Path) -> None:
    engine, proxy = engine_at(refusing(FILTERED[0], 3, 90))
    for _ in range(2):
        assert [n for n, reply in enumerate(through_memo(engine, tmp_path)) if reply.finish == "refused"] == [3, 90]
    assert len(proxy.bodies) == 120


# budgets


def test_no_request_is_sent_for_which_a_budget_has_no_room(engine_at: Any, tmp_path: Path) -> None:
    engine, proxy = engine_at(concurrency=32)
    with pytest.raises(Problem, match=r"the budget of 3000 tokens is spent \(3000\) and 30 rows are done"):
        through_memo(engine, tmp_path, 3000)
    assert len(proxy.bodies) == 30


def test_what_was_in_flight_when_the_budget_was_spent_is_kept(engine_at: Any, tmp_path: Path) -> None:
    def growing(path: str, body: Json, headers: Mapping[str, str]) -> tuple[int, Json]:
        status, reply = without_probabilities(path, body, headers)
        used = USAGE if "question 0." in str(body) else USAGE | {"completion_tokens": 910}
        return status, reply | {"usage": used}

    engine, proxy = engine_at(growing, concurrency=8)
    with pytest.raises(Problem, match=r"the budget of 1000 tokens is spent \(\d+\)"):
        through_memo(engine, tmp_path, 1000)
    sent = len(proxy.bodies)
    assert 1 < sent <= 9
    through_memo(engine, tmp_path)
    assert len(proxy.bodies) == 120


# waiting


def lines_of(time: Time, **known: Any) -> tuple[Retries, list[str]]:
    """Retries, and what they say."""
    lines = list[str]()
    return Retries(time.patience(say=lines.append), "http://here/v1", **known), lines


AWAY = Failure("away", "connection lost")


def test_the_first_wait_is_said_once() -> None:
    waiting, lines = lines_of(Time())
    for sent in (1, 2, 3):
        waiting.pause(AWAY, sent, 0)
    assert lines == ["http://here/v1: connection lost; trying again for up to 300 s"]


def test_an_answer_after_a_wait_is_said() -> None:
    time = Time()
    waiting, lines = lines_of(time)
    waiting.pause(AWAY, 1, 0)
    time.now = 12.0
    for _ in range(2):
        waiting.note_answer()
    assert lines[1:] == ["http://here/v1: answers after 12 s"]


def test_a_short_pause_of_a_server_that_has_answered_is_not_said() -> None:
    time = Time()
    waiting, lines = lines_of(time, answered=1)
    waiting.pause(AWAY, 1, 0)
    assert lines == []
    time.now = 11.0
    waiting.pause(AWAY, 2, 0)
    assert len(lines) == 1


def test_where_no_server_listens_a_line_says_so_before_the_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refuses
        endpoint = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        engine = OpenAI(write_pin(tmp_path / "m", endpoint), Speed(), Time().patience())
        with pytest.raises(Problem, match="no usable reply"):
            list(engine.generate(REQUESTS[:1], SAMPLING))
    line = f"openai: {endpoint}: connection lost (ClientConnectorError); trying again for up to 300 s\n"
    assert capsys.readouterr().err == line


def test_a_server_that_fails_at_first_is_said_to_answer_when_it_does(
    engine_at: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    engine, _ = engine_at(faults=dict.fromkeys(range(3), Fault(503)))
    list(engine.generate(REQUESTS[:1], SAMPLING))
    first, last = capsys.readouterr().err.splitlines()
    assert first.endswith("HTTP 503 out of order; trying again for up to 300 s") and "answers after" in last


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_a_line_stands_alone_above_the_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    with Progress("web", 4) as progress:
        progress.advance(1)
        retries.say("waiting")
    assert "\ropenai: waiting\n\r" in stream.getvalue()
