"""Limits are kept exactly, and pauses grow; no test here waits for a clock."""

import asyncio
from dataclasses import replace

import pytest
from faulty_proxy import Time

from baleen.limits import Pace, Rate, Setback, Tries, asked_to_wait, why
from baleen.openai_server import size


@pytest.mark.parametrize("amounts", [[1] * 200, [1, 7, 3, 5, 20, 2] * 30, [400, 1, 1] * 4])
def test_no_minute_holds_more_than_the_limit(amounts: list[int]) -> None:
    time = Time()
    rate, sent = Rate(20, time.clock), list[tuple[float, int]]()
    for amount in amounts:
        while delay := rate.delay(amount):
            time.now += delay
        rate.take(amount)
        sent.append((time.now, amount))
        time.now += 0.37
    for begin, _ in sent:
        minute = [amount for at, amount in sent if begin <= at < begin + 60]
        assert sum(minute) <= 20 or len(minute) == 1  # one that is larger than the limit goes alone


def test_a_limit_is_used_to_the_full() -> None:
    time = Time()
    rate = Rate(20, time.clock)
    for _ in range(100):
        while delay := rate.delay(1):
            time.now += delay
        rate.take(1)
    assert time.now == 240.0  # 20 at once in each of five minutes


def test_tokens_that_were_reserved_and_not_used_are_free_again() -> None:
    rate = Rate(100, lambda: 0.0)
    note = rate.take(90)
    assert rate.delay(50) == 60.0
    note[1] = 30.0
    assert rate.delay(50) == 0.0


@pytest.mark.parametrize("characters", range(6000, 6012))
def test_what_is_larger_than_the_limit_waits_until_all_before_it_is_a_minute_old(characters: int) -> None:
    rate = Rate(10_000, lambda: 0.0)
    amount = size({"messages": "x" * characters, "max_tokens": 8192})
    rate.take(amount)
    assert rate.delay(amount) == 60.0


def test_no_limit_never_waits() -> None:
    rate = Rate(0, lambda: 0.0)
    assert [rate.delay(10**9), *rate.take(5), len(rate.taken)] == [0.0, 0.0, 5.0, 0]


def test_requests_and_tokens_are_both_kept() -> None:
    time = Time()

    async def go() -> list[float]:
        pace = Pace(Rate(3, time.clock), Rate(100, time.clock), time.sleep)
        await asyncio.gather(*(pace.admitted(tokens) for tokens in (60, 30, 30, 1, 1)))
        return [note[0] for note in pace.requests.taken] + [time.now]

    assert asyncio.run(go()) == [60.0, 60.0, 60.0, 60.0]


@pytest.mark.parametrize(
    ("header", "seconds"),
    [(None, 0), ("", 0), ("7", 7), ("1.5", 1.5), ("-3", 0), ("soon", 0), ("Thu, 01 Jan 1970 00:02:00 GMT", 20)],
)
def test_retry_after_is_a_number_or_a_date(header: str | None, seconds: float) -> None:
    assert asked_to_wait(header, now=lambda: 100.0) == seconds


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        *((status, "row") for status in (400, 405, 413, 422, 501)),
        *((status, "end") for status in (401, 402, 403, 404)),
        *((status, "away") for status in (408, 502, 503, 504)),
        *((status, "busy") for status in (429, 529)),
        *((status, "flawed") for status in (500, 507)),
    ],
)
def test_statuses_mean(status: int, meaning: str) -> None:
    assert why(status) == meaning


def test_pauses_double_up_to_a_bound_and_are_spread() -> None:
    low, high = (Tries(replace(Time().patience(), chance=lambda c=c: c)) for c in (0.0, 1.0))  # type: ignore[misc]
    wanted = [0.5, 1, 2, 4, 8, 16, 30, 30]
    assert [low.pause(Setback("busy", "x"), n, 0) for n in range(1, 9)] == [w / 2 for w in wanted]
    assert [high.pause(Setback("busy", "x"), n, 0) for n in range(1, 9)] == [w * 1.5 for w in wanted]
