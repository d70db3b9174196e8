import pytest

from baleen.memo.answers import summary
from baleen.memo.ask import Totals

CLOSINGS = [
    (Totals(), 0.2, "0 rows, 0 queried, 0 cached, 0 s"),
    (Totals(rows=2065, cached=2065, unreadable=62), 3, "2,065 rows, 0 queried, 2,065 cached, 3% unreadable, 3 s"),
    (
        Totals(rows=2065, cached=65, prompt_tokens=100_000, completion_tokens=2000, cached_tokens=71_000),
        41,
        "2,065 rows, 2,000 queried, 65 cached, 0% unreadable, 102,000 tokens, prefix cache 71%, 41 s",
    ),
]


@pytest.mark.parametrize(("totals", "seconds", "words"), CLOSINGS)
def test_the_last_line_of_a_run_tells_what_was_queried(totals: Totals, seconds: float, words: str) -> None:
    assert summary(totals, seconds) == words
