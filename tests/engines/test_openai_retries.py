"""The answer of a server decides whether a request is retried, with growing pauses; no test waits for a real clock."""

from dataclasses import replace

import pytest
from faulty_proxy import Time

from baleen.engines.openai.retries import Failure, Retries, kind_of_status, retry_after_seconds


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, 0),
        ("", 0),
        ("7", 7),
        ("1.5", 1.5),
        ("-3", 0),
        ("soon", 0),
        ("nan", 0),
        ("Thu, 01 Jan 1970 00:02:00 GMT", 20),
    ],
)
def test_retry_after_is_a_number_or_a_date(header: str | None, seconds: float) -> None:
    assert retry_after_seconds(header, now=lambda: 100.0) == seconds


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        *((status, "refused") for status in (400, 405, 413, 422, 501)),
        *((status, "fatal") for status in (401, 402, 403, 404)),
        *((status, "away") for status in (408, 502, 503, 504)),
        *((status, "busy") for status in (429, 529)),
        *((status, "flawed") for status in (500, 507)),
    ],
)
def test_statuses_mean(status: int, meaning: str) -> None:
    assert kind_of_status(status) == meaning


def test_pauses_double_up_to_a_bound_and_are_spread() -> None:
    low, high = (Retries(replace(Time().patience(), chance=lambda c=c: c)) for c in (0.0, 1.0))  # type: ignore[misc]
    wanted = [0.5, 1, 2, 4, 8, 16, 30, 30]
    assert [low.pause(Failure("busy", "x"), n, 0) for n in range(1, 9)] == [w / 2 for w in wanted]
    assert [high.pause(Failure("busy", "x"), n, 0) for n in range(1, 9)] == [w * 1.5 for w in wanted]
