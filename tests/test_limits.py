"""What a server says decides whether it is asked again, and pauses grow; no test here waits for a clock."""

from dataclasses import replace

import pytest
from faulty_proxy import Time

from baleen.engines.openai.retries import Setback, Tries, asked_to_wait, why


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
