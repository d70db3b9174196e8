import pytest

from baleen.memo.replies import summary
from baleen.memo.totals import Totals

CLOSINGS = [
    (Totals(), "0 queried, 0 cached"),
    (Totals(rows=2065, cached=2065, unreadable=62), "0 queried, 2,065 cached, 3% unreadable"),
    (
        Totals(rows=2065, cached=65, prompt_tokens=100_000, completion_tokens=2000, cached_tokens=71_000),
        "2,000 queried, 65 cached, 0% unreadable, 102,000 tokens, prefix cache 71%",
    ),
]


@pytest.mark.parametrize(("totals", "words"), CLOSINGS)
def test_the_last_line_of_a_run_tells_what_was_queried(totals: Totals, words: str) -> None:
    assert summary(totals) == words
