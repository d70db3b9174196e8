"""The openai engine against a server that misbehaves, which never costs a reply."""

import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from faulty_proxy import REQUESTS, SAMPLING, WANTED, Answer, Fault, Json, Proxy, Time, reply_texts, serving, write_pin

from baleen.engines.openai.client import SEEDS, OpenAI
from baleen.engines.openai.messages import choice_probabilities
from baleen.engines.protocol import TOO_LONG, Reply, Request, Sampling
from baleen.errors import Problem
from baleen.memo import throughput
from baleen.memo.ask import AskOptions, EngineQuery, ask
from baleen.memo.keys import from_record, to_record
from baleen.memo.store import Memo
from baleen.project.settings import Speed
from baleen.tables import rows

pytestmark = pytest.mark.skipif(
    find_spec("aiohttp") is None, reason="the package aiohttp is not installed (extra openai)"
)

KEY = "sk-a-key-that-nobody-may-see"
CHOICES = (" 1", " 2", " 3")


def stub(owner: str = "stub") -> Answer:
    """A server whose reply repeats the question."""

    def answer(path: str, body: Json, headers: Mapping[str, str]) -> tuple[int, Json]:
        if path.endswith("/models"):
            return 200, {"data": [{"id": "small", "owned_by": owner}]}
        said = body["messages"][-1]["content"]
        usage = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
        message = {"role": "assistant", "content": f"re: {said}"}
        return 200, {"choices": [{"message": message, "finish_reason": "stop"}], "usage": usage}

    return answer


def answers_with(choice: Json, owner: str = "vllm") -> Answer:
    """A server that always gives the same choice."""
    ordinary = stub(owner)
    return lambda path, body, headers: (200, {"choices": [choice]}) if body else ordinary(path, body, headers)


@pytest.fixture
def engine_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., tuple[OpenAI, Proxy, Time]]]:
    """Makes an engine, the server it asks, and its clock."""
    monkeypatch.setenv("BALEEN_MEMO", str(tmp_path / "memo"))
    with ExitStack() as stack:

        def make(
            answer: Answer | None = None, time: Time | None = None, patience: Json | None = None, **more: Any
        ) -> tuple[OpenAI, Proxy, Time]:
            speed = {"concurrency": 4} | {k: more.pop(k) for k in list(more) if k in vars(Speed())}
            proxy, time = stack.enter_context(serving(Proxy(answer or stub(), **more))), time or Time()
            engine = OpenAI(write_pin(tmp_path / "m", proxy.endpoint), Speed(**speed), time.patience(**patience or {}))
            return engine, proxy, time

        yield make


# faults


FAULTS = [Fault(429), Fault(429, retry_after="7"), Fault(500), Fault(502), Fault(503), Fault(504)]
BROKEN = [Fault("reset"), Fault("truncated"), Fault("malformed")]


@pytest.mark.parametrize("fault", FAULTS + BROKEN, ids=lambda fault: f"{fault.kind}{fault.retry_after}")
def test_a_request_that_fails_is_asked_again(engine_at: Any, fault: Fault) -> None:
    engine, proxy, _ = engine_at(faults={0: fault, 5: fault, 6: fault})
    assert reply_texts(engine) == WANTED
    assert (engine.repeated, len(proxy.bodies)) == (3, 15)


@pytest.mark.parametrize("kind", ["silent", "drip"])
def test_a_server_that_says_nothing_or_a_little_at_a_time_is_asked_again(engine_at: Any, kind: str) -> None:
    engine, _, _ = engine_at(faults={2: Fault(kind)}, patience={"timeout": 0.5})
    assert reply_texts(engine) == WANTED
    assert engine.repeated == 1


def test_what_the_server_asks_to_wait_is_waited(engine_at: Any) -> None:
    engine, _, time = engine_at(faults={3: Fault(429, retry_after="7")})
    assert reply_texts(engine) == WANTED
    assert time.slept == [7.5]  # and half the spread


def test_a_row_that_keeps_failing_is_a_problem_after_all_others_are_answered(engine_at: Any) -> None:
    engine, proxy, _ = engine_at(always=lambda body: Fault(500) if "question 4" in str(body) else None)
    replies = engine.generate(REQUESTS, SAMPLING)
    found = [next(replies) for _ in range(11)]
    assert 4 not in {index for index, _ in found}
    with pytest.raises(Problem, match="1 of 12 requests to small .* failed: 1 x HTTP 500 out of order; the other rep"):
        next(replies)
    assert sum("question 4" in str(body) for body in proxy.bodies) == 8


def test_a_request_that_is_refused_is_not_asked_again(engine_at: Any) -> None:
    engine, proxy, time = engine_at(
        always=lambda body: Fault(400, message="too warm") if "question 4" in str(body) else None
    )
    with pytest.raises(Problem, match="1 x HTTP 400 too warm"):
        reply_texts(engine)
    assert (len(proxy.bodies), time.slept) == (12, [])


SAID_LONG = [
    {"code": "context_length_exceeded", "message": "the messages resulted in 130000 tokens"},
    {"code": 400, "message": "This model's maximum context length is 512 tokens. However, you requested 600"},
    {"code": 400, "message": "the request exceeds the available context size, try increasing it"},
    {"message": "The decoder prompt (length 600) is longer than the maximum model length of 512."},
]


@pytest.mark.parametrize("told", SAID_LONG, ids=lambda told: told["message"])
def test_a_request_that_is_longer_than_the_model_reads_is_a_row_without_a_reply(engine_at: Any, told: Json) -> None:
    def short(path: str, body: Json, headers: Mapping[str, str]) -> tuple[int, Json]:
        return (400, {"error": told}) if "question 4" in str(body) else stub()(path, body, headers)

    engine, proxy, time = engine_at(short)
    found = dict(engine.generate(REQUESTS, SAMPLING))
    assert [n for n in range(12) if found[n] == TOO_LONG] == [4] and found[5].text == WANTED[5]
    assert found[4].passing  # another server of this model may read it
    assert (len(proxy.bodies), time.slept) == (12, [])


@pytest.mark.parametrize(("status", "message"), [(401, "who are you"), (403, "not yours"), (404, "no such model")])
def test_what_every_request_would_be_told_ends_the_run_at_once(engine_at: Any, status: int, message: str) -> None:
    engine, proxy, _ = engine_at(always=lambda body: Fault(status, message=message))
    with pytest.raises(Problem, match=f"HTTP {status} {message}; 12 of 12 requests have no reply"):
        reply_texts(engine)
    assert len(proxy.bodies) <= 4


def test_an_exhausted_account_ends_the_run(engine_at: Any) -> None:
    def broke(path: str, body: Json, headers: Mapping[str, str]) -> tuple[int, Json]:
        told = {"error": {"message": "no credit", "code": "insufficient_quota"}}
        return (429, told) if body else stub()(path, body, headers)

    engine, _, time = engine_at(broke)
    with pytest.raises(Problem, match="no credit"):
        reply_texts(engine)
    assert time.slept == []


def test_a_server_that_asks_for_hours_of_rest_is_given_up(engine_at: Any) -> None:
    engine, _, _ = engine_at(always=lambda body: Fault(429, retry_after="86400"))
    with pytest.raises(Problem, match="the server wants 86400 s of rest"):
        reply_texts(engine)


def test_a_server_that_comes_back_is_asked_on(tmp_path: Path) -> None:
    back = Proxy(stub())
    with ExitStack() as stack:
        time = Time(meanwhile=lambda times: stack.enter_context(serving(back)) and None if times == 20 else None)
        with serving(Proxy(stub())) as down:
            back.port = down.port
            engine = OpenAI(write_pin(tmp_path / "m", down.endpoint), Speed(concurrency=4), time.patience())
            replies = engine.generate(REQUESTS, SAMPLING)
            found = dict(next(replies) for _ in range(3))
        found |= dict(replies)
    assert [found[n].text for n in range(12)] == WANTED
    assert engine.repeated >= 16 and back.bodies


def test_a_server_that_stays_away_is_given_up_when_patience_ends(engine_at: Any) -> None:
    engine, _, time = engine_at(always=lambda body: Fault(503))
    with pytest.raises(Problem, match=r"no usable reply for \d+ s .HTTP 503 out of order.; 12 of 12"):
        reply_texts(engine)
    assert 200 < time.now <= 4 * 300  # four wait at a time, and a sleep moves the clock for all


def test_a_server_that_was_never_there_is_a_problem(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refuses
        endpoint = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        engine = OpenAI(write_pin(tmp_path / "m", endpoint), Speed(), Time().patience())
        with pytest.raises(Problem, match="no usable reply for .* start the server"):
            reply_texts(engine)


# what is sent and read


def test_no_more_requests_are_in_flight_than_allowed(engine_at: Any) -> None:
    engine, proxy, _ = engine_at()
    assert reply_texts(engine) == WANTED
    assert proxy.most <= 4


def test_requests_a_minute_are_kept_by_repeated_requests_too(engine_at: Any) -> None:
    engine, _, time = engine_at(requests_per_minute=5, faults={1: Fault(500)})
    assert reply_texts(engine) == WANTED
    assert 120 <= time.now < 125  # one for the models, 12 and 1 again, in three minutes


def test_tokens_a_minute_are_kept_and_corrected_by_what_was_used(engine_at: Any) -> None:
    engine, _, time = engine_at(tokens_per_minute=70, concurrency=1)
    assert reply_texts(engine) == WANTED  # 12 x 7 tokens; about 20 are reserved for each
    assert time.now == pytest.approx(60.0)


def test_requests_larger_than_the_tokens_of_a_minute_go_one_a_minute(engine_at: Any) -> None:
    ordinary = stub()

    def uncounted(path: str, body: Json, headers: Mapping[str, str]) -> tuple[int, Json]:
        status, told = ordinary(path, body, headers)
        return status, told | {"usage": None}

    engine, _, time = engine_at(uncounted, tokens_per_minute=10_000)
    long = [Request((("user", "x" * (6000 + n)),)) for n in range(9)]
    assert len(reply_texts(engine, long, replace(SAMPLING, max_tokens=8192))) == 9
    assert time.now == pytest.approx(8 * 60.0)


def test_a_run_that_begins_within_the_minute_of_another_keeps_the_limit_with_it(engine_at: Any, tmp_path: Path) -> None:
    engine, proxy, time = engine_at(requests_per_minute=13)
    assert reply_texts(engine) == WANTED and time.now == 0  # one for the models, and 12
    again = OpenAI(write_pin(tmp_path / "m", proxy.endpoint), engine.speed, time.patience())
    assert reply_texts(again) == WANTED and 60 <= time.now < 61


def test_nothing_but_what_was_asked_is_sent_to_an_unknown_server(engine_at: Any) -> None:
    engine, proxy, _ = engine_at()
    reply_texts(engine, REQUESTS[3:4])
    said = {"messages": [{"role": "user", "content": "question 3"}], "seed": (3 << 40) % SEEDS}
    assert proxy.bodies == [said | {"model": "small", "temperature": 0.5, "top_p": 0.9, "max_tokens": 9}]


def test_defaults_of_the_model_are_switched_off_at_a_vllm_server(engine_at: Any) -> None:
    engine, proxy, _ = engine_at(stub("vllm"))
    reply_texts(engine, [replace(REQUESTS[0], prefill="Well,")], replace(SAMPLING, top_k=4))
    sent = proxy.bodies[0]
    assert (sent["top_k"], sent["repetition_penalty"], sent["min_p"]) == (4, 1.0, 0.0)
    assert sent["messages"][-1] == {"role": "assistant", "content": "Well,"}
    assert (sent["continue_final_message"], sent["add_generation_prompt"]) == (True, False)


def test_the_shape_of_a_reply_is_told_to_vllm(engine_at: Any) -> None:
    engine, proxy, _ = engine_at(stub("vllm"))
    reply_texts(engine, REQUESTS[:1], replace(SAMPLING, shape="a+"))
    assert proxy.bodies[0]["structured_outputs"] == {"regex": "a+"}


def test_the_texts_that_end_a_reply_are_told_to_any_server(engine_at: Any) -> None:
    engine, proxy, _ = engine_at()
    reply_texts(engine, REQUESTS[:1], replace(SAMPLING, stop=("Text:", "\n\n\n")))
    assert proxy.bodies[0]["stop"] == ["Text:", "\n\n\n"]


@pytest.mark.parametrize(
    ("requests", "sampling", "told"),
    [
        (REQUESTS, replace(SAMPLING, shape="a+"), "structured: true needs a vLLM server"),
        ([replace(REQUESTS[0], prefill="Well,")], SAMPLING, "needs a vLLM server, and http://127"),
        (REQUESTS, replace(SAMPLING, top_k=5), "top_k and repetition_penalty needs a vLLM server"),
        (REQUESTS, replace(SAMPLING, repetition_penalty=1.1), "top_k and repetition_penalty"),
        (REQUESTS, replace(SAMPLING, stop=tuple("abcde")), "more than 4 texts in stop needs a vLLM server"),
        ([Request((), prefill="Once")], SAMPLING, "this prompt has none"),
    ],
)
def test_what_only_vllm_can_do_is_a_problem_elsewhere(
    engine_at: Any, requests: Any, sampling: Sampling, told: str
) -> None:
    engine, _, _ = engine_at()
    with pytest.raises(Problem, match=told):
        reply_texts(engine, requests, sampling)
    with pytest.raises(Problem, match="loss needs a vLLM server"):
        list(engine.loss(REQUESTS))


def test_a_model_that_vllm_does_not_serve_is_a_problem(engine_at: Any, tmp_path: Path) -> None:
    _, proxy, time = engine_at(stub("vllm"))
    engine = OpenAI(write_pin(tmp_path / "other", proxy.endpoint, "large"), Speed(), time.patience())
    with pytest.raises(Problem, match="serves small, not large"):
        reply_texts(engine)


def answers_models_with(owner: str, *before: tuple[int, Any]) -> Answer:
    """A server that answers GET /models with these answers in order, and after them with the list."""
    ordinary, first = stub(owner), iter(before)
    return lambda path, body, headers: ordinary(path, body, headers) if body else next(first, ordinary(path, {}, {}))


@pytest.mark.parametrize("status", [429, 500, 502, 529])
def test_a_server_that_fails_to_list_its_models_is_asked_again_which_it_is(engine_at: Any, status: int) -> None:
    engine, proxy, _ = engine_at(answers_models_with("vllm", (status, {"error": {"message": "later"}})))
    assert reply_texts(engine, REQUESTS[:1], replace(SAMPLING, top_k=4)) == WANTED[:1]
    assert (engine.repeated, proxy.bodies[0]["top_k"]) == (1, 4)


def test_a_server_that_breaks_over_the_list_of_models_each_time_is_another(engine_at: Any) -> None:
    engine, proxy, time = engine_at(answers_models_with("none", *[(500, {"error": {"message": "broken"}})] * 8))
    assert reply_texts(engine) == WANTED and "top_k" not in proxy.bodies[0]
    assert engine.repeated == 2 and sum(time.slept) < 3


def test_a_server_that_is_too_busy_for_the_list_of_models_is_a_problem_and_no_request_is_sent(engine_at: Any) -> None:
    engine, proxy, _ = engine_at(answers_models_with("vllm", *[(429, {"error": {"message": "later"}})] * 200))
    with pytest.raises(Problem, match=r"no usable reply for .*later.*; start the server"):
        reply_texts(engine)
    assert proxy.bodies == [] and engine.vllm is None  # nothing was concluded from it


NONE = {"error": {"message": "no such path"}}
NO_LISTS = [(401, NONE), (404, NONE), (405, NONE), (501, NONE), (200, [{"id": "small"}]), (200, {"data": {"x": 1}})]


@pytest.mark.parametrize("told", NO_LISTS, ids=str)
def test_a_server_without_a_list_of_models_as_vllm_has_it_is_another(engine_at: Any, told: tuple[int, Any]) -> None:
    engine, proxy, time = engine_at(answers_models_with("vllm", told))
    assert reply_texts(engine) == WANTED
    assert time.slept == [] and "top_k" not in proxy.bodies[0]


@pytest.mark.parametrize(
    ("choice", "wanted"),
    [
        ({"message": {"content": "yes"}, "finish_reason": "stop"}, ("yes", "stop")),
        ({"message": {"content": "ye"}, "finish_reason": "length"}, ("ye", "length")),
        ({"message": {"content": None}, "finish_reason": "stop"}, ("", "stop")),
        ({"message": {"content": "how to b"}, "finish_reason": "content_filter"}, ("", "refused")),
    ],
)
def test_a_reply_finishes(engine_at: Any, choice: Json, wanted: tuple[str, str]) -> None:
    engine, _, _ = engine_at(answers_with(choice))
    [(_, reply)] = engine.generate(REQUESTS[:1], SAMPLING)
    assert (reply.text, reply.finish) == wanted


THOUGHTS = [  # message, text, reasoning
    ({"content": "yes", "reasoning_content": "hm"}, "yes", "hm"),
    ({"content": "yes", "reasoning": "hm"}, "yes", "hm"),
    ({"content": "yes", "reasoning_content": None, "reasoning": "hm"}, "yes", "hm"),
    ({"content": None, "reasoning_content": "hm"}, "", "hm"),
    ({"content": "", "reasoning": "hm"}, "", "hm"),
    ({"content": "yes", "reasoning_details": [{"type": "reasoning.text", "text": "hm"}]}, "yes", "hm"),
    ({"content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "yes"}]}, "yes", "hm"),
    ({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]}, "", "hm"),
    ({"content": [{"type": "text", "text": "ye"}, {"type": "text", "text": "s"}]}, "yes", ""),
    ({"content": "<think>hm</think>yes"}, "<think>hm</think>yes", ""),
]


@pytest.mark.parametrize(("message", "text", "reasoning"), THOUGHTS, ids=str)
def test_reasoning_that_a_server_gives_apart_is_kept_apart(
    engine_at: Any, message: Json, text: str, reasoning: str
) -> None:
    engine, _, _ = engine_at(answers_with({"message": message, "finish_reason": "stop"}))
    [(_, reply)] = engine.generate(REQUESTS[:1], SAMPLING)
    assert (reply.text, reply.reasoning) == (text, reasoning)
    assert from_record(to_record(reply, 9)) == reply


def test_arguments_of_the_chat_template_are_sent_when_there_are_any(engine_at: Any) -> None:
    engine, proxy, _ = engine_at(stub())
    list(engine.generate([REQUESTS[0], replace(REQUESTS[0], template='{"enable_thinking":false}')], SAMPLING))
    sent = [body.get("chat_template_kwargs") for body in proxy.bodies]
    assert sorted(sent, key=str) == [None, {"enable_thinking": False}]


PARTS = [{"type": "image", "image": "yes"}]
MESSAGES = [None, "yes", [], {"content": PARTS}, {"content": {"text": "yes"}}, {"content": 3}, {"content": False}]
ODD = [{}, {"message": {"content": "x"}, "finish_reason": "abort"}, {"message": 3}, {"finish_reason": "stop"}]


@pytest.mark.parametrize("choice", ODD + [{"message": m, "finish_reason": "stop"} for m in MESSAGES], ids=str)
def test_a_reply_of_another_shape_is_an_error_and_never_a_row(engine_at: Any, choice: Json) -> None:
    engine, proxy, _ = engine_at(answers_with(choice))
    with pytest.raises(Problem, match="1 of 1 requests"):
        reply_texts(engine, REQUESTS[:1])
    assert len(proxy.bodies) == 8


USED = [{"prompt_tokens": "many"}, {"total_tokens": "many"}, {"total_tokens": -5}, {"total_tokens": float("nan")}]


def answers_with_usage(usage: Any) -> Answer:
    """A server that reports this token usage."""
    return lambda path, body, headers: (200, stub()(path, body, headers)[1] | {"usage": usage})


@pytest.mark.parametrize("usage", [None, 3, [7], "7", *USED], ids=str)
def test_where_the_server_counts_nothing_the_counts_are_estimates(engine_at: Any, usage: Any) -> None:
    engine, _, _ = engine_at(answers_with_usage(usage))
    [(_, reply)] = engine.generate(REQUESTS[:1], SAMPLING)
    assert reply == Reply(WANTED[0], prompt_tokens=15, completion_tokens=6, estimated=True)  # 43 and 16 characters


DETAILS = [{"cached_tokens": 4}, {"cached_tokens": None}, {"cached_tokens": "4"}, {}, None, 4]


@pytest.mark.parametrize(("details", "wanted"), zip(DETAILS, [4, 0, 0, 0, 0, 0], strict=True), ids=str)
def test_tokens_from_a_prefix_cache_are_told_where_the_server_tells_them(
    engine_at: Any, details: Any, wanted: int
) -> None:
    engine, _, _ = engine_at(
        answers_with_usage({"prompt_tokens": 5, "completion_tokens": 2, "prompt_tokens_details": details})
    )
    [(_, reply)] = engine.generate(REQUESTS[:1], SAMPLING)
    assert (reply.prompt_tokens, reply.cached_tokens) == (5, wanted)


def test_an_estimate_is_never_above_the_limit(engine_at: Any) -> None:
    engine, _, _ = engine_at(answers_with_usage({"prompt_tokens": 5}))
    [(_, reply)] = engine.generate(REQUESTS[:1], replace(SAMPLING, max_tokens=4))
    assert (reply.prompt_tokens, reply.completion_tokens, reply.estimated) == (5, 4, True)


def test_choices_weighed_by_a_server_that_counts_nothing_have_estimates_too(engine_at: Any) -> None:
    engine, _, _ = engine_at(
        answers_with({"finish_reason": "length", "logprobs": {"content": [{"top_logprobs": []}]}}, "stub")
    )
    [(_, reply)] = engine.choose([replace(REQUESTS[0], choices=CHOICES)])
    assert reply == Reply("", "stop", 15, 1, (0.0, 0.0, 0.0), estimated=True)


def test_a_budget_is_kept_and_a_rate_measured_where_the_server_counts_nothing(engine_at: Any, tmp_path: Path) -> None:
    engine, proxy, _ = engine_at(answers_with_usage(None))
    with pytest.raises(Problem, match=r"the budget of 30 tokens is spent \(42\) and 2 rows are done"):
        replies_through_memo(tmp_path, engine, window=4, budget=30)
    assert len(proxy.bodies) == 2
    [rate] = throughput.rates(Memo(tmp_path / "memo")).values()
    assert rate.tokens_per_second


def test_a_reply_whose_tokens_nobody_counted_is_asked_for_again_under_another_limit(
    engine_at: Any, tmp_path: Path
) -> None:
    engine, proxy, _ = engine_at(answers_with_usage(None))
    for limit in (9, 9, 50):
        assert replies_through_memo(tmp_path, engine, replace(SAMPLING, max_tokens=limit)) == WANTED
    assert len(proxy.bodies) == 24


def test_half_a_surrogate_pair_in_a_reply_is_kept_as_what_every_file_can_hold(engine_at: Any, tmp_path: Path) -> None:
    choice = {"message": {"content": "\ud83d a \ud83d\ude00 b \ude00"}, "finish_reason": "stop"}
    engine, _, _ = engine_at(answers_with(choice))
    for _ in range(2):  # paid for, and from the memo
        assert set(replies_through_memo(tmp_path, engine)) == {"\ufffd a \U0001f600 b \ufffd"}
    rows.write(
        str(tmp_path / "out.parquet"),
        [{"id": "1", "origin": "web", "response": replies_through_memo(tmp_path, engine)[0]}],
    )


@pytest.mark.parametrize(
    ("top", "wanted"),
    [
        ({" 1": -1.0, " 3": -2.0, "1": -3.0}, (0.3678794, 0.0, 0.1353353)),
        ({"1": -1.0, "2": -2.0}, (0.0, 0.0, 0.0)),
    ],
)
def test_choices_are_weighed_and_one_that_is_not_among_the_likeliest_has_none(top: Json, wanted: Any) -> None:
    listed = [{"token": token, "logprob": logprob} for token, logprob in top.items()]
    choice = {"finish_reason": "length", "logprobs": {"content": [{"top_logprobs": listed}]}}
    assert choice_probabilities({"choices": [choice]}, CHOICES).values == pytest.approx(wanted)


@pytest.mark.parametrize("told", [{}, {"logprobs": None}, {"logprobs": {"content": []}}], ids=str)
def test_choices_that_a_filter_stopped_are_refused(engine_at: Any, told: Json) -> None:
    engine, _, _ = engine_at(
        answers_with({"message": {"content": ""}, "finish_reason": "content_filter"} | told, "stub")
    )
    [(_, reply)] = engine.choose([replace(REQUESTS[0], choices=CHOICES)])
    assert (reply.finish, reply.values) == ("refused", ())


def test_a_reader_that_stops_early_takes_its_requests_back(engine_at: Any) -> None:
    engine, proxy, _ = engine_at(faults={2: Fault("silent")})
    replies = engine.generate(REQUESTS, SAMPLING)
    next(replies)
    replies.close()
    assert len(proxy.bodies) < 12


ASKING = """
import signal
from faulty_proxy import REQUESTS, reply_texts
from baleen.engines.openai.client import OpenAI
from baleen.project.command_line import run
from baleen.project.settings import Speed
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs are deaf to it
run(lambda argv: print(reply_texts(OpenAI(argv[0], Speed(concurrency=4)))))
"""


@pytest.mark.slow
def test_ctrl_c_stops_a_run_that_waits_for_replies_in_one_line(tmp_path: Path) -> None:
    path = os.pathsep.join([*map(str, (Path(__file__).parents[2], Path(__file__).parents[1] / "helpers")), *sys.path])
    with serving(Proxy(stub(), always=lambda body: Fault("silent") if "question 4" in str(body) else None)) as proxy:
        words = [sys.executable, "-c", ASKING, write_pin(tmp_path / "m", proxy.endpoint)]
        told = {**os.environ, "PYTHONPATH": path}
        with subprocess.Popen(words, cwd=tmp_path, env=told, stderr=subprocess.PIPE, text=True) as asking:
            while len(proxy.bodies) < len(REQUESTS):
                assert asking.poll() is None
                time.sleep(0.05)
            asking.send_signal(signal.SIGINT)
            _, said = asking.communicate(timeout=600)
    assert said == "baleen: interrupted; nothing was changed, the same command goes on\n"
    assert asking.returncode == 130


# keys, addresses and the memo


def test_the_key_is_sent_and_stands_nowhere_else(
    engine_at: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capfd: Any
) -> None:
    monkeypatch.setenv("BALEEN_API_KEY", KEY)
    caplog.set_level(logging.DEBUG)
    told = Fault(400, message=f"your key {KEY} is fine, your question is not")
    engine, proxy, _ = engine_at(always=lambda body: told if "question 4" in str(body) else None)
    with pytest.raises(Problem) as problem:
        replies_through_memo(tmp_path, engine)
    assert {headers["authorization"] for headers in proxy.headers} == {f"Bearer {KEY}"}
    files = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    shown = "".join(map(str, [problem.value, caplog.text, *capfd.readouterr(), engine.identity, vars(engine)]))
    assert KEY.encode() not in files and KEY not in shown and "<key>" in str(problem.value)


def test_the_other_name_of_the_key_is_read_too(engine_at: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BALEEN_API_KEY", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    engine, proxy, _ = engine_at()
    reply_texts(engine, REQUESTS[:1])
    assert proxy.headers[0]["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("endpoint", ["http://me:hunter2@host/v1", "https://host/v1?key=hunter2", "host:8000/hunter2"])
def test_an_address_with_a_secret_in_it_is_refused_without_repeating_it(tmp_path: Path, endpoint: str) -> None:
    with pytest.raises(Problem, match="BALEEN_API_KEY") as problem:
        OpenAI(write_pin(tmp_path / "m", endpoint), Speed())
    assert "hunter2" not in str(problem.value)


def test_the_identity_is_the_endpoint_and_the_model(engine_at: Any) -> None:
    engine, proxy, _ = engine_at()
    assert engine.identity == f"http://127.0.0.1:{proxy.port}/v1#small"


def test_the_same_weights_at_another_address_are_not_paid_for_again(tmp_path: Path) -> None:
    with serving(Proxy(stub())) as one, serving(Proxy(stub())) as other:
        for proxy in (one, other):
            folder = write_pin(tmp_path / "m", proxy.endpoint)
            with Path(folder, "pin.yaml").open("a") as pin:
                pin.write(f"weights: a/b@{'0' * 40}\n")
            assert replies_through_memo(tmp_path, OpenAI(folder, Speed())) == WANTED
    assert (len(one.bodies), len(other.bodies)) == (12, 0)


def replies_through_memo(root: Path, engine: OpenAI, sampling: Sampling = SAMPLING, **how: int) -> list[str]:
    """Replies through the memo."""
    query = EngineQuery(engine.kind, engine.identity, lambda: engine, "generate", sampling)
    return [reply.text for _, reply, _, _ in ask(Memo(root / "memo"), query, REQUESTS, AskOptions(**how))]


def test_what_was_paid_before_a_failure_is_not_paid_again(engine_at: Any, tmp_path: Path) -> None:
    broken = [True]
    engine, proxy, _ = engine_at(always=lambda body: Fault(500) if broken and "question 4" in str(body) else None)
    with pytest.raises(Problem, match="1 of 12"):
        replies_through_memo(tmp_path, engine)
    broken.clear()
    before = len(proxy.bodies)
    assert replies_through_memo(tmp_path, engine) == WANTED
    assert len(proxy.bodies) == before + 1
